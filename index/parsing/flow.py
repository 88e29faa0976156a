"""From lines of plain text to blocks: paragraphs joined, headings, lists, tables, notes, furniture.

Text files, PDF text layers and records of corpora all come through here.
"""

from __future__ import annotations

from index.cleaning import Edits, close_spread_characters, join_lines, joint
from index.parsing import marks
from index.parsing.building import Draft
from index.parsing.fast import fast_blocks
from index.parsing.furniture import find_furniture
from index.parsing.hints import Hints
from index.parsing.judging import Judge, is_byline
from index.parsing.lines import Line, breaks_figure, goes_on, measure, resumes, split_lines
from index.parsing.notes import REFERENCE, Pending, all_markers, link, note_start
from index.parsing.tables import Table, find_tables, table_drafts
from index.schema import BlockKind


def blocks(raw: str, edits: Edits, hints: Hints | None = None) -> list[Draft]:
    """Blocks in reading order; joins are recorded in `edits`. `hints`: what a page shows."""
    quick = fast_blocks(raw) if hints is None else None
    if quick is not None:
        return quick
    edits.drop_controls(raw)
    close_spread_characters(raw, edits)
    lines = split_lines(raw)
    if not lines:
        return []
    hints = hints or Hints()
    hints.adjust(lines)
    drafts = _Flow(raw, lines, edits, hints).run()
    link(raw, drafts, hints.markers)
    return drafts


