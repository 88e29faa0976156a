"""Files that took long to read and are in no segment yet, so that a killed run need not read them
again.

    LIBRARY/parsed/<key>    one file's documents; every commit erases the folder

Files are read several at a time and their documents are taken in order: one that is done may wait
for minutes behind one that is not. The key covers whatever the result depends on. What is damaged,
or from another version, is not there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.catalogue import pack_layout, unpack_layout
from index.files import write_whole
from index.manifest import PARSER_VERSION
from index.parsing import ParseSettings
from index.parsing.ocr import recogniser_is_there
from index.schema import Document, Skipped

PARSED = "parsed"
SLOW_S = 5.0  # below this, reading again is as good
_FIELDS = ("doc_id", "source", "text", "content_hash", "format", "title", "kind", "date",
           "language")  # fmt: skip

Item = Document | Skipped


class ParseCache:
    """Safe to write from several threads. Nothing here raises: a lost entry costs time alone."""

    def __init__(self, library: Path, settings: ParseSettings) -> None:
        self._folder = library / PARSED
        self._base = [PARSER_VERSION, recogniser_is_there(), asdict(settings)]

    def get(self, source: str, content_hash: str) -> list[Item] | None:
        """What the file held; None where that is not known."""
        try:
            data = (self._folder / self._key(source, content_hash)).read_bytes()
            return [_item(row) for row in json.loads(zlib.decompress(data))]
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def put(self, source: str, items: Sequence[Item], seconds: float) -> None:
        """Keep what took `seconds` to read, if that is long and the file is one document."""
        documents = [item for item in items if isinstance(item, Document)]
        # A recording's document depends on the sound file beside it.
        if seconds < SLOW_S or len(documents) != 1 or documents[0].format == "transcript":
            return
        if documents[0].doc_id != source:
            return
        content = zlib.compress(json.dumps([_row(item) for item in items]).encode(), 1)
        try:
            self._folder.mkdir(exist_ok=True)
            write_whole(self._folder / self._key(source, documents[0].content_hash), content)
        except OSError:  # a full disk is told where it cannot be done without
            return

    def _key(self, source: str, content_hash: str) -> str:
        return hashlib.sha256(
            json.dumps([*self._base, source, content_hash], sort_keys=True).encode()
        ).hexdigest()


def erase_parsed(library: Path) -> None:
    shutil.rmtree(library / PARSED, ignore_errors=True)


def _row(item: Item) -> dict[str, Any]:
    if isinstance(item, Skipped):
        return {"skipped": asdict(item)}
    row = {name: getattr(item, name) for name in _FIELDS}
    return row | {"meta": dict(item.meta), "layout": pack_layout(item).hex()}


def _item(row: dict[str, Any]) -> Item:
    if "skipped" in row:
        return Skipped(**row["skipped"])
    layout = unpack_layout(bytes.fromhex(row["layout"]))
    return Document(**{name: row[name] for name in _FIELDS}, meta=row["meta"], **layout)
