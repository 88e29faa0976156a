"""Sets of gzipped JSON Lines: NAME.passages[.PART].jsonl.gz and NAME.queries[.PART].jsonl.gz.

passages: {id, title, text}. queries: {id, question, answers, relevant, answerable, type, …}, with
`context` the passages a question was asked on, `evidence` quotes where a set has them, and
`answer_groups` where one string of every group is required. Plain .jsonl is read too.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.errors import UnknownSet
from evals.loaders import LoadedSet
from evals.matching import compact
from evals.schema import Evidence, Question


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a .jsonl or .jsonl.gz file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def load_passages(folder: Path, name: str, part: str, lang: str = "zh") -> LoadedSet:
    """The set `name` with its query file `part`, such as ("cmrc2018", "dev").

    Raises UnknownSet, naming the sets there are.
    """
    queries = _file(folder, f"{name}.queries.{part}")
    language = re.split(r"[._]", part)[0]  # "zh_int" and "zh.dev" are asked on passages.zh
    documents = find_jsonl(folder, f"{name}.passages.{language}") or _file(
        folder, f"{name}.passages"
    )
    # Only sets that quote their evidence need the texts to tell whose quote it is.
    texts: dict[str, str] = {}
    records = list(read_jsonl(queries))
    if any(r.get("evidence") for r in records):
        texts = {r["id"]: compact(r["text"]) for r in read_jsonl(documents)}
    return LoadedSet(
        name=f"{name}.{part}",
        questions=tuple(_question(r, lang, texts) for r in records),
        documents=lambda: (
            {k: r[k] for k in ("id", "title", "text", "date") if r.get(k)}
            for r in read_jsonl(documents)
        ),
    )


def _question(record: Mapping[str, Any], lang: str, texts: Mapping[str, str]) -> Question:
    answerable = bool(record.get("answerable", True))
    groups: Sequence[Sequence[str]] = record.get("answer_groups") or ()
    required = len(groups) > 1
    context = record.get("context") or ()
    return Question(
        id=record["id"],
        question=record["question"],
        lang=lang,
        type=str(record.get("type", "extractive")),
        answerable=answerable,
        answers=tuple(g[0] for g in groups) if required else tuple(record.get("answers") or ()),
        match=("all" if required else "any") if answerable else "none",
        evidence=_evidence(record, texts) if answerable else (),
        split="test",
        near=context[0] if context and not answerable else None,
    )


def _evidence(record: Mapping[str, Any], texts: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Quotes where the set has them and they occur; the relevant passages whole where not."""
    relevant = list(dict.fromkeys(record.get("relevant") or ()))
    quotes = [
        Evidence(doc, quote)
        for quote in record.get("evidence") or ()
        for doc in relevant
        if compact(quote) and compact(quote) in texts.get(doc, "")
    ]
    return tuple(quotes) or tuple(Evidence(doc, "") for doc in relevant)


def find_jsonl(folder: Path, stem: str) -> Path | None:
    paths = (folder / f"{stem}{ending}" for ending in (".jsonl.gz", ".jsonl"))
    return next((p for p in paths if p.is_file()), None)


def _file(folder: Path, stem: str) -> Path:
    found = find_jsonl(folder, stem)
    if found is None:
        known = sorted(p.name.split(".jsonl")[0] for p in folder.glob("*.queries.*"))
        raise UnknownSet(
            f"{folder} has no {stem}.jsonl.gz; it has {', '.join(known) or 'no query files'}"
        )
    return found
