"""A question that asks for several things, taken apart into questions for one each.

«上海港和宁波港的吞吐量分别是多少» → «上海港的吞吐量是多少», «宁波港的吞吐量是多少».
«这部电影是什么类型？导演是谁？» → its first half, and «这部电影导演是谁».
What is kept are the question's own words; nothing is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.segmenting import token_spans
from rag.answer_spans import shape_of
from rag.asking import DEFINITION, ONE_THING, Asked, asked_of
from rag.directions import direction_of
from rag.normalising import FUNCTION_WORDS, NormalisedQuestion
from rag.terms import Concept

MAX_PARTS = 4
_LONGEST = 4  # words of one of the things that are joined
_ALIKE = 1.5  # how alike they must look where no 分别 says that each is asked for
_NOMINAL = 0.3  # … and where the question is a noun: 春运的开始和结束时间
_AT_ALL = -1.5

Ranges = tuple[tuple[int, int], ...]

_JOIN = re.compile(
    r"[、,，]?(?:以及|还有|和|与|跟|及)|、|(?<=[㐀-鿿\d])/(?=[㐀-鿿\d])|"
    r",? \b(?:and|versus|vs\.?)\b "
)
# Of what is compared, one is chosen: 短信还是电话.
_EITHER = re.compile(
    rf"{_JOIN.pattern}|[、,，]?(?:还是|或者?)|,? (?:or|against|compared (?:to|with)) "
)
_EACH = re.compile(
    r"分别|各自|各(?=[是有自占为多要准卖涨花摊定筹来打破])|\b(?:respectively|each|both)\b"
)
_BETWEEN = re.compile(
    r"之间|关系|区别|差别|不同|差异|异同|一起|共同|合作|联合|一块|联手|合并|合计|总共|加起来|竞争|冲突|战争|接壤|"
    r"建交|签[署订了]|会谈|谈判|座谈|贸易|进出口|往来|相比|关联|互相|相互|合[伙开资办建]|搭伙|不一样|\bbetween\b|together|difference|compare"
)
_QUOTED = re.compile(r"《[^《》]*》|“[^“”]*”|「[^「」]*」|\"[^\"]*\"|[(（][^()（）]*[)）]")
_EDGE = re.compile(r"[的是在有,，。?？!！;；:：]|分别|各|多少|几|谁|哪|什么|啥|何|$")
_NOUN = re.compile(
    r"^(?:(?!多少|几|谁|哪|什么|啥|何).)*(?:(?:是|有|为)(?:多少|几|谁|哪|什么|啥|何)[^,，。]{0,6})?[?？。]*$"
)
_SIDES = re.compile(r"(?:谁|哪[个一边家国儿座]+)(?:更|最)?")
_SPLIT = re.compile(r"[,，、;；?？。]|\s?(?:以及|还有|而且|并且|和|与|及)|,? and ")
_MEANT = re.compile(r"[那这前近后头好十百]$")  # 那几天 asks for nothing
_ELLIPTIC = re.compile(r"\s*(?P<thing>[^,，?？]{1,12}?)呢[?？。!！]*\s*$")
_TIME = re.compile(
    r"(?:(?:19|20)?\d\d年?(?:度|底|末|初|上半年|下半年|\d{1,2}月(?:份)?(?:\d{1,2}[日号])?)?|"
    r"\d{1,2}月(?:份)?(?:\d{1,2}[日号])?|[一二三四]季度|[上下]半年)"
)
_OF = re.compile(r"的(?:[^的,，]{1,8})(?:是|为|有|叫)?\s*$")
_IS = re.compile(r"(?:是|为|叫|有)\s*$")
_DEPENDENT = re.compile(
    r"\s*(?:同比|环比|较|比|增长|增速|涨幅|下降|其中|平均|占|排|居|在|累计|一共|总|合|约|近)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things asked for. `question`: what of the question asks for it."""

    question: NormalisedQuestion
    asked: Asked
    concepts: tuple[Concept, ...]  # placed in the part's question
    own: tuple[Concept, ...]  # those that no other part has; placed there, too


