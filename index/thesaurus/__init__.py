"""A bilingual thesaurus: what a question's words are called in documents.

The text files beside this one are the source (Lucene/Solr synonyms format: `a,b,c` is a group of
equals, `a,b => c,d` leads one way only). `lookup.bin` says where each term's lines begin, so that
nothing is parsed until a term is met: opening takes a few milliseconds. It is made by
`python -m index.thesaurus.compiling`; where it does not fit the text files, it is made anew in
memory. Single words from one language to the other stand in `translations.py`.

Expansion is one hop only: chains of synonyms drift.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.segmenting import key, token_spans

FOLDER = Path(__file__).parent
LOOKUP = FOLDER / "lookup.bin"
ZH_EN = "zh_en"  # a file of translations alone (translations.py)
MAGIC = b"WJTH1\n"

# How far an expansion is trusted, by the file it stands in: names and terms are equals, general
# written synonyms often hold only in some contexts.
WEIGHTS = {
    "names": 0.9,
    "terms": 0.8,
    "colloquial": 0.7,
    "en_zh": 0.7,
    "en_zh_nouns_a": 0.7,
    "en_zh_nouns_b": 0.7,
    "en_zh_words": 0.6,
    "synonyms": 0.5,
    "user": 0.9,
    "aliases": 0.6,  # mined from the library's documents
}
AMBIGUOUS_FACTOR = 0.6  # of a line whose term is also a common word
LONGEST_HAN_TERM = 16  # characters
LONGEST_LATIN_TERM = 48  # characters
_MOST_PARSED = 5_000  # lines that are kept parsed

_LATIN_PAIR = re.compile(r"[a-z0-9](?=[a-z0-9])")
_HAN = re.compile(r"[㐀-鿿豈-﫿]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a thesaurus file, terms as matching keys."""

    file: str  # its stem
    terms: tuple[str, ...]  # what is looked up
    targets: tuple[str, ...]  # what it leads to; of a group, the terms themselves
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Expansion:
    """Characters [start, end) of the question's key, and what documents may say instead."""

    start: int
    end: int
    term: str
    targets: tuple[tuple[str, float, str], ...]  # (key, weight, file), heaviest first


def parse_line(text: str, file: str) -> Line | None:
    """None for an empty line, a section heading, or a line that leads nowhere."""
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    body, _, mark = text.partition(" #")
    left, arrow, right = body.partition("=>")
    terms = _split(left)
    targets = _split(right) if arrow else terms
    if not terms or not targets or (not arrow and len(terms) < 2):
        return None
    return Line(file, terms, targets, mark.strip() == "ambiguous")


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for part in text.split(",") if (t := key(part).strip())))


def terms_of(line: Line) -> tuple[str, ...]:
    return line.terms


