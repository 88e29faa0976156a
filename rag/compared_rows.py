"""Rows that a question names side by side: where one of them answers, the others belong to it.

«短信和机器人电话哪个按时还的人多» is not answered by the row of one of the two. Which of them has
more is said where the table tells it; every row is shown in any case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.asking import COUNTED
from rag.parts import compares
from rag.ranking import Scores
from rag.reading import Draft
from rag.retrieval import Retrieval
from rag.rows import Row, cell_of, column_of, figure_of, named_as, named_rows, rows_of
from rag.settings import ReadingSettings
from rag.tables import header_of

_WHICH = r"(?:谁|哪[㐀-鿿]?)"
_MORE = re.compile(
    rf"{_WHICH}[^,，。;；?？不]{{0,14}}?(?:[多高大贵长重]|厉害|严重)|[多高大贵长重]的是{_WHICH}|"
    r"\b(?:more|higher|larger|bigger|greater|longer|most|highest|largest|biggest|longest)\b"
)
_LESS = re.compile(
    rf"{_WHICH}[^,，。;；?？不]{{0,14}}?(?:[少低小短轻]|便宜)|[少低小短轻]的是{_WHICH}|"
    r"\b(?:less|fewer|lower|smaller|shorter|cheaper|least|fewest|lowest|smallest|cheapest)\b"
)
_AMOUNT = re.compile(r"多少|大小|长短|高低")


def with_rows(
    drafts: Sequence[Draft], retrieval: Retrieval, scores: Scores, settings: ReadingSettings
) -> list[Draft]:
    """The drafts, and behind the first row of a table the others of it that the question names.

    The row that has more (or less, as is asked) comes first, with its name as the short answer.
    Drafts for which there is no room any more are left out, from the end.
    """
    if not (compares(retrieval.question) or retrieval.asked.wants_several or retrieval.sides):
        return list(drafts)
    for at, draft in enumerate(drafts):
        found = retrieval.sentences[draft.place] if draft.place >= 0 else None
        if found is None or found.candidate.kind != "table_row":
            continue
        rows = list(rows_of(draft.document, found.sentence.block))
        named = named_rows(rows, retrieval)
        own = next((row for row in named if row.number == found.sentence.block), None)
        if own is None or not 2 <= len(named) <= settings.max_several:
            return list(drafts)
        named = [own, *(row for row in named if row is not own)]
        together = [_draft(draft, row, retrieval, scores) for row in named]
        if at == 0:
            together = _told(together, named, retrieval)
        table = {row.number for row in rows}
        rest = [d for d in drafts[at + 1 :] if _block(d, retrieval) not in table]
        return [*drafts[:at], *together, *rest][: max(at + len(named), len(drafts))]
    return list(drafts)


def _told(together: list[Draft], rows: Sequence[Row], retrieval: Retrieval) -> list[Draft]:
    """The rows with their short answers: the name of the first of them, or the figure of each."""
    column = column_of(rows[0], retrieval)
    question = retrieval.question
    if compares(question):
        together = [replace(d, short=(), more=(), probability=0.0) for d in together]
        best = _best(rows, column, _AMOUNT.sub("", question.key)) if column else None
        if best is None:
            return together
        name = named_as(rows[best], retrieval)
        label = cell_of(together[best].document, rows[best], name) if name else None
        first = together[best]
        if label is not None:
            first = replace(first, short=(label,), probability=1.0)
        return [first, *(d for d in together if d is not together[best])]
    if column is None or retrieval.asked.type not in COUNTED:
        return [replace(d, short=(), more=(), probability=0.0) for d in together]
    cells = [cell_of(d.document, row, column) for d, row in zip(together, rows, strict=True)]
    if not all(cells):
        return together
    return [
        replace(d, short=(cell,), more=(), probability=1.0)
        for d, cell in zip(together, cells, strict=True)
        if cell is not None
    ]


def _best(rows: Sequence[Row], column: str, question: str) -> int | None:
    """Which of the rows has most, or least where that is asked for; None where it is not told."""
    more, less = _MORE.search(question) is not None, _LESS.search(question) is not None
    figures = [figure_of(row.cells.get(column, "")) for row in rows]
    told = [f for f in figures if f is not None]
    if more == less or len(told) < len(rows) or len({unit for _, unit in told}) > 1:
        return None
    values = [value if more else -value for value, _ in told]
    most = max(values)
    return values.index(most) if values.count(most) == 1 else None


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
