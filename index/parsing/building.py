"""Drafts over the raw text become a Document: edits made, offsets moved, sections filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from index.cleaning import CONTROL, Cleaned, Edits, apply
from index.errors import EmptyDocument
from index.schema import Block, BlockKind, Document, Span

_MARKUP = re.compile(
    r"\*\*|__|`|\^?\[\d{1,3}\]|\[\^[^\]]*\]|[①-⑳]"
    # Only where a run begins: from each of its places it would be run through again.
    r"|(?<![\u00b9\u00b2\u00b3\u2070-\u2079])[\u00b9\u00b2\u00b3\u2070-\u2079]+$"
)
_SPACES = re.compile(r"\s+")
Pair = tuple[int, int]


@dataclass(slots=True)
class Draft:
    """A block in the making; all offsets are into the raw text."""

    kind: BlockKind
    parts: list[Pair]
    level: int | None = None
    time: tuple[float, float] | None = None
    table: int | None = None
    header: tuple[str, ...] = ()
    cells: list[Pair] = field(default_factory=list)
    is_header: bool = False
    label: str | None = None
    markers: list[Pair] = field(default_factory=list)
    section: tuple[str, ...] | None = None  # given by the format itself, else found from headings
    under: tuple[str, ...] = ()  # merged cells of the table that a row stands under
    opens: bool = True  # a heading that what follows stands under; titles and subtitles do not

    @property
    def start(self) -> int:
        return self.parts[0][0]

    @property
    def end(self) -> int:
        return self.parts[-1][1]


@dataclass(frozen=True, slots=True)
class Found:
    """What a parser knows about the document besides its text."""

    format: str
    title: str = ""
    kind: str = ""
    date: str | None = None
    language: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    pages: Sequence[Pair] = ()  # (raw offset, page number)


def plain(text: str) -> str:
    """A heading or header cell as a name: no markup, no note markers, single spaces."""
    return _SPACES.sub(" ", _MARKUP.sub("", text)).strip()


def build(
    raw: str,
    drafts: Sequence[Draft],
    edits: Edits,
    found: Found,
    *,
    doc_id: str,
    source: str,
    content_hash: str,
) -> Document:
    """The finished document. No text at all raises EmptyDocument. Drafts come in reading order."""
    cleaned = apply(raw, edits)
    if not drafts or not cleaned.text.strip():
        raise EmptyDocument("holds no text; if it is a scan, run OCR over it first")
    blocks: list[Block] = []
    stack: list[tuple[int, str]] = []
    tops = [d for d in drafts if d.kind is BlockKind.HEADING and d.level == 1]
    lower = any(d.kind is BlockKind.HEADING and (d.level or 1) > 1 for d in drafts)
    only = tops[0] if len(tops) == 1 and lower and tops[0] is _first_heading(drafts) else None
    tables: dict[int, int] = {}  # numbers as parsers gave them → from 0 in reading order
    for draft in sorted(drafts, key=lambda d: d.start):
        spans = _spans(draft.parts, cleaned)
        if not spans:
            continue
        # A cell of control characters alone is gone after cleaning, and its name with it.
        names = draft.header or ("",) * len(draft.cells)
        cells = [
            (_clean(name), span)
            for name, cell in zip(names, draft.cells, strict=True)
            for span in _spans([cell], cleaned)
        ]
        if draft.kind is BlockKind.HEADING:
            level = draft.level or 1
            while stack and stack[-1][0] >= level:
                stack.pop()
        section = draft.section if draft.section is not None else tuple(name for _, name in stack)
        blocks.append(
            Block(
                kind=draft.kind,
                spans=spans,
                section=(*section, *draft.under),
                level=draft.level,
                time=draft.time,
                table=None if draft.table is None else tables.setdefault(draft.table, len(tables)),
                header=tuple(h for h, _ in cells) if draft.header else (),
                cells=tuple(c for _, c in cells),
                is_header=draft.is_header,
                label=draft.label,
                markers=tuple(s for m in draft.markers for s in _spans([m], cleaned)),
            )
        )
        if draft.kind is BlockKind.HEADING:
            name = plain(" ".join(cleaned.text[s.start : s.end] for s in spans))
            # The document's own title stands above everything and says nothing about the place.
            if name and draft.opens and draft is not only and name != found.title:
                stack.append((draft.level or 1, name))
    if not blocks:
        raise EmptyDocument("holds no text; if it is a scan, run OCR over it first")
    return Document(
        doc_id=doc_id,
        source=source,
        text=cleaned.text,
        blocks=tuple(blocks),
        content_hash=content_hash,
        format=found.format,
        title=_clean(found.title),
        kind=found.kind or "document",
        date=found.date,
        language=found.language or "zh",
        meta={_clean(k): _clean(v) for k, v in found.meta.items()},
        page_starts=_page_starts(found.pages, cleaned),
        raw_runs=cleaned.runs,
    )


def _clean(text: str) -> str:
    """What is kept beside the text must be as storable as the text."""
    return text if text.isascii() and text.isprintable() else CONTROL.sub("", text).strip()


def _first_heading(drafts: Sequence[Draft]) -> Draft | None:
    return next((d for d in drafts if d.kind is BlockKind.HEADING), None)


def _page_starts(pages: Sequence[Pair], cleaned: Cleaned) -> tuple[Pair, ...]:
    starts = {cleaned.offset(at): number for at, number in pages}
    return tuple(sorted(starts.items()))


def _spans(parts: Sequence[Pair], cleaned: Cleaned) -> tuple[Span, ...]:
    """Without the space around them, save one between a part and the next: it parts two words."""
    text, spans = cleaned.text, list[Span]()
    for raw_start, raw_end in parts:
        start, end = cleaned.offset(raw_start), cleaned.offset(raw_end)
        while start < end and text[start].isspace():
            start += 1
        solid = end
        while solid > start and text[solid - 1].isspace():
            solid -= 1
        if start < solid:
            spans.append(Span(start, solid + (text[solid:end] == " ")))
    if spans and text[spans[-1].end - 1].isspace():
        spans[-1] = Span(spans[-1].start, spans[-1].end - 1)
    return tuple(spans)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
