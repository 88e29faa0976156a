"""EPUB: chapters in the order of the spine, each read as a web page.

The text layer is that of the chapters, one after the other. A chapter without a heading of its own
takes its name from the table of contents.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from index.cleaning import Edits, decode
from index.errors import EmptyDocument, EncryptedFile, ParseError
from index.parsing.building import Draft, Found, Pair, build, plain
from index.parsing.html import link_anchors, page_tree
from index.parsing.html_blocks import page_drafts
from index.parsing.html_text import PageReader
from index.parsing.metadata import date_in, read_facts
from index.parsing.notes import link
from index.parsing.office import check_archive
from index.parsing.settings import ParseSettings
from index.schema import BlockKind, Document

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/xml", "text/xml")
_DECLARATIONS = re.compile(r"\A\ufeff?\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*", re.DOTALL)
_DOCTYPE = re.compile(r"\A<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)(\w{2,31});")
_MANY = 20_000  # tables of one chapter, far above what a book holds


@dataclass(frozen=True, slots=True)
class _Chapter:
    path: str
    is_contents: bool  # the book's own table of contents


@dataclass(frozen=True, slots=True)
class _Book:
    title: str
    author: str
    publisher: str
    date: str | None
    chapters: Sequence[_Chapter]
    names: dict[str, str]  # path of a chapter → its name in the table of contents


def parse_epub(
    data: bytes, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """A book whose chapters are locked by a shop raises EncryptedFile."""
    check_archive(data, settings, pages=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = _read_package(archive)
        _refuse_locked(archive, book)
        reader = _Reader(book)
        for number, chapter in enumerate(book.chapters):
            reader.chapter(archive, chapter, number)
    raw = "".join(reader.parts)
    drafts = reader.drafts
    link_anchors(raw, drafts, reader.markers, reader.targets)
    facts = read_facts(raw, drafts, title=book.title)
    meta = dict(facts.meta)
    for key, value in (("author", book.author), ("publisher", book.publisher)):
        if value:
            meta[key] = value[:200]
    edits = Edits()
    edits.drop_controls(raw)
    found = Found(
        "epub", facts.title or title, facts.kind, book.date or facts.date, facts.language, meta
    )
    return build(raw, drafts, edits, found, doc_id=source, source=source, content_hash=content_hash)


class _Reader:
    def __init__(self, book: _Book) -> None:
        self.book = book
        self.order = {chapter.path: n for n, chapter in enumerate(book.chapters)}
        self.parts: list[str] = []
        self.length = 0
        self.drafts: list[Draft] = []
        self.markers: list[tuple[Pair, str]] = []
        self.targets: dict[str, int] = {}

    def chapter(self, archive: zipfile.ZipFile, chapter: _Chapter, number: int) -> None:
        """A chapter that is missing or broken beyond reading costs no other."""
        try:
            root = _page(archive.read(chapter.path))
        except (KeyError, EmptyDocument):
            return
        self._name_places(root, chapter, number)
        page = PageReader()
        page.read(root)
        raw = page.text()
        drafts = page_drafts(page)
        link(raw, drafts)
        for draft in drafts:
            if chapter.is_contents:
                draft.kind, draft.table, draft.cells = BlockKind.FURNITURE, None, []
                draft.header = draft.under = ()
            if draft.table is not None:
                draft.table += number * _MANY
        name = self.book.names.get(chapter.path, "")
        _give_sections(raw, drafts, name, self.book.title)
        for draft in drafts:
            _shift(draft, self.length)
        self.drafts += drafts
        self.markers += [((a + self.length, b + self.length), to) for (a, b), to in page.markers]
        for target, at in page.targets.items():
            self.targets.setdefault(target, at + self.length)
        self.parts.append(raw)
        self.length += len(raw)

    def _name_places(self, root: Any, chapter: _Chapter, number: int) -> None:
        """Notes often stand in another chapter: ids and links are made one book's."""
        folder = posixpath.dirname(chapter.path)
        for element in root.iter():
            if not isinstance(element.tag, str):
                continue
            if element.get("id"):
                element.set("id", f"{number}#{element.get('id')}")
            href = element.get("href")
            if href and "#" in href and "://" not in href:
                path, _, fragment = href.partition("#")
                there = posixpath.normpath(posixpath.join(folder, unquote(path)))
                place = self.order.get(there) if path else number
                element.set("href", f"#{place}#{fragment}" if place is not None else "")


