"""What a search found, best first; a chunk is looked up only where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import overload

from index.schema import Chunk, ScoredChunk


class Ranking(Sequence[ScoredChunk]):
    """`keys` tell chunks of one library apart, whatever search they come from.

    Chunks are read from the library, which must still be open then.
    """

    def __init__(
        self,
        keys: Sequence[Hashable],
        scores: Sequence[float],
        look_up: Callable[[Sequence[int]], list[Chunk]],
        measure: Callable[[Sequence[Hashable]], Sequence[float]] | None = None,
    ) -> None:
        """`look_up` gives the chunks at some places of the ranking, in the order of the places.

        `measure` gives the scores of other chunks by their keys; None: those that were not found
        have none.
        """
        self.keys = keys
        self.scores = scores
        self._look_up = look_up
        self._measure = measure

    @classmethod
    def of(cls, found: Sequence[ScoredChunk]) -> Ranking:
        if isinstance(found, Ranking):
            return found
        return cls(
            [s.chunk.chunk_id for s in found],
            [s.score for s in found],
            lambda places: [found[i].chunk for i in places],
        )

    def scores_of(self, keys: Sequence[Hashable]) -> list[float]:
        """In the order of the keys; also of chunks that another search of the library found."""
        known = dict(zip(self.keys, self.scores, strict=True))
        if self._measure is not None:
            missing = [key for key in keys if key not in known]
            if missing:
                known.update(zip(missing, self._measure(missing), strict=True))
        return [known.get(key, 0.0) for key in keys]

    def chunks(self, places: Sequence[int]) -> list[Chunk]:
        """Those at `places`, counted from 0, in one look-up."""
        return self._look_up(places) if places else []

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> ScoredChunk: ...
    @overload
    def __getitem__(self, place: slice) -> list[ScoredChunk]: ...
    def __getitem__(self, place: int | slice) -> ScoredChunk | list[ScoredChunk]:
        if isinstance(place, slice):
            places = range(len(self))[place]
            scores = [self.scores[i] for i in places]
            return list(map(ScoredChunk, self.chunks(places), scores))
        place = range(len(self))[place]
        return ScoredChunk(self.chunks([place])[0], self.scores[place])

    def __iter__(self) -> Iterator[ScoredChunk]:
        return iter(self[:])
