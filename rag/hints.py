"""What a question says about the document that it means: 「那份报告里」, "in the paper".

A hint moves documents up and shuts none out: people misremember where they read a thing. For a
filter that holds, see rag/filters.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.schema import Document

_WHERE = r"(?:里面?|中|上面?|内)"
_THAT = r"(?:那|这|该|上述|刚才)一?(?:份|篇|个|期|段|条|张|部|本|集|则|些)?"
_SAYS = r"(?=(?:说|讲|写|提|称|指出|认为|显示|披露|聊|谈|介绍|报道|规定)(?![明书]))"
# Kind of document → how a question (a matching key) names one, in Chinese and in English.
_WORDS: Mapping[str, tuple[str, str]] = {
    "report": ("报告|年报|白皮书|蓝皮书|研报", "(?:annual )?report"),
    "paper": ("论文|文献|期刊文章", "paper|study"),
    "transcript": (
        "音频|录音|播客|节目|访谈|采访|视频|字幕|座谈",
        "podcast|recording|audio|interview|episode|video|transcript",
    ),
    "web_page": ("网页|网站|网文", "web ?page|web ?site"),
    "statute": ("法条|条文|法规|规章", "statute"),
    "news": ("新闻|报道|简报|通稿", "news|news story|article"),
    "table": ("表格|统计表|数据表", "table|spreadsheet"),
}


def _pattern(chinese: str, english: str) -> re.Pattern[str]:
    """The words, where they stand for a document: 那份…报告, 报告里, 报告说."""
    return re.compile(
        rf"{_THAT}[㐀-鿿]{{0,6}}?(?P<a>{chinese})(?:{_WHERE})?"
        rf"|(?P<b>{chinese})(?:{_WHERE}|{_SAYS})"
        rf"|\b(?:in|from|on|under|according to) (?:the|that|this) (?:\w+ )?(?P<c>{english})\b"
    )


_KINDS = {kind: _pattern(*words) for kind, words in _WORDS.items()}
# What is a table, a page or a recording by its format, whatever its kind.
_FORMATS: Mapping[str, frozenset[str]] = {
    "table": frozenset(("csv", "xlsx")),
    "web_page": frozenset(("html",)),
    "transcript": frozenset(("transcript",)),
}
_YEAR_OF = re.compile(
    r"(?<!\d)((?:19|20)\d\d)年?(?:的)?(?:那|这)(?:一)?(?:份|篇|期|版|本|个(?=报告|文件|版))"
    r"|(?<!\d)((?:19|20)\d\d)年?版"
    r"|\bthe ((?:19|20)\d\d) (?:report|paper|edition|article|version)\b"
)


@dataclass(frozen=True, slots=True)
class Hints:
    """Empty where the question says nothing about the document it means."""

    kinds: tuple[str, ...] = ()
    year: str | None = None
    spans: tuple[tuple[int, int], ...] = ()  # of the words 报告, 录音 …, in the key

    def __bool__(self) -> bool:
        return bool(self.kinds or self.year)

    def met_by(self, document: Document) -> float:
        """Share of the hints that the document meets, [0, 1]; 0 without hints."""
        met = []
        if self.kinds:
            met.append(
                any(
                    document.kind == kind or document.format in _FORMATS.get(kind, ())
                    for kind in self.kinds
                )
            )
        if self.year:
            met.append(
                (document.date or "").startswith(self.year)
                or self.year in document.title
                or self.year in document.source
            )
        return sum(met) / len(met) if met else 0.0


def hints_of(question_key: str) -> Hints:
    """From a question's matching key."""
    kinds, spans = [], []
    for kind, pattern in _KINDS.items():
        found = [m.span(m.lastgroup or 0) for m in pattern.finditer(question_key)]
        if found:
            kinds.append(kind)
            spans += found
    match = _YEAR_OF.search(question_key)
    year = next((g for g in match.groups() if g), None) if match else None
    return Hints(tuple(kinds), year, tuple(spans))
