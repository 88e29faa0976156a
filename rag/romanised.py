"""Chinese names that an English question writes in Latin letters: Yunping for 云坪.

No list knows them, and neither does the lexical arm. The rest of the question finds where they may
stand; there they are looked for by their sound.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from index import sounds
from rag.background import Background
from rag.normalising import NormalisedQuestion
from rag.terms import Alternative, Concept
from rag.variants import SOUND, SPELLING

_WORD = re.compile(r"[a-z]{4,24}")
_FEWEST, _MOST_SYLLABLES = 2, 4
_MOST_FORMS = 2
_WEIGHT = 0.9
_LEAST_RARITY = 0.41  # of what may be meant; 第一 is a common word
_OWN = frozenset(("question", SPELLING))


def with_chinese_names(
    concepts: tuple[Concept, ...],
    question: NormalisedQuestion,
    keys: Sequence[str],
    background: Background,
) -> tuple[Concept, ...]:
    """Concepts of an English question; its names may also be said as the keys have them.

    A name is a word with a capital that no list knows, and that reads as syllables of Chinese.
    """
    if question.language == "zh":
        return concepts
    found = {
        place: forms
        for place, concept in enumerate(concepts)
        if _may_be_name(concept, question) and (forms := _forms(concept.term, keys, background))
    }
    if not found:
        return concepts
    return tuple(
        replace(
            concept,
            alternatives=(
                *concept.alternatives,
                *(Alternative(form, _WEIGHT, SOUND) for form in found.get(place, ())),
            ),
        )
        for place, concept in enumerate(concepts)
    )


def _may_be_name(concept: Concept, question: NormalisedQuestion) -> bool:
    return (
        question.text[concept.start].isupper()
        and _WORD.fullmatch(concept.term) is not None
        and all(a.origin in _OWN for a in concept.alternatives)
    )


def _forms(word: str, keys: Iterable[str], background: Background) -> tuple[str, ...]:
    """What sounds like the word in the keys, most frequent first; common words do not count."""
    pattern = _pattern(word)
    if pattern is None:
        return ()
    counts = Counter(match[1] for text in keys for match in pattern.finditer(text))
    names = [form for form in counts if background.rarity(form) >= _LEAST_RARITY]
    return tuple(sorted(names, key=lambda form: (-counts[form], form))[:_MOST_FORMS])


@lru_cache(maxsize=1_000)
def _pattern(word: str) -> re.Pattern[str] | None:
    """Overlapping runs of characters that read as the word; None where it is no such name."""
    ways = [
        "".join(f"[{_characters()[syllable]}]" for syllable in way)
        for way in _split(word)
        if _FEWEST <= len(way) <= _MOST_SYLLABLES
    ]
    return re.compile(f"(?=({'|'.join(ways)}))") if ways else None


@lru_cache(maxsize=1)
def _characters() -> dict[str, str]:
    """Syllable without tone → the characters that are read so."""
    found: dict[str, str] = {}
    for char, syllables in sounds.readings().items():
        for syllable in syllables:
            found[syllable] = found.get(syllable, "") + char
    return found


def _split(word: str) -> Iterator[tuple[str, ...]]:
    """Every way to cut a word into syllables: xian, xi an."""
    if not word:
        yield ()
    for end in range(1, min(6, len(word)) + 1):
        if word[:end] in _characters():
            for rest in _split(word[end:]):
                yield (word[:end], *rest)
