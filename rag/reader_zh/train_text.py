"""The reader's text: sentences of permitted sources, packed as token ids, and read back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from index.segmenting import key
from index.static_zh.train_data import read_lines

MARKS = 5  # the first tokens are marks, not text
# Characters of running text by source, at most.
SHARES = {"crud_rag": 24_000_000, "xwlb": 15_000_000, "stard": 3_500_000, "gov_reports_2026": 10**8}
SHOWN = {"crud_rag": 22_000, "xwlb": 13_000}  # passages of the news that rows are made of
SENTENCE = re.compile(r"[^。！？!?…\n]+[。！？!?…]*[”’」』）》)\]\"]*|\n")
_CLAUSES = re.compile(r"[^;；]+[;；]?")


@dataclass(frozen=True, slots=True)
class Passage:
    source: str
    id: str
    title: str
    sentences: tuple[str, ...]  # keys


def sentences_of(text: str) -> Iterator[str]:
    """Sentences of a key, without space around them; long ones also end at semicolons."""
    for match in SENTENCE.finditer(text):
        whole = match.group().strip()
        parts = _CLAUSES.findall(whole) if len(whole) > 120 else [whole]
        yield from (part.strip() for part in parts if len(part.strip()) > 1)


def read_passages(root: Path) -> Iterator[Passage]:
    """CMRC's passages are only those of its trial questions; its dev questions stay unseen."""
    asked = {
        str(p)
        for row in read_lines(root / "data" / "cmrc2018.queries.trial.jsonl.gz")
        for p in row["relevant"]
    }
    wanted: dict[str, set[str]] = {"cmrc2018": asked}
    stard = read_lines(root / "data" / "stard.queries.train.jsonl.gz")
    law = {str(p) for row in stard for p in row["relevant"]}
    for name in ("T1", "T2"):
        yield from _passages(name, read_lines(root / "tuning" / f"{name}.passages.jsonl"))
    for source in ("cmrc2018", "drcd", "gov_reports_2026", "stard", "xwlb", "crud_rag"):
        left = SHARES.get(source, 10**9)
        seen: set[str] = set()
        rows = list(read_lines(root / "data" / f"{source}.passages.jsonl.gz"))
        step = 1 if sum(len(r["text"]) for r in rows) < 1.5 * left else 2
        order = [*range(0, len(rows), step), *range(1, len(rows), 2)][: len(rows)]
        if source == "stard":
            order.sort(key=lambda i: str(rows[i]["id"]) not in law)
        for row in (rows[i] for i in order):
            start = row["text"][:60]
            if (source in wanted and str(row["id"]) not in wanted[source]) or (
                source == "crud_rag" and start in seen
            ):
                continue
            seen.add(start)
            if (left := left - len(row["text"])) < 0:
                break
            yield from _passages(source, [row])


def _passages(source: str, rows: Iterable[dict[str, Any]]) -> Iterator[Passage]:
    for row in rows:
        sentences = tuple(sentences_of(key(row["text"])))
        if sentences:
            yield Passage(source, str(row["id"]), key(row.get("title") or ""), sentences)


def some_of(passages: Sequence[Passage]) -> list[Passage]:
    """What rows are made of: of the news as many as SHOWN says, and all else, in their order."""
    rng = np.random.default_rng(4)
    left_out: set[int] = set()
    for source, most in SHOWN.items():
        places = [i for i, p in enumerate(passages) if p.source == source]
        shown = rng.choice(places, min(most, len(places)), replace=False).tolist()
        left_out |= set(places).difference(shown)
    return [p for i, p in enumerate(passages) if i not in left_out]


@dataclass(frozen=True, slots=True)
class Packed:
    """Sentence i is `ids[sentence_at[i]:sentence_at[i + 1]]`; passage p has sentences
    `passage_at[p]` to `passage_at[p + 1]` and the title `titles[title_at[p]:title_at[p + 1]]`."""

    ids: np.ndarray
    sentence_at: np.ndarray
    passage_at: np.ndarray
    titles: np.ndarray
    title_at: np.ndarray


def pack(passages: Sequence[Passage], tokenizer: Any) -> Packed:
    flat, lengths, passage_at, titles, title_at = [], [], [0], [], [0]
    for first in range(0, len(passages), 1000):
        some = passages[first : first + 1000]
        texts = [s for p in some for s in p.sentences]
        for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            flat.append(np.array(found.ids, dtype=np.uint16))
            lengths.append(len(found.ids))
        for passage in some:
            passage_at.append(passage_at[-1] + len(passage.sentences))
        for found in tokenizer.encode_batch_fast([p.title for p in some]):
            titles.extend(found.ids)
            title_at.append(len(titles))
    return Packed(
        np.concatenate(flat),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32),
        np.array(passage_at, dtype=np.uint32),
        np.array(titles, dtype=np.uint16),
        np.array(title_at, dtype=np.uint32),
    )


Ids = list[int]


@dataclass
class Library:
    """Packed texts and what reads them back."""

    packed: Packed
    sources: list[str]
    tokenizer: Any
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        vocabulary = self.tokenizer.get_vocab()
        self.tokens = sorted(vocabulary, key=vocabulary.__getitem__)

    def sentences(self, passage: int) -> range:
        at = self.packed.passage_at
        return range(int(at[passage]), int(at[passage + 1]))

    def ids(self, sentence: int) -> Ids:
        at = self.packed.sentence_at
        found: Ids = self.packed.ids[at[sentence] : at[sentence + 1]].tolist()
        return found

    def title(self, passage: int) -> Ids:
        at = self.packed.title_at
        found: Ids = self.packed.titles[at[passage] : at[passage + 1]].tolist()
        return found

    def text(self, ids: Sequence[int]) -> tuple[str, list[int]]:
        """The text, and at which character each token begins (and, last, where the text ends)."""
        parts, starts, at = [], [], 0
        for i in ids:
            part = "□" if i < MARKS else self.tokens[i].replace("▁", " ")
            parts.append(part)
            starts.append(at)
            at += len(part)
        starts.append(at)
        return "".join(parts), starts

    def encode(self, text: str) -> Ids:
        found: Ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found


def open_library(folder: Path) -> Library:
    """What `train_pack` wrote."""
    from tokenizers import Tokenizer

    packed = Packed(**np.load(folder / "packed.npz"))
    sources = json.loads((folder / "sources.json").read_text(encoding="utf-8"))
    return Library(packed, sources, Tokenizer.from_file(str(folder / "tokenizer.json")))
