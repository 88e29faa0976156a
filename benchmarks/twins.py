"""Questions in pairs of almost the same words: the documents answer one and not the other.

`twin_questions/NAME.jsonl` holds our own questions on public texts; the texts themselves are read
from the data folder (see README.md) and put together here: reports whole, encyclopaedia articles by
title, statutes article by article. `evidence` (of an answer) and `near` (what is most easily taken
for one) are [document, start, end], in characters of the document.

Wording alone never tells a question with an answer from one without: length, type and vocabulary
are alike. So what is learnt from them is whether the sentences found say what is asked.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.loaders.passages import read_jsonl
from evals.metrics.quantities import han_number

HERE = Path(__file__).parent / "twin_questions"
NAMES = (
    "reports", "reports2", "reports3", "reports4",
    "news", "news2", "news3", "news4", "news5", "news6", "news7", "news8", "news9", "news10",
    "statutes", "statutes2", "statutes3", "statutes4",
    "encyclopaedia", "encyclopaedia2", "encyclopaedia3", "encyclopaedia4",
)  # fmt: skip
FOLDS = 5
_ARTICLE = re.compile(r"(.+?)第([零一二三四五六七八九十百千]+)条(.*)")

Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Text:
    """A document: `id` is SET/NAME."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A question of a set; `evidence` is empty where nothing answers."""

    id: str
    question: str
    lang: str
    type: str
    answerable: bool
    answers: tuple[str, ...]
    match: str
    evidence: tuple[Place, ...]
    near: tuple[Place, ...]

    @property
    def fold(self) -> int:
        """By document, so that twins stay together."""
        places = self.evidence or self.near
        return fold_of(places[0][0] if places else self.id)


def fold_of(name: str) -> int:
    """The fold of a document, in [0, FOLDS)."""
    return zlib.crc32(name.encode()) % FOLDS


def questions(name: str) -> list[Twin]:
    """The set's questions in order. Raises FileNotFoundError for a name that is none of NAMES."""
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_twin(json.loads(line)) for line in lines]


def _twin(row: Mapping[str, Any]) -> Twin:
    def places(key: str) -> tuple[Place, ...]:
        return tuple((d, a, b) for d, a, b in row[key])

    return Twin(
        row["id"],
        row["question"],
        row["lang"],
        row["type"],
        row["answerable"],
        tuple(row["answers"]),
        row["match"],
        places("evidence"),
        places("near"),
    )


def documents(name: str, data: Path) -> list[Text]:
    """The set's documents; `data` is the folder of the public sets."""
    wanted = json.loads((HERE / "documents.json").read_text(encoding="utf-8"))[name]
    by_set: dict[str, list[str]] = defaultdict(list)
    for document in wanted:
        of, _, rest = document.partition("/")
        by_set[of].append(rest)
    found = {
        text.id: text for of, names in by_set.items() for text in _texts(of, frozenset(names), data)
    }
    return [found[document] for document in wanted]


def _texts(of: str, wanted: frozenset[str], data: Path) -> Iterator[Text]:
    rows = _rows(data / f"{of}.passages.jsonl.gz")
    if of == "gov_reports_2026":
        yield from _joined(of, ((row, row["id"].rpartition("-")[0]) for row in rows), wanted)
    elif of == "drcd":
        yield from _joined(of, ((row, row["title"]) for row in rows), wanted)
    elif of == "stard":
        yield from _statutes(rows, wanted)
    else:
        for row in rows:
            if str(row["id"]) in wanted:
                yield Text(f"{of}/{row['id']}", row["title"], row["text"])


def _joined(
    of: str, rows: Iterable[tuple[Mapping[str, Any], str]], wanted: frozenset[str]
) -> Iterator[Text]:
    parts: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row, name in rows:
        if name in wanted:
            parts[name].append(row)
    for name, some in parts.items():
        yield Text(f"{of}/{name}", some[0]["title"], "\n".join(row["text"] for row in some))


def _statutes(rows: Iterable[Mapping[str, Any]], wanted: frozenset[str]) -> Iterator[Text]:
    articles: dict[str, dict[tuple[int, str], str]] = defaultdict(dict)
    for row in rows:
        match = _ARTICLE.fullmatch(row["title"])
        if match and match[1] in wanted:
            line = f"{row['title'][len(match[1]) :]}\u3000{row['text']}"
            articles[match[1]][han_number(match[2]), match[3]] = line
    for name, found in articles.items():
        yield Text(f"stard/{name}", name, "\n".join(found[place] for place in sorted(found)))


@lru_cache(maxsize=8)
def _rows(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(read_jsonl(path))
