"""Rows of tables as answers: which cell is asked for, and the header that says what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.schema import Block, Document, Span
from index.segmenting import key
from rag.asking import COUNTED, PERCENT, Asked
from rag.quantities import Quantity, quantities
from rag.retrieval import Found, Retrieval
from rag.terms import Concept, contains

_IN_BRACKETS = re.compile(r"[(（]([^()（）]{1,16})[)）]")
_UNIT_COLUMN = re.compile(r"单位|\bunit")
_FAINT = 0.1  # a column must say this much more of the question than any other
_NUMBER = re.compile(r"\d")
_NEAR_HEADER = 400  # blocks back that the header of a table is looked for


@dataclass(frozen=True, slots=True)
class Cell:
    """The asked cell of a row. `unit_text`: what the table says its figures are counted in."""

    span: Span
    header: str
    label: str  # of the row: its first cell
    unit_text: str
    worth: float  # how much of the question the column says, [0, 1]

    @property
    def probability(self) -> float:
        """That it is what is asked for; a guess, on the scale of short answers."""
        return 0.5 + self.worth / 2


def asked_cell(found: Found, retrieval: Retrieval) -> Cell | None:
    """The cell whose column says most of what the row does not; None where none stands out."""
    block = found.document.blocks[found.sentence.block]
    if block.is_header or len(block.cells) < 2 or len(block.header) != len(block.cells):
        return None
    text = found.document.text
    cells = cells_of(found.document, block)
    headers = [key(h) for h in block.header]
    asked, question = retrieval.asked, retrieval.question.key
    if not _names_row(cells, retrieval.concepts, question):
        return None
    worths: dict[int, float] = {}
    for j, (cell, header) in enumerate(zip(cells, headers, strict=True)):
        if not header or cell in question or (j == 0 and not _NUMBER.match(cell)):
            continue
        if not _is_of_type(cell, header, asked):
            continue
        worth = column_worth(header, retrieval)
        if asked.unit and asked.unit in header:
            worth += 0.2
        if asked.type == PERCENT and ("%" in header or "%" in cell):
            worth += 0.2
        worths[j] = worth
    place = outstanding(worths)
    if place is None:
        return None
    return Cell(
        block.cells[place],
        block.header[place],
        text[block.cells[0].start : block.cells[0].end],
        _unit_text(headers[place], cells, headers),
        min(1.0, worths[place]),
    )


def cells_of(document: Document, block: Block) -> list[str]:
    """The keys of a row's cells."""
    return [key(document.text[cell.start : cell.end]) for cell in block.cells]


def outstanding(worths: Mapping[int, float]) -> int | None:
    """The column that says more of the question than any other; None where none stands out."""
    ranked = sorted(worths, key=lambda column: (-worths[column], column))
    if not ranked or worths[ranked[0]] <= 0:
        return None
    if len(ranked) > 1 and worths[ranked[0]] - worths[ranked[1]] < _FAINT:
        return None
    return ranked[0]


def column_worth(header: str, retrieval: Retrieval) -> float:
    """How much of the question a column's header (its key) says, from 0."""
    total = sum(c.rarity for c in retrieval.concepts) or 1.0
    said = sum(c.rarity * _says(header, c) for c in retrieval.concepts) / total
    return said + 0.5 * _pairs(header, retrieval.question.key)


def _names_row(cells: Sequence[str], concepts: Sequence[Concept], question: str) -> bool:
    """Whether the question names what the row is about."""
    for cell in cells:
        if re.fullmatch(r"[-\d.,%()\s]*", cell):
            continue
        if any(_says(cell, c) >= 0.5 and c.rarity >= 0.3 for c in concepts):
            return True
        if len(cell) > 1 and _pairs(cell, question) >= 0.5:
            return True
    return False


def _is_of_type(cell: str, header: str, asked: Asked) -> bool:
    if asked.type in COUNTED:
        return bool(_NUMBER.search(cell))
    return not re.fullmatch(r"[-\d.,%()\s]*", cell)


def _says(header: str, concept: Concept) -> float:
    return max((a.weight for a in concept.alternatives if contains(header, a.term)), default=0.0)


def _pairs(header: str, question: str) -> float:
    pairs = {header[i : i + 2] for i in range(len(header) - 1)}
    return sum(p in question for p in pairs) / max(2, len(pairs))


def _unit_text(header: str, cells: Sequence[str], headers: Sequence[str]) -> str:
    for words in (header, cells[0], headers[0]):
        for said in _IN_BRACKETS.findall(words):
            # （初步）, （含税） say something else than what is counted.
            if said[0] in "千万亿" or any(q.unit for q in quantities(f"1{said}")):
                return str(said)
    column = next((j for j, h in enumerate(headers) if _UNIT_COLUMN.search(h)), None)
    return cells[column].split("(")[0] if column is not None else ""


def quantity_of(cell_text: str, unit_text: str) -> Quantity | None:
    """The figure of a cell with the unit that its table gives; None where it is no figure."""
    keyed = key(cell_text).strip()
    whole = quantities(keyed)
    if len(whole) != 1 or whole[0].start > 1 or not _NUMBER.search(keyed):
        return None
    if whole[0].unit or not unit_text:
        return whole[0]
    with_unit = quantities(f"{keyed}{unit_text}")
    return with_unit[0] if len(with_unit) == 1 else whole[0]


def header_of(document: Document, number: int) -> tuple[Span, ...]:
    """Spans of the header right above a row's block; () where the table has none."""
    table = document.blocks[number].table
    for i in range(number - 1, max(-1, number - _NEAR_HEADER), -1):
        block = document.blocks[i]
        if block.table == table and block.is_header:
            return block.spans
    return ()
