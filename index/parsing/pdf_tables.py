"""Tables on a PDF page: from ruled lines where they are drawn, else from aligned columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from index.parsing.marks import CAPTION
from index.parsing.pdf_layer import Row, Segment, as_shown


@dataclass(slots=True)
class Rules:
    """Ruled lines of a page in points."""

    across: list[tuple[float, float, float]] = field(default_factory=list)  # y, left, right
    down: list[tuple[float, float, float]] = field(default_factory=list)  # x, bottom, top


def read_rules(page: Any, limit: int = 5000) -> Rules:
    """Thin paths, and the edges of boxes; pieces of one line are joined."""
    from pypdfium2 import raw as pdfium

    rules = Rules()
    moved = as_shown(page)
    for number, item in enumerate(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=3)):
        if number > limit:
            return Rules()
        bounds = item.get_bounds()
        left, bottom, right, top = moved(*bounds) if moved is not None else bounds
        wide, high = right - left, top - bottom
        if high < 3 and wide > 8:
            rules.across.append(((top + bottom) / 2, left, right))
        elif wide < 3 and high > 5:
            rules.down.append(((left + right) / 2, bottom, top))
        elif 8 < wide < 600 and 5 < high < 400:
            rules.across += [(top, left, right), (bottom, left, right)]
            rules.down += [(left, bottom, top), (right, bottom, top)]
    joined: list[tuple[float, float, float]] = []
    for y, left, right in sorted(rules.across, key=lambda r: (-round(r[0]), r[1])):
        last = joined[-1] if joined else None
        if last is not None and abs(last[0] - y) < 2 and left <= last[2] + 3:
            joined[-1] = (last[0], last[1], max(last[2], right))
        else:
            joined.append((y, left, right))
    rules.across = joined
    return rules


@dataclass(slots=True)
class Grid:
    """A table on a page: rows [first, last) of the page, as cells of columns (None where empty)."""

    first: int
    last: int
    cells: list[list[list[Segment]]]


def find_grids(rows: Sequence[Row], rules: Rules) -> list[Grid]:
    """Runs of rows between ruled lines, or whose segments stand beneath one another."""
    grids: list[Grid] = []
    i = 0
    while i < len(rows):
        if CAPTION.match(rows[i].text):
            i += 1
            continue
        grid = _ruled(rows, i, rules)
        if grid is None and len(rows[i].segments) >= 2:
            grid = _grid(rows, i)
        if grid is None:
            i += 1
        else:
            grids.append(grid)
            i = grid.last
    return grids


def _ruled(rows: Sequence[Row], first: int, rules: Rules) -> Grid | None:
    """The table that the line above this row opens: a band between two lines is a row."""
    row = rows[first]
    above = [r for r in rules.across if -2 <= r[0] - row.top < 2 * row.size]
    above = [r for r in above if r[1] <= row.left + 2 and r[2] >= row.right - 2]
    if not above:
        return None
    head = min(above, key=lambda r: r[0])
    chain = [head[0]]
    for y, left, right in rules.across:
        shared = min(right, head[2]) - max(left, head[1])
        if y < chain[-1] - 3 and shared > 0.8 * (head[2] - head[1]) and chain[-1] - y < 180:
            chain.append(y)
    bands: list[list[Row]] = []
    last = first
    for top, bottom in pairwise(chain):
        band: list[Row] = []
        while (
            last < len(rows) and bottom - 2 <= (rows[last].top + rows[last].bottom) / 2 <= top + 2
        ):
            band.append(rows[last])
            last += 1
        if not band or (len(band) == 1 and CAPTION.match(band[0].text)):
            last -= len(band)
            break
        bands.append(band)
    if len(bands) < 2 and not (bands and len(bands[0]) > 2):
        return None
    # A line beneath a running header is no table's: what follows it is text across the page.
    width = head[2] - head[1]
    opening = bands[0]
    if len(opening) > 4 or any(
        len(r.segments) == 1 and r.right - r.left > 0.6 * width for r in opening
    ):
        return None
    columns = _columns([r for band in bands for r in band], rules, head, chain)
    if len(columns) < 2:
        return None
    cells: list[list[list[Segment]]] = []
    for band in bands:
        # Three lines to a table: the last band holds many rows, each beginning in the first column.
        several = not rules.down and sum(r.left < columns[0][1] for r in band) > 1
        for k, row in enumerate(band):
            if k == 0 or (several and row.left < columns[0][1]):
                cells.append([[] for _ in columns])
            for segment in row.segments:
                for piece in _pieces(segment, columns):
                    middle = (piece.left + min(piece.right, piece.left + 12)) / 2
                    place = next(
                        (j for j, c in enumerate(columns) if middle < c[1]), len(columns) - 1
                    )
                    cells[-1][place].append(piece)
    return Grid(first, last, cells) if len(cells) >= 2 else None


def _pieces(segment: Segment, columns: Sequence[tuple[float, float]]) -> list[Segment]:
    pieces = [segment]
    for _, x in columns[:-1]:
        if (halves := pieces[-1].cut(x)) is not None:
            pieces[-1:] = halves
    return pieces


def _columns(
    rows: Sequence[Row], rules: Rules, head: tuple[float, float, float], chain: Sequence[float]
) -> list[tuple[float, float]]:
    """Columns between the lines that run down; without any, where no row has text."""
    xs: list[float] = []
    for x, bottom, top in sorted(rules.down):
        inside = bottom < chain[0] and top > chain[-1] and head[1] - 3 <= x <= head[2] + 3
        if inside and (not xs or x - xs[-1] > 4):
            xs.append(x)
    if len(xs) >= 2:
        edges = sorted({head[1], *xs, head[2]})
        edges = [e for i, e in enumerate(edges) if i == 0 or e - edges[i - 1] > 4]
        return list(pairwise(edges))
    taken: list[tuple[float, float]] = []
    for left, right in sorted(
        (s.left, s.right) for r in rows for s in r.segments if len(r.segments) > 1
    ):
        if taken and left < taken[-1][1] + 2:
            taken[-1] = (taken[-1][0], max(taken[-1][1], right))
        else:
            taken.append((left, right))
    starts = [left for left, _ in taken]
    return list(zip(starts, [x - 1 for x in starts[1:]] + [head[2] + 50], strict=True))


def _grid(rows: Sequence[Row], first: int) -> Grid | None:
    columns = [(s.left, s.right) for s in rows[first].segments]
    last = first + 1
    wide = 1
    while last < len(rows):
        row = rows[last]
        step = rows[last - 1].bottom - row.top
        if not -0.5 * row.size < step < 2.5 * row.size or _place(row, columns) is None:
            break
        if len(row.segments) == 1 and not _inside(row, columns, rows[first]):
            break
        wide += len(row.segments) >= 2
        columns = _widened(row, columns)
        last += 1
    if wide < 2:
        return None
    cells: list[list[list[Segment]]] = []
    for i in range(first, last):
        places = _place(rows[i], columns)
        assert places is not None
        goes_on = (
            bool(cells) and i > first and 0 not in places and _close_below(rows[i - 1], rows[i])
        )
        if not goes_on:
            cells.append([[] for _ in columns])
        for place, segment in zip(places, rows[i].segments, strict=True):
            cells[-1][place].append(segment)
    return Grid(first, last, cells) if len(cells) >= 2 else None


def _place(row: Row, columns: Sequence[tuple[float, float]]) -> list[int] | None:
    """The column of each segment; None where one fits none, or two fall into the same."""
    places: list[int] = []
    for segment in row.segments:
        best, most = -1, 0.0
        for j, (left, right) in enumerate(columns):
            shared = min(right, segment.right) - max(left, segment.left)
            nearest = max(shared, 0.1 if abs(left - segment.left) < 3 else 0.0)
            if nearest > most:
                best, most = j, nearest
        if best < 0 or best in places:
            return None
        # A segment across several columns is text, not a cell.
        if sum(min(r, segment.right) - max(a, segment.left) > 2 for a, r in columns) > 1:
            return None
        places.append(best)
    return places


def _widened(row: Row, columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    places = _place(row, columns) or []
    out = list(columns)
    for place, segment in zip(places, row.segments, strict=False):
        out[place] = (min(out[place][0], segment.left), max(out[place][1], segment.right))
    return out


def _inside(row: Row, columns: Sequence[tuple[float, float]], head: Row) -> bool:
    """A lone segment continues a cell: not of the first column, set no larger."""
    return row.left > columns[0][0] + 3 and row.size <= 1.15 * head.size


def _close_below(above: Row, row: Row) -> bool:
    return above.bottom - row.top < 0.8 * row.size
