"""A first look for near vectors in a large library: one bit of each dimension, its sign.

In how many signs two vectors differ says about how far apart they are, for an eighth of the bytes
and a third of the work of their codes. Only the chunks that differ in few are then compared by
their codes. Which those are depends on the vectors of the whole library alone, not on how they lie
in segments nor on what was deleted beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from index.embedding import quantise

if TYPE_CHECKING:
    from index.embedding import Codes, Vectors

# Up to here every vector is compared: 20 ms of one core (benchmarks/scale.md).
FLAT_CHUNKS = 500_000
_PER_FOUND = 40  # chunks compared by their codes for each that is wanted …
_SHARE = 100  # … and at least one in so many of the library

Signs = npt.NDArray[np.uint64]  # (words, n): bits of n vectors; those beyond the dimensions are 0
Flags = npt.NDArray[np.bool_]


def signs_of(codes: Codes) -> Signs:
    """Signs of `(n, dim)` codes. Words of one vector stand one below the other: a search goes
    through them row by row."""
    n, dim = codes.shape
    bits = np.zeros((n, -(-dim // 64) * 8), dtype=np.uint8)
    packed = np.packbits(codes > 0, axis=1)
    bits[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(bits.view(np.uint64).T)


def write_signs(path: Path, codes: Codes) -> None:
    np.save(path, signs_of(codes))


def read_signs(path: Path) -> Signs | None:
    """Memory-mapped; None where there are none: segments of an earlier version."""
    try:
        # Not a memmap object: each of its slices would cost ten times as much.
        return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)
    except FileNotFoundError:
        return None


def near(
    vector: Vectors, segments: Sequence[Signs], allowed: Sequence[Flags | None], k: int
) -> list[Flags]:
    """Of each segment, which chunks are worth comparing by their codes for the k nearest.

    `vector` is `(dim,)`; `allowed` is one flag per chunk, None for all. All that differ in as few
    signs as the last one taken are taken too.
    """
    asked = signs_of(quantise(vector[None, :]))[:, 0]
    differing = [_differing(signs, asked) for signs in segments]
    counts = np.zeros(64 * len(asked) + 1, dtype=np.int64)
    for far, flags in zip(differing, allowed, strict=True):
        counts += np.bincount(far if flags is None else far[flags], minlength=len(counts))
    reached = np.cumsum(counts)
    wanted = min(int(reached[-1]), max(_PER_FOUND * k, int(reached[-1]) // _SHARE))
    cut = int(np.searchsorted(reached, wanted))
    return [
        far <= cut if flags is None else (far <= cut) & flags
        for far, flags in zip(differing, allowed, strict=True)
    ]


def _differing(signs: Signs, asked: Signs) -> npt.NDArray[np.uint16]:
    """In how many signs each vector differs from what is asked."""
    far = np.zeros(signs.shape[1], dtype=np.uint16)
    for row, word in zip(signs, asked, strict=True):
        far += np.bitwise_count(row ^ word)
    return far
