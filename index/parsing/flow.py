"""From lines of plain text to blocks: paragraphs joined, headings, lists, tables, notes, furniture.

Text files, PDF text layers and records of corpora all come through here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from index.cleaning import CONTROL, Edits, close_spread_characters, join_lines
from index.parsing import marks
from index.parsing.building import Draft
from index.parsing.lines import Layout, Line, goes_on, measure, resumes, split_lines
from index.parsing.notes import (
    REFERENCE,
    UNLABELLED,
    Marker,
    Pending,
    find_markers,
    link,
    note_start,
)
from index.parsing.tables import Table, find_tables, table_drafts
from index.schema import BlockKind

_TOP = 40  # lines in which front matter stands
# A line that begins with none of these and ends a sentence is a plain paragraph, at a glance.
_SPECIAL = re.compile(
    r"[\d一二三四五六七八九十第（(\[［〔【①-⑳\u00b9\u00b2\u00b3\u2070-\u2079•·●■◆▪‣○◦▶➤✓✔►❖*+\-–—a-zA-Z表图附专资数来注单作编关收修基文导本译原转记发时日网首打分上下相推延热猜责校审点阅浏访版免©京沪粤公咨联技主承当您你微客扫长^]"
)
_PAGE_MARK = re.compile(r"[\d\s\-–—·•/|]+")


def fast_blocks(raw: str) -> list[Draft] | None:
    """Blocks of a clean text with a paragraph a line; None where anything has to be looked at."""
    if "\t" in raw or "\xa0" in raw or CONTROL.search(raw):
        return None
    drafts: list[Draft] = []
    at = 0
    for text in raw.split("\n"):
        end = at + len(text)
        if text:
            if (
                text[-1] not in "。！？”"
                or (len(text) < 40 and len(drafts) > 0)
                or (_SPECIAL.match(text) and len(raw) > len(text))
            ):
                return None
            drafts.append(Draft(BlockKind.PARAGRAPH, [(at, end)]))
        at = end + 1
    return drafts


def blocks(raw: str, edits: Edits, *, page_furniture: frozenset[int] = frozenset()) -> list[Draft]:
    """Blocks in reading order; joins are recorded in `edits`.

    `page_furniture`: raw offsets of lines that the layout of the page shows to be furniture.
    """
    quick = fast_blocks(raw) if not page_furniture else None
    if quick is not None:
        return quick
    edits.drop_controls(raw)
    close_spread_characters(raw, edits)
    lines = split_lines(raw)
    if not lines:
        return []
    flow = _Flow(raw, lines, edits, page_furniture)
    drafts = flow.run()
    link(raw, drafts)
    return drafts


class _Flow:
    """One pass over the lines, with the paragraph and the note that are still open."""

    def __init__(
        self, raw: str, lines: list[Line], edits: Edits, page_furniture: frozenset[int]
    ) -> None:
        self.raw, self.lines, self.edits = raw, lines, edits
        self.layout: Layout = measure(lines)
        markers: list[Marker] = find_markers(raw)
        self.pending = Pending(markers, frozenset(line.start for line in lines))
        self.furniture = {i for i, line in enumerate(lines) if line.start in page_furniture}
        self.furniture |= _furniture(lines, self.layout, self.furniture)
        self.tables = {
            t.first: t for t in find_tables(raw, lines, flattened=not self.layout.wrapped)
        }
        self.vocabulary = raw.lower() if "-\n" in raw or "- \n" in raw or "-\r" in raw else ""
        self.drafts: list[Draft] = []
        self.open: Draft | None = None  # the paragraph or list item that may go on
        self.open_line: Line | None = None
        self.note: Draft | None = None
        self.note_line: Line | None = None
        self.cut: Draft | None = None  # a note that the page's end may have cut off
        self.cut_line: Line | None = None
        self.between = False  # something stands between the open paragraph and this line
        self.bibliography = False
        self.ranks = self._outline()
        self.top = self._top()

    def _outline(self) -> dict[int, int]:
        """Headings' ranks in this text become levels 1, 2, 3 …"""
        seen: set[int] = set()
        for i, line in enumerate(self.lines):
            rank = marks.heading_rank(line.text)
            if rank is not None and i not in self.furniture and self._may_head(i, rank):
                seen.add(rank)
        return {rank: level for level, rank in enumerate(sorted(seen), 1)}

    def _top(self) -> int:
        """Lines before the first numbered heading or long paragraph, at most _TOP."""
        for i, line in enumerate(self.lines[:_TOP]):
            if i in self.furniture or marks.is_front(line.text, near_top=True):
                continue
            if (
                line.width > 160
                or (marks.heading_rank(line.text) or 99) <= 6
                or line.text in ("正文", "前言")
            ):
                return max(i, 3)
        return min(_TOP, len(self.lines))

    def run(self) -> list[Draft]:
        i = 0
        while i < len(self.lines):
            table = self.tables.get(i)
            if table is not None and i not in self.furniture:
                i = self._take_table(table)
            else:
                self._take_line(i)
                i += 1
        self.drafts.sort(key=lambda d: d.start)
        return self.drafts

    def _take_table(self, table: Table) -> int:
        number = 1 + max((d.table for d in self.drafts if d.table is not None), default=-1)
        self._close()
        self.drafts += table_drafts(self.raw, table, number)
        return table.last

    def _take_line(self, i: int) -> None:
        line = self.lines[i]
        if i in self.furniture:
            self._add(BlockKind.FURNITURE, line)
            self.between = True
            return
        opened = note_start(line.text)
        if opened and self._opens_note(i, opened[0]):
            self._open_note(line, opened)
            return
        if self.note is not None and self.note_line is not None and self._note_goes_on(i):
            self._extend(self.note, self.note_line, line)
            self.note_line = line
            return
        if self._finishes_note(i):
            return
        if self._continues_open(i):
            assert self.open is not None and self.open_line is not None
            self._extend(self.open, self.open_line, line, apart=self.between)
            self._cut_note()
            self.open_line, self.note, self.between = line, None, False
            return
        self._begin(i)

    def _begin(self, i: int) -> None:
        """A line that goes on from nothing: what is it?"""
        line = self.lines[i]
        text = line.text
        self._close()
        if len(text) > 60 and not _SPECIAL.match(text):
            self._open(BlockKind.PARAGRAPH, line)
            return
        rank = marks.heading_rank(text)
        if rank is not None and self._may_head(i, rank):
            self._heading(line, self.ranks.get(rank, 1))
        elif marks.is_furniture(text):
            self._add(BlockKind.FURNITURE, line)
        elif (marks.CAPTION.match(text) and len(text) <= 60 and not text.endswith("。")) or (marks.SOURCE_NOTE.match(text) and i >= self.top and len(text) <= 120):
            self._add(BlockKind.CAPTION, line)
        elif marks.NAMED.fullmatch(text) or marks.BIBLIOGRAPHY.fullmatch(text):
            self._heading(line, 1)
            self.bibliography = marks.BIBLIOGRAPHY.fullmatch(text) is not None
        elif marks.is_front(text, near_top=i < self.top) or (i < self.top and self._is_byline(i)):
            self._open(BlockKind.FRONT_MATTER, line)
        elif self.bibliography or UNLABELLED.match(text):
            self._open(BlockKind.REFERENCE, line)
        elif self._is_title(i):
            top = i < self.top and not any(d.kind is BlockKind.PARAGRAPH for d in self.drafts)
            self._heading(line, 1 if top else min(len(self.ranks) + 1, 6)).opens = not top
        elif marks.LIST_ITEM.match(text):
            self._open(BlockKind.LIST_ITEM, line)
        else:
            self._open(BlockKind.PARAGRAPH, line)

    def _heading(self, line: Line, level: int) -> Draft:
        draft = self._add(BlockKind.HEADING, line)
        draft.level, self.bibliography = level, False
        return draft

    def _may_head(self, i: int, rank: int) -> bool:
        """A numbered line is a heading unless it stands in the middle of a wrapped sentence or a list."""
        line = self.lines[i]
        before = self.lines[i - 1] if i else None
        if (
            before is not None
            and i - 1 not in self.furniture
            and self.layout.wrapped
            and goes_on(before, line, self.layout)
        ):
            return False
        after = self.lines[i + 1] if i + 1 < len(self.lines) else None
        if rank in (marks.NUMBER_RANK, 9):
            if len(line.text) > 40 or marks.is_terminal(line.text) or after is None:
                return False
            # A list follows with its next number; under a heading stands text or a lower heading.
            return (
                after.width > line.width
                and marks.heading_rank(after.text) != rank
                and (len(after.text) > 24 or after.text.endswith("。"))
            )
        return not (
            rank >= 5 and marks.is_terminal(line.text) and not line.text.endswith(("？", "?"))
        )

    def _is_title(self, i: int) -> bool:
        """A short line without a full stop between finished text and a paragraph."""
        line = self.lines[i]
        if (
            len(line.text) > 40
            or line.width > 70
            or marks.is_terminal(line.text)
            or marks.is_sentence(line.text)
        ):
            return False
        if marks.LIST_ITEM.match(line.text) or not re.search(r"[\u4e00-\u9fffA-Za-z]", line.text):
            return False
        if re.search(r"https?://|@|[，。；]", line.text):
            return False
        after = next(
            (x for j, x in enumerate(self.lines[i + 1 : i + 6], i + 1) if j not in self.furniture),
            None,
        )
        if i < self.top:
            if any(
                d.kind is BlockKind.HEADING and self.raw[d.start : d.end] == line.text
                for d in self.drafts
            ):
                return True
            return i <= 8 and not any(d.kind is BlockKind.PARAGRAPH for d in self.drafts)
        if after is None or (self.layout.wrapped and line.gap <= self.layout.gap and line.gap < 3):
            return False
        return after.width >= 60 and len(line.text) <= 30

    def _is_byline(self, i: int) -> bool:
        """Names alone beneath the title."""
        text = self.lines[i].text
        if len(text) > 40 or not any(d.kind is BlockKind.HEADING for d in self.drafts):
            return False
        names = marks.NAMES.match(text) is not None and (
            " " in text or "、" in text or len(text) <= 3
        )
        return names or marks.BODY_NAME.fullmatch(text) is not None

    def _opens_note(self, i: int, name: str) -> bool:
        line = self.lines[i]
        if self.bibliography:
            return True
        if not self.pending.waits(name, line.start):
            return (
                REFERENCE.search(line.text) is not None
                and line.text[0] in "[［〔"
                and len(line.text) < 600
            )
        return True

    def _open_note(self, line: Line, opened: tuple[str, str]) -> None:
        name, written = opened
        self.pending.take(name, line.start)
        kind = BlockKind.REFERENCE if self.bibliography else BlockKind.FOOTNOTE
        draft = Draft(kind, [(line.start, line.end)], label=written)
        self.drafts.append(draft)
        self.note, self.note_line, self.between = draft, line, True

    def _note_goes_on(self, i: int) -> bool:
        assert self.note_line is not None
        line, last = self.lines[i], self.note_line
        if line.new_page or i - 1 in self.furniture or marks.NAMED.fullmatch(line.text):
            return False
        if not self.layout.wrapped:
            return (
                line.gap == 1
                and not marks.is_terminal(last.text)
                and last.width >= 24
                and line.width < 160
            )
        if line.text[0].isascii() and line.text[0].islower():
            return True
        if line.indent == 1 and last.indent == 0 and self._starts_pages_with_space():
            return line.latin and last.latin and not marks.is_terminal(last.text)
        if not marks.is_terminal(last.text) or last.text[-1] in "：；:;":
            return True
        if min(last.width, line.width) > self.layout.full(last) + 6 and not last.latin:
            return True  # notes are set smaller: more goes on a line than the body ever has
        if self.open_line is not None and not marks.is_terminal(self.open_line.text):
            # A sentence waits to go on; an address or a page number may still belong to the note.
            return REFERENCE.match(line.text) is not None or (last.latin and line.latin)
        return goes_on(last, line, self.layout) and last.width >= self.layout.full(last) - 3

    def _finishes_note(self, i: int) -> bool:
        """A note that the page's end cut off goes on above the next page's notes, in its own script."""
        line, last = self.lines[i], self.cut_line
        if (
            self.cut is None
            or last is None
            or self.open_line is None
            or not line.latin
            or self.open_line.latin
        ):
            return False
        ahead = self.lines[i + 1 : i + 5]
        if marks.is_terminal(self.open_line.text) or not any(note_start(x.text) for x in ahead):
            return False
        self.cut.parts.append((line.start, line.end))
        self.note, self.note_line, self.between, self.cut = self.cut, line, True, None
        return True

    def _starts_pages_with_space(self) -> bool:
        """Some extractions set one space before the first line of a page, and nowhere else."""
        return 0 < sum(line.indent == 1 for line in self.lines) <= len(self.lines) / 8

    def _continues_open(self, i: int) -> bool:
        if self.open is None or self.open_line is None:
            return False
        line, last = self.lines[i], self.open_line
        if self._starts_block(i):
            return False
        if self.open.kind is BlockKind.FRONT_MATTER and (line.gap > 1 or not self.layout.wrapped):
            return False
        if self.between:
            return resumes(last, line, self.layout)
        return goes_on(last, line, self.layout)

    def _starts_block(self, i: int) -> bool:
        """Lines that open a block whatever stands before them."""
        text = self.lines[i].text
        if len(text) <= 16 and marks.NAMED.fullmatch(text):
            return True
        if not _SPECIAL.match(text):
            return False
        rank = marks.heading_rank(text)
        if rank is not None and self._may_head(i, rank):
            return True
        if (
            self.open_line is not None
            and self.layout.wrapped
            and not marks.is_terminal(self.open_line.text)
        ):
            if self.open_line.width >= 0.8 * self.layout.full(self.open_line):
                return False
        if marks.CAPTION.match(text) and len(text) <= 60 and not marks.is_terminal(text):
            return True
        if marks.is_front(text, near_top=i < self.top):
            return True
        return bool(marks.LIST_ITEM.match(text)) and not text[0].isalpha()

    def _extend(self, draft: Draft, last: Line, line: Line, *, apart: bool = False) -> None:
        if apart:
            draft.parts.append((line.start, line.end))
        else:
            join_lines(self.raw, last.end, line.start, self.edits, vocabulary=self.vocabulary)
            start, _ = draft.parts[-1]
            draft.parts[-1] = (start, line.end)

    def _add(self, kind: BlockKind, line: Line) -> Draft:
        draft = Draft(kind, [(line.start, line.end)])
        self.drafts.append(draft)
        return draft

    def _open(self, kind: BlockKind, line: Line) -> None:
        self.open, self.open_line = self._add(kind, line), line

    def _cut_note(self) -> None:
        """Remember a note that stopped in the middle of a sentence."""
        if self.note is not None and self.note_line is not None:
            cut = self.layout.wrapped and not marks.is_terminal(self.note_line.text)
            self.cut, self.cut_line = (self.note, self.note_line) if cut else (None, None)

    def _close(self) -> None:
        self._cut_note()
        self.open = self.open_line = self.note = self.note_line = None
        self.between = False


