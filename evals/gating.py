"""The gate: has a run become worse than its baseline, by more than chance and enough to matter?

One primary metric (`right`) is tested with 3.5 % of false alarms, eleven guards with 1.5 % together
(Holm, Tarone), so that a gate without any real change fires at most one time in twenty, whatever
number of questions turned. benchmarks/gate.md has the simulation that the design was chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from evals.baseline import Baseline, Setup
from evals.errors import NotComparable
from evals.outcomes import GUARDS, PRIMARY, Outcome, is_better_higher, is_share
from evals.power import (
    design_effect,
    detectable_change,
    detectable_drop,
    p_lower,
    p_worse,
    questions_needed,
    smallest_p,
)
from evals.testing import cluster_sums, holm

ALPHA = 0.05
ALPHA_PRIMARY = 0.035
ALPHA_GUARDS = ALPHA - ALPHA_PRIMARY
MIN_EFFECT = 0.01  # a drop smaller than this is left alone, however sure
MIN_CLUSTERS = 10  # documents from which on questions of one document turn together


class Verdict(IntEnum):
    """The exit codes."""

    PASS = 0
    REGRESSION = 1
    TOO_SMALL = 2
    NOT_COMPARABLE = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A metric before and after, over the questions it applies to in both."""

    name: str
    n: int
    before: float
    after: float
    worse: int  # questions
    better: int
    p: float  # one-sided, of the test alone
    adjusted: float  # for the primary p itself; over the guards by Holm
    alpha: float
    detectable: float | None  # the drop that would be found in 4 of 5 such comparisons
    test: str
    strict: bool = False  # a single question that is worse fails
    fires: bool = False

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def drop(self) -> float:
        """How much worse, whichever way worse is; negative where it is better."""
        return -self.change if is_better_higher(self.name) else self.change


@dataclass(frozen=True, slots=True)
class Gate:
    verdict: Verdict
    n: int
    n_documents: int
    primary: Row
    guards: tuple[Row, ...]
    broken: tuple[tuple[Outcome, Outcome], ...]  # right before, not now
    fixed: tuple[tuple[Outcome, Outcome], ...]
    changed: tuple[tuple[str, str, str], ...]  # what the runs were made with: name, before, now
    stale: tuple[str, ...]  # documents that are other ones than their library holds
    changed_answers: int
    min_effect: float
    wanted: float | None  # the effect that --require-power asks for
    needed: int | None  # questions that it would take; None where not asked or too many

    @property
    def reasons(self) -> tuple[Row, ...]:
        """The metrics that fail it."""
        return tuple(r for r in (self.primary, *self.guards) if r.fires)


def gate(
    baseline: Baseline,
    setup: Setup,
    now: Sequence[Outcome],
    *,
    min_effect: float = MIN_EFFECT,
    require_power: float | None = None,
    strict: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
) -> Gate:
    """The verdict on a run. Raises NotComparable.

    `strict`: guards of which a single question that is worse fails; `files`: hashes of the document
    files as they are now, where they are known: a library that holds other ones is stale.
    """
    stale = check_comparable(baseline, setup, now, files)
    old = {o.id: o for o in baseline.outcomes}
    pairs = [(old[o.id], o) for o in now]
    documents = len({a.document for a, _ in pairs if a.document})
    clustered = documents >= MIN_CLUSTERS
    primary = _primary(pairs, clustered, min_effect)
    guards = _guards(pairs, clustered, min_effect, frozenset(strict))
    needed = None
    verdict = Verdict.PASS
    if require_power is not None and (
        primary.detectable is None or primary.detectable > require_power
    ):
        rate = min((primary.worse + primary.better + 1.5) / max(1, primary.n), 0.9)
        needed = questions_needed(rate, ALPHA_PRIMARY, min_effect, require_power)
        verdict = Verdict.TOO_SMALL
    if stale or primary.fires or any(g.fires for g in guards):
        verdict = Verdict.REGRESSION
    return Gate(
        verdict=verdict,
        n=len(pairs),
        n_documents=documents,
        primary=primary,
        guards=guards,
        broken=tuple((a, b) for a, b in pairs if a.right and not b.right),
        fixed=tuple((a, b) for a, b in pairs if b.right and not a.right),
        changed=_changed(baseline.setup, setup),
        stale=stale,
        changed_answers=sum(a.said != b.said for a, b in pairs),
        min_effect=min_effect,
        wanted=require_power,
        needed=needed,
    )


