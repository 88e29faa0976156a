"""Lines of a text layer, and whether one goes on in the next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from index.parsing.marks import is_terminal

_LINE = re.compile(r"[^\n\r\f\v\x85\u2028\u2029]+")
_SENTENCE_END = re.compile(r"[。！？；]|[A-Za-z)”\"][.!?](?:\s|$|[”\"])")
_FIELD = re.compile(r"[^。，；：:]{1,14}[：:]")  # such as "姓名：…"; a form has one on each line
_DIGITS = re.compile(r"\d")
_HALF_FIGURE = re.compile(r"[\u4e00-\u9fff][^\s.]{0,3}?\d{1,4}\.$")  # "达到5.", and below it:
_DECIMALS = re.compile(r"\d+[^\d\s.、)）．]")  # "5万亿元", but no "2. 方法"
_FIRST_WORD = re.compile(r"[A-Za-z0-9][^\s\u2e80-\uffee]*")


@dataclass(slots=True)
class Line:
    """A line that holds something; `start` and `end` are raw offsets without outer spaces."""

    start: int
    end: int
    text: str  # raw[start:end]
    gap: int  # newlines before it, counted from the last line that holds something
    indent: int  # columns of space before it
    new_page: bool  # a form feed, or the marks of one, before it
    width: int  # in half-width columns
    foot: bool = False  # a page shows that it is no part of the text above it

    @property
    def latin(self) -> bool:
        """Written in letters rather than characters: few columns more than characters."""
        wide = self.width - len(self.text)
        return len(self.text) > 3 * wide


def split_lines(raw: str) -> list[Line]:
    lines: list[Line] = []
    last = 0
    for match in _LINE.finditer(raw):
        whole = match.group()
        text = whole.strip()
        if not text or not text.strip("\u200b\ufeff\x00"):
            continue
        lead = len(whole) - len(whole.lstrip())
        start = match.start() + lead
        between = raw[last : match.start()]
        lines.append(
            Line(
                start=start,
                end=start + len(text),
                text=text,
                gap=max(between.count("\n"), between.count("\r")) + between.count("\f"),
                indent=_columns(whole[:lead]),
                new_page="\f" in between or "\f" in whole[:lead],
                width=_columns(text),
            )
        )
        last = start + len(text)
    return lines


def _columns(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a text are broken.

    wrapped: lines end where the page ended, not where a paragraph does.
    gap: newlines between two lines of one paragraph (2 where every other line is blank).
    width, latin_width: columns of a full line.
    """

    wrapped: bool
    gap: int
    width: int
    latin_width: int
    closed: bool  # long lines nearly always end as sentences do, so one that does not was broken

    def full(self, line: Line) -> int:
        return self.latin_width if line.latin else self.width