def _furniture(lines: Sequence[Line], layout: Layout, known: set[int]) -> set[int]:
    """Page numbers, running headers, web furniture, and the foot of a web page."""
    found = {
        i
        for i, line in enumerate(lines)
        if len(line.text) <= 24 and marks.PAGE_NUMBER.fullmatch(line.text)
    }
    found |= {
        i for i, line in enumerate(lines) if len(line.text) <= 200 and marks.is_furniture(line.text)
    }
    found |= _bare_numbers(lines)
    found |= _running(lines)
    found -= known
    return found | _foot(lines, found)


def _bare_numbers(lines: Sequence[Line]) -> set[int]:
    """Lines of a number alone that count up through the text, well apart, are page numbers."""
    numbers = [
        (i, int(line.text))
        for i, line in enumerate(lines)
        if len(line.text) <= 4 and line.text.isdecimal()
    ]
    found: set[int] = set()
    for (i, a), (j, b) in zip(numbers, numbers[1:], strict=False):
        if 0 < b - a <= 2 and j - i >= 6:
            found |= {i, j}
    return found


def _running(lines: Sequence[Line]) -> set[int]:
    """The same short line, its digits aside, three times or more and well apart."""
    if len(lines) < 40:
        return set()
    keys = [(_digitless(line.text) if len(line.text) <= 50 else "") for line in lines]
    often = {key for key, n in Counter(keys).items() if n >= 3 and len(key) >= 4}
    found: set[int] = set()
    for key in often:
        places = [i for i, k in enumerate(keys) if k == key]
        apart = [b - a for a, b in zip(places, places[1:], strict=False)]
        if (
            min(apart) >= 10
            and not marks.is_terminal(lines[places[0]].text)
            and marks.CAPTION.match(lines[places[0]].text) is None
            and marks.SOURCE_NOTE.match(lines[places[0]].text) is None
            and marks.heading_rank(lines[places[0]].text) is None
        ):
            found |= set(places)
    return found


def _digitless(text: str) -> str:
    return _PAGE_MARK.sub("", text)


def _foot(lines: Sequence[Line], found: set[int]) -> set[int]:
    """Short lines between furniture at the very end (addresses, telephone numbers) are furniture too."""
    tail = range(max(0, len(lines) - 12), len(lines))
    marked = [i for i in tail if i in found]
    if len(marked) < 2:
        return set()
    first = marked[0]
    if any(
        len(lines[i].text) > 60 or "。" in lines[i].text
        for i in range(first, len(lines))
        if i not in found
    ):
        return set()
    return set(range(first, len(lines)))
