"""Tests of difference against SciPy, intervals against textbooks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.intervals import bootstrap, wilson
from evals.testing import cluster_sums, detectable, holm, mcnemar, sign_flip, smallest_p


@settings(deadline=None)  # the first example imports SciPy
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(only_a: int, only_b: int) -> None:
    from scipy.stats import binomtest

    n = only_a + only_b
    expected = binomtest(only_a, n).pvalue if n else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected)


def test_mcnemar_by_hand() -> None:
    # 5 of 5 one way: 2 * (1/2)^5; 6 of 6 is the first below 5 %.
    assert mcnemar(5, 0) == pytest.approx(0.0625)
    assert mcnemar(6, 0) == pytest.approx(0.03125)
    assert mcnemar(3, 3) == 1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9))
def test_exact_sign_flip_is_scipys_permutation_test(differences: list[int]) -> None:
    from scipy.stats import permutation_test

    values = np.asarray([float(d) for d in differences])
    theirs = permutation_test(
        (values, np.zeros_like(values)),
        lambda x, y, axis: np.sum(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert sign_flip(list(values)) == pytest.approx(theirs.pvalue)


def test_drawn_sign_flip_is_close_to_the_exact_one_and_repeats() -> None:
    from math import comb

    differences = [1.0] * 22 + [-1.0] * 10
    # At least 22 or at most 10 heads of 32.
    exact = 2 * sum(comb(32, k) for k in range(11)) / 2**32
    drawn = sign_flip(differences)
    assert drawn == pytest.approx(exact, abs=0.004)
    assert drawn == sign_flip(differences)


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip([]) == 1
    assert sign_flip([0.0, 0.0]) == 1
    assert sign_flip([0.5]) == 1


def test_order_of_summing_does_not_change_an_exact_p() -> None:
    # .1 + .2 - .3 is not 0 in floating point; the flipped sums tie with the observed one.
    assert sign_flip([0.1, 0.2, -0.3]) == 1


def test_holm_by_hand() -> None:
    # Sorted .01 .03 .04 times 3 2 1 is .03 .06 .04; the last may not fall below .06.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_test_that_cannot_reach_five_percent_costs_the_others_nothing() -> None:
    assert smallest_p([0.0, 0.0]) == 1
    assert smallest_p([1.0, -2.0, 0.0]) == 0.5  # as mcnemar(2, 0)
    assert holm([0.03, 1.0, 0.25], [0.01, 1.0, 0.25]) == [0.03, 1.0, 0.25]
    assert holm([0.03, 1.0], [0.01, 0.04]) == [0.06, 1.0]


def test_a_document_counts_once_however_many_questions_it_has() -> None:
    assert cluster_sums([1.0, 1.0, -1.0], ["b", "b", "a"]) == [-1.0, 2.0]
    differences, documents = [1.0] * 10, ["a"] * 10
    assert sign_flip(differences) < 0.01
    assert sign_flip(cluster_sums(differences, documents)) == 1


def test_detectable_effect_by_hand() -> None:
    # 100 pairs, standard deviation 0.5025: (1.96 + 0.842) * .5025 / 10
    differences = [0.5, -0.5] * 50
    assert detectable(differences, 100, 0.5) == pytest.approx(0.1408, abs=1e-4)
    # Identical runs: with fewer than six turned questions nothing could have been shown.
    assert detectable([0.0] * 60, 60, 1.0) == pytest.approx(0.1)
    assert np.isnan(detectable([], 0, 1.0))


def test_detectable_effect_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(7)
    found = 0
    effect = detectable([1.0, -1.0] * 25, 50, 0.01)
    for _ in range(100):
        found += sign_flip(list(rng.normal(effect, 1, 50))) < 0.05
    assert 70 <= found <= 92


def test_wilson_against_published_values() -> None:
    # Newcombe 1998, table I: 81/263 and 0/20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_bootstrap_holds_the_mean_and_repeats() -> None:
    values = [0.0, 0.25, 0.5, 0.75, 1.0] * 20
    low, high = bootstrap(values, [1.0] * 100)
    # Normal approximation: .5 ± 1.96 * .3536 / 10
    assert low == pytest.approx(0.431, abs=0.01)
    assert high == pytest.approx(0.569, abs=0.01)
    assert (low, high) == bootstrap(values, [1.0] * 100)
    assert bootstrap([0.5], [3.0]) == (0.5, 0.5)
    assert all(np.isnan(bootstrap([], [])))