def _give_sections(raw: str, drafts: Sequence[Draft], name: str, title: str) -> None:
    """Headings hold within their chapter; the name in the contents stands above, unless the first
    heading says the same."""
    first = next((d for d in drafts if d.kind is BlockKind.HEADING), None)
    said = plain(raw[first.start : first.end]) if first is not None else ""
    same = not name or "".join(name.split()) in "".join(said.split()) or name == title
    above = () if same or (said and said in name) else (name,)
    stack: list[tuple[int, str]] = []
    for draft in drafts:
        if draft.kind is BlockKind.HEADING:
            level = draft.level or 1
            while stack and stack[-1][0] >= level:
                stack.pop()
        draft.section = (*above, *(words for _, words in stack))
        if draft.kind is BlockKind.HEADING:
            words = plain(raw[draft.start : draft.end])
            if words and words != title:
                stack.append((draft.level or 1, words))


def _shift(draft: Draft, by: int) -> None:
    draft.parts = [(a + by, b + by) for a, b in draft.parts]
    draft.cells = [(a + by, b + by) for a, b in draft.cells]
    draft.markers = [(a + by, b + by) for a, b in draft.markers]


def _page(data: bytes) -> Any:
    """A chapter as a tree of plain tags: as XML if it is, else as browsers read pages."""
    import lxml.html  # type: ignore[import-untyped]
    from lxml import etree

    text = _DOCTYPE.sub("", _DECLARATIONS.sub("", decode(data).text, count=1), count=1)
    text = text.replace("\x00", "")
    parser = lxml.html.XHTMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.html.document_fromstring(
            _ENTITY.sub(lambda m: html.escape(html.unescape(m.group())), text), parser=parser
        )
    except (etree.LxmlError, ValueError):
        return page_tree(text)
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def _xml(archive: zipfile.ZipFile, path: str) -> Any:
    from lxml import etree

    try:
        data = archive.read(path)
    except KeyError:
        raise ParseError(f"is a book without its {path}; fetch it again") from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    root = etree.fromstring(data, parser)
    if root is None:
        raise ParseError(f"is a book with a broken {path}; fetch it again")
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def _read_package(archive: zipfile.ZipFile) -> _Book:
    container = _xml(archive, _CONTAINER)
    path = next((e.get("full-path") for e in container.iter("rootfile") if e.get("full-path")), "")
    package = _xml(archive, path)
    folder = posixpath.dirname(path)

    def resolve(href: str, base: str = folder) -> str:
        return posixpath.normpath(posixpath.join(base, unquote(href.partition("#")[0])))

    items = {e.get("id"): e for e in package.iter("item") if e.get("href")}
    chapters = []
    for reference in package.iter("itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and (item.get("media-type") or _PAGES[0]) in _PAGES:
            contents = "nav" in (item.get("properties") or "").split()
            chapters.append(_Chapter(resolve(item.get("href")), contents))
    if not chapters:
        raise EmptyDocument("is a book without chapters; fetch it again")
    names: dict[str, str] = {}
    for item in items.values():
        place = resolve(item.get("href"))
        if item.get("media-type") == "application/x-dtbncx+xml":
            _names_of_ncx(archive, place, names)
        elif "nav" in (item.get("properties") or "").split():
            _names_of_nav(archive, place, names)
    return _Book(
        title=_said(package, "title"),
        author="、".join(
            dict.fromkeys(" ".join(e.text.split()) for e in package.iter("creator") if e.text)
        ),
        publisher=_said(package, "publisher"),
        date=date_in(_said(package, "date")),
        chapters=chapters,
        names=names,
    )


def _said(package: Any, name: str) -> str:
    return next((" ".join(e.text.split()) for e in package.iter(name) if e.text), "")


def _names_of_ncx(archive: zipfile.ZipFile, path: str, names: dict[str, str]) -> None:
    try:
        root = _xml(archive, path)
    except ParseError:
        return  # names are a help, not the text
    for point in root.iter("navPoint"):
        label, content = point.find("navLabel/text"), point.find("content")
        if label is not None and content is not None:
            _name(names, path, content.get("src") or "", label.text or "")


def _names_of_nav(archive: zipfile.ZipFile, path: str, names: dict[str, str]) -> None:
    try:
        root = _page(archive.read(path))
    except (KeyError, EmptyDocument):
        return
    for link_ in root.iter("a"):
        _name(names, path, link_.get("href") or "", link_.text_content())


def _name(names: dict[str, str], path: str, href: str, words: str) -> None:
    """The first name of a file is its chapter's; those that follow are of places in it."""
    there = posixpath.normpath(
        posixpath.join(posixpath.dirname(path), unquote(href.partition("#")[0]))
    )
    if words.strip():
        names.setdefault(there, plain(words))


def _refuse_locked(archive: zipfile.ZipFile, book: _Book) -> None:
    """Fonts may be scrambled; chapters that are cannot be read."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    locked = {
        unquote(e.get("URI") or "")
        for e in _xml(archive, "META-INF/encryption.xml").iter("CipherReference")
    }
    if any(chapter.path in locked for chapter in book.chapters):
        raise EncryptedFile("is locked by the shop it came from; get a copy without a lock")
