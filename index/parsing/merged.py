"""Tables whose cells span rows or columns: where everything stands, which rows are the header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.parsing.building import Pair
from index.parsing.tables import Table, is_header

_MOST_COLUMNS = 400  # beyond these, a cell is as wide as it looks: pages lie about their spans


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the file has it: `place` in the raw text, empty where it holds nothing."""

    place: Pair
    words: str
    wide: int = 1
    high: int = 1


def merged_table(
    rows: Sequence[Sequence[Cell]], *, marked: int, shows: Callable[[list[str]], bool]
) -> Table | None:
    """The table with every cell in its column; None where it holds nothing.

    `marked`: how many rows from the top the file itself calls the header. `shows`: whether the
    words of a row look like one, asked where the file says nothing.
    """
    grid, covers = _lay_out(rows)
    kept = [i for i, row in enumerate(grid) if any(b > a for a, b in row)]
    if not kept:
        return None
    at = {i: n for n, i in enumerate(kept)}
    own = [rows[i] for i in kept]
    first, last = _header(own, len(set(kept) & set(range(marked))), shows)
    return Table(
        first=0,
        last=0,
        rows=[grid[i] for i in kept],
        has_header=last > first,
        header_from=first,
        header_rows=max(1, last - first),
        covers={(at[i], j): (at[a], b) for (i, j), (a, b) in covers.items() if i in at and a in at},
    )


def _lay_out(
    rows: Sequence[Sequence[Cell]],
) -> tuple[list[list[Pair]], dict[Pair, Pair]]:
    """Rows of places by column, and for each covered (row, column) the cell that covers it."""
    grid: list[list[Pair]] = []
    covers: dict[Pair, Pair] = {}
    hanging: dict[int, tuple[int, Pair]] = {}  # column → last row covered from above, and by what
    last_end = 0
    for i, row in enumerate(rows):
        cells: list[Pair] = []
        start = row[0].place[0] if row else last_end

        def cover(by: Pair, i: int = i, cells: list[Pair] = cells, start: int = start) -> None:
            covers[i, len(cells)] = by
            end = cells[-1][1] if cells else start
            cells.append((end, end))

        def hang(i: int = i, cells: list[Pair] = cells) -> bool:
            """Fill the next column if a cell above reaches down to it."""
            reach, by = hanging.get(len(cells), (-1, (0, 0)))
            if reach < i:
                return False
            cover(by)
            return True

        for cell in row:
            while hang():
                pass
            origin = (i, len(cells))
            wide = cell.wide if len(cells) + cell.wide <= _MOST_COLUMNS else 1
            cells.append(cell.place)
            for _ in range(wide - 1):
                cover(origin)
            if cell.high > 1:
                for j in range(origin[1], len(cells)):
                    hanging[j] = (i + cell.high - 1, origin)
        while hang():
            pass
        grid.append(cells)
        last_end = cells[-1][1] if cells else last_end
    return grid, covers


def _header(
    rows: Sequence[Sequence[Cell]], marked: int, shows: Callable[[list[str]], bool]
) -> Pair:
    """[first, last) of the header rows; a row above them that spans the table is its title."""
    width = max(sum(c.wide for c in row) for row in rows)
    first = 0
    if len(rows) > 2 and len(rows[0]) == 1 and 1 < width <= rows[0][0].wide:
        first = 1
    last = max(first, marked)
    if last == first and shows([c.words for c in rows[first]]):
        last = first + 1
    if last == first:
        return 0, 0
    top = rows[first]
    if any(c.wide > 1 for c in top):
        high = max(c.high for c in top)
        if high > 1:
            last = max(last, first + high)
        elif (
            last == first + 1 and last + 1 < len(rows) and is_header([c.words for c in rows[last]])
        ):
            last += 1
    return (first, last) if last < len(rows) or last == 1 else (first, len(rows) - 1)
