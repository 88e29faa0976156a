"""Fit the choice of short answers, and measure it on what it was not fitted on.

    python benchmarks/fit_short_answers.py --data FOLDER [--write]

FOLDER holds tuning/T1.jsonl and T2.jsonl with their passages, and data/ with the permitted reading
sets (cmrc2018 trial, drcd dev; cmrc2018 dev is only reported on). A case is a question and the
sentence its answer stands in, or another of the passage, where «none» is right. The right
candidates are those that equal a gold string, words of degree aside. What is reported: exact match
and character F1 (SQuAD's) of the best candidate, of all cases and of those above the threshold.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from index.chunking import split_sentences
from index.schema import Block, BlockKind, Document, Span
from index.segmenting import key, load_dictionary
from index.thesaurus import shipped as thesaurus
from rag import background, short_answers
from rag.asking import ONE_THING, Asked, asked_of
from rag.normalising import normalise
from rag.short_answers import SpanModel, candidates_of
from rag.span_features import describe
from rag.terms import Concept, concepts_of

AS_OF = date(2026, 1, 31)
FOLDS = 5
L2 = 1.5
OTHERS = 2  # sentences without the answer that are learnt from beside each with it
FEWEST = 12  # cases that a feature must occur in
SILENT_SHARE = 0.25  # of the sentences that come first, those that do not hold the answer
MAX_WRONG = 0.15  # of the short answers that are shown, on held-out cases
Vector = npt.NDArray[np.float64]
_DEGREE = re.compile(r"^(?:大?约|近|超过?|逾|不到|不足|至少|高达|达到?)|(?:左右|上下|以上)$")


@dataclass
class Case:
    set_name: str
    passage: str
    question: str
    asked: Asked
    question_key: str
    concepts: tuple[Concept, ...]
    sentence: str
    golds: list[str]
    rows: list[dict[str, float]]
    texts: list[str]
    right: list[bool]

    @property
    def fold(self) -> int:
        return hashlib.sha256(self.passage.encode()).digest()[0] % FOLDS


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    for line in text.split("\n"):
        if line.strip():
            yield json.loads(line)


def plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in text if c.isalnum() or c in "%.")


def bare(text: str) -> str:
    return _DEGREE.sub("", plain(key(text)))


def same(found: str, gold: str) -> bool:
    return bare(found) == bare(gold)


def f1(found: str, gold: str) -> float:
    a, b = Counter(plain(key(found))), Counter(plain(key(gold)))
    common = sum((a & b).values())
    return 2 * common / max(1, sum(a.values()) + sum(b.values()))


def sentences_of(
    text: str, quote: str, golds: Sequence[str], question: str
) -> tuple[str | None, list[str]]:
    """The sentence with the answer, and the likest ones without it.

    Of several with the answer, one in the quote (where there is one), then the likest the question.
    """
    spans = [Span(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text) if m.group().strip()]
    blocks = tuple(Block(BlockKind.PARAGRAPH, (s,)) for s in spans)
    document = Document("d", "d", text, blocks, "0" * 64, "txt")
    at = text.find(quote) if quote else -1
    pairs = {question[i : i + 2] for i in range(len(question) - 1)}
    with_answer: list[tuple[int, str]] = []
    without: list[tuple[int, str]] = []
    for sentence in split_sentences(document):
        said = document.joined(sentence.spans)
        worth = len(pairs & {said[i : i + 2] for i in range(len(said) - 1)})
        if not any(g in said for g in golds):
            without.append((-worth, said))
        elif at < 0 or (sentence.span.end > at and sentence.span.start < at + len(quote)):
            with_answer.append((-worth, said))
    return (min(with_answer)[1] if with_answer else None), [s for _, s in sorted(without)[:OTHERS]]


def case_of(
    set_name: str, passage: str, question: str, sentence: str, golds: Sequence[str]
) -> Case:
    asked_question = normalise(question, AS_OF)
    table = background.shipped()
    concepts = concepts_of(asked_question, [thesaurus()], table)
    asked = asked_of(asked_question.key)
    sentence_key = key(sentence)
    candidates = candidates_of(sentence_key, asked, asked_question.key)
    rows = (
        describe(candidates, sentence_key, asked, asked_question.key, concepts)
        if candidates
        else []
    )
    texts = [sentence[c.start : c.end] for c in candidates]
    right = [any(same(t, g) for g in golds) for t in texts]
    return Case(
        set_name, passage, question, asked, asked_question.key, concepts, sentence, list(golds),
        rows, texts, right,
    )  # fmt: skip


def cases_of(name: str, passage: str, text: str, quote: str, q: Mapping[str, Any]) -> list[Case]:
    """The case of the sentence with the answer first, then those without; [] where none has it."""
    sentence, others = sentences_of(text, quote, q["answers"], q["question"])
    if sentence is None:
        return []
    found = [case_of(name, passage, q["question"], sentence, q["answers"])]
    if found[0].asked.type not in ONE_THING:
        return []
    found += [case_of(name, passage, q["question"], other, []) for other in others]
    return found


def tuning_cases(folder: Path, name: str) -> list[Case]:
    passages = {p["id"]: p["text"] for p in read_lines(folder / f"{name}.passages.jsonl")}
    cases = []
    for q in read_lines(folder / f"{name}.jsonl"):
        if not q["answerable"] or (q["match"] == "all" and len(q["answers"]) > 1):
            continue
        for evidence in q["evidence"][:1]:
            cases += cases_of(
                name, evidence["doc"], passages[evidence["doc"]], evidence["quote"], q
            )
    return cases


def reading_cases(folder: Path, name: str, split: str, limit: int) -> list[Case]:
    texts = {p["id"]: p["text"] for p in read_lines(folder / f"{name}.passages.jsonl.gz")}
    queries = list(read_lines(folder / f"{name}.queries.{split}.jsonl.gz"))
    step = max(1.0, len(queries) / limit)
    cases = []
    for i in range(min(limit, len(queries))):
        q = queries[int(i * step)]
        passage = q["relevant"][0]
        cases += cases_of(f"{name} {split}", passage, texts[passage], "", q)
    return cases


def fit(cases: Sequence[Case]) -> dict[str, float]:
    """Weights of a conditional logit over each case's candidates and «none», L2-penalised."""
    counts: Counter[str] = Counter()
    for case in cases:
        counts.update({name for row in case.rows for name in row})
    names = sorted(name for name, n in counts.items() if n >= FEWEST)
    place = {name: i for i, name in enumerate(names)}
    data, columns, ends, gold, owner = [], [], [0], [], []
    for number, case in enumerate(cases):
        for row, right in zip(case.rows, case.right, strict=True):
            for name, value in row.items():
                if name in place and value:
                    columns.append(place[name])
                    data.append(value)
            ends.append(len(columns))
            gold.append(right)
            owner.append(number)
    matrix = csr_matrix((data, columns, ends), shape=(len(gold), len(names)))
    good, of = np.array(gold, dtype=bool), np.array(owner)
    n = len(cases)
    answerable = np.bincount(of[good], minlength=n) > 0

    def loss(weights: Vector) -> tuple[float, Vector]:
        scores = np.clip(matrix @ weights, -40, 40)
        powers = np.exp(scores)
        every = 1.0 + np.bincount(of, powers, minlength=n)
        right = np.where(answerable, np.bincount(of, powers * good, minlength=n), 1.0)
        value = float((np.log(every) - np.log(right)).sum() + L2 * (weights @ weights) / 2)
        pull = powers / every[of] - np.where(good, powers / right[of], 0.0)
        return value, np.asarray(matrix.T @ pull) + L2 * weights

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B",
                    options={"maxiter": 80})  # fmt: skip
    return {
        name: round(float(w), 3) for name, w in zip(names, best.x, strict=True) if abs(w) >= 0.02
    }


