"""Tokens and cost per question, over the questions whose record says what was used.

Tokens: `prompt_tokens` + `completion_tokens` of the record's `usage`. Cost: its `cost` where the
server gives one, in whatever currency the settings price in. Offline engines use none.
Our own definition; the keys are those of OpenAI-compatible servers.
"""

from __future__ import annotations

from collections.abc import Mapping

from evals.case import Case
from evals.metrics.base import Metric


def _usage(case: Case) -> Mapping[str, float]:
    return case.record.get("usage") or {}


def _tokens(case: Case) -> float | None:
    usage = _usage(case)
    counts = [usage[k] for k in ("prompt_tokens", "completion_tokens") if k in usage]
    return float(sum(counts)) if counts else None


def _cost(case: Case) -> float | None:
    value = _usage(case).get("cost")
    return None if value is None else float(value)


TOKENS = Metric("tokens", _tokens, higher_is_better=False, digits=0)
COST = Metric("cost", _cost, higher_is_better=False, digits=5)
