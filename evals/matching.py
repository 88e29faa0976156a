"""Where a quote stands in a document, white space, width and case aside.

This is measured independently of the code under test: nothing here uses its matching keys.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from index.schema import BlockKind, Document, Span


def compact(text: str) -> str:
    """NFKC, lower case, no white space: how gold strings and answers are compared."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def quote_parts(quote: str) -> list[str]:
    """The parts of a quote that skips something, joined with ` … `; compact, empty ones dropped."""
    return [part for part in (compact(p) for p in re.split(r"\s…\s", quote)) if part]


@lru_cache(maxsize=65_536)
def _folded(character: str) -> str:
    return compact(character)


@dataclass(frozen=True, slots=True)
class Flow:
    """Characters of a document made compact, each with its offset in `Document.text`."""

    text: str
    offsets: tuple[int, ...]

    def find(self, needle: str) -> tuple[int, int] | None:
        """Where `needle` (compact) stands first, as [start, end) of `text`; None if nowhere."""
        at = self.text.find(needle)
        return None if at < 0 or not needle else (at, at + len(needle))


def _flow(document: Document, spans: Iterable[Span]) -> Flow:
    characters: list[str] = []
    offsets: list[int] = []
    for span in spans:
        for offset in range(span.start, span.end):
            for character in _folded(document.text[offset]):
                characters.append(character)
                offsets.append(offset)
    return Flow("".join(characters), tuple(offsets))


class Finder:
    """Finds quotes in one document: in its text as it stands, then in its blocks read in turn.

    The second reading passes over what interrupts a block (a page number, a running header, a
    note), so a quote that runs across a page break is found, in more than one span.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._flows: dict[str, Flow] = {}

    def _readings(self) -> Iterator[Flow]:
        if "text" not in self._flows:
            whole = [Span(0, len(self.document.text))] if self.document.text else []
            self._flows["text"] = _flow(self.document, whole)
        yield self._flows["text"]
        if "blocks" not in self._flows:
            spans = [
                span
                for block in self.document.blocks
                if block.kind is not BlockKind.FURNITURE
                for span in block.spans
            ]
            self._flows["blocks"] = _flow(self.document, spans)
        yield self._flows["blocks"]

    def find(self, quote: str) -> tuple[Span, ...]:
        """The spans the quote stands at, first occurrence; () where it does not occur.

        An empty quote is the whole document.
        """
        if not quote:
            return (Span(0, len(self.document.text)),) if self.document.text else ()
        needle = compact(quote)
        for flow in self._readings():
            hit = flow.find(needle)
            if hit is not None:
                return self._spans(flow.offsets[hit[0] : hit[1]])
        return ()

    def occurs(self, quote: str) -> bool:
        """Whether every part of a citation's quote stands in the document."""
        parts = quote_parts(quote)
        return bool(parts) and all(
            any(flow.find(part) is not None for flow in self._readings()) for part in parts
        )

    def _spans(self, offsets: tuple[int, ...]) -> tuple[Span, ...]:
        text = self.document.text
        spans: list[Span] = []
        start = last = offsets[0]
        for offset in offsets[1:]:
            # Backwards: a note that stands after the text that follows it.
            if offset < last or text[last + 1 : offset].strip():
                spans.append(Span(start, last + 1))
                start = offset
            last = offset
        spans.append(Span(start, last + 1))
        return tuple(spans)


class DocumentNames:
    """Which `doc_id` a question set means by a name.

    In turn: the id itself; a record of a corpus ("corpus.jsonl#name"); the file's name with and
    without its ending; the only file whose name begins so. Several that fit are none.
    """

    def __init__(self, doc_ids: Iterable[str]) -> None:
        self._ids = set(doc_ids)
        self._by_name: dict[str, str | None] = {}
        self._stems: dict[str, str] = {}
        for doc_id in sorted(self._ids):
            path, _, record = doc_id.partition("#")
            if record:
                self._add(record, doc_id)
                continue
            file = path.rsplit("/", 1)[-1]
            self._stems[doc_id] = file.rsplit(".", 1)[0]
            for name in {file, self._stems[doc_id]}:
                self._add(name, doc_id)

    def _add(self, name: str, doc_id: str) -> None:
        self._by_name[name] = None if name in self._by_name else doc_id

    def resolve(self, name: str) -> str | None:
        if name in self._ids:
            return name
        if name in self._by_name:
            return self._by_name[name]
        fits = [i for i, stem in self._stems.items() if stem.startswith(name)] if name else []
        return fits[0] if len(fits) == 1 else None
