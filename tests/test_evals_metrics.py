"""Each metric against an example worked by hand, and against a library that defines it too."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.case import Case, Check, Gold, Ranked
from evals.metrics import METRICS, SET_METRICS
from evals.metrics.base import Metric
from evals.metrics.calibration import BINS, calibration_error, reliability
from evals.metrics.character_f1 import f1
from evals.metrics.latency import percentile
from evals.metrics.quantities import Quantity, quantities
from evals.metrics.ranks import covers
from evals.metrics.risk_coverage import aurc, auroc, risk_coverage
from evals.schema import Evidence, Question
from index.schema import Span

BY_NAME: dict[str, Metric] = {m.name: m for m in METRICS}


def question(**changes: object) -> Question:
    base = Question(
        id="q",
        question="去年关税是多少?",
        answers=("25%",),
        evidence=(Evidence("a.md", "关税升至25%"),),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def cite(quote: str, doc: str = "a.md", n: int = 1, **span: object) -> dict[str, object]:
    return {"n": n, "doc_id": doc, "quote": quote, "spans": [{"start": 0, "end": 1} | span]}


def answered(text: str, *citations: dict[str, object], **more: object) -> dict[str, object]:
    numbers = [c["n"] for c in citations]
    statements = [{"text": text, "citations": numbers}]
    base = {"status": "answered", "answer": text, "statements": statements}
    return base | {"citations": list(citations)} | more


def case(
    record: dict[str, object] | None = None,
    asked: Question | None = None,
    ranked: tuple[Ranked, ...] | None = None,
    **more: object,
) -> Case:
    asked = asked or question()
    gold = tuple(Gold(e.doc, e.quote, (Span(10, 20),)) for e in asked.evidence)
    status = (record or {}).get("status", "missing")
    return Case(asked, status, record or {}, gold, ranked=ranked, **more)  # type: ignore[arg-type]


def value(name: str, given_case: Case) -> float | None:
    return BY_NAME[name].of(given_case)


ABSTAINED = {"status": "abstained", "answer": ""}
FAILED = {"status": "error", "error": "boom"}


# Answers


def test_any_answer_within_its_budget_is_correct() -> None:
    assert value("correct", case(answered("关税 升至２５％。[1]"))) == 1
    assert value("correct", case(answered("字" * 297 + "25%"))) == 1
    assert value("correct", case(answered("字" * 298 + "25%"))) == 0


def test_all_nuggets_are_needed_where_match_is_all() -> None:
    asked = question(match="all", answers=("钨", "镓", "锗"))
    assert value("correct", case(answered("钨和镓。"), asked)) == 0
    assert value("nuggets", case(answered("钨和镓。"), asked)) == pytest.approx(2 / 3)
    assert value("correct", case(answered("字" * 690 + "锗、镓、钨"), asked)) == 1
    assert value("nuggets", case(answered("关税25%"))) == 1


def test_silence_failure_and_absence_are_not_correct() -> None:
    for record in (ABSTAINED, FAILED, None):
        assert value("correct", case(record)) == 0
        assert value("nuggets", case(record)) == 0
        assert value("character_f1", case(record)) == 0
        assert value("exact_match", case(record)) == 0
        assert value("numeric", case(record)) == 0
        assert value("evidence", case(record)) == 0
        assert value("length", case(record)) is None


def test_exact_match_ignores_marks_and_punctuation_only() -> None:
    assert value("exact_match", case(answered("25%。[1]"))) == 1
    assert value("exact_match", case(answered("升至25%"))) == 0
    asked = question(match="all", answers=("钨", "镓"))
    both = {"statements": [{"text": "镓。"}, {"text": "钨"}]}
    assert value("exact_match", case(answered("镓。钨", **both), asked)) == 1


def test_character_f1_by_hand() -> None:
    # 5 units against 3, 3 shared: P 3/5, R 1, F 0.75.
    assert f1("在上海市区", "上海市") == pytest.approx(0.75)
    # "2025" is one unit: {2025, 年} against {2025}: P 1/2, R 1.
    assert f1("2025年", "2025") == pytest.approx(2 / 3)
    assert f1("", "上海") == 0
    assert f1("北京", "上海") == 0


def test_quantities_are_read_however_they_are_written() -> None:
    assert quantities("1.2万亿美元") == [Quantity(1.2e12, "USD")]
    assert quantities("$2 billion and 3.8 percent") == [Quantity(2e9, "USD"), Quantity(3.8, "%")]
    assert quantities("六万家、60,000家") == [Quantity(60_000, "firm"), Quantity(60_000, "firm")]
    assert quantities("三成") == [Quantity(30, "%")]
    assert quantities("二百三十人") == [Quantity(230, "person")]
    assert quantities("二〇二五年") == [Quantity(2025, "year")]
    assert quantities("没有数") == []


def test_numeric_match_needs_value_and_unit() -> None:
    asked = question(answers=("6万家",))
    assert value("numeric", case(answered("约六万家[1]"), asked)) == 1
    assert value("numeric", case(answered("60,000 家"), asked)) == 1
    assert value("numeric", case(answered("160000家"), asked)) == 0
    assert value("numeric", case(answered("6万吨"), asked)) == 0
    assert value("numeric", case(answered("6 [1]"), question(answers=("1",)))) == 0
    assert value("numeric", case(answered("上海"), question(answers=("上海",)))) is None


# Citations


def test_evidence_by_containment_either_way_in_the_same_document() -> None:
    assert value("evidence", case(answered("x", cite("昨日,关税升至 25%,")))) == 1
    assert value("evidence", case(answered("x", cite("关税升至25%", doc="b.md")))) == 0
    assert value("evidence", case(answered("x", cite("关税升至25")))) == 1  # six characters
    assert value("evidence", case(answered("x", cite("升至25%")))) == 0  # five
    two = question(evidence=(Evidence("a.md", "关税升至25%"), Evidence("a.md", "次年再降到十五")))
    one = case(answered("x", cite("关税升至25%")), two)
    assert (value("evidence", one), value("evidence_any", one), value("evidence_all", one)) == (
        0.5,
        1,
        0,
    )


def test_citation_precision_counts_citations_that_show_gold() -> None:
    both = answered("x", cite("关税升至25%"), cite("别的句子在这里", n=2))
    assert value("citation_precision", case(both)) == 0.5
    assert value("citation_precision", case(answered("x"))) == 0
    assert value("citation_precision", case(ABSTAINED)) is None


def test_checks_are_counted_over_citations() -> None:
    good, bad = Check(True, True, True, True, True), Check(True, False, False, True, True)
    cases = [case(checks=(good,)), case(checks=(good, bad, bad)), case()]
    assert BY_NAME["verbatim"].mean(cases) == 1
    assert BY_NAME["offsets"].mean(cases) == 0.5  # 2 of 4, not the mean of 1 and 1/3
    assert BY_NAME["place"].mean(cases) == 0.5


def test_gold_place_asks_for_the_page_and_the_minute() -> None:
    def placed(**span: object) -> Case:
        found = case(answered("x", cite("关税升至25%", **span)))
        return replace(found, gold=(replace(found.gold[0], page=3),))

    assert value("gold_place", placed(page=3)) == 1
    assert value("gold_place", placed(page=4)) == 0
    timed = case(answered("x", cite("关税升至25%", time_start=130.0)))
    assert value("gold_place", timed) is None
    near = replace(timed, gold=(replace(timed.gold[0], time=(60.0, 75.0)),))
    assert value("gold_place", near) == 1
    far = replace(timed, gold=(replace(timed.gold[0], time=(10.0, 69.0)),))
    assert value("gold_place", far) == 0


def test_cited_needs_a_citation_that_is_there() -> None:
    record = answered("x", cite("q"))
    record["statements"] = [{"text": "a", "citations": [1]}, {"text": "b", "citations": [7]}]
    assert value("cited", case(record)) == 0.5


# Abstention


def test_a_failure_is_neither_a_rejection_nor_an_abstention() -> None:
    silent = question(answerable=False, answers=(), match="none", evidence=())
    for record, rejected in ((ABSTAINED, 1), (FAILED, 0), (None, 0), (answered("x"), 0)):
        assert value("rejected", case(record, silent)) == rejected
    for record, abstained in ((ABSTAINED, 1), (FAILED, 0), (None, 0), (answered("x"), 0)):
        assert value("false_abstention", case(record)) == abstained
    assert value("rejected", case(ABSTAINED)) is None
    assert [value("failed", case(r)) for r in (ABSTAINED, FAILED, None)] == [0, 1, 1]


def test_truthfulness_is_plus_one_zero_minus_one() -> None:
    silent = question(answerable=False, answers=(), match="none", evidence=())
    assert value("truthfulness", case(answered("25%"))) == 1
    assert value("truthfulness", case(ABSTAINED)) == 0
    assert value("truthfulness", case(answered("15%"))) == -1
    assert value("truthfulness", case(FAILED)) == -1
    assert value("truthfulness", case(None)) == -1
    assert value("truthfulness", case(ABSTAINED, silent)) == 1
    assert value("truthfulness", case(answered("15%"), silent)) == -1
    assert value("truthfulness", case(FAILED, silent)) == -1


def test_conflicts_need_two_gold_values_on_different_sides() -> None:
    asked = question(type="conflict", match="all", answers=("15%", "25%"))
    sides = [{"value": "15%", "scope": "H20"}, {"value": "25%", "scope": "H200"}]
    shown = answered("x", conflicts=[{"about": "分成", "sides": sides}])
    lumped = answered("x", conflicts=[{"about": "分成", "sides": [{"value": "15% 25%"}]}])
    assert value("conflicts_found", case(shown, asked)) == 1
    assert value("conflicts_found", case(lumped, asked)) == 0
    assert value("conflicts_found", case(answered("15%与25%"), asked)) == 0
    assert value("false_conflict", case(shown)) == 1
    assert value("false_conflict", case(shown, asked)) is None


def with_confidences(pairs: list[tuple[float, bool]]) -> list[Case]:
    return [case(answered("25%" if right else "15%", confidence=c)) for c, right in pairs]


def test_risk_coverage_by_hand() -> None:
    cases = with_confidences([(0.9, True), (0.8, False), (0.7, True), (0.7, False)])
    assert risk_coverage(cases) == [(0.9, 0.25, 0.0), (0.8, 0.5, 0.5), (0.7, 1.0, 0.5)]
    # 0 * .25 + .5 * .25 + .5 * .5
    assert aurc(cases) == pytest.approx(0.375)
    assert aurc([case(ABSTAINED)]) is None


def test_calibration_error_by_hand() -> None:
    # Bin [.9, 1]: confidence .95, right .5, n 2; bin [.2, .3): .2 and 0, n 1. (2 * .45 + .2) / 3
    cases = with_confidences([(1.0, True), (0.9, False), (0.2, False)])
    assert calibration_error(cases) == pytest.approx((2 * 0.45 + 0.2) / 3)


scored = st.lists(
    st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=2, max_size=60
).filter(lambda pairs: 0 < sum(r for _, r in pairs) < len(pairs))


@settings(deadline=None)  # the first example imports scikit-learn
@given(scored)
def test_auroc_and_reliability_agree_with_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import roc_auc_score

    confidences, right = [c for c, _ in pairs], [r for _, r in pairs]
    cases = with_confidences(pairs)
    assert auroc(cases) == pytest.approx(roc_auc_score(right, confidences))
    # scikit-learn's bins are open below; its values agree away from the edges.
    inside = [p for p in pairs if min(p[0] * BINS % 1, 1 - p[0] * BINS % 1) > 1e-6]
    if inside:
        share, mean = calibration_curve(
            [r for _, r in inside], [c for c, _ in inside], n_bins=BINS, strategy="uniform"
        )
        bins = reliability(with_confidences(inside))
        assert [b.right for b in bins] == pytest.approx(list(share))
        assert [b.confidence for b in bins] == pytest.approx(list(mean))


# Retrieval


def item(start: int, end: int, doc: str = "a.md") -> Ranked:
    return Ranked(doc, (Span(start, end),), 1.0)


def test_an_item_covers_gold_by_half_of_the_shorter() -> None:
    gold = Gold("a.md", "q", (Span(10, 20),))
    assert covers(item(0, 15), gold)
    assert not covers(item(0, 14), gold)
    assert covers(item(11, 13), gold)  # a short sentence wholly inside
    assert not covers(item(10, 20, "b.md"), gold)
    assert not covers(item(10, 20), Gold("a.md", "q", ()))
    assert covers(item(90, 99), Gold("a.md", "", (Span(0, 100),)))


def test_retrieval_metrics_by_hand() -> None:
    found = replace(
        case(ranked=(item(50, 60), item(10, 20), item(70, 80), item(30, 40))),
        gold=(Gold("a.md", "x", (Span(10, 20),)), Gold("a.md", "y", (Span(30, 40),))),
    )
    assert value("recall@1", found) == 0
    assert value("recall@5", found) == 1
    assert value("mrr", found) == 0.5
    ideal = 1 + 1 / math.log2(3)
    assert value("ndcg@10", found) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert value("all_gold@1000c", found) == 1


def test_gold_beyond_the_character_budget_is_not_seen() -> None:
    late = case(ranked=(item(100, 1095), item(10, 20)))
    assert value("all_gold@1000c", late) == 0
    assert value("all_gold@3000c", late) == 1


def test_nothing_retrieved_scores_zero_and_not_measured_is_left_out() -> None:
    for name in ("recall@1", "recall@50", "ndcg@10", "mrr", "all_gold@3000c"):
        assert value(name, case(ranked=())) == 0
        assert value(name, case(ranked=None)) is None
        assert BY_NAME[name].mean([case(ranked=()), case(ranked=(item(10, 20),))]) == 0.5


@settings(deadline=None)  # the first example imports ir_measures
@given(
    st.lists(
        st.tuples(st.permutations(range(12)), st.sets(st.integers(0, 15), min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_retrieval_agrees_with_ir_measures(topics: list[tuple[list[int], set[int]]]) -> None:
    import ir_measures
    from ir_measures import RR, R, nDCG

    qrels, run, cases = {}, {}, []
    for number, (ranking, relevant) in enumerate(topics):
        qrels[f"q{number}"] = {f"d{d:02}": 1 for d in relevant}
        run[f"q{number}"] = {f"d{d:02}": 100.0 - i for i, d in enumerate(ranking)}
        cases.append(
            replace(
                case(ranked=tuple(item(0, 9, f"d{d:02}") for d in ranking)),
                gold=tuple(Gold(f"d{d:02}", "", (Span(0, 9),)) for d in sorted(relevant)),
            )
        )
    theirs = ir_measures.calc_aggregate([nDCG @ 10, R @ 1, R @ 5, R @ 10, RR], qrels, run)
    for name, measure in (
        ("ndcg@10", nDCG @ 10),
        ("recall@1", R @ 1),
        ("recall@5", R @ 5),
        ("recall@10", R @ 10),
        ("mrr", RR),
    ):
        assert BY_NAME[name].mean(cases) == pytest.approx(theirs[measure], abs=1e-9)


# Cost


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.floats(0, 1))
def test_percentiles_are_numpys(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.percentile(values, 100 * share))


def test_latency_and_usage() -> None:
    cases = [case(timings_ms={"total": float(t)}) for t in (10, 20, 30)] + [case()]
    by_name = {m.name: m for m in SET_METRICS}
    assert by_name["latency_p50_ms"].of(cases) == 20
    assert by_name["latency_p95_ms"].of(cases) == pytest.approx(29)
    assert by_name["latency_p50_ms"].of([case()]) is None
    used = answered("x", usage={"prompt_tokens": 90, "completion_tokens": 10, "cost": 0.5})
    assert value("tokens", case(used)) == 100
    assert value("cost", case(used)) == 0.5
    assert value("tokens", case(answered("x"))) is None


def test_names_are_unique_and_every_metric_says_where_it_comes_from() -> None:
    import inspect
    import sys

    names = [m.name for m in METRICS] + [m.name for m in SET_METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        doc = inspect.getdoc(sys.modules[metric.of.__module__]) or ""
        assert "Source:" in doc or "Our own" in doc, metric.name


def test_risk_coverage_only_grows_in_coverage() -> None:
    curve = risk_coverage(with_confidences([(0.1, True), (0.5, False), (0.5, True), (0.9, True)]))
    assert all(a[1] < b[1] and a[0] > b[0] for a, b in pairwise(curve))


def test_a_citation_mark_is_no_answer() -> None:
    said = answered("甲公司[1]乙公司[2]", cite("甲公司"), cite("乙公司", n=2))
    made = case(said, question(answers=("2",)))
    assert BY_NAME["correct"].of(made) == 0.0
