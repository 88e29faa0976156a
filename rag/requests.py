"""The first things people type: what a document says, who wrote it, which there are.

They ask about documents, not for something in them. What is named («锂市场年报», "the report on
grids", 这份报告, or nothing) is told apart from what is asked of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["overview", "list", "count", "author", "newest"]

_END = r"[\s?？。.!！~]*"
_POLITE = (
    r"(?:请问|请|麻烦|帮我|帮忙|给我|能不能|能否|可以|你能|please|can you|could you|i want|"
    r"[,，\s])*"
)
_DOCUMENTS = r"(?:文件|文档|资料|材料|报告|文章|论文|书|documents?|files?|sources|reports?|papers?)"
_HERE = (
    r"(?:这里|这儿|资料库|知识库|文件夹|库|你|我|目前|现在|一共|总共|里面|里|中|都|总|共|手头|上)*"
)
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("count", rf"{_HERE}有?(?:多少|几)(?:份|个|篇|本|条)?(?:不同的)?{_DOCUMENTS}|"
              rf"{_HERE}(?:多少|几)份|{_DOCUMENTS}(?:一共|总共|总数|数量|共)?(?:是|有)?(?:多少|"
              rf"几)(?:份|个|篇)?|"
              rf"how many {_DOCUMENTS}(?: are there| do you have| (?:are )?in (?:here|"
              rf"the library))?"),
    ("list", rf"{_HERE}有?(?:哪些|什么|啥)(?:不同的|样的)?{_DOCUMENTS}|"
             rf"(?:列出|列一下|列举|显示|看看|看一下)(?:所有|全部|一下)?的?{_DOCUMENTS}(?:列表|"
             rf"清单|目录)?|"
             rf"{_DOCUMENTS}(?:列表|清单|目录)|"
             rf"(?:list|show)(?: me)?(?: all)?(?: the| your| of the)* {_DOCUMENTS}|"
             rf"(?:what|which) {_DOCUMENTS}(?: are (?:there|here)| do you have| is there)?"),
    ("newest", rf"{_HERE}(?:最近|最新|最后)(?:一次)?(?:更新|发布|发表|出版|修改|"
               rf"写)?(?:过)?的?(?:一份|一篇|一个)?"
               rf"{_DOCUMENTS}?是?(?:哪(?:一)?[份个篇本]|什么|啥|哪些)?{_DOCUMENTS}?|"
               rf"哪(?:一)?[份个篇本]{_DOCUMENTS}?(?:是)?(?:最新|最近|时间最近)(?:更新|发布|"
               rf"出版)?的?|"
               rf"(?:(?:what|which)(?:'s)?(?: {_DOCUMENTS})? (?:is |are |was )?)?(?:the )?"
               rf"(?:latest|newest|most recent)(?:ly (?:updated|published))?(?: {_DOCUMENTS}|"
               rf" one)?"),
    ("author", r"(?P<a1>.*?)(?:都)?是?(?:由)?(?:谁|哪位|什么人|哪个机构|哪家机构)(?:编写|撰写|写|"
               r"编|执笔|发布|出版)的?|"
               r"谁(?:编写|撰写|写|编|执笔|发布|出版)了?(?:的)?(?P<a2>.*?)|"
               r"(?P<a3>.*?)的?(?:作者|执笔人?|撰稿人)(?:们)?(?:是谁|是哪位|有谁|有哪些|叫什么|"
               r"是什么人)?|"
               r"who (?:wrote|authored|published|is the author of|"
               r"are the authors of)(?P<a4> .*?)?"),
    ("overview", r"(?P<o1>.*?)(?:大概|主要|大致|究竟|到底|都|具体|简单)*(?:是)?(?:在)?"
                 r"(?:讲|说|写|谈|聊|介绍|研究|讨论|报道|阐述)(?:的|了|过)?(?:主要|"
                 r"都)?(?:是)?(?:些)?"
                 r"(?:什么|啥|哪些?|哪几)(?:方面|问题|内容|东西|事情|事|话题|观点|项制度|"
                 r"点)?(?:的|呢|啊)?|"
                 r"(?:总结|概括|概述|归纳|介绍|简介|提炼|梳理)(?:一下|下)?(?:一下)?(?P<o2>.*?)"
                 r"(?:的?(?:主要)?(?:内容|观点|要点|结论))?|"
                 r"(?P<o3>.*?)的?(?:主要|核心|基本|关键|大概|大致)+的?(?:内容|观点|结论|要点|"
                 r"意思|信息|发现)"
                 r"(?:是什么|有哪些|有什么|是啥|呢)?|(?P<o4>.*?)的?(?:摘要|概要|提要|"
                 r"简介)(?:是什么)?|"
                 r"what(?:'s| is| are)? (?:is )?(?P<o5>.*?) (?:is |are )?(?:all )?about|"
                 r"what does (?P<o6>.*?) (?:say|cover|discuss|argue|talk about)|"
                 r"(?:summari[sz]e|sum up|outline)(?P<o7> .*?)?|"
                 r"(?:give me )?(?:a |an |the )?(?:brief |short )?(?:summary|overview|"
                 r"outline)(?: of(?P<o8> .*?))?|"
                 r"(?:what are )?(?:the )?(?:main|key) (?:points|findings|messages|"
                 r"conclusions)(?: of(?P<o9> .*?))?|tl;?dr"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(rf"{_POLITE}(?:{p}){_END}")) for kind, p in _PATTERNS)
# Names no document: the one at hand, or all there are.
_POINTED = re.compile(
    r"(?:这|那|该|此|本)?(?:一)?[份篇个本些期场]?(?:报告|论文|文章|文件|文档|资料|材料|书|通知|"
    r"播客|录音|节目|内容|里面?|里)*(?:里|中)?"
    r"|这里|它|它们|全部|所有(?:文件|文档|资料)|上述|以上|"
    r"(?:this|that|it|they|these|those|the|all|everything|document|file|report|paper|text|library|"
    r"documents|files|reports|of|here| )*"
)
_TYPE = re.compile(r"报告|论文|文章|通知|播客|录音|节目|report|paper|podcast|notice|article")
_ONE = re.compile(
    r"[这那该此本](?!些)|它(?!们)|this|that|it\b|the (?:report|paper|document|file)\b"
)
_PERSON = re.compile("[他她你我]们?|he|she|you|i")
LONGEST = 60  # characters; a longer text asks for something in a document


@dataclass(frozen=True, slots=True)
class Request:
    kind: Kind
    named: str  # what is said of the document, a matching key; "" for the one at hand or all
    type: str  # 报告, "paper", …; "" where it does not say
    points: bool  # at one document: 这份报告, it


def request_of(question_key: str) -> Request | None:
    """From a question's matching key; None for one that asks for something in the documents."""
    text = question_key.strip()
    if len(text) > LONGEST:
        return None
    for kind, pattern in _COMPILED:
        if match := pattern.fullmatch(text):
            named = next((v for v in match.groupdict().values() if v), "").strip(" 《》“”\"',，:：")
            if _PERSON.fullmatch(named):
                return None
            said = _TYPE.search(named)
            pointed = _POINTED.fullmatch(named) is not None
            return Request(
                kind,
                "" if pointed else named,
                said[0] if said else "",
                _ONE.match(named) is not None,
            )
    return None
