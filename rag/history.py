"""A follow-up question and the conversation before it → a question that stands alone.

«那日本呢？» after «美国2025年的产量是多少？» → «日本2025年的产量是多少？». A question that stands
alone is left alone: what is touched must look like a follow-up as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.segmenting import key, word_class
from rag.normalising import MAX_QUESTION_CHARS, language
from rag.requests import Request, request_of
from rag.retrieval import Retrieval
from rag.slots import Near, replaced
from rag.topics import (
    ASKS,
    LEAD,
    THEN,
    THERE,
    Turn,
    bare,
    content_of,
    entity_of,
    is_name,
    is_time,
    pieces,
    topic,
    without_lead,
)

_END = r"[\s?？。.!！~～…]*"
_THING = re.compile(
    rf"(?:{LEAD})?(?P<what>[^,，。;；?？!！]{{1,24}}?)的?(?:话)?(?:呢|哪|咧|如何){_END}"
)
_ENGLISH_THING = re.compile(
    rf"(?:(?:and|but|so|ok)[\s,]+)?(?:(?:what|how) about|and(?: for| in)?|what of)\s+"
    rf"(?:in |for )?(?P<what>[^,;?!]{{1,40}}?)(?: then| though)?{_END}"
)
_WHY = re.compile(
    rf"(?:{LEAD})?(?:这是|那是|这|会|又)?(?:为什么|为啥|为何|凭什么|怎么会这样|怎么会|怎么回事|"
    rf"(?:是)?(?:什么|啥)(?:原因|缘故)|原因(?:是什么|何在|呢)?|why(?: is that| not| so)?|how come)"
    rf"(?:呢|啊|呀|会这样)?{_END}"
)
# Asks for another side of the same thing, in words that name nothing.
_BARE = re.compile(
    rf"(?:{LEAD})?(?:是|在|从)?(?:什么时候|何时|哪一?年|哪天|什么时间|谁|哪里|哪儿|多少|多少钱|几个|"
    rf"怎么(?:做|办|算|来)(?:到|出来)?的?|如何做到的|有多少|多大|多久|"
    rf"when|where|who|how much|how many)"
    rf"(?:的|了|呢|啊)*(?: (?:was|is) (?:that|it))?{_END}"
)
_MORE = re.compile(
    rf"(?:{LEAD})?(?:还有|另外|其他|其它|别的|除此之外)(?:还有)?"
    rf"(?:别的|其[他它]|哪些|什么|谁|呢|的){{0,4}}(?:吗|呢|么)?{_END}|"
    rf"(?:{LEAD})?(?:(?:what|who|where|anything|anyone) else|any others?){_END}"
)
_DETAIL = re.compile(
    rf"(?:{LEAD})?(?:请|能|可以|再)?(?:详细|具体|展开|仔细|多)(?:点|些|一点|一些)?(?:地)?"
    rf"(?:说说|讲讲|说一下|讲一下|说明|介绍一下|谈谈|说|讲|点|呢)(?:吗|吧|呢)?{_END}|"
    rf"(?:please )?(?:tell me more|more details?|go on|elaborate|in detail|explain(?: more)?){_END}"
)
_ORDINAL = re.compile(r"(?:排名?)?(?:第)([一二三四五六七八九十\d]+)(?:名|位|个|条|项|种|大|点)?")
_SUPERLATIVE = re.compile(r"最(?=[多大高快长重好低少小短慢强])")
# Which of many is the first in something: 哪个国家增加得最多, 哪个城市的空缺率最高.
_FIRST_OF = re.compile(
    r"哪一?[个家座款所种]?(?:国家?|城市|省份?|市|地区|公司|企业|厂家?|品牌|机构|银行|大学|学校|产品|项目|部门|"
    r"行业|车型|型号|港口?)(?:(?P<done>[㐀-鿿]{1,6})得最|(?P<has>的[^,，?？最]{1,10})最)"
    r"[多大高快长重好低少小短慢强]的?[?？]?$"
)
_ORDINAL_WORD = re.compile(r"第[一二三四五六七八九十\d]+")
_PRONOUN = re.compile(
    r"(?:它们|他们|她们|它|他|她|这家(?:公司|企业|机构|厂|银行)|"
    r"该(?:公司|企业|机构|项目|国|省|市|法|条例|政策|产品|报告)|"
    r"这个(?:人|项目|政策|计划|公司|国家|地方|办法|制度|标准|数字)|这(?:部法|项政策|项制度|座桥|本书|位))"
)
_ENGLISH_PRONOUN = re.compile(r"\b(its|it|they|them|their|he|him|his|she|her|that one)\b")
_ENGLISH_THERE = re.compile(r"\b(?:in |over )?there(?=\s*[?？.]*$)")
_EXPLETIVE = re.compile(
    r"\bit (?:true|possible|take|necessary|legal)|"
    r"\b(?:is|was) it (?:true|possible|necessary|legal|that)|"
    r"does it take|\btheir own\b|\bits (?:peak|height|best|worst|own)\b"
)
_TURNS = 8  # of a conversation
_SAID = 4_000  # characters of an earlier answer that are looked at
_LONGEST = 80  # characters: a longer question says what it is about
_ELLIPTIC = 1.1  # rarities of a question that says hardly anything; standing questions say more
_NAMING = 0.5  # a noun rarer than this names what is asked about


def turns_of(history: Sequence[Any]) -> tuple[Turn, ...]:
    """Earlier turns, oldest first, from what callers hold.

    A turn is a question, a pair of a question and its answer (an `Answer`, a record, a text or
    None), or a mapping with "question" and perhaps "answer", "completed_question" and "citations",
    such as a record itself. A question that is no text, blank, or longer than one may be is left
    out, and so is what is no citation. The last eight count.
    """
    found = [_turn(item) for item in history[-_TURNS:]]
    turns: list[Turn] = []
    for turn in found:
        if turn is not None:
            # A record says itself how its question was understood.
            completed = None if turn.is_record else complete(turn.question, turns)
            turns.append(turn if completed is None else replace(turn, question=completed))
    return tuple(turns)


def _turn(item: Any) -> Turn | None:
    question, answer = item, None
    if isinstance(item, Mapping):
        question, answer = item.get("question"), item.get("answer")
        if "citations" in item or "completed_question" in item:
            answer = item
    elif isinstance(item, (tuple, list)) and len(item) == 2:
        question, answer = item
    elif hasattr(item, "to_record"):
        question, answer = item.question, item
    if answer is not None and hasattr(answer, "to_record"):
        answer = answer.to_record()
    if not isinstance(answer, Mapping):
        asked = _asked(question)
        return None if asked is None else Turn(asked, _said(answer))
    asked = _asked(answer.get("completed_question") or question)
    if asked is None:
        return None
    cited = _mappings(answer.get("citations"))
    return Turn(
        asked,
        _said(answer.get("answer")),
        tuple(dict.fromkeys(str(c.get("source", "")) for c in cited)),
        frozenset(
            (str(c.get("doc_id", "")), start, end)
            for c in cited
            for s in _mappings(c.get("spans"))
            if isinstance(start := s.get("start"), int) and isinstance(end := s.get("end"), int)
        ),
        is_record="completed_question" in answer,
    )


def _asked(question: Any) -> str | None:
    """Of an earlier turn; None for what is no question, and for one that was never answered."""
    if not isinstance(question, str) or not 0 < len(question.strip()) <= MAX_QUESTION_CHARS:
        return None
    return question.strip()


def _said(answer: Any) -> str:
    """The beginning of what was answered, without its marks."""
    return re.sub(r"\[\d+\]", "", answer[:_SAID]) if isinstance(answer, str) else ""


def _mappings(given: Any) -> list[Mapping[str, Any]]:
    """What is one of a list that others made."""
    listed = given if isinstance(given, (list, tuple)) else ()
    return [one for one in listed if isinstance(one, Mapping)]


def said_before(question: str, turns: Sequence[Turn]) -> frozenset[tuple[str, int, int]]:
    """What «还有别的吗» and "what else?" do not ask for: what was cited so far; else nothing."""
    if _MORE.fullmatch(key(question).strip()) is None:
        return frozenset()
    return frozenset().union(*(t.shown for t in turns))


def unsaid(retrieval: Retrieval, said: frozenset[tuple[str, int, int]]) -> Retrieval:
    """Without the sentences that were cited before."""
    if not said:
        return retrieval
    cited: dict[str, list[tuple[int, int]]] = {}
    for doc_id, start, end in said:
        cited.setdefault(doc_id, []).append((start, end))
    kept = [
        i
        for i, found in enumerate(retrieval.sentences)
        if not any(
            start < span.end and span.start < end
            for start, end in cited.get(found.document.doc_id, ())
            for span in found.sentence.spans
        )
    ]
    return replace(
        retrieval,
        sentences=tuple(retrieval.sentences[i] for i in kept),
        features=retrieval.features[kept],
    )


def complete(question: str, turns: Sequence[Turn], near: Near | None = None) -> str | None:
    """The question as it stands alone; None where it does already, or nothing came before it.

    `near`: how much two words mean the same, to tell which word a noun takes the place of.
    """
    last = next((t for t in reversed(turns) if _speaks(t.question)), None)
    text = question.strip()
    if last is None or len(text) > _LONGEST:
        return None
    keyed = key(text)
    request = request_of(keyed)
    if request is not None and not (request.kind in ("author", "overview") and not request.named):
        return None
    completed = (
        _completed(text, keyed, last, near)
        if request is None
        else _of_document(text, request, last)
    )
    if completed is None or completed == text or len(completed) > MAX_QUESTION_CHARS:
        return None
    return completed


def _completed(text: str, keyed: str, last: Turn, near: Near | None) -> str | None:
    earlier = last.question.strip()
    english = language(text) == "en"
    asked = bare(earlier)
    if _MORE.fullmatch(keyed):
        return f"What else: {earlier}" if language(earlier) == "en" else f"除此之外，{earlier}"
    if _DETAIL.fullmatch(keyed):
        return f"In detail: {earlier}" if language(earlier) == "en" else f"详细说说：{earlier}"
    if _WHY.fullmatch(keyed):
        return f"{asked}, and why?" if language(earlier) == "en" else f"{topic(earlier)}，为什么？"
    if _BARE.fullmatch(keyed):
        own = without_lead(text)
        if language(earlier) == "en":
            return f"{asked}, and {own[:1].lower()}{own[1:]}"
        return f"{topic(earlier)}，{own}"
    thing = (_ENGLISH_THING if english else _THING).fullmatch(keyed)
    if thing is None and not english:
        thing = _ENGLISH_THING.fullmatch(keyed)
    if thing is not None and not ASKS.search(thing["what"]):
        named = text[thing.start("what") : thing.end("what")].strip()
        return _with_thing(text, named, last, near)
    return _resolved(text, keyed, last, english, asked)


def _of_document(text: str, request: Request, last: Turn) -> str | None:
    """«谁写的», «这份报告讲了什么»: of the document that the last answer rests on."""
    if not last.sources:
        return None
    source = last.sources[0]
    if request.kind == "author":
        return f"“{source}”是谁写的？" if language(text) == "zh" else f"Who wrote “{source}”?"
    if not request.points:
        return None
    return f"“{source}”讲了什么？" if language(text) == "zh" else f"What is “{source}” about?"


def _with_thing(text: str, named: str, last: Turn, near: Near | None) -> str | None:
    earlier = last.question
    keyed = key(named)
    if pronoun := (_PRONOUN.match(keyed) or THERE.match(keyed)):
        entity = entity_of(last, key(named)[: pronoun.end()])
        if entity is None:
            return f"{topic(earlier)}，{without_lead(text)}"
        # 它的储量呢: another side of the same thing.
        rest = named[pronoun.end() :].lstrip("的")
        swapped = replaced(earlier, rest, near) if rest else None
        return swapped or (f"{entity}的{rest}是多少？" if rest else None)
    ordinal = _ORDINAL.fullmatch(keyed.removesuffix("的"))
    if ordinal is not None:
        return _with_ordinal(earlier, ordinal[1], text)
    if keyed.startswith(("其中", "包括")):
        return f"{bare(earlier)}，{without_lead(text)}"
    if len(content_of(named)) == 0 and not re.search(r"\d", named):
        return None
    swapped = _of_one(earlier, named) or replaced(earlier, named, near)
    if swapped is not None:
        return swapped
    if language(earlier) == "en":
        return f"{bare(earlier)}, {named}?"
    if re.search(r"[以之]?[前后]$|时$|情况下$|[里中上]$", keyed):
        return f"{named}，{earlier}"
    return f"{bare(earlier)}，{named}呢？"


def _of_one(earlier: str, named: str) -> str | None:
    """哪个国家增加得最多, then 那马里呢: how much it is there, not which is the first."""
    found = _FIRST_OF.search(key(earlier))
    if found is None:
        return None
    asked = f"{found['done']}了多少" if found["done"] else f"{found['has']}是多少"
    return f"{earlier[: found.start()]}{named}{asked}？"


def _with_ordinal(earlier: str, number: str, text: str) -> str:
    keyed = key(earlier)
    if found := _ORDINAL_WORD.search(keyed):
        return earlier[: found.start()] + f"第{number}" + earlier[found.end() :]
    if found := _SUPERLATIVE.search(keyed):
        return earlier[: found.start()] + f"第{number}" + earlier[found.end() :]
    return f"{bare(earlier)}，{without_lead(text)}"


def _resolved(text: str, keyed: str, last: Turn, english: bool, asked: str) -> str | None:
    """Pronouns at the head, a leading 那, and questions that say hardly anything."""
    if english:
        return _resolved_english(text, keyed, last)
    concepts = content_of(text)
    for pattern in (_PRONOUN, THERE):
        found = pattern.search(keyed)
        if found is None or re.search(r"[其吉维][它他她]$", keyed[: found.end()]):
            continue
        before = re.sub(rf"^{LEAD}", "", keyed[: found.start()], count=1).strip(" ,，")
        if before and not is_time(before) and not ASKS.fullmatch(before):
            continue
        entity = entity_of(last, found.group())
        if entity is None:
            return f"{topic(last.question)}，{without_lead(text)}"
        own = text[: found.start()] + entity + text[found.end() :]
        return without_lead(own)
    lead = re.match(rf"(?:那么|{THEN})[\s,，]*", keyed)
    names = any(is_name(c, text) for c in concepts)
    weight = sum(c.rarity for c in concepts)
    heavy = any(c.rarity >= _NAMING and word_class(c.term).startswith("n") for c in concepts)
    if lead is not None and lead.end() < len(keyed) and ASKS.search(keyed):
        # 那武汉市的利用率是多少: what it names is put where its like stood.
        return f"{topic(last.question)}，{without_lead(text)}"
    if keyed.startswith("其中") and ASKS.search(keyed):
        return f"{asked}，{text}"
    if weight <= _ELLIPTIC and concepts and not names and not heavy and ASKS.search(keyed):
        return f"{topic(last.question)}，{text}"
    return None


def _resolved_english(text: str, keyed: str, last: Turn) -> str | None:
    if language(last.question) != "en":
        return None
    there = _ENGLISH_THERE.search(keyed)
    if there is not None and re.match(
        r"(?:how many|is|are|was|were)\b.*\b(?:is|are|was|were) there", keyed
    ):
        there = None
    if there is not None:
        places = [p for p in pieces(last.question) if p.kind in ("place", "organisation")]
        if places:
            at = places[-1]
            named = last.question[at.start : at.end]
            the = "the " if re.search(r"\bthe $", last.question[: at.start]) else ""
            return without_lead(f"{text[: there.start()]}in {the}{named}{text[there.end() :]}")
        return f"{topic(last.question)}: {without_lead(text)}"
    found = _ENGLISH_PRONOUN.search(keyed)
    if found is None or _EXPLETIVE.search(keyed):
        return None
    if any(c.end <= found.start() and c.rarity >= 0.3 for c in content_of(text)):
        return None
    entity = entity_of(last, found.group())
    if entity is None:
        return f"{topic(last.question)}: {without_lead(text)}"
    own = f"{entity}'s" if found.group() in ("its", "their", "his", "her") else entity
    return without_lead(text[: found.start()] + own + text[found.end() :])


def _speaks(question: str) -> bool:
    return bool(content_of(question[:MAX_QUESTION_CHARS]))
