"""How common a term is in written Chinese at large, whatever the library holds.

Weights from the library alone say little where it has five documents, and shift whenever one is
added. `background.bin` is made by benchmarks/make_background.py.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

PATH = Path(__file__).parent / "background.bin"
MAGIC = b"WJBG1\n"
# Numbers are not counted. A year is often left unsaid where it is meant.
_NUMBER = re.compile(r"\d[\d.,]*%?")
_YEAR_RARITY = 0.25
_NUMBER_RARITY = 0.5
_STEP = 24.0  # levels per unit of natural logarithm


class Background:
    """Rarity of terms, from 0 (in every text) to 1 (never seen)."""

    def __init__(self, path: Path = PATH) -> None:
        """Raises ValueError for a file of another format."""
        data = path.read_bytes()
        head = len(MAGIC) + 8
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError(f"{path} is not a background table; reinstall the package")
        self.n_texts, n = struct.unpack_from("<II", data, len(MAGIC))
        # Copied: the header leaves the array unaligned, and every search would copy it again.
        self._hashes = np.frombuffer(data, dtype="<u4", count=n, offset=head).astype(np.uint32)
        self._levels = np.frombuffer(data, dtype="u1", count=n, offset=head + 4 * n)
        self._rarities: dict[str, float] = {}
        self._most = math.log(2.0 * self.n_texts)

    def __len__(self) -> int:
        return len(self._hashes)

    def frequency(self, term: str) -> float:
        """Of 46,000 texts of 300 characters, about how many hold `term` (a matching key)."""
        h = np.uint32(_hash(term))
        i = int(self._hashes.searchsorted(h))
        if i >= len(self._hashes) or self._hashes[i] != h:
            return 0.0
        return math.exp(int(self._levels[i]) / _STEP)

    def rarity(self, term: str) -> float:
        """log(N / frequency) / log(2N), in [0, 1].

        A longer term that was never counted is as rare as its rarest pair of characters, and a
        little more; nothing known at all gives 1.
        """
        known = self._rarities.get(term)
        if known is None:
            if len(self._rarities) > 50_000:
                self._rarities.clear()
            known = self._rarities[term] = self._rarity(term)
        return known

    def _rarity(self, term: str) -> float:
        seen = self.frequency(term)
        if seen:
            return max(0.0, math.log(self.n_texts / seen) / self._most)
        if _NUMBER.fullmatch(term):
            return _YEAR_RARITY if len(term) == 4 else _NUMBER_RARITY
        if len(term) > 2 and not term.isascii():
            pairs = max(self.rarity(term[i : i + 2]) for i in range(len(term) - 1))
            return min(1.0, pairs + 0.05)
        return 1.0


@lru_cache(maxsize=1)
def shipped() -> Background:
    return Background()


def write(path: Path, frequencies: Mapping[str, int], n_texts: int) -> None:
    """Terms whose hashes collide keep the higher frequency."""
    best: dict[int, int] = {}
    for term, count in frequencies.items():
        h = _hash(term)
        best[h] = max(best.get(h, 0), count)
    hashes = np.array(sorted(best), dtype="<u4")
    levels = np.array([min(255, round(_STEP * math.log(best[h]))) for h in sorted(best)], "u1")
    head = MAGIC + struct.pack("<II", n_texts, len(hashes))
    path.write_bytes(head + hashes.tobytes() + levels.tobytes())


def _hash(term: str) -> int:
    return zlib.crc32(term.encode("utf-8"))
