"""BEIR folders, which MTEB's retrieval sets share: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.

Judged passages are the gold, whole; there are no gold strings, so answers are judged by what they
cite. Source: Thakur et al., BEIR, NeurIPS 2021.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from evals.errors import BadQuestionSet
from evals.loaders import LoadedSet
from evals.loaders.passages import find_jsonl, read_jsonl
from evals.schema import Evidence, Question


def load_beir(folder: Path, split: str = "test", lang: str = "en") -> LoadedSet:
    """Queries without a positive judgment are left out, as BEIR does. Raises BadQuestionSet."""
    corpus, queries = (find_jsonl(folder, name) for name in ("corpus", "queries"))
    qrels = folder / "qrels" / f"{split}.tsv"
    if corpus is None or queries is None or not qrels.is_file():
        raise BadQuestionSet(
            f"{folder} is no BEIR folder: it needs corpus.jsonl, queries.jsonl and "
            f"qrels/{split}.tsv"
        )
    relevant: defaultdict[str, list[str]] = defaultdict(list)
    with qrels.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines, delimiter="\t"):
            if len(row) == 3 and row[2].lstrip("-").isdigit() and int(row[2]) > 0:
                relevant[row[0]].append(row[1])
    return LoadedSet(
        name=f"{folder.name}.{split}",
        questions=tuple(
            Question(
                id=r["_id"], question=r["text"], lang=lang, type="passage", split="test",
                evidence=tuple(Evidence(doc, "") for doc in relevant[r["_id"]]),
            )
            for r in read_jsonl(queries)
            if r["_id"] in relevant
        ),
        documents=lambda: (
            {"id": r["_id"], "title": r.get("title") or "", "text": r["text"]}
            for r in read_jsonl(corpus)
        ),
    )  # fmt: skip
