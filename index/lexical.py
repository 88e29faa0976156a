"""The lexical arm: which chunks of a segment hold a term, as memory-mapped lists of their ordinals.

The caller brings the weights, so that scores depend on the question and the chunk alone, never on
which segment a chunk lies in or on what was deleted beside it. The score of a chunk is the sum of
the weights of the terms it holds, in whole steps of 1/256: sums are exact in any order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.numbering import FIELDS, MAX_TEXTS, Field, Numbers, term_number, term_numbers

STEPS = 256  # of a weight of 1

_TERMS, _STARTS, _POSTINGS = "terms.npy", "starts.npy", "postings.npy"
_BATCH_CHARS = 1_000_000
_GATHERED = 4_000_000  # postings that are put in order in one go

Scores = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class WeightedTerm:
    """A term of the question as `index.segmenting.grams` makes them, and what a chunk gets."""

    field: Field
    token: str
    weight: float


def steps_of(terms: Iterable[WeightedTerm]) -> dict[int, int]:
    """Number of a term → its weight in steps; terms that would add nothing are left out."""
    weights: defaultdict[int, float] = defaultdict(float)
    for term in terms:
        weights[term_number(term.field, term.token)] += term.weight
    return {n: whole for n, weight in weights.items() if (whole := round(weight * STEPS)) > 0}


class LexicalWriter:
    """Writes one segment's lists into an empty folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._waiting: dict[Field, list[str]] = {field: [] for field in FIELDS}
        self._n_chars = 0
        self._n_chunks = 0  # those waiting left out
        # Runs of equal numbers: the number, how often, and one after the other the ordinals.
        self._numbers: list[Numbers] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._ordinals: list[npt.NDArray[np.uint32]] = []

    def add(self, text: str, title: str, heading: str) -> None:
        """The next chunk: its own text, its document's title, its section's headings."""
        for field, value in zip(FIELDS, (text, title, heading), strict=True):
            self._waiting[field].append(value)
            self._n_chars += len(value)
        if self._n_chars >= _BATCH_CHARS or len(self._waiting["grams"]) == MAX_TEXTS:
            self._take_waiting()

    def take(self, segment: LexicalSegment, kept: npt.NDArray[np.bool_]) -> None:
        """The next chunks: those of another segment that are `kept`, in their order."""
        self._take_waiting()
        places = np.cumsum(kept) - 1 + self._n_chunks
        for terms, counts, ordinals in segment.parts(_GATHERED):
            is_kept = kept[ordinals]
            edges = np.concatenate([[0], np.cumsum(is_kept)])[np.cumsum(counts)]
            left = np.diff(edges, prepend=0)
            self._numbers.append(terms[left > 0])
            self._counts.append(left[left > 0])
            self._ordinals.append(places[ordinals[is_kept]].astype(np.uint32))
        self._n_chunks += int(np.count_nonzero(kept))

    def _take_waiting(self) -> None:
        for field, texts in self._waiting.items():
            numbers, rows = term_numbers(field, texts)
            first = np.flatnonzero(np.diff(numbers)) + 1 if len(numbers) else _NONE
            edges = np.concatenate([[0], first, [len(numbers)]])[: len(numbers) + 1]
            self._numbers.append(numbers[edges[:-1]])
            self._counts.append(np.diff(edges))
            self._ordinals.append((rows + self._n_chunks).astype(np.uint32))
        self._n_chunks += len(self._waiting["grams"])
        self._waiting = {field: [] for field in FIELDS}
        self._n_chars = 0

    def close(self) -> None:
        self._take_waiting()
        numbers, counts = np.concatenate(self._numbers), np.concatenate(self._counts)
        ordinals = np.concatenate(self._ordinals)
        # Half the size while it lasts: most segments stay below 65,536 chunks.
        ordinals = ordinals.astype(np.uint16 if self._n_chunks <= 1 << 16 else np.uint32)
        self._numbers, self._counts, self._ordinals = [], [], []
        begins = np.cumsum(counts) - counts
        order = np.argsort(numbers, kind="stable")  # keeps ordinals ascending within a number
        numbers, counts, begins = numbers[order], counts[order], begins[order]
        ends = np.cumsum(counts)
        postings = np.lib.format.open_memmap(
            self._folder / _POSTINGS, "w+", ordinals.dtype, (len(ordinals),)
        )
        first = 0
        while first < len(numbers):
            done = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + _GATHERED, side="right")))
            some = counts[first:last]
            offsets = np.repeat(begins[first:last] - (ends[first:last] - some), some)
            stop = int(ends[last - 1])
            postings[done:stop] = ordinals[offsets + np.arange(done, stop)]
            first = last
        postings.flush()
        del postings
        is_first = np.concatenate([[True], numbers[1:] != numbers[:-1]])[: len(numbers)]
        starts = np.concatenate([(ends - counts)[is_first], [len(ordinals)]])
        np.save(self._folder / _TERMS, numbers[is_first])
        np.save(self._folder / _STARTS, starts)


