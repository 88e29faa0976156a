"""Questions that a library offers are made from it, and answered from where they were made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import Library, open_library
from rag.answering import Answerer
from rag.suggesting import suggest

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)

FILES: dict[str, str | bytes] = {
    "harbour.md": (
        "# 青屿港年报\n\n2024年，青屿港完成货物吞吐量1.86亿吨。\n\n"
        "其中集装箱占比为三成。\n\n| 岗位 | 在岗人数 |\n|---|---|\n| 岸桥司机 | 310 |\n"
    ),
    "library.md": "# 云岭县图书馆\n\n云岭县图书馆新馆藏书总数为46万册。\n",
    "grid.md": (
        "# Grid storage\n\nThe average price of stationary battery cells was 61 dollars.\n\n"
        "It was 80 dollars before.\n"
    ),
}


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files(FILES)
    with open_library(path) as opened:
        yield opened


def test_questions_are_made_from_sentences_with_a_figure(library: Library) -> None:
    assert sorted(suggest(library, 2)) == [
        "2024年青屿港的货物吞吐量是多少？",
        "云岭县图书馆新馆藏书总数是多少？",
    ]


def test_questions_are_made_in_english(library: Library) -> None:
    asked = suggest(library, 3, "en")
    assert asked == ["What was the average price of stationary battery cells?"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_question_is_answered_by_the_reader(library: Library, language: str) -> None:
    asked = suggest(library, 5, language)
    assert asked
    for question in asked:
        answer = Answerer(library).answer(question, as_of=DAY)
        assert answer.status == "answered"


def test_the_same_library_gives_the_same_questions_and_keeps_them_outside(
    library: Library, wenju_home: Path
) -> None:
    before = sorted(p.name for p in library.path.rglob("*"))
    first = suggest(library, 3)
    kept = list((wenju_home / "cache" / "suggestions").glob("*.json"))
    assert kept
    for file in kept:
        file.unlink()
    assert suggest(library, 3) == first
    started = time.perf_counter()
    assert suggest(library, 3) == first
    assert time.perf_counter() - started < 0.1
    assert sorted(p.name for p in library.path.rglob("*")) == before


def test_a_damaged_keepsake_is_made_again(library: Library, wenju_home: Path) -> None:
    first = suggest(library, 3)
    for file in (wenju_home / "cache" / "suggestions").glob("*.json"):
        file.write_text("{half")
    assert suggest(library, 3) == first


def test_a_library_without_figures_offers_nothing(index_files: Index) -> None:
    path, _ = index_files({"a.md": "港口的故事没有写完，我们也不知道结局。\n"})
    with open_library(path) as opened:
        assert suggest(opened, 3) == []


def test_a_greeting_offers_questions_of_this_library(library: Library) -> None:
    answer = Answerer(library).answer("你好", as_of=DAY)
    assert answer.abstention is not None
    assert "云岭县图书馆新馆藏书总数是多少？" in answer.abstention.reason
    english = Answerer(library).answer("Hello!", as_of=DAY).abstention
    assert english is not None
    assert "stationary battery cells" in english.reason
