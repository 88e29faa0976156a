"""What a question came to, small enough for a baseline: a verdict, the answer, a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.case import Case
from evals.errors import BadBaseline
from evals.metrics import METRICS
from evals.metrics.base import Metric
from evals.metrics.truthfulness import is_right

# Counted up when a metric's definition changes: values of before and after are not the same thing.
METRICS_VERSION = 1

# What is decided on: right, or silent where silence is right.
PRIMARY = "right"

# What is watched beside it, with a small share of the false alarms: each names a kind of fault.
GUARDS = (
    "rejected", "false_abstention", "failed", "evidence_any", "cited", "verbatim", "offsets",
    "place", "gold_place", "recall", "ndcg@10",
)  # fmt: skip

_BY_NAME: dict[str, Metric] = {m.name: m for m in METRICS}
ANSWER_CHARS = 160  # of an answer that a baseline keeps: enough to see what it said
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question of one run. `values` holds the guards that apply to it."""

    id: str
    question: str
    type: str
    document: str  # it is counted under; "" for none
    gold: tuple[str, ...]
    status: str
    right: bool
    said: str  # the answer's beginning in one line, or why there is none
    confidence: float | None
    values: Mapping[str, float] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "question": self.question,
            "type": self.type,
            "document": self.document,
            "gold": list(self.gold),
            "status": self.status,
            "right": self.right,
            "said": self.said,
            "confidence": self.confidence,
            "values": dict(self.values),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Outcome:
        """Raises BadBaseline for what is none."""
        try:
            confidence = record["confidence"]
            return cls(
                id=str(record["id"]),
                question=str(record["question"]),
                type=str(record["type"]),
                document=str(record["document"]),
                gold=tuple(str(g) for g in record["gold"]),
                status=str(record["status"]),
                right=bool(record["right"]),
                said=str(record["said"]),
                confidence=None if confidence is None else float(confidence),
                values={str(k): float(v) for k, v in record["values"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadBaseline(
                f"question {record.get('id', '?')} is broken ({type(error).__name__}: {error}): "
                "take the file from git again, or renew it with wenju eval accept"
            ) from error


def outcome(case: Case) -> Outcome:
    """What a baseline keeps of an answered question, and the gate looks at."""
    from evals.reporting import said

    values = {name: _BY_NAME[name].of(case) for name in GUARDS}
    text = said(case)
    return Outcome(
        id=case.question.id,
        question=case.question.question,
        type=case.question.type,
        document=case.question.document,
        gold=case.question.answers,
        status=case.status,
        right=is_right(case),
        said=text if len(text) <= ANSWER_CHARS else text[: ANSWER_CHARS - 1] + "…",
        confidence=None if case.confidence is None else round(case.confidence, 3),
        values={k: round(v, _DIGITS) for k, v in values.items() if v is not None},
    )


def outcomes(cases: Sequence[Case]) -> tuple[Outcome, ...]:
    """In the order of the cases; () for none."""
    return tuple(outcome(case) for case in cases)


def is_better_higher(name: str) -> bool:
    return name == PRIMARY or _BY_NAME[name].higher_is_better is not False


def is_share(name: str) -> bool:
    """Whether its values are 0 and 1, so that an exact test fits."""
    return name == PRIMARY or _BY_NAME[name].binary
