"""What is measured about a sentence for a question: named, and independent of the library's size.

Coverage features are shares in [0, 1]: the rarity of the question's concepts that are found,
divided by the rarity of all, each rarity to the power of 0.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

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
from rag.occurrences import Said, Texts, best_clauses
from rag.terms import PART_WORTH, Concept

Matrix = npt.NDArray[np.float32]

# Sentences to each side: near, around, region. Each at most three times the one before, and one.
RADII = (1, 4, 12)
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
    "similarity",  # cosine of its chunk's vector to the question's
    "similarity_document",  # of the most similar chunk of the document
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
    "in_english",  # it is, and the question is in Chinese: it holds none of its characters
    "in_chinese",  # … the other way round
)
INDEX: Mapping[str, int] = {name: i for i, name in enumerate(NAMES)}


class Candidate(NamedTuple):  # a question makes hundreds: a tuple is made in a third of the time
    """A sentence in its document, as keys. `position` counts the document's sentences."""

    doc_id: str
    position: int
    key: str
    kind: str = "paragraph"  # of the block
    headings: str = ""  # key of title and section path
    similarity: float = 0.0  # cosine of its chunk, at least 0; 0 where no vectors are used
    hinted: float = 0.0  # how far its document is the one that the question names, [0, 1]


_CLOSING = " ”\"'」）)"
_HAN = re.compile(r"[㐀-鿿]")
_LATIN_WORD = re.compile(r"[a-z]{3}")
_LATIN_OR_NUMBER = re.compile(r"[a-z0-9]")


# The kernels of some machines report lanes that they do not use; every number here is finite.
@np.errstate(invalid="ignore")
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
    matched = _match(candidates, concepts, gram_list)
    found, pairs = matched.found, matched.pairs
    weights = np.array([c.rarity for c in concepts], dtype=np.float32) ** _EVENED
    weights /= max(float(weights.sum()), 1e-6)
    gram_weights = np.array([question_grams[g] for g in gram_list], dtype=np.float32)
    gram_weights /= max(float(gram_weights.sum()), 1e-6)

    def put(name: str, values: npt.ArrayLike) -> None:
        out[:, INDEX[name]] = values

    words, coverage, grams = matched.exact @ weights, found @ weights, pairs @ gram_weights
    put("words", words)
    put("concepts", coverage)
    put("grams", grams)
    # One number line for all documents, far enough apart that no neighbourhood crosses over.
    places = np.array([c.position for c in candidates], dtype=np.int64)
    sizes = np.diff([*groups, n])
    places += np.repeat(np.arange(len(groups)) * _FAR, sizes)
    spread = _spreads(np.hstack([found, pairs]), groups, places)
    # In one piece each: the last bits of a product depend on how its parts lie in memory.
    near, around, region, whole = (s[:, : len(concepts)].copy() for s in spread)
    near_g, around_g, region_g, whole_g = (s[:, len(concepts) :].copy() for s in spread)
    heads, heads_g = matched.heads, matched.head_pairs
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
    put("best_of_document", np.repeat(np.maximum.reduceat(coverage, groups), sizes))
    similarity = np.array([c.similarity for c in candidates], dtype=np.float32)
    put("similarity", similarity)
    put("similarity_document", np.repeat(np.maximum.reduceat(similarity, groups), sizes))
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
    put("product", coverage * (region @ weights))
    put("hint", np.array([c.hinted for c in candidates], dtype=np.float32))
    keys = [c.key for c in candidates]
    lengths = np.array([len(text) for text in keys])
    said = (found > 0) @ np.array([len(c.term) for c in concepts], dtype=np.int64)
    put("new", np.maximum(0.0, 1 - said / np.maximum(lengths, 1)))
    if asked.unit:
        put("unit", [asked.unit in text and has_unit(asked.unit, text) for text in keys])
    sign = Sign(asked.kind, question_key)
    is_row = [c.kind == "table_row" for c in candidates]
    fits = [sign.found_in(text, is_row=row) for text, row in zip(keys, is_row, strict=True)]
    put("fit", fits)
    clauses = best_clauses(matched.texts, n, matched.said, found > 0, weights.tolist())
    fit_clauses = clauses.worth.copy()
    for i in np.flatnonzero(clauses.worth).tolist():
        text = clauses.of(i, matched.texts) if fits[i] else None
        if not fits[i] or (text is not None and not sign.found_in(text, is_row=is_row[i])):
            fit_clauses[i] = 0.0
    put("clause", clauses.worth)
    put("fit_clause", fit_clauses)
    put("length", np.log(np.maximum(lengths, 4) / 40))
    put("short", lengths < 10)
    put("long", lengths > 150)
    put("question", ["?" in text and text.rstrip(_CLOSING).endswith("?") for text in keys])
    positions = np.array([c.position for c in candidates])
    put("first", positions == 0)
    put("position", 1 / (1 + positions))
    kinds = [c.kind for c in candidates]
    put("heading", [kind == "heading" for kind in kinds])
    put("table_row", is_row)
    if _HAN.search(question_key):
        put("in_english", [_is_english(text) for text in keys])
    else:
        put("in_chinese", [_HAN.search(text) is not None for text in keys])
    put("note", [kind in _NOTES for kind in kinds])
    fit = out[:, INDEX["fit"]]
    put("fit_product", fit * coverage)
    if f"fit_{asked.kind}" in INDEX:
        put(f"fit_{asked.kind}", fit)
    return out


