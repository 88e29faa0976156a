"""What a question names that the sources do not: why there is no answer, in words.

Years, names and units that are nowhere forbid an answer (`absent`); other words that are nowhere
are told beside it (`missing`).
"""

from __future__ import annotations

import re

from index.segmenting import token_spans, word_class
from rag.asking import YEAR, has_unit
from rag.normalising import NormalisedQuestion
from rag.retrieval import Retrieval
from rag.terms import Concept, contains
from rag.units import UNITS

# What every reason begins with, and no answer: by these a reply is known again as silence.
SILENCE = ("资料里", "The sources ")
_MISSING_RARITY = 0.42  # a concept less telling than this is not worth naming
_NAMED_RARITY = 0.35
# "The sources do not mention 砸" is true and no reason: what is done, and what is pointed at.
_NO_REASON = re.compile(
    r"[㐀-鿿]|[㐀-鿿]+[掉了着]|[这每最更][㐀-鿿]|那[个些种类边排帮批家位台条座辆艘间片笔]|"
    r"[a-z]+ (?:off|down|up|out|back|away|over)"
)
_SUFFIX = re.compile(
    r"(?:有限公司|公司|集团|大学|学院|研究院|研究所|医院|银行|协会|省|市|县|区|州|港|岛|镇)"
)
_PLACE = "ns"
_THINGS = frozenset("nijlt")  # nouns, idioms, abbreviations, times
# What ends up in no word of its own, and in no name: 最高能罚公司多少, 那篇县域….
_LOOSE = frozenset("能会可要去罚给让被把事人那这哪某该各每篇个的地得")
# What is weighed or measured is told in some unit of its kind, or not at all.
_MEASURED = frozenset(("mass", "volume", "energy", "power"))
_LATIN, _HAN = re.compile(r"[a-z]"), re.compile(r"[\u4e00-\u9fff]")


def _everything(retrieval: Retrieval) -> str:
    """All that was found, sentences and headings, as one text to look in."""
    texts = [s.candidate.key for s in retrieval.sentences]
    headings = {s.candidate.headings for s in retrieval.sentences}
    return "\n".join([*texts, *sorted(headings)])


def missing(retrieval: Retrieval) -> tuple[str, ...]:
    """What was asked and is in none of the sentences found, as it was asked; most telling first.

    A year that is nowhere is named even where the rest is found.
    """
    everything = _everything(retrieval)
    question = retrieval.question
    absent: list[tuple[float, int, str]] = []
    for concept in retrieval.concepts:
        if concept.rarity < _MISSING_RARITY or YEAR.search(concept.term):
            continue
        if _NO_REASON.fullmatch(concept.term):
            continue
        if not _is_thing(concept, question.key):
            continue
        if not any(a.term in everything for a in concept.alternatives):
            pieces = concept.pieces
            if pieces and any(p in everything for p in pieces):
                continue
            asked = question.text[concept.start : concept.end].strip()
            absent.append((-concept.rarity, concept.start, asked))
    told = [*_years_nowhere(question, everything), *(text for _, _, text in sorted(absent))]
    return tuple(dict.fromkeys(told))[:3]


def _years_nowhere(question: NormalisedQuestion, everything: str) -> list[str]:
    """The years of the question that are nowhere, as one says them, in its order."""
    sign = "年" if question.language == "zh" else ""
    return [f"{year}{sign}" for year in YEAR.findall(question.key) if year not in everything]


def _is_thing(concept: Concept, keyed: str) -> bool:
    """Whether it reads as something that could be mentioned: no verb, no cut-out of two words."""
    term, origins = concept.term, {a.origin for a in concept.alternatives}
    if term.isascii() or "aliases" in origins:
        return True
    if "names" in origins:
        return _is_of_whole_words(concept, keyed)
    found = word_class(term)
    return found[:1] in _THINGS if found else len(term) > 2


