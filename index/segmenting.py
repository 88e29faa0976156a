"""Matching keys and terms: what questions and documents are compared by.

Keys never replace a document's own characters. `key` keeps the length of its text, so an offset
into the key is an offset into the text.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import unicodedata
import zipfile
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.cutting import cut
from index.places import cache_folder

# Part of every library's format: a library made with other dictionaries holds other terms.
DICTIONARY_ID = "jieba-0.42.1+opencc-t2s-0.1.7"

HAN = "〇々\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
LETTER = rf"[^\W\d_{HAN}]"
_FIRST_BEYOND_HAN = 0x31350
_TERM = re.compile(
    rf"(?P<han>[{HAN}]+)"
    rf"|(?P<word>\d*{LETTER}(?:{LETTER}|\d)*)"  # "h20" and "4o" whole
    r"|(?P<number>\d+(?:,\d{3})*(?:\.\d+)?%?)"
)
_HAS_HAN = re.compile(f"[{HAN}]")


Codes = npt.NDArray[np.uint32]

_N_CODE_POINTS = 0x110000
# Character → character of the key, filled as characters are met; 0: not met yet.
_KEY_TABLE: Codes = np.zeros(_N_CODE_POINTS, dtype=np.uint32)
_SHORT = 40  # characters; of fewer, translating one by one is cheaper than calling numpy


def _key_char(char: str) -> str:
    for change in (lambda c: unicodedata.normalize("NFKC", c), str.lower, _simplified):
        changed = change(char)
        if len(changed) == 1:  # a longer one would move every offset after it
            char = changed
    return char


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def _simplified(char: str) -> str:
    return str(_converter().convert(char)) if _HAS_HAN.match(char) else char


def key(text: str) -> str:
    """The matching key, as long as `text`: half-width, lower case, traditional → simplified.

    Characters whose normal form is longer (「㎡」, 「…」) stay as they are.
    """
    if text.isascii():
        return text.lower()
    return text.translate(_KEY_CHARS) if len(text) < _SHORT else text_of(code_points(text))


class _KeyChars(dict[int, int]):
    """What `_KEY_TABLE` says, for `str.translate`; filled as characters are met."""

    def __missing__(self, char: int) -> int:
        found = self[char] = ord(_key_char(chr(char)))
        return found


_KEY_CHARS = _KeyChars()


def code_points(text: str) -> Codes:
    """The key's characters as numbers."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    found: Codes = _KEY_TABLE[codes]
    if not found.all():
        for new in np.unique(codes[found == 0]).tolist():
            _KEY_TABLE[new] = ord(_key_char(chr(new))) if new else 0
        found = _KEY_TABLE[codes]
    return found


def text_of(codes: Codes) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


@cache
def _han_table() -> npt.NDArray[np.bool_]:
    """A flag for each character below the last Han one, and one for all beyond."""
    chars = "".join(map(chr, range(_FIRST_BEYOND_HAN)))
    table = np.zeros(_FIRST_BEYOND_HAN + 1, dtype=np.bool_)
    for match in re.finditer(f"[{HAN}]+", chars):
        table[match.start() : match.end()] = True
    return table


def is_han(codes: Codes) -> npt.NDArray[np.bool_]:
    return _han_table()[np.minimum(codes, _FIRST_BEYOND_HAN)]


def stem(word: str) -> str:
    """English plurals and third persons to their base; other words unchanged.

    Source: the S-stemmer of Harman, «How effective is suffixing?», JASIS 42 (1991).
    """
    if len(word) < 4 or not word.isascii() or word[-1] != "s":
        return word
    if word.endswith("ies"):
        return word if word[-4] in "ae" else word[:-3] + "y"
    if word.endswith("es"):
        return word[:-1] if word[-3] not in "aeo" else word
    return word if word[-2] in "us" else word[:-1]


def number_term(written: str) -> str:
    return written.replace(",", "")


def grams(text: str) -> list[str]:
    """Han character bigrams (a Han character that stands alone: itself), Latin words, numbers.

    In order of the text, repeated as often as they occur. Thousands separators are dropped.
    """
    terms: list[str] = []
    for match in _TERM.finditer(key(text)):
        run = match.group()
        if match.lastgroup == "han":
            if len(run) == 1:
                terms.append(run)
            else:
                terms.extend(map("".join, pairwise(run)))
        elif match.lastgroup == "number":
            terms.append(number_term(run))
        else:
            terms.append(stem(run))
    return terms


