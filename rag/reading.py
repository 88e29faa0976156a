"""The reader without a model: the best sentences themselves, few, short and without repetition.

A question for one thing gets the sentence that says it, with the thing itself put first (see
rag/short_answers.py), and one or two more. A question for several things, a reason or a way gets
up to `max_several` sentences, chosen so that each says something that the others do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from index.schema import Document, Span, part_of
from index.segmenting import key
from rag.asking import (
    COMPARISON,
    COUNTED,
    DATE,
    MANNER,
    ORGANISATION,
    PERSON,
    REASON,
    SOURCE,
    YESNO,
    Sign,
)
from rag.clauses import best_part
from rag.confirming import short_answer
from rag.enumerations import MOST as MOST_ITEMS
from rag.enumerations import announced, asks_for_all, items_with
from rag.parts import things_of
from rag.ranking import Scores, order
from rag.reading_model import Judgements
from rag.resolving import antecedent
from rag.retrieval import Found, Retrieval
from rag.settings import ReadingSettings
from rag.tables import header_of
from rag.terms import Concept, contains

# By the ranker alone, a sentence this far below the best is e^-3.5 as likely to hold the answer:
# not worth showing.
MAX_GAP = 3.5
# … but of what somebody did many sentences tell a part, and none of them what is asked.
_BROAD_GAP = 7.0
# What speaks for one more sentence beside the first, once the reading model has read that: its own
# relevance, a low one of the first, and how near it stands. A logistic regression over questions
# held out of the model. Above the bound one in thirty holds an answer that the first lacks; where
# several things, a reason or a way are asked for, one in sixty is enough.
_ITS_RELEVANCE, _THE_FIRST_S, _BELOW = 0.33, -0.13, -0.22
_WORTH_SHOWING, _WORTH_ADDING = -2.4, -3.2
_RELEVANCES = (-6.0, 5.0)  # beyond them it says no more; unread counts as the lowest
_WIDEST_GAP = 9.0
_LEADS = 6  # sentences that may hold the short answer
_PHRASE_LEADS = 2
_LEAD_GAP = 2.0  # how far below the best the one with the short answer may stand
_SHORT_WORTH = 1.0  # a sure short answer lifts its sentence by so much
SURE = 0.75  # a short answer this probable needs one sentence beside it
SAME = 0.8  # share of common character pairs from which two sentences say the same
_NOVELTY = 1.2  # what a sentence gains that says a concept not said yet
_OTHER_DOCUMENT = 1.5  # … or that another document says, where several are asked for
_REPETITION = 2.0  # what one loses that only says what was said
_ROW = 2.0  # what a table's row loses there
_SIGNED = 0.3  # what one gains that gives a reason where one is asked for
_SIDE_PLACES = 40  # of the best sentences, where one about the other side is looked for
_SIDE_GAP = 9.0
_SPOKEN_OF = 0.6  # of what names a side, by rarity, that a sentence about it says
_LETTERS = re.compile(r"\w")
_BRIEF = 48  # characters of a sentence that may stand before the one it resolves
# Whether, why and how is told in sentences: a row holds the words and says nothing of it.
_SAID_IN_SENTENCES = frozenset((YESNO, REASON, MANNER))
_WHO_WROTE = frozenset((PERSON, DATE, ORGANISATION, SOURCE))


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement to be: what it rests on, not yet checked.

    `short`: the part of `spans` that is the short answer, to be said first; () where there is none.
    `place`: of the sentence in `Retrieval.sentences`; -1 for none.
    """

    document: Document
    spans: tuple[Span, ...]
    score: float
    short: tuple[Span, ...] = ()
    place: int = -1
    probability: float = 0.0  # of the short answer
    cut: tuple[bool, bool] = (False, False)  # whether the sentence goes on before, after
    more: tuple[tuple[Span, ...], ...] = ()  # short answers that are said after `short`


