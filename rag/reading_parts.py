"""A question for several things is read part by part: each gets its own statement, in order.

Every part is a question over the sentences that were found for the whole: they are ranked again
for it, and the best of them read beside it by the reading model. There is no second search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from index.schema import Span, part_of
from index.segmenting import key
from rag import background
from rag.answer_spans import SpanCandidate
from rag.asking import COUNTED
from rag.features import measure
from rag.parts import Part, parts_of
from rag.ranking import Scores, score
from rag.reading import (
    SAME,
    Draft,
    draft_of,
    leads,
    led,
    overlap_of,
    pairs_of,
    pool_of,
    size_of,
)
from rag.reading_model import Judgements
from rag.rereading import reread
from rag.retrieval import Retrieval
from rag.settings import ReadingSettings
from rag.short_answers import candidates_of
from rag.terms import Concept, content_grams

WHOLE = 0.1  # how much the whole question's score counts beside the part's
GAP = 5.0  # how far below a part's best a sentence may stand: judgements pull scores apart
SURE = 0.85  # a part whose short answer is this probable needs no second sentence
LEAST = 3  # statements, where so many were found and a part's answer is not sure
_RESPECTIVELY = re.compile(r"分别|各[为是占达增下]|respectively")
Short = tuple[tuple[Span, ...], float]


@dataclass(frozen=True, slots=True)
class PartFound:
    """A part, what was found as if for it alone, and the scores of the sentences for it."""

    retrieval: Retrieval
    scores: Scores
    part: Part
    judgements: Judgements


def read_parts(retrieval: Retrieval, scores: Scores, settings: ReadingSettings) -> list[Draft]:
    """Drafts in the question's order; [] where it asks for one thing, or nothing was found."""
    parts = parts_found(retrieval, scores, settings)
    pools = [pool_of(p.retrieval, p.scores, settings, GAP) for p in parts]
    if not parts or not all(pools):
        return []
    shorts = [
        leads(p.retrieval, p.scores, pool, p.judgements)
        for p, pool in zip(parts, pools, strict=True)
    ]
    pools = [
        led(pool, p.scores, short) if short else pool
        for p, pool, short in zip(parts, pools, shorts, strict=True)
    ]
    firsts = [pool[0] for pool in pools]
    told = _told(parts, firsts, shorts)
    drafts: list[Draft] = []
    for number, (found, place) in enumerate(zip(parts, firsts, strict=True)):
        short = told[number]
        at = next((n for n, d in enumerate(drafts) if d.place == place), None)
        if at is None:
            drafts.append(
                draft_of(
                    found.retrieval, found.scores, settings, place, short, [place], found.judgements
                )
            )
        elif short is not None and drafts[at].short:
            drafts[at] = replace(drafts[at], more=(*drafts[at].more, short[0]))
    further = _further(parts, pools, told, drafts, settings)
    if len(drafts) + len(further) < LEAST:
        whole = PartFound(retrieval, scores, parts[0].part, {})
        pool = [-1, *pool_of(retrieval, scores, settings)]
        rest = LEAST - len(drafts) - len(further)
        further += _further(
            [whole], [pool[: rest + len(drafts) + 1]], [None], [*drafts, *further], settings, LEAST
        )
    return drafts + further


def parts_found(retrieval: Retrieval, scores: Scores, settings: ReadingSettings) -> list[PartFound]:
    """In the question's order; [] where it asks for one thing."""
    if not len(scores):
        return []
    found = []
    for part in parts_of(retrieval.question, retrieval.asked, retrieval.concepts):
        features = measure(
            [s.candidate for s in retrieval.sentences],
            part.concepts,
            content_grams(part.question, background.shipped()),
            part.asked,
            part.question.key,
        )
        own = replace(
            retrieval,
            question=part.question,
            asked=part.asked,
            concepts=part.concepts,
            features=features,
        )
        ranked, judgements = reread(own, score(own) + WHOLE * scores, settings.reread)
        found.append(PartFound(own, ranked, part, judgements))
    return found


