"""What speech tools write as JSON, as segments: a row of a table for each tool's shape.

Whether a number means seconds or milliseconds is read off the names of its fields, as the tool's
own documentation has them, and never off its size.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.cleaning import joint
from index.parsing.marks import is_terminal


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech. Times in seconds; `end` is None where it is not told."""

    start: float
    end: float | None
    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a tool keeps its segments and what it calls their parts.

    Paths are keys between dots; `*` is every item of a list, `**` of lists within lists, a number
    one item, `|` parts alternatives. JSON within a string is opened where a path goes on into it.
    """

    path: str
    text: str = "text"
    start: str = "start"
    end: str = "end"
    speaker: str = "speaker"  # of the segment, or of what it stands in
    unit: float = 1.0  # seconds
    length: str = ""  # how long it lasts, where its end is not told
    words: bool = False  # what is listed are words, to be put together
    marks: tuple[str, ...] = ()  # names at the top that tell this tool from others
    needs: str = ""  # a name that a segment must have


_MS = 0.001
_TEXTS, _STARTS, _ENDS = "text|content|sentence", "start|begin|from", "end|to"
_SHAPES = (
    # AssemblyAI, whose field names are like everybody's and its times like nobody's
    *(
        _Shape(path, unit=_MS, words=path == "words.*", marks=marks)
        for marks in (("audio_url", "status"), ("audio_duration", "confidence"))
        for path in ("utterances.*", "sentences.*", "paragraphs.*", "words.*")
    ),
    # FunASR
    _Shape("*.sentence_info.*|sentence_info.*", "text|sentence", speaker="spk", unit=_MS),
    # Whisper, WhisperX, faster-whisper, OpenAI; lists of segments of any making
    *(
        _Shape(path, _TEXTS, _STARTS, _ENDS, length="duration|dur")
        for path in ("segments.**", "text.**", "transcript.**", "results.**", "utterances.**", "**")
    ),
    _Shape("segments.**|**", _TEXTS, "start_ms|startMs", "end_ms|endMs", unit=_MS),
    # Podcasting 2.0
    _Shape("segments.*", "body", "startTime", "endTime"),
    # whisper.cpp; transformers
    _Shape("transcription.*", start="offsets.from", end="offsets.to", unit=_MS),
    _Shape("chunks.*", start="timestamp.0", end="timestamp.1"),
    # Bilibili; YouTube json3
    _Shape("body.*", "content", "from", "to"),
    _Shape("events.*", "segs.*.utf8", "tStartMs", "", unit=_MS, length="dDurationMs"),
    # Deepgram
    _Shape("results.utterances.*", "transcript"),
    _Shape("results.channels.*.alternatives.0.paragraphs.paragraphs.*.sentences.*"),
    _Shape("results.channels.*.alternatives.0.words.*", "punctuated_word|word", words=True),
    # AWS Transcribe
    _Shape("results.audio_segments.*", "transcript", "start_time", "end_time", "speaker_label"),
    _Shape(
        "results.items.*", "alternatives.0.content", "start_time", "end_time", "speaker_label",
        words=True,
    ),
    # Google: with speakers told apart, the last result repeats all words
    *(
        _Shape(
            path, "word", "startTime|startOffset", "endTime|endOffset", "speakerTag|speakerLabel",
            words=True, needs=needs,
        )
        for path, needs in (
            ("results.-1.alternatives.0.words.*", "speakerTag"),
            ("results.*.alternatives.0.words.*", ""),
        )
    ),
    _Shape("results.*", "alternatives.0.transcript", "", "resultEndTime|resultEndOffset"),
    # IBM
    _Shape(
        "results.*", "alternatives.0.transcript", "alternatives.0.timestamps.0.1",
        "alternatives.0.timestamps.-1.2",
    ),
    # Azure
    _Shape("phrases.*", start="offsetMilliseconds", length="durationMilliseconds", unit=_MS),
    _Shape(
        "recognizedPhrases.*", "nBest.0.display", "offsetInTicks", length="durationInTicks",
        unit=1e-7,
    ),
    # 阿里云: Paraformer and Fun-ASR; 录音文件识别; 通义听悟
    _Shape("transcripts.*.sentences.*|sentences.*", "text", "begin_time", "end_time",
           "speaker_id", _MS),
    _Shape("Sentences.*", "Text", "BeginTime", "EndTime", "SpeakerId|ChannelId", _MS),
    _Shape("Transcription.Paragraphs.*.Words.*|Paragraphs.*.Words.*", "Text", "Start", "End",
           "SpeakerId", _MS, words=True),
    # 腾讯云: 录音文件识别, its fast version; 腾讯会议 and 企业微信
    _Shape("ResultDetail.*", "FinalSentence", "StartMs", "EndMs", "SpeakerId", _MS),
    _Shape("flash_result.*.sentence_list.*", "text", "start_time", "end_time", "speaker_id", _MS),
    _Shape("transcripts.paragraphs.*.sentences.*|paragraphs.*.sentences.*", "words.*.text",
           "start_time", "end_time", "speaker_info.username|speaker_info.userid", _MS),
    # 讯飞
    _Shape("data.*|*", "onebest", "bg", "ed", unit=_MS),
    _Shape("orderResult.lattice.*.json_1best.st|lattice.*.json_1best.st", "rt.*.ws.*.cw.0.w",
           "bg", "ed", "rl", _MS),
    # 华为云; 火山引擎
    _Shape("segments.*", "result.text", "start_time", "end_time", "result.analysis_info.role", _MS),
    _Shape("utterances.*", "text", "start_time", "end_time", "additions.speaker|speaker", _MS),
    # ElevenLabs; Whisper with words alone
    _Shape("words.*", speaker="speaker_id", words=True, marks=("language_code",)),
    _Shape("words.*", "word|text", words=True),
)  # fmt: skip
# What services wrap a result in.
_WRAPPERS = ("response", "Response", "result", "Result", "data", "Data", "content", "payload",
             "output", "transcription", "resp")  # fmt: skip
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")
_ANONYMOUS = re.compile(
    r"(?:(?:speaker|spk|speaker_?id|ch|channel|guest|说话人|发言人|讲话人|用户)[ _-]?)?"
    r"(?:-?\d{1,3}|[A-Za-z])?|unknown|none|uu",
    re.IGNORECASE,
)
_PAUSE_S = 1.0  # between words of two stretches
_LONG = 60  # characters
_MOST_DEPTH = 8


def read_speech(data: Any) -> list[Segment]:
    """The segments of a transcript in order of time, blank ones included; [] if it is none."""
    for table in _unwrapped(data):
        for shape in _SHAPES:
            if any(not isinstance(table, dict) or name not in table for name in shape.marks):
                continue
            found = list(_segments(table, shape))
            if found:
                segments = _stretches(found) if shape.words else _timed(found)
                return sorted(segments, key=lambda s: s.start)
    return []


def is_name(speaker: str) -> bool:
    """Somebody, not «SPEAKER_01»: worth showing."""
    return _ANONYMOUS.fullmatch(speaker.strip()) is None


def _unwrapped(data: Any, depth: int = 0) -> Iterator[Any]:
    yield data
    if isinstance(data, dict) and depth < 3:
        for name in _WRAPPERS:
            inner = _opened(data.get(name))
            if isinstance(inner, dict):
                yield from _unwrapped(inner, depth + 1)


@dataclass(slots=True)
class _Found:
    start: float | None
    end: float | None
    text: str
    speaker: str


def _segments(data: Any, shape: _Shape) -> Iterator[_Found]:
    """What stands where the shape says; nothing where not one of them has a text and a time."""
    found = []
    timed = False
    for path in shape.path.split("|"):
        for item, within in _items(data, path.split("."), ()):
            text = "".join(_texts(item, shape.text))
            if not isinstance(item, dict) or not _has(item, shape.text):
                continue
            if shape.needs and shape.needs not in item:
                continue
            start = _time(_first(item, shape.start), shape.unit)
            end = _time(_first(item, shape.end), shape.unit)
            length = _time(_first(item, shape.length), shape.unit)
            if end is None and start is not None and length is not None:
                end = start + length
            timed = timed or start is not None or (not shape.start and end is not None)
            speakers = (_first(place, shape.speaker) for place in (item, *within))
            speaker = next((str(s) for s in speakers if isinstance(s, str | int)), "")
            found.append(_Found(start, end, text, " ".join(speaker.split())))
        if timed:
            yield from found
            return
        found.clear()


def _items(
    data: Any, path: list[str], within: tuple[Any, ...]
) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Each item at the end of the path, and what it stands in, innermost first."""
    if not path:
        yield data, within
        return
    step, rest = path[0], path[1:]
    data = _opened(data)
    if step == "**":
        yield from ((item, within) for item in _flat(data))
    elif step == "*":
        for item in data if isinstance(data, list) else ():
            yield from _items(_opened(item) if rest else item, rest, within)
    elif isinstance(data, dict) and step in data:
        yield from _items(data[step], rest, (data, *within))
    elif isinstance(data, list) and (at := _place(step, data)) is not None:
        yield from _items(data[at], rest, within)