def read(
    retrieval: Retrieval,
    scores: Scores,
    settings: ReadingSettings,
    also: Mapping[int, tuple[Span, ...]] | None = None,
    judgements: Judgements = MappingProxyType({}),
) -> list[Draft]:
    """Drafts in the order in which they are said; nothing found gives [].

    `also`: sentences that have to be among them (the sides of a disagreement), place → what each
    says in short. `judgements`: what the reading model says of some sentences, by place.
    """
    also = also or {}
    # Who asks for one thing, or where sources disagree, wants the first sentence first.
    is_one_thing = retrieval.asked.is_one_thing or bool(also)
    gap = _gap_of(retrieval, judgements)
    pool = pool_of(retrieval, scores, settings, gap)
    if not pool:
        return []
    shorts = leads(retrieval, scores, pool, judgements) if retrieval.asked.is_one_thing else {}
    if shorts:
        pool = led(pool, scores, shorts)
    if also:
        pool = [*also, *(i for i in pool if i not in also)]
        shorts = {i: (spans, 1.0) for i, spans in also.items()}
    if is_one_thing or not retrieval.asked.is_broad:
        bound = _WORTH_SHOWING if is_one_thing else _WORTH_ADDING
        pool = [
            i
            for i in pool
            if i in also or i == pool[0] or _is_worth(scores, judgements, pool[0], i, bound)
        ]
    if is_one_thing:
        chosen = _few(retrieval, scores, settings, pool, shorts, len(also))
    else:
        chosen = _several(retrieval, scores, settings, pool, gap)
    if not also:
        listed = _with_items(retrieval, settings, chosen)
        if listed != chosen:
            chosen, shorts = listed, {}
        chosen += _other_sides(retrieval, scores, settings, chosen)
    drafts = [
        draft_of(retrieval, scores, settings, i, shorts.get(i), chosen, judgements) for i in chosen
    ]
    return _resolved(retrieval, drafts, len(also))


def leads(
    retrieval: Retrieval,
    scores: Scores,
    pool: Sequence[int],
    judgements: Judgements = MappingProxyType({}),
) -> dict[int, tuple[tuple[Span, ...], float]]:
    """Place → the short answer it holds and its probability, for the first few places."""
    found = {}
    # Phrases are slow to tell apart, and a sure one is rarely far down.
    most = _LEADS if retrieval.asked.type in COUNTED else _PHRASE_LEADS
    for i in pool[:most]:
        if scores[pool[0]] - scores[i] > _LEAD_GAP:
            break
        short = short_answer(retrieval, i, judgements)
        if short is not None:
            found[i] = short
    return found


def pool_of(
    retrieval: Retrieval, scores: Scores, settings: ReadingSettings, gap: float = MAX_GAP
) -> list[int]:
    """Places worth reading, best first: no captions or headings but the best alone, no repeats."""
    places = order(scores)[: 4 * settings.max_several + 8]
    near = [i for i in places if scores[places[0]] - scores[i] <= gap]
    useful = [i for i in near if not _is_padding(retrieval, retrieval.sentences[i])]
    if not useful or scores[places[0]] - scores[useful[0]] > MAX_GAP:
        useful = near[:1] + useful  # nothing else comes near it
    shown: list[set[str]] = []
    kept = []
    for i in useful:
        pairs = pairs_of(retrieval.sentences[i].candidate.key)
        if pairs and not any(overlap_of(pairs, other) >= SAME for other in shown):
            kept.append(i)
            shown.append(pairs)
    return kept


def _is_row(found: Found) -> bool:
    return found.candidate.kind == "table_row"


def _is_padding(retrieval: Retrieval, found: Found) -> bool:
    """What names, announces or asks rather than says."""
    kind = found.candidate.kind
    if kind in ("caption", "heading", "table_header"):
        return True
    if kind == "front_matter":
        return retrieval.asked.type not in _WHO_WROTE
    return found.candidate.key.rstrip(" ”\"'」）)").endswith(("?", "？"))


def led(
    pool: list[int], scores: Scores, shorts: dict[int, tuple[tuple[Span, ...], float]]
) -> list[int]:
    lead = max(
        shorts, key=lambda i: (float(scores[i]) + _SHORT_WORTH * shorts[i][1], -pool.index(i))
    )
    gain = float(scores[lead]) + _SHORT_WORTH * shorts[lead][1]
    if lead != pool[0] and gain <= float(scores[pool[0]]):
        return pool
    return [lead, *(i for i in pool if i != lead)]


