"""Markdown. Marks that open a line (#, -, >, fences, table rules) go; all within a line stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.cleaning import Edits, join_lines
from index.parsing import marks
from index.parsing.building import Draft, Found, build, plain
from index.parsing.lines import Line, split_lines
from index.parsing.markdown_tables import OPENS, html_table
from index.parsing.metadata import date_in, read_facts
from index.parsing.notes import Pending, find_markers, link, note_start
from index.parsing.tables import Table, pipe_cells, table_drafts
from index.schema import BlockKind, Document

_ATX = re.compile(r"(#{1,6})(?:[ \t]+|$)(.*?)(?:[ \t]+#+[ \t]*)?$")
_SETEXT = re.compile(r"=+|-{2,}")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_BREAK = re.compile(r"(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}")
_BULLET = re.compile(r"([*+-])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
_ORDERED = re.compile(r"\d{1,9}[.)、）][ \t]*(?=\S)")
_QUOTE = re.compile(r"(?:>[ \t]?)+")
_NOTE = re.compile(r"(\[\^[^\]\s]+\]):[ \t]*")
_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_YAML = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_IMAGE_ONLY = re.compile(r"!\[([^\]]*)\]\([^)]*\)")


def is_markdown(text: str) -> bool:
    """A text file that is Markdown in truth: two headings with # among its first lines."""
    return len(re.findall(r"^#{1,6} \S", text[:20_000], re.MULTILINE)) >= 2


def parse_markdown(
    raw: str, *, doc_id: str, source: str, content_hash: str, title: str = ""
) -> Document:
    reader = _Reader(raw)
    yaml = _YAML.match(raw)
    given: dict[str, str] = {}
    if yaml and (given := _front_matter(yaml.group(1))):
        reader.drafts.append(Draft(BlockKind.FRONT_MATTER, [(yaml.start(1), yaml.end(1))]))
        reader.edits.delete(0, yaml.start(1))
        reader.edits.replace(yaml.end(1), yaml.end(), "\n")
        reader.start = yaml.end()
    drafts = reader.run()
    link(raw, drafts)
    facts = read_facts(raw, drafts, title=given.pop("title", ""))
    date = date_in(given.pop("date", "")) or facts.date
    kind = given.pop("kind", facts.kind)
    found = Found("md", facts.title or title, kind, date, facts.language, facts.meta | given)
    return build(
        raw, drafts, reader.edits, found, doc_id=doc_id, source=source, content_hash=content_hash
    )


def _front_matter(yaml: str) -> dict[str, str]:
    """The plain `key: value` lines; {} where there are none (then it was two rules)."""
    pairs = (
        line.partition(":")
        for line in yaml.splitlines()
        if ":" in line and not line.startswith((" ", "#", "-"))
    )
    given = ((k.strip().lower(), v.strip().strip("\"'[]")) for k, _, v in pairs)
    return {_KEYS.get(k, k): v for k, v in given if v and len(k) <= 40}


_KEYS = {
    "标题": "title", "题目": "title", "作者": "author", "日期": "date", "时间": "date", "发布日"
    "期": "date",
    "机构": "publisher", "来源": "publisher", "出版": "publisher", "类型": "kind",
    "關鍵詞": "keywords", "关键词": "keywords",
}  # fmt: skip