@dataclass(frozen=True)
class Outcome:
    probability: float
    exact: bool
    f1: float
    text: str


def outcome(case: Case, model: SpanModel) -> Outcome:
    if not case.rows:
        return Outcome(0.0, False, 0.0, "")
    powers = [math.exp(min(s, 50)) for s in model.scores(case.rows)]
    best = max(range(len(powers)), key=lambda i: powers[i])
    text = case.texts[best]
    return Outcome(
        powers[best] / (1 + sum(powers)),
        case.right[best],
        max((f1(text, g) for g in case.golds), default=0.0),
        text,
    )


def tell(name: str, cases: Sequence[Case], outcomes: Sequence[Outcome], threshold: float) -> None:
    silent = [o for c, o in zip(cases, outcomes, strict=True) if not c.golds]
    pairs = [(c, o) for c, o in zip(cases, outcomes, strict=True) if c.golds]
    cases, outcomes = [c for c, _ in pairs], [o for _, o in pairs]
    shown = [o for o in outcomes if o.probability >= threshold]
    n, m = len(outcomes), max(1, len(shown))
    loud = sum(o.probability >= threshold for o in silent) / max(1, len(silent))
    exact, score = sum(o.exact for o in outcomes) / n, sum(o.f1 for o in outcomes) / n
    near = sum(o.f1 >= 0.6 for o in shown) / m
    print(
        f"{name:18} n {n:5} oracle {sum(any(c.right) for c in cases) / n:.3f} | all: exact "
        f"{exact:.3f} F1 {score:.3f} | shown "
        f"{len(shown) / n:.3f}: exact {sum(o.exact for o in shown) / m:.3f} "
        f"F1 {sum(o.f1 for o in shown) / m:.3f} F1>=.6 {near:.3f} | shown "
        f"of sentences without {loud:.3f}"
    )