def _few(
    retrieval: Retrieval,
    scores: Scores,
    settings: ReadingSettings,
    pool: Sequence[int],
    shorts: dict[int, tuple[tuple[Span, ...], float]],
    forced: int,
) -> list[int]:
    sure = pool[0] in shorts and shorts[pool[0]][1] >= SURE
    most = max(forced, 2 if sure else settings.max_statements)
    chosen: list[int] = []
    length = 0
    for i in pool:
        if len(chosen) == most:
            break
        size = min(size_of(retrieval.sentences[i]), settings.max_statement_chars)
        if len(chosen) >= max(1, forced) and length + size > settings.max_answer_chars:
            continue
        chosen.append(i)
        length += size
    return chosen


def _is_worth(scores: Scores, judgements: Judgements, first: int, place: int, bound: float) -> bool:
    """Whether a sentence may hold an answer that the first one shown does not hold."""
    below = float(scores[first] - scores[place])
    if first not in judgements:
        return below <= MAX_GAP
    lowest, highest = _RELEVANCES
    of_first = min(max(judgements[first].relevance, lowest), highest)
    own = judgements[place].relevance if place in judgements else lowest
    worth = _ITS_RELEVANCE * min(max(own, lowest), highest) + _THE_FIRST_S * of_first
    return worth + _BELOW * below >= bound


class _Told:
    """What has been chosen so far, and what another sentence would add."""

    def __init__(self, retrieval: Retrieval, scores: Scores) -> None:
        self._retrieval, self._scores = retrieval, scores
        self._sign = Sign(retrieval.asked.kind, retrieval.question.key)
        self._total = sum(c.rarity for c in retrieval.concepts) or 1.0
        self._said = [0.0] * len(retrieval.concepts)
        self._documents: set[str] = set()
        self._pairs: set[str] = set()

    def worth(self, place: int) -> float:
        """The score, more for what is not said yet, less for what is."""
        found = self._retrieval.sentences[place]
        asked, keyed = self._retrieval.asked, found.candidate.key
        value = float(self._scores[place])
        if asked.kind in (REASON, MANNER):
            value += _SIGNED * self._sign.found_in(keyed)
        if asked.kind in _SAID_IN_SENTENCES:
            value -= _ROW * _is_row(found)
        if not self._pairs:
            return value
        new = sum(
            max(0.0, _value(c, keyed) - said) * c.rarity
            for c, said in zip(self._retrieval.concepts, self._said, strict=True)
        )
        value += _NOVELTY * new / self._total
        if asked.from_each and found.document.doc_id not in self._documents:
            value += _OTHER_DOCUMENT
        return value - _REPETITION * overlap_of(pairs_of(keyed), self._pairs)

    def add(self, place: int) -> None:
        found = self._retrieval.sentences[place]
        keyed = found.candidate.key
        concepts = self._retrieval.concepts
        self._said = [max(s, _value(c, keyed)) for s, c in zip(self._said, concepts, strict=True)]
        self._documents.add(found.document.doc_id)
        self._pairs |= pairs_of(keyed)


def _gap_of(retrieval: Retrieval, judgements: Judgements) -> float:
    """How far below the best it is looked; judgements pull scores apart."""
    if retrieval.asked.is_broad:
        return _BROAD_GAP
    return _WIDEST_GAP if judgements else MAX_GAP


def _several(
    retrieval: Retrieval,
    scores: Scores,
    settings: ReadingSettings,
    pool: Sequence[int],
    gap: float,
) -> list[int]:
    """Greedy choice for coverage without repetition, and the items that a sentence announces."""
    asked = retrieval.asked
    told = _Told(retrieval, scores)
    chosen: list[int] = []
    length = 0
    rest = list(pool)
    while rest and len(chosen) < settings.max_several:
        best = max(rest, key=lambda i: (told.worth(i), -pool.index(i)))
        if chosen and told.worth(best) < float(scores[chosen[0]]) - gap:
            break
        rest.remove(best)
        size = min(size_of(retrieval.sentences[best]), settings.max_statement_chars)
        if chosen and length + size > settings.max_several_chars:
            continue
        for i in [best, *announced(best, retrieval)]:
            if i in chosen or len(chosen) == settings.max_several:
                continue
            chosen.append(i)
            length += min(size_of(retrieval.sentences[i]), settings.max_statement_chars)
            told.add(i)
        rest = [i for i in rest if i not in chosen]
    ordered = _in_order(retrieval, chosen)
    if asked.from_each or asked.type == COMPARISON:
        return ordered
    # The best sentence first, and with it the items that it announces.
    head = [chosen[0], *(i for i in announced(chosen[0], retrieval) if i in chosen)]
    return [*head, *(i for i in ordered if i not in head)]


