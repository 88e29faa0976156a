"""A question → concepts: what a passage should speak of, in any of the words it may use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from index.lexical import WeightedTerm
from index.numbering import Field
from index.segmenting import grams, stem, token_spans
from index.thesaurus import WEIGHTS, Expansion, Layer, expand
from rag.background import Background
from rag.normalising import FUNCTION_WORDS, NormalisedQuestion

if TYPE_CHECKING:
    from index.store import Library

TRANSLATED = "translated"  # the origin of single words in the other language
_TOGETHER = 1.5  # what all translations of a concept weigh in the lexical index
MAX_ALTERNATIVES = 10  # of one concept: a group may name a thing in twenty ways
ALIASES = "aliases"  # the origin of names that documents give
MAX_NAMES = 4  # of one thing
MIN_SHARE = 0.25  # of the documents that give the most frequent one
MAX_SPELLED_RARITY = 0.5  # of a number or a date: they are not counted, so they look unique
MIN_RARITY = 0.1  # a term more common than this says nothing
_UNKNOWN_ENGLISH = 0.45  # rarity of an English word that Chinese text at large says nothing about
FIELD_WEIGHTS: Mapping[Field, float] = {"grams": 1.0, "title": 0.4, "heading": 0.3}
GRAM_WORTH = 0.6  # of a pair of characters, whatever words they belong to
PART_WORTH = 0.6  # what a concept is worth where only pieces of it are found
_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_LATIN_REST = re.compile("[a-z]+")


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to say a concept; `weight` in (0, 1] is how far it is trusted."""

    term: str
    weight: float
    origin: str  # "question", "spelling", the thesaurus file, "user" or "aliases"


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that the question speaks of, at [start, end) of its key.

    `rarity` in (0, 1]: how much it tells. The first alternative is the question's own word.
    """

    start: int
    end: int
    rarity: float
    alternatives: tuple[Alternative, ...]

    @property
    def term(self) -> str:
        return self.alternatives[0].term

    @property
    def pieces(self) -> tuple[str, ...]:
        """Character pairs of a long Chinese term, for partial matches; () for others."""
        return _pieces(self.term)


@lru_cache(maxsize=10_000)
def _pieces(term: str) -> tuple[str, ...]:
    if len(term) < 3 or not all(_HAN.match(c) for c in term):
        return ()
    return tuple(dict.fromkeys(map("".join, pairwise(term))))


def contains(text: str, term: str) -> bool:
    """Whether `text` holds `term`; a Latin term or a number only as a whole word or number."""
    at = text.find(term)
    while at >= 0:
        if stands_at(text, term, at):
            return True
        at = text.find(term, at + 1)
    return False


def stands_at(text: str, term: str, at: int) -> bool:
    """Whether `term`, which begins at `at`, is not a part of a longer Latin word or number."""
    head, tail = term[0], term[-1]
    if not (head.isascii() and head.isalnum()) and not (tail.isascii() and tail.isalnum()):
        return True
    before = text[at - 1] if at else " "
    end = at + len(term)
    after = text[end] if end < len(text) else " "
    return not _joins(before, head) and not _continues(text, end, after, tail)


def _joins(a: str, b: str) -> bool:
    if not (a.isascii() and b.isascii()):
        return False
    return (a.isalpha() and b.isalpha()) or (a.isdigit() and b.isdigit())


def _continues(text: str, end: int, after: str, tail: str) -> bool:
    if _joins(tail, after):
        # The stem of an English word may go on with its inflection: tariff → tariffs.
        rest = _LATIN_REST.match(text, end)
        return not (rest and rest[0] in ("s", "es", "ed", "d", "ing", "ly"))
    return False


class NamesOf:
    """What a library's documents themselves call a thing, as a layer beside the thesaurus."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._names: dict[str, dict[str, int]] = {}

    def known(self, terms: Sequence[str]) -> list[bool]:
        self._names = self._library.other_names(terms)
        return [term in self._names for term in terms]

    def targets(self, term: str) -> list[tuple[str, float, str]]:
        """Names that few documents use, beside those that many do, are left out."""
        counts = self._names.get(term, {})
        best = max(counts.values(), default=0)
        shares = sorted((-n / best, name) for name, n in counts.items())
        return [
            (name, WEIGHTS[ALIASES] * -share, ALIASES)
            for share, name in shares[:MAX_NAMES]
            if -share >= MIN_SHARE
        ]


def concepts_of(
    question: NormalisedQuestion, layers: Sequence[Layer], background: Background
) -> tuple[Concept, ...]:
    """In order of the question; () where it holds nothing to look for."""
    content = question.content
    found = [_spelled(question, spelling, layers, background) for spelling in question.spellings]
    covered = [(c.start, c.end) for c in found]
    expansions = expand(content, layers, skip=covered)
    covered += [(e.start, e.end) for e in expansions]
    for expansion in expansions:
        concept = _expanded(question, expansion, background)
        if concept is not None:
            found.append(concept)
    for token, start, end in token_spans(content):
        if any(start < b and a < end for a, b in covered):
            if any(a <= start and end <= b for a, b in covered):
                continue
            # A word that a longer term only cuts into keeps what is left of it.
            start = max([start] + [b for a, b in covered if a <= start < b])
            end = min([end] + [a for a, b in covered if start < a < end])
            token = content[start:end]
        concept = _plain(question, token, start, end, background)
        if concept is not None:
            found.append(concept)
    found.sort(key=lambda c: (c.start, c.end))
    return tuple(found)


