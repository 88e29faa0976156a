"""The last stage of the reading model's training: what only the evidence tells apart.

    python -m benchmarks.fit_reader --root R --data FOLDER --start FILE --out FILE

R holds `data/`, `tuning/` and `thesaurus/`; FOLDER is what `rag.reader_zh.train_pack` wrote; the
start is what the earlier stages gave (rag/reader_zh/README.md). Questions of twins.py, each beside
its answer and the sentences most like it, or, where nothing answers, beside what is most easily
taken for an answer; every third batch the real questions that the earlier stages saw. Some 20
minutes of one core.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import twins
from index.segmenting import key
from rag.reader_zh import train as t
from rag.reader_zh import train_model as m
from rag.reader_zh.train_pack import questions_of
from rag.reader_zh.train_questions import Maker
from rag.reader_zh.train_rows import (
    GROUP,
    Candidate,
    Library,
    Likeness,
    Rows,
    answer_span,
    real,
    token_span,
)
from rag.reader_zh.train_text import Passage, pack, read_passages, sentences_of

COPIES = 5  # of a question, with other wrong sentences and in other words
REAL_COPIES = {"cmrc2018": 2, "drcd": 1, "stard": 1, "T1": 4, "T2": 4}
BESIDE = 12  # sentences before and after the answer that may stand beside it


@dataclass
class Pool:
    """The sentences of a set's documents, and which are like a question."""

    library: Library
    places: list[tuple[str, int, int]]  # document, first and last character
    texts: list[str]
    own: dict[str, list[int]]  # document → its sentences

    def __post_init__(self) -> None:
        self.likeness = Likeness(self.texts)

    def at(self, spans: Sequence[twins.Place]) -> list[int]:
        """The sentences that the spans overlap."""
        return [
            i
            for document, start, end in spans
            for i in self.own[document]
            if min(end, self.places[i][2]) - max(start, self.places[i][1])
            > min(8, 0.4 * (end - start))
        ]


def pool_of(name: str, data: Path, tokenizer: Any) -> Pool:
    passages: list[Passage] = []
    places: list[tuple[str, int, int]] = []
    texts: list[str] = []
    own: dict[str, list[int]] = {}
    for document in twins.documents(name, data):
        keyed, at, inside = key(document.text), 0, []
        for sentence in sentences_of(keyed):
            at = keyed.find(sentence, at)
            inside.append(len(texts))
            places.append((document.id, at, at + len(sentence)))
            texts.append(sentence)
            at += len(sentence)
        own[document.id] = inside
        sentences = tuple(texts[i] for i in inside)
        passages.append(Passage(name, document.id, key(document.title), sentences))
    packed = pack(passages, tokenizer)
    arrays = {field: getattr(packed, field) for field in packed.__slots__}
    return Pool(Library(arrays, [name] * len(passages), tokenizer), places, texts, own)


def rows_of(name: str, data: Path, tokenizer: Any, maker: Maker, rng: random.Random) -> Rows:
    """Groups of a set's questions; tags as `train_rows.real` gives them."""
    pool = pool_of(name, data, tokenizer)
    passage_of = {i: n for n, inside in enumerate(pool.own.values()) for i in inside}
    rows = Rows()
    for twin in twins.questions(name):
        likeness = pool.likeness.of(key(twin.question))
        gold, near = pool.at(twin.evidence), pool.at(twin.near)
        if twin.answerable and not gold:
            continue
        best = max(gold, key=lambda i: (_held(pool, twin, i), likeness[i]), default=-1)
        span = _span(pool, twin, best) if gold else None
        like = [int(i) for i in np.argsort(-likeness, kind="stable")[:24] if i not in gold]
        around = [
            i
            for place in (gold or near)[:1]
            for i in range(max(0, place - BESIDE), min(len(pool.texts), place + BESIDE))
            if i not in gold and pool.places[i][0] == pool.places[place][0]
        ]
        for copy in range(COPIES if twin.fold != t.HELD_OUT else 1):
            first, later = like[:10], [*around, *like[10:]]
            question = key(twin.question)
            if copy:
                rng.shuffle(first)
                rng.shuffle(later)
                if rng.random() < 0.35:
                    question = maker.reworded(question, rng)
            taken = list(dict.fromkeys([*near[:2], *first[:5], *later]))
            chosen = ([best] if gold else []) + taken
            while len(chosen) < GROUP:
                chosen.append(rng.randrange(len(pool.texts)))
            candidates = [Candidate(passage_of[i], i) for i in chosen[:GROUP]]
            tag = twin.fold + (10 if copy else 0)
            encoded = pool.library.encode(question)
            rows.add(pool.library, encoded, candidates, span, twin.answerable, tag)
    return rows


def _held(pool: Pool, twin: twins.Twin, place: int) -> int:
    return sum(key(answer) in pool.texts[place] for answer in twin.answers)


def _span(pool: Pool, twin: twins.Twin, place: int) -> tuple[int, int] | None:
    """Tokens of the answer in the sentence."""
    span = answer_span(pool.texts[place], [key(answer) for answer in twin.answers])
    return span and token_span(pool.library.text(pool.library.ids(place))[1], *span)


class Few(t.Groups):
    """The first two sentences of each group, one of the next three and one of the last three.

    What is learnt from the others, all of them wrong, is not worth its time.
    """

    def __init__(self, rows: Sequence[Rows], held_out: bool) -> None:
        rng = np.random.default_rng(1)
        parts = [r.arrays() for r in rows]
        ids, kinds, labels = (np.concatenate([p[i] for p in parts]) for i in range(3))
        fold = labels[:, 3] % 10
        kept = labels[:, 3] == t.HELD_OUT if held_out else fold != t.HELD_OUT
        ids, kinds, labels = ids[kept], kinds[kept], labels[kept]
        n = len(labels)
        drawn = [rng.integers(2, 5, (n, 1)), rng.integers(5, GROUP, (n, 1))]
        which = np.concatenate([np.tile([0, 1], (n, 1)), *drawn], axis=1)[:, :, None]
        ids, kinds = np.take_along_axis(ids, which, 1), np.take_along_axis(kinds, which, 1)
        self.lengths = (ids > 0).sum(axis=2).max(axis=1)
        self.ids = torch.from_numpy(ids.astype(np.int16))
        self.kinds = torch.from_numpy(kinds)
        self.labels = torch.from_numpy(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1200)
    options = parser.parse_args()
    from tokenizers import Tokenizer

    torch.manual_seed(1)
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(options.data / "tokenizer.json"))
    maker, rng = t.make_maker(options.data), random.Random(3)
    paired = [rows_of(n, options.root / "data", tokenizer, maker, rng) for n in twins.NAMES]
    passages = [p for p in read_passages(options.root) if p.source in REAL_COPIES]
    packed = pack(passages, tokenizer)
    arrays = {field: getattr(packed, field) for field in packed.__slots__}
    library = Library(arrays, [p.source for p in passages], tokenizer)
    asked = real(library, maker, questions_of(options.root, passages), REAL_COPIES, 1)
    p = m.loaded(dict(np.load(options.start)), "cpu")
    learnt, others = Few(paired, held_out=False), Few([asked], held_out=False)
    t.say(len(learnt), "groups of pairs,", len(others), "of real questions")
    t.read_groups(p, learnt, options.seconds, 2.5e-4, 0.15, 12, others)
    m.save(options.out, p)
    t.test("pairs, held out", p, Few(paired, held_out=True))
    t.test("real questions, held out", p, Few([asked], held_out=True))


if __name__ == "__main__":
    main()
