"""The things that are indexed: documents, their blocks and sentences, and chunks.

Every offset is a Python character offset into `Document.text`, every span is half open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters [start, end) of `Document.text`; never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span [{self.start}, {self.end}) is empty or negative")

    def __len__(self) -> int:
        return self.end - self.start


def part_of(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """[start, end) of the characters of `spans`, counted through them, as spans of the text."""
    found = []
    at = 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span))
        if first < last:
            found.append(Span(span.start + first, span.start + last))
        at += len(span)
    return tuple(found)


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    REFERENCE = "reference"
    SEGMENT = "segment"  # of a transcript
    FRONT_MATTER = "front_matter"  # author, date, editor's note, keywords
    FURNITURE = "furniture"  # navigation, running headers, page numbers: kept, never retrieved


@dataclass(frozen=True, slots=True)
class Block:
    """A unit of layout. Blocks of a document never overlap and stand in order of their first span.

    A block has more than one span where something else (a page number, a running header, a note)
    interrupts it in the flow of the text; what interrupts is a block of its own.
    """

    kind: BlockKind
    spans: tuple[Span, ...]
    section: tuple[str, ...] = ()  # the headings above, outermost first
    level: int | None = None  # of a heading, from 1
    time: tuple[float, float] | None = None  # of a segment: start and end in seconds
    table: int | None = None  # of a table row: which table of the document, from 0
    header: tuple[str, ...] = ()  # of a table row: header text of each cell, "" where unknown
    cells: tuple[Span, ...] = ()  # of a table row: its non-empty cells
    is_header: bool = False  # of a table row: it is the header itself
    label: str | None = None  # of a note or reference: its marker as written, such as "[3]" or "①"
    # Of a note: the markers in the text that point at it. (Note ↔ marker, both can be cited.)
    markers: tuple[Span, ...] = ()

    @property
    def span(self) -> Span:
        """From the first character to the last, what interrupts included."""
        return Span(self.spans[0].start, self.spans[-1].end)


@dataclass(frozen=True, slots=True)
class RawRun:
    """`length` characters from `start` on stand in the raw text from `raw_start` on."""

    start: int
    raw_start: int
    length: int


@dataclass(frozen=True, slots=True)
class Document:
    """One logical document: a file, a record of a JSONL corpus, a member of an archive.

    `text` keeps the source's own characters: parsing decodes, joins broken lines and drops control
    characters, and does nothing else to them.
    """

    doc_id: str  # path below the indexed root, plus "#record" or "!member"; "/" on every system
    source: str  # the file's path below the indexed root
    text: str
    blocks: tuple[Block, ...]
    content_hash: str  # sha256 hex of the raw bytes (of the record, for a record)
    # "txt", "md", "html", "pdf", "docx", "pptx", "xlsx", "csv", "epub", "transcript", "jsonl"
    format: str
    title: str = ""
    kind: str = "document"  # report, paper, transcript, web_page, statute, news, table, document
    date: str | None = None  # ISO 8601, as precise as known: "2025", "2025-10" or "2025-10-05"
    language: str = "zh"  # "zh", "zh-Hant", "en" or "mixed"
    meta: Mapping[str, str] = field(default_factory=dict)  # author, url, audio …
    page_starts: tuple[tuple[int, int], ...] = ()  # (offset, page), ascending
    raw_runs: tuple[RawRun, ...] = ()  # to the decoded file or the PDF's text layer; () = identity

    def page_at(self, offset: int) -> int | None:
        """The page that the character at `offset` stands on; None where the format has no pages."""
        i = bisect_right(self.page_starts, offset, key=lambda p: p[0]) - 1
        return self.page_starts[i][1] if i >= 0 else None

    def raw_offset(self, offset: int) -> int | None:
        """Where the character stands in the raw text; None for one that joining put in."""
        if not self.raw_runs:
            return offset
        i = bisect_right(self.raw_runs, offset, key=lambda r: r.start) - 1
        if i < 0 or offset >= self.raw_runs[i].start + self.raw_runs[i].length:
            return None
        return self.raw_runs[i].raw_start + offset - self.raw_runs[i].start

    def block_at(self, offset: int) -> Block | None:
        """The block that the character at `offset` stands in; None between blocks."""
        for block in self.blocks:
            if any(s.start <= offset < s.end for s in block.spans):
                return block
        return None

    def joined(self, spans: Iterable[Span]) -> str:
        """The characters of `spans`, one after the other, without what interrupts them."""
        if isinstance(spans, tuple) and len(spans) == 1:  # nearly all
            return self.text[spans[0].start : spans[0].end]
        return "".join(self.text[s.start : s.end] for s in spans)

    def quote(self, spans: tuple[Span, ...]) -> str:
        """The source's own characters, slice for slice, parts joined with ` … `."""
        return " … ".join(self.text[s.start : s.end] for s in spans)


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit that is ranked and cited. Table rows, headings and captions are sentences too."""

    spans: tuple[Span, ...]
    block: int  # position in Document.blocks

    @property
    def span(self) -> Span:
        return Span(self.spans[0].start, self.spans[-1].end)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences, the unit that is embedded and retrieved.

    `text == document.text[span.start:span.end]`, always.
    `chunk_id` depends on the document's id and the span alone, never on the history of the library.
    """

    chunk_id: str  # "doc_id@start-end"
    doc_id: str
    span: Span
    first_sentence: int  # positions in the document's sentences, half open
    last_sentence: int


def make_chunk_id(doc_id: str, start: int, end: int) -> str:
    return f"{doc_id}@{start}-{end}"


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A catalogue row: what `wenju sources` lists."""

    doc_id: str
    source: str
    root: str  # which registered source it came from
    title: str
    format: str
    kind: str
    date: str | None
    language: str
    pages: int  # 0 = the format has no pages
    n_chars: int
    n_chunks: int
    size_bytes: int
    content_hash: str
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A higher score is always better; ties break on chunk_id."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or record that was not indexed, and why: one line with the next step."""

    source: str
    reason: str
    is_error: bool  # False: not a document, nothing lost (an image, a lock file)
    ends_file: bool = False  # the rest of the file was not read
