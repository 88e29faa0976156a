"""What a question's words are called in documents of the other language.

The thesaurus knows terms and names; for the words between them single translations stand in
`index.thesaurus.translations`. A Chinese name that no list knows is looked for as it is spelled in
Latin letters: Haitang for 海棠 (the other way round, see romanised.py). How a question is cut into
concepts stays as it is. English is looked for only where a document of the library is in it.
"""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index import sounds
from index.segmenting import grams
from index.thesaurus import shipped, translations
from rag.normalising import NormalisedQuestion
from rag.spellings import chinese_number
from rag.terms import TRANSLATED, Alternative, Concept
from rag.variants import LEAST_RARITY, SOUND

if TYPE_CHECKING:
    from index.store import Library

_ENGLISH = frozenset(("en", "mixed"))
_MOST_ENGLISH = 12  # translations of a concept, forms included
_MOST_CHINESE = 4
_OF_PART = 0.7  # weight of what a part of a word means: 试验室, 试验
_OF_NUMBER = 0.5  # … and a number in it: 三周
_NAME = 0.9
_MOST_SPELLINGS = 2
_SHORTEST_NAME = 4  # letters
_ASPECT = re.compile(r"^[被把在由]|^[那这][㐀-鿿]|[了过着得到完起]$")
_MONTH = re.compile(r"(?<!\d)(\d{1,2}|十[一二]?|[一二三四五六七八九])月")
_MONTHS = tuple(
    tuple(dict.fromkeys((month_name[n].lower(), month_abbr[n].lower()))) for n in range(1, 13)
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def with_translations(
    concepts: tuple[Concept, ...], question: NormalisedQuestion, library: Library
) -> tuple[Concept, ...]:
    """The concepts; each may also be said as the other language says it.

    The very same where nothing is translated.
    """
    translated = _translated_of(concepts, question, library)
    return translated if translated != concepts else concepts


def _translated_of(
    concepts: tuple[Concept, ...], question: NormalisedQuestion, library: Library
) -> tuple[Concept, ...]:
    if question.language == "en":
        chinese = translations.shipped().chinese
        return tuple(_with(c, chinese(c.term), _MOST_CHINESE) for c in concepts)
    if not library.languages & _ENGLISH:
        return concepts
    months = _months_in(question.key)
    found = [_in_english(c, library, months) for c in concepts]
    return tuple(
        _with(c, words, _MOST_ENGLISH, () if words else _names_of(c, library))
        for c, words in zip(concepts, found, strict=True)
    )


def in_other_language(concepts: Sequence[Concept], question: NormalisedQuestion) -> str:
    """A question's words as `with_translations` has them, each in one way."""
    is_latin = question.language != "en"
    return " ".join(filter(None, (_first(c, is_latin=is_latin) for c in concepts)))


def _first(concept: Concept, *, is_latin: bool) -> str:
    fitting = (a for a in concept.alternatives if a.term.isascii() == is_latin)
    best = max(fitting, key=lambda a: a.weight, default=None)
    return best.term if best is not None else ""


def _with(
    concept: Concept, found: Mapping[str, float], most: int, names: Sequence[str] = ()
) -> Concept:
    own = {a.term for a in concept.alternatives}
    # Of equals the first is the commonest.
    ranked = sorted((w for w in found if w not in own), key=lambda word: -found[word])
    new = [Alternative(word, found[word], TRANSLATED) for word in ranked[:most]]
    new += [Alternative(name, _NAME, SOUND) for name in names]
    return replace(concept, alternatives=(*concept.alternatives, *new)) if new else concept


def _in_english(
    concept: Concept, library: Library, months: Mapping[int, tuple[str, ...]]
) -> dict[str, float]:
    """What English documents of the library may say → weight."""
    found: dict[str, float] = {}
    for alternative in concept.alternatives:
        for word, weight in _translated(alternative.term):
            found[word] = max(weight * alternative.weight, found.get(word, 0.0))
    for at, names in months.items():
        if concept.start <= at < concept.end:
            found |= dict.fromkeys(names, 1.0)
    return {word: weight for word, weight in found.items() if _holds(library, word)}


def _translated(term: str) -> Iterator[tuple[str, float]]:
    """English words for a term, or for what of it is known."""
    if term.isascii():
        return
    table = translations.shipped().english
    if (own := table(term)) or (own := table(_ASPECT.sub("", term))):
        yield from own.items()
        return
    number = chinese_number(term[0]) or 0
    if 1 <= number <= len(_NUMBERS) and len(term) > 1:
        yield _NUMBERS[number - 1], _OF_NUMBER
        term = term[1:]
    for size in range(len(term), 1, -1):
        parts = [table(term[i : i + size]) for i in range(len(term) - size + 1)]
        if any(parts):
            for part in parts:
                yield from ((word, _OF_PART * weight) for word, weight in part.items())
            return


def _months_in(question: str) -> dict[int, tuple[str, ...]]:
    """Where the question names a month → its names in English."""
    found: dict[int, tuple[str, ...]] = {}
    for match in _MONTH.finditer(question):
        number = int(match[1]) if match[1].isdigit() else chinese_number(match[1]) or 0
        if 1 <= number <= len(_MONTHS):
            found[match.start()] = _MONTHS[number - 1]
    return found


def _names_of(concept: Concept, library: Library) -> Sequence[str]:
    """Latin spellings, where it may be a name that no list knows."""
    is_known = any(a.term.isascii() for a in concept.alternatives)
    return () if is_known or concept.rarity < LEAST_RARITY else _spelled(concept.term, library)


def _spelled(term: str, library: Library) -> list[str]:
    """How the library's documents spell a name, or the longest part of what may be one."""
    for size in (4, 3, 2):
        found: dict[str, None] = {}
        for start in range(len(term) - size + 1):
            for sound in sounds.sounds(term[start : start + size]):
                found |= dict.fromkeys(w for w in _ways(sound.split()) if _holds(library, w))
        if found:
            return list(found)[:_MOST_SPELLINGS]
    return []


def _ways(syllables: list[str]) -> Iterator[str]:
    """«haitang», «teng yibai», «lin'ao»; none that is an English word."""
    first, rest = syllables[0], "".join(syllables[1:])
    if len(first + rest) < _SHORTEST_NAME:
        return
    if not shipped().may_know(first + rest) and not translations.shipped().chinese(first + rest):
        yield first + rest
    if len(syllables) <= 3:
        yield f"{first} {rest}"
    if rest[0] in "aoe":
        yield f"{first}'{rest}"


def _holds(library: Library, phrase: str) -> bool:
    """Whether every word of it stands somewhere in the library."""
    return all(library.has_word(token) for token in grams(phrase))
