"""What people ask about the documents themselves, answered from the documents and their catalogue.

Every statement rests on words of a document: a summary on its sentences, a title on the heading, an
author on the byline, a date on the line that says it, or on the title where no line does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.schema import BlockKind, Document, DocumentInfo, Span
from rag.citing import cite
from rag.digesting import MOST, digest
from rag.errors import UnverifiedCitation
from rag.finding import find
from rag.normalising import NormalisedQuestion
from rag.requests import Request
from rag.schema import Citation, Statement
from rag.wording import plain

if TYPE_CHECKING:
    from index.store import Library

_LISTED = 10
_FRONT = 14  # sentences of a document in which its byline and date are looked for
_BYLINE = re.compile(
    r"(?:作者|执笔人?|撰稿|撰文|编写|记者|主编|编辑|发布(?:单位|机构)?)\s*[:：\s]|本刊记者|"
    r"\bby [A-Z]|"
    r"author|研究所|研究院|研究中心|大学"
)
_DATE_WORDS = ("年", "-", "/", ".", " ")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A statement to be: its own words where they are not a quote, and what it rests on."""

    spots: tuple[tuple[Document, tuple[Span, ...]], ...]
    text: str | None = None  # None: the quote


def lines_of(
    library: Library,
    request: Request,
    question: NormalisedQuestion,
    doc_ids: Collection[str] | None = None,
) -> list[Line]:
    """[] where the request names no document that is there, or what it asks is not known.

    `doc_ids` limits where is looked. Texts are read of a handful of documents, however many there
    are; the others are known by their catalogue.
    """
    chinese = question.language == "zh"
    named: str | None = None
    if request.named or request.type or request.points:
        named = find(library, request, doc_ids)
        if named is None and request.named:
            return []
    if named is not None and request.kind in ("overview", "author"):
        document = library.document(named)
        if request.kind == "author":
            byline = _byline(document, library)
            return [Line(((document, byline),))] if byline else []
        return [Line(((document, s),)) for s in digest(document, library.sentences(named))]
    catalogue = [row for row in library.dates() if doc_ids is None or row[0] in doc_ids]
    if not catalogue:
        return []
    if request.kind == "newest":
        return _newest(library, catalogue, chinese)
    ids = _spread([i for i, _ in catalogue], _LISTED if request.kind == "list" else MOST)
    shown = [library.info(doc_id) for doc_id in ids]
    count = _count(library, len(catalogue), shown, chinese)
    if request.kind == "count":
        return [count]
    if request.kind == "list":
        return [count, *(_titled(library, info) for info in shown)]
    found: list[Line] = []
    for info in shown:
        document = library.document(info.doc_id)
        title = _title(document, library)
        if request.kind == "author":
            spans = _byline(document, library)
        else:
            spans = next(iter(digest(document, library.sentences(info.doc_id))), ())
        if spans:
            found.append(Line(((document, _joined(title, spans)),)))
    return [count, *found] if found and request.kind == "overview" else found


def stated(lines: Sequence[Line]) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Checked statements and their citations; a statement that nothing verifies is left out."""
    statements: list[Statement] = []
    citations: list[Citation] = []
    for line in lines:
        numbers: list[int] = []
        for document, spans in line.spots:
            try:
                made = cite(document, spans, n=1, score=1.0)
            except UnverifiedCitation:
                continue
            known = next(
                (c.n for c in citations if (c.doc_id, c.spans) == (made.doc_id, made.spans)), None
            )
            if known is None:
                known = len(citations) + 1
                citations.append(replace(made, n=known))
            numbers.append(known)
        if numbers:
            quote = citations[numbers[0] - 1].quote
            text = line.text if line.text is not None else plain(quote, line.spots[0][0].format)
            statements.append(Statement(text, tuple(numbers)))
    return tuple(statements), tuple(citations)


def _count(library: Library, n: int, shown: Sequence[DocumentInfo], chinese: bool) -> Line:
    spots = [
        (document, title)
        for info in shown[:3]
        if (title := _title(document := library.document(info.doc_id), library))
    ]
    text = f"资料库里共有{n}份文档。" if chinese else f"The library holds {n} documents."
    return Line(tuple(spots), text)


def _titled(library: Library, info: DocumentInfo) -> Line:
    document = library.document(info.doc_id)
    spans = _title(document, library)
    is_heading = "".join(document.joined(spans).split()) == "".join(info.title.split())
    return Line(((document, spans),) if spans else (), None if is_heading else info.title)


def _newest(
    library: Library, catalogue: Sequence[tuple[str, str | None]], chinese: bool
) -> list[Line]:
    last = max(day or "" for _, day in catalogue)
    if not last:
        return []
    found = []
    for doc_id in [i for i, day in catalogue if day == last][:MOST]:
        info = library.info(doc_id)
        document = library.document(info.doc_id)
        title, day = _title(document, library), _dated(document, library)
        if day:
            found.append(Line(((document, _joined(title, day)),)))
        elif title:
            marks = "（）" if chinese else "()"
            name = info.title or info.source
            found.append(Line(((document, title),), f"{name}{marks[0]}{last}{marks[1]}"))
    return found


def _spread(catalogue: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly over the catalogue's order."""
    n = len(catalogue)
    return [catalogue[i * n // most] for i in range(most)] if n > most else list(catalogue)


def _title(document: Document, library: Library) -> tuple[Span, ...]:
    """The heading that names the document, else its first sentence; () for an empty one."""
    sentences = library.sentences(document.doc_id)
    front = sentences[:_FRONT]
    wanted = "".join(document.title.split())
    for sentence in front:
        if "".join(document.joined(sentence.spans).split()) == wanted:
            return sentence.spans
    for sentence in front:
        if document.blocks[sentence.block].kind is BlockKind.HEADING:
            return sentence.spans
    return front[0].spans if front else ()


def _byline(document: Document, library: Library) -> tuple[Span, ...]:
    """The line that names who wrote it; () where none does."""
    author = document.meta.get("author", "")
    names = [n for n in re.split(r"[\s,，、;；()（）]+|\band\b", author) if len(n) > 1]
    front = [
        block
        for block in document.blocks[: 3 * _FRONT]
        if block.kind in (BlockKind.FRONT_MATTER, BlockKind.PARAGRAPH, BlockKind.FURNITURE)
        and len(block.span) <= 400
    ]
    for block in front:
        text = document.joined(block.spans)
        if names and all(n in text for n in names):
            return block.spans
    for block in front:
        if block.kind is not BlockKind.FURNITURE and _BYLINE.search(document.joined(block.spans)):
            return block.spans
    return ()


def _dated(document: Document, library: Library) -> tuple[Span, ...]:
    """The line at the beginning that says the document's date; () where none does."""
    parts = [int(p) for p in (document.date or "").split("-") if p.isdigit()]
    if not parts:
        return ()
    year = str(parts[0])
    for block in document.blocks[: 3 * _FRONT]:
        text = document.joined(block.spans)
        if year not in text or len(text) > 400 or block.kind is BlockKind.TABLE_ROW:
            continue
        if len(parts) == 1:
            return block.spans
        month = parts[1]
        said = rf"{year}\s*[年\-/.]\s*0?{month}(?!\d)|{_MONTHS[month - 1]}"
        if re.search(said, text):
            return block.spans
    return ()


def _joined(first: tuple[Span, ...], second: tuple[Span, ...]) -> tuple[Span, ...]:
    """Both in order of the text; where they overlap, the second alone."""
    if any(a.start < b.end and b.start < a.end for a in first for b in second):
        return second
    return tuple(sorted(first + second))
