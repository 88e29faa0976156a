"""What a comparison of two runs says, and what a report prints."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from evals.case import Case, Gold
from evals.comparing import Difference, compare
from evals.errors import CannotCompare
from evals.metrics import METRICS
from evals.reporting import (
    comparison_json,
    comparison_tables,
    measure,
    report,
    report_json,
    report_tables,
    table,
)
from evals.schema import Evidence, Question
from evals.testing import mcnemar
from index.schema import Span

BY_NAME = {m.name: m for m in METRICS}


def case(number: int, right: bool, *, doc: str = "a.md", silent: bool = False, **more: Any) -> Case:
    """An answer to a question; where it may not be answered, right is silence."""
    question = Question(
        id=f"q{number:03}", question=f"第{number}个数是多少?", lang="zh" if number % 3 else "en",
        type="unanswerable" if silent else "number", answerable=not silent,
        answers=() if silent else ("25%",), match="none" if silent else "any",
        evidence=() if silent else (Evidence(doc, "升至25%"),), level=1 + number % 2,
        near=doc if silent else None,
    )  # fmt: skip
    record: dict[str, Any] = {"id": question.id, "status": "answered", "confidence": 0.5}
    record["answer"] = "25% [1]" if right else "15% [1]"
    if silent and right:
        record |= {"status": "abstained", "answer": "", "abstention": {"reason": "没有提到"}}
    gold = () if silent else (Gold(doc, "升至25%", (Span(0, 5),)),)
    return Case(question, record["status"], record, gold, **more)


def runs(n: int, broken: int, fixed: int, n_docs: int = 1) -> tuple[list[Case], list[Case]]:
    """`n` questions, of which `broken` are right in the first run alone, `fixed` in the second."""
    before, after = [], []
    for i in range(n):
        doc = f"d{i % n_docs}.md"
        before.append(case(i, right=not broken <= i < broken + fixed, doc=doc))
        after.append(case(i, right=i >= broken, doc=doc))
    return before, after


def row(name: str, before: list[Case], after: list[Case]) -> Difference:
    return {d.metric.name: d for d in compare(before, after).differences}[name]


def test_a_run_compared_with_itself_shows_nothing() -> None:
    before, _ = runs(40, 0, 0)
    found = compare(before, before)
    assert all(d.change == 0 and d.p == 1 and not d.significant for d in found.differences)
    assert (found.newly_broken, found.newly_fixed, found.changed_answers) == ((), (), 0)


def test_newly_broken_and_fixed_come_with_both_answers() -> None:
    before, after = runs(40, broken=8, fixed=2)
    found = compare(before, after)
    assert [a.question.id for a, _ in found.newly_broken] == [f"q{i:03}" for i in range(8)]
    assert [a.question.id for a, _ in found.newly_fixed] == ["q008", "q009"]
    assert found.changed_answers == 10
    text = comparison_tables(found)
    assert "Newly broken: 8" in text
    assert "q000 第0个数是多少?\n    gold: 25%\n    A: 25% [1]\n    B: 15% [1]\n" in text
    listed = comparison_json(found)["newly_fixed"][0]
    assert (listed["before"], listed["after"]) == ("15% [1]", "25% [1]")


def test_binary_metrics_are_tested_by_mcnemar_and_corrected_together() -> None:
    before, after = runs(40, broken=12, fixed=0)
    found = compare(before, after)
    correct = row("correct", before, after)
    assert (correct.test, correct.n, correct.before, correct.after) == ("McNemar", 40, 1, 0.7)
    # At most as many times larger as there are metrics, and at least the plain p.
    assert mcnemar(12, 0) < correct.p <= mcnemar(12, 0) * len(found.differences)
    assert correct.significant
    assert correct.is_worse
    assert row("truthfulness", before, after).test == "sign flip"
    assert not row("correct", after, before).is_worse


def test_with_thirty_documents_whole_documents_are_exchanged() -> None:
    before, after = runs(120, broken=12, fixed=0, n_docs=30)
    assert row("correct", before, after).test == "sign flip by document"
    assert row("correct", before, after).p < 0.05
    # The same twelve losses on one document of thirty are no evidence about documents.
    moved = [case(i, True, doc=f"d{0 if i < 12 else 1 + i % 29}.md") for i in range(120)]
    lost = [case(i, i >= 12, doc=c.question.document) for i, c in enumerate(moved)]
    assert row("correct", moved, lost).p > 0.9


def test_a_difference_comes_with_what_could_have_been_seen() -> None:
    before, after = runs(40, broken=1, fixed=0)
    assert row("correct", before, after).detectable == pytest.approx(6 / 40)
    assert "detectable" in comparison_tables(compare(before, after))
    assert re.search(r"correct +5 .* none ", comparison_tables(compare(*runs(5, 1, 0))))
    before, after = runs(100, broken=20, fixed=15)
    # Standard deviation of 35 turned pairs of 100 with mean -.05: .5925; times 2.8016 / 10
    assert row("correct", before, after).detectable == pytest.approx(0.1661, abs=5e-4)


def test_runs_of_other_questions_are_not_compared() -> None:
    before, after = runs(5, 0, 0)
    with pytest.raises(CannotCompare, match="differ in 1 of their questions"):
        compare(before, after[:-1])
    with pytest.raises(CannotCompare, match="holds no question"):
        compare([], after)
    reworded = [replace(after[0], question=replace(after[0].question, question="?")), *after[1:]]
    with pytest.raises(CannotCompare, match=r"worded differently .*q000"):
        compare(before, reworded)


# Reports


def mixed() -> list[Case]:
    answerable = [case(i, right=i % 4 > 0, doc=f"d{i % 2}.md") for i in range(12)]
    return answerable + [case(i, right=i % 2 > 0, silent=True) for i in range(12, 16)]


def test_a_report_groups_by_language_type_level_and_document() -> None:
    found = report(mixed(), by=("lang", "type", "level", "document"))
    cells = {c.metric: c for c in found.cells}
    assert cells["correct"].mean == pytest.approx(9 / 12)
    assert cells["correct"].n == 12
    assert cells["rejected"].mean == 0.5
    assert found.sizes["type"] == {"number": 12, "unanswerable": 4}
    assert found.sizes["lang"] == {"en": 6, "zh": 10}
    assert found.sizes["document"] == {"a.md": 4, "d0.md": 6, "d1.md": 6}
    by_document = {c.metric: c.mean for c in found.groups["document"]["d1.md"]}
    assert by_document["correct"] == 1


def test_shares_get_wilson_and_means_get_bootstrap_intervals() -> None:
    cell = measure(BY_NAME["correct"], mixed())
    assert cell is not None
    assert (cell.low, cell.high) == pytest.approx((0.4677, 0.9111), abs=1e-4)
    truth = measure(BY_NAME["truthfulness"], mixed())
    assert truth is not None
    assert truth.low < truth.mean < truth.high
    assert measure(BY_NAME["tokens"], mixed()) is None


def test_tables_in_text_markdown_and_json_say_the_same() -> None:
    found = report(mixed())
    text, markdown = report_tables(found), report_tables(found, markdown=True)
    assert re.search(r"correct +12 +0\.750 +0\.468–0\.911", text)
    assert "| correct | 12 | 0.750 | 0.468–0.911 |" in markdown
    read = json.loads(json.dumps(report_json(found)))
    assert read["metrics"]["correct"]["mean"] == 0.75
    assert read["by"]["level"]["1"]["n"] == 8
    # Every record of `mixed` says 0.5: one bin, one step to full coverage, 5 of 14 answers wrong.
    assert read["risk_coverage"] == [{"confidence": 0.5, "coverage": 1.0, "risk": 0.357143}]
    assert [(b["from"], b["n"]) for b in read["reliability"]] == [(0.5, 14)]


def test_gold_that_is_not_in_the_library_is_named() -> None:
    lost = replace(case(1, True), gold=(Gold("a.md", "升至25%", ()),))
    assert report([lost]).unlocated == ("q001",)
    assert "1 questions have gold that is not among the documents (q001" in report_tables(
        report([lost])
    )


def test_columns_line_up_with_han_characters() -> None:
    lines = table(["型", "n"], [["数字", "1"], ["a", "22"]]).splitlines()
    assert lines == ["型     n", "数字   1", "a     22"]
    assert table(["a|b"], [["c|d"]], markdown=True).splitlines()[-1] == "| c\\|d |"
