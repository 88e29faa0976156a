"""Questions that ask whether sources disagree: «两份报告在装机上有什么不一样», "Do they agree?".

The words that ask so stand in no document. What is left is asked instead, and the sides are shown
where there are some.
"""

from __future__ import annotations

import re

_SOURCES = (
    r"(?:[这那]?(?:[两几三四各多]|不同|不同的|各个)(?:份|篇|个|家|本|种)?的?(?:[中英]文)?"
    r"(?:报告|资料|文件|来源|材料|文章|文档|书|机构|地方)|各方|各家|资料|文件|来源|文档)(?:里面?|中|之间|上)?"
)
_SAYING = r"(?:说法|说的|给的|给出的|写的|数字|数据|数值|口径|记载|日期|时间)"
_DIFFER = r"(?:不大?一样|不一致|不同|矛盾|冲突|出入|分歧|对不上|打架|不吻合|相左|差异)"
_SAME = r"(?:一样|一致|吻合|对得上|相同|统一)"
_WHETHER = (
    rf"(?:(?:有没有|是否有?|有|存在|有些)?(?:什么|哪些|哪里|哪儿|哪几处)?(?:地方|说法)?(?:是|有)?{_DIFFER}"
    rf"(?:的?地方|之处|的说法|的数字)?|(?:是否|是不是)?都?{_SAME})(?:吗|么|呢|没有|的)?"
)
_SOURCE = re.compile(rf"{_SOURCES}|说法|口径|(?:数字|数据|日期).*(?:对[不得]上|打架|矛盾|一致)")
_ASKS = re.compile(
    rf"(?:请问)?(?:{_SOURCES})?(?:在|对于?|关于|就)?(?P<about>.*?)(?:这一?[点项个件]?)?(?:上|方面)?的?"
    rf"(?:{_SOURCES})?的?{_SAYING}?[,，]?(?:哪里|哪儿)?{_SAYING}?(?:上|都|是)?{_WHETHER}[?？。!！]*"
)
_LAST = re.compile(r"^(?P<first>.{4,}?)[?？。,，;；](?P<last>[^?？。,，;；]+[?？。]*)$")
_ASKS_EN = re.compile(
    r"(?P<first>.*?)(?:[?.,;]\s*|^)(?:(?:where|how|in what|on what)? ?(?:do|does|is|are) "
    r"(?:the |these |both |all |there )*(?:two |different )?(?:sources|reports|documents|papers|"
    r"accounts|(?:conflicting|different|contradictory) (?:figures|numbers|dates|accounts))\s?"
    r"(?:agree|disagree|differ|conflict)?(?: (?:on|about|over|for|of|in) (?P<about>.*?))?)[?.]*",
    re.IGNORECASE,
)
_EACH_EN = re.compile(r",? according to (?:the )?(?:different|various|two|several) sources", re.I)
_ASKING = re.compile(r"多少|几|谁|哪|什么|啥|何|吗|\b(?:what|which|who|when|where|how)\b", re.I)
_TIME = re.compile(r"时间|日期|\b(?:dates?|time)\b", re.I)
_LEAST = 2  # characters of what it is about
_HAN = re.compile(r"[㐀-鿿]")


def asked_instead(question: str) -> tuple[str, ...]:
    """Questions for what may be disagreed about, the likeliest first; () for any other question.

    () too where it does not say what about: «哪里说法不一致».
    """
    text = question.strip()
    about = _about(text) if _HAN.search(text) else _about_en(text)
    if about is None or len(about) < _LEAST:
        return ()
    if _ASKING.search(about):
        return (about,)
    ways = (
        ("{}是多少？", "{}是什么时候？") if _HAN.search(about) else ("What is {}?", "When was {}?")
    )
    if _TIME.search(text):
        ways = (ways[1], ways[0])
    return tuple(way.format(about) for way in ways)


def _about(text: str) -> str | None:
    if not _SOURCE.search(text):
        return None
    last = _LAST.match(text)
    if last is not None and (whole := _ASKS.fullmatch(last["last"])) and not whole["about"]:
        return last["first"]
    found = _ASKS.fullmatch(text)
    return found["about"].strip(" ,，的") if found is not None else None


def _about_en(text: str) -> str | None:
    shorter = _EACH_EN.sub("", text)
    if shorter != text:
        return shorter
    found = _ASKS_EN.fullmatch(text)
    if found is None:
        return None
    return (found["about"] or found["first"] or "").strip(" ,.?")
