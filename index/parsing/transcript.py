"""Transcripts: JSON with segments (nested lists, or Whisper's shape), SubRip and WebVTT."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from index.cleaning import Edits, join_lines
from index.errors import EmptyDocument, ParseError
from index.parsing.building import Draft, Found, build
from index.parsing.marks import heading_rank, is_terminal
from index.parsing.metadata import language_of
from index.schema import BlockKind, Document

_TIMES = re.compile(
    r"^[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})[ \t]*-->[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2}"
    r")[.,](\d{1,3})[^\n]*$",
    re.MULTILINE,
)
_TAG = re.compile(
    r"</?(?:[cibuv]|ruby|rt|lang|font)\b[^<>\n]*>|<\d[\d:.]*>|\{\\[^}\n]*\}", re.IGNORECASE
)
_AUDIO = (
    "audio", "audio_url", "audio_file", "audio_path", "audioUrl", "media", "media_url", "enclosure",
    "url", "file", "src",
)  # fmt: skip
_ABOUT = ("audio", "media", "enclosure", "metadata", "meta", "info", "episode")
_SOUND = (".mp3", ".m4a", ".wav")
Segment = tuple[float, float | None, str]


def is_transcript(data: Any) -> bool:
    """The parsed JSON has the shape of a transcript."""
    return isinstance(data, dict) and any(
        _looks(data.get(name)) for name in ("text", "segments", "transcript", "results")
    )


def _looks(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, dict) and "text" in value and ("start" in value or "begin" in value)


def parse_transcript(
    text: str, *, doc_id: str, source: str, content_hash: str, title: str
) -> Document:
    """The text layer is the segments' texts, one a line; times are seconds.

    A segment without an end lasts until the next one starts.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"is broken JSON ({str(error)[:80]}); export it again") from None
    if not is_transcript(data):
        raise ParseError(
            'is JSON of an unknown shape; a transcript is {"text": [[{"start": …, "text": …}]]} '
            'or {"segments": […]}'
        )
    segments = [
        s
        for name in ("text", "segments", "transcript", "results")
        for s in _segments(data.get(name))
    ]
    segments = [s for s in segments if s[2].strip()]
    if not segments:
        raise EmptyDocument("is a transcript without words; nothing to index")
    parts: list[str] = []
    drafts: list[Draft] = []
    at = 0
    for i, (start, end, words) in enumerate(segments):
        following = segments[i + 1][0] if i + 1 < len(segments) else None
        stop = (
            end
            if end is not None
            else following
            if following is not None and following >= start
            else start
        )
        drafts.append(_draft(words, at, (start, max(start, stop))))
        parts.append(words)
        at += len(words) + 1
    audio = _audio(data)
    raw = "\n".join(parts)
    named = str(data["title"]) if isinstance(data.get("title"), str) else title
    edits = Edits()
    edits.drop_controls(raw)
    meta = {"audio": audio} if audio else {}
    found = Found("transcript", named, "transcript", None, language_of(raw), meta)
    return build(
        raw,
        _whole_sentences(raw, drafts, edits, {}),
        edits,
        found,
        doc_id=doc_id,
        source=source,
        content_hash=content_hash,
    )


def _audio(data: dict[str, Any]) -> str | None:
    """The address of the sound that the transcript itself gives, at its top or one level down."""
    within = [value for name in _ABOUT if isinstance(value := data.get(name), dict)]
    return next(
        (
            value.strip()
            for table in (data, *within)
            for name in _AUDIO
            if isinstance(value := table.get(name), str) and value.strip()
        ),
        None,
    )


def with_audio_beside(document: Document, path: Path) -> Document:
    """The transcript with the sound file beside it, if it has none or only names one.

    Such a file is named as its transcript is: by its path below the indexed root.
    """
    given = document.meta.get("audio", "")
    if "://" in given:
        return document
    names = [given.replace("\\", "/").rpartition("/")[2]] if given else []
    names += [path.stem + suffix for end in _SOUND for suffix in (end, end.upper())]
    for name in names:
        try:
            there = bool(name) and path.with_name(name).is_file()
        except (OSError, ValueError):  # too long, or no name at all
            continue
        if there:
            beside = PurePosixPath(document.source).with_name(name).as_posix()
            return replace(document, meta={**document.meta, "audio": beside})
    return document


def _draft(words: str, at: int, time: tuple[float, float]) -> Draft:
    """A segment that only announces what follows is a heading, and keeps its time."""
    rank = heading_rank(words.strip())
    if rank is not None and rank <= 6 and len(words) <= 40:
        return Draft(
            BlockKind.HEADING, [(at, at + len(words))], level=1 if rank <= 5 else 2, time=time
        )
    return Draft(BlockKind.SEGMENT, [(at, at + len(words))], time=time)


