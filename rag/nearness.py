"""Which figure of a sentence stands with most of what is asked, and which others are its rivals.

A sentence often gives several: of other things (62座), of what was meant or allowed (设计, 核准,
编制), of how much was added, and of what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.comparing import commensurable
from rag.figures import Figure
from rag.retrieval import Retrieval
from rag.scoping import is_there
from rag.surroundings import since_stop
from rag.terms import Concept
from rag.things import said
from rag.units import UNITS

_AS_NEAR = 0.1
_CARRIED = 0.85
_SAID = 0.42  # weight from which another word counts


class Nearness:
    """Holds the figures of each sentence against each other, for one question."""

    def __init__(self, retrieval: Retrieval, stated: Mapping[int, Sequence[Figure]]) -> None:
        self._retrieval, self._stated = retrieval, stated
        self._nears: dict[Figure, float] = {}

    def near(self, one: Figure) -> float:
        """How much of what is asked stands with the figure itself, by rarity.

        What its sentence says before its first figure counts less: it holds for what follows, up
        to a semicolon.
        """
        if one in self._nears:
            return self._nears[one]
        own = one.scope.own
        keyed = self._retrieval.sentences[one.place].candidate.key
        start = since_stop(keyed, one.value.start)
        first = min(
            (f.value.start for f in self._beside(one) if f.value.start >= start),
            default=one.value.start,
        )
        before = keyed[start : min(first, one.value.start)]
        self._nears[one] = sum(
            c.rarity * max(worth_of(c, own), _CARRIED * worth_of(c, before))
            for c in self._retrieval.concepts
        )
        return self._nears[one]

    def stands_nearest(self, one: Figure) -> bool:
        """Whether no other figure of its sentence stands with more of what is asked."""
        rivals = self._beside(one)
        unit = UNITS.get(self._retrieval.asked.unit or "")
        if unit is not None and one.value.dimension == unit.dimension:
            rivals = [f for f in rivals if f.value.dimension == unit.dimension]
        near = self.near(one)
        return near >= max(map(self.near, rivals), default=near) - _AS_NEAR

    def is_set_aside(self, one: Figure) -> bool:
        """Whether its sentence sets it against a figure of what is there."""
        return any(self._is_set_against(one, f) for f in self._beside(one))

    def is_nearest(self, one: Figure) -> bool:
        """Whether it stands nearest, and its sentence has none of as much that is there instead."""
        return self.stands_nearest(one) and not self.is_set_aside(one)

    def rivals(self, one: Figure, beside: Figure | None) -> list[Figure]:
        """The figures of its sentence, itself among them; of the kind of `beside`, if given.

        62座 is no rival of 246万片, nor are a design of 281万片 and a growth by 37万片, where
        another document answers with 231万片 that are there.
        """
        stated = self._beside(one)
        if beside is None:
            return list(stated)
        its = beside.scope
        return [
            f
            for f in stated
            if f is one
            or (
                commensurable(f.value, beside.value)
                and (f.scope.planned, f.scope.is_change) == (its.planned, its.is_change)
                and not self._is_set_against(f, one)
            )
        ]

    def _beside(self, one: Figure) -> Sequence[Figure]:
        """The figures of its sentence, itself among them."""
        return self._stated.get(one.place, ())

    def _is_set_against(self, one: Figure, there: Figure) -> bool:
        """Whether of two figures of a sentence that stand with as much, the other is what is there.

        编制床位2,000张，实际开放1,620张; not where the question says so itself.
        """
        return (
            commensurable(one.value, there.value)
            and self.near(there) >= self.near(one) - _AS_NEAR
            and is_there(there.scope.own)
            and not is_there(one.scope.own)
            and not is_there(self._retrieval.question.key)
        )


def worth_of(concept: Concept, keyed: str) -> float:
    """How far a text says a concept; 0 where that is too little to count."""
    found = said(concept, keyed)
    return found if found >= _SAID else 0.0
