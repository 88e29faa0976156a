"""A transcript keeps the address of its sound, so that a page can play it from a sentence on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from index.parsing import ParseSettings, parse_file
from index.schema import Document

SEGMENTS = [{"start": 0, "end": 4.5, "text": "欢迎收听本期节目，我们谈谈冷链物流。"}]
CUES = "1\n00:00:01,000 --> 00:00:04,000\n欢迎收听本期节目，我们谈谈冷链物流。\n"
WEB = "https://example.org/talk.mp3"


def audio(path: Path, data: str) -> str | None:
    path.write_text(data, encoding="utf-8")
    (document,) = parse_file(path, "节目/" + path.name, ParseSettings())
    assert isinstance(document, Document), document
    assert document.format == "transcript"
    return document.meta.get("audio")


@pytest.mark.parametrize(
    ("about", "address"),
    [
        ({"audio": WEB}, WEB),
        ({"audio_url": WEB, "url": "https://example.org/page.html"}, WEB),
        ({"url": WEB}, WEB),
        ({"audio": {"url": WEB}}, WEB),
        ({"metadata": {"audio_file": WEB}}, WEB),
        ({"audio": "gone.mp3"}, "gone.mp3"),
        ({"audio": ""}, None),
        ({"audio": {"duration": 7}}, None),
        ({}, None),
    ],
)
def test_address_in_the_transcript(
    tmp_path: Path, about: dict[str, Any], address: str | None
) -> None:
    assert audio(tmp_path / "a.json", json.dumps({**about, "segments": SEGMENTS})) == address


@pytest.mark.parametrize("ending", [".mp3", ".m4a", ".wav", ".MP3"])
@pytest.mark.parametrize(("name", "data"), [("第1期.json", ""), ("第1期.srt", CUES)])
def test_file_beside_the_transcript(tmp_path: Path, ending: str, name: str, data: str) -> None:
    (tmp_path / ("第1期" + ending)).write_bytes(b"sound")
    (tmp_path / "第2期.mp3").write_bytes(b"sound")
    found = audio(tmp_path / name, data or json.dumps({"segments": SEGMENTS}))
    assert found == "节目/第1期" + ending


def test_what_the_transcript_says_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"sound")
    (tmp_path / "b.mp3").write_bytes(b"sound")
    said = json.dumps({"audio": "D:\\录音\\b.mp3", "segments": SEGMENTS})
    assert audio(tmp_path / "a.json", said) == "节目/b.mp3"
    said = json.dumps({"audio": WEB, "segments": SEGMENTS})
    assert audio(tmp_path / "a.json", said) == WEB
    said = json.dumps({"audio": "名" * 5000, "segments": SEGMENTS})
    assert audio(tmp_path / "a.json", said) == "节目/a.mp3"
