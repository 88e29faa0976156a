"""Fit the sentence ranker.

    python benchmarks/fit_ranker.py --data FOLDER [--reports FILE] [--twins FOLDER] [--write]

FOLDER holds question sets NAME.jsonl ({"id", "question", "answerable", "answers", "match",
"evidence": [{"doc", "quote"}]}) with their NAME.passages.jsonl ({"id", "title", "text"}). Each set
is asked twice: with every passage a document of its own, and with 64 passages put together into one
long document, so that what is learnt holds for short and long documents alike; and twice more in
other shapes, as transcripts and as papers with headings and notes. FILE holds reports, one a line
({"id", "title", "text"}, gzipped), whose figures are put into tables (benchmarks/shapes.py). With
the folder of the public sets, the pairs of twins.py and written.py are added.

The ranker is a conditional logit: the weights maximise the probability that a gold sentence is
drawn from the softmax over all sentences found. Reported by five-fold cross-validation over
passages.
`--write` fits on everything and writes rag/ranker.json. The judge of answerability is fitted after
it, by fit_judge.py.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks import shapes, twins, written
from benchmarks.reference_library import ReferenceLibrary, document_of
from index.schema import Document
from index.segmenting import load_dictionary
from rag import ranking
from rag.features import NAMES
from rag.normalising import normalise
from rag.reading import read
from rag.retrieval import Retrieval, retrieve
from rag.settings import ReadingSettings, RetrievalSettings

Vector = npt.NDArray[np.float64]
FOLDS = 5
L2_RANKER = 20.0
TWINS_WEIGHT = 2.0  # of a question of a pair
AS_OF = date(2026, 1, 31)
TWINS = "twins"
# Where the fitting data has no examples of a kind of block, in units of the score.
PRIORS = {
    "table_header": -1.5,
    "reference": -1.5,
    "front_matter": -1.0,
    "caption": -1.0,
}
MORE_IS_BETTER = frozenset(NAMES[: NAMES.index("length")])
UNFITTED = ("hint", "in_english", "in_chinese")
KEPT = 60  # sentences of a question that are fitted on, besides the gold ones: the hardest
TABLES = 150
# No set asks 「那份报告里…」: enough to decide between equals. What stands in the other language is
# dealt with by rag/rereading.py: the ranker's sets are in Chinese alone.
FIXED = {"hint": 1.5, "in_english": 0.0, "in_chinese": 0.0}


@dataclass
class Case:
    """A question, what was found for it, and which of it is gold."""

    set_name: str
    question: dict[str, Any]
    retrieval: Retrieval
    gold: npt.NDArray[np.bool_]

    @property
    def fold(self) -> int:
        if "fold" in self.question:
            return int(self.question["fold"])
        evidence = self.question["evidence"]
        place = evidence[0]["doc"] if evidence else self.question["id"]
        return zlib.crc32(place.encode()) % FOLDS

    @property
    def is_twin(self) -> bool:
        return self.set_name.startswith(TWINS)

    @property
    def kinds(self) -> list[str]:
        return [s.candidate.kind for s in self.retrieval.sentences]


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def cases_of(folder: Path, name: str, group: int) -> list[Case]:
    """`group`: how many passages make a document."""
    passages = read_lines(folder / f"{name}.passages.jsonl")
    texts = {p["id"]: p["text"] for p in passages}
    documents, places = [], {}
    for first in range(0, len(passages), group):
        members = passages[first : first + group]
        doc_id = members[0]["id"] if group == 1 else f"volume-{first // group}"
        document, starts = document_of(doc_id, [(m["title"], m["text"]) for m in members])
        documents.append(document)
        places.update({m["id"]: (doc_id, at) for m, at in zip(members, starts, strict=True)})
    library: Any = ReferenceLibrary(documents)
    settings = RetrievalSettings()
    cases = []
    for question in read_lines(folder / f"{name}.jsonl"):
        found = retrieve(library, normalise(question["question"], AS_OF), settings)
        gold = np.zeros(len(found.sentences), dtype=bool)
        for evidence in question["evidence"]:
            doc_id, offset = places[evidence["doc"]]
            start = texts[evidence["doc"]].find(evidence["quote"])
            if start >= 0:
                start += offset
                gold |= _overlapping(found, doc_id, start, start + len(evidence["quote"]))
        cases.append(Case(name if group == 1 else f"{name} in volumes", question, found, gold))
    return cases


def shaped_cases(folder: Path, name: str, shape: str) -> list[Case]:
    """The set with its passages in another shape: "transcripts" or "papers"."""
    passages = read_lines(folder / f"{name}.passages.jsonl")
    texts = {p["id"]: p["text"] for p in passages}
    shaped = shapes.as_transcripts if shape == "transcripts" else shapes.as_papers
    documents: dict[str, Document] = {}
    places: dict[str, tuple[str, shapes.Moved]] = {}
    for passage_id, document, moved in shaped(passages):
        documents[document.doc_id] = document
        places[passage_id] = document.doc_id, moved
    library: Any = ReferenceLibrary(documents.values())
    cases = []
    for question in read_lines(folder / f"{name}.jsonl"):
        found = retrieve(library, normalise(question["question"], AS_OF), RetrievalSettings())
        gold = np.zeros(len(found.sentences), dtype=bool)
        for evidence in question["evidence"]:
            start = texts[evidence["doc"]].find(evidence["quote"])
            if start < 0 or evidence["doc"] not in places:
                continue
            doc_id, moved = places[evidence["doc"]]
            end = start + len(evidence["quote"])
            for first, last, at in moved:
                if first < end and start < last:
                    a, b = max(first, start), min(last, end)
                    gold |= _overlapping(found, doc_id, at + a - first, at + b - first)
        cases.append(Case(f"{name} as {shape}", question, found, gold))
    return cases


def twin_cases(data: Path, name: str) -> list[Case]:
    """A set of twins.py over its own documents; `data`: the folder of the public sets."""
    documents, starts = [], {}
    for text in twins.documents(name, data):
        document, (start,) = document_of(text.id, [(text.title, text.text)])
        documents.append(document)
        starts[text.id] = start
    library: Any = ReferenceLibrary(documents)
    cases = []
    for twin in twins.questions(name):
        found = retrieve(library, normalise(twin.question, AS_OF), RetrievalSettings())
        gold = np.zeros(len(found.sentences), dtype=bool)
        for document, first, last in twin.evidence:
            at = starts[document]
            gold |= _overlapping(found, document, at + first, at + last)
        question = {
            "id": twin.id,
            "question": twin.question,
            "lang": twin.lang,
            "type": twin.type,
            "answerable": twin.answerable,
            "answers": list(twin.answers),
            "match": twin.match,
            "evidence": [{"doc": d, "quote": ""} for d, _, _ in twin.evidence],
            "fold": twin.fold,
        }
        cases.append(Case(f"{TWINS}: {name}", question, found, gold))
    return cases


def written_cases(name: str) -> list[Case]:
    """A set of written.py over its own documents. A table's header alone answers nothing."""
    documents = written.documents(name)
    library: Any = ReferenceLibrary(documents)
    cases = []
    for one in written.questions(name, documents):
        found = retrieve(library, normalise(one.record["question"], AS_OF), RetrievalSettings())
        gold = np.zeros(len(found.sentences), dtype=bool)
        for document, span in one.gold:
            gold |= _overlapping(found, document, span.start, span.end)
        telling = np.array(
            [s.candidate.kind != "table_header" for s in found.sentences], dtype=bool
        )
        question = {"match": "any", **one.record, "fold": one.fold}
        cases.append(Case(f"{TWINS}: {name}", question, found, gold & telling))
    return cases


