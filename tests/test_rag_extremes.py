"""Which row of a table is the highest or lowest: told by the whole column, never by a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.extremes import label
from rag.normalising import normalise
from rag.retrieval import retrieve
from rag.schema import Answer
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
CARE = """# 五城护理员调查

| 城市 | 持证护理员（人） | 月平均工资（元） | 岗位空缺率（%） |
|---|---|---|---|
| 临江 | 21,460 | 6,480 | 14.2 |
| 云泽 | 8,230 | 6,015 | 11.8 |
| 海屏 | 12,900 | 5,590 | 17.5 |
| 北岭 | 9,870 | 5,310 | 9.6 |
| 五城合计 | 52,460 | 5,903 | 23.7 |

调查于2025年10月进行，由民政部门委托。
"""
PORT = """# 码头吞吐量

| 月份 | 集装箱（标准箱） | 煤炭（吨） |
|---|---|---|
| 2024年12月 | 98,000 | 410 |
| 2025年1月 | 61,200 | 370 |
| 2025年2月 | 40,500 | 520 |
| 2025年3月 | 75,400 | 390 |
"""


@pytest.fixture
def ask(index_files: Index) -> Callable[[str], Answer]:
    path, _ = index_files({"护理.md": CARE, "码头.md": PORT})

    def answer(question: str) -> Answer:
        with open_library(path) as library:
            return Answerer(library, ALWAYS).answer(question, as_of=date(2026, 1, 31))

    return answer


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("哪个城市的岗位空缺率最高？", "海屏"),
        ("护理员岗位空缺率最低的是哪个城市", "北岭"),
        ("哪个城市护理员月平均工资最高", "临江"),
        ("护理员月平均工资最少的城市是哪个", "北岭"),
        ("2025年集装箱吞吐量最高的是哪个月？", "2025年3月"),
        ("集装箱最少的是哪个月", "2025年2月"),
        ("临江、云泽和北岭中，哪个城市的岗位空缺率最高？", "临江"),
        ("Which of the cities has the highest 岗位空缺率?", "海屏"),
    ],
)
def test_the_first_row_shown_is_the_asked_one(
    ask: Callable[[str], Answer], question: str, name: str
) -> None:
    answer = ask(question)
    assert name in answer.answer.split("[1]")[0]
    assert name in answer.citations[0].quote


WEATHER = """# 四城气温

| 序号 | 城市 | 年份 | 地区 | 一月平均气温（℃） | 排名 | 人口（万人） |
|---|---|---|---|---|---|---|
| 1 | 漠原 | 2024 | 西部 | -24.5 | 4 | 31 |
| 2 | 北岭 | 2024 | 西部 | -11.8 | 3 | 268 |
| 3 | 海屏 | 2024 | 东部 | 7.5 | 1 | 540 |
| 4 | 临江 | 2024 | 西部 | 3.6 | 2 | 190 |
| 5 | 漠原 | 2023 | 西部 | -21.0 | 4 | 32 |
| 6 | 北岭 | 2023 | 西部 | -30.2 | 3 | 266 |
| 7 | 海屏 | 2023 | 东部 | 8.1 | 1 | 531 |
| 8 | 漠原 | 2022 | 西部 | -19.9 | 2 | 33 |
"""


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("2024年哪个城市的一月平均气温最低？", "漠原"),
        ("2024年哪个城市的一月平均气温最高？", "海屏"),
        ("2023年哪个城市的一月平均气温最低？", "北岭"),
        ("2024年西部哪个城市的一月平均气温最高？", "临江"),
        ("漠原哪一年的一月平均气温最低？", "2024"),
    ],
)
def test_signs_numbers_of_rows_and_conditions_are_understood(
    index_files: Index, question: str, name: str
) -> None:
    path, _ = index_files({"气温.md": WEATHER})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer(question, as_of=date(2026, 1, 31))
    assert answer.answer.split("[1]")[0].strip() == name


@pytest.mark.parametrize(
    "question",
    [
        "除海屏外，哪个城市的岗位空缺率最高？",
        "哪个城市的岗位空缺率不是最高？",
        "岗位空缺率第二高的是哪个城市？",
        "最近一次调查里哪个城市的岗位空缺率是14.2%？",
        "哪个城市的护理员最重要？",
        "哪个城市的护理员流失率最高？",
        "岗位空缺率超过10%的城市里，岗位空缺率最低的是哪个？",
        "岗位空缺率下降最多的是哪个城市？",
        "哪个城市的月平均工资最高为6015元？",
        "三个岗位空缺率最高的城市叫什么？",
    ],
)
def test_what_asks_for_another_row_or_for_none_gets_no_extreme(
    index_files: Index, question: str
) -> None:
    path, _ = index_files({"护理.md": CARE})
    with open_library(path) as library:
        found = retrieve(library, normalise(question, date(2026, 1, 31)), RetrievalSettings())
    rows = [one for one in found.sentences if one.candidate.kind == "table_row"]
    assert [label(one, found) for one in rows] == [None] * 5


MIXED = """# 各省