def choose_threshold(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> float:
    """The lowest at which at most MAX_WRONG of what is shown is far from the gold.

    A sentence without the answer counts as much as such sentences come first (SILENT_SHARE).
    """
    ordered = sorted(zip(cases, outcomes, strict=True), key=lambda o: -o[1].probability)
    weight = SILENT_SHARE / OTHERS
    wrong = shown = 0.0
    best = 1.0
    for case, one in ordered:
        size = 1.0 if case.golds else weight
        shown += size
        wrong += size * (one.f1 < 0.6)
        if shown >= 50 and wrong <= MAX_WRONG * shown:
            best = one.probability
    return round(best, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=2500, help="questions a reading set")
    parser.add_argument("--write", action="store_true", help="fit on everything and ship it")
    parser.add_argument("--show", type=int, default=0, help="print so many wrong ones")
    options = parser.parse_args()
    load_dictionary()
    own = [c for n in ("T1", "T2") for c in tuning_cases(options.data / "tuning", n)]
    reading = options.data / "data"
    others = reading_cases(reading, "cmrc2018", "trial", options.limit)
    others += reading_cases(reading, "drcd", "dev", options.limit)
    reported = reading_cases(reading, "cmrc2018", "dev", options.limit)
    cases = own + others
    outcomes: list[Outcome] = [Outcome(0, False, 0, "")] * len(cases)
    for fold in range(FOLDS):
        model = SpanModel(fit([c for c in cases if c.fold != fold]), 0.0)
        for i, case in enumerate(cases):
            if case.fold == fold:
                outcomes[i] = outcome(case, model)
    threshold = choose_threshold(cases, outcomes)
    print(f"{len(cases)} cases, threshold {threshold}")
    by_set: Mapping[str, list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        by_set[case.set_name].append(i)
    for name, places in by_set.items():
        tell(name, [cases[i] for i in places], [outcomes[i] for i in places], threshold)
    by_type: Mapping[str, list[int]] = defaultdict(list)
    for i, case in enumerate(own):
        by_type[case.asked.type].append(i)
    for name, places in by_type.items():
        tell("own " + name, [cases[i] for i in places], [outcomes[i] for i in places], threshold)
    weights = fit(cases)
    model = SpanModel(weights, threshold)
    tell("cmrc2018 dev", reported, [outcome(c, model) for c in reported], threshold)
    print(f"{len(weights)} weights")
    wrong = [(c, o) for c, o in zip(cases, outcomes, strict=True) if c.golds and o.f1 < 0.6]
    for case, out in wrong[: options.show]:
        print(
            f"{case.asked.type} {out.probability:.2f} {case.question} | {out.text} | {case.golds}"
        )
    if options.write:
        ship = {
            "format": 1,
            "fitted_on": f"T1, T2, cmrc2018 trial, drcd dev: {len(cases)} questions",
            "threshold": threshold,
            "weights": dict(sorted(weights.items())),
        }
        text = json.dumps(ship, ensure_ascii=False, indent=0)
        short_answers.PATH.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
