"""Tables of a run and of a comparison, as text, Markdown or JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evals.case import Case
from evals.comparing import Comparison
from evals.intervals import bootstrap, wilson
from evals.metrics import METRICS, SET_METRICS
from evals.metrics.base import Metric
from evals.metrics.calibration import Bin, reliability
from evals.metrics.risk_coverage import risk_coverage
from evals.testing import FEWEST

GROUPINGS: dict[str, Callable[[Case], str]] = {
    "lang": lambda c: c.question.lang,
    "type": lambda c: c.question.type,
    "document": lambda c: c.question.document or "(none)",
    "folder": lambda c: c.question.document.rpartition("/")[0] or "(none)",
    "level": lambda c: str(c.question.level),
    "style": lambda c: c.question.style,
    "split": lambda c: c.question.split,
}

# What a row of the group tables shows; every metric is in the JSON.
HEADLINES = (
    "truthfulness", "correct", "nuggets", "evidence_any", "evidence_all", "citation_precision",
    "verbatim", "place", "rejected", "false_abstention", "recall@10", "length",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A metric over a group: its mean, a 95 % interval, and how many questions it applies to."""

    metric: str
    n: int
    mean: float
    low: float
    high: float
    digits: int


def measure(metric: Metric, cases: Sequence[Case]) -> Cell | None:
    """None where the metric applies to none of the cases."""
    pairs = [(v, metric.weight(c)) for c in cases if (v := metric.of(c)) is not None]
    pairs = [(v, w) for v, w in pairs if w > 0]
    mean = metric.mean(cases)
    if not pairs or mean is None:
        return None
    values, weights = [v for v, _ in pairs], [w for _, w in pairs]
    low, high = wilson(sum(values), len(values)) if metric.binary else bootstrap(values, weights)
    return Cell(metric.name, len(pairs), mean, low, high, metric.digits)


@dataclass(frozen=True, slots=True)
class Report:
    n: int
    cells: tuple[Cell, ...]
    of_the_set: tuple[tuple[str, float | None, int], ...]  # name, value, digits
    groups: dict[str, dict[str, tuple[Cell, ...]]]  # grouping → group → cells
    sizes: dict[str, dict[str, int]]
    unlocated: tuple[str, ...]  # questions whose gold is not among the documents
    curve: tuple[tuple[float, float, float], ...]  # confidence, coverage, risk
    bins: tuple[Bin, ...]  # stated confidence against the share that is right


def report(cases: Sequence[Case], by: Sequence[str] = ("lang", "type", "level")) -> Report:
    """Every metric over all cases, and over each group of each grouping in `by`."""
    groups: dict[str, dict[str, list[Case]]] = {}
    for name in by:
        held = groups.setdefault(name, {})
        for case in cases:
            held.setdefault(GROUPINGS[name](case), []).append(case)
    return Report(
        n=len(cases),
        cells=_cells(cases),
        of_the_set=tuple((m.name, m.of(cases), m.digits) for m in SET_METRICS),
        groups={
            name: {group: _cells(held[group]) for group in sorted(held)}
            for name, held in groups.items()
        },
        sizes={
            name: {group: len(held[group]) for group in sorted(held)}
            for name, held in groups.items()
        },
        unlocated=tuple(c.question.id for c in cases if any(not g.spans for g in c.gold)),
        curve=tuple(risk_coverage(cases)),
        bins=tuple(reliability(cases)),
    )


def _cells(cases: Sequence[Case]) -> tuple[Cell, ...]:
    return tuple(cell for m in METRICS if (cell := measure(m, cases)) is not None)


def report_json(found: Report) -> dict[str, Any]:
    def cells(row: Sequence[Cell]) -> dict[str, Any]:
        return {
            c.metric: {
                "n": c.n,
                "mean": _round(c.mean),
                "low": _round(c.low),
                "high": _round(c.high),
            }
            for c in row
        }

    return {
        "n": found.n,
        "metrics": cells(found.cells),
        "set": {name: _round(value) for name, value, _ in found.of_the_set},
        "by": {
            name: {
                group: {"n": found.sizes[name][group], "metrics": cells(row)}
                for group, row in rows.items()
            }
            for name, rows in found.groups.items()
        },
        "risk_coverage": [
            {"confidence": _round(c), "coverage": _round(v), "risk": _round(r)}
            for c, v, r in found.curve
        ],
        "reliability": [
            {"from": b.low, "n": b.n, "confidence": _round(b.confidence), "right": _round(b.right)}
            for b in found.bins
        ],
        "unlocated": list(found.unlocated),
    }


