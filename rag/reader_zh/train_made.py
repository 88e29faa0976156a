"""Groups of made questions: an answer is taken out of a sentence or a title and asked for.

Beside the right sentence stand those of its passage most like the question, right sentences of
other questions with the same rare words, and, for a third, the right sentence without the clause
that answers. A third of the questions are changed to ask for what is not said.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

from rag.reader_zh.train_questions import Maker
from rag.reader_zh.train_rows import ALWAYS, GROUP, Rows, candidate, pairs, token_span, without
from rag.reader_zh.train_text import Ids, Library

NO_ANSWER = 0.35  # of the groups

# A passage, one of its sentences, and what is read in its place.
Place = tuple[int, int, Ids | None]


def made(
    library: Library, maker: Maker, passages: Iterable[int], per_passage: float, seed: int
) -> Rows:
    """`per_passage` questions a passage, of a statute fewer; nothing is held out."""
    rng = random.Random(seed)
    rows = Rows()
    seen: dict[str, list[Place]] = defaultdict(list)  # rare word → right sentences elsewhere
    for passage in passages:
        n = int(per_passage) + (rng.random() < per_passage % 1)
        if library.sources[passage] == "stard":
            n = int(rng.random() < 0.3)
        _made_of(library, maker, passage, n, rows, seen, rng)
    return rows


def _made_of(
    library: Library, maker: Maker, passage: int, n: int, rows: Rows,
    seen: dict[str, list[Place]], rng: random.Random,
) -> None:  # fmt: skip
    inside = library.sentences(passage)
    if len(inside) > 60:
        at = rng.randrange(len(inside) - 60)
        inside = inside[at : at + 60]
    found = [library.text(library.ids(s)) for s in inside]
    texts = [text for text, _ in found]
    bigrams = [pairs(text) for text in texts]
    title, _ = library.text(library.title(passage))
    for _ in range(n):
        source = -1 if title and rng.random() < 0.35 else rng.randrange(len(texts))
        text = title if source < 0 else texts[source]
        if not 10 <= len(text) <= 260:
            continue
        spans = maker.answers(text)
        rng.shuffle(spans)
        for start, end, kind in spans[:3]:
            answer = text[start:end]
            own = pairs(text) - pairs(answer)
            # Asked in the words of one sentence, answered by another where one can be found.
            others = [
                j
                for j, other in enumerate(texts)
                if j != source and answer in other and len(own & bigrams[j]) >= 4
            ]
            if others:
                right = max(others, key=lambda j: len(own & bigrams[j]))
                at = texts[right].find(answer)
            elif source >= 0:
                right, at = source, start
            else:
                continue
            question = maker.ask(text, start, end, kind, rng)
            if question is None or answer in question:
                continue
            excluded = {right, source, *(j for j, t in enumerate(texts) if answer in t)}
            like = pairs(question)
            order = sorted(
                (j for j in range(len(texts)) if j not in excluded),
                key=lambda j: -len(like & bigrams[j]),
            )
            rest = order[5:]
            rng.shuffle(rest)
            rare = [
                w
                for w in maker.cut(question)
                if len(w) > 2 or maker.tag(w)[:2] in ("nr", "ns", "nz")
            ]
            elsewhere = [c for w in rare for c in seen[w][-2:] if c[0] != passage]
            rng.shuffle(elsewhere)
            gold: Place = (passage, inside[right], None)
            negatives: list[Place] = [(passage, inside[j], None) for j in order[:4]]
            if rng.random() < 0.3 and (cut := without(texts[right], at, at + len(answer))):
                negatives.insert(0, (passage, inside[right], library.encode(cut)))
            negatives += elsewhere[:2] + [(passage, inside[j], None) for j in rest[:2]]
            while len(negatives) < GROUP - 1:
                other = rng.randrange(len(library.sources))
                negatives.append((other, rng.choice(library.sentences(other)), None))
            answered = True
            if rng.random() < NO_ANSWER:
                near = [w for j in (right, *order[:2]) for w in maker.cut(texts[j])]
                if changed := maker.swapped(question, texts[right], near, rng):
                    question, answered = changed, False
            if rng.random() < 0.05 and (english := maker.in_english(question, rng)):
                question = english
            span = token_span(found[right][1], at, at + len(answer))
            chosen = [candidate(library, *place) for place in [gold, *negatives]]
            rows.add(library.encode(question), chosen, span, answered, ALWAYS)
            for word in rare:
                seen[word].append(gold)
            break
