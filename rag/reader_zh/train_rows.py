"""Rows to learn from: groups of eight candidate sentences to a question, at most one of them right.

A row is [CLS] question [SEP] lead [SEP] sentences before [SEP] sentence [SEP] sentence after, and
`kinds` says which is which: 0 to 4. The lead is the title or, where headings are known, the title,
[SEP] and the headings. Questions come from four places: `train_made`, `train_real`,
`train_pairs` and `train_found`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.reader_zh.train_text import Ids, Library

CLS, SEP = 2, 3
GROUP, LENGTH = 8, 192
# Tokens of a part. The sentence that is read later may be longer: 120.
QUESTION, TITLE, HEADINGS, BEFORE, SENTENCE, AFTER = 40, 12, 28, 32, 100, 8
FOLDS, HELD_OUT = 5, 0  # our own questions, by document or passage; this fold is never learnt from
COPY = 10  # added to the fold of a group that may not be judged by: a copy, or one that was made
ALWAYS = 9  # the fold of sets that are learnt from whole

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence and what stands around it, as tokens.

    `asked`: the question as this sentence would word it, read instead of the group's.
    """

    lead: Ids
    before: Ids
    sentence: Ids
    after: Ids
    asked: Ids | None = None


def candidate(
    library: Library, passage: int, sentence: int, instead: Ids | None = None
) -> Candidate:
    """`instead`: read in the sentence's place."""
    inside = library.sentences(passage)
    return Candidate(
        library.title(passage)[:TITLE],
        library.ids(sentence - 1) if sentence > inside.start else [],
        instead or library.ids(sentence),
        library.ids(sentence + 1) if sentence + 1 < inside.stop else [],
    )


@dataclass
class Rows:
    ids: list[np.ndarray] = field(default_factory=list)
    kinds: list[np.ndarray] = field(default_factory=list)
    # Per group: place of the right candidate or -1; its span in the row (inclusive) or -1; a tag,
    # which is the question's fold, or that and COPY.
    labels: list[tuple[int, int, int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)

    def arrays(self) -> dict[str, np.ndarray]:
        """`ids` and `kinds` (groups, GROUP, LENGTH), `labels` (groups, 4)."""
        shape = (len(self), GROUP, LENGTH)
        return {
            "ids": np.array(self.ids, dtype=np.uint16).reshape(shape),
            "kinds": np.array(self.kinds, dtype=np.uint8).reshape(shape),
            "labels": np.array(self.labels, dtype=np.int16).reshape(-1, 4),
        }

    def add(
        self,
        question: Ids,
        candidates: Sequence[Candidate],
        span: Span | None,
        answered: bool,
        tag: int,
    ) -> None:
        """The first candidate is the right one if `answered`; `span`: its tokens, half-open.

        Of more than GROUP candidates the first are taken; what is missing stays empty.
        """
        ids = np.zeros((GROUP, LENGTH), dtype=np.uint16)
        kinds = np.zeros((GROUP, LENGTH), dtype=np.uint8)
        place = None
        for row, one in enumerate(candidates[:GROUP]):
            own = span if row == 0 else None
            flat, parts, found = row_of(one.asked or question, one, own)
            ids[row, : len(flat)], kinds[row, : len(flat)] = flat, parts
            place = place or found
        self.ids.append(ids)
        self.kinds.append(kinds)
        label = place if place and answered else (-1, -1)
        self.labels.append((0 if answered else -1, *label, tag))


def lead_of(title: Ids, headings: Ids) -> Ids:
    """Headings are read from their end: the one right above the sentence tells most."""
    return [*title[:TITLE], *([SEP, *headings[-HEADINGS:]] if headings else [])]


def row_of(question: Ids, one: Candidate, span: Span | None) -> tuple[Ids, Ids, Span | None]:
    """Ids, kinds, and where the span lies in the row: inclusive, None where it does not fit.

    A long sentence is cut so that the span is in the middle.
    """
    first = 0
    if len(one.sentence) > SENTENCE and span:
        first = max(0, min(span[0] - SENTENCE // 2, len(one.sentence) - SENTENCE))
    parts = [
        [CLS, *question[:QUESTION], SEP],
        [*one.lead, SEP],
        [*one.before[-BEFORE:], SEP],
        [*one.sentence[first : first + SENTENCE], SEP],
        one.after[:AFTER],
    ]
    ids = [i for part in parts for i in part][:LENGTH]
    kinds = [kind for kind, part in enumerate(parts) for _ in part][:LENGTH]
    if not span:
        return ids, kinds, None
    start = sum(map(len, parts[:3])) - first
    place = start + span[0], start + span[1] - 1
    fits = span[1] - first <= SENTENCE and place[1] < LENGTH - 1
    return ids, kinds, place if fits else None


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
