"""Decoding finds the right encoding; edits keep the way back to the raw text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.cleaning import Edits, apply, close_spread_characters, decode, join_lines
from index.errors import UnsupportedFormat

CHINESE = "二〇二五年，全国可再生能源新增装机三亿千瓦，占全部新增装机的八成以上。"
HANT = "去年臺灣出口總額達四千七百億美元，電子零組件與資訊通信產品占了六成以上。"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_chinese_survives_each_encoding(encoding: str) -> None:
    assert decode((CHINESE * 3).encode(encoding)).text == CHINESE * 3


def test_big5_is_told_from_gb18030() -> None:
    decoded = decode((HANT * 3).encode("big5hkscs"))
    assert (decoded.text, decoded.encoding) == (HANT * 3, "big5hkscs")


def test_gb18030_four_byte_characters_survive() -> None:
    text = CHINESE + "𠮷野家" + CHINESE
    assert decode(text.encode("gb18030")).text == text


def test_western_text_is_not_taken_for_chinese() -> None:
    text = "Le marché européen de l'électricité a été réformé à l'été 2024. " * 5
    assert decode(text.encode("cp1252")).text == text


def test_file_cut_inside_a_character_keeps_the_rest() -> None:
    assert decode(CHINESE.encode()[:-1]).text[:-1] == CHINESE[:-1]


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 500, b"MZ\x90\x00" * 900],
)
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="binary"):
        decode(data)


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("关键矿", "产清单", "关键矿产清单"),
        ("关键矿 ", " 产清单", "关键矿产清单"),
        ("critical", "minerals", "critical minerals"),
        ("semicon-", "ductor supply", "semiconductor supply"),
        ("long-", "term plan", "long-term plan"),
        ("见 https://example.org/a", "/b/c.pdf", "见 https://example.org/a/b/c.pdf"),
        ("约翰（John", "Smith）", "约翰（John Smith）"),
        ("增长 5", "个百分点", "增长 5个百分点"),
    ],
)
def test_lines_join_as_their_script_asks(left: str, right: str, joined: str) -> None:
    raw = f"{left}\n{right}"
    edits = Edits()
    join_lines(raw, len(left.rstrip()), len(left) + 1 + len(right) - len(right.lstrip()), edits)
    assert apply(raw, edits).text == joined


def test_a_compound_that_stands_whole_elsewhere_keeps_its_hyphen() -> None:
    raw = "the wafer-\nscale engine"
    edits = Edits()
    join_lines(raw, 10, 11, edits, vocabulary="a wafer-scale engine")
    assert apply(raw, edits).text == "the wafer-scale engine"


def test_characters_set_apart_for_looks_are_closed_but_names_are_not() -> None:
    raw = "结 束 语，编辑：杨 立"
    edits = Edits()
    close_spread_characters(raw, edits)
    assert apply(raw, edits).text == "结束语，编辑：杨 立"


def test_control_characters_go_and_the_map_leads_back() -> None:
    raw = "甲\x00乙\r\n丙\x0c丁\u200b戊"
    edits = Edits()
    edits.drop_controls(raw)
    cleaned = apply(raw, edits)
    assert cleaned.text == "甲乙\n丙\n丁戊"
    assert [cleaned.offset(raw.index(c)) for c in "甲乙丙丁戊"] == [0, 1, 3, 5, 6]


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), st.booleans()), max_size=12),
)
def test_every_kept_character_maps_to_itself(raw: str, cuts: list[tuple[int, int, bool]]) -> None:
    edits = Edits()
    for start, length, replace in cuts:
        if start + length <= len(raw):
            if replace and length:
                edits.replace(start, start + length, " ")
            else:
                edits.delete(start, start + length)
    cleaned = apply(raw, edits)
    runs = cleaned.runs
    if not runs:
        assert len(cleaned.text) in (len(raw), 0)
    for run in runs:
        for i in range(run.length):
            kept, original = cleaned.text[run.start + i], raw[run.raw_start + i]
            assert kept == original or kept == " "
    assert sum(r.length for r in runs) in (len(cleaned.text), 0)
