"""Blocks to sentences, sentences to chunks. Sentences stay whole; nothing is reworded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.schema import Block, BlockKind, Chunk, Document, Sentence, Span, part_of

# A block of these kinds is one sentence, whatever stops stand in it.
_WHOLE = {BlockKind.HEADING, BlockKind.TABLE_ROW, BlockKind.CAPTION}

_STOP = re.compile(
    r"""[。！？!?…]+[”’」』）》)\]"'*_]*    # Chinese stops, and what closes after them
      | (?<=[a-z0-9%”"')\]])\.["'”’)\]]*(?=\s+["'“‘(\[]?[A-Z0-9]|\s*$|(?=[\u4e00-\u9fff]))
      | [；;]                               # kept together while the sentence is short
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Fig|Figs|Eq|Sec|Vol|vol|pp|p|cf|vs|et al|etc|e\.g|i\.e"
    r"|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_LONGEST_ABBREVIATION = 8
_BREAK = re.compile(r"[，,、：:\s]")


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Sizes in characters. A chunk is the unit that is embedded and retrieved."""

    chunk_chars: int = 320  # a chunk is closed once it is this long
    sentence_chars: int = 400  # text without a stop is cut at a comma or space before this
    clause_chars: int = 120  # a sentence longer than this is also cut at 「；」

    def __post_init__(self) -> None:
        if not 20 <= self.clause_chars <= self.sentence_chars:
            raise ValueError(
                f"clause_chars = {self.clause_chars} must lie between 20 and "
                f"sentence_chars = {self.sentence_chars}"
            )
        if self.chunk_chars < 40:
            raise ValueError(f"chunk_chars = {self.chunk_chars} is below 40; choose a larger one")


def split_sentences(
    document: Document, settings: ChunkSettings | None = None
) -> tuple[Sentence, ...]:
    """All sentences of a document in order of their first character; furniture has none."""
    settings = settings or ChunkSettings()
    sentences = [
        Sentence(spans, position)
        for position, block in enumerate(document.blocks)
        if block.kind is not BlockKind.FURNITURE
        for spans in _sentences_of(document.text, block, settings)
    ]
    return tuple(sorted(sentences, key=lambda s: s.spans[0]))


def split_chunks(
    document: Document, sentences: tuple[Sentence, ...], settings: ChunkSettings | None = None
) -> tuple[Chunk, ...]:
    """Runs of whole sentences of about `chunk_chars`; a heading or another table opens a new one.

    Every sentence is in exactly one chunk. No sentences gives ().
    """
    settings = settings or ChunkSettings()
    chunks: list[Chunk] = []
    first, length = 0, 0
    for i, sentence in enumerate(sentences):
        if i > first and (
            length >= settings.chunk_chars
            or _opens(document.blocks[sentences[i - 1].block], document.blocks[sentence.block])
        ):
            chunks.append(_chunk(document.doc_id, sentences, first, i))
            first, length = i, 0
        length += sum(map(len, sentence.spans))
    if sentences:
        chunks.append(_chunk(document.doc_id, sentences, first, len(sentences)))
    return tuple(chunks)


def _chunk(doc_id: str, sentences: tuple[Sentence, ...], first: int, last: int) -> Chunk:
    inside = sentences[first:last]
    span = Span(inside[0].span.start, max(s.span.end for s in inside))
    return Chunk(f"{doc_id}@{span.start}-{span.end}", doc_id, span, first, last)


def _opens(before: Block, block: Block) -> bool:
    if block.kind is BlockKind.HEADING:
        return before.kind is not BlockKind.HEADING  # a heading stays with its sub-heading
    if block.table != before.table:
        # A caption or heading above a table stays with it.
        return before.kind not in (BlockKind.HEADING, BlockKind.CAPTION)
    return False


def _sentences_of(text: str, block: Block, settings: ChunkSettings) -> Iterator[tuple[Span, ...]]:
    if block.kind in _WHOLE and len(block.span) <= settings.sentence_chars:
        yield block.spans
        return
    # What interrupts the block is left out, the cut positions are mapped back to the text.
    joined = "".join(text[s.start : s.end] for s in block.spans)
    for start, end in _cuts(joined, settings):
        spans = part_of(block.spans, start, end)
        if spans:
            yield spans


def _cuts(text: str, settings: ChunkSettings) -> Iterator[tuple[int, int]]:
    """Half-open sentence bounds without the space around them; together they hold all the text."""
    start = 0
    for match in _STOP.finditer(text):
        end = match.end()
        if match.group() in "；;" and _is_short(text, start, end, settings.clause_chars):
            continue
        if match.group().startswith("."):
            before = max(start, match.start() - _LONGEST_ABBREVIATION)
            if _ABBREVIATION.search(text, before, match.start() + 1):
                continue
        yield from _shortened(text, start, end, settings.sentence_chars)
        start = end
    yield from _shortened(text, start, len(text), settings.sentence_chars)


def _is_short(text: str, start: int, end: int, limit: int) -> bool:
    """Whether the sentence that begins at `start` and goes on at `end` stays below the limit."""
    for match in _STOP.finditer(text, end, min(len(text), start + limit)):
        if match.group() not in "；;":
            return True
    return len(text) - start < limit


def _shortened(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    while end - start > limit:
        cut = start + limit
        for match in _BREAK.finditer(text, start + limit // 2, start + limit):
            cut = match.end()
        yield from _trimmed(text, start, cut)
        start = cut
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
