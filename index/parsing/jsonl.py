"""JSON Lines corpora: one document a record, streamed.

A record is {id, title, text, date, …}: `text` (or content, body) is needed, `id` falls back to the
line number, further strings go to the document's `meta`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import IO, Any

from index.cleaning import Edits
from index.errors import ParseError
from index.parsing.building import Draft, Found, build
from index.parsing.fast import fast_blocks
from index.parsing.flow import blocks
from index.parsing.metadata import date_in, kind_of, language_of, read_facts
from index.parsing.settings import ParseSettings
from index.schema import BlockKind, Document, Skipped

_TEXT = ("text", "content", "body", "passage", "contents")
_TITLE = ("title", "headline", "name")
_DATE = ("date", "published", "publish_date", "pubdate", "time", "created_at")
_ID = ("id", "_id", "doc_id", "docid")


def parse_jsonl(
    file: IO[bytes], source: str, settings: ParseSettings
) -> Iterator[Document | Skipped]:
    """`file` is read to its end, a line at a time."""
    seen: set[str] = set()
    limit = settings.max_record_mb * 1_000_000
    number = 0
    while line := file.readline(limit + 1):
        number += 1
        if len(line) > limit:
            while line and not line.endswith(b"\n"):
                line = file.readline(limit)
            yield _skip(
                source,
                number,
                f"is longer than {settings.max_record_mb} MB; raise max_record_mb or split it",
            )
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            yield _record(line, number, source, seen)
        except ParseError as error:
            yield _skip(source, number, str(error))
        except (ValueError, RecursionError):
            yield _skip(
                source,
                number,
                "is not valid JSON in UTF-8; mend the line, the other records are kept",
            )


def _skip(source: str, number: int, reason: str) -> Skipped:
    return Skipped(source, f"{source}: line {number} {reason}", is_error=True)


def _record(line: bytes, number: int, source: str, seen: set[str]) -> Document:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ParseError('is not an object; each line has to be {"id": …, "text": …}')
    raw = _first(record, _TEXT)
    if raw is None or not raw.strip():
        raise ParseError('has no "text"; each line has to be {"id": …, "text": …}')
    key = _first(record, _ID) or str(number)
    if key in seen:
        raise ParseError(f"repeats the id {key!r}; ids have to be unique within the file")
    seen.add(key)
    title = _first(record, _TITLE) or ""
    date = date_in(_first(record, _DATE) or "")
    used = {*_TEXT, *_TITLE, *_DATE, *_ID, "kind", "lang", "language"}
    meta = {
        k: str(v)
        for k, v in record.items()
        if k not in used and isinstance(v, str | int | float) and len(str(v)) <= 500
    }
    content_hash = hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()
    doc_id = f"{source}#{key}"
    kind = _first(record, ("kind",)) or ""
    drafts = fast_blocks(raw)
    if drafts is not None:
        return build(
            raw,
            drafts,
            Edits(),
            Found(
                "jsonl",
                _clean(title),
                kind or _kind(raw, title, date),
                date,
                language_of(raw),
                meta,
            ),
            doc_id=doc_id,
            source=source,
            content_hash=content_hash,
        )
    edits = Edits()
    slow: list[Draft] = blocks(raw, edits)
    facts = read_facts(raw, slow, title=_clean(title), kind=kind or _kind(raw, title, date))
    if not any(d.kind is not BlockKind.FURNITURE for d in slow):
        for draft in slow:
            draft.kind = BlockKind.PARAGRAPH
    return build(
        raw,
        slow,
        edits,
        Found(
            "jsonl", facts.title, facts.kind, date or facts.date, facts.language, facts.meta | meta
        ),
        doc_id=doc_id,
        source=source,
        content_hash=content_hash,
    )


def _kind(raw: str, title: str, date: str | None) -> str:
    kind = kind_of(raw, title)
    return "news" if kind == "document" and date else kind


def _clean(title: str) -> str:
    return " ".join(title.encode("utf-8", "replace").decode("utf-8").split())


def _first(record: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
    return None