def report_tables(found: Report, markdown: bool = False) -> str:
    """The whole report for reading. One table of all metrics, one for each grouping."""
    rows = [
        [
            c.metric,
            str(c.n),
            f"{c.mean:.{c.digits}f}",
            f"{c.low:.{c.digits}f}–{c.high:.{c.digits}f}",
        ]
        for c in found.cells
    ]
    rows += [
        [name, "", f"{value:.{digits}f}", ""]
        for name, value, digits in found.of_the_set
        if value is not None
    ]
    parts = [f"{found.n} questions", table(["metric", "n", "mean", "95 %"], rows, markdown)]
    for name, groups in found.groups.items():
        present = [h for h in HEADLINES if any(h == c.metric for r in groups.values() for c in r)]
        body = []
        for group, row in groups.items():
            values = {c.metric: f"{c.mean:.{min(c.digits, 3)}f}" for c in row}
            body.append(
                [group, str(found.sizes[name][group]), *(values.get(h, "-") for h in present)]
            )
        parts.append(table([name, "n", *present], body, markdown))
    if found.unlocated:
        shown = ", ".join(found.unlocated[:5])
        parts.append(
            f"{len(found.unlocated)} questions have gold that is not among the documents "
            f"({shown}…): is the library the one they were written for, and up to date?"
        )
    return "\n\n".join(parts) + "\n"


def comparison_json(found: Comparison) -> dict[str, Any]:
    def pair(before: Case, after: Case) -> dict[str, Any]:
        return {
            "id": before.question.id,
            "question": before.question.question,
            "gold": list(before.question.answers),
            "before": said(before),
            "after": said(after),
        }

    return {
        "n": found.n,
        "documents": found.n_documents,
        "differences": [
            {
                "metric": d.metric.name,
                "n": d.n,
                "before": _round(d.before),
                "after": _round(d.after),
                "change": _round(d.change),
                "detectable": _round(d.detectable),
                "p": _round(d.p),
                "test": d.test,
                "significant": d.significant,
                "worse": d.is_worse,
            }
            for d in found.differences
        ],
        "set": [
            {"metric": s.name, "before": _round(s.before), "after": _round(s.after)}
            for s in found.of_the_set
        ],
        "changed_answers": found.changed_answers,
        "newly_broken": [pair(a, b) for a, b in found.newly_broken],
        "newly_fixed": [pair(a, b) for a, b in found.newly_fixed],
    }


def comparison_tables(found: Comparison, markdown: bool = False, listed: int = 20) -> str:
    """Differences with what could have been detected, then the questions that turned."""
    rows = []
    for d in found.differences:
        verdict = ("worse" if d.is_worse else "better") if d.significant else ""
        if d.metric.higher_is_better is None and d.significant:
            verdict = "differs"
        digits = d.metric.digits
        rows.append(
            [
                d.metric.name,
                str(d.n),
                f"{d.before:.{digits}f}",
                f"{d.after:.{digits}f}",
                f"{d.change:+.{digits}f}",
                f"{d.detectable:.{digits}f}" if d.n >= FEWEST else "none",
                f"{d.p:.3f}",
                d.test,
                verdict,
            ]
        )
    for s in found.of_the_set:
        if s.before is not None and s.after is not None:
            change = f"{s.after - s.before:+.3f}"
            rows.append([s.name, "", f"{s.before:.3f}", f"{s.after:.3f}", change, "", "", "", ""])
    head = ["metric", "n", "A", "B", "change", "detectable", "p (Holm)", "test", ""]
    clustered = f"{found.n} questions on {found.n_documents} documents"
    parts = [
        f"{clustered}; {found.changed_answers} answers differ",
        table(head, rows, markdown),
        'A true change smaller than "detectable" would be missed in more than one of five such '
        "comparisons: no difference shown is not no difference.",
    ]
    for title, pairs in (("Newly broken", found.newly_broken), ("Newly fixed", found.newly_fixed)):
        lines = [f"{title}: {len(pairs)}"]
        for before, after in pairs[:listed]:
            gold = " | ".join(before.question.answers) or "(unanswerable)"
            lines += [
                f"- {before.question.id} {before.question.question}",
                f"    gold: {gold}",
                f"    A: {said(before)}",
                f"    B: {said(after)}",
            ]
        if len(pairs) > listed:
            lines.append(f"  … and {len(pairs) - listed} more (--format json lists all)")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def said(case: Case) -> str:
    """What came back, in one line: the answer, or why there is none."""
    if case.status == "answered":
        return case.answer.replace("\n", " ")
    reason = (case.record.get("abstention") or {}).get("reason") or case.record.get("error") or ""
    return f"({case.status}) {reason}".strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool = False) -> str:
    """First column left, the rest right; Han characters count two columns wide."""
    if markdown:
        rule = ["---", *("---:" for _ in head[1:])]
        lines = [head, rule, *([c.replace("|", "\\|") for c in row] for row in rows)]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(_width(r[i]) for r in [head, *rows]) for i in range(len(head))]
    lines_out = []
    for row in [head, *rows]:
        cells = [row[0] + " " * (widths[0] - _width(row[0]))]
        cells += [" " * (w - _width(c)) + c for c, w in zip(row[1:], widths[1:], strict=True)]
        lines_out.append("  ".join(cells).rstrip())
    return "\n".join(lines_out)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
