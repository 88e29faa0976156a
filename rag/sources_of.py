"""Where does this come from? A sentence that is quoted is found again, and what the document itself
names as its source: the notes that its markers point at, or the line of sources under its table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.schema import Block, BlockKind, Document, Span
from index.segmenting import key
from rag.citing import cite, renumber
from rag.errors import UnverifiedCitation
from rag.ranking import Scores, order
from rag.reading import Draft
from rag.retrieval import Retrieval
from rag.schema import Citation, Statement

_ASKS = re.compile(
    r"(?:(?:这|那|此|该|以下|下面|上面)[一]?(?:句|段|个|条|项|组|处|张|些)?|请?问[一]?下?)?的?"
    r"(?:(?:句|段)?话|文字|说法|数据|数字|引文|引语|结论|论断|观点|内容|资料|表格?|图)?"
    r"(?:最早|最初|究竟|到底|分别)?[是都]?(?:"
    r"(?:出自|引自|摘自|源自|来自|取自|转引自|出于)于?(?:哪|什么|何处|啥)[^?？。:：]*"
    r"|(?:的|之)?(?:数据|资料|信息|引文|原文|文献)?(?:来源|出处)(?:是|为|在|于|有)?"
    r"(?:什么|哪|何处|啥)[^?？。:：]*"
    r"|(?:引用|参考|依据)(?:了|的是)?(?:哪|什么)(?:[一几]?[篇份本些条])?"
    r"(?:文章|文献|论文|报告|书|资料|文件|来源)[^?？。:：]*)"
    r"|(?:which|what) (?:article|paper|report|document|source|book|study|text)s? "
    r"(?:is|are|was|were|does|do|did) (?:this|the|that|these|it)?\s*"
    r"(?:following )?(?:sentence|quote|quotation|passage|figure|number|statement|claim|data)?s?"
    r"[^?]*?(?:from|taken|cited|come)(?: from)?"
    r"|what (?:is|was|are) the (?:original )?sources? (?:of|for|behind) "
    r"(?:(?:this|the|that|these) (?:sentence|quote|figure|number|statement|claim|data)\s*)?"
    r"|where (?:is|was|does|did|do) (?:this|the|that|these) "
    r"(?:sentence|quote|quotation|passage|figure|number|statement|claim|data) "
    r"(?:come |taken |quoted |cited )?from",
    re.IGNORECASE,
)
# 来源 is also an origin: of money, of water, of heat. Only what is written has a source in this
# sense.
_ORIGIN = re.compile(
    r"(?:资金|经费|收入|财源|水|热|电|能|能量|气|货|人才|客|税|利润|污染|噪声|排放|分歧|差别|差异|压力|"
    r"风险|进口|原料|灵感)的?(?:主要)?来源"
)
_WHICH = re.compile(
    r"哪[一几]?(?:篇|份|本|个)?(?:文章|报告|文件|资料|论文|书|文献|材料|文档)|"
    r"which (?:article|paper|report|document|source|book|study)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“「『\"]([^”」』\"]{6,})[”」』\"]|[‘']([^’']{12,})[’']")
_EDGES = " \t\n\u3000,，。.?？!！:：;；、—-的"
_MARKS = re.compile(
    r"\^?\[\^?[^\]\s]{1,24}\]|[①-⑳\u00b9\u00b2\u00b3\u2070-\u2079]|[（(]\d{1,2}[)）]$"
)
_LETTERS = re.compile(r"\w")
_BETWEEN = re.compile(r"[\s。．.！!？?；;，,”’」』）)\"']*")
_SOURCE_LINE = re.compile(
    r"\s*[（(]?(?:资料|数据|图表|图片)?来源\s*[:：]|\s*注\s*[:：]|\s*(?:Sources?|Notes?)\s*[:：]",
    re.IGNORECASE,
)
_LEAST = 6  # letters of a quotation
_LEAST_ABOUT = 4  # of a topic
_MOST_FOUND = 3  # documents that hold the same sentence
_BELOW_TABLE = 4  # blocks


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the source of is asked: `about` is looked for; `quoted`, if it is a text's own words."""

    about: str
    quoted: bool


def wanted_of(question: str) -> Wanted | None:
    """None where a question asks for no source, or does not say of what."""
    asks = _ASKS.search(question)
    if asks is not None and _ORIGIN.search(question):
        asks = None
    quotations = [m[1] or m[2] for m in _QUOTED.finditer(question)]
    longest = max(quotations, key=len, default="")
    if _size(longest) >= _LEAST and (asks is not None or _WHICH.search(question)):
        return Wanted(longest, True)
    if asks is None:
        return None
    before, after = question[: asks.start()].strip(_EDGES), question[asks.end() :].strip(_EDGES)
    about = max(before, after, key=len)
    # A sentence may be given without marks of quotation: 他说……。这句话出自哪里?
    return Wanted(about, False) if _size(about) >= _LEAST_ABOUT else None