def _with_items(
    retrieval: Retrieval, settings: ReadingSettings, chosen: Sequence[int]
) -> list[int]:
    """The items among which the first sentence stands, all that there is room for, and the rest."""
    items = items_with(chosen[0], retrieval) if asks_for_all(retrieval) else []
    if not items:
        return list(chosen)
    kept = [chosen[0]]
    length = min(size_of(retrieval.sentences[chosen[0]]), settings.max_statement_chars)
    for i in [*items, *chosen]:
        size = min(size_of(retrieval.sentences[i]), settings.max_statement_chars)
        room = MOST_ITEMS if i in items else settings.max_several
        if i not in kept and len(kept) < room and length + size <= settings.max_several_chars:
            kept.append(i)
            length += size
    listed = [i for i in items if i in kept]
    return [*listed, *(i for i in kept if i not in listed)]


def _other_sides(
    retrieval: Retrieval, scores: Scores, settings: ReadingSettings, chosen: Sequence[int]
) -> list[int]:
    """Of each thing that is compared and that nothing chosen speaks of, the best sentence."""
    things = things_of(retrieval.question, retrieval.concepts) if retrieval.sides else ()
    out: list[int] = []
    length = sum(min(size_of(retrieval.sentences[i]), settings.max_statement_chars) for i in chosen)
    for thing in things:
        if any(_speaks_of(retrieval.sentences[i], thing) for i in [*chosen, *out]):
            continue
        near = (
            i for i in order(scores)[:_SIDE_PLACES] if scores[chosen[0]] - scores[i] <= _SIDE_GAP
        )
        place = next(
            (
                i
                for i in near
                if _speaks_of(retrieval.sentences[i], thing)
                and not _is_padding(retrieval, retrieval.sentences[i])
            ),
            None,
        )
        if place is None or len(chosen) + len(out) >= settings.max_several:
            continue
        size = min(size_of(retrieval.sentences[place]), settings.max_statement_chars)
        if length + size <= settings.max_several_chars:
            out.append(place)
            length += size
    return out


def _speaks_of(found: Found, thing: Sequence[Concept]) -> bool:
    total = sum(c.rarity for c in thing)
    return sum(_value(c, found.candidate.key) * c.rarity for c in thing) >= _SPOKEN_OF * total


def _in_order(retrieval: Retrieval, chosen: list[int]) -> list[int]:
    """Documents in the order of their best sentence, the sentences of each as they stand in it."""
    documents = list(dict.fromkeys(retrieval.sentences[i].document.doc_id for i in chosen))
    rank = {doc_id: n for n, doc_id in enumerate(documents)}
    return sorted(
        chosen,
        key=lambda i: (
            rank[retrieval.sentences[i].document.doc_id],
            retrieval.sentences[i].position,
        ),
    )


def draft_of(
    retrieval: Retrieval,
    scores: Scores,
    settings: ReadingSettings,
    place: int,
    short: tuple[tuple[Span, ...], float] | None,
    chosen: Sequence[int],
    judgements: Judgements = MappingProxyType({}),
) -> Draft:
    found = retrieval.sentences[place]
    first = place == chosen[0] or not retrieval.asked.is_one_thing
    keep = short[0] if short else likely_span(retrieval, place, judgements)
    spans, cut = shortened(found, retrieval, settings.max_statement_chars, keep)
    draft = Draft(
        found.document,
        spans,
        float(scores[place]),
        short[0] if short and (place == chosen[0] or short[1] == 1.0) else (),
        place,
        short[1] if short else 0.0,
        cut,
    )
    if found.candidate.kind == "table_row":
        header = header_of(found.document, found.sentence.block)
        if header and sum(map(len, header)) <= settings.max_statement_chars:
            return replace(draft, spans=header + spans)
        return draft
    before = _unsaid(found, retrieval, chosen) if first and not cut[0] else ()
    if before and sum(map(len, before)) <= _BRIEF:
        return replace(draft, spans=_joined(found.document, before, spans))
    return draft


