"""What is measured about a sentence for a question: named, and independent of the library's size.

Coverage features are shares in [0, 1]: the rarity of the question's concepts that are found,
divided by the rarity of all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rag.asking import (
    DATE,
    LIST,
    MANNER,
    MONEY,
    NAME,
    NUMBER,
    OTHER,
    PERCENT,
    PERSON,
    PLACE,
    REASON,
    YESNO,
    Asked,
    has_unit,
    looks_like,
)
from rag.terms import Concept, contains, part_worth

Matrix = npt.NDArray[np.float32]

RADII = (1, 4, 12, None)  # sentences to each side: near, around, region, the whole document
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
    "gain_before",  # coverage that the sentence before adds
    "gain_after",
    "rarest",  # the rarest concept is in the sentence
    "rarest_near",
    "rarest_region",
    "second",  # the second rarest
    "second_near",
    "names",  # share of Latin names and numbers of the question in the sentence
    "names_region",
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


_CLAUSE = re.compile(r"[^，,；;：:。!！?？]+[，,；;：:。!！?？]?")
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
    found = np.zeros((n, len(concepts)), dtype=np.float32)
    exact = np.zeros((n, len(concepts)), dtype=np.float32)
    pairs = np.zeros((n, len(gram_list)), dtype=np.float32)
    for first, last in groups:
        _match(candidates, first, last, concepts, gram_list, found, exact, pairs)
    weights = np.array([c.rarity for c in concepts], dtype=np.float32)
    weights /= max(float(weights.sum()), 1e-6)
    gram_weights = np.array([question_grams[g] for g in gram_list], dtype=np.float32)
    gram_weights /= max(float(gram_weights.sum()), 1e-6)

    def put(name: str, values: npt.ArrayLike) -> None:
        out[:, INDEX[name]] = values

    words, coverage, grams = exact @ weights, found @ weights, pairs @ gram_weights
    put("words", words)
    put("concepts", coverage)
    put("grams", grams)
    near, around, region, whole = (_spread(found, groups, candidates, r) for r in RADII)
    near_g, around_g, region_g, whole_g = (_spread(pairs, groups, candidates, r) for r in RADII)
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
    best = np.zeros(n, dtype=np.float32)
    for first, last in groups:
        best[first:last] = coverage[first:last].max()
    put("best_of_document", best)
    before, after = _shifted(found, groups, candidates, -1), _shifted(found, groups, candidates, 1)
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
    for i, candidate in enumerate(candidates):
        _shape(out[i], candidate, concepts, found[i], weights, asked, question_key)
    return out


def _groups(candidates: Sequence[Candidate]) -> list[tuple[int, int]]:
    edges = [0]
    edges += [
        i for i in range(1, len(candidates)) if candidates[i].doc_id != candidates[i - 1].doc_id
    ]
    edges.append(len(candidates))
    return list(pairwise(edges))


def _match(
    candidates: Sequence[Candidate],
    first: int,
    last: int,
    concepts: Sequence[Concept],
    gram_list: Sequence[str],
    found: Matrix,
    exact: Matrix,
    pairs: Matrix,
) -> None:
    """Fill the rows of one document; what is nowhere in it is looked for once only."""
    together = "\n".join(c.key for c in candidates[first:last])
    for column, gram in enumerate(gram_list):
        if gram in together:
            for row in range(first, last):
                if gram in candidates[row].key:
                    pairs[row, column] = 1.0
    for column, concept in enumerate(concepts):
        present = [a for a in concept.alternatives if a.term in together]
        pieces = [p for p in concept.pieces if p in together]
        if not present and not pieces:
            continue
        own = concept.term
        n_pieces = max(1, len(concept.pieces))
        for row in range(first, last):
            text = candidates[row].key
            value = 0.0
            for alternative in present:
                if alternative.weight > value and contains(text, alternative.term):
                    value = alternative.weight
            if value and contains(text, own):
                exact[row, column] = 1.0
            if pieces and value < part_worth():
                share = sum(p in text for p in pieces) / n_pieces
                value = max(value, part_worth() * share)
            found[row, column] = value


def _spread(
    rows: Matrix, groups: list[tuple[int, int]], candidates: Sequence[Candidate], radius: int | None
) -> Matrix:
    """Maximum over the sentences within `radius` positions in the document; None: all of it."""
    out = rows.copy()
    for first, last in groups:
        if radius is None:
            out[first:last] = rows[first:last].max(axis=0)
            continue
        places = np.array([c.position for c in candidates[first:last]])
        for row in range(first, last):
            at = places[row - first]
            a = first + int(np.searchsorted(places, at - radius, side="left"))
            b = first + int(np.searchsorted(places, at + radius, side="right"))
            out[row] = rows[a:b].max(axis=0)
    return out


def _shifted(
    rows: Matrix, groups: list[tuple[int, int]], candidates: Sequence[Candidate], shift: int
) -> Matrix:
    """The row of the sentence right before (-1) or after (+1); zeros where it is not here."""
    out = np.zeros_like(rows)
    for first, last in groups:
        for row in range(first, last):
            other = row + shift
            if first <= other < last:
                gap = candidates[other].position - candidates[row].position
                if gap == shift:
                    out[row] = rows[other]
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


def _shape(
    row: npt.NDArray[np.float32],
    candidate: Candidate,
    concepts: Sequence[Concept],
    found: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    asked: Asked,
    question_key: str,
) -> None:
    """The features of one sentence by itself."""
    text = candidate.key
    fit = looks_like(asked.kind, text, question_key) if asked.kind != OTHER else 0.0
    row[INDEX["fit"]] = fit
    row[INDEX["fit_product"]] = fit * row[INDEX["concepts"]]
    if f"fit_{asked.kind}" in INDEX:
        row[INDEX[f"fit_{asked.kind}"]] = fit
    if asked.unit and has_unit(asked.unit, text):
        row[INDEX["unit"]] = 1.0
    hits = [i for i in range(len(concepts)) if found[i] > 0]
    best, best_text = _best_clauses(text, [concepts[i] for i in hits], weights[hits])
    row[INDEX["clause"]] = best
    if fit and best > 0:
        row[INDEX["fit_clause"]] = looks_like(asked.kind, best_text, question_key) * best
    length = len(text)
    row[INDEX["length"]] = math.log(max(length, 4) / 40)
    row[INDEX["short"]] = length < 10
    row[INDEX["long"]] = length > 150
    said = sum(len(concepts[i].term) for i in hits)
    row[INDEX["new"]] = max(0.0, 1 - said / max(length, 1))
    row[INDEX["question"]] = text.rstrip(" ”\"'」）)").endswith(("?", "？"))
    row[INDEX["first"]] = candidate.position == 0
    row[INDEX["position"]] = 1 / (1 + candidate.position)
    row[INDEX["heading"]] = candidate.kind == "heading"
    row[INDEX["table_row"]] = candidate.kind == "table_row"
    row[INDEX["note"]] = candidate.kind in ("footnote", "reference", "caption", "front_matter")


def _best_clauses(
    text: str, concepts: Sequence[Concept], weights: npt.NDArray[np.float32]
) -> tuple[float, str]:
    """The two neighbouring clauses that cover most, and how much; (0, "") without a match."""
    if not concepts:
        return 0.0, ""
    clauses = _CLAUSE.findall(text)
    if len(clauses) <= 2:
        clauses = [text]
    values = np.array(
        [
            [max((a.weight for a in c.alternatives if a.term in t), default=0.0) for c in concepts]
            for t in clauses
        ],
        dtype=np.float32,
    )
    if len(clauses) == 1:
        return float((values @ weights)[0]), text
    both = np.maximum(values[:-1], values[1:]) @ weights
    i = int(both.argmax())
    return float(both[i]), clauses[i] + clauses[i + 1]