def parts_of(
    question: NormalisedQuestion, asked: Asked, concepts: Sequence[Concept]
) -> tuple[Part, ...]:
    """In the question's order; () where it asks for one thing."""
    names = _names(concepts)
    kept = _by_question_words(question, asked, names) or _by_things(question, asked, names)
    if len(kept) < 2 or len(kept) > MAX_PARTS:
        return ()
    held = [[c for c in concepts if _inside(c, ranges)] for ranges in kept]
    if not all(held):
        return ()
    parts = []
    for number, ranges in enumerate(kept):
        one, moved = _cut(question, ranges, held[number])
        others = [held[n] for n in range(len(kept)) if n != number]
        own = tuple(
            m for c, m in zip(held[number], moved, strict=True) if not all(c in o for o in others)
        )
        wanted = replace(asked_of(one.key), wants_several=False, from_each=False)
        if wanted.type not in ONE_THING and wanted.type != DEFINITION:
            return ()
        parts.append(Part(one, wanted, tuple(moved), own))
    return tuple(parts)


def sides_of(
    question: NormalisedQuestion, asked: Asked, concepts: Sequence[Concept]
) -> tuple[tuple[Concept, ...], ...]:
    """Of each thing that is asked about or compared, its concepts and those of all together.

    () where the question speaks of one thing. «宁波港和上海港相比谁大» asks for one thing, and is
    answered by what is said of both.
    """
    if parts := parts_of(question, asked, concepts):
        return tuple(part.concepts for part in parts)
    things = things_of(question, concepts)
    own = [c for one in things for c in one]
    shared = [c for c in concepts if c not in own]
    return tuple((*one, *shared) for one in things)


def things_of(
    question: NormalisedQuestion, concepts: Sequence[Concept]
) -> tuple[tuple[Concept, ...], ...]:
    """The concepts of each of the things that are named side by side; () for fewer than two."""
    compared = (
        _BETWEEN.search(question.key)
        or _EACH.search(question.key)
        or direction_of(question.key) is not None
    )
    things = _joined_things(
        question, _names(concepts), _AT_ALL if compared else _ALIKE, _EITHER if compared else _JOIN
    )
    held = [tuple(c for c in concepts if _inside(c, (thing,))) for thing in things]
    if len(held) < 2 or len(held) > MAX_PARTS or not all(held):
        return ()
    return tuple(held)


def _names(concepts: Iterable[Concept]) -> list[tuple[int, int]]:
    """Where known names stand: each is one word, 布林肯 too."""
    known = (c for c in concepts if any(a.origin == "names" for a in c.alternatives))
    return [(c.start, c.end) for c in known]


def _inside(concept: Concept, ranges: Ranges) -> bool:
    return any(start <= concept.start and concept.end <= end for start, end in ranges)


def _cut(
    question: NormalisedQuestion, ranges: Ranges, concepts: Iterable[Concept]
) -> tuple[NormalisedQuestion, list[Concept]]:
    """The ranges put together, a space between Latin words, and the concepts placed anew."""
    text = keyed = content = ""
    moved, shifts = [], []
    for start, end in ranges:
        space = " " if keyed[-1:].isascii() and question.key[start].isascii() and keyed else ""
        shifts.append((start, end, len(keyed + space) - start))
        text += space + question.text[start:end]
        keyed += space + question.key[start:end]
        content += space + question.content[start:end]
    for concept in concepts:
        shift = next(s for a, b, s in shifts if a <= concept.start and concept.end <= b)
        moved.append(replace(concept, start=concept.start + shift, end=concept.end + shift))
    return NormalisedQuestion(text, keyed, content, question.language, ()), moved