def words(text: str) -> list[str]:
    """jieba's words of the key, without punctuation and space; Latin words stemmed."""
    return [stem(w) for w in _segmenter().cut(key(text)) if w[0].isalnum()]


def token_spans(text: str) -> list[tuple[str, int, int]]:
    """The words of `words` with the half-open span each stands at."""
    return list(_token_spans(text))


@lru_cache(maxsize=128)  # a question and its best sentences are cut in several stages
def _token_spans(text: str) -> tuple[tuple[str, int, int], ...]:
    spans, at = [], 0
    for word in _segmenter().cut(key(text)):
        if word[0].isalnum():
            spans.append((stem(word), at, at + len(word)))
        at += len(word)
    return tuple(spans)


def dictionary_edges(text: str) -> tuple[set[int], set[int]]:
    """Where words of the dictionary begin and end; what is in none falls into its characters."""
    starts, ends, at = set(), set(), 0
    for word in _segmenter().cut(key(text), guess=False):
        starts.add(at)
        at += len(word)
        ends.add(at)
    return starts, ends


def is_word(text: str) -> bool:
    """Whether jieba's dictionary holds it; its key is looked up."""
    return _segmenter().holds(key(text))


# --- jieba, with its stock dictionary and two ways to look a word up -----------------------------
#
# Reading the stock dictionary costs 0.6 s. Bulk work pays it once; a single question looks its few
# hundred fragments up in a memory-mapped table instead. Both give the same words.


_MOST_SEEN = 1_000_000
_LONGEST_KEPT = 24  # characters of a guess


class _LookupTable:
    """jieba's prefix dictionary as two sorted arrays: hash of a fragment → its frequency.

    Holds 64-bit hashes, not the words: with 5·10⁵ entries a fragment that is not in the
    dictionary is taken for one of them once in 4·10¹³ look-ups.
    """

    def __init__(self, hashes: np.ndarray, frequencies: np.ndarray) -> None:
        self._seen = _Seen(hashes, frequencies)
        # `get` without a default, as it is called a hundred times a sentence.
        self.peek = self._seen.__getitem__

    def get(self, fragment: str, default: int | None = None) -> int | None:
        found = self._seen[fragment]
        return default if found is None else found

    def __contains__(self, fragment: str) -> bool:
        return self.get(fragment) is not None

    def __getitem__(self, fragment: str) -> int:
        found = self.get(fragment)
        if found is None:
            raise KeyError(fragment)
        return found


class _Seen(dict[str, int | None]):
    """Frequencies that were looked up; what is not here is looked up when it is asked for."""

    def __init__(self, hashes: np.ndarray, frequencies: np.ndarray) -> None:
        super().__init__()
        self._hashes = hashes
        self._frequencies = frequencies

    def __missing__(self, fragment: str) -> int | None:
        wanted = np.uint64(_hash(fragment))
        # The array's own method: numpy's function costs as much again.
        i = int(self._hashes.searchsorted(wanted))
        hit = i < len(self._hashes) and self._hashes[i] == wanted
        if len(self) >= _MOST_SEEN:
            self.clear()
        found = self[fragment] = int(self._frequencies[i]) if hit else None
        return found


def _hash(fragment: str) -> int:
    return int.from_bytes(hashlib.blake2b(fragment.encode(), digest_size=8).digest(), "little")


def _table_path() -> Path:
    return cache_folder() / f"{DICTIONARY_ID}.npy"


def _guess(run: str) -> tuple[str, ...]:
    return _guessed(run) if len(run) <= _LONGEST_KEPT else _guessed.__wrapped__(run)


@lru_cache(maxsize=10_000)  # names that no dictionary has come again and again
def _guessed(run: str) -> tuple[str, ...]:
    from jieba import finalseg

    return tuple(finalseg.cut(run))