def table_cases(reports: Path, most: int) -> list[Case]:
    """Figures of reports as tables, and questions about their rows."""
    with gzip.open(reports, "rt", encoding="utf-8") as file:
        made = list(shapes.tables_of(map(json.loads, file), most))
    library: Any = ReferenceLibrary(document for document, _ in made)
    cases = []
    for document, asked in made:
        for text, span in asked:
            found = retrieve(library, normalise(text, AS_OF), RetrievalSettings())
            quote = document.text[span.start : span.end]
            question = {
                "id": text,
                "question": text,
                "answerable": True,
                "answers": [quote.rsplit(" | ", 1)[-1]],
                "match": "any",
                "evidence": [{"doc": document.doc_id, "quote": quote}],
            }
            gold = _overlapping(found, document.doc_id, span.start, span.end)
            cases.append(Case("tables", question, found, gold))
    return cases


def _overlapping(found: Retrieval, doc_id: str, start: int, end: int) -> npt.NDArray[np.bool_]:
    out = np.zeros(len(found.sentences), dtype=bool)
    for i, sentence in enumerate(found.sentences):
        if sentence.document.doc_id == doc_id:
            span = sentence.sentence.span
            common = min(end, span.end) - max(start, span.start)
            out[i] = common >= min(max(6, 0.4 * (end - start)), len(span))
    return out


