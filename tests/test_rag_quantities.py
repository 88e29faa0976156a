from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.segmenting import key
from rag.quantities import Quantity, number, quantities


def only(text: str) -> Quantity:
    found = quantities(key(text))
    assert len(found) == 1, (text, found)
    return found[0]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("15%", 15, "%"),
        ("一成半", 15, "%"),
        ("百分之二十六", 26, "%"),
        ("thirty-three per cent", 33, "%"),
        ("三分之一", 100 / 3, "%"),
        ("1.2亿元", 1.2e8, "元人民币"),
        ("112.7億美元", 1.127e10, "美元"),
        ("US$11.6 billion", 1.16e10, "美元"),
        ("五千四百八", 5480, ""),
        ("七百三十八款", 738, "款"),
        ("1.36亿千瓦", 1.36e8, "千瓦"),
        ("144.7 吉瓦", 1.447e8, "千瓦"),
        ("１，９３０亿千瓦时", 1.93e11, "千瓦时"),
    ],
)
def test_a_figure_has_its_value_in_a_common_unit(text: str, value: float, unit: str) -> None:
    found = only(text)
    assert found.low == found.high == pytest.approx(value)
    assert found.unit == unit


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("0.3至0.5", 0.3, 0.5), ("5.5%—6%", 5.5, 6), ("四到六个月", 4, 6), ("3-5万吨", 3e4, 5e4)],
)
def test_a_range_is_one_figure_with_two_ends(text: str, low: float, high: float) -> None:
    found = only(text)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("约3.6个百分点", "~"),
        ("90余项", ">"),
        ("不到两成", "<"),
        ("超过200家", ">"),
        ("5吨左右", "~"),
    ],
)
def test_words_of_degree_are_kept_apart(text: str, degree: str) -> None:
    assert only(text).degree == degree


@pytest.mark.parametrize(
    "text", ["2025年10月5日", "第19期", "H20", "20世纪90年代", "一起去", "见[3]"]
)
def test_dates_ordinals_and_names_are_no_figures(text: str) -> None:
    assert quantities(key(text)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.2亿", "1.2亿元"),
        ("90余项", "90多项"),
        ("0.3至0.5", "0.3-0.5"),
        ("15%", "一成半"),
        ("60,000家", "6万家"),
        ("约25%", "24.8%"),
        ("24.6%", "25%"),
        ("超过4,200亿美元", "4,243亿美元"),
        ("136吉瓦", "1.36亿千瓦"),
    ],
)
def test_one_value_in_other_notation_is_no_conflict(one: str, other: str) -> None:
    assert only(one).agrees(only(other))
    assert only(other).agrees(only(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15%", "25%"),
        ("1.2亿元", "1.2亿美元"),
        ("144.7吉瓦", "1.36亿千瓦"),
        ("748款", "七百三十八款"),
        ("5吨", "5米"),
        ("约15%", "25%"),
        ("超过200家", "2000家"),
    ],
)
def test_other_values_and_other_units_disagree(one: str, other: str) -> None:
    assert not only(one).agrees(only(other))
    assert not only(other).agrees(only(one))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("三十五", 35),
        ("一百零二", 102),
        ("二〇二五", 2025),
        ("forty-two", 42),
        ("甲", None),
        ("", None),
    ],
)
def test_number_words_are_read(text: str, value: float | None) -> None:
    assert number(text) == value


def test_a_number_beyond_all_measure_is_read_like_any_other() -> None:
    text = f"one{' hundred' * 200} people met, and 3 people left"
    assert [q.low for q in quantities(text)] == [float("inf"), 3.0]


@given(
    st.text(
        alphabet="0123456789.,%亿万千百十零一二三半成分之约超多余元吨年月日至-h2 ab$", max_size=40
    )
)
def test_figures_stand_where_they_say_and_never_overlap(text: str) -> None:
    end = 0
    for one in quantities(key(text)):
        assert end <= one.start < one.end <= len(text)
        assert text[one.start : one.end].strip() == text[one.start : one.end]
        assert one.low <= one.high
        end = one.end
