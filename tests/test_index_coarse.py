"""In a large library the nearest vectors are looked for by two bits of each dimension first."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.coarse import Coarse, is_worth, near, write_coarse
from index.embedding import quantise
from index.ingesting import IndexSettings, index_sources, remove_documents
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("coarse")


def coarse_of(folder: Path, codes: Codes) -> Coarse:
    path = folder / "coarse.faiss"
    write_coarse(path, codes)
    return Coarse(path)


def test_of_twenty_thousand_the_ten_nearest_are_among_the_one_percent_looked_at(
    folder: Path,
) -> None:
    codes, asked = topics(20_000, 1), topics(50, 2)
    coarse, found = coarse_of(folder, codes), 0
    products = asked.astype(np.float32) @ codes.astype(np.float32).T
    for query, product in zip(asked, products, strict=True):
        (places,) = near(query / np.float32(127), [coarse], [None], 10) or []
        assert len(places) <= 200
        found += len(np.intersect1d(places, np.argpartition(-product, 10)[:10]))
    assert found / (10 * len(asked)) >= 0.99


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.integers(1, 9),
    st.integers(0, 1000),
    st.sampled_from([1, 2, 7, 64, 130]),
    st.sampled_from([0.1, 0.7, 1.0]),
)
def test_what_is_looked_at_does_not_depend_on_segments_or_the_deleted(
    folder: Path, sizes: list[int], k: int, seed: int, dim: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-9, 10, size=(sum(sizes), dim), dtype=np.int8)
    alive = rng.random(len(codes)) < share
    alive[0] = True
    asked = rng.normal(size=dim).astype(np.float32)
    asked /= np.linalg.norm(asked)
    parts = np.split(codes, np.cumsum(sizes)[:-1])
    flags = np.split(alive, np.cumsum(sizes)[:-1])
    with patch("index.coarse._PER_FOUND", 2):
        apart = near(asked, [coarse_of(folder, part) for part in parts], flags, k)
        fresh = near(asked, [coarse_of(folder, codes[alive])], [None], k)
    if fresh is None:
        assert apart is None
        return
    assert apart is not None
    before = np.cumsum([0, *sizes[:-1]])
    together = np.concatenate([places + at for places, at in zip(apart, before, strict=True)])
    assert alive[together].all()
    assert sorted((np.cumsum(alive) - 1)[together].tolist()) == sorted(fresh[0].tolist())
    assert k <= len(together) < 2 * k + int(alive.sum()) // 100


def test_where_more_are_alike_than_are_looked_at_all_are_compared(folder: Path) -> None:
    alike = np.repeat(topics(1, 3), 500, axis=0)
    coarse = coarse_of(folder, np.concatenate([alike, topics(500, 4)]))
    assert near(alike[0] / np.float32(127), [coarse], [None], 10) is None


def test_a_question_without_direction_compares_all(folder: Path) -> None:
    coarse = coarse_of(folder, topics(500, 5))
    assert near(np.zeros(DIM, dtype=np.float32), [coarse], [None], 10) is None


@pytest.mark.parametrize(
    ("n_allowed", "n_chunks", "k", "worth"),
    [
        (50_000, 50_000, 100, False),  # few
        (60_000, 60_000, 100, True),
        (60_000, 1_000_000, 100, False),  # a filter leaves few
        (600_000, 1_000_000, 100, True),
        (60_000, 60_000, 10_000, False),  # nearly all are wanted
    ],
)
def test_it_is_used_where_much_is_left_and_little_wanted(
    n_allowed: int, n_chunks: int, k: int, worth: bool
) -> None:
    assert is_worth(n_allowed, n_chunks, k) is worth


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
    with patch("index.coarse.FLAT_CHUNKS", 0), patch("index.coarse._PER_FOUND", 2):
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


def test_the_codes_decide_among_those_that_are_looked_at(many: Path) -> None:
    with open_library(many) as library, patch("index.coarse.FLAT_CHUNKS", 0):
        vector = library.embedder.embed_query("第7号港口去年装卸多少货物")
        exact = {one.chunk.doc_id: one.score for one in library.search_dense(vector, 30)}
        with patch("index.coarse._PER_FOUND", 2), patch("index.dense._MORE", 0):
            some = list(library.search_dense(vector, 3))
    assert len(exact) == 30
    assert [exact[one.chunk.doc_id] for one in some] == [one.score for one in some]
    assert [one.score for one in some] == sorted((one.score for one in some), reverse=True)


@pytest.mark.parametrize("content", [b"", b"half"])
def test_a_damaged_file_costs_time_and_nothing_else(
    many: Path, tmp_path: Path, content: bytes
) -> None:
    copy = shutil.copytree(many, tmp_path / "copy")
    for file in copy.glob("segments/*/coarse.faiss"):
        file.write_bytes(content or file.read_bytes()[:-100])
    with open_library(copy) as library, patch("index.coarse.FLAT_CHUNKS", 0):
        vector = library.embedder.embed_query("港口")
        found = library.search_dense(vector, 3)
    with open_library(many) as library:
        assert library.search_dense(vector, 3) == found


def test_vectors_of_another_model_are_all_compared(many: Path) -> None:
    few = patch("index.coarse.FLAT_CHUNKS", 0), patch("index.coarse._PER_FOUND", 2)
    with open_library(many) as library, few[0], few[1]:
        vector, searched = library.embedder.embed_query("港口"), list(library._searched(None))
        assert library._near(vector, 3, searched) is not None
        other = replace(library.manifest, embedding={"model": "bge-small-zh"})
        with patch.object(library, "manifest", other):
            assert library._near(vector, 3, searched) is None


def test_of_an_empty_segment_nothing_is_looked_at(folder: Path) -> None:
    empty = Coarse.__new__(Coarse)
    full = coarse_of(folder, topics(500, 6))
    with patch.object(Coarse, "__len__", lambda one: 0 if one is empty else 500):
        found = near(topics(1, 7)[0] / np.float32(127), [full, empty], [None, None], 5)
    assert found is not None
    assert len(found[1]) == 0


def test_a_library_of_an_earlier_version_is_compared_whole(many: Path) -> None:
    with open_library(many) as library:
        vector = library.embedder.embed_query("港口")
        before = library.search_dense(vector, 3)
    files = list(many.glob("segments/*/coarse.faiss"))
    assert files
    for file in files:
        file.unlink()
    with open_library(many) as library, patch("index.coarse.FLAT_CHUNKS", 0):
        assert library.search_dense(vector, 3) == before
