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
from index.segmenting import is_word, token_spans, word_class
from rag.background import Background
from rag.features import Candidate
from rag.normalising import NormalisedQuestion
from rag.terms import Alternative, Concept
from rag.variants import LEAST_RARITY, SOUND, SPELLING

_WORD = re.compile(r"[a-z]{4,24}")
_FEWEST, _MOST_SYLLABLES = 2, 4
_MOST_FORMS = 2
_WEIGHT = 0.9
_NO_NAME = frozenset("的了呢吗吧着他她它们这那是在和与就也都不")  # stand in no name
_VOWEL = re.compile(r"[aeiouv]")
_NAMES = ("nr", "ns", "nt", "nz")  # classes of words that name
_OWN = frozenset(("question", SPELLING))


def with_chinese_names(
    concepts: tuple[Concept, ...],
    question: NormalisedQuestion,
    candidates: Sequence[Candidate],
    background: Background,
) -> tuple[Concept, ...]:
    """Concepts of an English question; its names may also be said as sentences and headings do.

    A name is a word with a capital that no list knows, and that reads as syllables of Chinese.
    """
    keys = [*(c.key for c in candidates), *dict.fromkeys(c.headings for c in candidates)]
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
        and concept.term not in _characters()  # Tian is 田, not 提案
        and all(a.origin in _OWN or _spells(concept.term, a.term) for a in concept.alternatives)
    )


def _spells(word: str, form: str) -> bool:
    """Whether a word is no translation, but how a Chinese one is read: 石鼓, shigu."""
    return word in (sound.replace(" ", "") for sound in sounds.sounds(form))


def _forms(word: str, keys: Iterable[str], background: Background) -> tuple[str, ...]:
    """What sounds like the word in the keys, most frequent first; common words do not count."""
    pattern = _pattern(word)
    if pattern is None:
        return ()
    counts: Counter[str] = Counter()
    for text in keys:
        spans = [match.span(1) for match in pattern.finditer(text)]
        if spans:
            words = token_spans(text)
            starts, ends = {a for _, a, _ in words}, {b for _, _, b in words}
            # An unknown name may be cut anywhere, but hardly on both sides: 故安 of 事故安全.
            counts.update(text[a:b] for a, b in spans if a in starts or b in ends)
    names = [form for form in counts if _names_something(form, background)]
    return tuple(sorted(names, key=lambda form: (-counts[form], form))[:_MOST_FORMS])


def _names_something(form: str, background: Background) -> bool:
    if background.rarity(form) < LEAST_RARITY or _NO_NAME & set(form):
        return False
    return not is_word(form) or word_class(form).startswith(_NAMES)


@lru_cache(maxsize=1_000)
def _pattern(word: str) -> re.Pattern[str] | None:
    """Overlapping runs of characters that read as the word; None where it is no such name."""
    ways = [
        "".join(f"[{_characters()[syllable]}]" for syllable in way)
        for way in _split(word, _MOST_SYLLABLES)
        if len(way) >= _FEWEST
    ]
    return re.compile(f"(?=({'|'.join(ways)}))") if ways else None


@lru_cache(maxsize=1)
def _characters() -> dict[str, str]:
    """Syllable without tone → the characters that are read so."""
    found: dict[str, str] = {}
    for char, syllables in sounds.readings().items():
        for syllable in filter(_VOWEL.search, syllables):  # 嗯 is no n
            found[syllable] = found.get(syllable, "") + char
    return found


def _split(word: str, most: int) -> Iterator[tuple[str, ...]]:
    """Every way to cut a word into at most so many syllables: xian, xi an."""
    if not word:
        yield ()
    for end in range(1, min(6, len(word)) + 1) if most else ():
        if word[:end] in _characters():
            for rest in _split(word[end:], most - 1):
                yield (word[:end], *rest)
