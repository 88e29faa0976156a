"""The built-in question set is sound, large and balanced, and its quotes stand in the samples."""

from __future__ import annotations

from collections import Counter

import pytest

from evals.checking import check
from evals.questions import SAMPLE_FOLDER, builtin
from evals.schema import Question
from evals.sources import MemorySources, folder_sources


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return builtin()


@pytest.fixture(scope="module")
def samples() -> MemorySources:
    sources, skipped = folder_sources(SAMPLE_FOLDER)
    assert [s for s in skipped if s.is_error] == []
    return sources


def test_the_check_finds_nothing(questions: list[Question], samples: MemorySources) -> None:
    assert [str(p) for p in check(questions, samples)] == []


def test_it_is_large_and_a_quarter_cannot_be_answered(questions: list[Question]) -> None:
    assert len(questions) >= 200
    assert sum(not q.answerable for q in questions) >= len(questions) / 4
    assert all(q.near and q.note for q in questions if not q.answerable)


def test_every_kind_of_question_is_there(questions: list[Question]) -> None:
    types = Counter(q.type for q in questions)
    wanted = ("number", "entity", "date", "table", "footnote", "transcript", "multi", "conflict",
              "followup", "overview", "unanswerable")  # fmt: skip
    assert [t for t in wanted if types[t] < 4] == []
    languages = Counter(q.lang for q in questions)
    assert languages["zh"] > languages["en"] >= 20
    assert languages["zh-Hant"] >= 10
    styles = Counter(q.style for q in questions)
    assert min(styles["lay"], styles["formal"]) >= len(questions) / 4
    assert min(Counter(q.level for q in questions).values()) >= len(questions) / 5


def test_the_splits_share_no_document(questions: list[Question]) -> None:
    held: dict[str, set[str]] = {"dev": set(), "test": set()}
    for question in questions:
        held[question.split] |= {e.doc for e in question.evidence}
        held[question.split] |= {question.near} - {None}  # type: ignore[arg-type]
    assert held["dev"] & held["test"] == set()
    assert {q.id for q in builtin("dev")} | {q.id for q in builtin("test")} == {
        q.id for q in questions
    }
    assert min(len(builtin("dev")), len(builtin("test"))) >= 60
