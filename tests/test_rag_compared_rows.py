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


LOSSES = """# 航运公司年报

| 公司 | 净利润（亿元） | 用电量增长（%） |
|---|---|---|
| 远航重工 | -5.2 | 8.2 |
| 海岳航运 | -1.3 | 3.4 |
| 北桥物流 | 2.0 | 5.1 |
"""
GIFTS = """# 捐款名单

| 公司 | 单位 | 捐款金额 |
|---|---|---|
| 远航重工 | 万元 | 900 |
| 海岳航运 | 亿元 | 3 |
| 北桥物流 | 万元 | 20 |
"""
PLACES = """# 生产总值

| 地区 | 生产总值（亿元） |
|---|---|
| 中国 | 1349084 |
| 中国香港 | 28440 |
| 日本 | 298000 |
| 韩国 | 131000 |
"""
YEARS = """# 销量

| 年份 | 销量（万辆） | 备注 |
|---|---|---|
| 2022年 | 31 | 修订数 |
| 2023年 | 44 | 初步数 |
| 2024年 | 52 | 初步数 |
"""


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (LOSSES, "远航重工和海岳航运的净利润谁亏得少？"),  # the smaller figure is the larger loss
        (LOSSES, "远航重工和海岳航运的净利润哪个高？"),
        (LOSSES, "远航重工和海岳航运哪个用电量增长慢？"),  # 增长 is not long
        (GIFTS, "远航重工和海岳航运哪个捐款金额多？"),  # 900万, 3亿
    ],
)
def test_where_the_figures_do_not_tell_nobody_wins(
    ask: Callable[..., Answer], text: str, question: str
) -> None:
    answer = ask(question, text)
    assert answer.statements[0].text not in ("远航重工", "海岳航运")
    cited = "\n".join(c.quote for c in answer.citations)
    assert all(name in cited for name in ("远航重工", "海岳航运"))


def test_what_is_part_of_a_longer_name_is_not_named(ask: Callable[..., Answer]) -> None:
    answer = ask("中国香港和日本的生产总值哪个高？", PLACES)
    assert answer.statements[0].text == "日本"
    assert "1349084" not in answer.answer


def test_of_several_years_the_rows_of_the_asked_one_are_compared(
    ask: Callable[..., Answer],
) -> None:
    lines = ["| 公司 | 年份 | 毛利率（%） |", "|---|---|---|"]
    shares = {"玉壶乳品": (36.1, 38.0), "北坡乳业": (39.2, 33.5), "牧澜乳业": (30.4, 31.9)}
    lines += [
        f"| {firm} | {year} | {share} |"
        for firm, both in shares.items()
        for year, share in zip((2023, 2024), both, strict=True)
    ]
    answer = ask("玉壶乳品和北坡乳业2024年谁毛利率高？", "# 毛利率\n\n" + "\n".join(lines) + "\n")
    assert answer.statements[0].text == "玉壶乳品"
    cited = [c.quote for c in answer.citations]
    assert all("38.0" in q or "33.5" in q for q in cited[:2])


def test_a_year_is_a_name_too(ask: Callable[..., Answer]) -> None:
    answer = ask("2022年和2023年哪一年的销量高？", YEARS)
    assert answer.statements[0].text == "2023年"


def test_rows_of_one_table_leave_other_documents_alone(ask: Callable[..., Answer]) -> None:
    other = "中国香港的生产总值里，金融业占两成多。\n\n日本的生产总值里，制造业占两成。\n"
    answer = ask("中国香港和日本的生产总值各是多少？", PLACES, other)
    assert [s.text for s in answer.statements][::2][:2] == ["28440", "298000"]


def test_a_table_of_very_many_rows_is_answered_from_too(ask: Callable[..., Answer]) -> None:
    lines = ["名称,员工（人）", *(f"第{n}厂,{n}" for n in range(1, 2_200))]
    answer = ask("第7厂和第9厂哪个员工多？", "# 名录\n\n" + "\n".join(
        f"| {line.replace(',', ' | ')} |" + ("\n|---|---|" if not n else "")
        for n, line in enumerate(lines)
    ))  # fmt: skip
    assert "厂" in answer.answer
