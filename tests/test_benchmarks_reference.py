"""The library in memory that benchmarks read passages with answers as one on disk does."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # last: an installed wheel comes before it

from benchmarks.reference_library import ReferenceLibrary
from index.ingesting import index_sources
from index.parsing import parse_file
from index.schema import Document
from index.store import open_library
from rag.answering import Answerer

TEXTS = {
    "港口.txt": "海屏港去年的货物吞吐量是三亿吨。港口有三千名工人。",
    "茶园.txt": "青岭茶园今年采茶两百吨。茶园的负责人是陆明远。",
}


def test_it_answers_what_a_library_on_disk_answers(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = [d for name in TEXTS for d in parse_file(tmp_path / name, name)]
    memory: Any = ReferenceLibrary([d for d in made if isinstance(d, Document)])
    index_sources(tmp_path / "library", [tmp_path / name for name in TEXTS])
    with open_library(tmp_path / "library") as library:
        for question in ("海屏港有多少工人？", "青岭茶园的负责人是谁？", "茶园去年亏了多少钱？"):
            one, other = (
                Answerer(where).answer(question, as_of=date(2026, 1, 1))
                for where in (library, memory)
            )
            assert one.status == other.status
            assert [s.text for s in one.statements] == [s.text for s in other.statements]
