"""What each part of finding the right sentence is worth: Markdown tables for ranking.md.

    python benchmarks/ranking.py --data FOLDER features     without each family of features
    python benchmarks/ranking.py --data FOLDER thesaurus    without each file of the thesaurus
    python benchmarks/ranking.py --data FOLDER fusion       arms alone, fused, and the ranker
    python benchmarks/ranking.py --data FOLDER trees        boosted trees over the linear ranker
    python benchmarks/ranking.py --data FOLDER added --articles FILE    1,000 other documents

FOLDER is that of fit_ranker.py; FILE holds articles, one a line, gzipped. Shares are of answerable
questions with a gold sentence (`fusion`: a gold passage) among the top 1, 3 and 10.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fit_ranker
from benchmarks.fit_ranker import AS_OF, FOLDS, Case, Vector, cases_of, fit_weights, ranker_of
from benchmarks.reference_library import ReferenceLibrary, document_of
from index import thesaurus
from index.schema import ScoredChunk
from index.segmenting import load_dictionary
from rag import ranking, retrieval
from rag.features import NAMES
from rag.normalising import normalise
from rag.retrieval import Retrieval, retrieve
from rag.settings import RetrievalSettings

SETS = ("T1", "T2")
TOPS = (1, 3, 10)
N_ADDED = 1000
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "character pairs": tuple(n for n in NAMES if n.endswith("grams")),
    "neighbourhood": (
        "near", "near_grams", "around", "around_grams", "region", "region_grams", "gain_before",
        "gain_after", "rarest_near", "rarest_region", "second_near", "names_region",
        "product", "carried", "carried_focus",
    ),
    "document": (
        "document", "document_grams", "best_of_document", "similarity_document",
    ),
    "title and headings": ("title",),
    "rarest words and names": (
        "rarest", "rarest_near", "rarest_region", "second", "second_near", "names", "names_region",
    ),
    "focus": ("focus", "carried_focus", "carried"),
    "vectors": ("similarity", "similarity_document"),
    "shape of an answer": ("unit", *(n for n in NAMES if n.startswith("fit"))),
    "length, position, newness": (
        "length", "short", "long", "new", "question", "first", "position",
    ),
}  # fmt: skip


def tops(cases: Sequence[Case], score: Callable[[Case], Vector]) -> tuple[float, ...]:
    """Top 1, 3, 10 of all, then of the English questions."""
    hits, english = [], []
    for case in cases:
        if case.question["answerable"]:
            order = np.argsort(-score(case), kind="stable")
            hits.append([bool(case.gold[order[:k]].any()) for k in TOPS])
            english.append(case.question.get("lang") == "en")
    of_all = np.mean(hits, axis=0)
    of_english = np.mean([h for h, e in zip(hits, english, strict=True) if e], axis=0)
    return (*of_all, *of_english)


def shipped(case: Case) -> Vector:
    return np.asarray(ranking.shipped().score(case.retrieval.features, case.kinds))


def held_out(cases: Sequence[Case]) -> Callable[[Case], Vector]:
    rankers = [ranker_of(fit_weights([c for c in cases if c.fold != f])) for f in range(FOLDS)]
    return lambda case: rankers[case.fold].score(case.retrieval.features, case.kinds)


def without(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    columns = [NAMES.index(name) for name in names]
    out = []
    for case in cases:
        features = case.retrieval.features.copy()
        features[:, columns] = 0
        out.append(replace(case, retrieval=replace(case.retrieval, features=features)))
    return out


def features(data: Path) -> Iterator[tuple[str, Sequence[float]]]:
    cases = [c for g in (1, 64) for name in SETS for c in cases_of(data, name, g)]
    yield "all features", tops(cases, held_out(cases))
    for family, names in FAMILIES.items():
        left = without(cases, names)
        yield f"without {family}", tops(left, held_out(left))


def thesauri(data: Path) -> Iterator[tuple[str, Sequence[float]]]:
    """By the shipped weights, so that only what is looked for differs."""
    files = [(path.stem, path.read_bytes()) for path in thesaurus.source_files()]
    stems = [stem for stem, _ in files]
    english = tuple(stem for stem in stems if stem.startswith("en_zh"))
    dropped: dict[str, Sequence[str]] = {"the whole thesaurus": ()}
    dropped |= {f"without {s}": (s,) for s in stems if s not in english}
    dropped |= {"without en_zh*": english, "without any": stems}
    for name, gone in dropped.items():
        layer = thesaurus.Thesaurus([f for f in files if f[0] not in gone])
        retrieval.shipped = lambda layer=layer: layer  # type: ignore[attr-defined]
        yield name, tops([c for s in SETS for c in cases_of(data, s, 1)], shipped)


def trees(data: Path) -> Iterator[tuple[str, Sequence[float]]]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    cases = [c for name in SETS for c in cases_of(data, name, 1)]
    linear = held_out(cases)
    yield "linear", tops(cases, linear)

    def rows(case: Case) -> Any:
        scores = linear(case)
        return np.hstack([case.retrieval.features, (scores - scores.max())[:, None]])

    for rounds, leaves, rate in ((60, 6, 0.1), (120, 4, 0.06)):
        models = []
        for fold in range(FOLDS):
            used = [c for c in cases if c.fold != fold and c.gold.any()]
            model = HistGradientBoostingClassifier(
                max_iter=rounds, max_leaf_nodes=leaves, learning_rate=rate, min_samples_leaf=60,
                l2_regularization=5, early_stopping=False,
            )  # fmt: skip
            gold = np.concatenate([c.gold for c in used])
            models.append(model.fit(np.vstack([rows(c) for c in used]), gold))
        yield (
            f"{rounds} trees of {leaves} leaves over it",
            tops(cases, lambda c, m=models: m[c.fold].decision_function(rows(c))),  # type: ignore[misc]
        )


def fusions(data: Path) -> Iterator[tuple[str, Sequence[float]]]:
    hits: dict[str, list[list[bool]]] = defaultdict(list)
    arms_of = retrieval._arms
    latest: dict[str, Any] = {}

    def remembered(*args: Any) -> Any:
        latest["arms"] = arms_of(*args)
        return latest["arms"]

    retrieval._arms = remembered
    for case_arms, found, gold in _searched(data, latest):
        lexical, dense = case_arms["lexical"], case_arms["dense"]
        orders: dict[str, Sequence[ScoredChunk]] = {"words": lexical, "vectors": dense}
        for weight in (0.25, 0.5, 1.0):
            orders[f"ranks (RRF), vectors {weight}"] = _by_ranks(lexical, dense, weight)
        orders["scores (shipped)"] = found.chunks
        best = ranking.best_passages(found, ranking.score(found), max(TOPS))
        orders["the ranker's best sentence"] = [ScoredChunk(p.chunk, p.score) for p in best]
        for name, order in orders.items():
            held = [gold(s) for s in order[: max(TOPS)]]
            hits[name].append([any(held[:k]) for k in TOPS])
    for name, rows in hits.items():
        yield name, tuple(np.mean(rows, axis=0))


def _searched(
    data: Path, latest: Mapping[str, Any]
) -> Iterator[tuple[Any, Retrieval, Callable[[ScoredChunk], bool]]]:
    for name in SETS:
        passages = fit_ranker.read_lines(data / f"{name}.passages.jsonl")
        texts = {p["id"]: p["text"] for p in passages}
        library: Any = ReferenceLibrary(
            document_of(p["id"], [(p["title"], p["text"])])[0] for p in passages
        )
        for question in fit_ranker.read_lines(data / f"{name}.jsonl"):
            if not question["answerable"]:
                continue
            found = retrieve(library, normalise(question["question"], AS_OF), RetrievalSettings())
            spans = [
                (e["doc"], texts[e["doc"]].find(e["quote"]), len(e["quote"]))
                for e in question["evidence"]
            ]

            def gold(scored: ScoredChunk, spans: Any = spans) -> bool:
                span = scored.chunk.span
                return any(
                    scored.chunk.doc_id == doc and span.start < at + n and at < span.end
                    for doc, at, n in spans
                )

            yield latest["arms"], found, gold


def _by_ranks(
    lexical: Sequence[ScoredChunk], dense: Sequence[ScoredChunk], weight: float
) -> list[ScoredChunk]:
    """Reciprocal rank fusion. Source: Cormack, Clarke & Büttcher, SIGIR 2009."""
    sums: dict[str, ScoredChunk] = {}
    for ranked, share in ((lexical, 1.0), (dense, weight)):
        for rank, one in enumerate(ranked, start=1):
            before = sums.get(one.chunk.chunk_id)
            score = share / (60 + rank) + (before.score if before else 0.0)
            sums[one.chunk.chunk_id] = ScoredChunk(one.chunk, score)
    return sorted(sums.values(), key=lambda s: (-s.score, s.chunk.chunk_id))


def added(data: Path, articles: Path) -> Iterator[tuple[str, Sequence[float]]]:
    """How many top sentences change when other documents join the library."""
    for name in SETS:
        passages = fit_ranker.read_lines(data / f"{name}.passages.jsonl")
        known = {p["id"] for p in passages}
        documents = [document_of(p["id"], [(p["title"], p["text"])])[0] for p in passages]
        others = []
        with gzip.open(articles, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                if number % 60 == 0 and len(others) < N_ADDED:
                    one = json.loads(line)
                    if one["id"] not in known:
                        doc_id, text = f"other-{one['id']}", one["text"][:1500]
                        others.append(document_of(doc_id, [(one["title"], text)])[0])
        questions = [
            normalise(q["question"], AS_OF)
            for q in fit_ranker.read_lines(data / f"{name}.jsonl")
            if q["answerable"]
        ]
        best = []
        for collection in (documents, documents + others):
            library: Any = ReferenceLibrary(collection)
            found = [retrieve(library, q, RetrievalSettings()) for q in questions]
            best.append([ranking.rank(f, ranking.score(f), 1) for f in found])
        changed = [
            [(s.doc_id, s.position) for s in a] != [(s.doc_id, s.position) for s in b]
            for a, b in zip(*best, strict=True)
        ]
        yield f"{name}: top sentences changed", (float(np.mean(changed)),)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--articles", type=Path)
    parser.add_argument("part", choices=("features", "thesaurus", "fusion", "trees", "added"))
    options = parser.parse_args()
    load_dictionary()
    parts: Mapping[str, Callable[[Path], Iterator[tuple[str, Sequence[float]]]]] = {
        "features": features,
        "thesaurus": thesauri,
        "fusion": fusions,
        "trees": trees,
        "added": lambda data: added(data, options.articles),
    }
    for name, values in parts[options.part](options.data):
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
