"""The rows of a table as what they say: cells by their headers, and which rows a question names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.schema import Block, Document, Span
from index.segmenting import key
from rag.asking import YEAR
from rag.retrieval import Retrieval
from rag.tables import column_worth, outstanding
from rag.terms import Concept
from rag.things import said

MOST_ROWS = 2_000  # of a table that are compared
NO_NAME = re.compile(r"序号|编号|排名|名次|位次|^(?:序|no\.?|#|rank\w*)$")
# Of the question, what the column must say; in Chinese it stands before 最高 besides.
_REAL, _REAL_ENGLISH = 0.1, 0.25
_FIGURE = re.compile(r"([-−–－(]?)\s*(\d[\d,]*(?:\.\d+)?)\s*\)?\s*(%|[a-z㐀-鿿/]{0,6})")
_MARK = re.compile(r"[①-⑳⁰¹²³⁴-⁹]|\[\d+\]")
_SAYS = 0.5  # how far a label has to say a thing that names its row
_TELLING = 0.15  # rarity of such a thing
_COMMON = 1 / 3  # what more of the rows say names none of them


@dataclass(frozen=True, slots=True)
class Row:
    number: int  # of its block
    cells: Mapping[str, str]  # header → key of the cell; empty cells are missing


def rows_of(document: Document, number: int) -> Iterator[Row]:
    """The rows of the table that a block belongs to, that block among them, headers left out."""
    table, blocks = document.blocks[number].table, document.blocks
    if table is None:
        return
    first = last = number
    while first and blocks[first - 1].table == table and number - first <= MOST_ROWS:
        first -= 1
    while last + 1 < len(blocks) and blocks[last + 1].table == table and last - first <= MOST_ROWS:
        last += 1
    for at in range(first, last + 1):
        if not blocks[at].is_header:
            yield row_of(document, at)


def row_of(document: Document, number: int) -> Row:
    """No cells where it is not known what each is; columns called the same are told apart."""
    block: Block = document.blocks[number]
    if len(block.header) != len(block.cells):
        return Row(number, {})
    headers = _apart([key(header) for header in block.header])
    texts = (key(_MARK.sub("", document.text[c.start : c.end])).strip() for c in block.cells)
    return Row(number, dict(zip(headers, texts, strict=True)))


def _apart(headers: Sequence[str]) -> list[str]:
    """Each header, with its place behind where it is no name of a column of its own."""
    count = Counter(headers)
    return [h if h and count[h] == 1 else f"{h}\0{n}" for n, h in enumerate(headers)]


def cell_of(document: Document, row: Row, header: str) -> Span | None:
    """Where a row's cell stands; None where it is empty."""
    if not row.cells.get(header):
        return None
    return document.blocks[row.number].cells[list(row.cells).index(header)]


def figure_of(cell: str) -> tuple[float, str] | None:
    """A cell's value and what is behind it; None where it is not a figure and nothing else."""
    match = _FIGURE.fullmatch(cell)
    if match is None:
        return None
    value = float(match[2].replace(",", ""))
    return -value if match[1] else value, match[3]


def is_of_years(header: str, cell: str) -> bool:
    return YEAR.match(cell) is not None and ("年" in header or "year" in header)


def column_of(row: Row, retrieval: Retrieval, of: Sequence[str] | None = None) -> str | None:
    """The column of figures that says most of the question; None where none stands out.

    `of`: the headers that are looked at; None for all.
    """
    headers = list(row.cells)
    worths = {
        place: column_worth(header, retrieval)
        for place, header in enumerate(headers)
        if figure_of(row.cells[header]) is not None
        and not is_of_years(header, row.cells[header])
        and not NO_NAME.search(header)
        and (of is None or header in of)
    }
    place = outstanding(worths)
    least = _REAL_ENGLISH if retrieval.asked.english else _REAL
    return headers[place] if place is not None and worths[place] >= least else None


def named_as(row: Row, retrieval: Retrieval) -> str | None:
    """The header of the cell by which the question names a row: 短信, not its group 甲组."""
    question = retrieval.question.key
    words = [h for h in row.cells if not NO_NAME.search(h) and figure_of(row.cells[h]) is None]

    def worth(header: str) -> float:
        cell = row.cells[header]
        told = sum(said(c, cell) * c.rarity for c in retrieval.concepts)
        return told + len(cell) * (len(cell) > 1 and cell in question)

    return max(words, key=worth, default=None)


def named_rows(rows: Sequence[Row], retrieval: Retrieval) -> list[Row]:
    """The rows that the question names, in their order; each by something that no other says.

    «短信和机器人电话哪个按时还的人多» names the rows 短信 and 机器人电话.
    """
    question = retrieval.question.key
    labels = [_label(row) for row in rows]
    headers = " ".join(dict.fromkeys(h for row in rows[:1] for h in row.cells))
    words = [set(_words(row)) for row in rows]
    often = Counter(word for own in words for word in own)
    # As it stands in the table, and in no other row.
    literally = [any(w in question and often[w] == 1 for w in own) for own in words]
    named = {n for n, literal in enumerate(literally) if literal}
    votes = [2.0 * literal for literal in literally]
    sayers: list[list[int]] = []
    for concept in _telling(retrieval.concepts, headers):
        found = [n for n, label in enumerate(labels) if label and said(concept, label) >= _SAYS]
        if found and len(found) <= max(1, _COMMON * len(rows)):
            sayers.append(found)
            for n in found:
                votes[n] += concept.rarity / len(found)
    for found in sayers:
        ranked = sorted(found, key=lambda n: -votes[n])
        if len(ranked) == 1 or votes[ranked[0]] > votes[ranked[1]]:
            named.add(ranked[0])
    return [row for n, row in enumerate(rows) if n in named]


def _telling(concepts: Sequence[Concept], headers: str) -> Iterator[Concept]:
    for concept in concepts:
        if concept.rarity >= _TELLING and said(concept, headers) < _SAYS:
            yield concept


def _label(row: Row) -> str:
    """What words and years of the row say."""
    return " ".join(
        cell
        for header, cell in row.cells.items()
        if not NO_NAME.search(header) and (figure_of(cell) is None or is_of_years(header, cell))
    )


def _words(row: Row) -> Iterator[str]:
    """The cells that hold words."""
    for header, cell in row.cells.items():
        if len(cell) > 1 and not NO_NAME.search(header) and figure_of(cell) is None:
            yield cell
