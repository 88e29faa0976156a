"""Chinese names in Latin letters, in questions in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.normalising import normalise
from rag.retrieval import retrieve
from rag.settings import RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DIGS = {
    "dig.md": "# 考古新发现\n\n云坪遗址总面积约38万平方米。\n\n石谷遗址总面积约12万平方米。\n\n"
    "两处遗址都在第一批名单里，规模又扩大了，投资提案已经通过。\n"
}


def forms(library_path: Path, question: str, term: str) -> list[str]:
    with open_library(library_path) as library:
        asked = normalise(question, date(2026, 1, 31))
        found = retrieve(library, asked, RetrievalSettings())
    concept = next(c for c in found.concepts if c.term == term)
    return [a.term for a in concept.alternatives if a.origin == "sound"]


@pytest.mark.parametrize(
    ("question", "term", "expected"),
    [
        ("How big is the Yunping site?", "yunping", ["云坪"]),
        ("How big is the Shigu site?", "shigu", ["石谷"]),
        ("how big is the yunping site?", "yunping", []),  # no capital: no name
        ("How big is the Kalukuru site?", "kalukuru", []),
        ("How big is the Yunling site?", "yunling", []),  # none that sounds so
        ("What is the Diyi site?", "diyi", []),  # 第一 is no name
        ("How much did Dale find?", "dale", []),  # 扩大了 ends in it
        ("What did Tian find there?", "tian", []),  # one syllable: 田, not 提案
        ("Where is " + "Anananananananananananan" + "?", "anananananananananananan", []),
    ],
)
def test_a_name_is_found_by_its_sound(
    index_files: Index, question: str, term: str, expected: list[str]
) -> None:
    path, _ = index_files(DIGS)
    assert forms(path, question, term) == expected


def test_the_right_one_of_two_is_told(index_files: Index) -> None:
    path, _ = index_files(DIGS)
    with open_library(path) as library:
        for name, size in (("Yunping", "38万"), ("Shigu", "12万")):
            answer = Answerer(library).answer(
                f"What is the total area of the {name} site?", as_of=date(2026, 1, 31)
            )
            assert answer.status == "answered"
            assert size in answer.statements[0].text
