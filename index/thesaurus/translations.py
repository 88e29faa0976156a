"""What a Chinese word is in English, and an English one in Chinese, one word at a time.

`zh_en.txt` lists Chinese words with the forms that English documents have them in; the files
`en_zh*.txt` of the thesaurus are read from right to left. `translations.bin` is made with its
`lookup.bin`. Unlike the thesaurus it cuts no question into terms: it tells other words for a term.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from index.thesaurus import FOLDER, ZH_EN, Line, Thesaurus

LOOKUP = FOLDER / "translations.bin"
# How far an English word is trusted, by where in its line the Chinese one stands.
_WEIGHTS = (0.6, 0.5, 0.4)
_INTO_CHINESE = 0.5
_ASKS = re.compile(r"\b(?:what|which|who|whom|whose|how|where|when|why)\b")
_HAN = re.compile(r"[㐀-鿿]")


def source_files() -> list[Path]:
    return [*sorted(FOLDER.glob("en_zh*.txt")), FOLDER / f"{ZH_EN}.txt"]


def keys_of(line: Line) -> tuple[str, ...]:
    """The Chinese side; of lines that begin with it, both."""
    return (*line.terms, *line.targets) if _HAN.search(line.terms[0]) else line.targets


class Translations:
    def __init__(self, files: Iterable[tuple[str, bytes]], *, lookup: Path | None = None) -> None:
        """`files`, `lookup`: as of a Thesaurus."""
        self._lines = Thesaurus(files, lookup=lookup, keys=keys_of)

    def english(self, term: str) -> dict[str, float]:
        """English words and forms for a Chinese term (a key) → weight; {} for an unknown one."""
        found: dict[str, float] = {}
        for line in self._lines.lines(term):
            if term in line.terms:
                words, place = line.targets, 0
            else:
                words, place = line.terms, line.targets.index(term)
            weight = _WEIGHTS[min(place, len(_WEIGHTS) - 1)]
            for word in words:
                if not _ASKS.search(word):  # of a phrase that asks for it, no document has it
                    found[word] = max(weight, found.get(word, 0.0))
        return found

    def chinese(self, term: str) -> dict[str, float]:
        """Chinese words for an English one, the commonest first, that the thesaurus lacks."""
        lines = self._lines.lines(term)
        return {line.terms[0]: _INTO_CHINESE for line in lines if term in line.targets}


@lru_cache(maxsize=1)
def shipped() -> Translations:
    """The translations that come with the package."""
    return Translations(((p.stem, p.read_bytes()) for p in source_files()), lookup=LOOKUP)