def _is_english(text: str) -> bool:
    return _HAN.search(text) is None and _LATIN_WORD.search(text) is not None


def _groups(candidates: Sequence[Candidate]) -> list[int]:
    """Where the candidates of each document begin."""
    ids = [c.doc_id for c in candidates]
    return [0, *(i for i, (a, b) in enumerate(pairwise(ids), start=1) if a != b)]


@dataclass(frozen=True, slots=True)
class _Matches:
    """A row for each candidate; what stands in its headings is apart."""

    found: Matrix  # how far each concept is said
    exact: Matrix  # whether in the question's own words
    pairs: Matrix  # whether it holds each pair of characters
    heads: Matrix  # concepts in the headings
    head_pairs: Matrix
    texts: Texts
    said: list[Said]


def _match(
    candidates: Sequence[Candidate], concepts: Sequence[Concept], gram_list: Sequence[str]
) -> _Matches:
    n = len(candidates)
    numbers: dict[str, int] = {}
    lines = [numbers.setdefault(c.headings, len(numbers)) for c in candidates]
    texts = Texts([*(c.key for c in candidates), *numbers])
    places = texts.find(
        [*gram_list, *(a.term for c in concepts for a in c.alternatives),
         *(piece for c in concepts for piece in c.pieces)]
    )  # fmt: skip
    # Headings are rows of their own, after the candidates.
    found = np.zeros((n + len(numbers), len(concepts)), dtype=np.float32)
    exact = np.zeros((n, len(concepts)), dtype=np.float32)
    pairs = np.zeros((n + len(numbers), len(gram_list)), dtype=np.float32)
    said: list[Said] = []
    for column, gram in enumerate(gram_list):
        pairs[texts.rows[places[gram]], column] = 1.0
    for column, concept in enumerate(concepts):
        values = found[:, column]
        for i, alternative in enumerate(concept.alternatives):
            term, weight = alternative.term, alternative.weight
            at = places[term]
            if not len(at):
                continue
            said.append(Said(column, at, len(term), weight))
            whole = texts.rows[texts.whole(term, at)]
            values[whole] = np.maximum(values[whole], np.float32(weight))
            if i == 0:
                exact[whole[whole < n], column] = 1.0
        if pieces := concept.pieces:
            held = np.zeros(len(found))
            for piece in pieces:
                held[texts.rows[places[piece]]] += 1
            share = (PART_WORTH * (held[:n] / len(pieces))).astype(np.float32)
            values = values[:n]
            low = values < PART_WORTH
            values[low] = np.maximum(values[low], share[low])
    above = [n + line for line in lines]
    # In one piece each: the last bits of a product depend on how its parts lie in memory.
    return _Matches(
        found[:n].copy(), exact, pairs[:n].copy(), found[above], pairs[above], texts, said
    )


def _spreads(rows: Matrix, groups: Sequence[int], places: npt.NDArray[np.int64]) -> list[Matrix]:
    """For each of RADII, the maximum over the sentences within so many positions; the last is all
    of the document."""
    # Laid out with zeros between sentences that are not neighbours: what lies within a radius is
    # then the greatest of three windows of the radius before.
    most = RADII[-1]
    at = most + np.concatenate([[0], np.cumsum(np.minimum(np.diff(places), most + 1))])
    wide = np.zeros((at[-1] + most + 1, rows.shape[1]), dtype=rows.dtype)
    wide[at] = rows
    out: list[Matrix] = []
    for inner, radius in pairwise((0, *RADII)):
        before, step = wide, radius - inner
        wide = before.copy()
        np.maximum(wide[step:], before[:-step], out=wide[step:])
        np.maximum(wide[:-step], before[step:], out=wide[:-step])
        out.append(wide[at])
    whole = np.maximum.reduceat(rows, groups, axis=0)
    return [*out, np.repeat(whole, np.diff([*groups, len(rows)]), axis=0)]


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


_NOTES = ("footnote", "reference", "caption", "front_matter")
