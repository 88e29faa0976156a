"""Files become documents: what a file holds decides, then what it is called.

Nothing that a file contains raises out of here: what cannot be read is a Skipped with one line of
reason and the next step. `.txt`, `.md`, `.html`, `.pdf`, `.docx`, `.pptx`, `.xlsx`, `.epub`,
`.csv`, `.tsv`, `.json` (transcripts), `.srt`, `.vtt`, `.ass`, `.eml`, `.mhtml`, `.jsonl`, and
`.zip` of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from index.errors import EmptyDocument, TooLarge
from index.parsing.kinds import JSONL, SUPPORTED, check_kind, parse_data, refused, sniff, sniff_zip
from index.parsing.settings import ParseSettings
from index.schema import Document, Skipped

__all__ = ["SUPPORTED", "ParseSettings", "is_ignorable", "parse_file"]

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
    """The documents of a file: one, or one for each record of a JSONL corpus or member of a ZIP.

    `source` is the file's path below the indexed root, with "/" on every system; it is the doc_id.
    """
    limits = settings or ParseSettings()
    try:
        if path.suffix.lower() in JSONL:
            yield from _jsonl(path, source, limits)
        elif path.suffix.lower() == ".zip" and path.stat().st_size and sniff_zip(path) == "zip":
            from index.parsing.archive import parse_archive

            yield from parse_archive(path, source, limits)
        else:
            yield from _whole(path, source, limits)
    except ImportError:
        raise  # our own installation, not the file
    except Exception as error:  # a library's own failure on broken input must not end the run
        yield refused(source, error, ends_file=True)


def _jsonl(path: Path, source: str, settings: ParseSettings) -> Iterator[Document | Skipped]:
    from index.parsing.jsonl import parse_jsonl

    size = path.stat().st_size
    if size == 0:
        raise EmptyDocument("is empty; nothing to index")
    if size > settings.max_jsonl_mb * 1_000_000:
        raise TooLarge(
            f"is {size / 1e6:.0f} MB, the limit is {settings.max_jsonl_mb}; raise max_jsonl_mb or "
            "split it"
        )
    with path.open("rb") as file:
        yield from parse_jsonl(file, source, settings)


def _whole(path: Path, source: str, settings: ParseSettings) -> Iterator[Document | Skipped]:
    """A file that is one document, and what of it could not be read."""
    suffix = path.suffix.lower()
    check_kind(suffix, path.stat().st_size, settings)
    data = path.read_bytes()
    stem = PurePosixPath(source).stem
    document = parse_data(data, sniff(data, suffix), source, stem, settings)
    if document.format == "transcript":
        from index.parsing.transcript import with_audio_beside

        document = with_audio_beside(document, path)
    yield document
    yield from unread_pages(document)


def unread_pages(document: Document) -> Iterator[Skipped]:
    """What a PDF says of its pages without text, if it has any."""
    pages = document.meta.get("pages_without_text")
    if pages is not None:
        from index.parsing.ocr import advice

        yield Skipped(document.doc_id, f"{document.doc_id}: {advice(pages)}", is_error=True)
