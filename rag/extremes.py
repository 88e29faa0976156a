"""The highest or lowest row of a table, where a question asks which it is.

A row tells its own figure alone, and nothing that is read beside it says that no other row tells
more: 哪个城市的空缺率最高 is answered by looking at the whole column.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from index.schema import Span
from index.segmenting import key
from rag.asking import DATE, LIST, NAME, ORGANISATION, OTHER, PERSON, PLACE
from rag.ranking import Scores, order
from rag.retrieval import Found, Retrieval
from rag.tables import column_worth, quantity_of

_MOST = re.compile(
    r"最(?:厉害|严重|猛|[高多大贵长快强重远深热])|\b(?:highest|largest|biggest|greatest|longest|most)\b"
)
_LEAST = re.compile(
    r"最(?:便宜|[低少小短慢弱近浅冷惨差])|\b(?:lowest|smallest|fewest|least|shortest|cheapest)\b"
)
# Types that a label answers.
_ROWS = frozenset((NAME, PLACE, ORGANISATION, PERSON, DATE, LIST, OTHER))
_TOTAL = re.compile(
    r"合计|总计|小计|共计|全国|全省|全市|平均|总体|\b(?:total|average|overall|mean)\b"
)
_NEAR = 10  # among so many of the best sentences a row of the table is looked for
_FEWEST = 3  # rows with a figure: of two one sees it
_FAINT = 0.1  # a column must say this much more of the question than any other


Cells = Sequence[str]


def put_first(retrieval: Retrieval, scores: Scores) -> Scores:
    """Scores where the asked row changed places with the best of its table; else the same."""
    way = _way(retrieval)
    if not way:
        return scores
    rows = (
        p for p in order(scores)[:_NEAR] if retrieval.sentences[p].candidate.kind == "table_row"
    )
    best = next(rows, None)
    if best is None:
        return scores
    found = retrieval.sentences[best]
    number = _extreme(found, retrieval, way)
    place = next(
        (
            i
            for i, other in enumerate(retrieval.sentences)
            if other.sentence.block == number and other.document is found.document
        ),
        None,
    )
    if place is None or scores[place] >= scores[best]:
        return scores
    changed = scores.copy()
    changed[[best, place]] = changed[[place, best]]
    return changed


def label(found: Found, retrieval: Retrieval) -> Span | None:
    """The first cell of a row that is the asked one of its table; None for any other."""
    way = _way(retrieval)
    if not way or _extreme(found, retrieval, way) != found.sentence.block:
        return None
    return found.document.blocks[found.sentence.block].cells[0]


def _way(retrieval: Retrieval) -> int:
    """1: the highest is asked for, -1: the lowest, 0: neither, or not which."""
    if retrieval.asked.type not in _ROWS:
        return 0
    asked = retrieval.question.key
    most, least = _MOST.search(asked) is not None, _LEAST.search(asked) is not None
    return most - least


def _extreme(found: Found, retrieval: Retrieval, way: int) -> int | None:
    """The block of the row with the highest (`way` 1) or lowest figure in the asked column.

    None where no column stands out, too few rows have figures, or two share the first place.
    """
    blocks = found.document.blocks
    table = blocks[found.sentence.block].table
    width = len(blocks[found.sentence.block].header)
    rows = {
        number: [key(found.document.text[c.start : c.end]) for c in block.cells]
        for number, block in enumerate(blocks)
        if table is not None
        and block.table == table
        and not block.is_header
        and len(block.cells) == len(block.header) == width
    }
    rows = {number: cells for number, cells in rows.items() if not _TOTAL.search(cells[0])}
    headers = blocks[found.sentence.block].header
    columns = sorted(
        (
            (column_worth(key(headers[j]), retrieval), figures)
            for j in range(1, width)
            if len(figures := _figures(_of_years(rows, retrieval.asked.years), j)) >= _FEWEST
        ),
        key=lambda column: -column[0],
    )
    if not columns or columns[0][0] <= 0:
        return None
    if len(columns) > 1 and columns[0][0] - columns[1][0] < _FAINT:
        return None
    first, second = sorted(columns[0][1], key=lambda figure: -way * figure[0])[:2]
    return first[1] if first[0] != second[0] else None


def _of_years(rows: Mapping[int, Cells], years: Collection[str]) -> Mapping[int, Cells]:
    """The rows whose labels name an asked year; all where none does."""
    named = {n: cells for n, cells in rows.items() if any(year in cells[0] for year in years)}
    return named or rows


def _figures(rows: Mapping[int, Cells], column: int) -> list[tuple[float, int]]:
    """(value, row) of the cells that are figures."""
    told = ((quantity_of(cells[column], ""), number) for number, cells in rows.items())
    return [(figure.low, number) for figure, number in told if figure is not None]
