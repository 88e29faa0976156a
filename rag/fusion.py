"""Rankings of several arms into one, by their scores.

Scores, not ranks: a chunk's rank moves with what else the library holds, what it scores for a
question does not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from index.hits import Ranking
from index.schema import Chunk, ScoredChunk


class Fused(NamedTuple):
    """A chunk, and what each ranking says of it."""

    scored: ScoredChunk
    ranks: tuple[int, ...]  # from 1; 0 where the ranking does not hold it
    scores: tuple[float, ...]  # also where the ranking does not hold it


def fuse(
    rankings: Sequence[Ranking],
    weights: Sequence[float],
    *,
    limit: int,
    margin: float = float("inf"),
    least: int = 0,
) -> list[Fused]:
    """The best chunks by the weighted sum of their scores, ties on chunk_id; [] for no rankings.

    At most `limit`, and those that lie more than `margin` below the best only as far as `least`
    are wanted. Only what is returned is looked up.
    """
    if len(weights) != len(rankings):
        raise ValueError(f"{len(rankings)} rankings, but {len(weights)} weights")
    names = list(dict.fromkeys(name for ranking in rankings for name in ranking.keys))
    if not names or limit < 1:
        return []
    columns = [ranking.scores_of(names) for ranking in rankings]
    total = np.zeros(len(names))
    for weight, column in zip(weights, columns, strict=True):
        total += weight * np.array(column)
    # Rounded: the last bits of a sum must not decide an order.
    total = total.round(9)
    best = np.sort(total)[::-1]
    n = min(limit, max(int(np.count_nonzero(total >= best[0] - margin)), least), len(names))
    # What ties with the last may come before it.
    places = np.flatnonzero(total >= best[n - 1]).tolist()
    wanted = [names[place] for place in places]
    chunks = _looked_up(rankings, wanted)
    sums = total[places].tolist()
    ranks = [_ranks_of(wanted, ranking.keys) for ranking in rankings]
    scores = [[column[place] for place in places] for column in columns]
    fused = [
        Fused(ScoredChunk(chunks[name], score), own_ranks, own_scores)
        for name, score, own_ranks, own_scores in zip(
            wanted, sums, zip(*ranks, strict=True), zip(*scores, strict=True), strict=True
        )
    ]
    fused.sort(key=lambda one: (-one.scored.score, one.scored.chunk.chunk_id))
    return fused[:n]


def with_more(rows: Sequence[Fused], others: Sequence[Fused]) -> list[Fused]:
    """All of both by their scores; of a chunk that both hold, as the first has it."""
    known = {one.scored.chunk.chunk_id for one in rows}
    both = [*rows, *(one for one in others if one.scored.chunk.chunk_id not in known)]
    return sorted(both, key=lambda one: (-one.scored.score, one.scored.chunk.chunk_id))


def with_sides(whole: Sequence[Fused], sides: Sequence[Sequence[Fused]], limit: int) -> list[Fused]:
    """The best of the whole; the last places go to the best of each side, where they lack.

    1 / (1 + sides) of `limit` is kept for each side, and given back where it needs less.
    """
    share = limit // (1 + len(sides))
    best = [*whole[: limit - share * len(sides)], *(one for side in sides for one in side[:share])]
    by_id: dict[str, Fused] = {}
    for one in [*whole, *best]:
        by_id.setdefault(one.scored.chunk.chunk_id, one)
    names = dict.fromkeys(one.scored.chunk.chunk_id for one in [*best, *whole])
    return [by_id[name] for name in names][:limit]


def _ranks_of(names: Sequence[Hashable], keys: Sequence[Hashable]) -> list[int]:
    """From 1; 0 for those that are not among `keys`."""
    ranks = dict(zip(keys, range(1, len(keys) + 1), strict=True))
    return [ranks.get(name, 0) for name in names]


def _looked_up(rankings: Sequence[Ranking], names: Sequence[Hashable]) -> dict[Hashable, Chunk]:
    """Each from the first ranking that holds it."""
    missing = set(names)
    chunks: dict[Hashable, Chunk] = {}
    for ranking in rankings:
        places = [i for i, name in enumerate(ranking.keys) if name in missing]
        here = [ranking.keys[i] for i in places]
        chunks.update(zip(here, ranking.chunks(places), strict=True))
        missing.difference_update(here)
    return chunks