_NONE = np.zeros(0, dtype=np.int64)


class LexicalSegment:
    """Reads one segment's lists; safe to share between threads."""

    def __init__(self, folder: Path, n_chunks: int) -> None:
        """Raises OSError or ValueError where the files are missing or do not fit together."""
        self._terms: Numbers = _mapped(folder / _TERMS)
        self._starts = _mapped(folder / _STARTS)
        self._postings = _mapped(folder / _POSTINGS)
        self._n_chunks = n_chunks
        fits = len(self._starts) == len(self._terms) + 1
        if not fits or self._starts[-1] != len(self._postings):
            raise ValueError(f"{folder.name} is not whole")

    def scores(self, steps: Mapping[int, int]) -> Scores:
        """Of each chunk, the sum over the terms it holds, in steps; deleted chunks included."""
        wanted = np.fromiter(steps, np.uint64, len(steps))
        weights = np.fromiter(steps.values(), np.int32, len(steps))
        at = self._terms.searchsorted(wanted)
        known = at < len(self._terms)
        known[known] = self._terms[at[known]] == wanted[known]
        at, weights = at[known], weights[known]
        if not len(at):
            return np.zeros(self._n_chunks, dtype=np.int32)
        first, last = self._starts[at], self._starts[at + 1]
        lists = [self._postings[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]
        sums = np.zeros(self._n_chunks, dtype=np.int32)
        # All at once; of these very types, for which numpy is fast.
        np.add.at(sums, np.concatenate(lists, dtype=np.intp), np.repeat(weights, last - first))
        return sums

    def chunks(self, field: Field, token: str) -> npt.NDArray[np.unsignedinteger]:
        """Ordinals of the chunks that hold the term, ascending."""
        number = np.uint64(term_number(field, token))
        place = int(self._terms.searchsorted(number))
        if place < len(self._terms) and self._terms[place] == number:
            return self._of_term(place)
        return self._postings[:0]

    def parts(
        self, size: int
    ) -> Iterable[tuple[Numbers, npt.NDArray[np.int64], npt.NDArray[np.unsignedinteger]]]:
        """All of it, about `size` postings a time: terms, how many chunks each, the chunks."""
        starts, first = np.asarray(self._starts), 0
        while first < len(self._terms):
            last = int(np.searchsorted(starts, starts[first] + size, side="right")) - 1
            last = min(max(last, first + 1), len(self._terms))
            yield (
                np.asarray(self._terms[first:last]),
                np.diff(starts[first : last + 1]),
                np.asarray(self._postings[starts[first] : starts[last]]),
            )
            first = last

    def _of_term(self, place: int) -> npt.NDArray[np.unsignedinteger]:
        return self._postings[self._starts[place] : self._starts[place + 1]]


def _mapped(path: Path) -> np.ndarray:
    # Not a memmap object: each of its slices would cost ten times as much.
    return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)