def _without(question_key: str, dropped: Iterable[tuple[int, int]]) -> Ranges:
    """What is left of the question, as ranges."""
    at, kept = 0, []
    for start, end in sorted(dropped):
        if start > at:
            kept.append((at, start))
        at = max(at, end)
    if at < len(question_key):
        kept.append((at, len(question_key)))
    return tuple(kept)


def _by_question_words(
    question: NormalisedQuestion, asked: Asked, names: Sequence[tuple[int, int]]
) -> list[Ranges]:
    """Clauses with a question word each; what the first one is about goes with every one."""
    question_key = question.key
    words = [w for w in asked.asking if not _MEANT.search(question_key[: w[0]])]
    if _EACH.search(question_key) and _joined_things(question, names):
        return []  # 中国和日本谁卖得多，各卖了多少: the things are what it is parted by
    quoted = [m.span() for m in _QUOTED.finditer(question_key)]
    borders: list[tuple[int, int]] = []
    for (_, end), (start, _) in pairwise(words):
        found = [
            m.span()
            for m in _SPLIT.finditer(question_key, end, start)
            if not any(a < m.end() and m.start() < b for a, b in quoted)
        ]
        marks = [f for f in found if question_key[f[0]] in ",，;；?？。"]
        # The sentence's own border before that of a phrase; the last of several.
        if marks or found:
            borders.append((marks or found)[0 if marks else -1])
    if elliptic := _ELLIPTIC.search(question_key, borders[-1][1] if borders else 0):
        mark = max(question_key.rfind(c, 0, elliptic.start("thing")) for c in ",，?？;；")
        mark = max(mark, -1)
        if words and mark > words[0][0] and (not borders or mark > borders[-1][0]):
            borders.append((mark, mark + 1))
    if not borders:
        return []
    edges = [0, *(e for b in borders for e in b), len(question_key)]
    clauses = [(edges[i], edges[i + 1]) for i in range(0, len(edges), 2)]
    first = clauses[0]
    whole: list[Ranges] = [(first,)]
    for clause in clauses[1:]:
        about = _about(question_key, first, words, clause)
        if not question_key[about[0] : about[1]].strip():  # who won it, and when
            about = (words[0][1], first[1])
        whole.append((about, clause))
    return whole


def _about(
    question_key: str,
    first: tuple[int, int],
    words: Sequence[tuple[int, int]],
    clause: tuple[int, int],
) -> tuple[int, int]:
    """What the first clause speaks of, without what it asks for."""
    start = first[0]
    end = next((a for a, b in words if first[0] <= a < first[1]), first[1])
    if question_key[clause[0] : clause[1]].rstrip("?？ 。").endswith("呢"):
        return start, end  # 越南呢: all of it, the other thing aside
    said = question_key[start:end]
    if _DEPENDENT.match(question_key, clause[0]):
        return start, end
    if match := _OF.search(said):
        return start, start + match.start()
    if match := _IS.search(said):
        return start, start + match.start()
    return start, end


def _by_things(
    question: NormalisedQuestion, asked: Asked, names: Sequence[tuple[int, int]]
) -> list[Ranges]:
    """The same asked of several things: one of them left in each part."""
    question_key = question.key
    each = list(_EACH.finditer(question_key))
    least = _AT_ALL if each else _NOMINAL if _NOUN.search(question_key) else _ALIKE
    things = _joined_things(question, names, least)
    if not things:
        return []
    if not each and _BETWEEN.search(question_key):
        return []
    aside = [m.span() for m in each]
    if len(asked.asking) > 1 and each:
        aside += [m.span() for m in _SIDES.finditer(question_key)]
    kept = []
    for number in range(len(things)):
        # From the end of one thing to the end of the next, so that the joint goes with it.
        dropped = list(aside)
        for n, (start, end) in enumerate(things):
            if n != number:
                dropped.append((start, end))
        dropped += [(a[1], b[0]) for a, b in pairwise(things)]
        kept.append(_without(question_key, dropped))
    return kept


