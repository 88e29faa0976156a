"""The dense arm: one FAISS index per segment, over 8-bit codes.

Codes come from a fixed scale (`index.embedding.quantise`), not a trained one, and inner products
of codes are whole numbers: a chunk's score is the same in every segment and every history.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.embedding import quantise
from index.selecting import best_of

if TYPE_CHECKING:
    from index.embedding import Codes, Vectors

SCALE = 127 * 127  # of a cosine of 1
_AT_ONCE = 10_000  # codes
_ZERO = 128  # where a code of 0 is kept
_MORE = 32  # fetched beyond k, to see whether others tie with the last


def write_codes(path: Path, codes: Codes) -> None:
    """Write the `(n, dim) int8` codes of a segment's chunks, in their order."""
    import faiss

    # Through Python: FAISS opens names in the system's code page, which may lack their characters.
    path.write_bytes(faiss.serialize_index(_index(codes)).tobytes())


def _index(codes: Codes) -> Any:
    import faiss

    index = faiss.IndexScalarQuantizer(
        codes.shape[1],
        faiss.ScalarQuantizer.QT_8bit_direct_signed,
        faiss.METRIC_INNER_PRODUCT,
    )
    for first in range(0, len(codes), _AT_ONCE):
        index.add(codes[first : first + _AT_ONCE].astype(np.float32))
    return index


def faiss_and_index(path: Path) -> tuple[Any, Any]:
    """The library, imported here for the first time, and an index that it reads from `path`."""
    import faiss

    if os.name == "nt":
        return faiss, faiss.deserialize_index(np.fromfile(path, dtype=np.uint8))
    return faiss, faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


class DenseSegment:
    """Reads one segment's vectors, memory-mapped; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._faiss, self._index = faiss_and_index(path)

    @property
    def dim(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self,
        vector: Vectors,
        k: int,
        ranks: npt.NDArray[np.integer],
        *,
        allowed: npt.NDArray[np.bool_] | None = None,
        among: npt.NDArray[np.intp] | None = None,
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
        """Ordinals of the k nearest chunks, in no order, and their inner products with the query.

        `vector` is `(dim,)`, normalised; `allowed` is one flag per chunk, None for all. Of equally
        near ones those of the smallest `ranks` are taken. Cosine = product / SCALE. `among`: the
        ordinals that are looked at instead of all that are allowed.
        """
        if among is not None:
            return _nearest(among, self.products(vector, among), ranks, k)
        faiss = self._faiss
        available = len(self) if allowed is None else int(np.count_nonzero(allowed))
        if k < 1 or not available:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64)
        query = quantise(vector[None, :]).astype(np.float32)
        # One question is no work for a team of threads: waking it costs more than the search.
        # OpenMP keeps this setting by thread, so it is made where the search is.
        faiss.omp_set_num_threads(1)
        params = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            params = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        wanted = min(k + _MORE, available)
        found, ids = self._index.search(query, wanted, params=params)
        products, ordinals = found[0].astype(np.int64), ids[0].astype(np.intp)
        if wanted < available and products[-1] == products[k - 1]:
            # Very many tie: then all are looked at.
            products = (self.codes(0, len(self)) @ query[0]).astype(np.int64)
            ordinals = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
            products = products[ordinals]
        return _nearest(ordinals, products, ranks, k)

    def products(self, vector: Vectors, ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Inner products of some chunks with the query, in their order."""
        if not len(ordinals):
            return np.zeros(0, dtype=np.int64)
        query = quantise(vector).astype(np.float32)
        # Floats hold these whole numbers exactly.
        rows = self._stored.take(ordinals, axis=0).astype(np.float32)
        # Not `@`: BLAS would wake a team of threads for so little.
        products = np.vecdot(rows, query)
        whole: npt.NDArray[np.int64] = (products - _ZERO * query.sum()).astype(np.int64)
        return whole

    @cached_property
    def _stored(self) -> npt.NDArray[np.uint8]:
        """All codes as FAISS keeps them, not copied: it gives some of them at a fifth of the
        speed."""
        n, dim = len(self), self.dim
        stored: npt.NDArray[np.uint8] = self._faiss.rev_swig_ptr(self._index.codes.data(), n * dim)
        return stored.reshape(n, dim)

    def codes(self, first: int, last: int) -> Codes:
        """The codes of chunks [first, last) as `(n, dim) int8`."""
        codes: Codes = np.empty((last - first, self.dim), dtype=np.int8)
        for at in range(first, last, _AT_ONCE):  # as floats they are four times as large
            rows = self._index.reconstruct_n(at, min(_AT_ONCE, last - at))
            codes[at - first : at - first + len(rows)] = np.rint(rows)
        return codes


def _nearest(
    ordinals: npt.NDArray[np.intp],
    products: npt.NDArray[np.int64],
    ranks: npt.NDArray[np.integer],
    k: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    if len(ordinals) > k:
        # Shifted, so that the least near still counts.
        chosen = best_of(products - products.min() + 1, ranks[ordinals], k)
        products, ordinals = products[chosen], ordinals[chosen]
    return ordinals, products
