"""Latency: median and 95th percentile of the total time per question, in milliseconds.

Percentiles by linear interpolation between order statistics (type 7, NumPy's default).
Source: Hyndman & Fan, The American Statistician, 1996.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evals.case import Case
from evals.metrics.base import SetMetric


def percentile(values: Sequence[float], share: float) -> float:
    """`share` from 0 to 1. Raises ValueError without values."""
    if not values:
        raise ValueError("percentile of no values")
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _at(share: float) -> Callable[[Sequence[Case]], float | None]:
    def of(cases: Sequence[Case]) -> float | None:
        totals = [float(c.timings_ms["total"]) for c in cases if "total" in c.timings_ms]
        return percentile(totals, share) if totals else None

    return of


P50 = SetMetric("latency_p50_ms", _at(0.5), digits=1)
P95 = SetMetric("latency_p95_ms", _at(0.95), digits=1)
