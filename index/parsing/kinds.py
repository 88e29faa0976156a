"""From a file's bytes to what they are, and to the parser for it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from index.cleaning import decode
from index.errors import EmptyDocument, ParseError, TooLarge, UnsupportedFormat
from index.parsing.building import sha256
from index.parsing.settings import ParseSettings
from index.schema import Document, Skipped

_TEXT = {
    ".txt", ".text", ".log", ".md", ".markdown", ".htm", ".html", ".xhtml", ".csv", ".tsv", ".json",
    ".srt", ".vtt", ".ass", ".ssa", ".rst", ".org", ".adoc", ".tex", "",
}  # fmt: skip
JSONL = {".jsonl", ".ndjson"}
_BINARY = {
    ".pdf", ".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm", ".ppsx", ".epub", ".zip",
}  # fmt: skip
_MAIL = {".eml", ".mht", ".mhtml"}
SUPPORTED = frozenset(_TEXT - {""} | JSONL | _BINARY | _MAIL)
_LATER = {
    ".doc": "save it as .docx", ".dot": "save it as .docx", ".rtf": "save it as .docx",
    ".wps": "save it as .docx", ".wpt": "save it as .docx", ".odt": "save it as .docx",
    ".pages": "export it as .docx", ".xls": "save it as .xlsx", ".et": "save it as .xlsx",
    ".ods": "save it as .xlsx", ".xlsb": "save it as .xlsx", ".numbers": "export it as .xlsx",
    ".ppt": "save it as .pptx", ".dps": "save it as .pptx", ".odp": "save it as .pptx",
    ".key": "export it as .pptx", ".caj": "export it as PDF", ".nh": "export it as PDF",
    ".kdh": "export it as PDF", ".ofd": "export it as PDF", ".xps": "export it as PDF",
    ".oxps": "export it as PDF", ".djvu": "export it as PDF", ".ps": "export it as PDF",
    ".mobi": "convert it to EPUB", ".azw": "convert it to EPUB", ".azw3": "convert it to EPUB",
    ".chm": "convert it to HTML or PDF", ".msg": "save the message as .eml",
    ".mbox": "export its messages as .eml", ".pst": "export its messages as .eml",
    ".rar": "unpack it", ".7z": "unpack it", ".gz": "unpack it", ".tar": "unpack it",
    ".tgz": "unpack it", ".bz2": "unpack it", ".xz": "unpack it",
}  # fmt: skip
_ZIPPED = (b"PK\x03\x04", b"PK\x05\x06")


def check_kind(suffix: str, size: int, settings: ParseSettings) -> None:
    """Refuse what is empty, too large, or of a kind that its name already says is not read."""
    if size == 0:
        raise EmptyDocument("is empty (0 bytes); fetch or export it again")
    if suffix in _LATER:
        raise UnsupportedFormat(f"is {suffix}, which is not read; {_LATER[suffix]}")
    if size > settings.max_file_mb * 1_000_000:
        raise TooLarge(
            f"is {size / 1e6:.0f} MB, the limit is {settings.max_file_mb}; raise max_file_mb or "
            "split it"
        )


def parse_data(data: bytes, kind: str, source: str, stem: str, settings: ParseSettings) -> Document:
    """The document that bytes of this kind hold. `stem` is its title where it names none."""
    content_hash = sha256(data)
    if kind in ("pdf", "docx", "xlsx", "pptx", "epub", "mail"):
        return _binary_parser(kind)(data, source, content_hash, stem, settings)
    return _parse_text(data, kind, source, content_hash, stem, settings)


def refused(source: str, error: Exception, *, ends_file: bool) -> Skipped:
    """One line about a file or member that cannot be read."""
    if isinstance(error, ParseError):
        reason = str(error)
    elif isinstance(error, MemoryError):
        reason = "needs more memory than there is; split it"
    elif isinstance(error, OSError):
        reason = (
            f"cannot be read ({error.strerror or error}); check that it exists and its permissions"
        )
    else:
        what = f"{type(error).__name__}: {str(error)[:120]}".replace("\n", " ")
        reason = f"is broken and cannot be read ({what}); export or save it again"
    return Skipped(source, f"{source} {reason}", is_error=True, ends_file=ends_file)


def sniff(data: bytes, suffix: str) -> str:
    """What the bytes are; the suffix only decides among kinds of text."""
    if suffix in _MAIL:
        return "mail"
    head = data[:1024].lstrip()
    if head.startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_ZIPPED):
        kind = sniff_zip(io.BytesIO(data))
        if kind == "zip" and suffix != ".zip":
            raise UnsupportedFormat(
                f"is an archive that is called {suffix or 'nothing'}; unpack it or call it .zip"
            )
        return kind
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if suffix in (".docx", ".xlsx", ".pptx"):
            from index.errors import EncryptedFile

            raise EncryptedFile(
                "is locked with a password or in the old binary format; open it and save it witho"
                "ut one"
            )
        raise UnsupportedFormat("is in the old binary Office format; save it as .docx or .xlsx")
    if suffix in _BINARY:
        raise UnsupportedFormat(
            f"is called {suffix} but is not one; export it again or give it its own suffix"
        )
    if suffix not in _TEXT:
        raise UnsupportedFormat(
            f"has the unknown suffix {suffix}; convert it to text, HTML, PDF or DOCX"
        )
    if suffix in (".htm", ".xhtml"):
        return "html"
    if suffix == ".ssa":
        return "ass"
    if suffix in (".csv", ".tsv", ".html", ".json", ".md", ".srt", ".vtt", ".ass", ".log"):
        return suffix[1:]
    return "md" if suffix == ".markdown" else "txt"


def sniff_zip(file: Path | BinaryIO) -> str:
    """An Office document and a book are archives too; what is in them tells them apart."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError):
        raise ParseError("is cut off or damaged; fetch or save it again") from None
    for folder, kind in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
        named = "[Content_Types].xml" in names or f"{folder}document.xml" in names
        if named and any(name.startswith(folder) for name in names):
            return kind
    return "epub" if "META-INF/container.xml" in names else "zip"


def _binary_parser(kind: str) -> Callable[[bytes, str, str, str, ParseSettings], Document]:
    if kind == "pdf":
        from index.parsing.pdf import parse_pdf

        return parse_pdf
    if kind == "docx":
        from index.parsing.docx import parse_docx

        return parse_docx
    if kind == "pptx":
        from index.parsing.pptx import parse_pptx

        return parse_pptx
    if kind == "mail":
        from index.parsing.mail import parse_mail

        return parse_mail
    if kind == "epub":
        from index.parsing.epub import parse_epub

        return parse_epub
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
    if kind in ("srt", "vtt", "ass", "timed"):
        from index.parsing.subtitles import parse_subtitles

        return parse_subtitles(raw, title=stem, kind=kind, **names)
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
    if head.startswith(("{", "[{", "[\n", "[ ", "[\r")) and '"' in head:
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
        from index.parsing.subtitles import looks_like_subtitles

        if looks_like_subtitles(head):
            return "srt"
    if head.startswith("[Script Info]"):
        return "ass"
    from index.parsing.subtitles import is_timed_text

    if is_timed_text(raw):
        return "timed"
    from index.parsing.markdown import is_markdown

    return "md" if is_markdown(raw) else kind
