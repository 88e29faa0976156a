"""A first look for near vectors in a large library: two bits of each dimension.

FAISS adds up inner products of such coarse codes from tables that fit into registers, in a fifth of
the time that the 8-bit codes take; only the chunks that come out best are then compared by those.
Which chunks they are depends on the vectors of the whole library alone, not on how they lie in
segments nor on what was deleted beside them: the four levels are fixed, not trained. They suit
vectors whose dimensions vary alike, up to some 1,000 of them (FAISS's sums are of 16 bits): those
of static models, for which alone this is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.dense import faiss_and_index
from index.embedding import quantise

if TYPE_CHECKING:
    from index.embedding import Codes, Vectors

# Up to here every vector is compared: 2 ms of one core.
FLAT_CHUNKS = 50_000
# Of fewer than one in so many of the library, too: few are left by a filter.
FLAT_SHARE = 4
MOST_DIMENSIONS = 1024  # beyond them FAISS's sums no longer fit into 16 bits
_PER_FOUND = 10  # chunks compared by their codes for each that is wanted …
_SHARE = 100  # … and at least one in so many of the library
_AT_ONCE = 10_000  # codes
# The best four levels for a normal distribution of deviation 1, and where they part.
_INNER, _OUTER, _EDGE = 0.4528, 1.510, 0.9816

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


def write_coarse(path: Path, codes: Codes) -> None:
    """Write what is looked at first of the `(n, dim) int8` codes of a segment, in their order."""
    import faiss

    # Through Python: FAISS opens names in the system's code page, which may lack their characters.
    path.write_bytes(faiss.serialize_index(_index(codes)).tobytes())


def _index(codes: Codes) -> Any:
    """An even number of dimensions: two of four levels each are one of sixteen points."""
    import faiss

    dim = codes.shape[1]
    even = dim + dim % 2
    # Quarters, so that sums do not depend on their order: those of a normalised vector.
    levels = np.rint(np.array([-_OUTER, -_INNER, _INNER, _OUTER]) * 4 * 127 / dim**0.5) / 4
    points = np.stack([np.tile(levels, 4), np.repeat(levels, 4)], axis=1)
    slow = faiss.IndexPQ(even, even // 2, 4, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(np.tile(points, (even // 2, 1, 1)).astype(np.float32).ravel(),
                               slow.pq.centroids)  # fmt: skip
    slow.is_trained = True
    edges = np.array([-_EDGE, 0, _EDGE]) * 127 / dim**0.5
    for first in range(0, len(codes), _AT_ONCE):
        some = np.zeros((len(codes[first : first + _AT_ONCE]), -(-even // 4) * 4), dtype=np.int8)
        some[:, :dim] = codes[first : first + _AT_ONCE]
        level = sum((some > edge).astype(np.uint8) for edge in edges)
        packed = level[:, ::4] | level[:, 1::4] << 2 | level[:, 2::4] << 4 | level[:, 3::4] << 6
        slow.add_sa_codes(np.ascontiguousarray(packed))
    return faiss.IndexPQFastScan(slow)  # type: ignore[arg-type]


class Coarse:
    """Reads what `write_coarse` wrote; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._faiss, self._index = faiss_and_index(path)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def best(self, query: Vectors, n: int) -> tuple[Places, npt.NDArray[np.float32]]:
        """Ordinals of the n chunks that come out best for a `(dim,)` query, and how near they are,
        descending. `query` is in whole numbers; of equally near ones any are taken."""
        if n < 1:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32)
        even = np.zeros((1, int(self._index.d)), dtype=np.float32)
        even[0, : len(query)] = query
        self._faiss.omp_set_num_threads(1)  # see index.dense
        near, ordinals = self._index.search(even, n)
        found = ordinals[0] >= 0  # what comes out as nothing at all is left out by FAISS
        return ordinals[0][found].astype(np.intp), near[0][found]


def is_worth(n_allowed: int, n_chunks: int, k: int) -> bool:
    """Whether to look at coarse codes first, where `n_allowed` of a library may be found."""
    return (
        n_allowed > FLAT_CHUNKS
        and n_allowed * FLAT_SHARE >= n_chunks
        and _wanted(n_allowed, k) * FLAT_SHARE <= n_allowed
    )


def _wanted(n_allowed: int, k: int) -> int:
    return max(_PER_FOUND * k, n_allowed // _SHARE)


def near(
    vector: Vectors, segments: Sequence[Coarse], allowed: Sequence[Flags | None], k: int
) -> list[Places] | None:
    """Of each segment, which chunks are worth comparing by their codes for the k nearest.

    `vector` is `(dim,)`; `allowed` is one flag per chunk, None for all. Those that tie with the
    last one are left out; None where fewer than k are left: then they cannot be told apart so.
    """
    query = quantise(vector).astype(np.float32)
    counts = [
        len(segment) if flags is None else int(np.count_nonzero(flags))
        for segment, flags in zip(segments, allowed, strict=True)
    ]
    wanted = _wanted(sum(counts), k)
    if not query.any() or sum(counts) <= wanted:
        return None
    # A fifth more than its share of each; of a segment that has more of them, more in a second go.
    share = 1.2 * wanted / sum(counts)
    sizes = [min(len(one), k + int(share * len(one))) for one in segments]
    found: list[tuple[Places, npt.NDArray[np.float32]]] = [
        one.best(query, size) for one, size in zip(segments, sizes, strict=True)
    ]
    while True:
        kept = [
            (places, values) if flags is None else (places[flags[places]], values[flags[places]])
            for (places, values), flags in zip(found, allowed, strict=True)
        ]
        together = np.concatenate([values for _, values in kept])
        # The best `wanted` of all that may be found, as far as they were fetched.
        cut = -np.inf
        if len(together) >= wanted:
            cut = float(np.partition(together, len(together) - wanted)[len(together) - wanted])
        short = [
            i
            for i, (_, values) in enumerate(found)
            if sizes[i] < len(segments[i]) and not (len(values) and values[-1] <= cut)
        ]
        if not short:
            break
        for i in short:
            sizes[i] = min(len(segments[i]), 4 * sizes[i])
            found[i] = segments[i].best(query, sizes[i])
    best = [ordinals[values > cut] for ordinals, values in kept]
    return best if sum(map(len, best)) >= k else None
