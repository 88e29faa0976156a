"""Files become documents: what a file holds decides, then what it is called.

Nothing that a file contains raises out of here: what cannot be read is a Skipped with one line of
reason and the next step. `.txt`, `.md`, `.html`, `.pdf`, `.docx`, `.xlsx`, `.csv`, `.tsv`, `.json`
(transcripts), `.srt`, `.vtt`, `.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from index.cleaning import decode
from index.errors import EmptyDocument, ParseError, TooLarge, UnsupportedFormat
from index.parsing.building import sha256
from index.parsing.settings import ParseSettings
from index.schema import Document, Skipped

__all__ = ["SUPPORTED", "ParseSettings", "is_ignorable", "parse_file"]

_TEXT = {
    ".txt", ".text", ".log", ".md", ".markdown", ".htm", ".html", ".xhtml", ".csv", ".tsv", ".json",
    ".srt", ".vtt", ".rst", ".org", ".adoc", ".tex", "",
}  # fmt: skip
_JSONL = {".jsonl", ".ndjson"}
SUPPORTED = frozenset(_TEXT - {""} | _JSONL | {".pdf", ".docx", ".docm", ".xlsx", ".xlsm"})
_LATER = {
    ".doc": "save it as .docx", ".xls": "save it as .xlsx", ".rtf": "save it as .docx",
    ".wps": "save it as .docx", ".odt": "save it as .docx", ".ppt": "export it as PDF",
    ".pptx": "export it as PDF", ".caj": "export it as PDF", ".epub": "convert it to HTML or text",
    ".zip": "unpack it", ".rar": "unpack it", ".7z": "unpack it", ".gz": "unpack it",
}  # fmt: skip
_IGNORED = frozenset({
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg", ".ico", ".tif", ".tiff", ".heic",
    ".mp3", ".wav", ".m4a", ".flac", ".ogg", ".mp4", ".mov", ".avi", ".mkv", ".webm",
    ".lock", ".tmp", ".bak", ".swp", ".part", ".crdownload", ".css", ".js", ".map",
    ".woff", ".woff2", ".ttf", ".otf", ".pyc", ".so", ".dll", ".exe", ".db", ".sqlite",
})  # fmt: skip
_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "__pycache__", "node_modules"})


def is_ignorable(path: Path) -> bool:
    """No document, and nothing is lost by passing it over: images, sound, hidden, lock files."""
    name = path.name
    return (
        name.startswith((".", "~$"))
        or name.endswith("~")
        or name.lower() in _IGNORED_NAMES
        or path.suffix.lower() in _IGNORED
    )


def parse_file(
    path: Path, source: str, settings: ParseSettings | None = None
) -> Iterator[Document | Skipped]:
    """The documents of a file: one, or one for each record of a JSONL corpus.

    `source` is the file's path below the indexed root, with "/" on every system; it is the doc_id.
    """
    limits = settings or ParseSettings()
    try:
        if path.suffix.lower() in _JSONL:
            yield from _jsonl(path, source, limits)
        else:
            yield _parse(path, source, limits)
    except ParseError as error:
        yield Skipped(source, f"{source} {error}", is_error=True, ends_file=True)
    except OSError as error:
        yield Skipped(
            source,
            f"{source} cannot be read ({error.strerror or error}); check that it exists and its "
            f"permissions",
            is_error=True,
            ends_file=True,
        )
    except MemoryError:
        yield Skipped(
            source,
            f"{source} needs more memory than there is; split it",
            is_error=True,
            ends_file=True,
        )
    except ImportError:
        raise  # our own installation, not the file
    except Exception as error:  # a library's own failure on broken input must not end the run
        what = f"{type(error).__name__}: {str(error)[:120]}".replace("\n", " ")
        yield Skipped(
            source,
            f"{source} is broken and cannot be read ({what}); export or save it again",
            is_error=True,
            ends_file=True,
        )


def _jsonl(path: Path, source: str, settings: ParseSettings) -> Iterator[Document | Skipped]:
    from index.parsing.jsonl import parse_jsonl

    size = path.stat().st_size
    if size == 0:
        raise EmptyDocument("is empty; nothing to index")
    if size > settings.max_jsonl_mb * 1_000_000:
        raise TooLarge(
            f"is {size / 1e6:.0f} MB, the limit is {settings.max_jsonl_mb}; raise max_jsonl_mb or"
            f" split it"
        )
    yield from parse_jsonl(path, source, settings)


def _parse(path: Path, source: str, settings: ParseSettings) -> Document:
    size = path.stat().st_size
    suffix = path.suffix.lower()
    if size == 0:
        raise EmptyDocument("is empty (0 bytes); fetch or export it again")
    if suffix in _LATER:
        raise UnsupportedFormat(f"is {suffix}, which is not read; {_LATER[suffix]}")
    if size > settings.max_file_mb * 1_000_000:
        raise TooLarge(
            f"is {size / 1e6:.0f} MB, the limit is {settings.max_file_mb}; raise max_file_mb or s"
            f"plit it"
        )
    data = path.read_bytes()
    kind = sniff(data, suffix)
    stem = PurePosixPath(source).stem
    content_hash = sha256(data)
    if kind in ("pdf", "docx", "xlsx"):
        return _binary_parser(kind)(data, source, content_hash, stem, settings)
    return _parse_text(data, kind, source, content_hash, stem, settings)


def sniff(data: bytes, suffix: str) -> str:
    """What the bytes are; the suffix only decides among kinds of text."""
    head = data[:1024].lstrip()
    if head.startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        if b"word/" in data:
            return "docx"
        if b"xl/" in data:
            return "xlsx"
        raise UnsupportedFormat("is an archive, not a document; unpack it")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if suffix in (".docx", ".xlsx"):
            from index.errors import EncryptedFile

            raise EncryptedFile(
                "is locked with a password or in the old binary format; open it and save it witho"
                "ut one"
            )
        raise UnsupportedFormat("is in the old binary Office format; save it as .docx or .xlsx")
    if suffix in (".pdf", ".docx", ".xlsx"):
        raise UnsupportedFormat(
            f"is called {suffix} but is not one; export it again or give it its own suffix"
        )
    if suffix not in _TEXT:
        raise UnsupportedFormat(
            f"has the unknown suffix {suffix}; convert it to text, HTML, PDF or DOCX"
        )
    if suffix in (".htm", ".xhtml"):
        return "html"
    if suffix in (".csv", ".tsv", ".html", ".json", ".md", ".srt", ".vtt"):
        return suffix[1:]
    return "md" if suffix == ".markdown" else "txt"


def _binary_parser(kind: str) -> Callable[[bytes, str, str, str, ParseSettings], Document]:
    if kind == "pdf":
        from index.parsing.pdf import parse_pdf

        return parse_pdf
    if kind == "docx":
        from index.parsing.docx import parse_docx

        return parse_docx
    from index.parsing.xlsx import parse_xlsx

    return parse_xlsx


def _parse_text(
    data: bytes, kind: str, source: str, content_hash: str, stem: str, settings: ParseSettings
) -> Document:
    decoded = decode(data)
    raw = decoded.text
    if not raw.strip("\ufeff\x00 \t\r\n\f\u3000"):
        raise EmptyDocument("holds nothing but white space; nothing to index")
    kind = _sniff_text(raw, kind)
    names = {"doc_id": source, "source": source, "content_hash": content_hash}
    if kind == "json":
        from index.parsing.transcript import parse_transcript

        return parse_transcript(raw, title=stem, **names)
    if kind in ("srt", "vtt"):
        from index.parsing.transcript import parse_subtitles

        return parse_subtitles(raw, title=stem, **names)
    if kind == "html":
        from index.parsing.html import parse_html

        return parse_html(data, decoded, title=stem, **names)
    if kind == "md":
        from index.parsing.markdown import parse_markdown

        return parse_markdown(raw, title=stem, **names)
    if kind in ("csv", "tsv"):
        from index.parsing.csv import parse_csv

        return parse_csv(raw, title=stem, settings=settings, **names)
    from index.parsing.txt import parse_text

    return parse_text(raw, title=stem, meta={"encoding": decoded.encoding}, **names)


def _sniff_text(raw: str, kind: str) -> str:
    """A .txt may hold a transcript, subtitles, a page or Markdown."""
    if kind != "txt":
        return kind
    head = raw[:2000].lstrip("\ufeff \t\r\n")
    if head.startswith(('{"', "{\n", "{ ", "{\r")) and '"text"' in raw[:4000] + raw[-200:]:
        from index.parsing.transcript import is_transcript

        try:
            if is_transcript(json.loads(raw)):
                return "json"
        except (ValueError, RecursionError):
            if '"start"' in head:
                return "json"
    low = head[:300].lower()
    if low.startswith(("<!doctype html", "<html")):
        return "html"
    if head.startswith("WEBVTT"):
        return "vtt"
    if " --> " in head:
        from index.parsing.transcript import looks_like_subtitles

        if looks_like_subtitles(head):
            return "srt"
    from index.parsing.markdown import is_markdown

    return "md" if is_markdown(raw) else kind
