"""Fit the judge of answerability, whether what was found answers a question.

    python -m benchmarks.fit_judge --data FOLDER [--write]

FOLDER as in README.md: our own questions (tuning/T1, T2), the pairs of twins.py, and the public
sets that may be trained on. Cases are made by judge_cases.py: real ones, and answerable questions
without their evidence or about another year, place, company or unit.

Step «found»: a logistic regression over named features of what was found, five-fold by passage.
Step «read»: another over its held-out logit and the relevance that the reading model gives, fitted
on the fold that the model was not trained on. Each comes with risks by threshold, measured on the
real questions alone, where every sixth has no answer, most of them narrowly: half of the
pairs have none, so these count less. `--write` fits both on everything they may see and writes
rag/answerability.json.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.judge_cases import REAL, REMOVED, SWAPPED, Judged, own_sets, public_set, twin_sets
from index.segmenting import load_dictionary
from rag import answerability
from rag.ranking import score
from rag.rereading import reread
from rag.settings import ReadingSettings

Vector = npt.NDArray[np.float64]
FOLDS = 5
UNREAD_FOLD = 0  # of our own questions: the reading model was not trained on it
C = 0.03
# Made cases are many and easier than real ones in some ways, harder in others; the public sets are
# encyclopaedias. Chosen so that neither real nor made ones are given up.
WEIGHTS = {REAL: 1.0, REMOVED: 0.15, SWAPPED: 0.7}
PUBLIC_WEIGHT = 0.1
# The pairs are many: beside what was found they would drown our own questions, while a second
# reading is learnt best from them, too.
TWINS_WEIGHT, READ_TWINS_WEIGHT = 0.04, 0.5
NEAR_MISS = 0.18  # what a question of a pair without an answer counts where risks are measured
STEPS = 60  # thresholds that are told


def cases(data: Path, work: Path) -> list[Judged]:
    """All cases; kept in `work`, since finding them takes minutes."""
    path = work / "judge_cases.pickle"
    if path.is_file():
        with path.open("rb") as file:
            kept: list[Judged] = pickle.load(file)
        return kept
    found = list(own_sets(data / "tuning", ("T1", "T2")))
    found += twin_sets(data / "data")
    found += public_set(data / "data", "cmrc2018", "trial", 350)
    found += public_set(data / "data", "drcd", "dev", 350)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(found, file)
    return found


def rows_of(found: Sequence[Judged]) -> tuple[Vector, Vector]:
    """Features of what was found; and (first, top) relevance, NaN where it may not be used."""
    depth = ReadingSettings().reread
    rows, said = [], []
    for case in found:
        scores = score(case.retrieval)
        described = answerability.describe(case.retrieval, scores)
        rows.append(np.zeros(len(answerability.NAMES)) if described is None else described)
        relevances: list[float] = []
        if case.set_name.startswith(("T", "twins")) and case.fold == UNREAD_FOLD:
            _, judgements = reread(case.retrieval, scores, depth)
            relevances = [j.relevance for j in judgements.values()]
        said.append([relevances[0], max(relevances)] if relevances else [np.nan, np.nan])
    return np.array(rows), np.array(said)


def fitted(rows: Vector, labels: Vector, weights: Vector) -> tuple[Vector, float]:
    """Weights per unit of each feature, and the bias."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    model = LogisticRegression(C=C, max_iter=5000)
    model.fit((rows - mean) / scale, labels, sample_weight=weights)
    found = model.coef_[0] / scale
    return found, float(model.intercept_[0] - found @ mean)


def risks(
    logits: Vector, labels: npt.NDArray[np.bool_], counts: Vector
) -> list[tuple[float, float]]:
    """(probability, share of the answers at or above it that had none), thresholds ascending.

    `counts`: what each question weighs. Made monotone from above, so that a higher threshold never
    seems riskier by chance.
    """
    p = 1 / (1 + np.exp(-logits))
    cuts = np.unique(np.quantile(p, np.linspace(0, 0.97, STEPS)).round(4))
    told = [
        (float(c), float(np.average(~labels[p >= c], weights=counts[p >= c])))
        for c in cuts
        if (p >= c).any()
    ]
    worst, out = 0.0, []
    for threshold, risk in reversed(told):
        worst = max(worst, risk)
        out.append((threshold, round(worst, 4)))
    return out[::-1]


