"""The k best, whatever ties: as sorting would choose them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.selecting import best_of, cut_of

SCORES = st.lists(st.integers(min_value=0, max_value=6), max_size=30)


@given(SCORES, st.integers(min_value=0, max_value=12), st.randoms())
def test_best_are_those_that_sorting_gives(scores: list[int], k: int, random: object) -> None:
    ranks = list(range(len(scores)))
    random.shuffle(ranks)  # type: ignore[attr-defined]
    order = sorted((-s, r, i) for i, (s, r) in enumerate(zip(scores, ranks, strict=True)) if s > 0)
    found = best_of(np.array(scores, dtype=np.int32), np.array(ranks, dtype=np.int32), k)
    assert sorted(found.tolist()) == sorted(i for _, _, i in order[:k])


@given(
    st.integers(min_value=0, max_value=2**32 - 1),
    st.integers(min_value=4_000, max_value=6_000),
    st.sampled_from([1, 2, 7, 80, 200]),
    st.sampled_from([1, 3, 500, 100_000]),
    st.floats(min_value=0, max_value=1),
)
def test_best_of_many_are_those_that_sorting_gives(
    seed: int, n: int, k: int, highest: int, share: float
) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.integers(0, highest, n, endpoint=True).astype(np.int32)
    scores[chance.random(n) < share] = 0
    ranks = chance.permutation(n).astype(np.int32)
    order = [i for i in np.lexsort((ranks, -scores)).tolist() if scores[i]]
    assert sorted(best_of(scores, ranks, k).tolist()) == sorted(order[:k])


@given(st.lists(SCORES, max_size=4), st.integers(min_value=1, max_value=12))
def test_cut_is_the_last_score_that_is_in(parts: list[list[int]], k: int) -> None:
    scores = sorted((s for part in parts for s in part), reverse=True)
    expected = scores[min(k, len(scores)) - 1] if scores else 0
    assert cut_of([np.array(part, dtype=np.int64) for part in parts], k) == expected
