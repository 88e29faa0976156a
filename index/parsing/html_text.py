"""Walks the tree of a page and gathers its text layer and blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from index.cleaning import HAN
from index.parsing import marks
from index.parsing.building import Pair
from index.parsing.merged import Cell, merged_table
from index.parsing.tables import Table, is_header

_DROPPED = frozenset({
    "script", "style", "noscript", "template", "svg", "iframe", "object", "embed", "canvas",
    "head", "math", "audio", "video", "map",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption", "option",
})  # fmt: skip
_FURNITURE_TAGS = frozenset(["nav", "footer", "aside", "form", "button", "select", "menu"])
_NAMED = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|crumbs?|mianbaoxie|footer|foot|"
    r"share|sharing|social|sidebar|side|related|recommend|"
    r"comments?|copyright|toolbar|tools|pagination|pager|advert|ads?|banner|login|search|cookie|"
    r"toc-nav|skip)(?:$|[\s_-])",
    re.IGNORECASE,
)
# 微信公众号 hides an article until its script runs; a saved page stays so.
_REVEALED = frozenset(["js_content"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_MARK = re.compile(r"[\[［〔(]?(?:\d{1,3}|[a-z*†‡]|[ivx]{1,4}|注\d{0,3})[\]］〕)]?|[①-⑳]")


@dataclass(slots=True)
class Item:
    """A piece of the page between two block boundaries."""

    start: int
    end: int
    tag: str
    furniture: bool
    links: int  # characters inside links
    number: int = 0


class PageReader:
    def __init__(self) -> None:
        self.markers: list[tuple[Pair, str]] = []  # a short link within the page, and its target
        self.targets: dict[str, int] = {}  # where each element with an id begins
        self._parts: list[str] = []
        self._length = 0
        self.items: list[Item] = []
        self.tables: list[tuple[bool, Table]] = []
        self._buffer: list[str] = []
        self._buffered = 0
        self._links = 0
        self._space = False
        self._total = 0

    def text(self) -> str:
        return "".join(self._parts)

    def read(self, root: Any) -> None:
        from lxml import etree  # type: ignore[import-untyped]

        body = root.find(".//body")
        top = body if body is not None else root
        etree.strip_elements(top, *_DROPPED, with_tail=False)
        self._total = max(1, len(top.text_content()))
        self._walk(top)
        self._flush("p", False)

    def _walk(self, top: Any) -> None:
        """Depth first without recursion: a page may be nested a thousand deep."""
        stack: list[tuple[Any, str, bool, bool, bool]] = [(top, "open", False, False, False)]
        tags: list[str] = ["p"]
        while stack:
            element, step, furniture, linked, pre = stack.pop()
            if step == "tail":
                if element.tail:
                    self._say(element.tail, linked, pre)
                continue
            tag = element.tag if isinstance(element.tag, str) else "script"
            if step == "close":
                if tag in _BLOCKS:
                    self._flush(tags[-1], furniture)
                    tags.pop()
                elif tag == "a":
                    self._mark(element)
                continue
            if (
                tag in _DROPPED
                or element.get("hidden") is not None
                or (
                    _HIDDEN.search(element.get("style") or "")
                    and element.get("id") not in _REVEALED
                )
            ):
                continue
            block = tag in _BLOCKS
            if block:
                self._flush(tags[-1], furniture)
                furniture = furniture or self._is_furniture(element, tag)
            for name in (element.get("id"), element.get("name") if tag == "a" else None):
                if name:
                    self.targets.setdefault(name, self._length + self._buffered)
            if tag == "table" and (rows := self._data_rows(element)):
                self._table(rows, furniture)
                continue
            if tag == "br":
                self._break(tags[-1], furniture)
            if block:
                tags.append(self._tag(tag, tags[-1]))
            if tag == "a":
                element.set("data-from", str(self._length + self._buffered))
            inside = linked or tag in ("a", "button")
            stack.append((element, "close", furniture, linked, pre))
            pre = pre or tag == "pre"
            for child in reversed(element):
                stack.append((child, "tail", furniture, inside, pre))
                stack.append((child, "open", furniture, inside, pre))
            if element.text:
                self._say(element.text, inside, pre)

    def _tag(self, tag: str, above: str) -> str:
        """The tag that says what a piece is: a p inside a list item is the item."""
        if tag in ("p", "div", "span", "section", "article", "center") and above in (
            "li",
            "blockquote",
            "dd",
            "dt",
            "figcaption",
            "caption",
        ):
            return above
        return tag

    def _is_furniture(self, element: Any, tag: str) -> bool:
        named = tag in _FURNITURE_TAGS or element.get("role") in (
            "navigation",
            "contentinfo",
            "search",
            "banner",
        )
        named = (
            named
            or _NAMED.search(f"{element.get('class') or ''} {element.get('id') or ''}") is not None
        )
        if tag in ("body", "html", "main", "article") or not named:
            return False
        # Half of the page is no navigation, whatever its class says; nor is what holds footnotes.
        if (
            tag in ("footer", "aside", "section", "div")
            and element.find(".//*[@id]") is not None
            and element.find(".//li") is not None
        ):
            words = element.text_content()
            if len(words) > 40 * max(1, len(element.findall(".//li"))):
                return False
        return len(element.text_content()) < 0.5 * self._total

    def _say(self, text: str, linked: bool, pre: bool) -> None:
        if pre:
            piece = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            piece = _SPACE.sub(" ", text)
            if piece.startswith(" "):
                self._space = self._space or bool(self._buffered)
                piece = piece[1:]
            trailing = piece.endswith(" ")
            piece = piece.rstrip(" ")
            if piece:
                last = self._buffer[-1][-1] if self._buffer else ""
                broken = "\n" in text[: len(text) - len(text.lstrip())]
                if self._space and not (broken and HAN.match(last) and HAN.match(piece)):
                    self._put(" ", linked)
                self._space = trailing
                piece = (
                    re.sub(r"(?<=[\u4e00-\u9fff，。、；：]) (?=[\u4e00-\u9fff])", "", piece)
                    if "\n" in text.strip()
                    else piece
                )
            elif trailing:
                self._space = bool(self._buffered)
        if piece:
            self._put(piece, linked)

    def _put(self, piece: str, linked: bool) -> None:
        self._buffer.append(piece)
        self._buffered += len(piece)
        self._links += len(piece) if linked else 0

    def _break(self, tag: str, furniture: bool) -> None:
        """<br> ends a piece, unless the line stops in the middle of a long sentence."""
        line = "".join(self._buffer)
        if (
            len(line) >= 30
            and not marks.is_terminal(line)
            and line[-1].isalnum()
            and tag not in ("h1", "h2", "h3")
        ):
            self._space = not HAN.match(line[-1])
        elif tag.startswith("h") and len(tag) == 2:
            self._space = True
        else:
            self._flush(tag, furniture)

    def _mark(self, element: Any) -> None:
        href, start = element.get("href") or "", int(element.get("data-from") or 0)
        end = self._length + self._buffered
        words = (
            "".join(self._buffer)[start - self._length :].strip() if start >= self._length else ""
        )
        if href.startswith("#") and len(href) > 1 and _MARK.fullmatch(words):
            self.markers.append(((end - len(words), end), href[1:]))

    def _flush(self, tag: str, furniture: bool) -> None:
        text = "".join(self._buffer)
        if text.strip():
            self._emit(text)
            self.items.append(
                Item(self._length - len(text) - 1, self._length - 1, tag, furniture, self._links)
            )
        elif text:
            # Offsets of markers and ids count the buffer: nothing of it may vanish silently.
            self._parts.append(text)
            self._length += len(text)
        self._buffer, self._buffered, self._links, self._space = [], 0, 0, False

    def _emit(self, text: str) -> None:
        self._parts.append(text + "\n")
        self._length += len(text) + 1

    def _data_rows(self, table: Any) -> list[list[Any]] | None:
        """The rows of a table of data; None for one that only arranges the page."""
        if (
            table.find(".//table") is not None
            or table.find(".//h1") is not None
            or table.find(".//form") is not None
        ):
            return None
        rows = [[c for c in row if c.tag in ("td", "th")] for row in table.iter("tr")]
        rows = [row for row in rows if row]
        if len(rows) < 2 or max(len(row) for row in rows) < 2:
            return None
        if any(
            len(c.text_content()) > 1500 or len(c.findall(".//p")) > 6 for row in rows for c in row
        ):
            return None
        return rows

    def _table(self, rows: list[list[Any]], furniture: bool) -> None:
        caption = rows[0][0].getparent()
        while caption is not None and caption.tag != "table":
            caption = caption.getparent()
        above = caption.find("caption") if caption is not None else None
        if above is not None and above.text_content().strip():
            self._put(" ".join(above.text_content().split()), False)
            self._flush("caption", furniture)
        grid: list[list[Cell]] = []
        for row in rows:
            cells: list[Cell] = []
            first = True
            for cell in row:
                words = " ".join(cell.text_content().split())
                if words and not first:
                    self._parts.append("\t")
                    self._length += 1
                first = first and not words
                place = (self._length, self._length + len(words))
                cells.append(Cell(place, words, _span(cell, "colspan"), _span(cell, "rowspan")))
                self._parts.append(words)
                self._length += len(words)
            self._parts.append("\n")
            self._length += 1
            grid.append(cells)
        marked = 0
        while (
            marked < len(rows) - 1 and _is_marked(rows[marked]) and len(rows[marked]) > bool(marked)
        ):
            marked += 1

        def shows(head: list[str]) -> bool:
            return len(rows) > 2 and len(set(head)) == len(head) and is_header(head)

        table = merged_table(grid, marked=marked, shows=shows)
        if table is not None:
            self.tables.append((furniture, table))


def _is_marked(row: list[Any]) -> bool:
    """The page itself calls the row a header."""
    above = row[0].getparent().getparent()
    return all(c.tag == "th" for c in row) or (above is not None and above.tag == "thead")


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return min(int(value), 100) if value.isdecimal() and int(value) else 1
