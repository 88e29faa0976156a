"""The same sentence in several documents is said once; a sentence with another number is not it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from index.ingesting import IndexReport
from index.store import open_library
from rag.context import context_of
from rag.duplicates import SAME, SHORTEST, first_alike, same_as
from rag.normalising import normalise
from rag.ranking import order, score
from rag.retrieval import retrieve
from rag.settings import RetrievalSettings

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
FILES = {
    "a.txt": "青岛港今年的集装箱吞吐量达到3000万标准箱。\n",
    "b.txt": "据报道，\n\n青岛港今年的集装箱吞吐量达到3000万标准箱！\n",
    "c.txt": "青岛港今年的集裝箱吞吐量達到3000萬標準箱。\n",  # the same in the other script
    "d.txt": "青岛港今年的集装箱吞吐量达到2900万标准箱。\n",
    "e.txt": "青岛港今年的集装箱吞吐量没有达到3000万标准箱。\n",
    "f.txt": "宁波港的工人昨天开了会，谈的是排班和夜宵。\n",
}


def test_the_same_sentence_is_grouped_with_all_its_documents(index_files: IndexFiles) -> None:
    with open_library(index_files(FILES)[0]) as library:
        question = normalise("青岛港今年的集装箱吞吐量", DAY)
        found = retrieve(library, question, RetrievalSettings())
        groups = same_as(found, order(score(found)))
    sources = [[found.sentences[i].document.source for i in group] for group in groups]
    same = next(group for group in sources if "a.txt" in group)
    assert sorted(same) == ["a.txt", "b.txt", "c.txt"]
    assert ["d.txt"] in sources  # another number
    assert ["e.txt"] in sources  # the opposite
    assert ["f.txt"] in sources
    assert sum(group.count("a.txt") for group in sources) == 1


def test_copies_below_the_places_asked_for_are_found_too(index_files: IndexFiles) -> None:
    with open_library(index_files(FILES)[0]) as library:
        found = retrieve(library, normalise("青岛港吞吐量", DAY), RetrievalSettings())
        best = next(i for i, s in enumerate(found.sentences) if s.document.source == "a.txt")
        (group,) = same_as(found, [best])
    assert {found.sentences[i].document.source for i in group} == {"a.txt", "b.txt", "c.txt"}


def test_the_neighbours_of_a_passage_stay_in_its_section(index_files: IndexFiles) -> None:
    text = "# 甲\n\n" + "港口很忙。" * 200 + "\n\n# 乙\n\n" + "工人很累。" * 200 + "\n"
    with open_library(index_files({"x.md": text})[0]) as library:
        chunks = library.chunks("x.md")
        assert len(chunks) > 2
        for chunk in chunks:
            context = context_of(library, chunk, 1)
            around = (*context.before, *context.after)
            assert len(context.before) <= 1
            assert len(context.after) <= 1
            for sentence in around:
                assert not chunk.span.start <= sentence.span.start < chunk.span.end
        first, last = context_of(library, chunks[0]), context_of(library, chunks[-1])
        assert (first.before, last.after) == ((), ())
        assert last.headings == ("乙",)
        assert last.text_of(last.before) in ("", "工人很累。", "工人很累。工人很累。")


PARTS = (
    "青岛港今年的集装箱吞吐量达到3000万标准箱。",
    "青岛港今年的集装箱吞吐量达到2900万标准箱。",
    "青岛港今年的集装箱吞吐量没有达到3000万标准箱。",
    "工人们说, the new berth 7 opens in May.",
    "宁波港的工人昨天开了会，谈的是排班和夜宵。",
    "一二三四。",
    "。",
)


def pairs_of(text: str) -> set[tuple[str, str]]:
    return set(pairwise(c for c in text if c.isalnum() or c == "_"))


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("".join), max_size=8))
def test_what_stands_for_another_passage_says_nearly_the_same(keys: list[str]) -> None:
    firsts = first_alike(keys)
    assert len(firsts) == len(keys)
    for place, first in enumerate(firsts):
        assert first <= place
        assert firsts[first] == first  # never one that only stands for another
        if first != place:
            mine, others = pairs_of(keys[place]), pairs_of(keys[first])
            assert len(mine & others) >= SAME * len(mine | others)
        elif len(keys[place]) >= SHORTEST:
            assert keys[place] not in keys[:place]


def test_a_passage_with_another_number_or_a_turn_stands_for_itself() -> None:
    end = "据报道，港口方面对此没有更多说明，记者将继续关注此事的进展。"
    keys = [part + end for part in (*PARTS[:3], PARTS[0])]
    keys.append(keys[0].replace("据报道，", ""))
    assert first_alike(keys) == [0, 1, 2, 0, 0]
