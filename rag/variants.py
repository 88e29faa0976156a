"""Layers for words that are written in another way than documents write them.

`Heard`: 英伟答, 黄仁熏 — a name that was misheard or mistyped, found by its sound. `Joined`: deep
seek, Chat-GPT, gpt4o — a Latin name whose parts are put together or taken apart.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from index import sounds
from index.segmenting import dictionary_edges, is_word, key, stem, words
from index.thesaurus import Layer, Thesaurus
from rag.background import Background
from rag.normalising import NormalisedQuestion

if TYPE_CHECKING:
    from index.store import Library

SOUND = "sound"  # the origin of names found by their sound
SPELLING = "spelling"
HEARD_WEIGHT = 0.5  # of a name that only sounds like what is asked
JOINED_WEIGHT = 0.95
_MOST_HEARD = 2  # names that a word may be a slip of; more is a coincidence
_MOST_DOCUMENTS = 5_000  # whose titles are read for names
_MOST_TITLES = 300  # that are read character by character
LEAST_RARITY = 0.41  # of a name that may be meant; 第一次 is a common word
_SHORTEST_JOINED = 5  # letters; "a i" is not a name
_SHORTEST_LATIN = 6  # letters of a Latin name that may be misspelt
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PARTED = re.compile(r"[a-z0-9]+(?:[ \-][a-z0-9]+){1,2}")
_MIXED = re.compile(r"([a-z]{2,})(\d+(?:\.\d+)?[a-z]?)")
_LATIN_NAME = re.compile(r"[a-z]{6,}")


class Heard:
    """Names that sound like a word that neither dictionary, thesaurus nor documents know."""

    def __init__(
        self,
        library: Library,
        question: NormalisedQuestion,
        thesaurus: Thesaurus,
        background: Background,
    ) -> None:
        self._library = library
        self._thesaurus = thesaurus
        self._background = background
        self._chinese = question.language == "zh"  # in English any word may be unknown
        self._content = question.content
        self._strange: frozenset[str] | None = None
        self._word_edges: tuple[set[int], set[int]] | None = None
        self._found: dict[str, list[str]] = {}

    def known(self, terms: Sequence[str]) -> list[bool]:
        strange = self._unknown_pairs()
        return [
            bool(
                (
                    sounds.SHORTEST <= len(term) <= sounds.LONGEST
                    and any(pair in term for pair in strange)
                )
                or (len(term) >= _SHORTEST_LATIN and term.isascii())
            )
            and bool(self._names(term))
            for term in terms
        ]

    def targets(self, term: str) -> list[tuple[str, float, str]]:
        found = []
        for name in self._names(term):
            found.append((name, HEARD_WEIGHT, SOUND))
            found += [
                (target, HEARD_WEIGHT * weight, file)
                for target, weight, file in self._thesaurus.targets(name)
            ]
        return found

    def _names(self, term: str) -> list[str]:
        if term not in self._found:
            self._found[term] = self._look_up(term)
        return self._found[term]

    def _look_up(self, term: str) -> list[str]:
        if _LATIN_NAME.fullmatch(term):
            return self._misspelt(term) if self._chinese else []
        if not sounds.may_be_name(term) or not self._may_be_slip(term):
            return []
        near = sounds.shipped().alike(term) + _own_sounds(self._library).alike(term)
        names = [name for name in dict.fromkeys(near) if self._is_strange_for(term, name)]
        return names if len(names) <= _MOST_HEARD else []

    def _unknown_pairs(self) -> frozenset[str]:
        """Pairs of characters of the question that stand in no text we know, nor in the library.

        In a large library there are none of them for most questions, and nothing is looked up.
        """
        if self._strange is None:
            runs = re.findall("[㐀-鿿]{2,}", self._content)
            self._strange = frozenset(
                pair
                for run in runs
                for pair in _pairs(run)
                if not self._background.frequency(pair)
                and not self._library.document_frequency("grams", pair)
            )
        return self._strange

    def _may_be_slip(self, term: str) -> bool:
        """It holds a pair nobody knows, is no word itself, and stands where words begin and end."""
        starts, ends = self._edges()
        at = self._content.find(term)
        edges = (at in starts) + (at + len(term) in ends)
        return (
            edges >= (2 if len(term) == sounds.SHORTEST else 1)
            and not is_word(term)
            and not self._thesaurus.may_know(term)
        )

    def _edges(self) -> tuple[set[int], set[int]]:
        if self._word_edges is None:
            self._word_edges = dictionary_edges(self._content)
        return self._word_edges

    def _is_strange_for(self, term: str, name: str) -> bool:
        """A pair that is not the name's is unknown; the name is not common."""
        return self._background.rarity(name) >= LEAST_RARITY and any(
            mine != theirs and mine in self._unknown_pairs()
            for mine, theirs in zip(_pairs(term), _pairs(name), strict=True)
        )

    def _misspelt(self, term: str) -> list[str]:
        if self._thesaurus.may_know(term) or self._thesaurus.may_know(stem(term)):
            return []
        if self._library.document_frequency("grams", stem(term)):
            return []
        near = sorted(_edits(term) & _latin_names())
        return near if len(near) <= _MOST_HEARD else []


