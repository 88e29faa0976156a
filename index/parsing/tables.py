"""Tables in plain text: tabs, pipes, aligned columns, and tables flattened to one cell a line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import pvariance

from index.parsing.building import Draft, plain
from index.parsing.lines import Line
from index.parsing.marks import CAPTION, SOURCE_NOTE, TABLE_CAPTION, heading_rank, is_terminal
from index.schema import BlockKind

_TAB = re.compile("\t")
_GAP = re.compile(r"\t+|[ \u3000\xa0]{2,}")
# What parts the cells of a line as well, where a column of figures shows that it is a row.
_PARTED = (
    re.compile(rf"{_GAP.pattern}|\u3000"),
    re.compile(r"\s*[|｜]\s*"),
    re.compile(r"\s*[;；]\s*"),
)
_NUMERIC = re.compile(
    r"[+\-−]?[¥$€￥]?[\d.,，]+\s?(?:%|％|万|亿|元|吨|个|家|人|年|月|GW|MW|亿元|万元|万吨|美元|"
    r"亿美元|个百分点)*$|[—–\-/]+$"
)
_YEAR = re.compile(r"(?:19|20)\d{2}\s?年?(?:[1-4]?\s?[HQ季度上半下]{1,3}[1-4]?)?[EeFfPp]?")
_MONTH = re.compile(r"(?:1[0-2]|[1-9])(?:\s?[-–—~～至]\s?(?:1[0-2]|[1-9]))?\s?月份?")
_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_NAMES_AND_FIGURES = re.compile(r"n(?P<figures>f{2,9})(?:n(?P=figures)(?!f)){2,}")
_MOST_HEADER = 12  # lines above the rows that may be their header
_SHORT_CELL = 30  # characters
_MAX_CELL = 90  # characters; a longer line is a paragraph


@dataclass(frozen=True, slots=True)
class Table:
    """Lines [first, last) of the text, as rows of cells."""

    first: int
    last: int
    rows: list[list[tuple[int, int]]]  # raw spans; empty cells have start == end
    has_header: bool
    header_from: int = 0  # its first header row; above it stands a title
    header_rows: int = 1
    # (row, column) that a merged cell covers → (row, column) where that cell's words stand
    covers: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanTable:
    """A table whose cells a page's layout has already told apart; a row stands on one line."""

    rows: list[list[tuple[int, int]]]


def find_tables(lines: Sequence[Line], *, flattened: bool) -> list[Table]:
    """All tables in reading order. `flattened`: also one cell a line, of whatever is alike.

    In wrapped text only names with as many figures each are told from what goes on.
    """
    tables: list[Table] = []
    runs = _cell_runs(lines)
    i = 0
    while i < len(lines):
        table = _pipes(lines, i) or _columns(lines, i)
        if table is None and len(lines[i].text) <= 60:
            table = _flattened(lines, runs, i, guess=flattened)
        if table is None:
            i += 1
        else:
            tables.append(table)
            i = table.last
    return tables


def table_drafts(raw: str, table: Table, number: int, base: int = 0) -> list[Draft]:
    """A draft for each row; a cell takes its name from the header rows.

    A row stands under the merged cells that reach down to it, and under the row above that spans
    the whole table. `raw` begins at raw offset `base`: a long document need not be put together
    for one table.
    """

    def words(i: int, j: int) -> str:
        a, b = table.rows[i][j]
        return plain(raw[a - base : b - base])

    head = range(table.header_from, table.header_from + table.header_rows * table.has_header)
    names = _names(table, head, words) if table.has_header else []
    title: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    drafts = []
    for i, row in enumerate(table.rows):
        cells = [
            (j, cell) for j, cell in enumerate(row) if raw[cell[0] - base : cell[1] - base].strip()
        ]
        if not cells:
            continue
        is_header = i in head
        named = i >= head.stop
        label = _spanning(table, i, cells, words) if not is_header else ""
        if label and i < table.header_from:
            title = (label,)
        elif label:
            group = ()
        covering = dict.fromkeys(
            table.covers[i, j] for j in range(len(row)) if (i, j) in table.covers
        )
        reaching = () if is_header else (words(a, b) for a, b in covering if head.stop <= a < i)
        drafts.append(
            Draft(
                BlockKind.TABLE_ROW,
                [(row[0][0], row[-1][1])],
                table=number,
                header=()
                if is_header
                else tuple(names[j] if named and j < len(names) else "" for j, _ in cells),
                cells=[cell for _, cell in cells],
                is_header=is_header,
                under=() if label else (*title, *group, *filter(None, reaching)),
            )
        )
        if label and i >= table.header_from:
            group = (label,)
    return drafts