| 省 | 粮食产量 | 区域 | 2023年人口（万人） |
|---|---|---|---|
| 甲省 | 1.2亿吨 | 东部 | 500 |
| 乙省 | 9800万吨 | 西部 | 400 |
| 丙省 | 7600万吨 | 西部 | 390 |
| 世界之窗 | 5400万吨 | 东部 | 900 |
| 其他 | 3300万吨 | 西部 | 2900 |
"""


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("哪个省的粮食产量最高？", []),  # 亿吨 beside 万吨
        ("哪个区域的人口最多？", []),  # a region has several rows
        ("2024年哪个省的人口最多？", []),  # of 2023
        ("哪个省的人口最多？", ["世界之窗"]),  # not 其他
    ],
)
def test_units_groups_years_of_columns_and_rests_are_minded(
    index_files: Index, question: str, names: list[str]
) -> None:
    path, _ = index_files({"各省.md": MIXED})
    with open_library(path) as library:
        found = retrieve(library, normalise(question, date(2026, 1, 31)), RetrievalSettings())
    spans = [(one, label(one, found)) for one in found.sentences]
    told = [one.document.text[span.start : span.end] for one, span in spans if span is not None]
    assert told == names


def test_years_may_be_written_with_their_word(index_files: Index) -> None:
    table = "| 年份 | 产量（吨） | 备注 |\n|---|---|---|\n| 2021年 | 30 | 投产 |\n"
    table += "| 2022年 | 75 | 扩产 |\n| 2023年 | 41 | 检修 |\n"
    path, _ = index_files({"产量.md": f"# 青瓷产量\n\n{table}"})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("青瓷哪一年产量最高？")
    assert answer.answer.split("[1]")[0].strip() == "2022年"


@pytest.mark.parametrize("cell", ["不足10", "下降11.8%", "零下24.5", "1小时20分", "十二"])
def test_a_figure_that_cannot_be_read_leaves_the_column_alone(
    index_files: Index, cell: str
) -> None:
    path, _ = index_files({"护理.md": CARE.replace("| 9.6 |", f"| {cell} |")})
    question = normalise("哪个城市的岗位空缺率最低？", date(2026, 1, 31))
    with open_library(path) as library:
        found = retrieve(library, question, RetrievalSettings())
    assert {label(one, found) for one in found.sentences} == {None}


def test_a_row_that_lacks_another_figure_is_compared_as_well(index_files: Index) -> None:
    path, _ = index_files({"护理.md": CARE.replace("| 海屏 | 12,900 |", "| 海屏 | |")})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("哪个城市的岗位空缺率最高？")
    assert answer.answer.split("[1]")[0].strip() == "海屏"


def test_one_row_of_a_name_is_still_answered_by_that_row(ask: Callable[[str], Answer]) -> None:
    assert "11.8" in ask("云泽的岗位空缺率是多少").answer.split("[1]")[0]


def test_two_rows_that_share_the_first_place_change_nothing(index_files: Index) -> None:
    path, _ = index_files({"护理.md": CARE.replace("17.5", "14.2")})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("哪个城市的岗位空缺率最高？")
    assert answer.answer.split("[1]")[0] not in ("临江", "海屏")
