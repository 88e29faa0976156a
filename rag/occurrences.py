"""Where terms stand in many short texts, and which of their clauses say most: as arrays.

A question looks for some thirty terms in hundreds of sentences. All are found in one walk by their
first two characters; only what is longer is compared further.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.terms import stands_at

Places = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]

_BETWEEN = "\x1e"  # no part of any term
_ENDS = "，,；;：:。!！?？"  # of a clause
_WIDE = 1 << 16  # beyond the first plane characters share a place in the tables


class Texts:
    """Texts put together, so that a term is looked for once in all; places are its characters."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = _BETWEEN.join([*texts, ""])
        sizes = np.fromiter(map(len, texts), np.intp, len(texts)) + 1
        self.starts = np.cumsum(sizes) - sizes
        self.rows = np.repeat(np.arange(len(texts)), sizes)  # which text a character is of
        raw = self.text.encode("utf-32-le", "surrogatepass")
        self.points = np.frombuffer(raw, dtype="<u4").astype(np.int64)

    def find(self, terms: Iterable[str]) -> dict[str, Places]:
        """Term, none of them empty → where it begins, ascending; also inside of words."""
        wanted = dict.fromkeys(terms)
        longer = {term: ord(term[0]) << 21 | ord(term[1]) for term in wanted if len(term) > 1}
        points, found = self.points, {}
        if longer:
            codes = np.array(sorted(set(longer.values())), dtype=np.int64)
            low = np.minimum(points, _WIDE)
            opens, follows = (np.zeros(_WIDE + 1, dtype=np.bool_) for _ in range(2))
            opens[[min(ord(term[0]), _WIDE) for term in longer]] = True
            follows[[min(ord(term[1]), _WIDE) for term in longer]] = True
            places = np.flatnonzero(opens[low[:-1]] & follows[low[1:]])
            pairs = points[places] << 21 | points[places + 1]
            order = np.argsort(pairs, kind="stable")
            pairs, places = pairs[order], places[order]
            first = pairs.searchsorted(codes, side="left").tolist()
            last = pairs.searchsorted(codes, side="right").tolist()
            by_pair = {c: places[a:b] for c, a, b in zip(codes.tolist(), first, last, strict=True)}
        for term in wanted:
            if len(term) == 1:
                found[term] = np.flatnonzero(points == ord(term))
                continue
            at = by_pair[longer[term]]
            if len(term) > 2 and len(at):
                at = at[[self.text.startswith(term, place) for place in at.tolist()]]
            found[term] = at
        return found

    def whole(self, term: str, places: Places) -> Places:
        """Those at which `contains` would find the term."""
        if not len(places) or not (term[0].isascii() or term[-1].isascii()):
            return places
        return places[[stands_at(self.text, term, place) for place in places.tolist()]]


class Said(NamedTuple):
    """Where a term of a concept stands in the texts; `weight` is how far it stands for it."""

    concept: int
    places: Places
    length: int
    weight: float


class Clauses(NamedTuple):
    """Of each text: what its best two neighbouring clauses cover, and those clauses."""

    worth: Values
    edges: npt.NDArray[np.intp]  # (n, 4): start, end, start, end; 0 where it has but two clauses

    def of(self, row: int, texts: Texts) -> str | None:
        """The two clauses; None for all of the text."""
        a, b, c, d = self.edges[row].tolist()
        return texts.text[a:b] + texts.text[c:d] if d else None


def best_clauses(
    texts: Texts,
    n: int,
    said: Iterable[Said],
    counts: npt.NDArray[np.bool_],
    weights: Sequence[float],
) -> Clauses:
    """Of the first n texts. `counts`: (n, concepts), whether a text says the concept at all.

    Two clauses cover the weights of their concepts, each as far as the best term for it goes.
    """
    size = int(texts.starts[n]) if n < len(texts.starts) else len(texts.points)
    points, rows = texts.points[:size], texts.rows[:size]
    closing = np.zeros(_WIDE + 1, dtype=np.bool_)
    closing[[ord(char) for char in (*_ENDS, _BETWEEN)]] = True
    inside = ~closing[np.minimum(points, _WIDE)]
    opens = inside & np.concatenate([[True], ~inside[:-1]])[:size]
    number = np.cumsum(opens) - 1  # of the clause that a character stands in or after
    begins = np.flatnonzero(opens)
    ends = np.flatnonzero(~inside & np.concatenate([[False], inside[:-1]])[:size])
    ends += points[ends] != ord(_BETWEEN)  # with the mark that closes it
    of = rows[begins]
    in_text, in_clause = np.zeros((len(weights), n)), np.zeros((len(weights), len(begins)))
    for concept, places, length, weight in said:
        at = places[: places.searchsorted(size)]
        values, found = in_text[concept], rows[at]
        values[found] = np.maximum(values[found], weight)
        clause = number[at]
        # One that goes over the end, or begins with a mark of its own, stands in none.
        at, clause = at[clause >= 0], clause[clause >= 0]
        clause = clause[at + length <= ends[clause]]
        values = in_clause[concept]
        values[clause] = np.maximum(values[clause], weight)
    scale = np.array(weights)[:, None]
    # Summed by concept, one after the other: the same in whatever company a text stands.
    worth = (in_text * counts.T * scale).sum(axis=0)
    edges = np.zeros((n, 4), dtype=np.intp)
    left = np.flatnonzero((of[1:] == of[:-1]) & (np.bincount(of, minlength=n) > 2)[of[1:]])
    if len(left):
        in_clause *= counts.T[:, of]
        pairs = (np.maximum(in_clause[:, left], in_clause[:, left + 1]) * scale).sum(axis=0)
        first = np.flatnonzero(np.concatenate([[True], of[left[1:]] != of[left[:-1]]]))
        best = np.maximum.reduceat(pairs, first)
        row = of[left[first]]
        # The first of those that are as good, but for the last bits of a sum.
        is_best = pairs + 1e-9 >= np.repeat(best, np.diff([*first, len(left)]))
        chosen = left[is_best][::-1]
        edges[of[chosen]] = np.stack(
            [begins[chosen], ends[chosen], begins[chosen + 1], ends[chosen + 1]], axis=1
        )
        worth[row] = best
    return Clauses(worth, edges)