def build_lookup(
    data: bytes, keys: Callable[[Line], Iterable[str]] = terms_of
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """(hashes ascending, byte offsets of their lines): a row for each key of each line."""
    rows: list[tuple[int, int]] = []
    offset = 0
    for raw in data.split(b"\n"):
        line = parse_line(raw.decode("utf-8"), "")
        if line is not None:
            rows.extend((_hash(term), offset) for term in keys(line))
        offset += len(raw) + 1
    rows.sort()
    table = np.array(rows, dtype=np.uint32).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def source_files() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.txt") if path.stem != ZH_EN)


class Layer(Protocol):
    """Something that knows other words for a term."""

    def known(self, terms: Sequence[str]) -> list[bool]: ...

    def targets(self, term: str) -> list[tuple[str, float, str]]: ...


class Thesaurus:
    """Longest match over a question, one hop, weighted."""

    def __init__(
        self,
        files: Iterable[tuple[str, bytes]],
        *,
        lookup: Path | None = None,
        keys: Callable[[Line], Iterable[str]] = terms_of,
    ) -> None:
        """`files`: (stem, UTF-8 bytes) pairs, in order. `lookup`: a compiled table, if it fits.

        `keys`: what a line is found by.
        """
        self._keys = keys
        self._starts: list[int] = []
        self._names: list[str] = []
        parts: list[bytes] = []
        size = 0
        for name, data in files:
            data = data if data.endswith(b"\n") else data + b"\n"
            self._starts.append(size)
            self._names.append(name)
            parts.append(data)
            size += len(data)
        self._data = b"".join(parts)
        read = _read_lookup(lookup, zlib.crc32(self._data)) if lookup else None
        self._hashes, self._offsets = read if read is not None else build_lookup(self._data, keys)
        self._parsed: dict[int, Line | None] = {}  # lines that were met, by their offset

    def __len__(self) -> int:
        """How many (term, line) rows there are."""
        return len(self._hashes)

    def lines(self, term: str) -> list[Line]:
        """The lines that `term` (a matching key) finds, in file order; [] for an unknown one."""
        h = np.uint32(_hash(term))
        first = int(self._hashes.searchsorted(h, side="left"))
        last = int(self._hashes.searchsorted(h, side="right"))
        found = []
        for offset in self._offsets[first:last].tolist():
            line = self._line_at(offset)
            if line is not None and term in self._keys(line):  # two terms may share a hash
                found.append(line)
        return found

    def _line_at(self, offset: int) -> Line | None:
        try:
            return self._parsed[offset]
        except KeyError:
            end = self._data.find(b"\n", offset)
            line = parse_line(self._data[offset:end].decode("utf-8"), self._file_of(offset))
            if len(self._parsed) >= _MOST_PARSED:
                self._parsed.clear()
            self._parsed[offset] = line
            return line

    def known(self, terms: Sequence[str]) -> list[bool]:
        """Whether each term may be looked up here; two terms may share a hash."""
        if not terms or not len(self):
            return [False] * len(terms)
        hashes = np.array([_hash(term) for term in terms], dtype=np.uint32)
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found: list[bool] = (self._hashes[at] == hashes).tolist()
        return found

    def may_know(self, term: str) -> bool:
        """`known` of one term."""
        wanted = np.uint32(_hash(term))
        at = int(self._hashes.searchsorted(wanted))
        return at < len(self) and bool(self._hashes[at] == wanted)

    def expand(self, text: str, *, skip: Sequence[tuple[int, int]] = ()) -> list[Expansion]:
        """Expansions of `text` (a matching key), longest first, none overlapping, by position.

        `skip`: stretches that are not to be expanded. Latin terms match whole words only, Chinese
        terms of two characters only where a word begins or ends, of one only where both.
        """
        return expand(text, [self], skip=skip)

    def targets(self, term: str) -> list[tuple[str, float, str]]:
        """(key, weight, file) of what the term leads to; [] for an unknown one."""
        best: dict[str, tuple[float, str]] = {}
        for line in self.lines(term):
            weight = WEIGHTS.get(line.file, WEIGHTS["synonyms"])
            if line.ambiguous:
                weight *= AMBIGUOUS_FACTOR
            for target in line.targets:
                if target != term and weight > best.get(target, (0.0, ""))[0]:
                    best[target] = (weight, line.file)
        return [(target, weight, file) for target, (weight, file) in best.items()]

    def _file_of(self, offset: int) -> str:
        i = int(np.searchsorted(np.array(self._starts), offset, side="right")) - 1
        return self._names[i]


def expand(
    text: str, layers: Sequence[Layer], *, skip: Sequence[tuple[int, int]] = ()
) -> list[Expansion]:
    """As `Thesaurus.expand`, by several at once; of equal targets the heaviest counts."""
    edges = {0, len(text)}
    for _, start, end in token_spans(text):
        edges |= {start, end}
    spans = _candidates(text, edges)
    for a, b in skip:
        spans = [(start, end) for start, end in spans if end <= a or b <= start]
    terms = [text[a:b] for a, b in spans]
    hits = [any(of_term) for of_term in zip(*(each.known(terms) for each in layers), strict=True)]
    known = [span for span, hit in zip(spans, hits, strict=False) if hit]
    known.sort(key=lambda s: (s[0] - s[1], s[0]))
    taken: list[Expansion] = []
    for start, end in known:
        if any(start < e.end and e.start < end for e in taken):
            continue
        best: dict[str, tuple[float, str]] = {}
        for layer in layers:
            for target, weight, origin in layer.targets(text[start:end]):
                if weight > best.get(target, (0.0, ""))[0]:
                    best[target] = (weight, origin)
        if best:
            rows = sorted(((t, *found) for t, found in best.items()), key=lambda r: (-r[1], r[0]))
            taken.append(Expansion(start, end, text[start:end], tuple(rows)))
    return sorted(taken, key=lambda e: e.start)


@lru_cache(maxsize=1)
def shipped() -> Thesaurus:
    """The thesaurus that comes with the package."""
    return Thesaurus(((p.stem, p.read_bytes()) for p in source_files()), lookup=LOOKUP)


def _hash(term: str) -> int:
    return zlib.crc32(term.encode("utf-8"))


def _read_lookup(
    path: Path, checksum: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None:
    """None where it is missing or was made for other text."""
    if not path.is_file():
        return None
    data = path.read_bytes()
    head = len(MAGIC) + 8
    if data[: len(MAGIC)] != MAGIC or len(data) < head:
        return None
    made_for, n = struct.unpack_from("<II", data, len(MAGIC))
    if made_for != checksum or len(data) != head + 8 * n:
        return None
    table = np.frombuffer(data, dtype="<u4", offset=head)
    return table[:n].astype(np.uint32), table[n:].astype(np.uint32)


def write_lookup(
    path: Path, files: Iterable[Path], keys: Callable[[Line], Iterable[str]] = terms_of
) -> int:
    """Compile the table of some files; returns the number of rows."""
    data = b""
    for p in files:
        raw = p.read_bytes()
        data += raw if raw.endswith(b"\n") else raw + b"\n"
    hashes, offsets = build_lookup(data, keys)
    head = MAGIC + struct.pack("<II", zlib.crc32(data), len(hashes))
    path.write_bytes(head + hashes.astype("<u4").tobytes() + offsets.astype("<u4").tobytes())
    return len(hashes)


def _candidates(text: str, edges: set[int]) -> list[tuple[int, int]]:
    """Stretches that may be terms: never a part of a Latin word or a number."""
    n = len(text)
    inside = {m.end() for m in _LATIN_PAIR.finditer(text)}
    cut = [i for i in range(n + 1) if i not in inside]
    spaces = {i + 1 for i, char in enumerate(text) if char.isspace()}  # where one has ended
    first_han = _HAN.search(text)
    next_han = first_han.start() if first_han else n
    out = []
    for x, start in enumerate(cut):
        if start == n or start + 1 in spaces:
            continue
        if next_han < start:
            following = _HAN.search(text, start)
            next_han = following.start() if following else n
        for end in cut[x + 1 :]:
            han = next_han < end
            size = end - start
            if size > (LONGEST_HAN_TERM if han else LONGEST_LATIN_TERM):
                break
            if end in spaces:
                continue
            # One edge will do for two characters: a segmenter may glue a name to what follows it.
            if han and size <= 2 and (start in edges) + (end in edges) < 3 - size:
                continue
            out.append((start, end))
    return out