def _pairs(term: str) -> list[str]:
    return [term[i : i + 2] for i in range(len(term) - 1)]


@lru_cache(maxsize=1)
def _latin_names() -> frozenset[str]:
    """Latin words of six letters or more in the thesaurus's names."""
    from index.thesaurus import FOLDER

    text = (FOLDER / "names.txt").read_text(encoding="utf-8")
    return frozenset(re.findall(r"(?<![a-z])[a-z]{6,}(?![a-z])", key(text)))


def _edits(word: str) -> set[str]:
    """Words one slip away, with the same first letter.

    Source: Norvig, «How to write a spelling corrector».
    """
    splits = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    out = {a + b[1:] for a, b in splits if b}
    out |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    out |= {a + c + b[1:] for a, b in splits if b for c in _LETTERS}
    out |= {a + c + b for a, b in splits for c in _LETTERS}
    return {w for w in out if len(w) >= _SHORTEST_LATIN and w != word}


_own: OrderedDict[str, sounds.SoundIndex] = OrderedDict()  # by library, the last used ones
_MOST_OWN = 4


def _own_sounds(library: Library) -> sounds.SoundIndex:
    """Names of the library's own: those its documents explain, and words of their titles."""
    found = _own.get(library.hash)
    if found is None:
        names: set[str] = set()
        if library.n_documents <= _MOST_DOCUMENTS:
            for pair in library.aliases():
                names |= {pair.long, pair.short}
            titles = {info.title for info in library.documents()}
            for title in titles:
                # A name that is in no dictionary is cut up.
                names.update(_names_in(title, closely=len(titles) <= _MOST_TITLES))
        found = _own[library.hash] = sounds.SoundIndex(sorted(names))
        while len(_own) > _MOST_OWN:
            with suppress(KeyError):  # another thread was faster
                _own.popitem(last=False)
    return found


@lru_cache(maxsize=1_000)  # titles are the same in a library's next generation
def _names_in(title: str, *, closely: bool) -> tuple[str, ...]:
    return (*words(title), *(_windows(key(title)) if closely else ()))


def _windows(text: str) -> Iterator[str]:
    for run in re.findall("[㐀-鿿]{3,40}", text):
        for size in (3, 4):
            yield from (run[i : i + size] for i in range(len(run) - size + 1))


class Joined:
    """Latin names whose parts stand together elsewhere, or apart."""

    def __init__(self, library: Library, layers: Sequence[Layer]) -> None:
        self._library = library
        self._layers = layers

    def known(self, terms: Sequence[str]) -> list[bool]:
        return [term[:1].isascii() and bool(self._forms(term)) for term in terms]

    def targets(self, term: str) -> list[tuple[str, float, str]]:
        forms = self._forms(term)
        found = [(form, JOINED_WEIGHT, SPELLING) for form in forms]
        for form in forms[:1]:
            for layer in self._layers:
                if layer.known([form])[0]:
                    found += [(t, JOINED_WEIGHT * w, file) for t, w, file in layer.targets(form)]
        return found

    def _forms(self, term: str) -> list[str]:
        if _PARTED.fullmatch(term):
            whole = re.sub(r"[ \-]", "", term)
            long = len(whole) >= _SHORTEST_JOINED or any(c.isdigit() for c in whole)
            return [whole] if long and not whole.isdigit() and self._is_name(whole) else []
        mixed = _MIXED.fullmatch(term)
        if mixed is None or self._is_name(term):
            return []
        parts = mixed.groups()
        both = all(self._library.document_frequency("grams", stem(part)) for part in parts)
        return [f"{parts[0]}-{parts[1]}", f"{parts[0]} {parts[1]}"] if both else []

    def _is_name(self, whole: str) -> bool:
        return any(layer.known([whole])[0] for layer in self._layers) or bool(
            self._library.document_frequency("grams", stem(whole))
        )
