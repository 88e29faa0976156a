from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.hits import Ranking
from index.schema import Chunk, ScoredChunk, Span
from rag.fusion import fuse, fuse_best


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


def test_the_best_of_a_fusion_are_looked_up_alone() -> None:
    asked: list[int] = []

    def look_up(places: Sequence[int]) -> list[Chunk]:
        asked.extend(places)
        return [Chunk(f"c{i}", "d", Span(0, 1), 0, 1) for i in places]

    lexical = Ranking(range(50), [float(-i) for i in range(50)], look_up)
    dense = Ranking(range(2, 52), [float(-i) for i in range(50)], lambda places: [])
    found = fuse_best([lexical, dense], [1.0, 1.0], 2)
    assert [(s.chunk.chunk_id, ranks) for s, ranks in found] == [("c2", (3, 1)), ("c3", (4, 2))]
    assert sorted(asked) == [2, 3]


@given(
    st.lists(st.permutations("abcdefgh"), min_size=1, max_size=3),
    st.integers(min_value=0, max_value=9),
)
def test_the_best_of_a_fusion_are_the_first_of_all(orders: list[list[str]], limit: int) -> None:
    rankings = [ranking(*order) for order in orders]
    best = fuse_best(rankings, None, limit)
    assert [scored for scored, _ in best] == fuse(rankings)[:limit]
    for scored, ranks in best:
        assert ranks == tuple(order.index(scored.chunk.chunk_id) + 1 for order in orders)
