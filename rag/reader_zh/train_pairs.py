"""Groups of the pairs of questions (`benchmarks.twins`), with wrong sentences that are like them.

A question stands beside its answer or, where nothing answers, beside what is most easily taken for
one; then the sentences of its set most like it, and those around the answer. Most questions are
copied with other wrong sentences, a third of the copies in other words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import twins
from index.segmenting import key
from rag.reader_zh.train_questions import Maker
from rag.reader_zh.train_rows import (
    COPY,
    GROUP,
    HELD_OUT,
    Likeness,
    Rows,
    Span,
    answer_span,
    candidate,
    token_span,
)
from rag.reader_zh.train_text import Library, Passage, pack, sentences_of

COPIES = 4
AROUND = 12  # sentences nearer than this to the answer may stand beside it
SEED = 4


@dataclass
class Pool:
    """The sentences of a set's documents, and which are like a question."""

    library: Library
    places: list[tuple[int, int, int]]  # document, first and last character in its key
    texts: list[str]
    documents: dict[str, int]

    def __post_init__(self) -> None:
        self.likeness = Likeness(self.texts)

    def at(self, spans: Sequence[twins.Place]) -> list[int]:
        """The sentences that the spans overlap."""
        return [
            i
            for document, start, end in spans
            for i in self.library.sentences(self.documents[document])
            if min(end, self.places[i][2]) - max(start, self.places[i][1])
            > min(8, 0.4 * (end - start))
        ]


def pool_of(name: str, data: Path, tokenizer: Any) -> Pool:
    passages: list[Passage] = []
    places: list[tuple[int, int, int]] = []
    for number, document in enumerate(twins.documents(name, data)):
        text, at = key(document.text), 0
        sentences = tuple(sentences_of(text))
        for sentence in sentences:
            at = text.find(sentence, at)
            places.append((number, at, at + len(sentence)))
            at += len(sentence)
        passages.append(Passage(name, document.id, key(document.title), sentences))
    library = Library(pack(passages, tokenizer), [name] * len(passages), tokenizer)
    texts = [sentence for passage in passages for sentence in passage.sentences]
    return Pool(library, places, texts, {p.id: n for n, p in enumerate(passages)})


def pair_rows(name: str, data: Path, tokenizer: Any, maker: Maker, rows: Rows,
              few: int | None = None) -> None:  # fmt: skip
    """Adds the set's groups to `rows`; `few`: of its first questions only."""
    pool, rng = pool_of(name, data, tokenizer), random.Random(SEED)
    for twin in twins.questions(name)[:few]:
        gold, near = pool.at(twin.evidence), pool.at(twin.near)
        if twin.answerable and not gold:
            continue
        likeness = pool.likeness.of(key(twin.question))
        best = max(((_held(pool, twin, i), likeness[i], i) for i in gold), default=(0, 0, -1))[2]
        span = _span(pool, twin, best) if twin.answerable else None
        like = [int(i) for i in np.argsort(-likeness, kind="stable")[:24] if i not in gold]
        around = [i for place in (gold or near)[:1] for i in _around(pool, place) if i not in gold]
        for copy in range(1 if twin.fold == HELD_OUT else COPIES):
            first = list(dict.fromkeys([*near, *like[:10]]))
            later = list(dict.fromkeys([*around, *like[10:]]))
            question, tag = key(twin.question), twin.fold
            if copy:
                rng.shuffle(first)
                rng.shuffle(later)
                tag += COPY
                if rng.random() < 0.35:
                    question = maker.reworded(question, rng)
            chosen = [best] if twin.answerable else []
            chosen += [*near[:2], *[i for i in first if i not in near[:2]][:5], *later]
            while len(chosen) < GROUP:
                chosen.append(rng.randrange(len(pool.texts)))
            beside = [candidate(pool.library, pool.places[i][0], i) for i in chosen[:GROUP]]
            rows.add(pool.library.encode(question), beside, span, twin.answerable, tag)


def _around(pool: Pool, place: int) -> list[int]:
    inside = pool.library.sentences(pool.places[place][0])
    return [i for i in inside if abs(i - place) < AROUND]


def _held(pool: Pool, twin: twins.Twin, place: int) -> int:
    return sum(key(answer) in pool.texts[place] for answer in twin.answers)


def _span(pool: Pool, twin: twins.Twin, place: int) -> Span | None:
    """Tokens of the answer in the sentence."""
    span = answer_span(pool.texts[place], [key(answer) for answer in twin.answers])
    return span and token_span(pool.library.text(pool.library.ids(place))[1], *span)
