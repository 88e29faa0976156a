"""Lines that belong to the page or the site, not to what it says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from index.parsing import marks
from index.parsing.lines import Layout, Line

_PAGE_MARK = re.compile(r"[\d\s\-–—·•/|]+")
_NUMBERED = re.compile(r"(\d{1,4})(?:[\s·•|｜]+\S.*)?|\S.*[\s·•|｜](\d{1,4})")
_STOP = re.compile(r"[，。；！？]")


def find_furniture(
    lines: Sequence[Line], known: set[int], layout: Layout, *, paged: bool = False
) -> set[int]:
    """Page numbers, running headers, web furniture, and the foot of a web page.

    `known`: found already; `paged`: by the layout of pages.
    """
    found = {
        i
        for i, line in enumerate(lines)
        if len(line.text) <= 24 and marks.PAGE_NUMBER.fullmatch(line.text)
    }
    found |= {
        i for i, line in enumerate(lines) if len(line.text) <= 200 and marks.is_furniture(line.text)
    }
    if not paged:  # else the page's own layout has shown them already
        found |= _bare_numbers(lines) | _running(lines)
        found |= _breaking_in(lines, found, layout)
    found |= _beside_page_numbers(lines, found | known, bare=not paged)
    found -= known
    found |= _marks_between(lines, found)
    return found | _foot(lines, found)


def _bare_numbers(lines: Sequence[Line]) -> set[int]:
    """Lines of a number alone that count up through the text, well apart, are page numbers."""
    numbers = [
        (i, int(line.text))
        for i, line in enumerate(lines)
        if len(line.text) <= 4 and line.text.isdecimal()
    ]
    found: set[int] = set()
    for (i, a), (j, b) in pairwise(numbers):
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
        apart = [b - a for a, b in pairwise(places)]
        if (
            min(apart) >= 10
            and not marks.is_terminal(lines[places[0]].text)
            and marks.CAPTION.match(lines[places[0]].text) is None
            and marks.SOURCE_NOTE.match(lines[places[0]].text) is None
            and marks.heading_rank(lines[places[0]].text) is None
        ):
            found |= set(places)
    return found


def _breaking_in(lines: Sequence[Line], found: set[int], layout: Layout) -> set[int]:
    """Short lines in the middle of a broken sentence, twice or more: the same words, or page
    numbers that count up beside a journal's or an author's name."""
    if not layout.wrapped:
        return set()
    places = [i for i in range(1, len(lines) - 1) if i not in found and _breaks(lines, i, layout)]
    keys = Counter(_digitless(lines[i].text) for i in places)
    out = {i for i in places if len(key := _digitless(lines[i].text)) >= 4 and keys[key] >= 2}
    numbers = [
        (i, int(match.group(1) or match.group(2)))
        for i in places
        if (match := _NUMBERED.fullmatch(lines[i].text))
    ]
    for (i, a), (j, b) in pairwise(numbers):
        if 0 < b - a <= 2 and j - i >= 4:
            out |= {i, j}
    return out


def _breaks(lines: Sequence[Line], i: int, layout: Layout) -> bool:
    """The full line above stops in mid-sentence, and the line below is as full as the text."""
    before, line, after = lines[i - 1], lines[i], lines[i + 1]
    return (
        len(line.text) <= 50
        and line.width <= 0.75 * layout.full(before)
        and not marks.is_terminal(before.text)
        and before.width >= 0.85 * layout.full(before)
        and after.width > line.width
        and after.indent < before.indent + 2
        and marks.heading_rank(after.text) is None
        and not marks.is_terminal(line.text)
        and not _STOP.search(line.text)
        and not marks.is_caption(line.text)
        and marks.SOURCE_NOTE.match(line.text) is None
        and marks.heading_rank(line.text) is None
    )


def _digitless(text: str) -> str:
    return _PAGE_MARK.sub("", text)


def _beside_page_numbers(lines: Sequence[Line], found: set[int], *, bare: bool) -> set[int]:
    """Running headers of a short text: next to a page number, and there twice or more.

    `bare`: a number alone, where it was found to be furniture, counts as well.
    """
    numbers = [
        i
        for i in found
        if marks.PAGE_NUMBER.fullmatch(lines[i].text) or (bare and lines[i].text.isdecimal())
    ]
    beside = [
        j
        for i in numbers
        for j in (i - 1, i + 1)
        if 0 <= j < len(lines)
        and j not in found
        and len(lines[j].text) <= 70
        and not marks.is_terminal(lines[j].text)
    ]
    keys = Counter(_digitless(lines[j].text) for j in beside)
    return {j for j in beside if len(key := _digitless(lines[j].text)) >= 4 and keys[key] >= 2}


def _marks_between(lines: Sequence[Line], found: set[int]) -> set[int]:
    """A bracket or a stroke alone beside furniture is its remainder."""
    return {
        i
        for i, line in enumerate(lines)
        if len(line.text) <= 3
        and not any(c.isalnum() for c in line.text)
        and (i - 1 in found or i + 1 in found)
    }


def _foot(lines: Sequence[Line], found: set[int]) -> set[int]:
    """Short lines between furniture at the very end (addresses, numbers) are furniture too."""
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
