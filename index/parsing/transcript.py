"""Transcripts: what speech tools write as JSON, made a text with a segment a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from index.cleaning import Edits, joint
from index.errors import EmptyDocument, ParseError
from index.parsing.building import Draft, Found, build
from index.parsing.marks import heading_rank
from index.parsing.metadata import language_of
from index.parsing.speech import Segment, is_name, read_speech
from index.parsing.utterances import whole_sentences
from index.schema import BlockKind, Document

_AUDIO = (
    "audio", "audio_url", "audio_file", "audio_path", "audioUrl", "media", "media_url", "enclosure",
    "url", "file", "src",
)  # fmt: skip
_ABOUT = ("audio", "media", "enclosure", "metadata", "meta", "info", "episode")
_SOUND = (".mp3", ".m4a", ".wav")


def is_transcript(data: Any) -> bool:
    """The parsed JSON has the shape of a transcript."""
    return bool(read_speech(data))


def parse_transcript(
    text: str, *, doc_id: str, source: str, content_hash: str, title: str
) -> Document:
    """The text layer is the segments' texts, one a line; times are seconds.

    Where speakers are named, the name stands before what they say when they begin: «阿棠：…».
    A segment without an end lasts until the next one starts.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"is broken JSON ({str(error)[:80]}); export it again") from None
    segments = read_speech(data)
    if not segments:
        raise ParseError(
            'is JSON of an unknown shape; a transcript is [{"start": 1.5, "end": 4.0, "text": …}] '
            "or what a speech tool writes; records of text go into a .jsonl, one a line"
        )
    segments = [s for s in segments if s.text.strip()]
    if not segments:
        raise EmptyDocument("is a transcript without words; nothing to index")
    raw, drafts, turns = _lines(segments)
    table = data if isinstance(data, dict) else {}
    audio = _audio(table)
    named = str(table["title"]) if isinstance(table.get("title"), str) else title
    edits = Edits()
    edits.drop_controls(raw)
    meta = {"audio": audio} if audio else {}
    found = Found("transcript", named, "transcript", None, language_of(raw), meta)
    drafts = whole_sentences(raw, drafts, edits, {}, turns)
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)


def _lines(segments: Sequence[Segment]) -> tuple[str, list[Draft], set[int]]:
    """The text, a draft for each segment, and where somebody else begins to speak."""
    parts: list[str] = []
    drafts: list[Draft] = []
    turns: set[int] = set()
    at = 0
    speaker = ""
    for i, segment in enumerate(segments):
        following = segments[i + 1].start if i + 1 < len(segments) else segment.start
        end = following if segment.end is None else segment.end
        words = _one_line(segment.text)
        time = (segment.start, max(segment.start, end))
        if segment.speaker != speaker:
            speaker = segment.speaker
            turns.add(at)
            words = named(speaker) + words
        drafts.append(_draft(words, at, time))
        parts.append(words)
        at += len(words) + 1
    return "\n".join(parts), drafts, turns


def named(speaker: str) -> str:
    """What stands before the words of somebody who begins to speak; "" where nobody is named."""
    if not is_name(speaker):
        return ""
    return speaker + (": " if speaker.isascii() else "：")


def _one_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else ""
    for more in lines[1:]:
        line += joint(line + more, len(line), len(line))[1] + more
    return line


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