def answer(
    wanted: Wanted, retrieval: Retrieval, scores: Scores, drafts: Sequence[Draft]
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Statements and checked citations; nothing found gives none.

    The sentence itself is searched among all that was retrieved; `drafts` are what the reader would
    show, for a question that gives a topic and not the words. A note is a statement that cites both
    the note and the sentence; so is the title, where the document says it.
    """
    exact = list(_holding(wanted.about, retrieval, scores))
    found = exact or ([] if wanted.quoted else list(drafts[:1]))
    book = _Book()
    for draft in found:
        try:
            sentence = book.cite(draft.document, draft.spans, draft.score)
        except UnverifiedCitation:
            continue
        if not exact:
            book.say(sentence)
        notes = notes_of(draft.document, draft.spans)
        title = _title(draft.document)
        for block in [*notes, *([title] if title is not None else [])]:
            try:
                book.say(book.cite(draft.document, block.spans, draft.score), sentence)
            except UnverifiedCitation:
                continue
        if title is None and not notes and exact:
            book.say(sentence)
    return book.statements(), tuple(book.citations)


class _Book:
    """Citations in the order in which they are named."""

    def __init__(self) -> None:
        self.citations: list[Citation] = []
        self._said: list[Statement] = []

    def cite(self, document: Document, spans: Sequence[Span], score: float) -> Citation:
        return cite(document, spans, n=1, score=score)

    def say(self, main: Citation, *others: Citation) -> None:
        numbers = []
        for citation in (main, *others):
            if citation not in self.citations:
                self.citations.append(citation)
            numbers.append(self.citations.index(citation) + 1)
        self._said.append(Statement(main.quote, tuple(numbers)))

    def statements(self) -> tuple[Statement, ...]:
        self.citations = list(renumber(self.citations))
        return tuple(self._said)


def _holding(words: str, retrieval: Retrieval, scores: Scores) -> Iterator[Draft]:
    """Sentences that hold the words, or are held by them; one a document, the best first."""
    asked = _plain(words)
    if len(asked) < _LEAST:
        return
    seen: set[str] = set()
    for i in order(scores):
        found = retrieval.sentences[i]
        document, sentence = found.document, found.sentence
        if document.doc_id in seen:
            continue
        own = _plain(document.joined(sentence.spans))
        if asked in own or (len(own) >= max(2 * _LEAST, len(asked) / 3) and own in asked):
            seen.add(document.doc_id)
            yield Draft(document, sentence.spans, float(scores[i]))
            if len(seen) == _MOST_FOUND:
                return


def _plain(text: str) -> str:
    """Letters and figures alone, as they are matched; without the markers of notes."""
    return "".join(_LETTERS.findall(key(_MARKS.sub("", text))))


def _size(text: str) -> int:
    return len(_LETTERS.findall(text))


def notes_of(document: Document, spans: Sequence[Span]) -> list[Block]:
    """What the document names as the source of these words, in the order of the text.

    Notes and references whose markers stand in the spans or right after them; of a table's row or
    caption, also the lines of notes and sources right below the table. None gives [].
    """
    found = [
        block
        for block in document.blocks
        if block.kind in (BlockKind.FOOTNOTE, BlockKind.REFERENCE)
        and any(_belongs(document.text, marker, spans) for marker in block.markers)
    ]
    table = _table(document, spans[0].start)
    return found if table is None else found + _below(document, table)


def _belongs(text: str, marker: Span, spans: Sequence[Span]) -> bool:
    return any(
        span.start <= marker.start < span.end
        or (
            span.end <= marker.start < span.end + 8
            and _BETWEEN.fullmatch(text, span.end, marker.start) is not None
            and "\n" not in text[span.end : marker.start]
        )
        for span in spans
    )


def _table(document: Document, offset: int) -> int | None:
    """The table that a character stands in, or right above as its caption."""
    for block, after in pairwise((*document.blocks, document.blocks[-1])):
        if any(s.start <= offset < s.end for s in block.spans):
            is_caption = block.kind is BlockKind.CAPTION and block.table is None
            return after.table if is_caption else block.table
    return None


def _below(document: Document, table: int) -> list[Block]:
    last = max(i for i, block in enumerate(document.blocks) if block.table == table)
    return [
        block
        for block in document.blocks[last + 1 : last + 1 + _BELOW_TABLE]
        if block.table is None and _SOURCE_LINE.match(document.joined(block.spans))
    ]


def _title(document: Document) -> Block | None:
    """The title as the document itself has it; None where it is only the file's name."""
    name = _plain(document.title)
    for block in document.blocks[:40]:
        if name and block.kind is not BlockKind.FURNITURE:
            own = _plain(document.joined(block.spans).lstrip("#"))
            if own == name or (block.kind is BlockKind.HEADING and own and own in name):
                return block
    return None
