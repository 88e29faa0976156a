"""A cited place as a person looks at it: the words around it, tables as tables, notes beside
their markers. Plain values, ready for JSON; whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import OriginalUnavailable
from index.schema import Block, BlockKind, Document, Span

if TYPE_CHECKING:
    from index.store import Library

AROUND = 1200  # characters before and after the cited ones
SOUNDS = (".mp3", ".m4a", ".wav", ".ogg", ".flac")
_MOST_BLOCKS = 400
_MOST_NOTES = 6
# How much a piece of text stands out.
PLAIN, CITED, FOCUS = 0, 1, 2
Piece = tuple[str, int]


def view_source(
    library: Library,
    doc_id: str,
    spans: Sequence[Span] = (),
    *,
    focus: str = "",
    question: str = "",
    around: int = AROUND,
) -> dict[str, Any]:
    """The blocks of a document around `spans` (none: its beginning), cited words marked.

    `focus`: words within the cited ones that answer by themselves. `question`: tells which cell of
    a cited row was asked for. Raises DocumentNotFound.
    """
    document = library.document(doc_id)
    info = library.info(doc_id)
    length = len(document.text)
    spans = sorted(Span(s.start, min(s.end, length)) for s in spans if s.start < length)
    focused = list(_focused(document, spans, focus))
    first = max(0, spans[0].start - around) if spans else 0
    last = (spans[-1].end if spans else 0) + around
    marks = [(s, CITED) for s in spans] + [(s, FOCUS) for s in focused]
    shown = _shown(document, first, last, spans)
    at = document.block_at(spans[0].start) if spans else None
    return {
        "doc_id": doc_id,
        "source": info.source,
        "title": info.title,
        "format": info.format,
        "kind": info.kind,
        "date": info.date,
        "pages": info.pages,
        "about": {k: v for k, v in info.meta.items() if k in ("author", "publisher", "url")},
        "section": " > ".join(at.section) if at is not None else "",
        "page": document.page_at(spans[0].start) if spans else None,
        "has_audio": info.format == "transcript" and audio_path(library, doc_id) is not None,
        "before": bool(shown) and shown[0].span.start > _text_start(document),
        "after": bool(shown) and shown[-1].span.end < len(document.text.rstrip()),
        "blocks": list(_blocks(document, shown, marks, question)),
        "notes": _notes(library, document, spans, marks),
    }


def audio_path(library: Library, doc_id: str) -> Path | None:
    """The sound file of a transcript: only one that lies beside it, whatever it names."""
    info = library.info(doc_id)
    named = info.meta.get("audio", "")
    if not named or "://" in named or not named.lower().endswith(SOUNDS):
        return None
    root = next((one for one in library.roots() if one.name == info.root), None)
    if root is None:
        return None
    folder = (Path(root.path) / info.source.removeprefix(root.prefix)).parent
    path = folder / Path(named.replace("\\", "/")).name
    try:
        return path if path.is_file() and not path.is_symlink() else None
    except (OSError, ValueError):
        return None


def view_pages_of(
    library: Library, doc_id: str, spans: Sequence[Span], scale: float
) -> list[dict[str, Any]]:
    """The pages of a PDF that hold `spans`: PNG in base64, boxes as shares of width and height.

    Raises OriginalUnavailable where the original is no PDF, has moved or has changed.
    """
    import base64

    from index.originals import read_original
    from index.parsing.pdf_view import view_pages

    document = library.document(doc_id)
    if document.format != "pdf":
        raise OriginalUnavailable(f"{doc_id} is no PDF; its text is all there is to show")
    found = view_pages(read_original(library, doc_id), document, spans, scale)
    return [
        {
            "number": page.number,
            "width": page.width,
            "height": page.height,
            "boxes": [
                [
                    round(box.left / page.width, 5),
                    round(box.top / page.height, 5),
                    round(box.right / page.width, 5),
                    round(box.bottom / page.height, 5),
                ]
                for box in page.boxes
            ],
            "image": base64.b64encode(page.image).decode(),
        }
        for page in found
    ]


# --- blocks --------------------------------------------------------------------------------------


def _shown(document: Document, first: int, last: int, spans: Sequence[Span]) -> list[Block]:
    """Blocks that touch [first, last): no furniture, unless it is what was cited."""
    found = [
        block
        for block in document.blocks
        if block.span.start < last
        and block.span.end > first
        and (block.kind is not BlockKind.FURNITURE or _touches(block.spans, spans))
    ]
    cited = next((i for i, b in enumerate(found) if _touches(b.spans, spans)), 0)
    begin = max(0, cited - _MOST_BLOCKS // 2)
    return found[begin : begin + _MOST_BLOCKS]


def _text_start(document: Document) -> int:
    return next((b.span.start for b in document.blocks if b.kind is not BlockKind.FURNITURE), 0)


def _touches(some: Iterable[Span], others: Sequence[Span]) -> bool:
    return any(a.start < b.end and b.start < a.end for a in some for b in others)


def _blocks(
    document: Document, blocks: Sequence[Block], marks: Sequence[tuple[Span, int]], question: str
) -> Iterable[dict[str, Any]]:
    at = 0
    while at < len(blocks):
        block = blocks[at]
        if block.kind is not BlockKind.TABLE_ROW or block.table is None:
            yield {
                "kind": block.kind.value,
                "level": block.level,
                "time": block.time,
                "label": block.label,
                "pieces": _pieces(document, block.spans, marks),
            }
            at += 1
            continue
        end = at
        while end < len(blocks) and blocks[end].table == block.table:
            end += 1
        yield _table(document, blocks[at:end], marks, question)
        at = end


def _pieces(
    document: Document, spans: Sequence[Span], marks: Sequence[tuple[Span, int]]
) -> list[Piece]:
    """The text of `spans` cut where it begins or ends to stand out."""
    found: list[Piece] = []
    for span in spans:
        if found:
            found.append((" … ", PLAIN))
        cuts = {span.start, span.end}
        for mark, _ in marks:
            cuts |= {p for p in (mark.start, mark.end) if span.start < p < span.end}
        edges = sorted(cuts)
        for start, end in pairwise(edges):
            weight = max((w for m, w in marks if m.start <= start and end <= m.end), default=PLAIN)
            found.append((document.text[start:end], weight))
    return found


def _table(
    document: Document, rows: Sequence[Block], marks: Sequence[tuple[Span, int]], question: str
) -> dict[str, Any]:
    columns = _columns(document, rows)
    body = []
    for row in rows:
        if row.is_header:
            continue
        cited = _touches(row.spans, [m for m, _ in marks])
        cells = _placed(document, row, columns, marks if cited else ())
        if cited and not any(w == FOCUS for cell in cells for _, w in cell):
            asked = _asked_column(columns, question)
            if asked is not None and asked < len(cells):
                cells[asked] = [(text, FOCUS) for text, _ in cells[asked]]
        body.append({"cited": cited, "cells": cells})
    return {"kind": "table", "columns": columns, "rows": body}


def _columns(document: Document, rows: Sequence[Block]) -> list[str]:
    """Names of the columns, "" where unknown: of the fullest row, so that no cell lacks one."""
    headers = [list(row.header) for row in rows if not row.is_header and row.header]
    headers += [[document.text[c.start : c.end] for c in r.cells] for r in rows if r.is_header]
    n_cells = max((len(row.cells) for row in rows), default=1)
    named = max(headers, key=len, default=[])
    return [*named, *[""] * (n_cells - len(named))]


def _placed(
    document: Document, row: Block, columns: Sequence[str], marks: Sequence[tuple[Span, int]]
) -> list[list[Piece]]:
    """A list of pieces for each column; cells find theirs by the name of their header."""
    placed: list[list[Piece]] = [[] for _ in columns]
    at = 0
    for i, cell in enumerate(row.cells):
        name = row.header[i] if i < len(row.header) else ""
        if name and name in columns[at:]:
            at = columns.index(name, at)
        if at >= len(placed):
            break
        placed[at] = _pieces(document, (cell,), marks)
        at += 1
    if not row.cells and placed:
        placed[0] = _pieces(document, row.spans, marks)
    return placed


def _asked_column(columns: Sequence[str], question: str) -> int | None:
    """The column whose name the question says most of; None where none stands out."""
    if not question:
        return None
    said = set(_grams(question))
    shares = [
        len(said & set(grams)) / len(grams) if (grams := _grams(name)) and i else 0.0
        for i, name in enumerate(columns)
    ]
    best = max(shares, default=0.0)
    return shares.index(best) if best >= 0.3 and shares.count(best) == 1 else None


def _grams(text: str) -> list[str]:
    kept = "".join(c for c in text.casefold() if c.isalnum())
    return [kept[i : i + 2] for i in range(len(kept) - 1)] or ([kept] if kept else [])


def _focused(document: Document, spans: Sequence[Span], focus: str) -> Iterable[Span]:
    for span in spans if focus.strip() else ():
        at = document.text.find(focus, span.start, span.end)
        if at >= 0:
            yield Span(at, at + len(focus))
            return


# --- notes ---------------------------------------------------------------------------------------


def _notes(
    library: Library, document: Document, spans: Sequence[Span], marks: Sequence[tuple[Span, int]]
) -> list[dict[str, Any]]:
    """Notes that the cited words point at, and notes that are cited, each with the sentence that
    holds its marker.
    """
    found: list[dict[str, Any]] = []
    for block in document.blocks:
        if block.kind not in (BlockKind.FOOTNOTE, BlockKind.REFERENCE) or not block.markers:
            continue
        if not (_touches(block.spans, spans) or _touches(block.markers, spans)):
            continue
        pointing = [m for m in block.markers if _touches((m,), spans)]
        marker = (pointing or list(block.markers))[0]
        found.append(
            {
                "label": block.label or document.text[marker.start : marker.end],
                "sentence": _pieces(
                    document,
                    _sentence_at(library, document, marker),
                    [*marks, (marker, FOCUS)],
                ),
                "note": _pieces(document, block.spans, marks),
            }
        )
        if len(found) == _MOST_NOTES:
            break
    return found


def _sentence_at(library: Library, document: Document, marker: Span) -> tuple[Span, ...]:
    for sentence in library.sentences(document.doc_id):
        if _touches(sentence.spans, [marker]):
            return sentence.spans
    return (marker,)