class _Segmenter:
    """A jieba tokenizer of our own: nothing in jieba's global state or the temporary folder."""

    def __init__(self) -> None:
        self._tokenizer = _import_jieba().Tokenizer()
        self._in_memory = False
        if not self._map_table():
            self.load()
            self._write_table()

    def cut(self, text: str, *, guess: bool = True) -> list[str]:
        """`guess`: whether words that the dictionary lacks are guessed at."""
        table = self._tokenizer.FREQ
        look = table.peek if isinstance(table, _LookupTable) else table.get
        return cut(text, look, self._tokenizer.total, _guess if guess else None)

    def holds(self, word: str) -> bool:
        return bool(self._tokenizer.FREQ.get(word))

    def load(self) -> None:
        """The whole dictionary into memory: for bulk work."""
        if self._in_memory:
            return
        self._tokenizer.FREQ, self._tokenizer.total = self._tokenizer.gen_pfdict(
            self._tokenizer.get_dict_file()
        )
        self._tokenizer.initialized = self._in_memory = True

    def _map_table(self) -> bool:
        try:
            table = np.load(_table_path(), mmap_mode="r")
        except (OSError, ValueError):
            return False
        hashes, frequencies = table[0], table[1]
        self._tokenizer.FREQ = _LookupTable(hashes[1:], frequencies[1:])
        self._tokenizer.total = int(frequencies[0])
        self._tokenizer.initialized = True
        return True

    def _write_table(self) -> None:
        frequencies = self._tokenizer.FREQ
        hashes = np.fromiter(map(_hash, frequencies), np.uint64, len(frequencies))
        counts = np.fromiter(frequencies.values(), np.uint64, len(frequencies))
        order = np.argsort(hashes)
        # Column 0 carries the total; its hash 0 keeps the row sorted.
        table = np.zeros((2, len(frequencies) + 1), np.uint64)
        table[0, 1:], table[1, 1:] = hashes[order], counts[order]
        table[1, 0] = self._tokenizer.total
        aside = _table_path().with_suffix(f".{os.getpid()}.tmp")
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                np.save(file, table)
            aside.replace(_table_path())
        except OSError:
            aside.unlink(missing_ok=True)  # a cache: the next start is slower, nothing else


def _import_jieba() -> Any:
    # jieba asks for pkg_resources, which is slow, deprecated, and only one of its two ways to open
    # its dictionary.
    hidden = "pkg_resources" not in sys.modules
    if hidden:
        sys.modules["pkg_resources"] = None  # type: ignore[assignment]
    try:
        import jieba
    finally:
        if hidden:
            del sys.modules["pkg_resources"]
    jieba.setLogLevel(logging.WARNING)
    return jieba


@cache
def _segmenter() -> _Segmenter:
    return _Segmenter()


@lru_cache(maxsize=10_000)
def word_class(word: str) -> str:
    """The stock dictionary's part of speech ("ns" a place, "nr" a person, "v" …); "" if unknown."""
    hashes, codes, names = _classes()
    wanted = np.uint64(_hash(word))
    at = int(hashes.searchsorted(wanted))
    return names[int(codes[at])] if at < len(hashes) and hashes[at] == wanted else ""


@cache
def _classes() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Hashes of the dictionary's words, ascending, what class each is of, and the classes' names.

    Read from a cache beside that of the frequencies; made anew where it is missing (0.6 s).
    """
    path = cache_folder() / f"{DICTIONARY_ID}.classes.npz"
    try:
        with np.load(path) as kept:
            return kept["hashes"], kept["codes"], kept["names"].tolist()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass
    rows = [line.split(" ") for line in _dictionary_text().splitlines() if line]
    names = sorted({row[2] for row in rows})
    numbers = {name: number for number, name in enumerate(names)}
    hashes = np.fromiter((_hash(row[0]) for row in rows), np.uint64, len(rows))
    codes = np.fromiter((numbers[row[2]] for row in rows), np.uint8, len(rows))
    # A word that stands twice is of its first line's class.
    hashes, first = np.unique(hashes, return_index=True)
    codes = codes[first]
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        aside.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, hashes=hashes, codes=codes, names=np.array(names))
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)  # a cache: the next start is slower, nothing else
    return hashes, codes, names


def _dictionary_text() -> str:
    return (Path(_import_jieba().__file__).parent / "dict.txt").read_text(encoding="utf-8")


def load_dictionary() -> None:
    """Read jieba's whole dictionary into memory (0.6 s); worth it before much text."""
    _segmenter().load()
