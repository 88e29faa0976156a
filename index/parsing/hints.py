"""What the layout of a page says about lines of text, for the flow to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.parsing.lines import Line
from index.parsing.notes import Marker
from index.parsing.tables import SpanTable, Table, is_header


@dataclass(frozen=True, slots=True)
class LineHint:
    indent: int  # in half-width columns
    width: int
    apart: bool  # more room above it than between lines of a paragraph
    new_column: bool = False  # the first line of a further column
    foot: bool = False  # small type that stands apart beneath the last line of its column's text


@dataclass(slots=True)
class Hints:
    """All keys are raw offsets of the first character of a line."""

    lines: dict[int, LineHint] = field(default_factory=dict)
    furniture: set[int] = field(default_factory=set)
    # Levels; 0: the heading's number says which.
    headings: dict[int, int] = field(default_factory=dict)
    notes: dict[int, tuple[str, str]] = field(default_factory=dict)  # label, label as written
    note_lines: set[int] = field(default_factory=set)  # that go on with the note above them
    small: set[int] = field(default_factory=set)  # small type at a page's foot without a label
    markers: list[Marker] = field(default_factory=list)
    tables: list[SpanTable] = field(default_factory=list)

    def adjust(self, lines: Sequence[Line]) -> None:
        """Measures of the page instead of those of the characters."""
        for line in lines:
            hint = self.lines.get(line.start)
            if hint is not None:
                line.indent, line.width = hint.indent, max(1, hint.width)
                line.gap = 2 if hint.apart else line.gap
                line.new_page |= hint.new_column
                line.foot = hint.foot

    def placed_tables(self, raw: str, lines: Sequence[Line]) -> list[Table]:
        """The tables that the page shows, each over the lines it takes up."""
        starts = {line.start: i for i, line in enumerate(lines)}
        tables: list[Table] = []
        for table in self.tables:
            spans = [c for row in table.rows for c in row if c[1] > c[0]]
            inside = [starts[a] for a, _ in spans if a in starts]
            if inside:
                head = [raw[a:b] for a, b in table.rows[0]]
                named = sum(bool(t.strip()) for t in head) >= 2 and is_header(head)
                tables.append(Table(min(inside), max(inside) + 1, table.rows, named))
        return tables
