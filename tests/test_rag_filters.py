"""Filters shut documents out; hints in a question only move them up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.segmenting import key
from index.store import open_library
from rag.errors import FilterError
from rag.filters import Filters, filters_of
from rag.hints import hints_of
from rag.normalising import normalise
from rag.retrieval import retrieve
from rag.searching import search
from rag.settings import RetrievalSettings

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
RECORDS = "\n".join(
    json.dumps({"id": i, "text": f"The orchard sold {n} tonnes of pears."} | facts)
    for i, n, facts in [
        ("a", 40, {"title": "2024", "date": "2024-05-10", "kind": "report"}),
        ("b", 50, {"title": "2025", "date": "2025-03", "kind": "news"}),
        ("c", 60, {"title": "none", "kind": "statute"}),
    ]
)


@pytest.fixture
def orchard(index_files: IndexFiles) -> Path:
    return index_files({"all.jsonl": RECORDS})[0]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Filters(), None),
        (Filters(kinds=("report", "statute")), {"a", "c"}),
        (Filters(since="2025"), {"b"}),
        (Filters(since="2025-03-31"), {"b"}),  # some day of its month
        (Filters(since="2025-04"), set()),
        (Filters(until="2024-05-10"), {"a"}),
        (Filters(until="2024-05-09"), set()),
        (Filters(since="2024", until="2025"), {"a", "b"}),
        (Filters(sources=("all.*",), kinds=("news",)), {"b"}),
        (Filters(sources=("other/*",)), set()),
    ],
)
def test_only_documents_that_meet_every_filter_pass(
    orchard: Path, where: Filters, found: set[str] | None
) -> None:
    with open_library(orchard) as library:
        ids = where.matching(library)
        assert ids == (None if found is None else {f"all.jsonl#{one}" for one in found})
        passages = search(library, "pears sold", as_of=DAY, where=where).passages
        wanted = {f"all.jsonl#{one}" for one in ("abc" if found is None else found)}
        assert {p.chunk.doc_id for p in passages} == wanted


def test_an_unknown_kind_names_the_nearest_and_all_valid_ones() -> None:
    with pytest.raises(FilterError, match=r"'reports'; did you mean report\?; there are: report,"):
        filters_of(kinds="reports")


@pytest.mark.parametrize("text", ["soon", "2025-13", "2025/01", "2025-01-40"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="write 2025-10-05"):
        Filters(since=text)


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(FilterError, match="exchange the two dates"):
        Filters(since="2026", until="2025-12")


@pytest.mark.parametrize(
    ("question", "kinds", "year"),
    [
        ("那份锂市场报告里说产量多少", ("report",), None),
        ("音频里提到多少骑手", ("transcript",), None),
        ("论文说影响有多大", ("paper",), None),
        ("网页上写的关税", ("web_page",), None),
        ("2024年的那份怎么说", (), "2024"),
        ("in the podcast, how much did he pay", ("transcript",), None),
        ("公司报告了多少病例", (), None),
        ("新闻发布会上谁讲话", (), None),
        ("短视频平台有多少用户", (), None),
        ("the table of contents", (), None),
    ],
)
def test_a_question_may_say_which_document_it_means(
    question: str, kinds: tuple[str, ...], year: str | None
) -> None:
    hints = hints_of(key(question))
    assert (hints.kinds, hints.year) == (kinds, year)


def test_the_document_that_is_meant_comes_first_and_the_others_stay(orchard: Path) -> None:
    with open_library(orchard) as library:
        for question, doc_id in [
            ("in the report, how many pears were sold", "all.jsonl#a"),
            ("in the news, how many pears were sold", "all.jsonl#b"),
            ("how many pears were sold, says the 2024 edition", "all.jsonl#a"),
        ]:
            found = search(library, question, as_of=DAY)
            assert found.passages[0].chunk.doc_id == doc_id
            assert len(found.passages) == 3


def test_where_a_thing_is_said_is_not_looked_for() -> None:
    assert normalise("录音里提到多少骑手", DAY).content.split() == ["里提到", "骑手"]
    assert "政府工作报告" in normalise("政府工作报告中的目标", DAY).content


def test_ranks_of_both_arms_are_kept_for_every_chunk(orchard: Path) -> None:
    with open_library(orchard) as library:
        found = retrieve(library, normalise("pears sold", DAY), RetrievalSettings())
    assert len(found.chunks) == 3
    assert all(set(found.ranks[s.chunk.chunk_id]) == {"lexical", "dense"} for s in found.chunks)