def _joined_things(
    question: NormalisedQuestion,
    names: Sequence[tuple[int, int]],
    least: float = _AT_ALL,
    joint: re.Pattern[str] = _JOIN,
) -> list[tuple[int, int]]:
    """Where the things stand that 和, 、 or "and" put side by side; [] for none."""
    question_key = question.key
    quoted = [m.span() for m in _QUOTED.finditer(question_key)]
    joints = [
        m.span()
        for m in joint.finditer(question_key)
        if not any(a < m.end() and m.start() < b for a, b in quoted)
    ]
    if not joints:
        return []
    tokens = [(start, end) for _, start, end in token_spans(question_key)]
    whole = [q for q in quoted if question_key[q[0]] in '《“「"']  # a title is one word
    names = [n for n in names if not any(a <= n[0] and n[1] <= b for a, b in quoted)]
    for name in [*quoted, *names]:
        tokens = [t for t in tokens if not (name[0] <= t[0] and t[1] <= name[1])]
    tokens = sorted({*tokens, *whole, *names})
    best: list[tuple[int, int]] = []
    for border in joints:
        if best and best[-1][1] > border[0]:
            continue
        pair = _pair(question, tokens, border, best[-1] if best else None, least)
        if pair is None:
            continue
        left, right = pair
        if best and best[-1][1] == border[0]:
            best.append(right)
        elif not best or question_key[border[0] : border[1]] not in ("、", ", "):
            best = [left, right]
    return best


def _pair(
    question: NormalisedQuestion,
    tokens: Sequence[tuple[int, int]],
    joint: tuple[int, int],
    known: tuple[int, int] | None,
    least: float,
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The two runs of words beside a joint that are most alike in form."""
    before = [t for t in tokens if t[1] <= joint[0]][-_LONGEST:]
    after = [t for t in tokens if t[0] >= joint[1]][:_LONGEST]
    if not before or not after or before[-1][1] != joint[0] or after[0][0] != joint[1]:
        return None
    best: tuple[float, tuple[int, int], tuple[int, int]] | None = None
    for n in range(1, len(before) + 1):
        left = (before[-n][0], joint[0])
        if known is not None and known[1] == joint[0]:
            left = known
        for m in range(1, len(after) + 1):
            right = (joint[1], after[m - 1][1])
            value = _likeness(question, left, right) - 0.35 * (n + m - 2)
            if best is None or value > best[0]:
                best = (value, left, right)
    if best is None or best[0] < least:
        return None
    return best[1], best[2]


def _likeness(question: NormalisedQuestion, left: tuple[int, int], right: tuple[int, int]) -> float:
    question_key = question.key
    a, b = question_key[left[0] : left[1]], question_key[right[0] : right[1]]
    if any(mark in a + b for mark in ",，?？、;；") or "的" in a + b:
        return -9.0
    if a in FUNCTION_WORDS or b in FUNCTION_WORDS:
        return -9.0
    if len(a) < 2 or len(b) < 2 or question_key[left[0] - 1 : left[0]] == "-":
        return -9.0
    if question_key[right[1] : right[1] + 1] == "-":
        return -9.0
    if bool(_TIME.fullmatch(a)) != bool(_TIME.fullmatch(b)):
        return -3.0
    value = 2.0 * (a[-1] == b[-1]) + 0.7 * (a[0] == b[0]) + 0.8 * (len(a) == len(b))
    value -= 0.15 * abs(len(a) - len(b))
    value += 0.8 * bool(_EDGE.match(question_key, right[1]))
    value += 0.5 * (left[0] == 0 or bool(_EDGE.match(question_key, left[0] - 1)))
    shape = shape_of(a)
    value += 1.0 * (shape == shape_of(b) and shape in ("place", "organisation"))
    named = question.text[left[0]].isupper() and question.text[right[0]].isupper()
    value += 1.5 * (named and question.language == "en")
    if a.isascii() != b.isascii():
        value -= 0.5
    return value
