"""The reader without a model: the best sentences themselves, few, short and without repetition."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.schema import Document, Span, part_of
from index.segmenting import key
from rag.asking import Sign
from rag.ranking import Scores, order
from rag.retrieval import Found, Retrieval
from rag.settings import ReadingSettings
from rag.terms import Concept, contains

# A sentence this far below the best is e^-3.5 as likely to hold the answer: not worth reading.
MAX_GAP = 3.5
_SAME = 0.8  # share of common character pairs from which two sentences say the same
# A sign between digits is part of a number or a time: 1,250,000, 10:30.
_CLAUSE = re.compile(r"(?:[^，,；;：:。!！?？、]|(?<=\d)[,:](?=\d))+[，,；;：:。!！?？、]*")
_UNDIVIDED = re.compile(r"[0-9A-Za-z.,:%]")
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement to be: what it rests on, not yet checked."""

    document: Document
    spans: tuple[Span, ...]
    score: float


def read(retrieval: Retrieval, scores: Scores, settings: ReadingSettings) -> list[Draft]:
    """At most `max_statements` drafts, best first; nothing found gives []."""
    drafts: list[Draft] = []
    shown: list[set[str]] = []
    length = 0
    places = order(scores)
    for i in places[: 4 * settings.max_statements + 8]:
        if len(drafts) == settings.max_statements:
            break
        if drafts and scores[places[0]] - scores[i] > MAX_GAP:
            break
        found = retrieval.sentences[i]
        pairs = _pairs(found.candidate.key)
        if not pairs or any(_overlap(pairs, other) >= _SAME for other in shown):
            continue
        spans = shortened(found, retrieval, settings.max_statement_chars)
        size = sum(map(len, spans))
        if drafts and length + size > settings.max_answer_chars:
            continue
        drafts.append(Draft(found.document, spans, float(scores[i])))
        shown.append(pairs)
        length += size
    return drafts


def shortened(found: Found, retrieval: Retrieval, limit: int) -> tuple[Span, ...]:
    """The sentence's spans, or of a longer one the run of whole clauses that answers best.

    The run is contiguous within the sentence. Rows of tables stay whole.
    """
    spans = found.sentence.spans
    size = sum(map(len, spans))
    if size <= limit or found.candidate.kind.startswith("table_"):
        return spans
    text = found.document.joined(spans)
    cuts = [(m.start(), m.end()) for m in _CLAUSE.finditer(text)]
    keyed = key(text)
    best: tuple[float, int, int] | None = None
    for first in range(len(cuts)):
        last = first
        while last + 1 < len(cuts) and cuts[last + 1][1] - cuts[first][0] <= limit:
            last += 1
        start, end = cuts[first][0], cuts[last][1]
        if end - start > limit:
            end = _whole(text, start, start + limit)
        worth = _worth(keyed[start:end], retrieval)
        if best is None or worth > best[0]:
            best = (worth, start, end)
        if last + 1 == len(cuts):
            break
    if best is None:
        return spans
    start, end = best[1], best[2]
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end = start + len(text[start:end].rstrip())
    return part_of(spans, start, end) or spans


def _whole(text: str, start: int, end: int) -> int:
    """`end`, or the place before the number or Latin word that it would cut."""
    at = end
    while at > start and _UNDIVIDED.match(text[at - 1]) and _UNDIVIDED.match(text[at]):
        at -= 1
    return at if at > start else end


def _worth(text: str, retrieval: Retrieval) -> float:
    covered = sum(_value(c, text) * c.rarity for c in retrieval.concepts)
    sign = Sign(retrieval.asked.kind, retrieval.question.key)
    return covered + 0.5 * sign.found_in(text)


def _value(concept: Concept, text: str) -> float:
    return max((a.weight for a in concept.alternatives if contains(text, a.term)), default=0.0)


def _pairs(keyed: str) -> set[str]:
    letters = "".join(_LETTERS.findall(keyed))
    return {letters[i : i + 2] for i in range(len(letters) - 1)} or (
        {letters} if letters else set()
    )


def _overlap(a: set[str], b: set[str]) -> float:
    return len(a & b) / min(len(a), len(b))
