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
from rag.tables import cells_of, column_worth, outstanding, quantity_of

# As people ask for it, 最猛 and 最惨 too; 上限 and "at most" ask for no row.
_MOST = re.compile(
    r"最(?:厉害|严重|猛|[高多大贵长快强重远深热])|"
    r"\b(?:highest|largest|biggest|greatest|longest|fastest|(?<!at )most)\b"
)
_LEAST = re.compile(
    r"最(?:便宜|[低少小短慢弱近浅冷惨差])|"
    r"\b(?:lowest|smallest|fewest|shortest|slowest|cheapest|(?<!at )least)\b"
)
# Types that a label answers.
_LABELLED = frozenset((NAME, PLACE, ORGANISATION, PERSON, DATE, LIST, OTHER))
_TOTAL = re.compile(
    r"合计|总计|小计|共计|全国|全省|全市|平均|总体|\b(?:total|average|overall|mean)\b"
)
_NEAR = 10  # among so many of the best sentences a row of the table is looked for
_FEWEST = 3  # rows with a figure: of two one sees it


def before_its_table(retrieval: Retrieval, scores: Scores) -> Scores:
    """Scores where the asked row changed places with the best of its table; else the same."""
    direction = _direction(retrieval)
    if not direction:
        return scores
    near = order(scores)[:_NEAR]
    best = next((i for i in near if retrieval.sentences[i].candidate.kind == "table_row"), None)
    if best is None:
        return scores
    found = retrieval.sentences[best]
    number = _extreme(found, retrieval, direction)
    for place, other in enumerate(retrieval.sentences):
        if other.sentence.block == number and other.document is found.document:
            if scores[place] < scores[best]:
                scores = scores.copy()
                scores[[best, place]] = scores[[place, best]]
            break
    return scores


def label(found: Found, retrieval: Retrieval) -> Span | None:
    """The first cell of a row that is the asked one of its table; None for any other."""
    direction = _direction(retrieval)
    if not direction or _extreme(found, retrieval, direction) != found.sentence.block:
        return None
    return found.document.blocks[found.sentence.block].cells[0]


def _direction(retrieval: Retrieval) -> int:
    """1: the highest is asked for, -1: the lowest, 0: neither, or not which."""
    if retrieval.asked.type not in _LABELLED:
        return 0
    asked = retrieval.question.key
    most, least = _MOST.search(asked) is not None, _LEAST.search(asked) is not None
    return most - least


def _extreme(found: Found, retrieval: Retrieval, direction: int) -> int | None:
    """The block of the row with the highest (1) or lowest (-1) figure in the asked column.

    None where no column stands out, too few rows have figures, or two share the first place.
    """
    own = found.document.blocks[found.sentence.block]
    if own.table is None or own.is_header:
        return None
    # Rows with the same cells filled: which cell is missing, the others do not tell.
    rows = {
        number: cells_of(found.document, block)
        for number, block in enumerate(found.document.blocks)
        if block.table == own.table
        and not block.is_header
        and block.header == own.header
        and len(block.cells) == len(own.header)
    }
    single = {number: cells for number, cells in rows.items() if not _TOTAL.search(cells[0])}
    compared = _of_years(single, retrieval.asked.years)
    columns = {j: _figures(compared, j) for j in range(1, len(own.header))}
    asked = outstanding(
        {
            j: column_worth(key(own.header[j]), retrieval)
            for j, figures in columns.items()
            if len(figures) >= _FEWEST
        }
    )
    if asked is None:
        return None
    first, second = sorted(columns[asked], key=lambda figure: -direction * figure[0])[:2]
    return first[1] if first[0] != second[0] else None


def _of_years(
    rows: Mapping[int, Sequence[str]], years: Collection[str]
) -> Mapping[int, Sequence[str]]:
    """The rows whose labels name an asked year; all where none does."""
    named = {n: cells for n, cells in rows.items() if any(year in cells[0] for year in years)}
    return named or rows


def _figures(rows: Mapping[int, Sequence[str]], column: int) -> list[tuple[float, int]]:
    """(value, row) of the cells that are figures."""
    told = ((quantity_of(cells[column], ""), number) for number, cells in rows.items())
    return [(figure.low, number) for figure, number in told if figure is not None]
