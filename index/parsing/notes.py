"""Note markers in the text and the notes they point at."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from index.parsing.building import Draft
from index.schema import BlockKind

MARKER = re.compile(
    r"\[\^([^\]\s]{1,24})\]|\^?[\[［〔](\d{1,3})[\]］〕]|\^\{?\(?(\d{1,3})\)?\}|"
    r"([①-⑳㉑-㉟㊱-㊿❶-❿⓵-⓾])|([\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3})"
)
_ANY = re.compile(r"[\[［〔^①-⓿❶-❿\u00b9\u00b2\u00b3\u2070-\u2079]")
_START = re.compile(
    r"(?:\^?[\[［〔]\d{1,3}[\]］〕]|[①-⑳㉑-㉟㊱-㊿]|[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}|"
    r"\[\^[^\]\s]{1,24}\]:?)\s*(?=\S)"
)
REFERENCE = re.compile(
    r"\[(?:[A-Z]|[A-Z]{1,2}/[A-Z]{2})\]|载《|\bpp?\.\s?\d|\bVol\.\s?\d|https?://|"
    r"第\s?\d+(?:[—–-]\d+)?\s?页|出版社|\bdoi[:.]|年第\s?\d+\s?期|University Press"
)
UNLABELLED = re.compile(r".{8,}\[(?:[A-Z]|[A-Z]{1,2}/[A-Z]{2})\]\s*[.．。,，].{2,}|.{8,}\[[A-Z]\]")
_DIGITS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789"
)


@dataclass(frozen=True, slots=True)
class Marker:
    start: int
    end: int
    label: str  # without brackets: "1", "①", "note-a"


def find_markers(raw: str) -> list[Marker]:
    """All that looks like a marker, labels at the start of notes included, in order."""
    if not _ANY.search(raw):
        return []
    return [Marker(m.start(), m.end(), label(m)) for m in MARKER.finditer(raw)]


def all_markers(raw: str, raised: Sequence[Marker] = ()) -> list[Marker]:
    """In order; one that the text shows as well as the page is one marker."""
    written = find_markers(raw)
    starts = [m.start for m in written]
    found = list(written)
    for marker in raised:
        i = bisect_left(starts, marker.end) - 1
        if i < 0 or written[i].end <= marker.start:
            found.append(marker)
    return sorted(found, key=lambda m: m.start)


def label(match: re.Match[str]) -> str:
    named, bracketed, braced, circled, raised = match.groups()
    return named or bracketed or braced or circled or raised.translate(_DIGITS)


def note_start(line: str) -> tuple[str, str] | None:
    """(label, label as written) where the line opens with one."""
    match = _START.match(line)
    if match is None:
        return None
    inner = MARKER.match(match.group())
    return (label(inner), match.group().strip().rstrip(":")) if inner else None


class Pending:
    """Labels that the text has used since the last note of that name: they can open one."""

    def __init__(self, markers: Sequence[Marker], line_starts: frozenset[int]) -> None:
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for marker in markers:
            if marker.start not in line_starts:
                self._places[marker.label].append(marker.start)
        self._used: dict[str, int] = {}

    def waits(self, name: str, at: int) -> bool:
        places = self._places.get(name, [])
        return bisect_left(places, at) > bisect_left(places, self._used.get(name, -1))

    def take(self, name: str, at: int) -> None:
        self._used[name] = at


def link(raw: str, drafts: Sequence[Draft], raised: Sequence[Marker] = ()) -> None:
    """Give every labelled note the markers that point at it.

    Where a label names one note, all its markers are that note's. Where numbering restarts, a note
    takes the markers between the last note of that label and itself. `raised`: further markers that
    only the page's layout shows.
    """
    notes = [d for d in drafts if d.label and d.kind in (BlockKind.FOOTNOTE, BlockKind.REFERENCE)]
    if not notes:
        return
    by_label: defaultdict[str, list[Draft]] = defaultdict(list)
    own: set[int] = set()
    for note in notes:
        match = MARKER.match(raw, note.start)
        if match:
            own.add(note.start)
            by_label[label(match)].append(note)
        elif note.label:
            by_label[note.label.strip("[]^.:、 ")].append(note)
    places: defaultdict[str, list[Marker]] = defaultdict(list)
    for marker in all_markers(raw, raised):
        if marker.start not in own and marker.label in by_label:
            places[marker.label].append(marker)
    for name, group in by_label.items():
        group.sort(key=lambda d: d.start)
        for i, note in enumerate(group):
            low = group[i - 1].start if i else -1
            high = note.start if len(group) > 1 else len(raw)
            note.markers = [(m.start, m.end) for m in places[name] if low < m.start < high]