class _Reader:
    def __init__(self, raw: str) -> None:
        self.raw, self.edits, self.start = raw, Edits(), 0
        self.drafts: list[Draft] = []
        self.open: Draft | None = None
        self.depth = 0  # of the open block's quote marks

    def run(self) -> list[Draft]:
        self.edits.drop_controls(self.raw)
        lines = [line for line in split_lines(self.raw) if line.start >= self.start]
        self.lines = lines
        self.pending = Pending(find_markers(self.raw), frozenset(line.start for line in lines))
        i, tables = 0, 0
        while i < len(lines):
            line = lines[i]
            fence = _FENCE.match(line.text)
            if fence:
                i = self._code(lines, i, fence.group(1))
            elif OPENS.match(line.text) and (
                found := html_table(self.raw, line.start, tables, self.edits)
            ):
                self.drafts += found[0]
                self.open, tables = None, tables + 1
                while i < len(lines) and lines[i].start < found[1]:
                    i += 1
            elif (last := self._table_end(lines, i)) > i:
                self._table(lines, i, last, tables)
                tables, i = tables + 1, last
            else:
                i += self._line(lines, i)
        return self.drafts

    def _line(self, lines: Sequence[Line], i: int) -> int:
        """Take one line (two where the second underlines it); how many were taken."""
        line = lines[i]
        start, text = line.start, line.text
        quote = _QUOTE.match(text)
        if quote:
            self.edits.delete(start, start + quote.end())
            start, text = start + quote.end(), text[quote.end() :]
            if not text.strip():
                self.open = None
                return 1
        if atx := _ATX.fullmatch(text):
            self.edits.delete(start, start + atx.start(2))
            self.edits.delete(start + atx.end(2), line.end)
            if atx.group(2).strip():
                self._add(BlockKind.HEADING, start + atx.start(2), start + atx.end(2)).level = len(
                    atx.group(1)
                )
            return 1
        below = lines[i + 1] if i + 1 < len(lines) else None
        fresh = self.open is None or line.gap > 1
        if (
            below is not None
            and below.gap == 1
            and fresh
            and _SETEXT.fullmatch(below.text)
            and not _BULLET.match(text)
        ):
            self._add(BlockKind.HEADING, start, line.end).level = 1 if below.text[0] == "=" else 2
            self.edits.delete(below.start, below.end)
            return 2
        if _BREAK.fullmatch(text):
            self.edits.delete(start, line.end)
            self.open = None
            return 1
        if note := _NOTE.match(text):
            draft = self._add(BlockKind.FOOTNOTE, start, line.end)
            draft.label, self.open = note.group(1), draft
            return 1
        if (opened := note_start(text)) and self._opens_note(opened[0], start, text, fresh):
            listed = bool(self.drafts) and self._in_bibliography()
            draft = self._add(
                BlockKind.REFERENCE if listed else BlockKind.FOOTNOTE, start, line.end
            )
            draft.label, self.open = opened[1], draft
            return 1
        self._text(line, start, text, fresh)
        return 1

    def _opens_note(self, name: str, start: int, text: str, fresh: bool) -> bool:
        """A line that begins with [1] or ① is a note where the text has used that label."""
        if re.match(r"\[\d+\][(\[]", text):  # a link
            return False
        before = self.raw[: self.open.end][-24:] if self.open is not None else ""
        is_free = fresh or self.open is None or self.open.label or marks.is_terminal(before)
        if not is_free or not (self.pending.waits(name, start) or self._in_bibliography()):
            return False
        self.pending.take(name, start)
        return True

    def _text(self, line: Line, start: int, text: str, fresh: bool) -> None:
        bullet, ordered = _BULLET.match(text), _ORDERED.match(text)
        if bullet:
            self.edits.delete(start, start + bullet.end())
            self.open = self._add(BlockKind.LIST_ITEM, start + bullet.end(), line.end)
        elif ordered and (
            fresh or (self.open is not None and self.open.kind is BlockKind.LIST_ITEM)
        ):
            self.open = self._add(BlockKind.LIST_ITEM, start, line.end)
        elif not fresh and self.open is not None:
            first, last = self.open.parts[-1]
            if self.raw[last : line.start].startswith(("  \n", "\\\n")):
                self.open.parts[-1] = (first, line.end)
            else:
                join_lines(self.raw, last, start, self.edits)
                self.open.parts[-1] = (first, line.end)
        else:
            self.open = self._add(self._kind(text), start, line.end)

    def _kind(self, text: str) -> BlockKind:
        name = plain(text).strip("*_ ")
        if _IMAGE_ONLY.fullmatch(text) or (marks.is_caption(name.rstrip("。"))):
            return BlockKind.CAPTION
        if marks.SOURCE_NOTE.match(name) and len(self.drafts) > 6 and len(name) <= 120:
            return BlockKind.CAPTION
        if marks.is_front(name, near_top=len(self.drafts) < 8):
            return BlockKind.FRONT_MATTER
        if marks.is_furniture(name):
            return BlockKind.FURNITURE
        if self.drafts and self._in_bibliography():
            return BlockKind.REFERENCE
        return BlockKind.PARAGRAPH

    def _in_bibliography(self) -> bool:
        heading = next((d for d in reversed(self.drafts) if d.kind is BlockKind.HEADING), None)
        return (
            heading is not None
            and marks.BIBLIOGRAPHY.fullmatch(self.raw[heading.start : heading.end]) is not None
        )

    def _code(self, lines: Sequence[Line], i: int, fence: str) -> int:
        """A fenced block keeps its lines as they are; the fences go."""
        last = i + 1
        while last < len(lines) and not lines[last].text.startswith(fence):
            last += 1
        self.edits.delete(lines[i].start, lines[i].end)
        if last < len(lines):
            self.edits.delete(lines[last].start, lines[last].end)
        if last > i + 1:
            self._add(BlockKind.PARAGRAPH, lines[i + 1].start, lines[last - 1].end)
        return last + 1

    def _table_end(self, lines: Sequence[Line], i: int) -> int:
        if (
            i + 1 >= len(lines)
            or "|" not in lines[i].text
            or ("|" not in lines[i + 1].text and "-" not in lines[i + 1].text)
        ):
            return i
        if lines[i + 1].gap != 1 or not _RULE.fullmatch(lines[i + 1].text):
            return i
        last = i + 2
        while last < len(lines) and lines[last].gap == 1 and "|" in lines[last].text:
            last += 1
        return last

    def _table(self, lines: Sequence[Line], first: int, last: int, number: int) -> None:
        rule = lines[first + 1]
        self.edits.delete(lines[first].end, rule.end)
        rows = [pipe_cells(line) for i, line in enumerate(lines[first:last]) if i != 1]
        self.drafts += table_drafts(self.raw, Table(first, last, rows, True), number)
        self._outer_pipes(lines, first, last)
        self.open = None

    def _outer_pipes(self, lines: Sequence[Line], first: int, last: int) -> None:
        for i in range(first, last):
            line = lines[i]
            if i == first + 1:
                continue
            inner = line.text.strip("|").strip()
            at = line.text.find(inner) if inner else 0
            self.edits.delete(line.start, line.start + at)
            self.edits.delete(line.start + at + len(inner), line.end)

    def _add(self, kind: BlockKind, start: int, end: int) -> Draft:
        draft = Draft(kind, [(start, end)])
        self.drafts.append(draft)
        self.open = None
        return draft
