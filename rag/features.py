"""What is measured about a sentence for a question: named, and independent of the library's size.

Coverage features are shares in [0, 1]: the rarity of the question's concepts that are found,
divided by the rarity of all, each rarity to the power of 0.6.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from rag.asking import (
    DATE,
    LIST,
    MANNER,
    MONEY,
    NAME,
    NUMBER,
    PERCENT,
    PERSON,
    PLACE,
    REASON,
    YESNO,
    Asked,
    Sign,
    has_unit,
)
from rag.terms import PART_WORTH, Concept, contains, stands_at

Matrix = npt.NDArray[np.float32]

RADII = (1, 4, 12)  # sentences to each side: near, around, region
_FAR = 10_000_000
_EVENED = np.float32(0.6)  # exponent of rarity: below 1, so that one rare word is not everything
KINDS = (NUMBER, PERCENT, MONEY, DATE, PERSON, PLACE, LIST, REASON, MANNER, YESNO, NAME)
NAMES: tuple[str, ...] = (
    "words",  # coverage by the question's own words
    "concepts",  # coverage, the thesaurus's words included
    "grams",  # coverage by character pairs
    "clause",  # the best two neighbouring clauses' coverage
    "near",  # coverage by this sentence and its two neighbours
    "near_grams",
    "around",  # coverage by four sentences to each side
    "around_grams",
    "region",  # coverage by twelve sentences to each side, title and headings included
    "region_grams",
    "document",  # coverage by what was retrieved of the document, title included
    "document_grams",
    "title",  # coverage by title and section headings
    "best_of_document",  # the best coverage of any sentence of the document
    "carried",  # coverage by the sentence, the headings and, fading, the four sentences before
    "focus",  # coverage, by concepts that few sentences around speak of
    "carried_focus",
    "gain_before",  # coverage that the sentence before adds
    "gain_after",
    "rarest",  # the rarest concept is in the sentence
    "rarest_near",
    "rarest_region",
    "second",  # the second rarest
    "second_near",
    "names",  # share of Latin names and numbers of the question in the sentence
    "names_region",
    "similarity",  # of its chunk's vector to the question's, against the most similar chunk
    "similarity_document",  # the most similar chunk of the document
    "relative",  # coverage against the best sentence of all
    "relative_grams",
    "relative_region",
    "relative_document",
    "product",  # concepts × region: neither makes up for the other
    "fit",  # the sentence holds what such an answer is made of
    "fit_clause",  # … in the clauses that cover the question best
    "fit_product",  # fit × concepts
    "unit",  # a number with the asked unit
    *(f"fit_{kind}" for kind in KINDS),  # fit, by the kind of question
    "length",  # log of the characters, 0 at 40
    "short",  # under 10 characters
    "long",  # over 150
    "new",  # share of the sentence that the question did not say
    "question",  # it asks something itself
    "first",  # of its document
    "position",  # 1 / (1 + position)
    "heading",
    "table_row",
    "note",  # footnote, reference, caption, front matter
    "hint",  # its document is of the kind or the year that the question names
)
INDEX: Mapping[str, int] = {name: i for i, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence in its document, as keys. `position` counts the document's sentences."""

    doc_id: str
    position: int
    key: str
    kind: str = "paragraph"  # of the block
    headings: str = ""  # key of title and section path
    similarity: float = 0.0  # of its chunk, 1 for the most similar; 0 where no vectors are used
    hinted: float = 0.0  # how far its document is the one that the question names, [0, 1]


_CLAUSE = re.compile(r"[^，,；;：:。!！?？]+[，,；;：:。!！?？]?")
_CLOSING = " ”\"'」）)"
_LATIN_OR_NUMBER = re.compile(r"[a-z0-9]")


