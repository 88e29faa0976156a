"""The rows of a table as what they say: cells by their headers, and which rows a question names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from index.schema import Block, Document, Span
from index.segmenting import key
from rag.asking import YEAR
from rag.retrieval import Retrieval
from rag.tables import column_worth, outstanding
from rag.terms import Concept
from rag.things import said

_MOST_ROWS = 2_000  # of a table that are compared
NO_NAME = re.compile(r"序号|编号|排名|名次|位次|^(?:序|no\.?|#|rank\w*)$")
UNITS = re.compile(r"单位|计量|\bunits?\b")  # a column that says what a row is counted in
# Of the question, what a column must say.
_REAL, _REAL_ENGLISH = 0.1, 0.25
_FIGURE = re.compile(r"([-−–－(]?)\s*(\d[\d,]*(?:\.\d+)?)\s*\)?\s*(%|[a-z㐀-鿿/]{0,6})")
_MARK = re.compile(r"[①-⑳⁰¹²³⁴-⁹]|\[\d+\]")
_SAYS = 0.5  # how far a label has to say a thing that names its row
_TELLING = 0.15  # rarity of such a thing
_COMMON = 1 / 3  # what more of the rows say names none of them


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; empty cells are missing.

    `nameless`: cells whose column has no name, or one that another has, too.
    """

    number: int  # of its block
    cells: Mapping[str, str] = field(default_factory=dict)  # header → key of the cell
    spans: Mapping[str, Span] = field(default_factory=dict)  # header → where it stands
    nameless: tuple[tuple[str, Span], ...] = ()


def rows_of(document: Document, number: int) -> list[Row]:
    """The rows of the table that a block belongs to, that block among them, headers left out.

    [] for a block of no table, and for one of very many rows.
    """
    table, blocks = document.blocks[number].table, document.blocks
    if table is None:
        return []
    first = last = number
    while first and blocks[first - 1].table == table and last - first <= _MOST_ROWS:
        first -= 1
    while last + 1 < len(blocks) and blocks[last + 1].table == table and last - first <= _MOST_ROWS:
        last += 1
    if last - first > _MOST_ROWS:
        return []
    body = [at for at in range(first, last + 1) if not blocks[at].is_header]
    heads = [at for at in range(first, last + 1) if blocks[at].is_header]
    texts = [[document.text[c.start : c.end] for c in blocks[at].cells] for at in heads]
    counts = [Counter(map(key, names)) for names in (*texts, *(blocks[at].header for at in body))]
    repeated = {header for count in counts for header, n in count.items() if n > 1} | {""}
    return [_row_of(document, at, repeated) for at in body]


def _row_of(document: Document, number: int, repeated: Collection[str]) -> Row:
    """No cells where it is not known what each is."""
    block: Block = document.blocks[number]
    if len(block.header) != len(block.cells):
        return Row(number)
    texts = [key(_MARK.sub("", document.text[c.start : c.end])).strip() for c in block.cells]
    named = {key(h): n for n, h in enumerate(block.header) if key(h) not in repeated}
    return Row(
        number,
        {header: texts[n] for header, n in named.items()},
        {header: block.cells[n] for header, n in named.items()},
        tuple((texts[n], c) for n, c in enumerate(block.cells) if n not in named.values()),
    )


def figure_of(cell: str) -> tuple[float, str] | None:
    """A cell's value and what is behind it; None where it is not a figure and nothing else."""
    match = _FIGURE.fullmatch(cell)
    if match is None:
        return None
    value = float(match[2].replace(",", ""))
    return -value if match[1] else value, match[3]


def is_of_years(header: str, cell: str) -> bool:
    return YEAR.match(cell) is not None and ("年" in header or "year" in header)


def is_of_other_year(row: Row, retrieval: Retrieval) -> bool:
    """Whether it is told of a year, and the question asks for another."""
    told, asked = [text for text, _ in _years(row)], retrieval.asked.years
    return bool(told and asked) and not any(year in text for year in asked for text in told)


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


def named_as(row: Row, retrieval: Retrieval) -> Span | None:
    """The cell by which the question names a row: 短信, not its group 甲组; None for no words."""
    question = retrieval.question.key

    def worth(cell: tuple[str, Span]) -> float:
        told = sum(said(c, cell[0]) * c.rarity for c in retrieval.concepts)
        return told + len(cell[0]) * (len(cell[0]) > 1 and cell[0] in question)

    best = max((*_words(row), *_years(row)), key=worth, default=None)
    return best[1] if best is not None and worth(best) > 0 else None


def named_rows(rows: Sequence[Row], retrieval: Retrieval) -> list[Row]:
    """The rows that the question names, in their order; each by something that no other says.

    «短信和机器人电话哪个按时还的人多» names the rows 短信 and 机器人电话. Of several years only
    rows of those that the question names are looked at.
    """
    question = retrieval.question.key
    if retrieval.asked.years and any(any(_years(row)) for row in rows):
        rows = [row for row in rows if any(_years(row)) and not is_of_other_year(row, retrieval)]
    labels = [_label(row) for row in rows]
    headers = " ".join(dict.fromkeys(h for row in rows[:1] for h in row.cells))
    words = [{text for text, _ in _words(row) if len(text) > 1} for row in rows]
    often = Counter(word for own in words for word in own)
    # As it stands in the table, and in no other row; 中国香港 does not name 中国.
    rest = question
    said_whole: set[str] = set()
    for word in sorted(often, key=lambda w: (-len(w), w)):
        if word in rest:
            rest = rest.replace(word, "\0")
            said_whole.add(word)
    literally = [any(w in said_whole and often[w] == 1 for w in own) for own in words]
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
    return " ".join(text for text, _ in (*_words(row), *_years(row)))


def _years(row: Row) -> Iterator[tuple[str, Span]]:
    for header, text in row.cells.items():
        if is_of_years(header, text):
            yield text, row.spans[header]


def _words(row: Row) -> Iterator[tuple[str, Span]]:
    """The cells that hold words, and where."""
    named = ((text, row.spans[h]) for h, text in row.cells.items() if not NO_NAME.search(h))
    for text, span in (*named, *row.nameless):
        if text and figure_of(text) is None:
            yield text, span
