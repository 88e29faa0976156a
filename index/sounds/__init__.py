"""How words sound: names that are typed or heard wrong sound like the right ones.

`syllables.txt` says how characters are read; `names.bin` lists, by sound, the Chinese names and
terms of the thesaurus (made by `python -m index.sounds`). Both are read when a question holds a
word that nobody knows.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SYLLABLES = FOLDER / "syllables.txt"
NAMES = FOLDER / "names.bin"
MAGIC = b"WJSD1\n"
SHORTEST, LONGEST = 3, 8  # characters; two sound like too many others
FILES = ("names", "terms")  # of the thesaurus
_MOST_READINGS = 4  # of a word
_HAN = re.compile(rf"[㐀-鿿]{{{SHORTEST},{LONGEST}}}")
# What many speakers do not tell apart: zh z, ch c, sh s, and -ng -n.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"))


@lru_cache(maxsize=1)
def readings() -> Mapping[str, tuple[str, ...]]:
    """Character → its syllables without tones."""
    found: dict[str, tuple[str, ...]] = {}
    for line in SYLLABLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, _, characters = line.partition(" ")
        for char in characters:
            found[char] = (*found.get(char, ()), syllable)
    return found


def may_be_name(term: str) -> bool:
    """Whether it has a length and letters that are compared by sound."""
    return _HAN.fullmatch(term) is not None


def sounds(term: str) -> list[str]:
    """How a Chinese term may be read, such as "ying wei da"; [] where a character is unknown."""
    table = readings()
    if not all(char in table for char in term):
        return []
    ways = product(*(table[char] for char in term))
    return [" ".join(way) for way, _ in zip(ways, range(_MOST_READINGS), strict=False)]


def blurred(sound: str) -> str:
    """The sound with what is often confused made the same."""
    return " ".join(map(_blurred, sound.split(" ")))


@lru_cache(maxsize=1_000)  # more than there are syllables
def _blurred(syllable: str) -> str:
    for clear, flat in _ALIKE:
        if syllable.startswith(clear):
            syllable = flat + syllable[len(clear) :]
    return syllable.removesuffix("g") if syllable.endswith("ng") else syllable


def is_slip(written: str, name: str) -> bool:
    """Whether `written` may be `name` misheard or mistyped: few characters differ, none by sound.

    Of three characters one may differ and must be read the same; of more, two.
    """
    differing = sum(a != b for a, b in zip(written, name, strict=False))
    if len(written) != len(name) or not 1 <= differing <= (1 if len(name) < 4 else 2):
        return False
    mine, theirs = sounds(written), sounds(name)
    if len(name) >= 4:
        mine, theirs = list(map(blurred, mine)), list(map(blurred, theirs))
    return not set(mine).isdisjoint(theirs)


class SoundIndex:
    """Names by how they sound."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[int, list[str]] = {}
        for name in names:
            if may_be_name(name):
                for h in _known_hashes(name):
                    self._names.setdefault(h, []).append(name)

    def alike(self, term: str) -> list[str]:
        """Names that `term` may be a slip of, sorted."""
        if not self._names:
            return []
        found = {name for h in hashes(term) for name in self._names.get(h, ())}
        return sorted(name for name in found if is_slip(term, name))


class ShippedSounds:
    """As SoundIndex, of the thesaurus's names, without reading them all."""

    def __init__(self, path: Path = NAMES) -> None:
        """Raises ValueError for a file of another format."""
        data = path.read_bytes()
        head = len(MAGIC) + 4
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError(f"{path} is not a table of sounds; reinstall the package")
        (n,) = struct.unpack_from("<I", data, len(MAGIC))
        table = np.frombuffer(data, dtype="<u4", count=2 * n, offset=head)
        self._hashes, self._offsets = table[:n].astype(np.uint32), table[n:].astype(np.uint32)
        self._text = data[head + 8 * n :]

    def alike(self, term: str) -> list[str]:
        found = set()
        for h in hashes(term):
            first = int(self._hashes.searchsorted(np.uint32(h), side="left"))
            if first == len(self._hashes) or self._hashes[first] != h:
                continue
            last = int(self._hashes.searchsorted(np.uint32(h), side="right"))
            for offset in self._offsets[first:last].tolist():
                found.add(self._text[offset : self._text.index(b"\n", offset)].decode())
        return sorted(name for name in found if is_slip(term, name))


@lru_cache(maxsize=1)
def shipped() -> ShippedSounds:
    return ShippedSounds()


@lru_cache(maxsize=20_000)  # a library's names are the same in its next generation
def _known_hashes(name: str) -> tuple[int, ...]:
    return tuple(hashes(name))


def hashes(term: str) -> list[int]:
    return [zlib.crc32(s.encode()) for s in dict.fromkeys(map(blurred, sounds(term)))]


def table_of(names: Iterable[str]) -> bytes:
    """The bytes of `names.bin`."""
    rows: list[tuple[int, int]] = []
    text = b""
    for name in sorted(set(filter(may_be_name, names))):
        rows += [(h, len(text)) for h in hashes(name)]
        text += name.encode() + b"\n"
    rows.sort()
    table = np.array(rows, dtype="<u4").reshape(-1, 2)
    head = MAGIC + struct.pack("<I", len(rows))
    return head + table[:, 0].tobytes() + table[:, 1].tobytes() + text


def thesaurus_names() -> Iterable[str]:
    """The terms of the thesaurus's names and terms, as matching keys."""
    from index.thesaurus import parse_line, source_files

    for path in source_files():
        if path.stem in FILES:
            for raw in path.read_text(encoding="utf-8").splitlines():
                line = parse_line(raw, path.stem)
                if line is not None:
                    yield from line.terms
