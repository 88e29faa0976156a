"""The raw layer that gold offsets count in, and where a document's characters stand in it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from lxml import etree

from index.schema import Document

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TOKEN = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")


def raw_text(path: Path) -> str:
    """The decoded file; of a PDF its text layer, of a transcript its words, of a page or an
    Office file what its elements hold."""
    if path.suffix in (".html", ".docx", ".xlsx", ".srt"):
        return _LAYERS[path.suffix](path)
    if path.suffix == ".pdf":
        import pypdfium2

        with pypdfium2.PdfDocument(path) as pdf:
            pages = [page.get_textpage().get_text_range() for page in pdf]
        return "\f".join(pages).replace("\r\n", "\n")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    if not text.lstrip().startswith('{"text"'):
        return text
    groups = json.loads(text)["text"]
    return "\n".join(segment["text"] for group in groups for segment in group)


def _html(path: Path) -> str:
    """The text nodes of the body, each without the space around it, one a line."""
    import lxml.html

    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    (body,) = lxml.html.document_fromstring(text).findall("body")
    return "\n".join(
        words
        for node in body.xpath(".//text()[not(ancestor::script) and not(ancestor::style)]")
        if (words := node.strip())
    )


def _docx(path: Path) -> str:
    """Running headers, the paragraphs (those of a cell, too), then the notes; one a line.

    A reference to a footnote is [n] in the text and before the note, n from 1.
    """
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if re.match(r"word/header\d*\.xml", n))
        texts = [_word_lines(archive.read(n)) for n in [*names, "word/document.xml"]]
        notes = etree.fromstring(archive.read("word/footnotes.xml"))
        number = 0
        for note in notes.iterfind(f"{_WORD}footnote"):
            if note.get(f"{_WORD}type") is None:
                number += 1
                texts.append(f"[{number}] " + _word_lines(etree.tostring(note)))
    return "".join(texts)


def _word_lines(data: bytes) -> str:
    lines = []
    number = 0
    for paragraph in etree.fromstring(data).iter(f"{_WORD}p"):
        words = ""
        for node in paragraph.iter():
            if node.tag == f"{_WORD}t":
                words += node.text or ""
            elif node.tag == f"{_WORD}footnoteReference":
                number += 1
                words += f"[{number}]"
        if words:
            lines.append(words + "\n")
    return "".join(lines)


def _xlsx(path: Path) -> str:
    """A sheet's name, then its rows with a tab between cells; a form feed between sheets."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheets = []
        for sheet in book:
            rows = ["\t".join("" if v is None else str(v) for v in row) for row in sheet.values]
            sheets.append("\n".join([sheet.title, *rows]))
        return "\f".join(sheets)
    finally:
        book.close()


def _srt(path: Path) -> str:
    """The words of the cues, one cue a line and its own lines kept."""
    cues = re.split(r"\n\s*\n", path.read_text(encoding="utf-8-sig").strip())
    return "\n".join(cue.split("\n", 2)[2] for cue in cues)


_LAYERS = {".html": _html, ".docx": _docx, ".xlsx": _xlsx, ".srt": _srt}
_OWN_LAYER = ("html", "docx", "xlsx", "pdf")  # formats whose parser's raw layer is not this one


def read_gold(path: Path) -> Iterator[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from (json.loads(line) for line in lines[1:])


def runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring offsets (white space may stand between) as first and last."""
    start = last = None
    for place in places:
        if last is None or place > last + 2:
            if start is not None and last is not None:
                yield start, last
            start = place
        last = place
    if start is not None and last is not None:
        yield start, last


def align(document: Document, raw: str) -> tuple[list[int | None], float]:
    """For each character of the document its raw offset (None: white space, or not found).

    By the document's own map where its raw layer is the gold's; else (PDF, whose layers differ in
    white space and order) by matching words, then characters of what is left over.
    """
    text = document.text
    solid = [i for i, c in enumerate(text) if not c.isspace()]
    places: list[int | None] = [None] * len(text)
    own = [document.raw_offset(i) for i in solid]
    pairs = zip(solid, own, strict=True)
    same = sum(p is not None and p < len(raw) and raw[p] == text[i] for i, p in pairs)
    share = same / max(1, len(solid))
    is_srt = document.source.endswith(".srt")
    if document.format not in _OWN_LAYER and not is_srt:
        for i, place in zip(solid, own, strict=True):
            places[i] = place
        return places, share
    ours, theirs = list(_TOKEN.finditer(text)), list(_TOKEN.finditer(raw))
    matcher = SequenceMatcher(None, [m[0] for m in ours], [m[0] for m in theirs], autojunk=False)
    used: set[int] = set()
    for a, b, size in matcher.get_matching_blocks():
        for k in range(size):
            for offset in range(len(ours[a + k][0])):
                places[ours[a + k].start() + offset] = theirs[b + k].start() + offset
                used.add(theirs[b + k].start() + offset)
    left = [i for i in solid if places[i] is None]
    free = [i for i, c in enumerate(raw) if not c.isspace() and i not in used]
    haystack = "".join(raw[i] for i in free)
    for start, end in runs(left):
        piece = [i for i in left if start <= i <= end]
        at = haystack.find("".join(text[i] for i in piece))
        if at >= 0:
            for k, i in enumerate(piece):
                places[i] = free[at + k]
    found = sum(places[i] is not None for i in solid)
    return places, found / max(1, len(solid))
