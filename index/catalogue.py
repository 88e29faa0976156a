"""The catalogue of one segment: documents with their text, blocks and sentences, in SQLite.

A segment's catalogue is written once and never changed; it is read with `immutable=1`, so that a
reader needs no lock and leaves no file behind.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import LibraryBroken
from index.glossary import Alias, alias_key
from index.manifest import rebuild_command
from index.schema import Block, BlockKind, Document, DocumentInfo, RawRun, Sentence, Span

_SCHEMA = """
CREATE TABLE documents (
    ordinal INTEGER PRIMARY KEY, doc_id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    root TEXT NOT NULL, title TEXT NOT NULL, format TEXT NOT NULL, kind TEXT NOT NULL,
    date TEXT, language TEXT NOT NULL, pages INTEGER NOT NULL, n_chars INTEGER NOT NULL,
    n_chunks INTEGER NOT NULL, size_bytes INTEGER NOT NULL, content_hash TEXT NOT NULL,
    meta TEXT NOT NULL, first_chunk INTEGER NOT NULL, digest BLOB NOT NULL
);
CREATE INDEX documents_by_source ON documents (root, source);
CREATE TABLE contents (
    ordinal INTEGER PRIMARY KEY, text TEXT NOT NULL, layout BLOB NOT NULL, sentences BLOB NOT NULL
);
CREATE TABLE aliases (
    ordinal INTEGER NOT NULL, kind TEXT NOT NULL, long_start INTEGER NOT NULL,
    long_end INTEGER NOT NULL, short_start INTEGER NOT NULL, short_end INTEGER NOT NULL,
    long TEXT NOT NULL, short TEXT NOT NULL, long_key TEXT NOT NULL, short_key TEXT NOT NULL
);
CREATE INDEX aliases_by_document ON aliases (ordinal);
CREATE INDEX aliases_by_long ON aliases (long_key);
CREATE INDEX aliases_by_short ON aliases (short_key);
"""

_KINDS = {kind.value: kind for kind in BlockKind}  # calling the enumeration is slow
_TABLES = ("documents", "contents", "aliases")
_MAPPED = 1 << 31  # bytes at most; what lies beyond is read
_COPIED = 1_000  # documents at a time
# A question asks for a hundred names, and next to none of them is one: who asks many questions
# knows that from memory.
_FEW_ASKED = 8
_MOST_ALIASES = 200_000
_INFO = (
    "doc_id, source, root, title, format, kind, date, language, pages, n_chars, n_chunks,"
    " size_bytes, content_hash, meta"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document's place in its segment."""

    ordinal: int
    first_chunk: int
    digest: bytes
    info: DocumentInfo


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A pair of names, where a document says that they are one thing."""

    ordinal: int
    doc_id: str
    alias: Alias
    long: str  # the document's own characters
    short: str
    long_key: str
    short_key: str


class Stored:
    """A document as it is stored. Its sentences are made when they are asked for."""

    def __init__(self, ordinal: int, document: Document, packed: bytes) -> None:
        self.ordinal = ordinal
        self.document = document
        self._packed = packed

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return _unpack_sentences(self._packed)

    def sentences_at(self, positions: Sequence[int]) -> list[Sentence]:
        """In the given order. A question needs half of a document's."""
        if "sentences" not in self.__dict__:
            numbers = np.frombuffer(self._packed, dtype="<i4").tolist()
            if _is_plain(numbers):
                return [
                    Sentence((Span(numbers[at + 2], numbers[at + 3]),), numbers[at])
                    for at in [4 * position for position in positions]
                ]
        return [self.sentences[position] for position in positions]