def absent(retrieval: Retrieval) -> tuple[str, ...]:
    """Years, names and units that are asked about and are in nothing that was found.

    Whatever stands there is about something else: no answer is given. Precise rather than
    complete: a year is one that is written out (去年 may be another year to who wrote), a name one
    that the thesaurus knows, one in Latin letters within Chinese, or an unknown word before
    «公司», «市» and the like.
    """
    question = retrieval.question
    everything = _everything(retrieval)
    found = sorted(_years_nowhere(question, everything))
    for concept in retrieval.concepts:
        if concept.rarity < _NAMED_RARITY or not _pins_down(retrieval, concept):
            continue
        if any(contains(everything, a.term) for a in concept.alternatives):
            continue
        if not _in_parts(concept, everything):
            found.append(question.text[concept.start : concept.end].strip())
    if _is_unit_nowhere(retrieval.asked.unit, everything):
        found.append(str(retrieval.asked.unit))
    return tuple(dict.fromkeys(found))


def _is_unit_nowhere(asked: str | None, everything: str) -> bool:
    """A currency but the yuan, or a measure, of which no unit stands in what was found."""
    unit = UNITS.get(asked or "")
    if unit is None or unit.dimension == "money:CNY":
        return False
    if not unit.dimension.startswith("money:") and unit.dimension not in _MEASURED:
        return False
    same = (n for n, u in UNITS.items() if u.dimension == unit.dimension)
    return not any(_is_counted_in(name, everything) for name in same)


def _is_counted_in(unit: str, everything: str) -> bool:
    """升 and 方 stand in many words: they are units after a figure."""
    if len(unit) > 1:
        return unit in everything
    vaguely = rf"[几数上近成百千万亿〇半]\s?[十百千万亿来]*\s?{unit}"
    return has_unit(unit, everything) or re.search(vaguely, everything) is not None


def _pins_down(retrieval: Retrieval, concept: Concept) -> bool:
    term, question = concept.term, retrieval.question
    if any(a.origin == "names" for a in concept.alternatives):
        return _is_of_whole_words(concept, question.key)
    if term.isascii():
        written = question.text[concept.start : concept.end]
        return (
            question.language == "zh"
            and len(_LATIN.findall(question.key)) < len(_HAN.findall(question.key))
            and len(term) > 2
            and any(c.isalpha() for c in term)
            and any(c.isupper() for c in written)
        )
    followed = _SUFFIX.match(question.key[concept.end :]) or _SUFFIX.search(term[2:])
    is_name = len(term) > 1 and not word_class(term) and not _LOOSE & set(term)
    return is_name and followed is not None


def _in_parts(concept: Concept, everything: str) -> bool:
    """Whether a longer name is told by a part: 船舶工业集团 by 船舶, not 英国政府 by 政府."""
    if not any(a.origin == "names" for a in concept.alternatives):
        return any(piece in everything for piece in concept.pieces)
    words = [concept.term[a:b] for _, a, b in token_spans(concept.term)]
    places = [word for word in words if word_class(word) == _PLACE]
    if any(place not in everything for place in places):
        return False
    return any(len(word) > 1 and word in everything for word in words)


def _is_of_whole_words(concept: Concept, keyed: str) -> bool:
    """占中 in 占中国 is not: it ends within a word."""
    spans = token_spans(keyed)
    starts, ends = {a for _, a, _ in spans}, {b for _, _, b in spans}
    return concept.start in starts and concept.end in ends


def reason(retrieval: Retrieval, absent: tuple[str, ...]) -> str:
    """One plain sentence in the question's language."""
    chinese = retrieval.question.language == "zh"
    if absent:
        if chinese:
            return f"资料里没有提到{'、'.join(f'“{a}”' for a in absent)}，无法据此回答。"
        named = ", ".join(f"“{a}”" for a in absent)
        return f"The sources do not mention {named}, so they cannot answer this."
    if not retrieval.sentences:
        return (
            "资料里没有找到与这个问题有关的内容。"
            if chinese
            else "The sources hold nothing related to this question."
        )
    return (
        "资料里有相关内容，但没有找到能直接回答这个问题的句子。"
        if chinese
        else "The sources touch on this, but no sentence in them answers the question."
    )
