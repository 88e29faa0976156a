"""Rows that a question names side by side: where one of them answers, the others belong to it.

«短信和机器人电话哪个按时还的人多» is not answered by the row of one of the two. Which of them has
more is said where the table tells it; every row is shown in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.asking import COUNTED
from rag.directions import direction_of
from rag.ranking import Scores
from rag.reading import Draft
from rag.retrieval import Retrieval
from rag.rows import (
    UNITS,
    Row,
    column_of,
    figure_of,
    is_of_other_year,
    named_as,
    named_rows,
    rows_of,
)
from rag.settings import ReadingSettings
from rag.tables import header_of


def with_rows(
    drafts: Sequence[Draft], retrieval: Retrieval, scores: Scores, settings: ReadingSettings
) -> list[Draft]:
    """The drafts, and behind the first row of a table the others of it that the question names.

    A row of another year than is asked for gives way to them. The row that has more (or less, as
    is asked) comes first, with its name as the short answer. Drafts for which there is no room any
    more are left out, from the end.
    """
    direction = direction_of(retrieval.question.key)
    if direction is None and not (retrieval.asked.wants_several or retrieval.sides):
        return list(drafts)
    for at, draft in enumerate(drafts):
        found = retrieval.sentences[draft.place] if draft.place >= 0 else None
        if found is None or found.candidate.kind != "table_row":
            continue
        rows = rows_of(draft.document, found.sentence.block)
        named = named_rows(rows, retrieval)
        if not 2 <= len(named) <= settings.max_several:
            return list(drafts)
        own = next(row for row in rows if row.number == found.sentence.block)
        if own in named:
            named = [own, *(row for row in named if row is not own)]
        elif not is_of_other_year(own, retrieval):
            return list(drafts)
        together = [_draft(draft, row, retrieval, scores) for row in named]
        if at == 0:
            together = _told(together, named, retrieval, direction)
        table = {row.number for row in rows}
        rest = [
            d
            for d in drafts[at + 1 :]
            if d.document is not draft.document or _block(d, retrieval) not in table
        ]
        return [*drafts[:at], *together, *rest][: max(at + len(named), len(drafts))]
    return list(drafts)


def _told(
    together: list[Draft], rows: Sequence[Row], retrieval: Retrieval, direction: int | None
) -> list[Draft]:
    """The rows with their short answers: the name of the first of them, or the figure of each."""
    column = column_of(rows[0], retrieval)
    plain = [replace(d, short=(), more=(), probability=0.0) for d in together]
    if direction is not None:
        best = _best(rows, column, direction) if column else None
        if best is None:
            return plain
        label = named_as(rows[best], retrieval)
        first = plain[best]
        if label is not None:
            first = replace(first, short=(label,), probability=1.0)
        return [first, *(d for n, d in enumerate(plain) if n != best)]
    if column is None or retrieval.asked.type not in COUNTED:
        return plain
    cells = [row.spans.get(column) for row in rows]
    return [
        replace(d, short=(cell,), probability=1.0) if cell is not None and all(cells) else d
        for d, cell in zip(plain, cells, strict=True)
    ]


def _best(rows: Sequence[Row], column: str, direction: int) -> int | None:
    """Which of the rows has most, or least by the direction; None where it is not told."""
    figures = [figure_of(row.cells.get(column, "")) for row in rows]
    told = [f for f in figures if f is not None]
    # Of losses the smaller figure is the larger loss.
    if not direction or len(told) < len(rows) or any(value < 0 for value, _ in told):
        return None
    units = [unit for _, unit in told]
    counted_in = [row.cells.get(_unit_column(row)) for row in rows]
    if len(set(zip(units, counted_in, strict=True))) > 1:
        return None
    values = [direction * value for value, _ in told]
    most = max(values)
    return values.index(most) if values.count(most) == 1 else None


def _unit_column(row: Row) -> str:
    """The header of the column that says what the row is counted in; "" for none."""
    return next((header for header in row.cells if UNITS.search(header)), "")


def _draft(of: Draft, row: Row, retrieval: Retrieval, scores: Scores) -> Draft:
    if _block(of, retrieval) == row.number:
        return of
    document = of.document
    place = next(
        (
            place
            for place, found in enumerate(retrieval.sentences)
            if found.document is document and found.sentence.block == row.number
        ),
        -1,
    )
    score = float(scores[place]) if place >= 0 else of.score
    spans = document.blocks[row.number].spans
    return Draft(document, header_of(document, row.number) + spans, score, place=place)


def _block(draft: Draft, retrieval: Retrieval) -> int:
    return retrieval.sentences[draft.place].sentence.block if draft.place >= 0 else -1