def measure(
    candidates: Sequence[Candidate],
    concepts: Sequence[Concept],
    question_grams: Mapping[str, float],
    asked: Asked,
    question_key: str,
) -> Matrix:
    """(len(candidates), len(NAMES)) float32.

    Candidates of one document stand together, in order of position.
    """
    n = len(candidates)
    out = np.zeros((n, len(NAMES)), dtype=np.float32)
    if not n:
        return out
    groups = _groups(candidates)
    gram_list = list(question_grams)
    found, exact, pairs, present = _match(candidates, concepts, gram_list)
    weights = np.array([c.rarity for c in concepts], dtype=np.float32) ** _EVENED
    weights /= max(float(weights.sum()), 1e-6)
    gram_weights = np.array([question_grams[g] for g in gram_list], dtype=np.float32)
    gram_weights /= max(float(gram_weights.sum()), 1e-6)

    def put(name: str, values: npt.ArrayLike) -> None:
        out[:, INDEX[name]] = values

    words, coverage, grams = exact @ weights, found @ weights, pairs @ gram_weights
    put("words", words)
    put("concepts", coverage)
    put("grams", grams)
    # One number line for all documents, far enough apart that no neighbourhood crosses over.
    places = np.array([c.position for c in candidates], dtype=np.int64)
    for number, (first, last) in enumerate(groups):
        places[first:last] += number * _FAR
    spread = _spreads(np.hstack([found, pairs]), groups, places)
    # In one piece each: the last bits of a product depend on how its parts lie in memory.
    near, around, region, whole = (s[:, : len(concepts)].copy() for s in spread)
    near_g, around_g, region_g, whole_g = (s[:, len(concepts) :].copy() for s in spread)
    heads, heads_g = _headings(candidates, concepts, gram_list)
    whole, whole_g = np.maximum(whole, heads), np.maximum(whole_g, heads_g)
    region, region_g = np.maximum(region, heads), np.maximum(region_g, heads_g)
    put("region", region @ weights)
    put("region_grams", region_g @ gram_weights)
    put("near", near @ weights)
    put("around", around @ weights)
    put("document", whole @ weights)
    put("near_grams", near_g @ gram_weights)
    put("around_grams", around_g @ gram_weights)
    put("document_grams", whole_g @ gram_weights)
    put("title", heads @ weights)
    carried = _carried(found, heads, places)
    put("carried", carried @ weights)
    telling = weights * (1 - _density(found, places)) * (1 - 0.7 * heads)
    telling /= np.maximum(telling.sum(axis=1, keepdims=True), 1e-6)
    put("focus", (found * telling).sum(axis=1))
    put("carried_focus", (carried * telling).sum(axis=1))
    best = np.zeros(n, dtype=np.float32)
    for first, last in groups:
        best[first:last] = coverage[first:last].max()
    put("best_of_document", best)
    similarity = np.array([c.similarity for c in candidates], dtype=np.float32)
    put("similarity", similarity)
    for first, last in groups:
        best[first:last] = similarity[first:last].max()
    put("similarity_document", best)
    before, after = _shifted(found, places, -1), _shifted(found, places, 1)
    put("gain_before", np.maximum(found, before) @ weights - coverage)
    put("gain_after", np.maximum(found, after) @ weights - coverage)
    order = np.argsort(-weights, kind="stable")
    if len(order):
        top = order[0]
        put("rarest", found[:, top])
        put("rarest_near", near[:, top])
        put("rarest_region", region[:, top])
        second = order[1] if len(order) > 1 else top
        put("second", found[:, second])
        put("second_near", near[:, second])
    named = [i for i, c in enumerate(concepts) if _LATIN_OR_NUMBER.search(c.term)]
    if named:
        put("names", found[:, named].mean(axis=1))
        put("names_region", region[:, named].mean(axis=1))
    wide, document = region @ weights, whole @ weights
    put("relative", coverage / max(float(coverage.max()), 1e-6))
    put("relative_grams", grams / max(float(grams.max()), 1e-6))
    put("relative_document", document / max(float(document.max()), 1e-6))
    put("relative_region", wide / max(float(wide.max()), 1e-6))
    put("product", coverage * wide)
    put("hint", np.array([c.hinted for c in candidates], dtype=np.float32))
    sign = Sign(asked.kind, question_key)
    found_rows, weight_list = found.tolist(), weights.tolist()
    shapes = [
        _shape(candidate, concepts, found_rows[i], present[i], weight_list, asked, sign)
        for i, candidate in enumerate(candidates)
    ]
    out[:, [INDEX[name] for name in _SHAPE]] = shapes
    lengths = np.array([len(c.key) for c in candidates])
    put("length", np.log(np.maximum(lengths, 4) / 40))
    put("short", lengths < 10)
    put("long", lengths > 150)
    put("question", [c.key.rstrip(_CLOSING).endswith(("?", "？")) for c in candidates])
    positions = np.array([c.position for c in candidates])
    put("first", positions == 0)
    put("position", 1 / (1 + positions))
    kinds = [c.kind for c in candidates]
    put("heading", [kind == "heading" for kind in kinds])
    put("table_row", [kind == "table_row" for kind in kinds])
    put("note", [kind in _NOTES for kind in kinds])
    fit = out[:, INDEX["fit"]]
    put("fit_product", fit * coverage)
    if f"fit_{asked.kind}" in INDEX:
        put(f"fit_{asked.kind}", fit)
    return out