def _plain(
    question: NormalisedQuestion, token: str, start: int, end: int, background: Background
) -> Concept | None:
    surface = question.content[start:end].strip()
    if not surface or surface in FUNCTION_WORDS or token in FUNCTION_WORDS:
        return None
    rarity = background.rarity(surface)
    if _is_latin(surface):
        named = question.text[start : start + 1].isupper() or any(c.isdigit() for c in surface)
        if question.language == "en" and not named:
            rarity = min(rarity, _UNKNOWN_ENGLISH)
    if rarity < MIN_RARITY:
        return None
    alternatives = [Alternative(surface, 1.0, "question")]
    if (base := stem(surface)) != surface:
        alternatives.append(Alternative(base, 1.0, "spelling"))
    return Concept(start, end, rarity, tuple(alternatives))


def _expanded(
    question: NormalisedQuestion, expansion: Expansion, background: Background
) -> Concept | None:
    term = expansion.term
    if term in FUNCTION_WORDS:
        return None
    own = background.rarity(term)
    targets = [
        (target, weight, file, rarity)
        for target, weight, file in expansion.targets
        if target not in FUNCTION_WORDS and (rarity := background.rarity(target)) >= MIN_RARITY
    ]
    if not targets and own < MIN_RARITY:
        return None
    rarity = own
    known = [r for t, _, _, r in targets if not _is_latin(t)][:4] or [t[3] for t in targets][:4]
    if known and _is_latin(term) and question.language == "en":
        # English words are rare in Chinese text, whatever they mean: go by what they stand for.
        rarity = sum(known) / len(known)
    elif known and all(file == "colloquial" for _, _, file, _ in targets):
        rarity = (own + sum(known) / len(known)) / 2
    rarity = max(rarity, MIN_RARITY)
    alternatives = [Alternative(term, 1.0, "question")]
    alternatives += [
        # A target far more common than the concept says little about it.
        Alternative(t, weight * min(1.0, r / rarity), file)
        for t, weight, file, r in targets
    ]
    alternatives.sort(key=lambda a: (a.origin != "question", -a.weight, a.term))
    kept = tuple(alternatives[: MAX_ALTERNATIVES + 1])
    return Concept(expansion.start, expansion.end, rarity, kept)


def _spelled(
    question: NormalisedQuestion,
    spelling: tuple[int, int, tuple[str, ...]],
    layers: Sequence[Layer],
    background: Background,
) -> Concept:
    """A date, a number or an amount, with what the layers know of it as a whole."""
    start, end, forms = spelling
    term = question.key[start:end]
    best = dict.fromkeys(forms, (1.0, "spelling"))
    for layer in layers:
        if layer.known([term])[0]:
            for target, weight, origin in layer.targets(term):
                if weight > best.get(target, (0.0, ""))[0]:
                    best[target] = (weight, origin)
    others = [Alternative(target, *found) for target, found in best.items()]
    others.sort(key=lambda a: (-a.weight, a.origin != "spelling"))
    rarity = min(background.rarity(term), MAX_SPELLED_RARITY)
    own = Alternative(term, 1.0, "question")
    return Concept(start, end, rarity, (own, *others[:MAX_ALTERNATIVES]))


def content_grams(question: NormalisedQuestion, background: Background) -> dict[str, float]:
    """Character pairs, Latin words and numbers of the question → rarity; common ones left out."""
    out: dict[str, float] = {}
    for gram in grams(question.content):
        if gram in FUNCTION_WORDS:
            continue
        rarity = background.rarity(gram)
        if rarity >= MIN_RARITY:
            out[gram] = rarity
    return out


def weighted_terms(
    concepts: tuple[Concept, ...], background: Background, question_grams: Mapping[str, float]
) -> list[WeightedTerm]:
    """For the lexical index: the weight of a term is its rarity, less where it is an expansion.

    `question_grams`, from `content_grams`, also holds the pairs that two words make where they
    meet. Sorted by field and token, so that equal questions ask equally.
    """
    weights = {gram: GRAM_WORTH * rarity for gram, rarity in question_grams.items()}
    for concept in concepts:
        translated = {_grams_of(a.term) for a in concept.alternatives if a.origin == TRANSLATED}
        for alternative in concept.alternatives:
            trust = alternative.weight * min(1.0, concept.rarity + 0.1)
            if alternative.origin == TRANSLATED:
                # A text may hold several of them, and all are rare where Chinese is common.
                trust *= min(1.0, _TOGETHER / len(translated))
            for gram in _grams_of(alternative.term):
                weight = trust * background.rarity(gram)
                if weight > weights.get(gram, 0.0):
                    weights[gram] = weight
    tokens = sorted(weights.items())
    return [
        WeightedTerm(field, token, round(share * weight, 6))
        for field, share in sorted(FIELD_WEIGHTS.items())
        for token, weight in tokens
        if share * weight >= 0.01
    ]


@lru_cache(maxsize=10_000)  # of a question's words and what they are called otherwise
def _grams_of(term: str) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(grams(term)))


def most_weight(
    concepts: Sequence[Concept], terms: Sequence[WeightedTerm], question_grams: Mapping[str, float]
) -> float:
    """What `terms` give to a text that says each concept once, in the words that weigh most.

    What a title adds is left out, so a chunk may have a little more.
    """
    weights = {term.token: term.weight for term in terms if term.field == "grams"}
    said = set(question_grams)
    for concept in concepts:
        ways = [_grams_of(a.term) for a in concept.alternatives]
        said.update(max(ways, key=lambda way: sum(weights.get(gram, 0.0) for gram in way)))
    # Sorted: the last bits of a sum depend on its order.
    return sum(weights.get(gram, 0.0) for gram in sorted(said))


def _is_latin(term: str) -> bool:
    return term.isascii()
