"""Verbatim: the share of citations whose quote occurs in the document they name.

White space, width and case aside; each part of a quote that skips something must occur. Counted
over citations, not over answers. `offsets` asks more: that the quote is character for character
what stands at the spans the citation gives.
Our own invariants, measured against the documents and not against the answering code.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric


def n_citations(case: Case) -> float:
    return float(len(case.checks))


def _verbatim(case: Case) -> float | None:
    return sum(c.verbatim for c in case.checks) / len(case.checks) if case.checks else None


def _offsets(case: Case) -> float | None:
    return sum(c.offsets for c in case.checks) / len(case.checks) if case.checks else None


VERBATIM = Metric("verbatim", _verbatim, weight=n_citations)
OFFSETS = Metric("offsets", _offsets, weight=n_citations)
