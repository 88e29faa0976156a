"""Rankings of several arms into one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import itemgetter

from index.hits import Ranking
from index.schema import Chunk, ScoredChunk

Ranks = tuple[int, ...]  # of a chunk in each ranking, from 1; 0 where it is not there


def fuse(
    rankings: Sequence[Sequence[ScoredChunk]],
    weights: Sequence[float] | None = None,
    k: int = 60,
) -> list[ScoredChunk]:
    """Reciprocal rank fusion: sum of weight / (k + rank), ranks from 1.

    Ties break on chunk_id. No rankings gives []. Without weights every ranking counts 1.
    Source: Cormack, Clarke & Büttcher, SIGIR 2009.
    """
    return [scored for scored, _ in fuse_best(rankings, weights, None, k)]


def fuse_best(
    rankings: Sequence[Sequence[ScoredChunk]],
    weights: Sequence[float] | None,
    limit: int | None,
    k: int = 60,
) -> list[tuple[ScoredChunk, Ranks]]:
    """The best `limit` (None: all) of `fuse`, and their ranks; only these are looked up."""
    if weights is None:
        weights = [1.0] * len(rankings)
    if len(weights) != len(rankings):
        raise ValueError(f"{len(rankings)} rankings, but {len(weights)} weights")
    found = [Ranking.of(ranking) for ranking in rankings]
    sums: dict[Hashable, float] = {}
    for ranking, weight in zip(found, weights, strict=True):
        for rank, name in enumerate(ranking.keys, start=1):
            sums[name] = sums.get(name, 0.0) + weight / (k + rank)
    best = sorted(sums.items(), key=itemgetter(1), reverse=True)
    if limit is not None and len(best) > limit:
        # What ties with the last may come before it.
        cut = best[limit - 1][1] if limit else float("inf")
        best = [row for row in best if row[1] >= cut]
    chunks = _looked_up(found, [name for name, _ in best])
    places = [{name: rank for rank, name in enumerate(r.keys, start=1)} for r in found]
    fused = [
        (ScoredChunk(chunks[name], score), tuple(ranks.get(name, 0) for ranks in places))
        for name, score in best
    ]
    fused.sort(key=lambda row: (-row[0].score, row[0].chunk.chunk_id))
    return fused[:limit]


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
