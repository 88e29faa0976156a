"""Columns of a PDF page: where each begins, its left edge, and the notes at its foot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from index.parsing.pdf_layer import Row

SMALL = 0.93  # below this share of the body's size, type is small


@dataclass(slots=True)
class Column:
    """Rows of a page that follow each other downwards; running headers and the like left out."""

    rows: list[Row]

    @property
    def margin(self) -> float:
        """The left edge of its wide rows, in points."""
        widest = max(r.right - r.left for r in self.rows)
        return min(r.left for r in self.rows if r.right - r.left >= 0.5 * widest)

    def foot(self, body: float, height: float) -> list[Row]:
        """The small rows at its end, where room parts them from the text; `body`: its size."""
        first = len(self.rows)
        while first and is_small(self.rows[first - 1], body, height):
            first -= 1
        if first == len(self.rows):
            return []
        apart = first == 0 or is_apart(self.rows[first - 1], self.rows[first])
        return self.rows[first:] if apart else []


@dataclass(frozen=True, slots=True)
class Columns:
    """Of one page. Keys are ids of its rows."""

    margins: dict[int, float]
    first: frozenset[int]  # of every column but the first
    foot: frozenset[int]
    usual: float  # left edge of rows that are in no column

    def margin(self, row: Row) -> float:
        return self.margins.get(id(row), self.usual)


def is_small(row: Row, body: float, height: float) -> bool:
    """Small type in the lower half of a page."""
    return row.size < SMALL * body and row.top < 0.5 * height


def is_apart(above: Row, row: Row) -> bool:
    """More room between them than between two lines of a paragraph."""
    return above.bottom - row.top > 1.1 * row.size


def find_columns(
    rows: Sequence[Row], running: Collection[int], body: float, height: float
) -> Columns:
    """`rows` in reading order: one that stands above the row before it begins a column."""
    columns: list[Column] = []
    above: Row | None = None
    for row in rows:
        if id(row) in running:
            continue
        if above is None or row.bottom >= above.top:
            columns.append(Column([]))
        columns[-1].rows.append(row)
        above = row
    edges = [(column.margin, column.rows) for column in columns]
    return Columns(
        {id(row): margin for margin, inside in edges for row in inside},
        frozenset(id(column.rows[0]) for column in columns[1:]),
        frozenset(id(row) for column in columns for row in column.foot(body, height)),
        median(r.left for r in rows) if rows else 0.0,
    )
