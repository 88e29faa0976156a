from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.hits import Ranking
from index.schema import Chunk, Span
from rag.fusion import fuse


def chunk(name: Hashable) -> Chunk:
    return Chunk(str(name), "d", Span(0, 1), 0, 1)


def ranking(scores: Mapping[str, float], n: int | None = None) -> Ranking:
    """The best n of `scores`; what the others score is known, too."""
    names = sorted(scores, key=lambda name: (-scores[name], name))[:n]
    return Ranking(
        names,
        [scores[name] for name in names],
        lambda places: [chunk(names[i]) for i in places],
        lambda keys: [scores.get(str(key), 0.0) for key in keys],
    )


def test_a_chunk_counts_by_its_scores_also_where_an_arm_did_not_bring_it() -> None:
    words, vectors = ranking({"a": 4.0, "b": 2.0}, 1), ranking({"a": 0.2, "b": 0.8}, 1)
    found = fuse([words, vectors], [0.25, 1.0], limit=5)
    assert [(f.scored.chunk.chunk_id, f.scored.score) for f in found] == [
        ("b", pytest.approx(0.25 * 2 + 0.8)),
        ("a", pytest.approx(0.25 * 4 + 0.2)),
    ]
    assert [(f.ranks, f.scores) for f in found] == [((0, 1), (2.0, 0.8)), ((1, 0), (4.0, 0.2))]


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1), min_size=1),
    st.dictionaries(st.sampled_from("uvwxyz"), st.floats(0, 0.3)),
)
def test_others_that_score_less_move_no_chunk(
    own: dict[str, float], others: dict[str, float]
) -> None:
    alone = fuse([ranking(own)], [1.0], limit=20, margin=0.5, least=0)
    among = fuse([ranking(own | others)], [1.0], limit=20, margin=0.5, least=0)
    best = max(own.values())
    if best >= max(others.values(), default=0.0):
        kept = [f.scored for f in among if f.scored.chunk.chunk_id in own]
        assert kept == [f.scored for f in alone]


def test_ties_break_on_chunk_id() -> None:
    found = fuse([ranking({"b": 1.0, "a": 1.0, "c": 1.0})], [1.0], limit=2)
    assert [f.scored.chunk.chunk_id for f in found] == ["a", "b"]


def test_what_lies_far_below_the_best_is_taken_only_as_far_as_it_is_wanted() -> None:
    scores = {"a": 1.0, "b": 0.8, "c": 0.2, "d": 0.1}
    few = fuse([ranking(scores)], [1.0], limit=9, margin=0.5)
    more = fuse([ranking(scores)], [1.0], limit=9, margin=0.5, least=3)
    assert [f.scored.chunk.chunk_id for f in few] == ["a", "b"]
    assert [f.scored.chunk.chunk_id for f in more] == ["a", "b", "c"]


def test_no_rankings_give_nothing() -> None:
    assert fuse([], [], limit=3) == []
    assert fuse([Ranking.of([]), Ranking.of([])], [1.0, 1.0], limit=3) == []


def test_weights_must_match_rankings() -> None:
    with pytest.raises(ValueError, match="2 rankings, but 1 weights"):
        fuse([Ranking.of([]), Ranking.of([])], [1.0], limit=3)


def test_the_best_of_a_fusion_are_looked_up_alone() -> None:
    asked: list[int] = []

    def look_up(places: Sequence[int]) -> list[Chunk]:
        asked.extend(places)
        return [chunk(i) for i in places]

    many = Ranking(range(50), [50.0 - i for i in range(50)], look_up)
    found = fuse([many], [1.0], limit=2)
    assert [f.scored.chunk.chunk_id for f in found] == ["0", "1"]
    assert asked == [0, 1]
