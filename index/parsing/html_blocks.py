"""From the pieces and tables of a page to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from index.parsing import marks
from index.parsing.building import Draft
from index.parsing.html_text import Item, PageReader
from index.parsing.lines import Line, split_lines
from index.parsing.notes import UNLABELLED, Pending, find_markers, note_start
from index.parsing.tables import Table, find_tables, table_drafts
from index.schema import BlockKind


def page_drafts(reader: PageReader) -> list[Draft]:
    """The blocks of the page, in order."""
    raw = reader.text()
    items = reader.items
    title = next((i.start for i in items if i.tag == "h1" and not i.furniture), None)
    _mark_link_lists(items)
    if title is not None:
        _mark_masthead(raw, items, title)
    out = list(_classified(raw, items))
    for number, (furniture, table) in enumerate(reader.tables):
        place = table.rows[0][0][0]
        if title is not None and place < title:
            table = replace(table, has_header=False)
        rows = table_drafts(raw, table, number)
        for row in rows:
            row.parts = [(min(a for a, _ in row.cells), max(b for _, b in row.cells))]
            if furniture:
                row.kind, row.table, row.cells = BlockKind.FURNITURE, None, []
                row.header = row.under = ()
        out += rows
    out.sort(key=lambda d: d.start)
    return out


def _mark_masthead(raw: str, items: list[Item], title: int) -> None:
    """What stands above the page's title and is no front matter: the site's name, its menus."""
    for item in items:
        text = raw[item.start : item.end].strip()
        if item.start >= title:
            break
        if (
            len(text) <= 160
            and not marks.is_terminal(text)
            and not marks.is_front(text, near_top=True)
        ):
            item.furniture = True


def _mark_link_lists(items: list[Item]) -> None:
    """Three short pieces or more in a row that are nothing but links are navigation."""
    run: list[Item] = []
    for item in [*items, None]:
        if (
            item is not None
            and item.end - item.start <= 40
            and item.links >= 0.8 * (item.end - item.start)
        ):
            run.append(item)
            continue
        if len(run) >= 3:
            for found in run:
                found.furniture = True
        run = []


def _classified(raw: str, items: list[Item]) -> Iterator[Draft]:
    """A draft a piece, by its tag first and then by its words."""
    lines = {line.start: line for line in split_lines(raw)}
    plain = [
        (i, line)
        for i, item in enumerate(items)
        if item.tag in ("p", "div", "td", "section", "article", "body")
        and not item.furniture
        and (line := _line(raw, item, lines))
    ]
    tables = _flattened(plain)
    pending = Pending(find_markers(raw), frozenset(item.start for item in items))
    top, bibliography, skip = True, False, 0
    for i, item in enumerate(items):
        if skip:
            skip -= 1
            continue
        if i in tables:
            number, table = tables[i]
            yield from table_drafts(raw, table, number)
            skip = table.last - table.first - 1
            continue
        text = raw[item.start : item.end].strip()
        draft = Draft(_kind(text, item, top, bibliography), [(item.start, item.end)])
        if draft.kind is BlockKind.HEADING:
            draft.level = int(item.tag[1]) if re.fullmatch(r"h[1-6]", item.tag) else _level(text)
            bibliography = marks.BIBLIOGRAPHY.fullmatch(text) is not None
        elif draft.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.REFERENCE):
            top = top and len(text) < 80
            opened = note_start(text)
            if opened and (bibliography or pending.waits(opened[0], item.start)):
                pending.take(opened[0], item.start)
                draft.kind = BlockKind.REFERENCE if bibliography else BlockKind.FOOTNOTE
                draft.label = opened[1]
        yield draft


def _line(raw: str, item: Item, lines: dict[int, Line]) -> Line | None:
    text = raw[item.start : item.end]
    at = item.start + len(text) - len(text.lstrip())
    return lines.get(at)


def _flattened(plain: list[tuple[int, Line]]) -> dict[int, tuple[int, Table]]:
    """Tables that the page lost: runs of neighbouring pieces, one cell each."""
    found: dict[int, tuple[int, Table]] = {}
    run: list[tuple[int, Line]] = []
    for entry in [*plain, (-9, None)]:
        if run and entry[0] != run[-1][0] + 1:
            only = [line for _, line in run]
            for table in find_tables(only, flattened=True):
                found[run[0][0] + table.first] = (1000 + len(found), table)
            run = []
        if entry[1] is not None:
            run.append((entry[0], entry[1]))
    return found


def _kind(text: str, item: Item, top: bool, bibliography: bool) -> BlockKind:
    if item.furniture or (item.tag != "h1" and marks.is_furniture(text)):
        return BlockKind.FURNITURE
    if re.fullmatch(r"h[1-6]", item.tag):
        return BlockKind.HEADING
    if item.tag in ("figcaption", "caption"):
        return BlockKind.CAPTION
    if marks.is_caption(text):
        return BlockKind.CAPTION
    if marks.NAMED.fullmatch(text) or (item.tag != "li" and _level(text)):
        return BlockKind.HEADING
    if marks.is_front(text, near_top=top):
        return BlockKind.FRONT_MATTER
    if marks.SOURCE_NOTE.match(text) and len(text) <= 120:
        return BlockKind.CAPTION
    if bibliography or UNLABELLED.match(text):
        return BlockKind.REFERENCE
    return (
        BlockKind.LIST_ITEM
        if item.tag in ("li", "dd") or (marks.LIST_ITEM.match(text) and len(text) < 200)
        else BlockKind.PARAGRAPH
    )


def _level(text: str) -> int | None:
    """Level of a heading that only its number shows: 一、 below h1, （一） below that."""
    rank = marks.heading_rank(text)
    if (
        rank is None
        or rank >= marks.NUMBER_RANK
        or (marks.is_terminal(text) and not text.endswith(("？", "?")))
    ):
        return None
    return {1: 2, 2: 2, 3: 3, 4: 4, 5: 2, 6: 3, 7: 2}.get(rank, 4)
