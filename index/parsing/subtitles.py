"""Subtitles and texts with times at the head of their lines: SubRip, WebVTT, ASS, plain text.

Numbers, times and tags go; the words keep their place in the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from index.cleaning import Edits, join_lines, joint
from index.errors import EmptyDocument, ParseError
from index.parsing.building import Draft, Found, Pair, build
from index.parsing.metadata import language_of
from index.parsing.speech import is_name
from index.parsing.utterances import TAG, whole_sentences
from index.schema import BlockKind, Document

_TIMES = re.compile(
    r"^[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})[ \t]*-->[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2}"
    r")[.,](\d{1,3})[^\n]*$",
    re.MULTILINE,
)
_VOICE = re.compile(r"\s*<v(?:\.[^\s>]*)?[ \t]+([^<>\n]{1,60})>")
_ROLLING = re.compile(r"<\d{2}:\d{2}:\d{2}\.\d{3}><c>")
_DIALOGUE = re.compile(r"^Dialogue:[ \t]*([^\n]*)$", re.MULTILINE)
_FORMAT = re.compile(r"^\[Events\][^\n]*\n(?:;[^\n]*\n)*Format:([^\n]*)$", re.MULTILINE)
_COLUMNS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")
_BREAK = re.compile(r"[ \t]*\\[Nnh][ \t]*")
_CLOCK = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_TO = rf"(?:[ \t]*(?:-->|--?|–|—|~|至)[ \t]*{_CLOCK})?"
# [00:01:02] words; 00:01:02 words; 阿棠(00:01:02): words; 阿棠 01:02, the words below.
_HEAD = re.compile(
    rf"^[ \t]*(?:[\[【(（]{_CLOCK}{_TO}[\]】)）][ \t　]*"
    rf"|(?=\d{{1,2}}:\d{{2}}:\d{{2}}){_CLOCK}{_TO}(?:[ \t　]+|$)"
    rf"|([^\s\d:：,，。、；;！？!?(（\[][^\n:：,，。；;！？!?(（\[]{{0,23}}?)"
    rf"(?:[ \t　]*[(（\[]{_CLOCK}[)）\]][ \t]*[:：]?[ \t]*|[ \t　]+{_CLOCK}[ \t]*\r?$))",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Cue:
    """raw[start:body] says when and perhaps who (raw[who]), raw[body:end] what."""

    start: int
    body: int
    end: int
    time: tuple[float, float | None]
    who: Pair | None = None


def looks_like_subtitles(head: str) -> bool:
    return _TIMES.search(head[:400]) is not None


def is_timed_text(raw: str) -> bool:
    """A third of the lines or more begin with a time, and the times do not run back."""
    heads = [_clock(m.groups())[0] for m in _HEAD.finditer(raw[:20_000])]
    if len(heads) < 3:
        return False
    lines = sum(not line.isspace() for line in raw[:20_000].splitlines() if line)
    back = sum(b < a for a, b in pairwise(heads))
    return 3 * len(heads) >= lines and 10 * back <= len(heads)


def parse_subtitles(
    raw: str, *, doc_id: str, source: str, content_hash: str, title: str, kind: str = "srt"
) -> Document:
    """`kind`: srt, vtt, ass, or timed for lines with a time at their head.

    Who speaks, where that is named, stands before the words when they begin: «阿棠：…».
    """
    find = {"ass": _dialogue, "timed": _timed_lines}.get(kind, _cues)
    cues = list(find(raw))
    if not cues:
        raise ParseError("has no cue of the form 00:00:01,000 --> 00:00:02,000; export it again")
    edits = Edits()
    edits.drop_controls(raw)
    drafts = _preface(raw, cues[0].start) if kind == "timed" else []
    turns: set[int] = set()
    gaps: dict[int, int] = {}
    if not drafts:
        edits.delete(0, cues[0].start)
    speaker = ""
    is_rolling = kind == "vtt" and _ROLLING.search(raw) is not None
    shown = ""
    for i, cue in enumerate(cues):
        following = cues[i + 1].start if i + 1 < len(cues) else len(raw)
        start, stop = _trimmed(raw, cue.body, cue.end)
        first = start
        if is_rolling:
            first, shown = _unseen(raw, start, stop, shown)
        who = " ".join(raw[slice(*cue.who)].split()) if cue.who is not None else ""
        if first >= stop or not TAG.sub("", raw[first:stop]).strip():
            edits.delete(cue.start, following)
            continue
        begin = first
        if who != speaker and cue.who is not None and is_name(who):
            begin = cue.who[0]
            edits.delete(cue.start, begin)
            edits.replace(cue.who[1], first, ": " if who.isascii() else "：")
        else:
            edits.delete(cue.start, first)
        if who != speaker:
            turns.add(begin)
            speaker = who
        _clean_body(raw, first, stop, edits)
        gaps[stop] = max(stop, following)
        end = cue.time[1]
        if end is None:
            end = cues[i + 1].time[0] if i + 1 < len(cues) else cue.time[0]
        end = max(end, cue.time[0]) if cue.time[1] is None else end
        drafts.append(Draft(BlockKind.SEGMENT, [(begin, stop)], time=(cue.time[0], end)))
    if not any(d.kind is BlockKind.SEGMENT for d in drafts):
        raise EmptyDocument("is a transcript without words; nothing to index")
    gaps.pop(drafts[-1].end, None)
    words = html.unescape("".join(raw[d.start : d.end] for d in drafts))
    found = Found("transcript", title, "transcript", None, language_of(words))
    drafts = whole_sentences(raw, drafts, edits, gaps, turns)
    for stop, following in gaps.items():
        edits.replace(stop, following, "\n")
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)


def _clean_body(raw: str, start: int, stop: int, edits: Edits) -> None:
    for tag in TAG.finditer(raw, start, stop):
        edits.delete(tag.start(), tag.end())
    for mark in _BREAK.finditer(raw, start, stop):
        before, after = TAG.sub("", raw[start : mark.start()]), TAG.sub("", raw[mark.end() : stop])
        _, between = joint(before + after, len(before), len(before))
        edits.replace(mark.start(), mark.end(), between)
    for broken in re.finditer(r"(?<=\S)[ \t]*\r?\n\s*(?=[^\s-])", raw[start:stop]):
        join_lines(raw, start + broken.start(), start + broken.end(), edits)


def _trimmed(raw: str, start: int, end: int) -> Pair:
    while start < end and raw[start].isspace():
        start += 1
    while end > start and raw[end - 1].isspace():
        end -= 1
    return start, end


def _unseen(raw: str, start: int, stop: int, shown: str) -> tuple[int, str]:
    """Where what the cue before did not show begins, and the last line that this one shows."""
    while start < stop:
        end = raw.find("\n", start, stop)
        line = TAG.sub("", raw[start : stop if end < 0 else end]).strip()
        if line and line != shown:
            break
        start = stop if end < 0 else end + 1
    last = TAG.sub("", raw[start:stop]).strip().rpartition("\n")[2].strip()
    return start, last or shown


def _preface(raw: str, end: int) -> list[Draft]:
    """The lines before the first time: a title, who takes part."""
    drafts = []
    for line in re.finditer(r"[^\r\n]+", raw[:end]):
        start, stop = _trimmed(raw, line.start(), line.end())
        if start < stop:
            drafts.append(Draft(BlockKind.PARAGRAPH, [(start, stop)]))
    return drafts


# --- where cues stand -----------------------------------------------------------------------------


def _cues(raw: str) -> Iterator[_Cue]:
    times = list(_TIMES.finditer(raw))
    for i, cue in enumerate(times):
        end = times[i + 1].start() if i + 1 < len(times) else len(raw)
        start = cue.start()
        if i + 1 < len(times):
            # The number or name of the next cue stands after the last blank line.
            blank = re.search(r"\r?\n[ \t]*\r?\n[^\n]*\r?\n?$", raw[cue.end() : end])
            end = cue.end() + blank.start() if blank else end
        voice = _VOICE.match(raw, cue.end(), end)
        yield _Cue(
            start,
            voice.end() if voice else cue.end(),
            end,
            _clock(cue.groups()),
            voice.span(1) if voice else None,
        )


def _dialogue(raw: str) -> Iterator[_Cue]:
    columns = _FORMAT.search(raw)
    names = [n.strip() for n in (columns.group(1) if columns else _COLUMNS).split(",")]
    if not {"Start", "End", "Text"} <= set(names):
        return
    for line in _DIALOGUE.finditer(raw):
        fields: dict[str, Pair] = {}
        at = line.start(1)
        for name, value in zip(names, line.group(1).split(",", len(names) - 1), strict=False):
            fields[name] = _trimmed(raw, at, at + len(value))
            at += len(value) + 1
        times = [re.fullmatch(_CLOCK, raw[slice(*fields[n])]) for n in ("Start", "End")]
        if "Text" not in fields or times[0] is None or times[1] is None:
            continue
        if _DRAWING.search(raw, *fields["Text"]):
            continue
        both = _clock(times[0].groups() + times[1].groups())
        who = fields.get("Name", fields.get("Actor", (0, 0)))
        yield _Cue(line.start(), *fields["Text"], both, who if who[0] < who[1] else None)


def _timed_lines(raw: str) -> Iterator[_Cue]:
    heads = list(_HEAD.finditer(raw))
    for i, head in enumerate(heads):
        end = heads[i + 1].start() if i + 1 < len(heads) else len(raw)
        groups = head.groups()
        who = head.span(17) if groups[16] is not None else None
        yield _Cue(head.start(), head.end(), end, _clock(groups), who)


def _clock(groups: tuple[str | None, ...]) -> tuple[float, float | None]:
    """The first time among groups of four (hours, minutes, seconds, parts), and the second."""
    times = []
    rest = list(groups)
    if len(rest) > 16:
        del rest[16]
    for at in range(0, len(rest), 4):
        hours, minutes, seconds, part = rest[at : at + 4]
        if minutes is not None and seconds is not None:
            exact = int(part.ljust(3, "0")) / 1000 if part else 0
            times.append(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + exact)
    return times[0], times[1] if len(times) > 1 else None