def measure(lines: Sequence[Line]) -> Layout:
    """Judge the breaks by how many lines near the full width stop in the middle of a sentence."""
    wide = [line for line in lines if line.width >= 20]
    if len(wide) < 3:
        return Layout(False, 1, 0, 0, False)
    sample = wide if len(wide) <= 4000 else wide[:: len(wide) // 4000]
    han = sorted(line.width for line in sample if not line.latin)
    latin = sorted(line.width for line in sample if line.latin)
    width, latin_width = _common(han) if han else _high(latin), _high(latin or han)
    main = width if len(han) >= len(latin) else latin_width
    # Chinese lines break at one width; English ones end ragged, up to a long word short of it.
    least = main - 7 if len(han) >= len(latin) else 0.75 * main
    full = [i for i, x in enumerate(lines[:-1]) if least <= x.width <= 1.25 * main]
    broken = [i for i in full if not is_terminal(lines[i].text)]
    wrapped = (
        30 <= main <= 180
        and len(full) >= 0.35 * len(wide)
        and len(broken) >= max(2, 0.5 * len(full))
        and sum(_FIELD.match(x.text) is not None for x in lines) <= 0.3 * len(lines)
    )
    wrapped = wrapped and _is_prose(sample)
    gap = 1
    if wrapped:
        gaps = [lines[i + 1].gap for i in broken if not lines[i + 1].new_page]
        gap = max(1, round(median(gaps))) if gaps else 1
    long = [line for line in sample if line.width >= 60]
    closed = sum(is_terminal(line.text) for line in long) >= 0.6 * len(long)
    return Layout(wrapped, gap, width, latin_width, closed)


def _is_prose(lines: Sequence[Line]) -> bool:
    """Sentences end in it now and then, and its lines do not all begin alike, as a log's do."""
    ending = sum(_SENTENCE_END.search(line.text) is not None for line in lines)
    starts = Counter(_DIGITS.sub("0", line.text[:6]) for line in lines)
    return ending >= 0.12 * len(lines) and max(starts.values()) <= max(3, 0.5 * len(lines))


def _common(widths: list[int]) -> int:
    """Printed Chinese fills its lines: the width that most characters stand in."""
    weights: Counter[int] = Counter()
    for width in widths:
        weights[width // 3] += width
    best = max(weights, key=lambda b: (weights[b] + weights[b - 1] + weights[b + 1], b))
    near = sorted(w for w in widths if best - 1 <= w // 3 <= best + 1)
    return near[int(0.75 * (len(near) - 1))]


def _high(widths: list[int]) -> int:
    return widths[int(0.9 * (len(widths) - 1))] if widths else 0


def goes_on(line: Line, following: Line, layout: Layout) -> bool:
    """A plain line and the plain line after it belong to one paragraph; nothing stands between."""
    ended = is_terminal(line.text)
    if not layout.wrapped:
        if ended or not layout.closed or line.width < 60 or not _breaks_off(line):
            return False
        return following.width >= 60 or is_terminal(following.text)
    if following.gap > layout.gap and not following.new_page:
        return False
    full = layout.full(line)
    if breaks_figure(line, following):
        return True
    if following.indent - line.indent >= 8 and not following.new_page:
        return False  # set in the middle, each line by itself
    if not ended:
        if (
            following.indent - line.indent >= 2
            and following.indent >= 4
            and line.width < 0.8 * full
        ):
            return False
        return line.width >= 0.55 * full or line.text.endswith(
            ("，", "、", ",", "-", "—", "（", "(")
        )
    if following.indent >= line.indent + 2 and following.indent >= 2:
        return False
    if line.text[-1] in "；：;:" and line.width >= 0.85 * full:
        return True
    # A sentence ends here. Had the next word found room, the break would be the author's.
    word = _FIRST_WORD.match(following.text)
    room = full - line.width
    needed = len(word.group()) + 1 if word else 4
    if line.latin:
        return room < needed
    # Printed Chinese indents a paragraph by two characters: extracted, a shorter line.
    return room <= 4 and following.width > full - 3


def breaks_figure(line: Line, following: Line) -> bool:
    """A line of Chinese stops at a decimal point, and its decimals open the next."""
    return (
        line.text[-1] == "."
        and _DECIMALS.match(following.text) is not None
        and _HALF_FIGURE.search(line.text) is not None
    )


def _breaks_off(line: Line) -> bool:
    """Stops in the middle of a sentence: after a character, a comma, or inside a bracket."""
    last = line.text[-1]
    return (
        last.isalnum() or last in "，、,（(“《—-" or line.text.count("（") > line.text.count("）")
    )


def resumes(line: Line, following: Line, layout: Layout) -> bool:
    """A sentence that a note, a page number or a header interrupted goes on in `following`."""
    if is_terminal(line.text):
        return False
    if layout.wrapped:
        return line.width >= 0.55 * layout.full(line)
    long = following.width >= 60 or is_terminal(following.text)
    quoted = line.text[-1] in "”’」』》"
    return line.width >= 50 and (quoted or _breaks_off(line)) and long
