"""A library's own synonyms: LIBRARY/synonyms.txt, written by its users.

Lucene/Solr synonyms format: `a, b, c` is a group of equals, `a, b => c` leads one way only, `#`
begins a comment. Read when a library is opened; nothing is indexed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from index.thesaurus import Thesaurus, parse_line

SYNONYMS = "synonyms.txt"
_FILE = "user"  # what the thesaurus weighs its lines by
_MAX_BYTES = 4_000_000  # more is another kind of file


@dataclass(frozen=True)
class Synonyms:
    """The file as it was when it was read; `raw` is empty where there is none."""

    raw: bytes

    @property
    def digest(self) -> str:
        """sha256 hex of the file; "" without one, or where it says nothing."""
        return sha256(self.raw).hexdigest() if self.raw.strip() else ""

    @cached_property
    def thesaurus(self) -> Thesaurus:
        """Of the lines that can be used."""
        text = "\n".join(line for _, line, problem in self._lines() if problem is None)
        return Thesaurus([(_FILE, text.encode())] if text else [])

    def problems(self) -> list[str]:
        """One line each, with its number, of the lines that are left out; [] when all are used."""
        return [f"{SYNONYMS}, line {n}: {p}" for n, _, p in self._lines() if p is not None]

    def _lines(self) -> Iterator[tuple[int, str, str | None]]:
        """(number from 1, line, what is wrong with it)"""
        if len(self.raw) > _MAX_BYTES:
            yield 1, "", f"the file has {len(self.raw):,} bytes, at most {_MAX_BYTES:,} are read"
            return
        try:
            text = self.raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = self.raw.decode("gb18030")  # Notepad of a Chinese Windows
            except UnicodeDecodeError:
                yield 1, "", "not UTF-8 text; save the file as UTF-8"
                return
        for number, line in enumerate(text.splitlines(), start=1):
            yield number, line, _problem(line)


def read_synonyms(library: Path) -> Synonyms:
    """An empty one where there is no file. Raises OSError for one that cannot be read."""
    try:
        return Synonyms((library / SYNONYMS).read_bytes())
    except FileNotFoundError:
        return Synonyms(b"")


def _problem(line: str) -> str | None:
    body = line.partition(" #")[0].strip()
    if not body or body.startswith("#"):
        return None
    if body.count("=>") > 1:
        return "more than one =>; write one line for each"
    left, arrow, right = body.partition("=>")
    if arrow and not left.strip(" ,\t"):
        return "nothing before =>; write: term, term => term"
    if arrow and not right.strip(" ,\t"):
        return "nothing after =>; write: term, term => term"
    if parse_line(line, _FILE) is None:
        hint = "separate the terms with commas (,)"
        return f"one term alone; {hint}" if "，" not in body and "、" not in body else hint
    return None