class _Flow:
    """One pass over the lines, with the paragraph and the note that are still open."""

    def __init__(self, raw: str, lines: list[Line], edits: Edits, hints: Hints) -> None:
        self.raw, self.lines, self.edits, self.hints = raw, lines, edits, hints
        self.layout = measure(lines)
        self.pending = Pending(
            all_markers(raw, hints.markers), frozenset(line.start for line in lines)
        )
        known = {i for i, line in enumerate(lines) if line.start in hints.furniture}
        self.furniture = known | find_furniture(lines, known, self.layout, paged=bool(hints.lines))
        found = find_tables(lines, flattened=not self.layout.wrapped)
        self.tables = {t.first: t for t in [*found, *hints.placed_tables(raw, lines)]}
        for table in self.tables.values():
            self.furniture.difference_update(range(table.first, table.last))
        self.judge = Judge(lines, self.layout, self.furniture, hints.headings)
        # Some extractions set one space before the first line of a page, and nowhere else.
        spaced = sum(line.indent == 1 for line in lines)
        self.space_opens_page = 0 < spaced <= len(lines) / 8
        self.vocabulary = raw.lower() if "-\n" in raw or "- \n" in raw or "-\r" in raw else ""
        self.drafts: list[Draft] = []
        self.titles: list[str] = []
        self.open: Draft | None = None  # the paragraph or list item that may go on
        self.open_line: Line | None = None
        self.note: Draft | None = None
        self.note_line: Line | None = None
        self.cut: Draft | None = None  # a note that the page's end may have cut off
        self.last_note: Draft | None = None
        self.between = False  # something stands between the open paragraph and this line
        self.begun = self.bibliography = False
        self.n_tables = 0

    def run(self) -> list[Draft]:
        i = 0
        while i < len(self.lines):
            table = self.tables.get(i)
            if table is not None:
                i = self._take_table(table)
            else:
                self._take_line(i)
                i += 1
        if not self.hints.headings and any(
            d.kind is BlockKind.HEADING and not d.opens for d in self.drafts
        ):
            self._lower()
        return self.drafts

    def _lower(self) -> None:
        """The sections stand a level beneath the title."""
        for draft in self.drafts:
            if draft.kind is BlockKind.HEADING and draft.opens:
                draft.level = (draft.level or 1) + 1

    def _take_table(self, table: Table) -> int:
        self._close()
        self.drafts += table_drafts(self.raw, table, self.n_tables)
        self.n_tables += 1
        return table.last

    def _take_line(self, i: int) -> None:
        line = self.lines[i]
        if i in self.furniture:
            self._add(BlockKind.FURNITURE, line)
            self.between = True
            return
        opened = self.hints.notes.get(line.start) or note_start(line.text)
        if opened and self._opens_note(line, opened[0]):
            self._open_note(line, opened)
        elif self.note is not None and self.note_line is not None and self._note_goes_on(i):
            self._extend(self.note, self.note_line, line)
            self.note_line = line
        elif (unfinished := self._finished_by(i)) is not None:
            self._add_part(unfinished, line)
            self.note, self.note_line, self.between, self.cut = unfinished, line, True, None
        elif self.open is not None and self.open_line is not None and self._continues_open(i):
            self._extend(self.open, self.open_line, line, apart=self.between)
            self._cut_note()
            self.open_line, self.note, self.between = line, None, False
        else:
            self._begin(i)

    def _begin(self, i: int) -> None:
        """A line that goes on from nothing."""
        line = self.lines[i]
        self._close()
        shown = self.hints.headings.get(line.start)
        byline = i < self.judge.top and self.titles and is_byline(line.text)
        if shown is not None and not marks.CAPTION.match(line.text) and not byline:
            if self._second_line(i, shown):
                self._extend(self.drafts[-1], self.lines[i - 1], line)
                self.titles[-1] += line.text
            elif shown:
                self._heading(line, shown, opens=self.begun or shown > 1)
            else:
                self._heading(line, self.judge.level(i, begun=True)[0] + 1, opens=True)
            return
        kind = self.judge.kind(
            i, titles=self.titles, begun=self.begun, bibliography=self.bibliography
        )
        if kind is BlockKind.HEADING:
            level, opens = self.judge.level(i, begun=self.begun)
            self._heading(line, level + bool(self.hints.headings), opens=opens)
        elif kind is BlockKind.FURNITURE:
            self._add(kind, line)
        else:
            self.begun = self.begun or kind is BlockKind.PARAGRAPH
            self.open, self.open_line = self._add(kind, line), line

    def _second_line(self, i: int, level: int) -> bool:
        """The heading above, set alike and close, goes on in this line."""
        above = self.lines[i - 1] if i else None
        hint = self.hints.lines.get(self.lines[i].start)
        if above is None or hint is None or hint.apart or not self.drafts:
            return False
        alike = self.hints.headings.get(above.start) in (level, 0)
        numbered = marks.heading_rank(self.lines[i].text) is not None
        return alike and not numbered and self.drafts[-1].kind is BlockKind.HEADING

    def _heading(self, line: Line, level: int, *, opens: bool) -> None:
        draft = self._add(BlockKind.HEADING, line)
        draft.level, draft.opens = level, opens
        self.titles.append(line.text)
        self.bibliography = marks.BIBLIOGRAPHY.fullmatch(line.text) is not None

    def _opens_note(self, line: Line, name: str) -> bool:
        """Only a label that the text has used opens a note, or one on what reads as a reference."""
        if self.bibliography or line.start in self.hints.notes:
            return True
        if self.pending.waits(name, line.start):
            return True
        bracketed = line.text[0] in "[［〔" and len(line.text) < 600
        return bracketed and REFERENCE.search(line.text) is not None

    def _open_note(self, line: Line, opened: tuple[str, str]) -> None:
        name, written = opened
        self._cut_note()
        self.pending.take(name, line.start)
        draft = self._add(BlockKind.REFERENCE if self.bibliography else BlockKind.FOOTNOTE, line)
        draft.label = written
        self.note, self.note_line, self.between, self.last_note = draft, line, True, draft

    def _note_goes_on(self, i: int) -> bool:
        assert self.note_line is not None
        line, last = self.lines[i], self.note_line
        if last.foot and not line.foot:
            return False
        if line.start in self.hints.note_lines:
            return True
        if line.new_page or i - 1 in self.furniture or marks.NAMED.fullmatch(line.text):
            return False
        ended = marks.is_terminal(last.text)
        if not self.layout.wrapped:
            return line.gap == 1 and not ended and last.width >= 24 and line.width < 160
        if line.text[0].isascii() and line.text[0].islower():
            return True
        if line.indent == 1 and last.indent == 0 and self.space_opens_page:
            return line.latin and last.latin and not ended
        if not ended or last.text[-1] in "：；:;":
            return True
        if min(last.width, line.width) > self.layout.full(last) + 6 and not last.latin:
            return True  # notes are set smaller: more goes on a line than the body ever has
        if self.open_line is not None and not marks.is_terminal(self.open_line.text):
            # A sentence waits to go on; an address may still belong to the note.
            return REFERENCE.match(line.text) is not None or (last.latin and line.latin)
        return goes_on(last, line, self.layout) and last.width >= self.layout.full(last) - 3

    def _finished_by(self, i: int) -> Draft | None:
        """The note of an earlier page that goes on in this line."""
        if self.cut is not None and self._finishes_note(i):
            return self.cut
        return self.last_note if self._tops_notes(i) else None

    def _tops_notes(self, i: int) -> bool:
        """A line without a label that opens a page's foot, above its first note: the cut stands
        between two sentences."""
        line = self.lines[i]
        if not line.foot or (i and self.lines[i - 1].foot) or marks.SOURCE_NOTE.match(line.text):
            return False
        for below in self.lines[i + 1 : i + 20]:
            if not below.foot:
                return False
            opened = self.hints.notes.get(below.start) or note_start(below.text)
            if opened and self._opens_note(below, opened[0]):
                return not marks.is_caption(line.text)
        return False

    def _finishes_note(self, i: int) -> bool:
        """A note that a page's end cut off goes on above the next page's notes: in small type, or
        in its own script while a Chinese sentence of the body waits to go on."""
        line = self.lines[i]
        if line.start in self.hints.small:
            return True
        if self.open_line is None or not line.latin or self.open_line.latin:
            return False
        ahead = self.lines[i + 1 : i + 5]
        waiting = not marks.is_terminal(self.open_line.text)
        return waiting and any(note_start(x.text) for x in ahead)

    def _continues_open(self, i: int) -> bool:
        assert self.open is not None
        assert self.open_line is not None
        line, last = self.lines[i], self.open_line
        if line.foot and not last.foot:
            return False
        if line.start in self.hints.headings or self.judge.starts_block(i, last):
            return False
        if self.open.kind is BlockKind.FRONT_MATTER:
            full = self.layout.wrapped and last.width >= 0.85 * self.layout.full(last)
            if line.gap > 1 or not full or marks.is_date(line.text):
                return False
        if self.open.kind is BlockKind.CAPTION:
            full = last.width >= 0.85 * self.layout.full(last) and not marks.is_terminal(last.text)
            return self.layout.wrapped and not self.between and (full or line.text[0].islower())
        return (resumes if self.between else goes_on)(last, line, self.layout)

    def _extend(self, draft: Draft, last: Line, line: Line, *, apart: bool = False) -> None:
        if apart:
            self._add_part(draft, line)
            return
        if breaks_figure(last, line):
            self.edits.delete(last.end, line.start)
        else:
            join_lines(self.raw, last.end, line.start, self.edits, vocabulary=self.vocabulary)
        start, _ = draft.parts[-1]
        draft.parts[-1] = (start, line.end)

    def _add_part(self, draft: Draft, line: Line) -> None:
        """What goes on after an interruption; words are kept apart, halves of a word are not."""
        start, end = draft.parts[-1]
        dropped, between = joint(self.raw, end, line.start, vocabulary=self.vocabulary)
        if dropped:
            self.edits.delete(end - dropped, end)
            draft.parts[-1] = (start, end - dropped)
        elif between and self.raw[end : end + 1] in (" ", "\n"):
            self.edits.replace(end, end + 1, between)
            draft.parts[-1] = (start, end + 1)
        draft.parts.append((line.start, line.end))

    def _add(self, kind: BlockKind, line: Line) -> Draft:
        draft = Draft(kind, [(line.start, line.end)])
        self.drafts.append(draft)
        return draft

    def _cut_note(self) -> None:
        """Remember a note that stopped in the middle of a sentence."""
        if self.note is not None and self.note_line is not None:
            ended = marks.is_terminal(self.note_line.text)
            self.cut = self.note if self.layout.wrapped and not ended else None

    def _close(self) -> None:
        self._cut_note()
        self.open = self.open_line = self.note = self.note_line = None
        self.between = False