def _flat(value: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, list) and depth < _MOST_DEPTH:
        for item in value:
            yield from _flat(item, depth + 1)
    elif depth:
        yield value


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _place(step: str, data: list[Any]) -> int | None:
    if not step.lstrip("-").isdigit():
        return None
    at = int(step)
    return at if -len(data) <= at < len(data) else None


def _values(item: Any, names: str) -> Iterator[Any]:
    """What the first of the alternatives that is there holds."""
    for path in names.split("|") if names else ():
        found = [value for value, _ in _items(item, path.split("."), ())]
        if found:
            yield from found
            return


def _first(item: Any, names: str) -> Any:
    return next((v for v in _values(item, names) if v is not None and v != ""), None)


def _texts(item: Any, names: str) -> Iterator[str]:
    return (value for value in _values(item, names) if isinstance(value, str))


def _has(item: Any, names: str) -> bool:
    return any(isinstance(value, str) for value in _values(item, names))


def _time(value: Any, unit: float) -> float | None:
    """Seconds. «00:01:02.5» and «62.5s» say themselves what they are."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if clock := _CLOCK.fullmatch(value):
            hours, minutes, seconds = clock.groups()
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        if value.endswith("s"):
            value, unit = value[:-1], 1.0
    try:
        seconds_ = float(value) * unit
    except (TypeError, ValueError, OverflowError):
        return None
    return round(seconds_, 3) if math.isfinite(seconds_) and seconds_ >= 0 else None


def _timed(found: list[_Found]) -> Iterator[Segment]:
    """A segment that does not say when it begins goes on where the last one ended."""
    before = 0.0
    for one in found:
        start = before if one.start is None else one.start
        yield Segment(start, one.end, one.text, one.speaker)
        before = start if one.end is None else max(start, one.end)


@dataclass(slots=True)
class _Stretch:
    start: float
    end: float
    speaker: str
    words: list[str] = field(default_factory=list)
    length: int = 0


def _stretches(words: list[_Found]) -> Iterator[Segment]:
    """Words put together up to a full stop, a pause, another speaker, or a long line's length.

    A word without a time of its own (a mark, a space) belongs to the one before it.
    """
    now: _Stretch | None = None
    for word in words:
        if word.start is None:
            if now is not None:
                now.words.append(word.text)
            continue
        end = word.start if word.end is None else max(word.start, word.end)
        if now is not None and (
            word.speaker != now.speaker
            or word.start - now.end > _PAUSE_S
            or now.length > _LONG
            or is_terminal(now.words[-1])
        ):
            yield Segment(now.start, now.end, "".join(now.words), now.speaker)
            now = None
        if now is None:
            now = _Stretch(word.start, end, word.speaker)
        elif not (now.words[-1] + word.text[:1])[-2:].isspace():
            _, between = joint(now.words[-1] + word.text, len(now.words[-1]), len(now.words[-1]))
            spaced = now.words[-1][-1:].isspace() or word.text[:1].isspace()
            now.words.append("" if spaced else between)
        now.words.append(word.text)
        now.length += len(word.text)
        now.end = max(now.end, end)
    if now is not None:
        yield Segment(now.start, now.end, "".join(now.words), now.speaker)
