"""Rows to learn from: groups of eight candidate sentences to a question, at most one of them right.

A row is [CLS] question [SEP] title [SEP] sentence before [SEP] sentence [SEP] sentence after, and
`kinds` says which is which: 0 to 4. Negatives come from the same passage (those most like the
question first), from other passages with the same rare words, from the right sentence without its
answer, and from questions changed to ask for what is not said.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rag.reader_zh.train_questions import Maker

CLS, SEP = 2, 3
GROUP, LENGTH = 8, 160
QUESTION, TITLE, BEFORE, SENTENCE, AFTER = 40, 16, 20, 96, 12
NO_ANSWER = 0.35  # of the groups

Ids = list[int]


@dataclass
class Library:
    """Packed text (`train_text.Packed`) and what reads it back."""

    arrays: dict[str, np.ndarray]
    sources: list[str]
    tokenizer: Any
    tokens: list[str] = field(default_factory=list)
    latin: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        vocabulary = self.tokenizer.get_vocab()
        self.tokens = sorted(vocabulary, key=vocabulary.__getitem__)
        self.latin = [t.strip("#").isascii() and t.strip("#").isalpha() for t in self.tokens]

    def sentences(self, passage: int) -> range:
        at = self.arrays["passage_at"]
        return range(int(at[passage]), int(at[passage + 1]))

    def ids(self, sentence: int) -> Ids:
        at = self.arrays["sentence_at"]
        found: Ids = self.arrays["ids"][at[sentence] : at[sentence + 1]].tolist()
        return found

    def title(self, passage: int) -> Ids:
        at = self.arrays["title_at"]
        found: Ids = self.arrays["titles"][at[passage] : at[passage + 1]].tolist()
        return found

    def text(self, ids: Sequence[int]) -> tuple[str, list[int]]:
        """The text, and at which character each token begins (and, last, where the text ends)."""
        parts, starts, at, latin = [], [], 0, False
        for i in ids:
            token = self.tokens[i]
            if i < 5:
                token = "□"
            elif self.latin[i]:
                if token.startswith("##"):
                    token = token[2:]
                elif latin:
                    parts.append(" ")
                    at += 1
            latin = i >= 5 and self.latin[i]
            parts.append(token)
            starts.append(at)
            at += len(token)
        starts.append(at)
        return "".join(parts), starts

    def encode(self, text: str) -> Ids:
        found: Ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found


@dataclass(frozen=True, slots=True)
class Candidate:
    passage: int
    sentence: int
    ids: tuple[int, ...] | None = None  # instead of the sentence's own


@dataclass
class Rows:
    ids: list[np.ndarray] = field(default_factory=list)
    kinds: list[np.ndarray] = field(default_factory=list)
    # Per group: place of the right candidate or -1; its span in the row (inclusive) or -1; a tag.
    labels: list[tuple[int, int, int, int]] = field(default_factory=list)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.stack(self.ids), np.stack(self.kinds), np.array(self.labels, dtype=np.int16)

    def add(
        self,
        library: Library,
        question: Ids,
        candidates: Sequence[Candidate],
        span: tuple[int, int] | None,
        answered: bool,
        tag: int,
    ) -> None:
        """The first candidate is the right one if `answered`; `span`: its tokens, half-open."""
        ids = np.zeros((GROUP, LENGTH), dtype=np.uint16)
        kinds = np.zeros((GROUP, LENGTH), dtype=np.uint8)
        label = (-1, -1)
        for row, candidate in enumerate(candidates[:GROUP]):
            place = _row(
                library, question, candidate, span if row == 0 else None, ids[row], kinds[row]
            )
            if row == 0 and place:
                label = place
        self.ids.append(ids)
        self.kinds.append(kinds)
        self.labels.append((0 if answered else -1, *(label if answered else (-1, -1)), tag))


def _row(
    library: Library,
    question: Ids,
    candidate: Candidate,
    span: tuple[int, int] | None,
    ids: np.ndarray,
    kinds: np.ndarray,
) -> tuple[int, int] | None:
    inside = library.sentences(candidate.passage)
    own = candidate.sentence
    sentence = list(candidate.ids or library.ids(own))
    first = 0
    if len(sentence) > SENTENCE and span:
        first = max(0, min(span[0] - SENTENCE // 2, len(sentence) - SENTENCE))
    sentence = sentence[first : first + SENTENCE]
    before = library.ids(own - 1)[-BEFORE:] if own > inside.start else []
    after = library.ids(own + 1)[:AFTER] if own + 1 < inside.stop else []
    parts = [
        [CLS, *question[:QUESTION], SEP],
        [*library.title(candidate.passage)[:TITLE], SEP],
        [*before, SEP],
        [*sentence, SEP],
        after,
    ]
    start = sum(map(len, parts[:3]))
    flat = [i for part in parts for i in part][:LENGTH]
    ids[: len(flat)] = flat
    kinds[: len(flat)] = np.repeat(np.arange(5), list(map(len, parts)))[:LENGTH]
    if not span:
        return None
    one, other = start + span[0] - first, start + span[1] - 1 - first
    return (one, other) if span[1] - first <= SENTENCE and other < LENGTH - 1 else None


def pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def token_span(starts: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Characters to tokens, both half-open."""
    first = int(np.searchsorted(starts, start, side="right")) - 1
    return first, max(first + 1, int(np.searchsorted(starts, end, side="left")))