def _names(table: Table, head: range, words: Callable[[int, int], str]) -> list[str]:
    """The name of each column: its header cells from top to bottom, merged ones included."""
    names = []
    for j in range(max(len(table.rows[i]) for i in head)):
        places = [table.covers.get((i, j), (i, j)) for i in head]
        parts = dict.fromkeys(words(a, b) for a, b in places if b < len(table.rows[a]))
        names.append(" ".join(filter(None, parts)))
    return names


def _spanning(
    table: Table, i: int, cells: Sequence[tuple[int, object]], words: Callable[[int, int], str]
) -> str:
    """The words of a row that is one cell over the whole table, and names the rows below it."""
    width = len(table.rows[i])
    if len(cells) > 1 or width < 2 or i + 1 == len(table.rows):
        return ""
    j = cells[0][0]
    if j or any(table.covers.get((i, k)) != (i, 0) for k in range(1, width)):
        return ""
    label = words(i, 0)
    return label if len(label) <= 40 and not SOURCE_NOTE.match(label) else ""


def _split(line: Line, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    cells, at = [], 0
    for match in pattern.finditer(line.text):
        cells.append((line.start + at, line.start + match.start()))
        at = match.end()
    cells.append((line.start + at, line.end))
    return cells


def _columns(lines: Sequence[Line], first: int) -> Table | None:
    """Two or more lines in a row split by tabs, or three by runs of spaces, into as many cells."""
    line = lines[first]
    tabs = line.text.count("\t")
    if tabs:
        last = first
        while (
            last < len(lines)
            and lines[last].text.count("\t")
            and abs(lines[last].text.count("\t") - tabs) <= 1
        ):
            last += 1
        return None if last - first < 2 else _parted(lines, first, last, _TAB)
    if last := _alike(lines, first, _GAP):
        return _parted(lines, first, last, _GAP)
    for pattern in _PARTED:
        if last := _alike(lines, first, pattern):
            table = _parted(lines, first, last, pattern)
            if _holds_figures(lines, table):
                return table
    return None


def _alike(lines: Sequence[Line], first: int, pattern: re.Pattern[str]) -> int:
    """The end of three or more lines with as many cells, three at least; 0 for fewer."""
    cells = len(pattern.findall(lines[first].text)) + 1
    if cells < 3:
        return 0
    last = first
    while (
        last < len(lines)
        and len(pattern.findall(lines[last].text)) + 1 == cells
        and not is_terminal(lines[last].text)
    ):
        last += 1
    return 0 if last - first < 3 else last


def _parted(lines: Sequence[Line], first: int, last: int, pattern: re.Pattern[str]) -> Table:
    rows = [_split(line, pattern) for line in lines[first:last]]
    return Table(first, last, rows, is_header(_texts(lines[first], rows[0])))


def _texts(line: Line, cells: Sequence[tuple[int, int]]) -> list[str]:
    return [line.text[a - line.start : b - line.start] for a, b in cells]


def _holds_figures(lines: Sequence[Line], table: Table) -> bool:
    """Whether columns are of figures and every cell is short.

    One is enough below a header: without one, contents and lists of links have a number, too. A
    list of names is no table, nor are references with their years.
    """
    texts = list(map(_texts, lines[table.first : table.last], table.rows))
    if any(len(cell) > _SHORT_CELL for row in texts for cell in row):
        return False
    columns = list(zip(*texts[table.has_header :], strict=True))
    figures = sum(
        all(_NUMERIC.fullmatch(cell) for cell in column)
        and not all(_YEAR.fullmatch(cell) for cell in column)
        for column in columns
    )
    return figures >= (1 if table.has_header else 2)


def _pipes(lines: Sequence[Line], first: int) -> Table | None:
    """A Markdown table: a row, a rule beneath it, rows."""
    if (
        "|" not in lines[first].text
        or first + 1 >= len(lines)
        or not _RULE.fullmatch(lines[first + 1].text)
    ):
        return None
    if "|" not in lines[first + 1].text and lines[first].text.count("|") > 2:
        return None
    rows = [pipe_cells(lines[first])]
    last = first + 2
    while last < len(lines) and "|" in lines[last].text and lines[last].gap <= 1:
        rows.append(pipe_cells(lines[last]))
        last += 1
    return Table(first, last, rows, True) if len(rows) > 1 else None


def pipe_cells(line: Line) -> list[tuple[int, int]]:
    text, cells, at = line.text, [], 1 if line.text.startswith("|") else 0
    end = len(text) - 1 if text.endswith("|") and not text.endswith("\\|") else len(text)
    for match in re.finditer(r"(?<!\\)\|", text[:end]):
        if match.start() >= at:
            cells.append((line.start + at, line.start + match.start()))
            at = match.end()
    cells.append((line.start + at, line.start + max(at, end)))
    return [_trim(text, line.start, a, b) for a, b in cells]


def _trim(text: str, base: int, start: int, end: int) -> tuple[int, int]:
    a, b = start - base, end - base
    while a < b and text[a].isspace():
        a += 1
    while b > a and text[b - 1].isspace():
        b -= 1
    return base + a, base + b


def is_header(cells: Sequence[str]) -> bool:
    """Short names, no figures. Months are names too, but a row may well open with one."""
    names = [c.strip() for c in cells]
    months = [c for c in names if _MONTH.fullmatch(c)]
    if len(months) == 1 and names[0] == months[0]:
        months = []
    named = [c for c in names if not _YEAR.fullmatch(c) and c not in months]
    return bool(named) and all(len(c) <= 24 and not _NUMERIC.fullmatch(c) for c in named)


def _cell_runs(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """For each line: (first, last) of the run of possible cells it is in; empty for no cell."""
    runs: list[tuple[int, int]] = []
    first = 0
    for i, line in enumerate(lines):
        if _is_cell(line):
            runs.append((first, i + 1))
        else:
            runs.append((i, i))
            first = i + 1
    for i in range(len(runs) - 2, -1, -1):
        if runs[i][1] > runs[i][0] and runs[i + 1][0] == runs[i][0] and runs[i + 1][1] > i + 1:
            runs[i] = (runs[i][0], runs[i + 1][1])
    return runs


def _flattened(
    lines: Sequence[Line], runs: Sequence[tuple[int, int]], first: int, *, guess: bool
) -> Table | None:
    """A run of short lines, whose count is a multiple of the header's, beneath a table's caption.

    Without a caption the columns must differ in kind: at least one of figures only.
    """
    text = lines[first].text
    caption = CAPTION.match(text) is not None and TABLE_CAPTION.match(text) is not None
    start = first + 1 if caption else first
    if start >= len(lines):
        return None
    begin, last = runs[start]
    # A table may stand a little below the start of its run, but not anywhere in a long list.
    if last - start < 6 or last - start > 400 or start - begin > 12:
        return None
    texts = [line.text for line in lines[start:last]]
    columns = _best_columns(texts, lenient=caption) if guess else None
    if columns is None:
        return _repeated(lines, start, texts)
    rows = [
        [(line.start, line.end) for line in lines[i : i + columns]]
        for i in range(start, last, columns)
    ]
    return Table(start, last, rows, True)


def _repeated(lines: Sequence[Line], start: int, texts: Sequence[str]) -> Table | None:
    """Rows of a name and as many figures each, below a header that is not one cell a column."""
    shape = "".join("f" if _NUMERIC.fullmatch(text) else "n" for text in texts)
    match = _NAMES_AND_FIGURES.search(shape)
    if match is None or match.start() > _MOST_HEADER:
        return None
    columns = 1 + len(match["figures"])
    first, last = start + match.start(), start + match.end()
    if any(_pipes(lines, i) or _columns(lines, i) for i in range(start, first)):
        return None  # that one is told first
    rows = [
        [(line.start, line.end) for line in lines[i : i + columns]]
        for i in range(first, last, columns)
    ]
    return Table(first, last, rows, False)


def _is_cell(line: Line) -> bool:
    text = line.text
    return (
        len(text) <= _MAX_CELL
        and "。" not in text
        and not text.endswith(("：", ":", "；", "，", ","))
        and heading_rank(text) is None
        and not SOURCE_NOTE.match(text)
        and not CAPTION.match(text)
    )


def _best_columns(texts: Sequence[str], *, lenient: bool) -> int | None:
    """The number of columns that makes cells of one column most alike; None where nothing fits."""
    best: tuple[float, int] | None = None
    for columns in range(2, min(10, len(texts) // 2) + 1):
        if len(texts) % columns or not is_header(texts[:columns]):
            continue
        if (
            any(
                len(t) > 14 or re.search(r"[，,。；;、]|\d{3,}(?![\d年])", t)
                for t in texts[:columns]
            )
            or len(set(texts[:columns])) < columns
        ):
            continue
        body = [texts[columns + j :: columns] for j in range(columns)]
        figures = sum(all(_NUMERIC.fullmatch(c) for c in column) for column in body)
        words = sum(not any(_NUMERIC.fullmatch(c) for c in column) for column in body)
        if not lenient and (
            figures < 1 or words < 1 or figures + words < columns or len(texts) < 3 * columns
        ):
            continue
        spread = sum(_spread(column) for column in body) / columns
        score = spread - 0.6 * figures / columns
        if best is None or score < best[0]:
            best = (score, columns)
    return best[1] if best else None


def _spread(column: Sequence[str]) -> float:
    """How unlike the cells of a column are: length, digits, brackets, commas, figures."""
    if len(column) < 2:
        return 0.5
    features = (
        [math.log(len(c)) for c in column],
        [float(any(x.isdigit() for x in c)) for c in column],
        [float("(" in c or "（" in c) for c in column],
        [float(any(x in c for x in ",，、")) for c in column],
        [float(bool(_NUMERIC.fullmatch(c))) for c in column],
    )
    return sum(pvariance(f) for f in features)
