"""The set on which nothing is fitted is sound: what it counts as right stands in its documents."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evals.case import Case
from evals.checking import check
from evals.matching import compact
from evals.questions import SAMPLE_FOLDER, builtin, load
from evals.reporting import report
from evals.schema import Question
from evals.sources import MemorySources, folder_sources

UNSEEN = Path(__file__).parents[1] / "benchmarks" / "unseen"


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return load(UNSEEN / "questions.jsonl")


@pytest.fixture(scope="module")
def documents() -> MemorySources:
    sources, skipped = folder_sources(UNSEEN / "documents")
    assert skipped == []
    return sources


def test_the_check_finds_nothing_but_twins(
    questions: list[Question], documents: MemorySources
) -> None:
    found = check(questions, documents)
    assert [str(p) for p in found if "nearly the same" not in p.what] == []
    assert {p.kind for p in found} == {"warning"}


def test_every_document_is_asked_about_in_the_numbers_that_are_published(
    questions: list[Question], documents: MemorySources
) -> None:
    assert len({q.id for q in questions}) == len(questions) == 300
    assert {q.document for q in questions} == set(documents.ids())
    folders = Counter((q.document.partition("/")[0], q.answerable) for q in questions)
    assert folders == {
        ("papers", True): 28, ("papers", False): 24, ("reports", True): 65, ("reports", False): 61,
        ("speech", True): 48, ("speech", False): 38, ("web", True): 19, ("web", False): 17,
    }  # fmt: skip
    assert all(q.id.startswith(q.document.partition("/")[0]) for q in questions)


def test_what_all_must_be_said_stands_in_the_quotes(questions: list[Question]) -> None:
    for question in (q for q in questions if q.answerable):
        quotes = compact("\n".join(e.quote for e in question.evidence))
        held = [compact(a) in quotes for a in question.answers]
        assert all(held) if question.match == "all" else any(held), question.id
        # Each quote is there for an answer: none is context alone.
        for evidence in question.evidence:
            told = [a for a in question.answers if compact(a) in compact(evidence.quote)]
            assert told, (question.id, evidence.quote)


def test_what_tempts_stands_in_the_documents(
    questions: list[Question], documents: MemorySources
) -> None:
    for question in (q for q in questions if not q.answerable):
        tempting = question.extra["near_quotes"]
        finder = documents.finder(question.near or "")
        assert finder is not None, question.id
        assert question.note, question.id
        assert finder.find(tempting[0]), (question.id, tempting[0])


def test_a_moment_is_the_start_of_the_segment_that_the_quote_begins_in(
    questions: list[Question],
) -> None:
    checked = 0
    for evidence in (e for q in questions for e in q.evidence if e.doc.endswith(".json")):
        segments = json.loads((UNSEEN / "documents" / evidence.doc).read_text(encoding="utf-8"))
        later = [compact(s["text"]) for s in segments if s["start"] >= (evidence.time or 0)]
        assert any(s["start"] == evidence.time for s in segments), evidence
        assert 0 <= "".join(later).find(compact(evidence.quote)) < len(later[0]), evidence
        checked += 1
    assert checked >= 25


def test_it_shares_no_document_and_no_question_with_the_built_in_set(
    questions: list[Question],
) -> None:
    ours = {p.name for p in (UNSEEN / "documents").rglob("*") if p.is_file()}
    assert ours & {p.name for p in SAMPLE_FOLDER.rglob("*")} == set()
    assert {compact(q.question) for q in questions} & {compact(q.question) for q in builtin()} == (
        set()
    )


def test_a_report_by_folder_tells_the_kinds_of_document_apart(questions: list[Question]) -> None:
    silent = [Case(q, "abstained") for q in questions]
    found = report(silent, by=("folder",))
    assert found.sizes["folder"] == {"papers": 52, "reports": 126, "speech": 86, "web": 36}
    web = {c.metric: (c.n, c.mean) for c in found.groups["folder"]["web"]}
    assert web["rejected"] == (17, 1.0)
    assert web["false_abstention"] == (19, 1.0)