def _groups(candidates: Sequence[Candidate]) -> list[tuple[int, int]]:
    edges = [0]
    edges += [
        i for i in range(1, len(candidates)) if candidates[i].doc_id != candidates[i - 1].doc_id
    ]
    edges.append(len(candidates))
    return list(pairwise(edges))


class _Texts:
    """The candidates' keys as one text: a term is looked for once, not once a sentence."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._text = _BETWEEN.join(keys)
        self._starts = [0, *accumulate(len(k) + 1 for k in keys)]

    def rows(self, term: str) -> tuple[list[int], list[int]]:
        """Which keys hold the term; and which hold it as `contains` wants it. Ascending."""
        text, starts = self._text, self._starts
        anywhere: list[int] = []
        whole: list[int] = []
        is_bounded = term[0].isascii() or term[-1].isascii()
        at = text.find(term)
        while at >= 0:
            row = bisect_right(starts, at) - 1
            if not anywhere or anywhere[-1] != row:
                anywhere.append(row)
            if is_bounded and not stands_at(text, term, at):
                at = text.find(term, at + 1)
            else:
                whole.append(row)
                at = text.find(term, starts[row + 1])
        return anywhere, whole


_BETWEEN = "\x1e"  # no part of any term
# (number of the concept, term, weight) of the alternatives that a sentence holds
_Present = list[list[tuple[int, str, float]]]


def _match(
    candidates: Sequence[Candidate], concepts: Sequence[Concept], gram_list: Sequence[str]
) -> tuple[Matrix, Matrix, Matrix, _Present]:
    """Concepts found, the question's own words found, character pairs found; and what by."""
    n = len(candidates)
    found = np.zeros((n, len(concepts)), dtype=np.float32)
    exact = np.zeros((n, len(concepts)), dtype=np.float32)
    pairs = np.zeros((n, len(gram_list)), dtype=np.float32)
    present: _Present = [[] for _ in candidates]
    texts = _Texts([c.key for c in candidates])
    for column, gram in enumerate(gram_list):
        pairs[texts.rows(gram)[0], column] = 1.0
    for column, concept in enumerate(concepts):
        values = found[:, column]
        for i, alternative in enumerate(concept.alternatives):
            anywhere, whole = texts.rows(alternative.term)
            values[whole] = np.maximum(values[whole], np.float32(alternative.weight))
            for row in anywhere:
                present[row].append((column, alternative.term, alternative.weight))
            if i == 0:
                exact[whole, column] = 1.0
        pieces = concept.pieces
        if pieces:
            held = np.zeros(n)
            for piece in pieces:
                held[texts.rows(piece)[0]] += 1
            share = (PART_WORTH * (held / len(pieces))).astype(np.float32)
            low = values < PART_WORTH
            values[low] = np.maximum(values[low], share[low])
    return found, exact, pairs, present


def _spreads(
    rows: Matrix, groups: list[tuple[int, int]], places: npt.NDArray[np.int64]
) -> list[Matrix]:
    """For each of RADII, the maximum over the sentences within so many positions; the last is all
    of the document."""
    out: list[Matrix] = []
    for inner, radius in pairwise((0, *RADII)):
        # What lies nearer is in the radius before.
        wide = out[-1].copy() if out else rows.copy()
        for shift in range(1, min(radius, len(rows) - 1) + 1):
            distance = places[shift:] - places[:-shift]
            close = np.flatnonzero((distance > inner) & (distance <= radius))
            wide[close] = np.maximum(wide[close], rows[close + shift])
            wide[close + shift] = np.maximum(wide[close + shift], rows[close])
        out.append(wide)
    whole = np.empty_like(rows)
    for first, last in groups:
        whole[first:last] = rows[first:last].max(axis=0)
    return [*out, whole]


