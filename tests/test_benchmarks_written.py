"""Sets over documents of our own: every quote stands in its document, twins stay together."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import twins, written
from benchmarks.written import Written
from evals.schema import Question

LIBRARIES = {name: written.documents(name) for name in written.NAMES}
EVERY = {name: written.questions(name, LIBRARIES[name]) for name in written.NAMES}
ALL = [one for some in EVERY.values() for one in some]


def test_there_are_as_many_as_the_documentation_says() -> None:
    sizes = Counter(len(library) for library in LIBRARIES.values())
    assert sizes == {8: 29, 30: 2, 36: 1}
    assert Counter(one.record["answerable"] for one in ALL) == {True: 8225, False: 8223}
    held_out = Counter(one.record["answerable"] for one in ALL if one.fold == 0)
    assert held_out == {True: 1541, False: 1548}


@pytest.mark.parametrize("of", ["id", "question"])
def test_no_id_and_no_question_comes_twice(of: str) -> None:
    other = {getattr(twin, of) for name in twins.NAMES for twin in twins.questions(name)}
    counts = Counter(one.record[of] for one in ALL)
    assert [key for key, n in counts.items() if n > 1 or key in other] == []


def test_what_can_be_answered_has_evidence_and_answers_and_nothing_else_has() -> None:
    for one in ALL:
        record = one.record
        assert bool(one.gold) == bool(record["answers"]) == record["answerable"], record["id"]
        assert record["answerable"] or record["near"], record["id"]
        assert Question.from_record(record).question == record["question"]


def test_the_fold_depends_on_the_document_alone_so_that_twins_stay_together() -> None:
    evidence = [{"doc": "a.md", "quote": "高3米"}]
    asked = Written({"id": "x-1", "evidence": evidence, "near": []}, ())
    near = Written({"id": "x-2", "evidence": [], "near": evidence}, ())
    assert asked.fold == near.fold


def test_a_quote_that_stands_nowhere_is_named(tmp_path, monkeypatch) -> None:  # type: ignore
    (tmp_path / "x").mkdir()
    row = '{"id": "x-1", "evidence": [{"doc": "01_carbon_report.md", "quote": "不在这里"}]}\n'
    (tmp_path / "x" / "questions.jsonl").write_text(row, encoding="utf-8")
    monkeypatch.setattr(written, "HERE", tmp_path)
    with pytest.raises(ValueError, match="不在这里"):
        written.questions("x", LIBRARIES["climate"])