def _unsaid(found: Found, retrieval: Retrieval, chosen: Sequence[int]) -> tuple[Span, ...]:
    """What resolves a sentence's first words, unless it is said anyhow."""
    before = antecedent(found, retrieval)
    said = {
        (retrieval.sentences[i].document.doc_id, retrieval.sentences[i].position) for i in chosen
    }
    return () if (found.document.doc_id, found.position - 1) in said else before


def _resolved(retrieval: Retrieval, drafts: list[Draft], forced: int) -> list[Draft]:
    """A long sentence that resolves the first one follows it, in place of the last of three."""
    first = drafts[0]
    if first.cut[0] or retrieval.sentences[first.place].sentence.spans[0] != first.spans[0]:
        return drafts
    before = _unsaid(retrieval.sentences[first.place], retrieval, [d.place for d in drafts])
    if not before:
        return drafts
    kept = drafts[1 : max(forced, 2)]
    return [first, Draft(first.document, before, first.score), *kept]


def likely_span(retrieval: Retrieval, place: int, judgements: Judgements) -> tuple[Span, ...]:
    """Where the reading model sees the answer, which a cut must not lose; () where it sees none."""
    judged = judgements.get(place)
    if judged is None or judged.relevance < 0 or judged.span[0] >= judged.span[1]:
        return ()
    return part_of(retrieval.sentences[place].sentence.spans, *judged.span)


def _joined(
    document: Document, before: tuple[Span, ...], spans: tuple[Span, ...]
) -> tuple[Span, ...]:
    """One run of spans; what only white space parts becomes one span."""
    last, first = before[-1], spans[0]
    between = document.text[last.end : first.start]
    if between.strip() or "\n" in between:
        return before + spans
    return (*before[:-1], Span(last.start, first.end), *spans[1:])


def shortened(
    found: Found, retrieval: Retrieval, limit: int, keep: tuple[Span, ...] = ()
) -> tuple[tuple[Span, ...], tuple[bool, bool]]:
    """The sentence's spans, or of a longer one the run of whole clauses that answers best.

    The run is contiguous within the sentence and holds `keep`; whether it is cut at its beginning
    and its end comes with it. Rows of tables stay whole.
    """
    spans = found.sentence.spans
    size = sum(map(len, spans))
    if size <= limit or found.candidate.kind.startswith("table_"):
        return spans, (False, False)
    text = found.document.joined(spans)
    kept = _within(spans, keep) if keep else None
    sign = Sign(retrieval.asked.kind, retrieval.question.key)

    def worth(keyed: str) -> float:
        covered = sum(_value(c, keyed) * c.rarity for c in retrieval.concepts)
        return covered + 0.5 * sign.found_in(keyed)

    part = best_part(text, key(text), limit, worth, kept)
    if part is None:
        return spans, (False, False)
    start, end = part
    cut = (bool(text[:start].strip()), bool(text[end:].strip()))
    return part_of(spans, start, end) or spans, cut


def _within(spans: tuple[Span, ...], part: tuple[Span, ...]) -> tuple[int, int]:
    """[start, end) of a part, counted through the characters of `spans`."""
    at, start, end = 0, 0, 0
    for span in spans:
        if span.start <= part[0].start < span.end:
            start = at + part[0].start - span.start
        if span.start < part[-1].end <= span.end:
            end = at + part[-1].end - span.start
        at += len(span)
    return start, end


def size_of(found: Found) -> int:
    return sum(map(len, found.sentence.spans))


def _value(concept: Concept, text: str) -> float:
    return max((a.weight for a in concept.alternatives if contains(text, a.term)), default=0.0)


def pairs_of(keyed: str) -> set[str]:
    letters = "".join(_LETTERS.findall(keyed))
    return {letters[i : i + 2] for i in range(len(letters) - 1)} or (
        {letters} if letters else set()
    )


def overlap_of(a: set[str], b: set[str]) -> float:
    return len(a & b) / max(1, min(len(a), len(b)))
