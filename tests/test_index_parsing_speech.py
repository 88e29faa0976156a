"""What speech tools write, subtitles and texts with times: read whole, times and speakers right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.chunking import split_sentences
from index.parsing import ParseSettings, parse_file
from index.parsing.speech import read_speech
from index.schema import Document, Skipped

FIRST, SECOND = "今天讲渡口。", "先说船期。"
PLAIN = [{"start": 1.5, "end": 3.0, "text": FIRST}, {"start": 3.0, "end": 5.25, "text": SECOND}]


def words(*texts: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"word": w, "startTime": a, "endTime": b} for w, a, b in texts]


LATTICE = [
    {"json_1best": json.dumps({"st": {"bg": bg, "ed": ed, "rl": "1", "rt": [{"ws": [
        {"cw": [{"w": text[:2], "wp": "n"}]}, {"cw": [{"w": text[2:], "wp": "n"}]}]}]}})}
    for bg, ed, text in (("1500", "3000", FIRST), ("3000", "5250", SECOND))
]  # fmt: skip
# Each as its tool writes it: two stretches, from 1.5 to 3 and from 3 to 5.25 seconds.
TOOLS: dict[str, Any] = {
    "a list": PLAIN,
    "a list with clocks": [
        {"start": "00:00:01.500", "end": "00:00:03,000", "text": FIRST},
        {"start": "00:00:03", "end": "00:00:05.25", "text": SECOND},
    ],
    "a list with lengths": [
        {"start": 1.5, "duration": 1.5, "text": FIRST},
        {"start": 3.0, "duration": 2.25, "text": SECOND},
    ],
    "milliseconds by name": [
        {"start_ms": 1500, "end_ms": 3000, "text": FIRST},
        {"start_ms": 3000, "end_ms": 5250, "text": SECOND},
    ],
    "whisper": {
        "text": FIRST + SECOND, "language": "zh",
        "segments": [{**s, "id": i, "words": [{"word": "今", "start": 1.5, "end": 1.7}]}
                     for i, s in enumerate(PLAIN)],
    },
    "transformers": {
        "text": FIRST + SECOND,
        "chunks": [{"timestamp": [1.5, 3.0], "text": FIRST},
                   {"timestamp": [3.0, 5.25], "text": SECOND}],
    },
    "whisper.cpp": {
        "systeminfo": "", "result": {"language": "zh"},
        "transcription": [
            {"timestamps": {"from": "00:00:01,500", "to": "00:00:03,000"},
             "offsets": {"from": 1500, "to": 3000}, "text": " " + FIRST},
            {"timestamps": {"from": "00:00:03,000", "to": "00:00:05,250"},
             "offsets": {"from": 3000, "to": 5250}, "text": " " + SECOND},
        ],
    },
    "assemblyai": {
        "id": "x", "status": "completed", "audio_url": "https://a.example/a.mp3",
        "text": FIRST + SECOND,
        "words": [{"text": "今", "start": 1500, "end": 1600}],
        "utterances": [{"speaker": "A", "start": 1500, "end": 3000, "text": FIRST},
                       {"speaker": "B", "start": 3000, "end": 5250, "text": SECOND}],
    },
    "deepgram utterances": {"metadata": {}, "results": {
        "channels": [{"alternatives": [{"transcript": FIRST + SECOND, "words": []}]}],
        "utterances": [{"start": 1.5, "end": 3.0, "transcript": FIRST, "speaker": 0},
                       {"start": 3.0, "end": 5.25, "transcript": SECOND, "speaker": 1}]}},
    "deepgram paragraphs": {"results": {"channels": [{"alternatives": [{
        "transcript": FIRST + SECOND,
        "paragraphs": {"transcript": "", "paragraphs": [
            {"speaker": 0, "start": 1.5, "end": 5.25, "sentences": PLAIN}]}}]}]}},
    "deepgram words": {"results": {"channels": [{"alternatives": [{"words": [
        {"word": "今天", "punctuated_word": "今天", "start": 1.5, "end": 2.0},
        {"word": "讲渡口", "punctuated_word": "讲渡口。", "start": 2.0, "end": 3.0},
        {"word": "先说船期", "punctuated_word": SECOND, "start": 3.0, "end": 5.25}]}]}]}},
    "aws": {"jobName": "j", "results": {
        "transcripts": [{"transcript": FIRST + SECOND}],
        "items": [
            {"type": "pronunciation", "start_time": "1.5", "end_time": "2.2",
             "alternatives": [{"content": "今天讲"}]},
            {"type": "pronunciation", "start_time": "2.2", "end_time": "3.0",
             "alternatives": [{"content": "渡口"}]},
            {"type": "punctuation", "alternatives": [{"content": "。"}]},
            {"type": "pronunciation", "start_time": "3.0", "end_time": "5.25",
             "alternatives": [{"content": "先说船期"}]},
            {"type": "punctuation", "alternatives": [{"content": "。"}]}]}},
    "aws segments": {"results": {"transcripts": [], "items": [], "audio_segments": [
        {"id": 0, "transcript": FIRST, "start_time": "1.5", "end_time": "3.0"},
        {"id": 1, "transcript": SECOND, "start_time": "3.0", "end_time": "5.25"}]}},
    "google": {"results": [
        {"alternatives": [{"transcript": FIRST, "words": words(("今天", "1.500s", "2s"),
                                                              ("讲渡口。", "2s", "3s"))}]},
        {"alternatives": [{"transcript": SECOND, "words": words((SECOND, "3s", "5.250s"))}]}]},
    "ibm": {"result_index": 0, "results": [
        {"final": True, "alternatives": [{"transcript": text, "timestamps": [[text, a, b]]}]}
        for text, a, b in ((FIRST, 1.5, 3.0), (SECOND, 3.0, 5.25))]},
    "azure": {"combinedPhrases": [{"text": FIRST + SECOND}], "phrases": [
        {"offsetMilliseconds": 1500, "durationMilliseconds": 1500, "text": FIRST},
        {"offsetMilliseconds": 3000, "durationMilliseconds": 2250, "text": SECOND}]},
    "azure batch": {"recognizedPhrases": [
        {"offsetInTicks": 15_000_000, "durationInTicks": 15_000_000, "nBest": [{"display": FIRST}]},
        {"offsetInTicks": 30_000_000, "durationInTicks": 22_500_000,
         "nBest": [{"display": SECOND}]}]},
    "paraformer": {"file_url": "", "transcripts": [{"channel_id": 0, "sentences": [
        {"begin_time": 1500, "end_time": 3000, "text": FIRST, "speaker_id": 0, "words": []},
        {"begin_time": 3000, "end_time": 5250, "text": SECOND, "speaker_id": 1, "words": []}]}]},
    "aliyun": {"StatusText": "SUCCESS", "Result": {"Sentences": [
        {"BeginTime": 1500, "EndTime": 3000, "Text": FIRST, "ChannelId": 0},
        {"BeginTime": 3000, "EndTime": 5250, "Text": SECOND, "ChannelId": 0}]}},
    "tingwu": {"TaskId": "t", "Transcription": {"Paragraphs": [
        {"ParagraphId": "1", "SpeakerId": "1", "Words": [
            {"SentenceId": 1, "Start": 1500, "End": 2000, "Text": "今天"},
            {"SentenceId": 1, "Start": 2000, "End": 3000, "Text": "讲渡口。"}]},
        {"ParagraphId": "2", "SpeakerId": "2", "Words": [
            {"SentenceId": 2, "Start": 3000, "End": 5250, "Text": SECOND}]}]}},
    "funasr": [{"key": "a", "text": FIRST + SECOND, "timestamp": [[1500, 1600]],
                "sentence_info": [{"text": FIRST, "start": 1500, "end": 3000, "spk": 0},
                                  {"text": SECOND, "start": 3000, "end": 5250, "spk": 1}]}],
    "tencent": {"Response": {"Data": {"Status": 2, "ResultDetail": [
        {"FinalSentence": FIRST, "StartMs": 1500, "EndMs": 3000, "SpeakerId": 0},
        {"FinalSentence": SECOND, "StartMs": 3000, "EndMs": 5250, "SpeakerId": 1}]}}},
    "tencent meeting": {"errcode": 0, "transcripts": {"paragraphs": [
        {"pid": "1", "speaker_info": {"userid": "1"}, "sentences": [
            {"start_time": 1500, "end_time": 3000,
             "words": [{"text": "今天"}, {"text": "讲渡口。"}]},
            {"start_time": 3000, "end_time": 5250, "words": [{"text": SECOND}]}]}]}},
    "xunfei": {"ok": 0, "data": json.dumps([
        {"bg": "1500", "ed": "3000", "onebest": FIRST, "speaker": "1"},
        {"bg": "3000", "ed": "5250", "onebest": SECOND, "speaker": "2"}])},
    "xunfei lattice": {"code": "000000", "content": {
        "orderInfo": {}, "orderResult": json.dumps({"lattice": LATTICE})}},
    "huawei": {"status": "FINISHED", "segments": [
        {"start_time": 1500, "end_time": 3000, "result": {"text": FIRST}},
        {"start_time": 3000, "end_time": 5250, "result": {"text": SECOND}}]},
    "volcengine": {"result": {"text": FIRST + SECOND, "utterances": [
        {"start_time": 1500, "end_time": 3000, "text": FIRST},
        {"start_time": 3000, "end_time": 5250, "text": SECOND}]}},
    "bilibili": {"font_size": 0.4, "body": [
        {"from": 1.5, "to": 3.0, "location": 2, "content": FIRST},
        {"from": 3.0, "to": 5.25, "location": 2, "content": SECOND}]},
    "youtube": {"wireMagic": "pb3", "events": [
        {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
        {"tStartMs": 1500, "dDurationMs": 1500, "segs": [
            {"utf8": "今天"}, {"utf8": "讲渡口。", "tOffsetMs": 400}]},
        {"tStartMs": 2990, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 3000, "dDurationMs": 2250, "segs": [{"utf8": SECOND}]}]},
    "podcasting": {"version": "1.0.0", "segments": [
        {"startTime": 1.5, "endTime": 3.0, "body": FIRST, "speaker": "1"},
        {"startTime": 3.0, "endTime": 5.25, "body": SECOND, "speaker": "2"}]},
    "elevenlabs": {"language_code": "zh", "text": FIRST + SECOND, "words": [
        {"text": "今天讲", "start": 1.5, "end": 2.0, "type": "word", "speaker_id": "speaker_0"},
        {"text": "渡口。", "start": 2.0, "end": 3.0, "type": "word", "speaker_id": "speaker_0"},
        {"text": SECOND, "start": 3.0, "end": 5.25, "type": "word", "speaker_id": "speaker_1"}]},
}  # fmt: skip


def parse_one(path: Path, content: object) -> Document:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8", newline="")
    (document,) = parse_file(path, path.name, ParseSettings())
    assert isinstance(document, Document), document
    return document


def said(document: Document) -> list[tuple[str, tuple[float, float] | None]]:
    return [(document.quote(b.spans), b.time) for b in document.blocks]


@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_speech_tool_writes_is_read_with_its_times(tool: str, tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.json", TOOLS[tool])
    assert document.format == "transcript"
    assert said(document) == [(FIRST, (1.5, 3.0)), (SECOND, (3.0, 5.25))]


def test_google_words_with_speakers_are_not_said_twice() -> None:
    tagged = [{**w, "speakerTag": 1} for w in words(("你好。", "1s", "2s"), ("再见。", "2s", "3s"))]
    results = [
        {"alternatives": [{"transcript": "你好。", "words": words(("你好。", "1s", "2s"))}]},
        {"alternatives": [{"transcript": "再见。", "words": words(("再见。", "2s", "3s"))}]},
        {"alternatives": [{"words": tagged}]},
    ]
    found = read_speech({"results": results})
    assert [(s.text, s.start, s.speaker) for s in found] == [
        ("你好。", 1.0, "1"),
        ("再见。", 2.0, "1"),
    ]


def test_latin_words_are_parted_by_spaces_and_marks_are_not() -> None:
    items = [
        {"start_time": "0.1", "end_time": "0.3", "alternatives": [{"content": "Hold"}]},
        {"start_time": "0.3", "end_time": "0.5", "alternatives": [{"content": "on"}]},
        {"alternatives": [{"content": "."}]},
    ]
    assert [s.text for s in read_speech({"results": {"items": items}})] == ["Hold on."]


def test_a_named_speaker_stands_before_what_they_say_once(tmp_path: Path) -> None:
    spoken = [
        {"start": 0, "end": 2, "text": "今年的产量", "speaker": "阿棠"},
        {"start": 2, "end": 4, "text": "增长了三倍。", "speaker": "阿棠"},
        {"start": 4, "end": 5, "text": "真的吗，那", "speaker": "老谢"},
        {"start": 5, "end": 7, "text": "是真的。", "speaker": "阿棠"},
    ]
    assert said(parse_one(tmp_path / "a.json", spoken)) == [
        ("阿棠：今年的产量增长了三倍。", (0.0, 4.0)),
        ("老谢：真的吗，那", (4.0, 5.0)),
        ("阿棠：是真的。", (5.0, 7.0)),
    ]


@pytest.mark.parametrize("label", ["SPEAKER_00", "spk_1", "A", "0", "发言人2", "Speaker 3"])
def test_a_label_that_names_nobody_is_not_put_in_their_mouth(label: str, tmp_path: Path) -> None:
    spoken = [{"start": 0, "end": 2, "text": FIRST, "speaker": label}]
    assert parse_one(tmp_path / "a.json", spoken).text.strip() == FIRST


def test_other_json_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"title": "甲", "content": "乙", "from": "a@b"}]')
    (found,) = parse_file(tmp_path / "a.json", "a.json")
    assert isinstance(found, Skipped)
    assert ".jsonl, one a line" in found.reason


def lines_of(gaps: list[tuple[float, str]]) -> str:
    cues, at = [], 1.0
    for n, (gap, text) in enumerate(gaps, start=1):
        at += gap
        cues.append(f"{n}\n00:00:{at:06.3f} --> 00:00:{at + 2:06.3f}\n{text}\n".replace(".", ","))
        at += 2
    return "\n".join(cues)


def test_lines_without_marks_become_sentences_that_can_answer(tmp_path: Path) -> None:
    """At the word that opens a sentence, else at the longest pause, never past a silence."""
    raw = lines_of(
        [(0, "岛上的码头离岸最近"), (0.1, "直线距离十二公里"), (0.1, "原来一天只有两班船"),
         (0.1, "所以我们最早送的是药"), (0.1, "后来才加上快递"), (9, "下一个问题")]
    )  # fmt: skip
    assert [text for text, _ in said(parse_one(tmp_path / "a.srt", raw))] == [
        "岛上的码头离岸最近 直线距离十二公里 原来一天只有两班船 所以我们最早送的是药 "
        "后来才加上快递",
        "下一个问题",
    ]
    longer = lines_of([(0.1, f"第{n}段里说的是渡口边上的船") for n in "一二三四五六七八"])
    found = [len(text) for text, _ in said(parse_one(tmp_path / "b.srt", longer))]
    assert max(found) <= 64
    assert min(found) >= 24


def test_voices_of_vtt_are_named_where_they_begin(tmp_path: Path) -> None:
    raw = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v 阿棠>你好，</v>\n\n"
        "00:02.000 --> 00:03.000\n<v 阿棠>请坐。</v>\n\n"
        "00:03.000 --> 00:04.000\n<v.loud 老谢>谢谢。</v>\n"
    )
    assert said(parse_one(tmp_path / "a.vtt", raw)) == [
        ("阿棠：你好，请坐。", (1.0, 3.0)),
        ("老谢：谢谢。", (3.0, 4.0)),
    ]


def test_rolling_captions_say_everything_once(tmp_path: Path) -> None:
    raw = (
        "WEBVTT\nKind: captions\n\n00:00:00.000 --> 00:00:02.000 align:start\n \n"
        "the<00:00:00.500><c> ferry</c>\n\n00:00:02.000 --> 00:00:02.010\nthe ferry\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nthe ferry\nleaves<00:00:03.000><c> at</c>\n\n"
        "00:00:04.000 --> 00:00:04.010\nleaves at\n \n\n"
        "00:00:04.010 --> 00:00:06.000\nleaves at\nnine<00:00:05.000><c> sharp</c>\n"
    )
    document = parse_one(tmp_path / "a.vtt", raw)
    assert " ".join(text for text, _ in said(document)) == "the ferry leaves at nine sharp"


ASS = (
    "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: a,b\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:03.00,a,阿棠,0,0,0,,{\\an8}今天，讲\\N渡口。\n"
    "Comment: 0,0:00:02.00,0:00:03.00,a,,0,0,0,,不是台词\n"
    "Dialogue: 0,0:00:03.50,0:00:05.25,a,,0,0,0,,先说船期。\n"
    "Dialogue: 0,0:00:06.00,0:00:07.00,a,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}\n"
)


@pytest.mark.parametrize("name", ["a.ass", "a.ssa", "a.txt"])
def test_ass_gives_its_dialogue_alone(name: str, tmp_path: Path) -> None:
    document = parse_one(tmp_path / name, ASS.replace("\n", "\r\n"))
    assert said(document) == [
        ("阿棠：今天，讲渡口。", (1.0, 3.0)),
        ("先说船期。", (3.5, 5.25)),
    ]
    assert document.raw_offset(document.text.index("先说")) == ASS.replace("\n", "\r\n").index(
        "先说"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            "[00:00:01] 今天讲渡口。\n[00:01:02] 先说船期。\n[00:01:30] 完了。\n",
            [("今天讲渡口。", 1.0), ("先说船期。", 62.0), ("完了。", 90.0)],
        ),
        (
            "00:00:01 阿棠：今天讲渡口。\n00:01:02 老谢：先说船期。\n00:01:30 阿棠：完了。\n",
            [("阿棠：今天讲渡口。", 1.0), ("老谢：先说船期。", 62.0), ("阿棠：完了。", 90.0)],
        ),
        (
            "阿棠 00:01\n今天讲渡口。\n\n老谢 01:02\n先说船期。\n\n阿棠 01:30\n完了。\n",
            [("阿棠：今天讲渡口。", 1.0), ("老谢：先说船期。", 62.0), ("阿棠：完了。", 90.0)],
        ),
        (
            "阿棠(00:00:01): 今天讲渡口。\n老谢(00:01:02): 先说船期。\n阿棠(00:01:30): 完了。\n",
            [("阿棠：今天讲渡口。", 1.0), ("老谢：先说船期。", 62.0), ("阿棠：完了。", 90.0)],
        ),
        (
            "[00:00:01.000 --> 00:00:03.000]   今天讲渡口。\n"
            "[00:01:02.000 --> 00:01:03.000]   先说船期。\n"
            "[00:01:30.000 --> 00:01:31.000]   完了。\n",
            [("今天讲渡口。", 1.0), ("先说船期。", 62.0), ("完了。", 90.0)],
        ),
    ],
)
def test_times_at_the_head_of_lines_become_the_citations_times(
    raw: str, expected: list[tuple[str, float]], tmp_path: Path
) -> None:
    document = parse_one(tmp_path / "a.txt", raw)
    assert document.format == "transcript"
    assert [(text, time[0] if time else None) for text, time in said(document)] == expected


def test_what_stands_before_the_first_time_is_kept(tmp_path: Path) -> None:
    raw = "渡口座谈\n参加：阿棠、老谢\n\n[00:01] 好。\n[00:03] 开始。\n[00:05] 完了。\n"
    texts = [text for text, _ in said(parse_one(tmp_path / "a.txt", raw))]
    assert texts == ["渡口座谈", "参加：阿棠、老谢", "好。", "开始。", "完了。"]


@pytest.mark.parametrize(
    "raw",
    [
        "活动安排\n09:00 签到\n09:30 开幕\n10:00 报告\n12:00 午餐\n",
        "比分是 3:2。\n见 [1:30] 处。\n他在 00:01:02 说了。\n",
    ],
)
def test_a_programme_is_no_transcript(raw: str, tmp_path: Path) -> None:
    assert parse_one(tmp_path / "a.txt", raw).format != "transcript"


_PIECES = st.sampled_from(
    ["00:00:01.000 --> 00:00:02.000", "<v 阿棠>", "</v>", "<c>", "阿棠：", "[00:01:02] ",
     "00:00:03 ", "阿棠 00:04", "Dialogue: 0,0:00:01.00,0:00:02.00,a,甲,0,0,0,,", "{\\an8}",
     "\\N", "话说到一半", "完了。", "WEBVTT", "[Events]", "Format: Start, End, Text",
     "&amp;", "🙂", "\x00", "　", "-->"]
)  # fmt: skip

_ENDS = st.sampled_from(["\n", "\n\n", "\r\n", ""])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.tuples(st.one_of(_PIECES, st.text(max_size=8)), _ENDS), max_size=24))
@pytest.mark.parametrize("suffix", ["srt", "vtt", "ass", "txt"])
def test_any_subtitles_lead_back_to_the_file(
    suffix: str, parts: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Blocks never overlap; every character stands in the file or is one that joining put in."""
    path = tmp_path_factory.getbasetemp() / f"any-speech.{suffix}"
    raw = "".join(piece + ending for piece, ending in parts).encode("utf-8", "replace")
    path.write_bytes(raw)
    (found,) = parse_file(path, path.name, ParseSettings())
    if isinstance(found, Skipped):
        assert "broken and cannot be read" not in found.reason
        return
    text = raw.decode()
    end = 0
    for block in found.blocks:
        for span in block.spans:
            assert end <= span.start < span.end <= len(found.text)
            end = span.end
    for at, character in enumerate(found.text):
        there = found.raw_offset(at)
        assert there is None or text[there] == character or character in " \n：:"
    for sentence in split_sentences(found):
        assert found.joined(sentence.spans).strip()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "start", "end", "segments", "results", "utterances", "words", "speaker",
                 "alternatives", "transcript", "items", "start_time", "body", "from", "content",
                 "events", "segs", "utf8", "tStartMs", "data", "result", "sentences", "word"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(data=_JSON)
def test_any_json_is_read_or_refused_in_one_line(
    data: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(data))
    (found,) = parse_file(path, path.name, ParseSettings())
    if isinstance(found, Skipped):
        assert "broken and cannot be read" not in found.reason
        return
    for block in found.blocks:
        assert found.joined(block.spans).strip()
        assert block.time is not None
        assert 0 <= block.time[0] <= block.time[1]
