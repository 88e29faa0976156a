"""Rankings of several arms into one."""

from __future__ import annotations

from collections.abc import Sequence

from index.schema import ScoredChunk


def fuse(
    rankings: Sequence[Sequence[ScoredChunk]],
    weights: Sequence[float] | None = None,
    k: int = 60,
) -> list[ScoredChunk]:
    """Reciprocal rank fusion: sum of weight / (k + rank), ranks from 1.

    Ties break on chunk_id. No rankings gives []. Without weights every ranking counts 1.
    Source: Cormack, Clarke & Büttcher, SIGIR 2009.
    """
    if weights is None:
        weights = [1.0] * len(rankings)
    if len(weights) != len(rankings):
        raise ValueError(f"{len(rankings)} rankings, but {len(weights)} weights")
    fused: dict[str, ScoredChunk] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, scored in enumerate(ranking, start=1):
            name = scored.chunk.chunk_id
            before = fused[name].score if name in fused else 0.0
            fused[name] = ScoredChunk(scored.chunk, before + weight / (k + rank))
    return sorted(fused.values(), key=lambda s: (-s.score, s.chunk.chunk_id))
