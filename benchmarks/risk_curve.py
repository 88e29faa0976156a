"""What more care costs and saves: the curve that the settings of the page show.

    wenju eval run builtin --out run.jsonl --set answerability.min_confidence=0
    python benchmarks/risk_curve.py run.jsonl > ui/web/static/risk.json

A point is a threshold: the share of answerable questions that are answered, and the share of those
that the documents do not answer and that are answered all the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LEVELS = {"bold": 0.25, "strict": 0.75}  # as in chat.js; balanced is the calibrated threshold
QUESTIONS = Path(__file__).parents[1] / "evals" / "data" / "questions"


def main() -> None:
    from rag.answerability import shipped

    answerable = {
        record["id"]: record["answerable"]
        for path in sorted(QUESTIONS.glob("*.jsonl"))
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    rows = [
        (answerable[r["id"]], 1.0 if r["confidence"] is None else r["confidence"])
        for r in map(json.loads, lines)
    ]

    def point(threshold: float) -> dict[str, float]:
        sides = {
            name: [confidence >= threshold for is_there, confidence in rows if is_there is wanted]
            for name, wanted in (("answered", True), ("wrong", False))
        }
        return {name: round(sum(side) / len(side), 4) for name, side in sides.items()}

    curve = {
        "questions": len(rows),
        "points": [point(n / 20) for n in range(21)],
        "levels": {name: point(t) for name, t in LEVELS.items()}
        | {"balanced": point(shipped().threshold)},
    }
    json.dump(curve, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
