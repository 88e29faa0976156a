"""Rows of a table that a question names side by side."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.schema import Answer

CALLS = """# 消费信贷与还款行为

| 组别 | 提醒方式 | 按时还款率（%） | 每人次成本（元） |
|---|---|---|---|
| 甲组 | 短信 | 83.0 | 0.05 |
| 乙组 | 机器人电话 | 81.9 | 0.32 |
| 丙组 | 真人电话 | 86.4 | 4.10 |

实验于2024年3月至6月在澄州进行，由两家公司出钱。
"""
TWO_HEADS = """医保结算快报

城市　职工报销比例　次均费用　居民报销比例　次均费用
云岚　82.6　14,350　63.1　11,820
海棠　81.4　12,760　61.7　10,540
青砚　79.9　10,980　58.2　9,270
"""


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("短信和机器人电话，哪个的按时还款率高？", "短信"),
        ("短信和机器人电话，哪个的按时还款率低？", "机器人电话"),
        ("短信还是真人电话的按时还款率高？哪个高", "真人电话"),
        ("短信跟机器人电话哪个每人次成本更贵", "机器人电话"),
        ("短信、机器人电话和真人电话，哪个的按时还款率高？", "真人电话"),
    ],
)
def test_who_has_more_comes_first_and_every_row_is_shown(
    ask: Callable[..., Answer], question: str, name: str
) -> None:
    answer = ask(question, CALLS)
    assert answer.statements[0].text == name
    named = [n for n in ("短信", "机器人电话", "真人电话") if n in question]
    cited = "\n".join(c.quote for c in answer.citations)
    assert all(n in cited for n in named)


def test_each_row_tells_its_own_figure(ask: Callable[..., Answer]) -> None:
    answer = ask("短信和机器人电话的每人次成本各是多少？", CALLS)
    texts = [s.text for s in answer.statements]
    assert [t for t in texts if "|" not in t] == ["0.05", "0.32"]
    assert "4.10" not in answer.answer


def test_a_row_that_is_not_named_stays_away(ask: Callable[..., Answer]) -> None:
    assert "丙组" not in ask("短信和机器人电话，哪个的按时还款率高？", CALLS).answer


def test_where_two_columns_are_called_the_same_nobody_wins(ask: Callable[..., Answer]) -> None:
    answer = ask("云岚和海棠的次均费用哪个高？", TWO_HEADS)
    assert all(city in answer.answer for city in ("云岚", "海棠"))
    assert answer.statements[0].text not in ("云岚", "海棠")
