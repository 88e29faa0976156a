"""Whether sources say that something has come about, or that it has not: 已开通, 尚未开通.

Only in Chinese, where the question asks just that («开通了吗»), and each side says it outright:
no plan, no condition, no doubt. All offsets are into matching keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.figures import STATES_NOTHING, Figure, figure_at
from rag.retrieval import Retrieval
from rag.stated import Standing
from rag.surroundings import around, clause_at
from rag.terms import Concept
from rag.things import said

_ASKS = re.compile(r"(?:了吗|了没有?|没有|了么|是否已?经?|有没有|是不是已经?)[?？]?")
# 未来, 未央区 and 沉没 deny nothing.
_DENIED = re.compile(
    r"(?:[尚仍至今还]{0,2}未(?![来央])(?:能|曾|获)?|"
    r"(?:还|仍|至今|目前)?(?<![沉淹埋吞出])没(?!收)有?(?:能|获)?|并未|暂未|从未)"
    r"[^,，。;；]{0,4}$"
)
_DONE = re.compile(
    r"(?:已经?(?:于|获得?)?|正式|顺利|裁定|成功|获得?|于[\d年月日]{3,})[^,，。;；]{0,16}$"
)
_OPEN = re.compile(
    r"计划(?:于|在|将|\d)|预计|将|拟|有望|争取|力争|准备|等待|具备|如果|若|是否|能否|未必|吗|何时|什么时候|[?？]"
)
_LEAST = 0.6  # of what is asked, by rarity, that a side has to say


def asks_whether(question_key: str) -> bool:
    """Whether a question asks if something has come about."""
    return _ASKS.search(question_key) is not None


def standings_of(retrieval: Retrieval, places: Sequence[int]) -> dict[int, list[Figure]]:
    """Place → what it says of the deed asked for, as a list of one; others are left out."""
    deed = _deed(retrieval)
    if deed is None:
        return {}
    found = {i: _standing(retrieval, i, deed) for i in places}
    return {i: [one] for i, one in found.items() if one is not None}


def _deed(retrieval: Retrieval) -> Concept | None:
    """The last thing before what asks: 开通 in 7号线开通了吗."""
    asking = _ASKS.search(retrieval.question.key)
    if asking is None or not asking.start():
        return None
    before = [c for c in retrieval.concepts if c.start < asking.end() and c.term[0] >= "㐀"]
    near = [c for c in before if asking.start() - 2 <= c.end]
    return near[-1] if near else None


def _standing(retrieval: Retrieval, place: int, deed: Concept) -> Figure | None:
    found = retrieval.sentences[place]
    keyed = found.candidate.key
    if found.candidate.kind in STATES_NOTHING | {"table_row"}:
        return None
    things = [c for c in retrieval.concepts if c is not deed]
    total = sum(c.rarity for c in things)
    own = f"{keyed}\n{found.candidate.headings}"
    if sum(c.rarity for c in things if said(c, own) >= 0.4) < _LEAST * total:
        return None
    words = [a.term.rstrip("了") for a in deed.alternatives if a.weight >= 0.45]
    for word in words:
        at = keyed.find(word)
        if at < 0:
            continue
        start, end = clause_at(keyed, at)
        if _OPEN.search(keyed, start, min(len(keyed), end + 1)):
            return None
        before = keyed[start:at]
        denied = _DENIED.search(before)
        match = denied or _DONE.search(before)
        if match is None:
            return None
        value = Standing(start + match.start(), at + len(word), denied is not None)
        return figure_at(retrieval, place, value, around(keyed, value.start, value.end))
    return None