def answer_span(text: str, answers: Sequence[str]) -> tuple[int, int] | None:
    """Characters of the answers in a text: all of them where that is short, else the first's."""
    found = [(text.find(a), text.find(a) + len(a)) for a in answers if a in text]
    if not found:
        return None
    start, end = min(a for a, _ in found), max(b for _, b in found)
    return (start, end) if end - start <= 40 else found[0]


class Likeness:
    """How like a question each of some texts is: shared pairs of characters, the rarer the more."""

    def __init__(self, texts: Sequence[str]) -> None:
        from scipy.sparse import csr_matrix

        self._columns: dict[str, int] = {}
        places = [
            (row, self._columns.setdefault(pair, len(self._columns)))
            for row, text in enumerate(texts)
            for pair in pairs(text)
        ]
        at = np.array(places)
        self._matrix = csr_matrix(
            (np.ones(len(at), dtype=np.float32), (at[:, 0], at[:, 1])),
            shape=(len(texts), len(self._columns)),
        )
        counts = np.maximum(1, np.asarray(self._matrix.sum(axis=0)).ravel())
        self._idf = np.log(len(texts) / counts)
        self._lengths = np.sqrt(np.array([max(12, len(text)) for text in texts]))

    def of(self, question: str) -> np.ndarray:
        """A value for each text, in their order."""
        asked = [self._columns[pair] for pair in pairs(question) if pair in self._columns]
        vector = np.zeros(len(self._columns), dtype=np.float32)
        vector[asked] = self._idf[asked]
        scores: np.ndarray = np.asarray(self._matrix @ vector).ravel() / self._lengths
        return scores


def without(text: str, start: int, end: int) -> str | None:
    """The sentence without the clause that holds the answer."""
    signs = "，；：。,;"
    left = max(text.rfind(s, 0, start) for s in signs) + 1
    right = min((r for s in signs if (r := text.find(s, end)) >= 0), default=len(text) - 1) + 1
    rest = text[:left] + text[right:]
    return rest if len(rest) >= 12 else None


def made(
    library: Library, maker: Maker, passages: Iterable[int], per_passage: float, seed: int
) -> Rows:
    """Groups of made questions."""
    rng = random.Random(seed)
    rows = Rows()
    seen: dict[str, list[Candidate]] = defaultdict(list)  # rare word → right sentences elsewhere
    for passage in passages:
        n = int(per_passage) + (rng.random() < per_passage % 1)
        if library.sources[passage] == "stard":
            n = int(rng.random() < 0.3)
        _made_of(library, maker, passage, n, rows, seen, rng)
    return rows


def _made_of(
    library: Library, maker: Maker, passage: int, n: int, rows: Rows,
    seen: dict[str, list[Candidate]], rng: random.Random,
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
            elsewhere = [c for w in rare for c in seen[w][-2:] if c.passage != passage]
            rng.shuffle(elsewhere)
            gold = Candidate(passage, inside[right])
            negatives = [Candidate(passage, inside[j]) for j in order[:4]]
            if rng.random() < 0.3 and (cut := without(texts[right], at, at + len(answer))):
                negatives.insert(0, Candidate(passage, inside[right], tuple(library.encode(cut))))
            negatives += elsewhere[:2] + [Candidate(passage, inside[j]) for j in rest[:2]]
            while len(negatives) < GROUP - 1:
                other_passage = rng.randrange(len(library.sources))
                negatives.append(
                    Candidate(other_passage, rng.choice(library.sentences(other_passage)))
                )
            answered = True
            if rng.random() < NO_ANSWER:
                near = [w for j in (right, *order[:2]) for w in maker.cut(texts[j])]
                if changed := maker.swapped(question, texts[right], near, rng):
                    question, answered = changed, False
            if rng.random() < 0.05 and (english := maker.in_english(question, rng)):
                question = english
            span = token_span(found[right][1], at, at + len(answer))
            rows.add(library, library.encode(question), [gold, *negatives], span, answered, 0)
            for word in rare:
                seen[word].append(gold)
            break


def real(
    library: Library, maker: Maker, questions: Sequence[dict[str, Any]], copies: dict[str, int],
    seed: int,
) -> Rows:  # fmt: skip
    """Groups of real questions: `set`, `q`, `answers`, `rel` (passages), `quotes`, `fold`.

    A group's tag is its fold, plus 10 for the copies that may not be judged by (reworded ones).
    """
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
    tag = question["fold"] + (10 if copy else 0)
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
    candidates = [Candidate(places[i][0], places[i][1]) for i in some]
    span = None
    if gold is not None:
        candidates.insert(0, Candidate(places[gold[0]][0], places[gold[0]][1]))
        if gold[1] is not None:
            span = token_span(texts[gold[0]][1], *gold[1])
            if copy and rng.random() < 0.25 and (cut := without(texts[gold[0]][0], *gold[1])):
                candidates.insert(
                    1, Candidate(places[gold[0]][0], places[gold[0]][1], tuple(library.encode(cut)))
                )
    while len(candidates) < GROUP:
        passage, sentence = rng.choice(places)
        candidates.append(Candidate(passage, sentence))
    rows.add(library, library.encode(text), candidates, span, answered, tag)