def _carried(found: Matrix, heads: Matrix, places: npt.NDArray[np.int64]) -> Matrix:
    """What a sentence says or takes over: a subject named shortly before need not be repeated."""
    out: Matrix = np.maximum(found, np.float32(0.8) * heads)
    for shift in range(1, min(4, len(found) - 1) + 1):
        close = np.flatnonzero(places[shift:] - places[:-shift] <= 4)
        fading = np.float32(0.85**shift)
        out[close + shift] = np.maximum(out[close + shift], fading * found[close])
    return np.asarray(out)


def _density(found: Matrix, places: npt.NDArray[np.int64]) -> Matrix:
    """Which share of the sentences around (twelve to each side) speaks of a concept, [0, 1]."""
    first = np.searchsorted(places, places - 12, side="left")
    last = np.searchsorted(places, places + 12, side="right")
    sums = np.concatenate([np.zeros((1, found.shape[1]), np.float32), (found > 0.3).cumsum(axis=0)])
    return np.asarray((sums[last] - sums[first]) / (last - first)[:, None], dtype=np.float32)


def _shifted(rows: Matrix, places: npt.NDArray[np.int64], shift: int) -> Matrix:
    """The row of the sentence right before (-1) or after (+1); zeros where it is not here."""
    out = np.zeros_like(rows)
    pairs = np.flatnonzero(places[1:] - places[:-1] == 1)
    if shift < 0:
        out[pairs + 1] = rows[pairs]
    else:
        out[pairs] = rows[pairs + 1]
    return out


def _headings(
    candidates: Sequence[Candidate], concepts: Sequence[Concept], gram_list: Sequence[str]
) -> tuple[Matrix, Matrix]:
    seen: dict[str, tuple[list[float], list[float]]] = {}
    for text in {c.headings for c in candidates}:
        values = [
            max((a.weight for a in c.alternatives if contains(text, a.term)), default=0.0)
            for c in concepts
        ]
        seen[text] = (values, [float(g in text) for g in gram_list])
    found = np.array([seen[c.headings][0] for c in candidates], dtype=np.float32)
    pairs = np.array([seen[c.headings][1] for c in candidates], dtype=np.float32)
    return found.reshape(len(candidates), -1), pairs.reshape(len(candidates), -1)


_SHAPE = ("fit", "clause", "fit_clause", "unit", "new")
_NOTES = ("footnote", "reference", "caption", "front_matter")


def _shape(
    candidate: Candidate,
    concepts: Sequence[Concept],
    found: Sequence[float],
    present: Sequence[tuple[int, str, float]],
    weights: Sequence[float],
    asked: Asked,
    sign: Sign,
) -> tuple[float, ...]:
    """The features of one sentence by itself, in the order of `_SHAPE`."""
    text = candidate.key
    length = len(text)
    hits = [i for i, value in enumerate(found) if value]
    fit = sign.found_in(text)
    terms = [t for t in present if found[t[0]]]
    clause, clause_text = _best_clauses(text, terms, hits, weights)
    fit_clause = sign.found_in(clause_text) * clause if fit and clause else 0.0
    said = sum(len(concepts[i].term) for i in hits)
    return (
        fit,
        clause,
        fit_clause,
        1.0 if asked.unit and has_unit(asked.unit, text) else 0.0,
        max(0.0, 1 - said / max(length, 1)),
    )


def _best_clauses(
    text: str,
    terms: Sequence[tuple[int, str, float]],
    hits: Sequence[int],
    weights: Sequence[float],
) -> tuple[float, str]:
    """The two neighbouring clauses that cover most, and how much; (0, "") without a match.

    `terms` are those that the text holds, `hits` the concepts that it speaks of.
    """
    if not terms:
        return 0.0, ""
    place_of = {concept: i for i, concept in enumerate(hits)}
    clauses = _CLAUSE.findall(text)
    if len(clauses) <= 2:
        clauses = [text]
    values = [[0.0] * len(hits) for _ in clauses]
    for row, clause in zip(values, clauses, strict=True):
        for concept, term, weight in terms:
            i = place_of[concept]
            if weight > row[i] and term in clause:
                row[i] = weight
    rarities = [weights[i] for i in hits]
    if len(clauses) == 1:
        return sum(v * r for v, r in zip(values[0], rarities, strict=True)), text
    best, best_at = -1.0, 0
    for i, (one, two) in enumerate(pairwise(values)):
        worth = sum(max(v, w) * r for v, w, r in zip(one, two, rarities, strict=True))
        if worth > best + 1e-9:
            best, best_at = worth, i
    return best, clauses[best_at] + clauses[best_at + 1]
