"""`wenju eval calibrate`: when to be silent on one library, refitted on questions of one's own.

Two numbers are fitted, the scale and offset of the judge's logit (Platt scaling), held near the
judge as it ships: with few questions little moves. Thresholds follow from what the questions
attest. What is told of the result is cross-validated: each question is decided by a fit on others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evals.errors import TooFewQuestions
from evals.running import DEFAULT_AS_OF, Progress
from evals.schema import Question
from rag.answerability import Step, shipped
from rag.calibration import Calibration, judge_hash
from rag.settings import AnswerabilitySettings, RagSettings

MIN_QUESTIONS = 30
MIN_OF_A_KIND = 5  # with an answer, and without
CERTAINTY = 0.9  # of an upper bound
RISKS = (0.05, 0.1, 0.2)
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SCALE_SD, _OFFSET_SD = 0.5, 1.0  # how far from 1 and 0 they are thought to lie
_LEAST_SCALE = 0.05
_CUTS = 24  # thresholds that are tried
_MOST_FOLDS = 100

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the shipped judge says of a question."""

    id: str
    answerable: bool
    logit: float
    is_absent: bool  # silent whatever the probability: something asked about is nowhere


@dataclass(frozen=True, slots=True)
class Gathered:
    asked: tuple[Asked, ...]
    left_out: tuple[str, ...]  # ids: not judged (greetings, questions on the catalogue), or failed
    reads_again: bool


@dataclass(frozen=True, slots=True)
class At:
    """What happens at one max_risk; `threshold` of the fit on all questions."""

    max_risk: float
    threshold: float
    answered: int
    wrong: int  # answers to questions that have none
    rejected: float  # of the unanswerable
    false_abstention: float  # of the answerable
    attested: bool = True  # the risk is one that the questions can bound


@dataclass(frozen=True, slots=True)
class Calibrated:
    calibration: Calibration
    before: tuple[At, ...]
    after: tuple[At, ...]  # cross-validated
    coverage: tuple[tuple[float, float, float], ...]  # share answered, risk before, risk after
    log_loss: tuple[float, float]  # before, after; less is better
    more: tuple[tuple[float, int | None], ...]  # max_risk, how many more questions attest it


