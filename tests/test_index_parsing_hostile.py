"""Bad and hostile files: one line each with the next step, never an exception."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from index.parsing import SUPPORTED, ParseSettings, is_ignorable, parse_file
from index.schema import Document, Skipped

SMALL = ParseSettings(max_file_mb=1, max_pages=3, max_rows=50, max_unpacked_mb=2)


def skip(path: Path, data: bytes, settings: ParseSettings = SMALL) -> str:
    path.write_bytes(data)
    (found,) = parse_file(path, path.name, settings)
    assert isinstance(found, Skipped), found
    assert found.is_error
    assert found.source == path.name
    assert path.name in found.reason
    assert "\n" not in found.reason
    return found.reason


def locked_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt="secret")
    canvas.drawString(72, 700, "hidden")
    canvas.save()
    return out.getvalue()


def long_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    for _ in range(5):
        canvas.drawString(72, 700, "page")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 8_000_000)
    return out.getvalue()


def entities() -> bytes:
    buffer = io.BytesIO()
    docx.Document().save(buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = b'<!DOCTYPE d [<!ENTITY a "aaaa">]>' + data
            new.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("empty.txt", lambda: b"", "empty"),
        ("blank.txt", lambda: b" \n\t\n", "white space"),
        ("zero.pdf", lambda: b"", "0 bytes"),
        ("cut.pdf", lambda: b"%PDF-1.7\n1 0 obj\n<< /Type", "broken PDF"),
        ("locked.pdf", locked_pdf, "password"),
        ("long.pdf", long_pdf, "max_pages"),
        ("not.pdf", lambda: b"plain words", "is not one"),
        ("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "binary"),
        ("broken.json", lambda: b'{"text": [[{"start": 1, "te', "broken JSON"),
        ("other.json", lambda: b'{"name": "x"}', "unknown shape"),
        ("deep.json", lambda: b"[" * 200_000, "JSON"),
        ("silent.json", lambda: b'{"segments": [{"start": 0, "text": " "}]}', "without words"),
        ("big.log", lambda: b"line\n" * 300_000, "max_file_mb"),
        ("bomb.docx", bomb, "max_unpacked_mb"),
        ("entities.docx", entities, "entities"),
        ("cut.docx", lambda: entities()[:2000], "damaged"),
        ("locked.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "password"),
        ("old.doc", lambda: b"\xd0\xcf\x11\xe0", "save it as .docx"),
        ("archive.zip", lambda: b"PK\x03\x04", "damaged"),
        ("rows.csv", lambda: b"a,b\n" * 60, "max_rows"),
        ("script.html", lambda: b"<html><script>alert(1)</script></html>", "no text"),
        ("no.srt", lambda: b"just words", "no cue"),
        ("strange.xyz", lambda: b"abc", "unknown suffix"),
        ("empty.jsonl", lambda: b"", "empty"),
    ],
)
def test_bad_file_gives_one_line(
    tmp_path: Path, name: str, make: Callable[[], bytes], says: str
) -> None:
    assert says in skip(tmp_path / name, make())


def test_missing_and_forbidden_files_are_reported(tmp_path: Path) -> None:
    (missing,) = parse_file(tmp_path / "gone.txt", "gone.txt", SMALL)
    assert isinstance(missing, Skipped)
    assert "cannot be read" in missing.reason
    (folder,) = parse_file(tmp_path, "folder", SMALL)
    assert isinstance(folder, Skipped)
    if os.geteuid() != 0:
        path = tmp_path / "closed.txt"
        path.write_text("words")
        path.chmod(0)
        (closed,) = parse_file(path, "closed.txt", SMALL)
        assert isinstance(closed, Skipped)
        assert "permission" in closed.reason


def test_deeply_nested_page_keeps_its_words(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    for depth in (500, 50_000):
        path.write_text("<div>" * depth + "深处的一句话。" + "</div>" * depth, encoding="utf-8")
        (found,) = parse_file(path, "deep.html", SMALL)
        assert isinstance(found, Document)
        assert found.text.strip() == "深处的一句话。"


def test_record_that_is_too_long_is_skipped_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records = [{"id": "a", "text": "甲" * 800_000}, {"id": "b", "text": "乙。"}]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), "utf-8")
    found = list(parse_file(path, "a.jsonl", ParseSettings(max_record_mb=1)))
    assert isinstance(found[0], Skipped)
    assert "max_record_mb" in found[0].reason
    assert isinstance(found[1], Document)
    assert found[1].doc_id == "a.jsonl#b"


@pytest.mark.parametrize(
    ("name", "ignored"),
    [("a.png", True), (".DS_Store", True), ("~$a.docx", True), ("a.txt~", True), ("uv.lock", True),
     ("a.txt", False), ("a.PDF", False), ("README", False), ("a.doc", False)],
)  # fmt: skip
def test_what_is_no_document(name: str, ignored: bool) -> None:
    assert is_ignorable(Path(name)) is ignored


def test_supported_suffixes() -> None:
    named = {".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".csv", ".tsv", ".xlsx", ".json"}
    assert named | {".srt", ".vtt", ".jsonl"} <= SUPPORTED