def _told(
    parts: Sequence[PartFound], firsts: Sequence[int], shorts: Sequence[Mapping[int, Short]]
) -> list[Short | None]:
    """Each part's short answer; no two parts get the same characters of a sentence."""
    told: list[Short | None] = [
        short.get(first) for short, first in zip(shorts, firsts, strict=True)
    ]
    if len(set(firsts)) == 1:
        in_order = _in_order(parts, firsts[0])
        if in_order:
            return list(in_order)
    seen: dict[tuple[int, tuple[Span, ...]], int] = {}
    for number, short in enumerate(told):
        if short is None:
            continue
        place = (firsts[number], short[0])
        other = seen.get(place)
        if other is None:
            seen[place] = number
            continue
        # Which of the two it answers is not known: neither gets it.
        told[number] = told[other] = None
    return told


def _in_order(parts: Sequence[PartFound], place: int) -> list[Short]:
    """«汽油和柴油分别上涨240元和230元»: as many figures as parts, in the order of their things."""
    found = parts[0].retrieval.sentences[place]
    if found.candidate.kind.startswith("table_"):
        return []
    keyed = key(found.document.joined(found.sentence.spans))
    things = [_first_place(keyed, p.part.own) for p in parts]
    if any(t < 0 for t in things) or sorted(things) != things or len(set(things)) < len(things):
        return []
    marks = [m.end() for m in _RESPECTIVELY.finditer(keyed, things[-1])]
    asked = parts[0].part.asked
    if not marks or any(p.part.asked.type not in COUNTED for p in parts):
        return []
    clause = re.compile(r"[;；。!！?？]").search(keyed, marks[0])
    end = clause.start() if clause else len(keyed)
    figures = [
        c
        for c in candidates_of(keyed, asked, parts[0].retrieval.question.key)
        if marks[0] <= c.start and c.end <= end
    ]
    figures = _outermost(figures)
    if not figures:
        return []
    alike = [c for c in figures if c.shape == figures[0].shape]
    if len(alike) != len(parts):
        return []
    return [(part_of(found.sentence.spans, c.start, c.end), 0.9) for c in alike]


def _outermost(figures: Sequence[SpanCandidate]) -> list[SpanCandidate]:
    """By place, without those that lie within others."""
    return sorted(
        (
            a
            for a in figures
            if not any(b is not a and b.start <= a.start and a.end <= b.end for b in figures)
        ),
        key=lambda c: c.start,
    )


def _first_place(keyed: str, concepts: Sequence[Concept]) -> int:
    places = [keyed.find(a.term) for c in concepts for a in c.alternatives]
    return min((p for p in places if p >= 0), default=-1)


def _further(
    parts: Sequence[PartFound],
    pools: Sequence[Sequence[int]],
    told: Sequence[Short | None],
    drafts: Sequence[Draft],
    settings: ReadingSettings,
    most: int | None = None,
) -> list[Draft]:
    """More sentences for the parts whose answer is not sure, in turn, while there is room."""
    chosen = [d.place for d in drafts]
    length = sum(sum(map(len, d.spans)) for d in drafts)
    unsure = [n for n, short in enumerate(told) if short is None or short[1] < SURE]
    most = most or settings.max_several
    out: list[Draft] = []
    for depth in range(1, settings.max_several):
        for n in unsure:
            if depth >= len(pools[n]) or len(chosen) >= most:
                continue
            place = pools[n][depth]
            found = parts[n].retrieval.sentences[place]
            pairs = pairs_of(found.candidate.key)
            said = [parts[n].retrieval.sentences[i].candidate.key for i in chosen]
            size = min(size_of(found), settings.max_statement_chars)
            if any(overlap_of(pairs, pairs_of(k)) >= SAME for k in said) or (
                length + size > settings.max_several_chars
            ):
                continue
            chosen.append(place)
            length += size
            out.append(
                draft_of(
                    parts[n].retrieval,
                    parts[n].scores,
                    settings,
                    place,
                    None,
                    chosen,
                    parts[n].judgements,
                )
            )
    return out
