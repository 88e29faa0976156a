"""What is measured in one go is what looking at each sentence by itself would give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.features import RADII, Candidate, _match, _spreads
from rag.terms import Alternative, Concept, contains

PLACES = st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True).map(sorted)


@given(st.lists(PLACES, min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_spread_is_the_greatest_within_each_radius(documents: list[list[int]], seed: int) -> None:
    groups, places = [], []
    for number, positions in enumerate(documents):
        groups.append((len(places), len(places) + len(positions)))
        places += [number * 10_000_000 + position for position in positions]
    rows = np.random.default_rng(seed).random((len(places), 3), dtype=np.float32)
    found = _spreads(rows, [first for first, _ in groups], np.array(places))
    for radius, spread in zip(RADII, found, strict=False):
        for i, place in enumerate(places):
            near = [j for j, other in enumerate(places) if abs(other - place) <= radius]
            assert (spread[i] == rows[near].max(axis=0)).all()
    for first, last in groups:
        assert (found[-1][first:last] == rows[first:last].max(axis=0)).all()


@pytest.mark.parametrize("times", [1, 20])
def test_match_finds_what_each_sentence_and_heading_holds(times: int) -> None:
    concepts = (
        Concept(0, 2, 0.5, (Alternative("港口", 1.0, "question"), Alternative("port", 0.7, "x"))),
        Concept(2, 5, 0.9, (Alternative("吞吐量", 1.0, "question"),)),
    )
    keys = ["港口的吞吐能力", "ports and airport", "airport", "无关", "吞吐量。港口、港口"] * times
    candidates = [Candidate("d", i, text, headings="port 港口") for i, text in enumerate(keys)]
    matched = _match(candidates, concepts, ["吞吐", "能力"])
    for i, text in enumerate(keys):
        said = max(
            (a.weight for a in concepts[0].alternatives if contains(text, a.term)), default=0
        )
        assert matched.found[i, 0] == np.float32(said)
        assert matched.exact[i, 0] == float("港口" in text)
        assert matched.pairs[i].tolist() == [float("吞吐" in text), float("能力" in text)]
    assert matched.found[:, 1].tolist() == [np.float32(0.3), 0, 0, 0, 1] * times
    assert matched.heads.tolist() == [[1.0, 0.0]] * 5 * times
    said = {(s.concept, s.weight): s.places.tolist() for s in matched.said}
    airports = [matched.texts.starts[i] + 3 for i in range(2, 5 * times, 5)]
    assert set(airports) <= set(said[0, 0.7])  # also where it is no word of its own
