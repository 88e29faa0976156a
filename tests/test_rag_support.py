"""What sentences carry a statement, and what they do not."""

from __future__ import annotations

import pytest

from rag.moments import moments
from rag.support import check, shipped_embed

LITHIUM = "2025年全国碳酸锂产量为96万吨，同比增长三成，企业没有减产。"
PRICE = "6月，湖北的均价低于7.5万元/吨，比上年下降2.1个百分点。"
SODIUM = "Sodium-ion cells cost about US$59 a kilowatt-hour in the last quarter of 2025."


def problems(statement: str, *sentences: str, context: str = "") -> set[str]:
    verdict = check(statement, sentences, context=context, embed=shipped_embed())
    return {kind for kind, _ in verdict.problems}


@pytest.mark.parametrize(("statement", "sentence"), [
    ("2025年碳酸锂产量达到96万吨。", LITHIUM),
    ("2025年碳酸锂产量为960,000吨，同比增长30%。", LITHIUM),
    ("2025年碳酸鋰產量為96萬噸。", LITHIUM),
    ("企业没有减产。", LITHIUM),
    ("6月湖北均价不到7.5万元/吨。", PRICE),
    ("In 2025 lithium carbonate output was 960,000 tonnes, up 30%.", LITHIUM),
    ("2025年末，钠离子电芯每千瓦时约59美元。", SODIUM),
    ("Sodium-ion cells cost roughly US$59 per kilowatt-hour.", SODIUM),
])  # fmt: skip
def test_what_the_sentence_says_in_other_words_stands(statement: str, sentence: str) -> None:
    assert problems(statement, sentence) == set()


@pytest.mark.parametrize(("statement", "sentence", "kind"), [
    ("2025年碳酸锂产量达到97万吨。", LITHIUM, "number"),
    ("2025年碳酸锂产量达到96亿吨。", LITHIUM, "number"),
    ("2025年碳酸锂产量达到96万公斤。", LITHIUM, "number"),
    ("2024年碳酸锂产量达到96万吨。", LITHIUM, "date"),
    ("碳酸锂产量同比下降三成。", LITHIUM, "direction"),
    ("企业减产。", LITHIUM, "negation"),
    ("2025年碳酸锂产量没有增长。", LITHIUM, "negation"),
    ("2025年智利碳酸锂产量为96万吨。", LITHIUM, "name"),
    ("7月湖北的均价低于7.5万元/吨。", PRICE, "date"),
    ("6月湖南的均价低于7.5万元/吨。", PRICE, "name"),
    ("6月湖北的均价高于7.5万元/吨。", PRICE, "direction"),
    ("均价比上年下降2.1%。", PRICE, "number"),
    ("均价低于7.5万美元/吨。", PRICE, "number"),
    ("Sodium-ion cells cost about US$95 a kilowatt-hour.", SODIUM, "number"),
    ("Lithium-sulphur Cells of Chile cost US$59 a kilowatt-hour.", SODIUM, "name"),
])  # fmt: skip
def test_what_the_sentence_does_not_say_is_named(statement: str, sentence: str, kind: str) -> None:
    assert kind in problems(statement, sentence)


def test_a_heading_lends_a_name_and_a_year_but_no_figure() -> None:
    sentence = "产量为96万吨。"
    assert problems("2025年智利的产量为96万吨。", sentence, context="智利 > 2025年") == set()
    assert "number" in problems("产量为500万吨。", sentence, context="共500万吨")


def test_a_year_of_another_clause_is_another_year() -> None:
    sentence = "2025年毛利率为19.4%，远低于2022年的33.1%。"
    assert problems("2022年毛利率为19.4%。", sentence) != set()
    assert problems("2025年毛利率为19.4%。", sentence) == set()


@pytest.mark.parametrize(("statement", "sentences"), [("", [LITHIUM]), ("。", [LITHIUM]),
                                                      ("产量", []), ("产量", [""])])  # fmt: skip
def test_nothing_carries_nothing(statement: str, sentences: list[str]) -> None:
    assert not check(statement, sentences).stands


@pytest.mark.parametrize(("text", "named"), [
    ("2025年3月5日", (2025, 3, 5)), ("二〇二五年三月", (2025, 3, 0)), ("3月5号", (0, 3, 5)),
    ("2025-03-05", (2025, 3, 5)), ("5 march 2025", (2025, 3, 5)), ("march 5, 2025", (2025, 3, 5)),
    ("in 2025, up", (2025, 0, 0)), ("十二月", (0, 12, 0)),
])  # fmt: skip
def test_dates_are_read_as_far_as_they_are_named(text: str, named: tuple[int, int, int]) -> None:
    (one,) = moments(text)
    assert (one.year, one.month, one.day) == named


@pytest.mark.parametrize("text", ["3个月", "2025吨", "一个", "h20", "12,025", "20250"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert [m for m in moments(text) if m.year or m.day] == [] or text == "2025吨"
