"""Groups of what wenju itself finds for a question: the ranker's order is the order of a group.

The cases are those that the judge of answerability is fitted on (`benchmarks.fit_judge`): real
questions, answerable ones without their evidence, and ones asked of something else. Real ones of
our own come three times, twice with other sentences out of the best 24. A quarter of what is learnt
from has no headings: documents have none, too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import written
from benchmarks.judge_cases import REAL, Judged
from index.segmenting import key
from rag.ranking import order, score
from rag.reader_zh.train_rows import (
    ALWAYS,
    COPY,
    GROUP,
    HELD_OUT,
    Candidate,
    Rows,
    Span,
    answer_span,
    lead_of,
)
from rag.reader_zh.train_text import Ids
from rag.rereading import context_of, question_for

LEAST = 4  # sentences found; with fewer there is nothing to choose from
BEST = 24  # of which the copies take theirs
COPIES = 2
BARE = 0.25  # of the groups, those without headings
SEED = 5


def is_own(case: Judged) -> bool:
    """Of our questions over passages (T1, T2)."""
    return case.set_name.startswith("T")


def is_twin(case: Judged) -> bool:
    return case.set_name.startswith("twins")


def is_written(case: Judged) -> bool:
    """Of our questions over documents of our own (`benchmarks.written`)."""
    return is_twin(case) and case.set_name.split(": ")[1] in written.NAMES


class Reading:
    """Texts as tokens, each once."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._kept: dict[str, tuple[Ids, list[Span]]] = {}

    def of(self, text: str) -> tuple[Ids, list[Span]]:
        """Ids and the characters that each stands for."""
        if text not in self._kept:
            found = self._tokenizer.encode(key(text), add_special_tokens=False)
            self._kept[text] = found.ids, found.offsets
        return self._kept[text]


def found_rows(cases: Iterable[Judged], reading: Reading, rows: Rows) -> None:
    """Adds the groups of the cases to `rows`. Only real questions of our own can be judged by."""
    rng = random.Random(SEED)
    for case in cases:
        if len(case.retrieval.sentences) < LEAST or (case.answerable and not case.gold):
            continue
        one = _Case(case, reading)
        is_public = not (is_own(case) or is_twin(case))
        tag = ALWAYS if is_public else case.fold + (0 if case.kind == REAL else COPY)
        judged_by = tag == HELD_OUT
        one.add(one.right[:1] + one.wrong, tag, rows, not judged_by and rng.random() < BARE)
        if case.kind == REAL and not is_public and not judged_by:
            for _ in range(COPIES):
                some, hard = one.wrong[:BEST], one.wrong[:2]
                rng.shuffle(some)
                beside = hard + [place for place in some if place not in hard]
                right = [rng.choice(one.right[:3])] if one.right else []
                one.add(right + beside, case.fold + COPY, rows, rng.random() < BARE)


class _Case:
    """`right` and `wrong`: places of sentences, the best first."""

    def __init__(self, case: Judged, reading: Reading) -> None:
        self._case, self._reading = case, reading
        self._answers = [key(answer) for answer in case.answers]
        self._contexts: dict[int, tuple[str, str, str, str]] = {}
        ranked = order(score(case.retrieval))
        self.right: list[int] = []
        self.wrong = [place for place in ranked if place not in case.gold]
        if case.answerable:
            self.right = [place for place in ranked if place in case.gold]
            self.right.sort(key=lambda place: -self._held(place))
            # Where one sentence is enough, others that hold the answer are not wrong.
            self.wrong = [p for p in self.wrong if not self._answers_too(p)] or self.wrong

    def _context(self, place: int) -> tuple[str, str, str, str]:
        if place not in self._contexts:
            self._contexts[place] = context_of(self._case.retrieval, place)
        return self._contexts[place]

    def _held(self, place: int) -> int:
        sentence = key(self._context(place)[2])
        return sum(answer in sentence for answer in self._answers)

    def _answers_too(self, place: int) -> bool:
        sentence = key(self._context(place)[2])
        return any(len(answer) > 1 and answer in sentence for answer in self._answers)

    def add(self, places: Sequence[int], tag: int, rows: Rows, bare: bool) -> None:
        """The first place is right if the question is answerable. `bare`: without headings."""
        candidates = [self._candidate(place, bare) for place in places[:GROUP]]
        span = self._span(self._context(places[0])[2]) if self.right else None
        rows.add([], candidates, span, bool(self.right), tag)

    def _candidate(self, place: int, bare: bool) -> Candidate:
        context = self._context(place)
        lead, *around = context
        title, _, headings = lead.partition("\n")
        asked = question_for(self._case.retrieval, "\n".join(context))
        texts = (title, "" if bare else headings, *around, asked)
        lead_ids, above, *rest = (self._reading.of(text)[0] for text in texts)
        return Candidate(lead_of(lead_ids, above), *rest)

    def _span(self, sentence: str) -> Span | None:
        span = answer_span(key(sentence), [answer for answer in self._answers if answer])
        if span is None:
            return None
        offsets = self._reading.of(sentence)[1]
        inside = [i for i, (a, b) in enumerate(offsets) if b > span[0] and a < span[1]]
        return (inside[0], inside[-1] + 1) if inside else None
