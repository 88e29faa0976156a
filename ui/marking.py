"""Which words of a quote are the ones that were asked for, in whatever words they were asked."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.terms import Concept


def matched_spans(question: str, quote: str, as_of: date) -> list[tuple[int, int]]:
    """Half-open spans of `quote`, in order, apart from each other; [] where nothing matches.

    A concept counts in each of its ways to be said (川普 → 特朗普); of a long Chinese term that
    does not occur whole, its pieces count.
    """
    from index.segmenting import key

    text = key(quote)
    marked = [False] * len(text)
    for concept in _concepts(question, as_of):
        whole = [s for a in concept.alternatives for s in _occurrences(text, a.term)]
        spans = whole or [s for piece in concept.pieces for s in _occurrences(text, piece)]
        for start, end in spans:
            marked[start:end] = [True] * (end - start)
    return [m.span() for m in re.finditer("x+", "".join("x" if m else " " for m in marked))]


@lru_cache(maxsize=8)  # an answer has several quotes
def _concepts(question: str, as_of: date) -> tuple[Concept, ...]:
    from index.thesaurus import shipped as thesaurus
    from rag import background
    from rag.normalising import normalise
    from rag.terms import concepts_of

    return concepts_of(normalise(question, as_of), [thesaurus()], background.shipped())


def _occurrences(text: str, term: str) -> list[tuple[int, int]]:
    pattern = re.escape(term)
    if term[0].isascii() and term[0].isalnum():
        pattern = r"(?<![a-z0-9])" + pattern
    if term[-1].isascii() and term[-1].isalnum():
        # The stem of an English word goes on with its inflection.
        pattern += r"(?:s|es|ed|d|ing)?(?![a-z0-9])"
    return [match.span() for match in re.finditer(pattern, text)]
