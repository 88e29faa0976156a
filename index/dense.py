"""The dense arm: one FAISS index per segment, over 8-bit codes.

Codes come from a fixed scale (`index.embedding.quantise`), not a trained one, and inner products
of codes are whole numbers: a chunk's score is the same in every segment and every history.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.embedding import quantise

if TYPE_CHECKING:
    from index.embedding import Codes, Vectors

_SCALE = 127.0 * 127.0


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
    index.add(codes.astype(np.float32))
    return index


class DenseSegment:
    """Reads one segment's vectors, memory-mapped; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        import faiss

        self._faiss = faiss
        if os.name == "nt":
            self._index = faiss.deserialize_index(np.fromfile(path, dtype=np.uint8))
        else:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

    @property
    def dim(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: Vectors, k: int, *, allowed: npt.NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """The k nearest (chunk ordinal, cosine), best first; ties in the engine's own order.

        `vector` is `(dim,)`, normalised; `allowed` is one flag per chunk, None for all.
        """
        faiss = self._faiss
        k = min(k, len(self) if allowed is None else int(allowed.sum()))
        if k < 1:
            return []
        query = quantise(vector[None, :]).astype(np.float32)
        # One question is no work for a team of threads: waking it costs more than the search.
        # OpenMP keeps this setting by thread, so it is made where the search is.
        faiss.omp_set_num_threads(1)
        if allowed is None:
            scores, ids = self._index.search(query, k)
        else:
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
            scores, ids = self._index.search(query, k, params=faiss.SearchParameters(sel=selector))
        return [
            (int(i), float(s) / _SCALE) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0
        ]

    def codes(self, first: int, last: int) -> Codes:
        """The codes of chunks [first, last) as `(n, dim) int8`."""
        rows = self._index.reconstruct_n(first, last - first)
        codes: Codes = np.rint(rows).astype(np.int8)
        return codes
