"""In a large library the nearest vectors are looked for by their signs first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embedding import quantise
from index.ingesting import IndexSettings, index_sources, remove_documents
from index.signs import near, signs_of
from index.store import Library, open_library

if TYPE_CHECKING:
    from index.embedding import Codes

DIM = 576


def topics(n: int, seed: int) -> Codes:
    """Codes of n normalised vectors around a few hundred directions."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(300, DIM))
    vectors = centres[rng.integers(0, 300, n)] + 0.8 * rng.normal(size=(n, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return quantise(vectors.astype(np.float32))


def test_of_twenty_thousand_the_ten_nearest_are_among_the_two_percent_that_are_looked_at() -> None:
    codes, asked = topics(20_000, 1), topics(50, 2)
    signs, kept = signs_of(codes), []
    found = 0
    products = asked.astype(np.float32) @ codes.astype(np.float32).T
    for query, product in zip(asked, products, strict=True):
        (flags,) = near(query / np.float32(127), [signs], [None], 10)
        found += int(flags[np.argpartition(-product, 10)[:10]].sum())
        kept.append(int(flags.sum()))
    assert found / (10 * len(asked)) >= 0.95
    assert np.median(kept) <= 0.025 * len(codes)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=5),
    st.integers(1, 9),
    st.integers(0, 1000),
    st.sampled_from([1, 63, 64, 65, 130]),
)
def test_what_is_looked_at_does_not_depend_on_segments_or_the_deleted(
    sizes: list[int], k: int, seed: int, dim: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-3, 4, size=(sum(sizes), dim), dtype=np.int8)
    alive = rng.random(len(codes)) < 0.7
    asked = rng.normal(size=dim).astype(np.float32)
    edges = np.cumsum(sizes)[:-1]
    with patch("index.signs._PER_FOUND", 1):
        apart = near(
            asked, [signs_of(part) for part in np.split(codes, edges)], np.split(alive, edges), k
        )
        (fresh,) = near(asked, [signs_of(codes[alive])], [None], k)
    together = np.concatenate(apart)
    assert not together[~alive].any()
    assert together[alive].tolist() == fresh.tolist()
    assert together.sum() >= min(k, int(alive.sum()))


@pytest.fixture
def many(tmp_path: Path, tiny_settings: IndexSettings) -> Path:
    docs, library = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    for n in range(30):
        text = f"第{n}号港口去年装卸{n * 7 + 3}万吨货物，雇了{n + 40}名工人。"
        (docs / f"{n:02}.txt").write_text(text, encoding="utf-8")
    index_sources(library, [docs], tiny_settings)
    return library


def found(library: Library, only: list[str] | None = None) -> list[str]:
    vector = library.embedder.embed_query("第7号港口去年装卸多少货物")
    with patch("index.store.FLAT_CHUNKS", 0), patch("index.signs._PER_FOUND", 4):
        return [one.chunk.doc_id for one in library.search_dense(vector, 3, only)]


def test_the_deleted_and_what_a_filter_leaves_out_are_never_found(many: Path) -> None:
    with open_library(many) as library:
        first = found(library)
        assert len(first) == 3
        others = [f"{n:02}.txt" for n in range(30) if f"{n:02}.txt" not in first[:1]]
        filtered = found(library, others)
    assert len(filtered) == 3
    assert set(filtered) <= set(others)
    remove_documents(many, first[:2])
    with open_library(many) as library:
        left = found(library)
    assert len(left) == 3
    assert not set(left) & set(first[:2])


def test_a_segment_without_signs_answers_the_same(many: Path) -> None:
    with open_library(many) as library:
        before = found(library)
    files = list(many.glob("segments/*/signs.npy"))
    assert files
    for file in files:
        file.unlink()
    with open_library(many) as library:
        assert found(library) == before


def test_signs_are_those_of_the_vectors(many: Path) -> None:
    with open_library(many) as library:
        for segment in library._segments:
            codes = segment.dense.codes(0, segment.ref.n_chunks)
            assert segment.signs.tolist() == signs_of(codes).tolist()
