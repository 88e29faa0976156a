"""What more care costs and saves: the curve that the settings of the page show.

    wenju eval run builtin --out run.jsonl --max-risk 0.99
    python benchmarks/risk_curve.py run.jsonl > ui/web/static/risk.json

A point is a threshold: the share of answerable questions that are answered, and the share of those
that the documents do not answer and that are answered all the same. At a risk of .99 only what
names something absent is silent, as it is at every threshold.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LEVELS = {"bold": 0.2, "balanced": 0.1, "strict": 0.05}  # max_risk, as in chat.js
QUESTIONS = Path(__file__).parents[1] / "evals" / "data" / "questions"


def main() -> None:
    from rag.answerability import shipped

    answerable = {
        record["id"]: record["answerable"]
        for path in sorted(QUESTIONS.glob("*.jsonl"))
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    rows = [(answerable[r["id"]], _confidence(r)) for r in map(json.loads, lines)]

    def point(threshold: float) -> dict[str, float]:
        sides = {
            name: [confidence >= threshold for is_there, confidence in rows if is_there is wanted]
            for name, wanted in (("answered", True), ("wrong", False))
        }
        return {name: round(sum(side) / len(side), 4) for name, side in sides.items()}

    curve = {
        "questions": len(rows),
        "points": [point(n / 20) for n in range(21)],
        "levels": {name: point(shipped().read.threshold(r)) for name, r in LEVELS.items()},
    }
    json.dump(curve, sys.stdout)
    sys.stdout.write("\n")


def _confidence(record: dict[str, Any]) -> float:
    """-1 for a silence; 1 for what is told of the documents themselves."""
    if record["status"] != "answered":
        return -1.0
    given: float | None = record["confidence"]
    return 1.0 if given is None else given


if __name__ == "__main__":
    main()
