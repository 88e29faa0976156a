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
        was, now_is = before.metrics.get("version"), setup.metrics.get("version")
        raise NotComparable(
            f"the baseline has metrics {was} ({_listed(before.metrics.get('guards', ()))}), this "
            f"version {now_is} ({_listed(setup.metrics.get('guards', ()))}): "
            "renew it with wenju eval accept",
            f"指标定义不同：基线是第 {was} 版，现在是第 {now_is} 版。用 wenju eval accept 更新基线",
        )
    lone = sorted({o.id for o in baseline.outcomes} ^ {o.id for o in now})
    if lone or before.questions != setup.questions:
        what = (
            f"{count(len(lone), 'question')} {_are(len(lone))} in one of them only "
            f"({_listed(lone)})"
            if lone
            else f"the same ids ask or expect something else ({before.questions} before, "
            f"{setup.questions} now)"
        )
        told = f"{len(lone)} 题只在其中一方（{_listed(lone)}）" if lone else "题目或标准答案改过"
        raise NotComparable(
            f"the question set is not the baseline's: {what}; "
            "renew the baseline with wenju eval accept, or give the set it was made with",
            f"问题集与基线的不同：{told}。更新基线（wenju eval accept），或用原来的问题集",
        )
    missing = sorted(set(before.documents) - set(setup.documents))
    added = sorted(set(setup.documents) - set(before.documents))
    if missing or added:
        lost = (
            f"{count(len(missing), 'document')} {_are(len(missing))} missing from the index "
            f"({_listed(missing)})"
        )
        new = f"{len(added)} {_are(len(added))} new ({_listed(added)})"
        gone = f"资料库里缺了 {len(missing)} 份文档（{_listed(missing)}）"
        more = f"多了 {len(added)} 份（{_listed(added)}）"
        raise NotComparable(
            "; ".join(text for text, some in ((lost, missing), (new, added)) if some)
            + ": run wenju index; renew the baseline with wenju eval accept where it is meant",
            "，".join(text for text, some in ((gone, missing), (more, added)) if some)
            + "。运行 wenju index；若本该如此，用 wenju eval accept 更新基线",
        )
    # Files that are not in the library as they are now: whatever the baseline knew of them.
    stale = [d for d, held in setup.documents.items() if files and files.get(d, held) != held]
    other = [d for d, digest in before.documents.items() if setup.documents[d] != digest]
    changed = sorted(set(other) - set(stale))
    if changed:
        has = "has" if len(changed) == 1 else "have"
        raise NotComparable(
            f"{count(len(changed), 'document')} {has} other contents than the baseline's "
            f"({_listed(changed)}): renew it with wenju eval accept where that is meant",
            f"{len(changed)} 份文档的内容与基线的不同（{_listed(changed)}）："
            "若本该如此，用 wenju eval accept 更新基线",
        )
    if now and all(o.status == "error" for o in now):
        raise NotComparable(
            f"all {len(now)} questions failed, the first with {now[0].said}: mend that first",
            f"{len(now)} 题全部出错，第一题：{now[0].said}。先解决它",
        )
    if not now:
        raise NotComparable(
            "the run holds no question: run it to its end first", "一题也没有问到：先运行完"
        )
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


def count(n: int, thing: str) -> str:
    """ "1 question", "2 questions"."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f", … {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
