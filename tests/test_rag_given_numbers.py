"""A number of the question is a condition; the same digits before something else are not."""

from __future__ import annotations

import pytest

from index.segmenting import key
from rag.asking import MONEY, NUMBER, Sign, asked_of
from rag.short_answers import candidates_of


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("2025年6月碳酸锂均价是多少？", "2025年6月碳酸锂均价跌至每吨6万元。", "6万元"),
        ("3月份产量多少", "3月份产量为3吨。", "3吨"),
        ("5天能跑多少公里", "5天跑了5公里。", "5公里"),
    ],
)
def test_a_months_number_does_not_hide_an_equal_figure(
    question: str, sentence: str, answer: str
) -> None:
    keyed = key(question)
    asked = asked_of(keyed)
    found = {sentence[c.start : c.end] for c in candidates_of(key(sentence), asked, keyed)}
    assert answer in found
    assert Sign(asked.kind, keyed).found_in(key(sentence)) == 1.0


@pytest.mark.parametrize(
    ("kind", "question", "sentence"),
    [
        (NUMBER, "2024年有多少家", "2024年的情况另行公布。"),
        (NUMBER, "2024的数量是多少", "2024年的情况另行公布。"),  # a year, however it is written
        (MONEY, "涨了25%之后多少钱", "涨了25%之后再说。"),
        (NUMBER, "6月卖了多少台", "6月的情况另行公布。"),
    ],
)
def test_what_the_question_says_itself_is_no_answer(
    kind: str, question: str, sentence: str
) -> None:
    keyed = key(question)
    assert Sign(kind, keyed).found_in(key(sentence)) == 0.0
    assert candidates_of(key(sentence), asked_of(keyed), keyed) == []


def test_a_row_needs_no_unit_beside_its_figure() -> None:
    row = key("最低中选价（元） 青片 | 15mg×30片 | 388.00")
    sign = Sign(MONEY, key("青片的最低中选价是多少元？"))
    assert sign.found_in(row, is_row=True) == 1.0
    assert sign.found_in(row) == 0.0
