"""Rows of different lengths in one array: how token ids of many texts are kept and changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ragged:
    """Row i is `flat[at[i]:at[i + 1]]`; `at` has one entry more than there are rows."""

    flat: np.ndarray
    at: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        lengths = [len(row) for row in rows]
        flat = np.fromiter((i for row in rows for i in row), dtype=np.int32, count=sum(lengths))
        return cls(flat, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    def __len__(self) -> int:
        return len(self.at) - 1

    def rows(self) -> list[list[int]]:
        return [
            self.flat[start:end].tolist()
            for start, end in zip(self.at[:-1], self.at[1:], strict=True)
        ]

    @property
    def row_of(self) -> np.ndarray:
        """The row of each entry of `flat`."""
        return np.repeat(np.arange(len(self)), np.diff(self.at))

    @property
    def position(self) -> np.ndarray:
        """The place of each entry of `flat` in its row, from 0."""
        position: np.ndarray = np.arange(len(self.flat)) - np.repeat(self.at[:-1], np.diff(self.at))
        return position

    def slices(self, begin: np.ndarray, stop: np.ndarray) -> Ragged:
        """Rows `flat[begin[i]:stop[i]]`, whatever rows were there before."""
        lengths = stop - begin
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        index = np.repeat(begin - (ends - lengths), lengths) + np.arange(total)
        return Ragged(self.flat[index], np.concatenate([[0], ends]))

    def take(self, rows: np.ndarray) -> Ragged:
        return self.slices(self.at[rows], self.at[rows + 1])

    def where(self, kept: np.ndarray) -> Ragged:
        """Only the entries of `flat` that are kept; a row may become empty."""
        lengths = np.bincount(self.row_of[kept], minlength=len(self))
        return Ragged(self.flat[kept], np.concatenate([[0], np.cumsum(lengths)]))


def joined(one: Ragged, other: Ragged) -> Ragged:
    """Row i of the one, then row i of the other; both have as many rows."""
    lengths = np.diff(one.at) + np.diff(other.at)
    at = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.empty(int(at[-1]), dtype=one.flat.dtype)
    flat[np.repeat(at[:-1], np.diff(one.at)) + one.position] = one.flat
    middle = at[:-1] + np.diff(one.at)
    flat[np.repeat(middle, np.diff(other.at)) + other.position] = other.flat
    return Ragged(flat, at)


def stacked(one: Ragged, other: Ragged) -> Ragged:
    """The rows of the one, then those of the other."""
    flat = np.concatenate([one.flat, other.flat])
    return Ragged(flat, np.concatenate([one.at, one.at[-1] + other.at[1:]]))