def check_comparable(
    baseline: Baseline, setup: Setup, now: Sequence[Outcome], files: Mapping[str, str] | None
) -> tuple[str, ...]:
    """The documents that are stale in the library. Raises NotComparable, saying what differs."""
    before = baseline.setup
    if before.metrics != setup.metrics:
        raise NotComparable(
            f"the baseline has metrics {before.metrics.get('version')} "
            f"({_listed(before.metrics.get('guards', ()))}), this version "
            f"{setup.metrics.get('version')} ({_listed(setup.metrics.get('guards', ()))}): "
            "renew it with wenju eval accept"
        )
    lone = sorted({o.id for o in baseline.outcomes} ^ {o.id for o in now})
    if lone or before.questions != setup.questions:
        what = (
            f"{len(lone)} questions are in one of them only ({_listed(lone)})"
            if lone
            else f"the same ids ask or expect something else ({before.questions} before, "
            f"{setup.questions} now)"
        )
        raise NotComparable(
            f"the question set is not the baseline's: {what}; "
            "renew the baseline with wenju eval accept, or give the set it was made with"
        )
    missing = sorted(set(before.documents) - set(setup.documents))
    added = sorted(set(setup.documents) - set(before.documents))
    if missing or added:
        lost = f"{len(missing)} documents are missing from the index ({_listed(missing)})"
        new = f"{len(added)} are new ({_listed(added)})"
        raise NotComparable(
            "; ".join(text for text, some in ((lost, missing), (new, added)) if some)
            + ": run wenju index; renew the baseline with wenju eval accept where it is meant"
        )
    other = [d for d, digest in before.documents.items() if setup.documents[d] != digest]
    stale = [d for d in other if files and files.get(d) == before.documents[d]]
    changed = sorted(set(other) - set(stale))
    if changed:
        raise NotComparable(
            f"{len(changed)} documents have other contents than the baseline's "
            f"({_listed(changed)}): renew it with wenju eval accept where that is meant"
        )
    if now and all(o.status == "error" for o in now):
        raise NotComparable(
            f"all {len(now)} questions failed, the first with {now[0].said}: mend that first"
        )
    if not now:
        raise NotComparable("the run holds no question: run it to its end first")
    return tuple(sorted(stale))


def _primary(pairs: Sequence[tuple[Outcome, Outcome]], clustered: bool, min_effect: float) -> Row:
    values = [(float(a.right), float(b.right), a.document or a.id) for a, b in pairs]
    row, _, sums = _row(PRIMARY, values, clustered)
    changes = [b - a for a, b, _ in values]
    spread = design_effect(changes, sums) if clustered else 1.0
    found = detectable_drop(row.n, row.worse + row.better, ALPHA_PRIMARY, min_effect, spread)
    return _decided(row, row.p, ALPHA_PRIMARY, found, min_effect, strict=False)


def _guards(
    pairs: Sequence[tuple[Outcome, Outcome]],
    clustered: bool,
    min_effect: float,
    strict: frozenset[str],
) -> tuple[Row, ...]:
    rows: list[tuple[Row, float, list[float]]] = []
    for name in GUARDS:
        values = [
            (a.values[name], b.values[name], a.document or a.id)
            for a, b in pairs
            if name in a.values and name in b.values
        ]
        if values:
            rows.append(_row(name, values, clustered))
    adjusted = holm([r.p for r, _, _ in rows], [s for _, s, _ in rows], ALPHA_GUARDS)
    counted = max(1, sum(s < ALPHA_GUARDS for _, s, _ in rows))
    return tuple(
        _decided(
            row,
            p,
            ALPHA_GUARDS,
            detectable_change(sums, row.n, 1.0, ALPHA_GUARDS / counted, min_effect),
            min_effect,
            row.name in strict,
        )
        for (row, _, sums), p in zip(rows, adjusted, strict=True)
    )


def _row(
    name: str, values: Sequence[tuple[float, float, str]], clustered: bool
) -> tuple[Row, float, list[float]]:
    """The row, the smallest p it could have, and the changes (by document where clustered)."""
    sign = 1.0 if is_better_higher(name) else -1.0
    changes = [sign * (after - before) for before, after, _ in values]
    sums = cluster_sums(changes, [c for _, _, c in values]) if clustered else changes
    worse, better = sum(c < 0 for c in changes), sum(c > 0 for c in changes)
    if clustered:
        test, p = "sign flip by document", p_lower(sums)
    elif is_share(name):
        test, p = "McNemar", p_worse(worse, better)
    else:
        test, p = "sign flip", p_lower(changes)
    n = len(values)
    row = Row(
        name=name,
        n=n,
        before=sum(v for v, _, _ in values) / n,
        after=sum(v for _, v, _ in values) / n,
        worse=worse,
        better=better,
        p=p,
        adjusted=p,
        alpha=ALPHA_PRIMARY,
        detectable=None,
        test=test,
    )
    return row, smallest_p(sums), sums


def _decided(
    row: Row,
    adjusted: float,
    alpha: float,
    detectable: float | None,
    min_effect: float,
    strict: bool,
) -> Row:
    from dataclasses import replace

    significant = adjusted <= alpha and row.drop >= min_effect - 1e-9 and row.drop > 0
    return replace(
        row,
        adjusted=adjusted,
        alpha=alpha,
        detectable=detectable,
        strict=strict,
        fires=significant or (strict and row.worse > 0),
    )


def _changed(before: Setup, now: Setup) -> tuple[tuple[str, str, str], ...]:
    rows = [("library", before.library, now.library)] if before.library != now.library else []
    for key in sorted({*before.settings, *now.settings}):
        old, new = before.settings.get(key, "-"), now.settings.get(key, "-")
        if old != new:
            rows.append((key, _text(old), _text(new)))
    return tuple(rows)


def _text(value: Any) -> str:
    return "none" if value is None else str(value)


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f", … {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