def gather(
    questions: Sequence[Question],
    library: Path,
    settings: RagSettings,
    *,
    as_of: date | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Gathered:
    """Ask them all, quotes only. One that fails is left out."""
    from index.store import open_library
    from rag.answering import Answerer
    from rag.llm_settings import LlmSettings

    day = as_of or date.fromisoformat(DEFAULT_AS_OF)
    asked: list[Asked] = []
    left_out: list[str] = []
    reads_again = settings.reading.reread > 0
    with open_library(library) as opened:
        answerer = Answerer(opened, replace(settings, llm=LlmSettings()))
        for number, question in enumerate(questions, 1):
            try:
                _, found = answerer.explained(
                    question.question,
                    as_of=date.fromisoformat(question.as_of) if question.as_of else day,
                    history=[(turn.question, turn.answer) for turn in question.history],
                    limit=0,
                )
            except Exception:  # any bug of what is asked: one question never ends a run
                found = None
            judged = found.judged if found else None
            if judged is None or judged.logit is None:
                left_out.append(question.id)
            else:
                one = Asked(question.id, question.answerable, judged.logit, judged.is_absent)
                asked.append(one)
            if on_progress:
                on_progress(Progress(number, len(questions), question.id))
    return Gathered(tuple(asked), tuple(left_out), reads_again)


def calibrate(gathered: Gathered) -> Calibrated:
    """Raises TooFewQuestions, saying how many more are needed."""
    asked = gathered.asked
    labels = np.array([a.answerable for a in asked], dtype=bool)
    _enough(labels)
    logits = np.array([a.logit for a in asked])
    free = np.array([not a.is_absent for a in asked])
    step = shipped().read if gathered.reads_again else shipped().found
    made = _made(logits, labels, free, step, gathered.reads_again)

    thresholds = {r: step.threshold(r) for r in RISKS}
    plain = _sigmoid(logits)
    before = tuple(
        _at(r, t, (plain >= t) & free, labels, attested=True) for r, t in thresholds.items()
    )
    after_p = np.zeros(len(asked))
    given = {r: np.zeros(len(asked), dtype=bool) for r in RISKS}
    for held in _folds(len(asked)):
        kept = ~held
        other = _made(logits[kept], labels[kept], free[kept], step, gathered.reads_again)
        after_p[held] = _sigmoid(other.scale * logits[held] + other.offset)
        for risk, decided in given.items():
            decided[held] = (after_p[held] >= _threshold(other, risk)) & free[held]
    least = min((r for _, r in made.risks), default=1.0)
    after = tuple(_at(r, _threshold(made, r), given[r], labels, attested=least <= r) for r in RISKS)
    ranks = [np.argsort(-np.where(free, p, -1.0), kind="stable") for p in (plain, after_p)]
    coverage = []
    for share in COVERAGES:
        n = max(1, round(share * len(asked)))
        coverage.append((share, *(float((~labels[order[:n]]).mean()) for order in ranks)))
    return Calibrated(
        made,
        before,
        after,
        tuple(coverage),  # type: ignore[arg-type]
        (_log_loss(plain, labels), _log_loss(after_p, labels)),
        tuple((r, _more(made, logits, labels, free, r)) for r in RISKS),
    )


def upper_bound(wrong: int, n: int) -> float:
    """Of a share of which `wrong` of `n` were seen, with `CERTAINTY`; n = 0 gives 1.

    Source: Clopper & Pearson, Biometrika 26, 1934, one-sided.
    """
    return _upper_bound(wrong, n)


@lru_cache(maxsize=100_000)
def _upper_bound(wrong: int, n: int) -> float:
    if wrong >= n:
        return 1.0
    low, high = wrong / n, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        at_most = sum(
            math.exp(
                math.lgamma(n + 1)
                - math.lgamma(i + 1)
                - math.lgamma(n - i + 1)
                + i * math.log(middle)
                + (n - i) * math.log1p(-middle)
            )
            for i in range(wrong + 1)
        )
        low, high = (middle, high) if at_most > 1 - CERTAINTY else (low, middle)
    return high


def platt(logits: Vector, labels: Flags) -> tuple[float, float]:
    """(scale, offset) of most posterior probability, normal priors around 1 and 0.

    Source: Platt 1999; the priors keep few questions from moving much.
    """
    wanted = labels.astype(np.float64)
    at, middle = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    precision = np.array([_SCALE_SD**-2, _OFFSET_SD**-2])
    columns = np.c_[logits, np.ones(len(logits))]

    def loss(point: Vector) -> float:
        z = columns @ point
        fit = np.logaddexp(0, z).sum() - wanted @ z
        return float(fit + (precision * (point - middle) ** 2).sum() / 2)

    for _ in range(50):
        p = _sigmoid(columns @ at)
        gradient = columns.T @ (p - wanted) + precision * (at - middle)
        curve = (columns * (p * (1 - p))[:, None]).T @ columns + np.diag(precision)
        change = np.linalg.solve(curve, gradient)
        length = 1.0
        while loss(at - length * change) > loss(at) and length > 1e-6:
            length /= 2
        at = at - length * change
        if np.abs(length * change).max() < 1e-9:
            break
    return float(max(at[0], _LEAST_SCALE)), float(at[1])


def _made(logits: Vector, labels: Flags, free: Flags, step: Step, reads_again: bool) -> Calibration:
    scale, offset = (round(v, 4) for v in platt(logits, labels))
    p = _sigmoid(scale * logits + offset).round(4)
    risks = _attested(p[free], labels[free])
    least = min((r for _, r in risks), default=1.0)
    last = max((t for t, _ in risks), default=0.0)
    # Risks that so few questions cannot bound: the shipped thresholds, as the new scale has them,
    # and never below the strictest of one's own.
    beyond = []
    for threshold, risk in step.risks:
        if risk < least and 0 < threshold < 1:
            z = scale * math.log(threshold / (1 - threshold)) + offset
            beyond.append((round(max(last, float(_sigmoid(np.array(z)))), 4), risk))
    return Calibration(
        judge_hash(), reads_again, len(labels), int((~labels).sum()), scale, offset,
        risks, tuple(beyond),
    )  # fmt: skip


def _attested(p: Vector, labels: Flags) -> tuple[tuple[float, float], ...]:
    """Thresholds and upper bounds of the risk there: less risk at each than at the one before.

    A bound at a threshold holds above it, too: what is more probable is not riskier.
    """
    if not len(p):
        return ()
    out: list[tuple[float, float]] = []
    for cut in np.unique(np.quantile(p, np.linspace(0, 0.9, _CUTS), method="lower")):
        bound = round(upper_bound(int((~labels[p >= cut]).sum()), int((p >= cut).sum())), 4)
        if not out or bound < out[-1][1]:
            out.append((float(cut), bound))
    return tuple(out)


def _threshold(made: Calibration, risk: float) -> float:
    return made.threshold(AnswerabilitySettings(max_risk=risk))


def _at(risk: float, threshold: float, given: Flags, labels: Flags, *, attested: bool) -> At:
    return At(
        risk,
        threshold,
        int(given.sum()),
        int((given & ~labels).sum()),
        float((~given[~labels]).mean()),
        float((~given[labels]).mean()),
        attested,
    )


def _folds(n: int) -> list[Flags]:
    """Each question alone, or in one of a hundred parts."""
    parts = np.arange(n) % min(n, _MOST_FOLDS)
    return [parts == i for i in range(min(n, _MOST_FOLDS))]


def _more(made: Calibration, logits: Vector, labels: Flags, free: Flags, risk: float) -> int | None:
    """Questions of the same sort that it takes beyond these to attest a risk; 0 if they do.

    None where even ten times as many would not: the judge tells these apart too badly.
    """
    if any(r <= risk for _, r in made.risks):
        return 0
    p = _sigmoid(made.scale * logits + made.offset).round(4)
    cuts = np.unique(np.quantile(p[free], np.linspace(0, 0.9, _CUTS), method="lower"))
    seen = [(int((~labels[g]).sum()), int(g.sum())) for c in cuts if (g := (p >= c) & free).any()]
    for tenths in range(11, 101):
        if any(upper_bound(math.ceil(k * tenths / 10), n * tenths // 10) <= risk for k, n in seen):
            return math.ceil(len(labels) * (tenths - 10) / 10)
    return None


def _enough(labels: Flags) -> None:
    n, silent = len(labels), int((~labels).sum())
    advice = "50 to 100 do well, a third of them without an answer in the documents"
    if n < MIN_QUESTIONS:
        raise TooFewQuestions(
            f"{n} questions, at least {MIN_QUESTIONS} are needed: "
            f"add {MIN_QUESTIONS - n} or more; {advice}"
        )
    for kind, count in (("without", silent), ("with", n - silent)):
        if count < MIN_OF_A_KIND:
            raise TooFewQuestions(
                f"{count} of the {n} questions are {kind} an answer, at least {MIN_OF_A_KIND} are "
                f"needed: add {MIN_OF_A_KIND - count} or more; {advice}"
            )


def _sigmoid(z: Vector) -> Vector:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -50, 50))))


def _log_loss(p: Vector, labels: Flags) -> float:
    right = np.where(labels, p, 1 - p)
    return float(-np.log(np.clip(right, 1e-6, 1)).mean())