def _segments(value: Any, depth: int = 0) -> Iterator[Segment]:
    if isinstance(value, list) and depth < 8:
        for item in value:
            yield from _segments(item, depth + 1)
    elif isinstance(value, dict) and isinstance(value.get("text"), str):
        start = _seconds(value.get("start", value.get("begin")))
        yield (start or 0.0, _seconds(value.get("end")), value["text"])


def _seconds(value: Any) -> float | None:
    try:
        return float(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def parse_subtitles(
    raw: str, *, doc_id: str, source: str, content_hash: str, title: str
) -> Document:
    """SRT or VTT: cue numbers, times and tags go, the words keep their place in the file."""
    cues = list(_TIMES.finditer(raw))
    if not cues:
        raise ParseError("has no cue of the form 00:00:01,000 --> 00:00:02,000; export it again")
    edits = Edits()
    edits.drop_controls(raw)
    edits.delete(0, cues[0].end())
    drafts: list[Draft] = []
    gaps: dict[int, int] = {}
    for i, cue in enumerate(cues):
        end = cues[i + 1].start() if i + 1 < len(cues) else len(raw)
        body = raw[cue.end() : end]
        if i + 1 < len(cues):
            # The number or name of the next cue stands after the last blank line.
            blank = re.search(r"\r?\n[ \t]*\r?\n[^\n]*\r?\n?$", body)
            end = cue.end() + blank.start() if blank else end
        if i:
            edits.delete(cue.start(), cue.end())
        start = cue.end()
        while start < end and raw[start].isspace():
            start += 1
        edits.delete(cue.end(), start)
        stop = end
        while stop > start and raw[stop - 1].isspace():
            stop -= 1
        if i + 1 < len(cues):
            gaps[stop] = max(stop + 1, cues[i + 1].start())
        for tag in _TAG.finditer(raw, start, stop):
            edits.delete(tag.start(), tag.end())
        for broken in re.finditer(r"(?<=\S)[ \t]*\r?\n[ \t]*(?=[^\s-])", raw[start:stop]):
            join_lines(raw, start + broken.start(), start + broken.end(), edits)
        if _TAG.sub("", raw[start:stop]).strip():
            drafts.append(Draft(BlockKind.SEGMENT, [(start, stop)], time=_times(cue)))
    if not drafts:
        raise EmptyDocument("is a transcript without words; nothing to index")
    words = html.unescape("".join(raw[d.start : d.end] for d in drafts))
    found = Found("transcript", title, "transcript", None, language_of(words))
    drafts = _whole_sentences(raw, drafts, edits, gaps)
    for stop, following in gaps.items():
        edits.replace(stop, following, "\n")
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)


def _whole_sentences(
    raw: str, drafts: list[Draft], edits: Edits, gaps: dict[int, int]
) -> list[Draft]:
    """Segments that stop in the middle of a sentence are joined with the next, within a minute.

    `gaps`: from the end of a segment to the next one; those that joining fills are taken out.
    Left alone where speech was written down without punctuation.
    """
    speech = [d for d in drafts if d.kind is BlockKind.SEGMENT]
    ended = sum(is_terminal(_TAG.sub("", raw[d.start : d.end])) for d in speech)
    if ended < 0.2 * len(speech):
        return drafts
    joined: list[Draft] = []
    for draft in drafts:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind is draft.kind is BlockKind.SEGMENT
            and last.time is not None
            and draft.time is not None
            and not is_terminal(_TAG.sub("", raw[last.start : last.end]))
            and draft.time[0] - last.time[1] <= 3
            and draft.time[1] - last.time[0] <= 60
        ):
            gaps.pop(last.end, None)
            join_lines(raw, last.end, draft.start, edits)
            last.parts = [(last.start, draft.end)]
            last.time = (last.time[0], draft.time[1])
        else:
            joined.append(draft)
    return joined


def _times(cue: re.Match[str]) -> tuple[float, float]:
    g = cue.groups()

    def seconds(hours: str | None, minutes: str, whole: str, part: str) -> float:
        return (
            int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + int(part.ljust(3, "0")) / 1000
        )

    return seconds(g[0], g[1], g[2], g[3]), seconds(g[4], g[5], g[6], g[7])


def looks_like_subtitles(head: str) -> bool:
    return _TIMES.search(head[:400]) is not None