def fit_weights(cases: Sequence[Case]) -> Vector:
    """(len(NAMES),) per unit of each feature.

    What vectors are worth is learnt from the pairs alone: the shipped embedding model was taught
    with most of our other questions, and is better on these than it will be on anyone else's.
    """
    untaught = [c for c in cases if c.is_twin]
    if not untaught:
        return _fitted(cases, {})
    learnt = _fitted(untaught, {})
    of_vectors = [i for i, name in enumerate(NAMES) if name.startswith("similarity")]
    return _fitted(cases, {i: float(learnt[i]) for i in of_vectors})


def _fitted(cases: Sequence[Case], fixed: Mapping[int, float]) -> Vector:
    """Weights of which some are given, by place."""
    used = [c for c in cases if c.gold.any()]
    kept = [_hardest(c) for c in used]
    features = [c.retrieval.features[places] for c, places in zip(used, kept, strict=True)]
    rows = np.concatenate(features).astype(np.float64)
    scale = rows.std(axis=0)
    scale[scale < 1e-6] = np.inf
    for name in UNFITTED:
        scale[NAMES.index(name)] = np.inf
    given = np.zeros(len(NAMES))
    for i, weight in fixed.items():
        given[i], scale[i] = weight, np.inf
    known = rows @ given
    rows /= scale
    counts = np.array([TWINS_WEIGHT if c.is_twin else 1.0 for c in used])
    gold = np.concatenate([c.gold[places] for c, places in zip(used, kept, strict=True)])
    sizes = [len(places) for places in kept]
    starts = np.cumsum([0, *sizes[:-1]])
    owner = np.repeat(np.arange(len(used)), sizes)

    def loss(weights: Vector) -> tuple[float, Vector]:
        scores = rows @ weights + known
        powers = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        every, good = np.add.reduceat(powers, starts), np.add.reduceat(powers * gold, starts)
        value = float(counts @ (np.log(every) - np.log(good)) + L2_RANKER * weights @ weights / 2)
        pull = counts[owner] * (powers / every[owner] - powers * gold / good[owner])
        return value, rows.T @ pull + L2_RANKER * weights

    # More of what was asked never counts against a sentence, whatever the data's accidents.
    bounds = [(0, None) if name in MORE_IS_BETTER else (None, None) for name in NAMES]
    start = np.zeros(len(NAMES))
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(best.x / scale) + given


def _hardest(case: Case) -> npt.NDArray[np.intp]:
    """Places of the gold sentences and of those that the shipped ranker takes for the best."""
    scores = ranking.shipped().score(case.retrieval.features, case.kinds)
    best = np.argsort(-scores, kind="stable")[:KEPT]
    return np.unique(np.concatenate([best, np.flatnonzero(case.gold)]))


def ranker_of(weights: Vector) -> ranking.Ranker:
    return ranking.Ranker(named(weights), PRIORS)


def named(weights: Vector) -> dict[str, float]:
    return dict(zip(NAMES, weights.round(4).tolist(), strict=True)) | FIXED


def plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def is_correct(case: Case, scores: Vector) -> bool:
    """Gold strings in the first 300 characters of what is shown (700 where all are wanted)."""
    every = case.question["match"] == "all"
    drafts = read(case.retrieval, scores, ReadingSettings())
    shown = "".join(d.document.quote(d.spans) + f"[{n}]" for n, d in enumerate(drafts, start=1))
    text = plain(shown)[: 700 if every else 300]
    hits = [plain(a) in text for a in case.question["answers"]]
    return all(hits) if every else any(hits)


def held_out_scores(cases: Sequence[Case]) -> list[Vector]:
    out: list[Vector] = [np.zeros(0)] * len(cases)
    for fold in range(FOLDS):
        ranker = ranker_of(fit_weights([c for c in cases if c.fold != fold]))
        for i, case in enumerate(cases):
            if case.fold == fold:
                out[i] = ranker.score(case.retrieval.features, case.kinds)
    return out


def report_ranks(cases: Sequence[Case], scores: Sequence[Vector]) -> None:
    """A gold sentence among the top 1, 3 and 10, by set."""
    for name in dict.fromkeys(c.set_name for c in cases):
        hits = [
            [bool(case.gold[np.argsort(-score, kind="stable")[:k]].any()) for k in (1, 3, 10)]
            for case, score in zip(cases, scores, strict=True)
            if case.set_name == name and case.question["answerable"]
        ]
        top = np.mean(hits, axis=0)
        print(
            f"{name:18} {len(hits):4} questions, top 1/3/10 {top[0]:.3f} {top[1]:.3f} {top[2]:.3f}"
        )


def report(name: str, cases: Sequence[Case], scores: Sequence[Vector]) -> None:
    tops, right, english = [], [], []
    for case, score in zip(cases, scores, strict=True):
        if case.set_name != name or not case.question["answerable"]:
            continue
        order = np.argsort(-score, kind="stable")
        hits = [bool(case.gold[order[:k]].any()) for k in (1, 3, 10)]
        tops.append(hits)
        if case.question.get("lang") == "en":
            english.append(hits)
        right.append(is_correct(case, score))
    top, en = np.mean(tops, axis=0), np.mean(english, axis=0)
    print(
        f"{name:15} top 1/3/10 {top[0]:.3f} {top[1]:.3f} {top[2]:.3f} | English "
        f"{en[0]:.2f} {en[1]:.2f} {en[2]:.2f} | correct if always answering {np.mean(right):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--reports", type=Path, help="gzipped reports to make tables of")
    parser.add_argument("--twins", type=Path, help="folder of the public sets: twins.py, too")
    parser.add_argument("--sets", nargs="+", default=["T1", "T2"])
    parser.add_argument("--write", action="store_true", help="fit on everything and ship it")
    options = parser.parse_args()
    load_dictionary()
    cases = [c for g in (1, 64) for name in options.sets for c in cases_of(options.data, name, g)]
    shaped = [
        c
        for name in options.sets
        for shape in ("transcripts", "papers")
        for c in shaped_cases(options.data, name, shape)
    ]
    if options.reports:
        shaped += table_cases(options.reports, TABLES)
    if options.twins:
        shaped += [c for name in twins.NAMES for c in twin_cases(options.twins, name)]
        shaped += [c for name in written.NAMES for c in written_cases(name)]
    every = cases + shaped
    all_scores = held_out_scores(every)
    report_ranks(every, all_scores)
    for name in dict.fromkeys(c.set_name for c in cases):
        report(name, cases, all_scores[: len(cases)])
    if options.write:
        weights = fit_weights(every)
        ship = {
            "format": 1,
            "fitted_on": f"{', '.join(options.sets)}, also in other shapes: {len(every)} questions",
            "weights": named(weights),
            "priors": PRIORS,
        }
        ranking.PATH.write_text(json.dumps(ship, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(f"written: {ranking.PATH.name}")


if __name__ == "__main__":
    main()
