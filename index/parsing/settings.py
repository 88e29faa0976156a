"""What parsing is allowed to cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseSettings:
    """Limits that keep one hostile or huge file from taking the run with it."""

    max_file_mb: int = 100  # a larger file is skipped with a message; JSONL corpora are streamed
    max_jsonl_mb: int = 4096
    max_record_mb: int = 20  # one line of a JSONL corpus
    max_pages: int = 5000
    max_rows: int = 200_000  # of one sheet or CSV file
    max_unpacked_mb: int = 500  # what a DOCX, PPTX, XLSX, EPUB or ZIP says it unpacks to
    max_members: int = 20_000  # of a ZIP
    max_ratio: int = 200  # of a ZIP's member: unpacked to packed size; text comes to 10 or 20
    # Of one PDF; needs wenju[ocr] and seconds a page, in all at most half of max_seconds.
    max_ocr_pages: int = 100
    max_seconds: int = 120  # for a file, or for one record of a corpus; see index/parsing/pool.py
    max_memory_mb: int = 2000  # of a parser process; not on Windows
