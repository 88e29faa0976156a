"""Questions with and without an answer, for the judge of answerability.

Real ones are few, and a judge fitted on them alone learns which questions people make up rather
than what evidence looks like. So answerable questions are asked again

    removed   without the sentences that answer: what stands around them is all that is left
    swapped   about another year, place, company or unit, which their passage does not mention

and count as unanswerable. Questions, passages and gold are as in fit_ranker.py.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import twins, written
from benchmarks.fit_ranker import AS_OF, Case, cases_of, read_lines, twin_cases, written_cases
from benchmarks.reference_library import ReferenceLibrary, document_of
from evals.loaders.passages import read_jsonl
from evals.matching import compact
from evals.perturbing import ABSENT
from evals.schema import Question
from index.segmenting import key
from rag import background
from rag.features import measure
from rag.normalising import normalise
from rag.retrieval import Retrieval, retrieve
from rag.settings import RetrievalSettings
from rag.terms import content_grams

REAL, REMOVED, SWAPPED = "real", "removed", "swapped"
SEED = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, what was found for it, and whether that answers it."""

    set_name: str
    kind: str  # REAL, REMOVED or SWAPPED
    fold: int
    question: str
    answerable: bool
    answers: tuple[str, ...]
    gold: frozenset[int]  # places in `retrieval.sentences`
    retrieval: Retrieval


def own_sets(folder: Path, names: Sequence[str]) -> Iterator[Judged]:
    """Our own questions, each passage a document, then 64 in one."""
    for name in names:
        for group in (1, 64):
            cases = cases_of(folder, name, group)
            yield from _all(cases)
        yield from _swapped(folder, name)


def twin_sets(data: Path) -> Iterator[Judged]:
    """The pairs of twins.py and written.py; answerable ones also without what answers."""
    for name in twins.NAMES:
        yield from _all(twin_cases(data, name))
    for name in written.NAMES:
        yield from _all(written_cases(name))


def public_set(data: Path, name: str, part: str, limit: int) -> Iterator[Judged]:
    """A set of spans (cmrc2018, drcd): passages of the questions drawn, and 300 others."""
    passages = {p["id"]: p for p in read_jsonl(data / f"{name}.passages.jsonl.gz")}
    questions = [q for q in read_jsonl(data / f"{name}.queries.{part}.jsonl.gz") if q["answerable"]]
    random.Random(SEED).shuffle(questions)
    questions = questions[:limit]
    wanted = {p for q in questions for p in q["relevant"]}
    others = [p for p in passages if p not in wanted][:300]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _write(folder / f"{name}.passages.jsonl", [passages[p] for p in sorted(wanted) + others])
        _write(
            folder / f"{name}.jsonl",
            [
                {
                    "id": q["id"], "question": q["question"], "answerable": True, "match": "any",
                    "answers": q["answers"],
                    "evidence": [{"doc": q["relevant"][0], "quote": q["answers"][0]}],
                }
                for q in questions
            ],
        )  # fmt: skip
        cases = cases_of(folder, name, 1)
    for case in cases:  # any sentence of the passage that holds the span may be the one
        document = case.question["evidence"][0]["doc"]
        answer = key(case.question["answers"][0])
        for i, found in enumerate(case.retrieval.sentences):
            if found.document.doc_id == document and answer in found.candidate.key:
                case.gold[i] = True
    yield from _all(cases)


def _all(cases: Sequence[Case]) -> Iterator[Judged]:
    for case in cases:
        yield _judged(case, REAL, case.retrieval, bool(case.question["answerable"]), case.gold)
        if case.question["answerable"] and case.gold.any():
            left = without_answers(case)
            if left is not None:
                yield _judged(case, REMOVED, left, False, np.zeros(0, dtype=bool))


def _judged(case: Case, kind: str, found: Retrieval, answerable: bool, gold: Any) -> Judged:
    return Judged(
        case.set_name,
        kind,
        case.fold,
        case.question["question"],
        answerable,
        tuple(case.question["answers"]),
        frozenset(np.flatnonzero(gold).tolist()),
        replace(found, passages=(), chunks=()),
    )


def without_answers(case: Case) -> Retrieval | None:
    """What is found once the gold sentences, and any that hold a gold string, are gone."""
    answers = [key(a) for a in case.question["answers"] if len(a) >= 2]
    found = case.retrieval
    kept = tuple(
        s
        for i, s in enumerate(found.sentences)
        if not case.gold[i] and not any(a in s.candidate.key for a in answers)
    )
    if not kept:
        return None
    table = background.shipped()
    features = measure(
        [s.candidate for s in kept],
        found.concepts,
        content_grams(found.question, table),
        found.asked,
        found.question.key,
    )
    return replace(found, sentences=kept, features=features)


class _Passage:
    """As evals.perturbing's corpus, of one passage: the new name may stand in the others."""

    def __init__(self, text: str) -> None:
        self._text = compact(text)

    def mentions(self, *names: str) -> bool:
        return any(compact(n) in self._text for n in names)


def _swapped(folder: Path, name: str) -> Iterator[Judged]:
    passages = read_lines(folder / f"{name}.passages.jsonl")
    texts = {p["id"]: f"{p['title']}\n{p['text']}" for p in passages}
    library: Any = ReferenceLibrary(
        document_of(p["id"], [(p["title"], p["text"])])[0] for p in passages
    )
    for number, record in enumerate(read_lines(folder / f"{name}.jsonl")):
        if not record["answerable"] or record["match"] != "any" or not record["evidence"]:
            continue
        question = Question(record["id"], record["question"], record["lang"])
        corpus: Any = _Passage(texts[record["evidence"][0]["doc"]])
        kinds = sorted(ABSENT)
        for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
            text = ABSENT[kind](question, corpus)
            if text is not None and text != question.question:
                found = retrieve(library, normalise(text, AS_OF), RetrievalSettings())
                case = Case(name, record | {"question": text}, found, np.zeros(0, dtype=bool))
                yield _judged(case, SWAPPED, found, False, case.gold)
                break


def _write(path: Path, records: Sequence[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    path.write_text(lines, encoding="utf-8")
