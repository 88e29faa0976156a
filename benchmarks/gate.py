"""How often the gate of `wenju eval gate` fires: without any real change, and with one.

    python benchmarks/gate.py [--draws 1000] > gate.md

Pairs of runs are drawn and given to the gate itself, guards and all. Without a real change a share
of the questions turns (the churn), each to either side with the same chance; guards turn with their
question or on their own. With one, the drop that the gate has printed for the pair before is added.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Sequence

import numpy as np

from evals.baseline import Baseline, Setup
from evals.gating import ALPHA_GUARDS, ALPHA_PRIMARY, MIN_EFFECT, Gate, gate
from evals.outcomes import Outcome

SETUP = Setup("questions", {}, "library", {})
SIZES, CHURNS = (100, 200, 500), (0.05, 0.10, 0.20)
UNANSWERABLE = 0.25
PER_DOCUMENT = 5  # questions


def draw(
    n: int, churn: float, drop: float, rng: np.random.Generator, together: bool
) -> tuple[list[Outcome], list[Outcome]]:
    """A run before and after. `together`: what turns in a document turns to the same side."""
    before, after = [], []
    sides = rng.random(n // PER_DOCUMENT + 1) < 0.5
    for i in range(n):
        document = i // PER_DOCUMENT

        def turn(rate: float, document: int = document) -> int:
            """1: only before, -1: only after, 0: neither."""
            if rng.random() >= rate:
                return 0
            return 1 if (sides[document] if together else rng.random() < 0.5) else -1

        turned = 1 if rng.random() < drop else turn(churn / (1 - drop) if drop < 1 else 0)
        held = bool(rng.random() < 0.6)
        right = (turned > 0, turned < 0) if turned else (held, held)
        values: list[dict[str, float]] = [{}, {}]
        if rng.random() < UNANSWERABLE:
            for side in (0, 1):
                values[side]["rejected"] = float(right[side])
        else:
            loose = {"evidence_any": 0.5, "recall": 0.5, "false_abstention": 0.5}
            for name, rate in (loose | {"gold_place": 0.1}).items():
                follows = turned if rng.random() < 0.7 else turn(rate * churn)
                for side in (0, 1):
                    sign = follows if name != "false_abstention" else -follows
                    flips = (sign > 0, sign < 0)
                    values[side][name] = float(flips[side] if follows else held)
            for name, rate in {"offsets": 0.0, "place": 0.1, "cited": 0.1}.items():
                lost = turn(rate * churn)
                for side in (0, 1):
                    values[side][name] = float((lost > 0, lost < 0)[side] if lost else 1)
            moved = turn(churn * 2) * rng.random() / 2
            values[0]["ndcg@10"], values[1]["ndcg@10"] = 0.5 + moved, 0.5 - moved
        for run, ok, found in zip((before, after), right, values, strict=True):
            run.append(Outcome(str(i), "", "", f"d{document}", (), "answered", ok, "", None, found))
    return before, after


def decide(runs: tuple[Sequence[Outcome], Sequence[Outcome]]) -> Gate:
    return gate(Baseline(SETUP, tuple(runs[0])), SETUP, runs[1])


def measured(n: int, churn: float, draws: int, rng: np.random.Generator, together: bool) -> str:
    quiet = [decide(draw(n, churn, 0.0, rng, together)) for _ in range(draws)]
    printed = [g.primary.detectable for g in quiet if g.primary.detectable is not None]
    fires = [
        decide(draw(n, churn, drop, rng, together)).verdict == 1 for drop in printed[: draws // 2]
    ]
    naive = [g.primary.change <= -0.02 + 1e-9 for g in quiet]
    alone = [g.primary.fires for g in quiet]
    row = [np.mean([g.verdict == 1 for g in quiet]), np.mean(alone), np.mean(naive)]
    shares = " | ".join(f"{x:.1%}" for x in row)
    return f"| {n} | {churn:.0%} | {shares} | {np.mean(printed):.1%} | {np.mean(fires):.1%} |"


def single(draws: int) -> list[str]:
    """The designs that were compared, on the primary metric alone: 200 questions, 10 % churn."""
    from evals.power import p_worse

    rng = np.random.default_rng(7)
    found = []
    for n in SIZES:
        for churn in CHURNS:
            pairs = rng.multinomial(n, [churn / 2, churn / 2, 1 - churn], size=draws)
            p = np.array([p_worse(int(b), int(f)) for b, f, _ in pairs])
            # Mid-p: half of the observed table's own chance is left out.
            mid = np.array(
                [(p_worse(int(b), int(f)) + p_worse(int(b) + 1, int(f) - 1)) / 2 if f else
                 p_worse(int(b), int(f)) / 2 if b else 1.0 for b, f, _ in pairs]
            )  # fmt: skip
            cells = [np.mean(p <= a) for a in (0.05, ALPHA_PRIMARY)] + [np.mean(mid <= 0.05)]
            found.append(f"| {n} | {churn:.0%} | " + " | ".join(f"{c:.1%}" for c in cells) + " |")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20260630)
    args = parser.parse_args()
    started = time.process_time()
    rng = np.random.default_rng(args.seed)
    print("# How often the gate fires\n")
    print(f"`python benchmarks/gate.py --draws {args.draws}`: pairs of runs are drawn and given to")
    print(f"the gate itself, with its {ALPHA_PRIMARY:.1%} for `right` and {ALPHA_GUARDS:.1%} for")
    print(
        f"all guards together, and a minimum effect of {MIN_EFFECT:.0%}. {PER_DOCUMENT} questions"
    )
    print("a document. *False alarms*: nothing has really changed, only the churn. *Naive*: a gate")
    print("that fails where two points fewer are right. *Fires*: a true drop as large as the one")
    print("that was printed as detectable, on top of the churn.")
    for together, title in ((False, "Questions turn one by one"), (True, "Documents turn whole")):
        print(f"\n## {title}\n")
        print("| questions | churn | false alarms | of `right` alone | naive | printed | fires |")
        print("|---:|---:|---:|---:|---:|---:|---:|")
        for n in SIZES:
            for churn in CHURNS:
                print(measured(n, churn, args.draws, rng, together), flush=True)
    print("\n## Tests compared\n\nFalse alarms on `right` alone.\n")
    print(
        "| questions | churn | exact, 5 % | exact, 3.5 % | mid-p, 5 % |\n|---:|---:|---:|---:|---:|"
    )
    print("\n".join(single(20 * args.draws)))
    print(
        f"\n{time.process_time() - started:.0f} s of processor time, {platform.machine()}, ", end=""
    )
    print(f"Python {platform.python_version()}.")


if __name__ == "__main__":
    main()