class CatalogueWriter:
    """Writes one segment's catalogue to a path that does not exist yet."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # A torn file is never read: the segment is named only once it is whole and synced.
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        self._db.execute("BEGIN")

    def add(
        self,
        entry: Entry,
        document: Document,
        sentences: tuple[Sentence, ...],
        aliases: Iterable[Alias] = (),
    ) -> None:
        info = entry.info
        self._db.execute(
            f"INSERT INTO documents (ordinal, {_INFO}, first_chunk, digest)"
            f" VALUES ({', '.join('?' * 17)})",
            (
                entry.ordinal, info.doc_id, info.source, info.root, info.title, info.format,
                info.kind, info.date, info.language, info.pages, info.n_chars, info.n_chunks,
                info.size_bytes, info.content_hash, _dump(dict(info.meta)), entry.first_chunk,
                entry.digest,
            ),
        )  # fmt: skip
        self._db.execute(
            "INSERT INTO contents VALUES (?, ?, ?, ?)",
            (entry.ordinal, document.text, pack_layout(document), _pack_sentences(sentences)),
        )
        self._db.executemany(
            f"INSERT INTO aliases VALUES ({', '.join('?' * 10)})",
            ((entry.ordinal, *_alias_values(document.text, alias)) for alias in aliases),
        )

    def copy(self, other: Catalogue, places: Mapping[int, tuple[int, int]]) -> None:
        """Documents of another catalogue, as they are stored there.

        `places` gives their new ordinal and first chunk by their old ordinal; others stay behind.
        """
        for first in range(0, max(places, default=-1) + 1, _COPIED):
            for table, rows in other.stored(first, first + _COPIED):
                kept = [(places[row[0]], row) for row in rows if row[0] in places]
                if table == "documents":
                    # The last two columns: first_chunk, digest.
                    new = [(at, *row[1:-2], chunk, row[-1]) for (at, chunk), row in kept]
                else:
                    new = [(at, *row[1:]) for (at, _), row in kept]
                if new:
                    marks = ", ".join("?" * len(new[0]))
                    self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", new)

    def close(self) -> None:
        self._db.execute("COMMIT")
        self._db.close()

    def abandon(self) -> None:
        self._db.close()


class Catalogue:
    """Reads one segment's catalogue; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._n_names_asked = 0
        uri = path.absolute().as_uri() + "?mode=ro&immutable=1"
        try:
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            # SQLite opens the file at the first statement: now, while its name is still there.
            self._db.execute("SELECT 1 FROM documents LIMIT 1").fetchall()
            if os.name != "nt":  # where a mapped file could not be removed
                # The file never changes: mapped, a look-up costs a third of reading pages.
                self._db.execute(f"PRAGMA mmap_size={_MAPPED}").fetchall()
        except sqlite3.Error as error:
            raise LibraryBroken(f"{path.name} cannot be opened ({error})") from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def entries(self) -> list[Entry]:
        """All documents in order of their ordinals, deleted ones included."""
        return [_entry(row) for row in self._rows(self._select("ORDER BY ordinal"))]

    def find(self, doc_id: str) -> Entry | None:
        rows = self._rows(self._select("WHERE doc_id = ?"), (doc_id,))
        return _entry(rows[0]) if rows else None

    def of_source(self, root: str, source: str) -> list[Entry]:
        rows = self._rows(self._select("WHERE root = ? AND source = ?"), (root, source))
        return [_entry(row) for row in rows]

    def dates(self) -> list[tuple[int, str, str | None]]:
        """(ordinal, doc_id, date) of all documents, deleted ones included."""
        return self._rows("SELECT ordinal, doc_id, date FROM documents")

    def digests(self) -> list[tuple[int, bytes]]:
        return self._rows("SELECT ordinal, digest FROM documents ORDER BY ordinal")

    def languages(self, dead: Collection[int]) -> set[str]:
        """Of the documents but for the dead ones."""
        rows = self._rows(
            "SELECT DISTINCT language FROM documents"
            " WHERE ordinal NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(dead)),),
        )
        return {row[0] for row in rows}

    def origins(self, without: Collection[int] = ()) -> list[tuple[str, str, int]]:
        """(root, source, how many documents), the documents `without` left out."""
        rows: list[tuple[str, str, int]] = self._rows(
            "SELECT root, source, count(*) FROM documents"
            " WHERE ordinal NOT IN (SELECT value FROM json_each(?)) GROUP BY root, source",
            (json.dumps(list(without)),),
        )
        return rows

    def doc_ids(self, ordinals: Collection[int]) -> dict[int, str]:
        """By ordinal."""
        return dict(
            self._rows(
                "SELECT ordinal, doc_id FROM documents"
                " WHERE ordinal IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ordinals)),),
            )
        )

    def all_doc_ids(self) -> dict[int, str]:
        """By ordinal; deleted ones included."""
        return dict(self._rows("SELECT ordinal, doc_id FROM documents"))

    def ordinals(self, doc_ids: Collection[str]) -> set[int]:
        """Of those documents that are here."""
        rows = self._rows(
            "SELECT ordinal FROM documents WHERE doc_id IN (SELECT value FROM json_each(?))",
            (_dump(list(doc_ids)),),
        )
        return {row[0] for row in rows}

    def stored(self, first: int, last: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """(table, its rows as they are stored) of the documents with ordinals [first, last)."""
        for table in _TABLES if self._has_aliases else _TABLES[:2]:
            yield (
                table,
                self._rows(
                    f"SELECT * FROM {table} WHERE ordinal >= ? AND ordinal < ? ORDER BY rowid",
                    (first, last),
                ),
            )

    def read(self, doc_id: str) -> Stored | None:
        """In one look-up; None where it is not here."""
        return next(iter(self.read_many([doc_id])), None)

    def read_many(self, doc_ids: Collection[str]) -> list[Stored]:
        """As `read`, of those that are here, in no order."""
        found, wanted = [], frozenset(doc_ids)
        for row in self._rows(
            "SELECT doc_id, source, text, content_hash, format, title, kind, date, language,"
            " ordinal, meta, layout, sentences FROM documents JOIN contents USING (ordinal)"
            " WHERE doc_id IN (SELECT value FROM json_each(?))",
            (_dump(list(doc_ids)),),
        ):
            doc_id, source, text, digest, form, title, kind, date, language = row[:9]
            if doc_id not in wanted:  # what follows a NUL is lost on the way through JSON
                continue
            ordinal, meta, layout, packed = row[9:]
            document = Document(
                doc_id=doc_id, source=source, text=text, content_hash=digest, format=form,
                title=title, kind=kind, date=date, language=language,
                meta={} if meta == "{}" else _load(meta), **unpack_layout(layout),
            )  # fmt: skip
            found.append(Stored(ordinal, document, packed))
        return found

    def document(self, entry: Entry) -> Document:
        text, layout = self._rows(
            "SELECT text, layout FROM contents WHERE ordinal = ?", (entry.ordinal,)
        )[0]
        return _document(entry.info, text, layout)

    def sentences(self, entry: Entry) -> tuple[Sentence, ...]:
        rows = self._rows("SELECT sentences FROM contents WHERE ordinal = ?", (entry.ordinal,))
        return _unpack_sentences(rows[0][0])

    def aliases(self, entry: Entry) -> tuple[Alias, ...]:
        """What `mine` found in a document."""
        rows = self._alias_rows("WHERE aliases.ordinal = ?", (entry.ordinal,))
        return tuple(row.alias for row in rows)

    def all_aliases(self) -> list[AliasRow]:
        """Of all documents, deleted ones included."""
        return self._alias_rows("")

    def alias_names(self, keys: Collection[str]) -> list[tuple[int, str, str]]:
        """(ordinal, long key, short key) of every pair that one of the keys is a name of."""
        if not keys or not self._has_aliases:
            return []
        self._n_names_asked += 1
        if self._n_names_asked > _FEW_ASKED and self._alias_keys is not None:
            keys = self._alias_keys.intersection(keys)
            if not keys:
                return []
        wanted = _dump(sorted(keys))
        columns = "SELECT ordinal, long_key, short_key FROM aliases WHERE"
        asked = "IN (SELECT value FROM json_each(?))"
        return self._rows(
            f"{columns} long_key {asked} UNION {columns} short_key {asked}", (wanted, wanted)
        )

    @cached_property
    def _alias_keys(self) -> frozenset[str] | None:
        """All names; None where there are very many."""
        if self._rows("SELECT count(*) FROM aliases")[0][0] > _MOST_ALIASES:
            return None
        rows = self._rows("SELECT long_key FROM aliases UNION SELECT short_key FROM aliases")
        return frozenset(row[0] for row in rows)

    @cached_property
    def _has_aliases(self) -> bool:
        """A segment from before there were any has no table for them."""
        return bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'aliases'"))

    def _alias_rows(self, rest: str, values: tuple[Any, ...] = ()) -> list[AliasRow]:
        if not self._has_aliases:
            return []
        rows = self._rows(
            "SELECT aliases.ordinal, doc_id, long_start, long_end, short_start, short_end,"
            " aliases.kind, long, short, long_key, short_key FROM aliases"
            f" JOIN documents USING (ordinal) {rest} ORDER BY aliases.rowid",
            values,
        )
        return [
            AliasRow(ordinal, doc_id, Alias(Span(a, b), Span(c, d), kind), *names)
            for ordinal, doc_id, a, b, c, d, kind, *names in rows
        ]

    def _select(self, rest: str) -> str:
        return f"SELECT {_INFO}, ordinal, first_chunk, digest FROM documents {rest}"

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                library = self._path.parents[2]
                raise LibraryBroken(
                    f"{self._path} is damaged ({error}); "
                    f"make it again with: {rebuild_command(library)}"
                ) from error


def _entry(row: tuple[Any, ...]) -> Entry:
    *info, meta, ordinal, first_chunk, digest = row
    return Entry(ordinal, first_chunk, digest, DocumentInfo(*(*info, json.loads(meta))))


def _document(info: DocumentInfo, text: str, layout: bytes) -> Document:
    return Document(
        doc_id=info.doc_id, source=info.source, text=text, content_hash=info.content_hash,
        format=info.format, title=info.title, kind=info.kind, date=info.date,
        language=info.language, meta=info.meta, **unpack_layout(layout),
    )  # fmt: skip


def _alias_values(text: str, alias: Alias) -> tuple[int | str, ...]:
    long, short = (text[span.start : span.end] for span in (alias.long, alias.short))
    return (
        alias.kind, alias.long.start, alias.long.end, alias.short.start, alias.short.end,
        long, short, alias_key(long), alias_key(short),
    )  # fmt: skip


_load = json.JSONDecoder().decode  # what json.loads comes to, at half the cost of a short text


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _flat(spans: Iterable[Span]) -> list[int]:
    return [offset for span in spans for offset in (span.start, span.end)]


def _spans(flat: list[int]) -> tuple[Span, ...]:
    if len(flat) == 2:  # nearly all
        return (Span(flat[0], flat[1]),)
    if not flat:
        return ()
    offsets = iter(flat)
    return tuple(Span(start, end) for start, end in zip(offsets, offsets, strict=True))


def pack_layout(document: Document) -> bytes:
    blocks = []
    for block in document.blocks:
        # Only what differs from a plain paragraph: most blocks are nothing else.
        row: dict[str, Any] = {"k": block.kind.value, "s": _flat(block.spans)}
        optional = {
            "c": list(block.section), "l": block.level, "t": block.time, "T": block.table,
            "h": list(block.header), "C": _flat(block.cells), "H": block.is_header or None,
            "m": block.label, "M": _flat(block.markers),
        }  # fmt: skip
        blocks.append(row | {k: v for k, v in optional.items() if v is not None and v != []})
    runs = [[run.start, run.raw_start, run.length] for run in document.raw_runs]
    layout = {"blocks": blocks, "pages": document.page_starts, "runs": runs}
    return zlib.compress(_dump(layout).encode(), 1)


def unpack_layout(packed: bytes) -> Mapping[str, Any]:
    layout = _load(zlib.decompress(packed).decode())
    return {
        "blocks": tuple(map(_block_of, layout["blocks"])),
        "page_starts": tuple(map(tuple, layout["pages"])),
        "raw_runs": tuple(starmap(RawRun, layout["runs"])),
    }


def _block_of(row: Mapping[str, Any]) -> Block:
    if len(row) == 2:  # nearly all
        return Block(_KINDS[row["k"]], _spans(row["s"]))
    return Block(
        kind=_KINDS[row["k"]], spans=_spans(row["s"]), section=tuple(row.get("c", ())),
        level=row.get("l"), time=tuple(row["t"]) if "t" in row else None, table=row.get("T"),
        header=tuple(row.get("h", ())), cells=_spans(row.get("C", [])),
        is_header=row.get("H", False), label=row.get("m"), markers=_spans(row.get("M", [])),
    )  # fmt: skip


def _pack_sentences(sentences: tuple[Sentence, ...]) -> bytes:
    numbers = [
        number for s in sentences for number in (s.block, len(s.spans), *_flat(s.spans))
    ]  # fmt: skip
    return np.array(numbers, dtype="<i4").tobytes()


def _unpack_sentences(packed: bytes) -> tuple[Sentence, ...]:
    numbers = np.frombuffer(packed, dtype="<i4").tolist()
    if _is_plain(numbers):
        spans = map(Span, numbers[2::4], numbers[3::4])
        return tuple(map(Sentence, zip(spans), numbers[::4]))  # zip: a tuple of each
    return tuple(_unpack_one_by_one(numbers))


def _is_plain(numbers: list[int]) -> bool:
    """Whether they are of one span each, as nearly all are."""
    return len(numbers) % 4 == 0 and set(numbers[1::4]) == {1}


def _unpack_one_by_one(numbers: list[int]) -> Iterator[Sentence]:
    at = 0
    while at < len(numbers):
        end = at + 2 + 2 * numbers[at + 1]
        yield Sentence(_spans(numbers[at + 2 : end]), numbers[at])
        at = end
