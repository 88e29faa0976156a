"""Dates and names: when two of them may mean the same."""

from __future__ import annotations

import pytest

from rag.stated import Named, agree, days_of, same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("大桥于2025年3月1日通车", "大桥2025年3月通车", True),
        ("大桥于2025年3月1日通车", "大桥2025年3月1号通车", True),
        ("大桥于2025年3月1日通车", "大桥2025-03-01通车", True),
        ("大桥于2025年3月1日通车", "大桥3月1日通车", True),
        ("大桥于2025年3月1日通车", "大桥二〇二五年通车", True),
        ("大桥于2025年3月通车", "大桥2025年一季度通车", True),
        ("大桥于2025年3月通车", "大桥2025年上半年通车", True),
        ("大桥于2025年3月1日通车", "大桥2025年4月通车", False),
        ("大桥于2025年3月1日通车", "大桥2025年3月2日通车", False),
        ("大桥于2025年3月1日通车", "大桥2024年3月1日通车", False),
        ("大桥于2025年3月1日通车", "大桥2025年二季度通车", False),
        ("大桥于2025年3月1日通车", "大桥2025年下半年通车", False),
    ],
)
def test_dates_agree_as_far_as_both_are_said(one: str, other: str, same: bool) -> None:
    assert agree(days_of(one)[0], days_of(other)[0]) is same


def test_a_date_without_a_year_takes_the_one_of_what_stands_around() -> None:
    assert days_of("大桥3月1日通车", ["2025"])[0].moment.year == 2025
    assert days_of("大桥3月1日通车", ["2024", "2025"])[0].moment.year == 0


@pytest.mark.parametrize(
    "text",
    [
        "截至2025年3月1日，大桥已完成九成",
        "2025年3月1日以前报名",
        "展期为3月1日至5日",
        "同比增长3.1%",
    ],
)
def test_bounds_and_ranges_are_no_dates_of_anything(text: str) -> None:
    assert days_of(text) == []


def test_only_as_much_of_a_date_is_compared_as_is_asked_for() -> None:
    one, other = days_of("2025年3月1日通车", finest="year"), days_of("2025年9月通车", finest="year")
    assert agree(one[0], other[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("张岚", "张岚先生", True),
        ("青屿重工集团有限公司", "青屿重工", True),
        ("青屿大学", "青大", True),
        ("张岚", "李岚", False),
        ("青屿重工集团", "青屿建工集团", False),
        ("栖云市", "栖云", True),
        ("张岚", "Zhang Lan", True),
    ],
)
def test_short_forms_and_titles_are_the_same_name(one: str, other: str, same: bool) -> None:
    a, b = Named(0, 1, one.lower(), False), Named(0, 1, other.lower(), False)
    assert same_name(a, b) is same


def test_a_name_that_was_heard_may_be_spelt_otherwise() -> None:
    assert same_name(Named(0, 1, "张岚", True), Named(0, 1, "张兰", False))
