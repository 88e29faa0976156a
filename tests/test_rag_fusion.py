from __future__ import annotations

import pytest

from index.schema import Chunk, ScoredChunk, Span
from rag.fusion import fuse


def ranking(*names: str) -> list[ScoredChunk]:
    return [
        ScoredChunk(Chunk(name, name, Span(0, 1), 0, 1), 9.0 - i) for i, name in enumerate(names)
    ]


def test_fused_score_is_the_sum_of_reciprocal_ranks() -> None:
    fused = fuse([ranking("a", "b"), ranking("b", "c")])
    assert [(s.chunk.chunk_id, s.score) for s in fused] == [
        ("b", pytest.approx(1 / 62 + 1 / 61)),
        ("a", pytest.approx(1 / 61)),
        ("c", pytest.approx(1 / 62)),
    ]


def test_ties_break_on_chunk_id() -> None:
    assert [s.chunk.chunk_id for s in fuse([ranking("b"), ranking("a")])] == ["a", "b"]


def test_a_weight_of_zero_silences_an_arm() -> None:
    fused = fuse([ranking("a"), ranking("b")], [1.0, 0.0])
    assert [(s.chunk.chunk_id, s.score) for s in fused] == [("a", pytest.approx(1 / 61)), ("b", 0)]


def test_no_rankings_give_nothing() -> None:
    assert fuse([]) == []
    assert fuse([[], []]) == []


def test_weights_must_match_rankings() -> None:
    with pytest.raises(ValueError, match="2 rankings, but 1 weights"):
        fuse([[], []], [1.0])
