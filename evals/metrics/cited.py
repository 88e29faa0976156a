"""Cited: the share of statements that carry at least one citation that is there.

Counted over statements. Our own invariant: always 1 unless something is broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.case import Case
from evals.metrics.base import Metric


def _statements(case: Case) -> list[Mapping[str, Any]]:
    return list(case.record.get("statements") or ())


def _n_statements(case: Case) -> float:
    return float(len(_statements(case)))


def _of(case: Case) -> float | None:
    statements = _statements(case)
    numbers = {c.get("n") for c in case.citations}
    good = [bool(numbers.intersection(s.get("citations") or ())) for s in statements]
    return sum(good) / len(good) if good else None


CITED = Metric("cited", _of, weight=_n_statements)
