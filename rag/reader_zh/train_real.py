"""Groups of real questions on passages: each beside its answer and the sentences most like it.

Copies are in other words, word by word in English, or changed to ask for what is not said; some
stand beside the right sentence without its answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.reader_zh.train_questions import Maker
from rag.reader_zh.train_rows import (
    COPY,
    GROUP,
    Likeness,
    Rows,
    answer_span,
    candidate,
    pairs,
    token_span,
    without,
)
from rag.reader_zh.train_text import Library

COPIES = {"cmrc2018": 4, "drcd": 3, "stard": 2, "T1": 8, "T2": 8}


def real(
    library: Library, maker: Maker, questions: Sequence[dict[str, Any]], seed: int,
    copies: Mapping[str, int] = COPIES,
) -> Rows:  # fmt: skip
    """`questions` are those of `train_pack.questions_of`; `copies` of each, by their set."""
    rng = random.Random(seed)
    rows = Rows()
    for names in ({"cmrc2018"}, {"drcd"}, {"stard"}, {"T1", "T2"}):
        pool = [p for p, source in enumerate(library.sources) if source in names]
        places = [(p, s) for p in pool for s in library.sentences(p)]
        texts = [library.text(library.ids(s)) for _, s in places]
        where = {s: i for i, (_, s) in enumerate(places)}
        likeness = Likeness([text for text, _ in texts])
        for question in questions:
            if question["set"] not in names:
                continue
            scores = likeness.of(question["q"])
            gold = _gold(library, question, where, texts, scores)
            if question["rel"] and gold is None:
                continue
            excluded = set() if gold is None else gold[2]
            top = [int(i) for i in np.argsort(-scores, kind="stable")[:24] if i not in excluded]
            near = [
                where[s]
                for p in question["rel"][:2]
                for s in library.sentences(p)
                if where[s] not in excluded
            ]
            for copy in range(copies[question["set"]]):
                _copy(library, maker, question, copy, gold, top, near, places, texts, rows, rng)
    return rows


def _gold(
    library: Library, question: dict[str, Any], where: dict[int, int], texts: Sequence[Any],
    scores: np.ndarray,
) -> tuple[int, tuple[int, int] | None, set[int]] | None:  # fmt: skip
    """(place, span of characters or None, places that may hold the answer)."""
    inside = [where[s] for p in question["rel"] for s in library.sentences(p)]
    if question["set"] == "stard":
        best = max(inside, key=lambda i: scores[i])
        return best, None, set(inside)
    if question["quotes"]:
        best, quoted = -1, set()
        for passage, quote in question["quotes"]:
            wanted = pairs(quote)
            own = [where[s] for s in library.sentences(passage)]
            share = [len(wanted & pairs(texts[i][0])) / max(1, len(wanted)) for i in own]
            quoted |= {i for i, s in zip(own, share, strict=True) if s > 0.5}
            if best < 0 and max(share) > 0.3:
                best = own[int(np.argmax(share))]
        if best < 0:
            return None
        return best, answer_span(texts[best][0], question["answers"]), quoted | {best}
    for answer in question["answers"]:
        holding = [i for i in inside if answer in texts[i][0]]
        if holding:
            around = {i: scores[i] + 0.3 * max(scores[i - 1], scores[(i + 1) % len(scores)])
                      for i in holding}  # fmt: skip
            best = max(holding, key=around.__getitem__)
            start = texts[best][0].find(answer)
            return best, (start, start + len(answer)), set(holding)
    return None


def _copy(
    library: Library, maker: Maker, question: dict[str, Any], copy: int, gold: Any,
    top: Sequence[int], near: Sequence[int], places: Sequence[tuple[int, int]],
    texts: Sequence[Any], rows: Rows, rng: random.Random,
) -> None:  # fmt: skip
    text, answered = question["q"], gold is not None
    tag = question["fold"] + (COPY if copy else 0)
    some = list(dict.fromkeys([*top[:12], *near]))
    if copy:
        rng.shuffle(some)
        chance = rng.random()
        if chance < 0.3:
            text = maker.reworded(text, rng)
        elif chance < 0.4:
            text = maker.in_english(text, rng) or text
        if answered and question["set"] != "stard" and rng.random() < 0.3:
            held = texts[gold[0]][0]
            words = [w for i in (gold[0], *some[:3]) for w in maker.cut(texts[i][0])]
            if changed := maker.swapped(text, held, words, rng):
                text, answered = changed, False
    candidates = [candidate(library, *places[i]) for i in some[:GROUP]]
    span = None
    if gold is not None:
        right = places[gold[0]]
        candidates.insert(0, candidate(library, *right))
        if gold[1] is not None:
            span = token_span(texts[gold[0]][1], *gold[1])
            if copy and rng.random() < 0.25 and (cut := without(texts[gold[0]][0], *gold[1])):
                candidates.insert(1, candidate(library, right[0], right[1], library.encode(cut)))
    while len(candidates) < GROUP:
        passage, sentence = rng.choice(places)
        candidates.append(candidate(library, passage, sentence))
    rows.add(library.encode(text), candidates, span, answered, tag)
