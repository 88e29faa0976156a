"""When to be silent on one library, fitted on its users' own questions: calibration.json.

The judge's last step is refitted: probability = 1 / (1 + exp(-(scale · logit + offset))), where
`logit` is the shipped judge's. It holds for the judge that it was made with; after another is
installed the file is left out, and `wenju check` says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from index.calibration import CALIBRATION
from rag import answerability
from rag.answerability import Step
from rag.errors import BadCalibration
from rag.settings import AnswerabilitySettings

FORMAT = 1
_AGAIN = "run: wenju eval calibrate QUESTIONS, or remove it: wenju eval calibrate --remove"


@dataclass(frozen=True, slots=True)
class Calibration:
    """`risks` and `beyond`: (threshold, risk) pairs, thresholds ascending.

    `risks` are upper bounds that the questions attest, `beyond` the shipped judge's own for
    risks below those; the latter hold where a library is like its fitting data.
    """

    judge: str  # `judge_hash()` of the judge that it was made with
    reads_again: bool  # whether the reading model read the best sentences again
    questions: int
    unanswerable: int
    scale: float
    offset: float
    risks: tuple[tuple[float, float], ...]
    beyond: tuple[tuple[float, float], ...]

    def probability(self, logit: float) -> float:
        z = max(-50.0, min(50.0, self.scale * logit + self.offset))
        return round(1 / (1 + math.exp(-z)), 4)

    def threshold(self, settings: AnswerabilitySettings) -> float:
        """The least probability at which it answers."""
        if settings.min_confidence is not None:
            return settings.min_confidence
        return Step({}, 0.0, self.risks + self.beyond).threshold(settings.max_risk)

    def to_text(self) -> str:
        """The file: keys in order, a pair a line."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "judge": self.judge,
            "reads_again": self.reads_again,
            "questions": self.questions,
            "unanswerable": self.unanswerable,
            "scale": self.scale,
            "offset": self.offset,
        }
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}," for k, v in record.items()]
        for name, pairs in (("risks", self.risks), ("beyond", self.beyond)):
            rows = ",\n".join(f"    {json.dumps(pair)}" for pair in pairs)
            lines.append(f'  "{name}": [\n{rows}\n  ]' if rows else f'  "{name}": []')
            lines[-1] += "," if name == "risks" else ""
        return "{\n" + "\n".join(lines) + "\n}\n"


def parse(raw: bytes) -> Calibration | None:
    """None where there is no file. Raises BadCalibration for one that cannot be used."""
    if not raw:
        return None
    try:
        data: Mapping[str, Any] = json.loads(raw)
        if data["format"] != FORMAT:
            raise BadCalibration(
                f"{CALIBRATION} has format {data['format']}, this version reads {FORMAT}; {_AGAIN}"
            )
        found = Calibration(
            judge=str(data["judge"]),
            reads_again=bool(data["reads_again"]),
            questions=int(data["questions"]),
            unanswerable=int(data["unanswerable"]),
            scale=float(data["scale"]),
            offset=float(data["offset"]),
            risks=_pairs(data["risks"]),
            beyond=_pairs(data["beyond"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadCalibration(f"{CALIBRATION} cannot be read ({error}); {_AGAIN}") from error
    if not (math.isfinite(found.scale) and found.scale > 0 and math.isfinite(found.offset)):
        raise BadCalibration(
            f"{CALIBRATION}: scale {found.scale}, offset {found.offset}: scale must be above 0 "
            f"and both be numbers; {_AGAIN}"
        )
    if found.judge != judge_hash():
        raise BadCalibration(
            f"{CALIBRATION} was made with another judge ({found.judge[:19]}…, now "
            f"{judge_hash()[:19]}…) and is left out; {_AGAIN}"
        )
    return found


def usable(raw: bytes) -> Calibration | None:
    """As `parse`; None, too, for a file that cannot be used: `wenju check` says why."""
    try:
        return parse(raw)
    except BadCalibration:
        return None


@lru_cache(maxsize=1)
def judge_hash() -> str:
    """`sha256:…` of the shipped judge."""
    return "sha256:" + sha256(answerability.PATH.read_bytes()).hexdigest()


def _pairs(given: Any) -> tuple[tuple[float, float], ...]:
    pairs = tuple((float(t), float(r)) for t, r in given)
    if not all(0 <= t <= 1 and 0 <= r <= 1 for t, r in pairs):
        raise ValueError("a threshold or a risk lies outside 0 to 1")
    return pairs