@dataclass(frozen=True, slots=True)
class Step:
    """Logits of cases, and how they tell questions with an answer from those without."""

    name: str
    logits: Vector
    labels: npt.NDArray[np.bool_]
    counts: Vector
    risk: list[tuple[float, float]]

    def tell(self, real: Any, groups: dict[str, Any], kinds: npt.NDArray[np.str_]) -> None:
        error = expected_error(self.logits[real], self.labels[real], self.counts[real])
        print(f"{self.name}: calibration error {error:.3f} on {int(real.sum())} real questions")
        p = 1 / (1 + np.exp(-self.logits))
        for group, places in groups.items():
            has, none = places & self.labels, places & ~self.labels
            auroc = roc_auc_score(self.labels[places], self.logits[places])
            print(f"  {group}: {int(has.sum())} with and {int(none.sum())} without an answer")
            print(f"    AUROC {auroc:.3f}", end="")
            for share in (0.05, 0.10):
                cut = np.quantile(self.logits[has], share)
                rejected = (self.logits[none] < cut).mean()
                print(f", at false abstention {share:.2f} rejected {rejected:.3f}", end="")
            print()
            for wanted in (0.05, 0.1, 0.15):
                cut = next((t for t, r in self.risk if r <= wanted), 1.0)
                print(
                    f"    max_risk {wanted:.2f}: threshold {cut:.3f}, "
                    f"rejected {(p[none] < cut).mean():.3f}, "
                    f"false abstention {(p[has] < cut).mean():.3f}"
                )
        cut = next((t for t, r in self.risk if r <= 0.1), 1.0)
        for kind in (REMOVED, SWAPPED):
            some = (kinds == kind) & ~self.labels
            if some.any():
                print(f"  {kind}: {(p[some] < cut).mean():.3f} rejected at max_risk 0.10")


def expected_error(logits: Vector, labels: Any, counts: Vector, bins: int = 10) -> float:
    """Calibration error over ten bins of equally many questions, weighted as `counts` says."""
    p = 1 / (1 + np.exp(-logits))
    apart = [
        counts[i].sum()
        * abs(np.average(p[i], weights=counts[i]) - np.average(labels[i], weights=counts[i]))
        for i in np.array_split(np.argsort(p), bins)
    ]
    return float(sum(apart) / counts.sum())


def calibrated_by(logits: Vector, labels: Any, counts: Vector) -> tuple[float, float]:
    """(scale, offset) of a logit that says how many of such questions have an answer."""
    found = LogisticRegression(C=1e6).fit(logits[:, None], labels, sample_weight=counts)
    return float(found.coef_[0, 0]), float(found.intercept_[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks/judge"))
    parser.add_argument("--write", action="store_true", help="write rag/answerability.json")
    options = parser.parse_args()
    load_dictionary()
    found = cases(options.data, options.work)
    rows, said = rows_of(found)
    labels = np.array([c.answerable for c in found])
    kinds = np.array([c.kind for c in found])
    folds = np.array([c.fold for c in found])
    ours = np.array([c.set_name.startswith("T") for c in found])
    pairs = np.array([c.set_name.startswith("twins") for c in found])
    by_kind = np.array([WEIGHTS[c.kind] for c in found])
    weights = by_kind * np.select([ours, pairs], [1.0, TWINS_WEIGHT], PUBLIC_WEIGHT)
    counts = np.where(pairs & ~labels, NEAR_MISS, 1.0)
    logits = np.zeros(len(found))
    for fold in range(FOLDS):
        held = folds == fold
        weight, bias = fitted(rows[~held], labels[~held], weights[~held])
        logits[held] = rows[held] @ weight + bias
    real = (ours | pairs) & (kinds == REAL)
    scale, offset = calibrated_by(logits[real], labels[real], counts[real])
    calibrated = scale * logits + offset
    risk_found = risks(calibrated[real], labels[real], counts[real])
    step = Step("found", calibrated, labels, counts, risk_found)
    step.tell(real, {"T1, T2": ours & real, "pairs": pairs & real}, kinds)

    usable = ~np.isnan(said[:, 0])
    beside = np.c_[calibrated, said][usable]
    counted = (by_kind * np.where(pairs, READ_TWINS_WEIGHT, 1.0))[usable]
    read = LogisticRegression(C=1.0).fit(beside, labels[usable], sample_weight=counted)
    second = beside @ read.coef_[0] + read.intercept_[0]
    unread = real[usable]
    again = calibrated_by(second[unread], labels[usable][unread], counts[usable][unread])
    second = again[0] * second + again[1]
    risk_read = risks(second[unread], labels[usable][unread], counts[usable][unread])
    step = Step("read", second, labels[usable], counts[usable], risk_read)
    step.tell(
        unread,
        {"T1, T2": (ours & real)[usable], "pairs": (pairs & real)[usable]},
        kinds[usable],
    )
    if options.write:
        weight, bias = fitted(rows, labels, weights)
        names = dict(zip(answerability.NAMES, (scale * weight).round(4).tolist(), strict=True))
        coef = again[0] * read.coef_[0]
        last = again[0] * read.intercept_[0] + again[1]
        ship = {
            "format": 2,
            "fitted_on": f"{len(found)} cases; risks on {int(real.sum())} real questions",
            "found": {
                "weights": names,
                "bias": round(scale * bias + offset, 4),
                "risks": risk_found,
            },
            "read": {
                "weights": dict(
                    zip(("found", "first", "top"), coef.round(4).tolist(), strict=True)
                ),
                "bias": round(float(last), 4),
                "risks": risk_read,
            },
        }
        answerability.PATH.write_text(json.dumps(ship, indent=1) + "\n", "utf-8")
        print(f"written: {answerability.PATH.name}")


if __name__ == "__main__":
    main()
