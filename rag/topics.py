"""What an earlier question was about: its topic, and the thing that 它 or "it" stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from index.segmenting import key, token_spans, word_class
from rag import background
from rag.asking import PERSON, asked_of
from rag.normalising import language, normalise
from rag.slots import Piece, pieces_of
from rag.terms import Concept, concepts_of

# 那 that leads on, not 那个, 那家, 那里.
THEN = r"那(?![个些家种位次年天时边里儿份样条款座台片间场篇部本道帮曲会])"
LEAD = (
    rf"(?:那么|那就|{THEN}|嗯|哦|所以|可是|但是|但|而|然后|and then|and|but|so|ok|then)[\s,，:：]*"
)
ASKS = re.compile(
    r"多少|几[个家年月天成种项倍名人]|什么|啥|谁|哪|为何|怎|如何|吗|多[大高长久远]|是否|是不是|有没有|"
    r"\b(?:what|who|when|where|why|how|which|whose)\b"
)
THERE = re.compile(r"那里|那边|那儿|当地|该[国省市地]")
_ASKED_TAIL = re.compile(
    r"(?:是|有|在|为|了)*"
    r"(?:多少[钱元人个家吨次名天年种项倍]?|几[个家年月天成种项倍名人号次]?|谁|哪[里儿]|"
    r"什么(?:时候|时间)?|啥|多[大高长久]|怎么样|如何|吗|哪[年天])"
    r"(?:了|的|呢|啊)*$"
)
_AUX = r"(?:did|does|do|is|are|was|were|has|have|had|can|could|will|would|should)"
_ENGLISH_WH = re.compile(
    r"^(?:and |but |so )?"
    r"(?:how (?:many|much|big|long|far|high)(?: of)?|what|which|who|when|where|why|how)"
    r"(?: (?:share|percentage|proportion) of)?\s+",
    re.IGNORECASE,
)
_STOPS = ("现", "现有", "共有", "拥有", "的", "是", "在", "有", "对", "把", "被", "和", "了")
_NAMES = ("ns", "nr", "nt", "nz", "nrt", "nrfg")


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, as completed then, what was answered, and on which files."""

    question: str
    answer: str = ""
    sources: tuple[str, ...] = ()
    shown: frozenset[tuple[str, int, int]] = frozenset()  # doc_id, start, end of what was cited
    is_record: bool = False  # an answer record came with it


def entity_of(last: Turn, pronoun: str) -> str | None:
    """What a pronoun stands for in the last question or answer; None where it is not clear."""
    question = last.question
    named = pieces(question)
    if language(question) == "en":
        names = [p for p in named if p.kind in ("place", "model", "organisation")]
        if asked_of(key(question)).kind == PERSON and last.answer:
            answered = [p for p in pieces(last.answer) if p.kind == "place"]
            if answered and len(last.answer) <= 60:
                return last.answer[answered[0].start : answered[0].end]
        if not names:
            return None
        at = names[0]
        the = "the " if re.search(r"\bthe $", question[: at.start], re.IGNORECASE) else ""
        return the + question[at.start : at.end]
    if pronoun in ("他", "她", "这位", "这个人"):
        people = [p for p in named if p.kind == "person"]
        if not people and asked_of(key(question)).kind == PERSON:
            answered = [p for p in pieces(last.answer) if p.kind == "person"]
            if answered:
                return last.answer[answered[0].start : answered[0].end]
        if not people and asked_of(key(question)).kind == PERSON:
            return topic(question)
        if people and people[0].start <= 2 and not _head(question):
            return question[people[0].start : people[0].end]
    if THERE.fullmatch(pronoun):
        places = [p for p in named if p.kind == "place"]
        return question[places[0].start : places[0].end] if places else _head(question)
    if re.match(r"哪[个家国座位一]", key(question)) and last.answer:
        first = re.split(r"[,，。;；：:（(\n]", last.answer.strip(), maxsplit=1)[0]
        if 1 < len(first) <= 12:
            return first
    return _head(question)


def _head(question: str) -> str | None:
    """What a Chinese question begins with, up to its first verb, 的 or asking word."""
    keyed = key(question)
    start: int | None = None
    end = 0
    for _, first, last in token_spans(question):
        text = keyed[first:last]
        tag = word_class(text)
        if start is None and (is_time(text) or text in ("请问", "在", "那", "对", "关于", "据")):
            continue
        if start is not None and first != end:
            break
        stops = text in _STOPS or ASKS.search(text) is not None
        stops = stops or (tag[:1] in ("v", "d", "p", "c", "u") and tag != "vn") or is_time(text)
        if stops:
            break
        start = first if start is None else start
        end = last
    if start is None or not 1 < end - start <= 20:
        return None
    return question[start:end]


def topic(question: str) -> str:
    """What a question is about: itself without what it asks at its end or beginning."""
    text = bare(question)
    if language(question) == "en":
        text = _ENGLISH_WH.sub("", text)
        return re.sub(rf"^{_AUX}\s+", "", text, flags=re.IGNORECASE)
    cut = _ASKED_TAIL.search(key(text))
    shorter = text[: cut.start()] if cut and cut.start() >= 2 else text
    shorter = re.sub(r"(?:有)?(?:多少[个人]?|哪[个些家国]|什么|啥|几(?=[个家种项]))", "", shorter)
    return shorter.rstrip("，, 的是得") or text


def bare(question: str) -> str:
    return question.strip().rstrip("?？。.!！ ")


def without_lead(text: str) -> str:
    own = re.sub(rf"^{LEAD}", "", text, count=1, flags=re.IGNORECASE)
    if language(own) == "en":
        own = own[:1].upper() + own[1:]
    return own or text


def pieces(text: str) -> list[Piece]:
    return list(pieces_of(text[:400]))


def content_of(text: str) -> tuple[Concept, ...]:
    from index.thesaurus import shipped

    return concepts_of(normalise(text, date(2000, 1, 1)), [shipped()], background.shipped())


def is_time(text: str) -> bool:
    return (
        re.fullmatch(
            r"\d*年?|[今去前明后]年|现在|目前|最近|当时|之?[前后]|\d+月(?:份)?|后来|最后|到底|\W+",
            text,
        )
        is not None
    )


def is_name(concept: Concept, text: str) -> bool:
    own = text[concept.start : concept.end]
    tag = word_class(concept.term)
    return (
        tag in _NAMES
        or re.search(r"[A-Za-z]", own) is not None
        or (not tag and concept.rarity > 0.8)
    )
