"""The gate: it fires on what is worse, never on chance, and says what it could not have seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.baseline import Baseline, Setup, flat, make_baseline, read_baseline
from evals.errors import BadBaseline, NotComparable
from evals.gate_reports import gate_json, gate_junit, gate_text
from evals.gate_words import headline
from evals.gating import ALPHA, ALPHA_PRIMARY, Gate, Verdict, gate
from evals.outcomes import GUARDS, Outcome
from evals.power import (
    detectable_drop,
    p_lower,
    p_worse,
    power,
    questions_needed,
)

SETUP = Setup("q", {"a.md": "1", "b.md": "2"}, "l", {"retrieval.dense": 200})


def answered(
    i: int, right: bool = True, said: str = "45天", document: str = "", **values: float
) -> Outcome:
    return Outcome(
        f"q{i}", f"第{i}问?", "number", document, ("45天",), "answered", right, said, 0.7, values
    )


def decide(
    before: Sequence[Outcome], after: Sequence[Outcome], setup: Setup = SETUP, **options: object
) -> Gate:
    return gate(Baseline(SETUP, tuple(before)), setup, after, **options)  # type: ignore[arg-type]


def runs(n: int, broken: int, fixed: int) -> tuple[list[Outcome], list[Outcome]]:
    before = [answered(i, right=not broken <= i < broken + fixed) for i in range(n)]
    after = [answered(i, right=i >= broken) for i in range(n)]
    return before, after


# --- tests and power ---


def test_p_values_worked_by_hand() -> None:
    assert p_worse(0, 0) == 1
    assert p_worse(5, 0) == pytest.approx(1 / 32)
    assert p_worse(7, 3) == pytest.approx(176 / 1024)
    assert p_lower([]) == p_lower([0, 0]) == 1
    assert p_lower([-1] * 7 + [1] * 3) == pytest.approx(p_worse(7, 3))
    assert p_lower([-2, -1, 1]) == pytest.approx(3 / 8)  # -4, -2, -2 of eight sums


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_the_sign_flip_test_counts_every_pattern(changes: list[int]) -> None:
    nonzero = [c for c in changes if c]
    patterns = [sum(s * c for s, c in zip(signs, nonzero, strict=True))
                for signs in product((1, -1), repeat=len(nonzero))]  # fmt: skip
    expected = np.mean([p <= sum(changes) for p in patterns]) if nonzero else 1.0
    assert p_lower(changes) == pytest.approx(expected)


def test_power_is_what_drawing_gives() -> None:
    rng = np.random.default_rng(3)
    draws = rng.multinomial(200, [0.05 + 0.08, 0.05, 0.82], size=4000)
    fires = np.mean([p_worse(int(b), int(f)) <= 0.035 and b - f >= 2 for b, f, _ in draws])
    assert power(200, 0.1, 0.08, 0.035, 0.01) == pytest.approx(fires, abs=0.02)


def test_the_printed_drop_shrinks_with_questions_and_grows_with_churn() -> None:
    def size(n: int, turned: int) -> float:
        found = detectable_drop(n, turned, ALPHA_PRIMARY, 0.01)
        assert found is not None
        return found

    assert size(100, 10) > size(200, 20) > size(500, 50) > size(5000, 500) > 0.01
    assert size(200, 10) < size(200, 20) < size(200, 40)
    assert detectable_drop(3, 0, ALPHA_PRIMARY) is None
    assert detectable_drop(0, 0, ALPHA_PRIMARY) is None


def test_as_many_questions_as_it_says_are_enough() -> None:
    needed = questions_needed(0.1, ALPHA_PRIMARY, 0.01, 0.05)
    assert needed is not None
    assert 300 < needed < 900
    found = detectable_drop(needed, round(0.1 * needed) - 2, ALPHA_PRIMARY, 0.01)
    assert found is not None
    assert found <= 0.0505


def test_chance_alone_fires_at_most_one_time_in_twenty() -> None:
    rng = np.random.default_rng(11)
    fired = 0
    for _ in range(200):
        before, after = [], []
        for i in range(100):
            turned, up = rng.random() < 0.1, bool(rng.random() < 0.5)
            mrr = rng.random() * 0.3 if turned else 0.0
            pair = (up, not up) if turned else (True, True)
            before.append(
                answered(i, pair[0], document=f"d{i // 4}", **{"ndcg@10": mrr if up else 0.0})
            )
            after.append(
                answered(i, pair[1], document=f"d{i // 4}", **{"ndcg@10": 0.0 if up else mrr})
            )
        fired += decide(before, after).verdict is Verdict.REGRESSION
    assert fired <= 200 * ALPHA


# --- verdicts ---


def test_equal_runs_pass_and_say_what_would_have_been_seen() -> None:
    before, _ = runs(100, 0, 0)
    found = decide(before, before)
    assert found.verdict == 0
    assert found.primary.detectable is not None
    assert 0.05 < found.primary.detectable < 0.15
    assert f"{100 * found.primary.detectable:.1f} points" in headline(found)


def test_a_regression_shows_the_broken_questions_with_both_answers() -> None:
    before, after = runs(100, 20, 4)
    after[3] = replace(after[3], said="60天")
    found = decide(before, after)
    assert found.verdict == 1
    assert [r.name for r in found.reasons] == ["right"]
    assert len(found.broken) == 20
    text = gate_text(found)
    assert text.startswith("REGRESSION: right 0.960 → 0.800 (20 questions worse, 4 better")
    assert "- q3 第3问?\n    gold:   45天\n    before: 45天\n    now:    60天" in text


def test_improvements_and_churn_pass() -> None:
    assert decide(*runs(100, 2, 20)).verdict == 0
    assert decide(*runs(100, 6, 5)).verdict == 0


def test_a_sure_but_tiny_drop_is_left_alone() -> None:
    before, after = runs(2000, 12, 0)
    assert p_worse(12, 0) < 0.001
    assert decide(before, after).verdict == 0
    assert decide(before, after, min_effect=0.005).verdict == 1


def test_each_guard_is_named_and_points_somewhere() -> None:
    for name in GUARDS:
        low = name in ("failed", "false_abstention")
        before = [answered(i, **{name: float(not low)}) for i in range(60)]
        after = [answered(i, **{name: float(low)}) if i < 20 else b for i, b in enumerate(before)]
        found = decide(before, after)
        assert found.verdict == 1, name
        assert [r.name for r in found.reasons] == [name]
        assert f"- {name}: " in gate_text(found)
        assert decide(after, before).verdict == 0, name


def test_strict_fails_on_a_single_question() -> None:
    before = [answered(i, offsets=1.0) for i in range(60)]
    after = [answered(0, offsets=0.5), *before[1:]]
    assert decide(before, after).verdict == 0
    assert decide(before, after, strict=["offsets"]).verdict == 1


def test_too_few_questions_are_an_answer_only_where_it_is_asked_for() -> None:
    before, after = runs(40, 1, 1)
    assert decide(before, after).verdict == 0
    found = decide(before, after, require_power=0.05)
    assert found.verdict == 2
    assert found.needed is not None
    assert f"it takes {found.needed - 40} more questions" in headline(found)
    assert decide(*runs(40, 20, 0), require_power=0.05).verdict == 1


def test_documents_turn_as_one() -> None:
    """Twelve questions of two documents are two observations, not twelve."""
    before = [answered(i, document=f"d{i // 6}") for i in range(120)]
    after = [answered(i, right=i >= 12, document=f"d{i // 6}") for i in range(120)]
    found = decide(before, after)
    assert found.primary.test == "sign flip by document"
    assert found.primary.p == pytest.approx(1 / 4)
    assert found.verdict == 0


# --- comparable ---


def test_other_settings_are_printed_never_refused() -> None:
    before, after = runs(50, 0, 0)
    setup = replace(SETUP, library="m", settings={"retrieval.dense": 0})
    found = decide(before, after, setup)
    assert found.verdict == 0
    assert found.changed == (("library", "l", "m"), ("retrieval.dense", "200", "0"))
    assert "- retrieval.dense: 200 → 0" in gate_text(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"documents": {"a.md": "1"}}, "1 document is missing from the index (b.md)"),
        ({"documents": {"a.md": "1", "b.md": "2", "c.md": "3"}}, "1 is new (c.md)"),
        (
            {"documents": {"a.md": "1", "b.md": "9"}},
            "1 document has other contents than the baseline's (b.md)",
        ),
        ({"questions": "other"}, "the question set is not the baseline's"),
        ({"metrics": {"version": 2, "guards": []}}, "the baseline has metrics 1"),
    ],
)
def test_what_cannot_be_compared_is_named(change: Mapping[str, object], said: str) -> None:
    before, after = runs(10, 0, 0)
    with pytest.raises(NotComparable, match=said.replace("(", r"\(").replace(")", r"\)")):
        decide(before, after, replace(SETUP, **change))  # type: ignore[arg-type]


def test_a_missing_question_and_a_run_of_errors_are_named() -> None:
    before, after = runs(10, 0, 0)
    with pytest.raises(NotComparable, match=r"1 question is in one of them only \(q9\)"):
        decide(before, after[:-1])
    with pytest.raises(NotComparable, match="all 10 questions failed"):
        decide(before, [replace(o, status="error", right=False) for o in after])


def test_a_stale_library_is_a_regression_that_names_the_document() -> None:
    before, after = runs(10, 0, 0)
    old = replace(SETUP, documents={"a.md": "1", "b.md": "old"})
    found = decide(before, after, old, files={"a.md": "1", "b.md": "2"})
    assert found.verdict == 1
    assert found.stale == ("b.md",)
    assert "the library is stale" in headline(found)
    assert "run wenju index" in headline(found)


def test_a_file_that_was_edited_after_indexing_is_stale_though_the_baseline_is_as_old() -> None:
    before, after = runs(10, 0, 0)
    found = decide(before, after, SETUP, files={**SETUP.documents, "b.md": "edited", "new.md": "3"})
    assert (found.verdict, found.stale) == (1, ("b.md",))
    assert "REGRESSION 退步：资料库过时了，1 份文档在建库之后改过（b.md）" in headline(found, "zh")


def test_the_verdict_is_said_in_both_languages_under_one_word() -> None:
    before, after = runs(100, 20, 4)
    said = gate_text(decide(before, after), lang="zh")
    assert said.startswith("REGRESSION 退步：right 0.960 → 0.800（20 题变差，4 题变好")
    assert "先看哪里\n- right: 答案：看新答错的题" in said
    few = decide(before[:3], before[:3])
    assert headline(few).endswith("(--require-power says how many are missing)")
    assert headline(few, "zh").startswith("PASS 通过：3 题没有显著变差；题太少")
    with pytest.raises(NotComparable) as error:
        decide(before, after[:-1])
    assert error.value.told["zh"].startswith("问题集与基线的不同：1 题只在其中一方（q99）")


# --- files ---


def test_a_baseline_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    made = Baseline(
        SETUP,
        (answered(1, said='说\n"x" \u2028', recall=0.5), answered(2, right=False)),
        ({"on": "2026-01-31", "reason": "第一份"},),
        {"questions": "builtin", "index": "demo"},
    )
    made.write(path)
    assert read_baseline(path) == made
    lines = path.read_text(encoding="utf-8").split("\n")
    assert sum('"id": "q' in line for line in lines) == 2  # a question a line, for git
    again = make_baseline([], SETUP, "第二份", "2026-02-01", before=made)
    assert [a["reason"] for a in again.accepted] == ["第二份", "第一份"]
    assert again.asked == made.asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"wenju_baseline": 9}', "of version 9, this version reads 1"),
    ],
)
def test_a_broken_baseline_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadBaseline, match=said) as error:
        read_baseline(path)
    assert "\n" not in str(error.value)
    with pytest.raises(BadBaseline, match="wenju eval accept"):
        read_baseline(tmp_path / "none.json")


def test_settings_are_flat_and_hashes_short() -> None:
    assert flat({"a": {"b": 1}, "h": "sha256:" + "0123456789abcdef" * 4}) == {
        "a.b": 1,
        "h": "0123456789ab",
    }


# --- reports ---


def test_reports_are_read_by_machines() -> None:
    before, after = runs(100, 20, 4)
    after[0] = replace(after[0], said="<b>&\x00]]>")
    found = decide(before, after)
    record = json.loads(json.dumps(gate_json(found)))
    assert (record["verdict"], record["exit_code"]) == ("regression", 1)
    assert len(record["newly_broken"]) == 20
    suite = ElementTree.fromstring(gate_junit(found))
    assert suite.get("failures") == "1"
    failure = suite.find("testcase[@name='right']/failure")
    assert failure is not None
    assert "<b>&\ufffd]]>" in (failure.text or "")


def test_markdown_of_a_pull_request_is_text_and_nothing_else() -> None:
    before, after = runs(100, 20, 4)
    after[0] = replace(after[0], said="<img src=x> [a](http://b) @someone `c` | d")
    text = gate_text(decide(before, after), markdown=True)
    assert text.startswith("### REGRESSION")
    assert "<img" not in text
    assert "[a](" not in text
    assert "@someone" not in text
