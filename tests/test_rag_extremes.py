"""Which row of a table is the highest or lowest: told by the whole column, never by a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.schema import Answer
from rag.settings import AnswerabilitySettings, RagSettings

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
    ("question", "label"),
    [
        ("哪个城市的岗位空缺率最高？", "海屏"),
        ("护理员岗位空缺率最低的是哪个城市", "北岭"),
        ("哪个城市护理员月平均工资最高", "临江"),
        ("护理员月平均工资最少的城市是哪个", "北岭"),
        ("2025年集装箱吞吐量最高的是哪个月？", "2025年3月"),
        ("集装箱最少的是哪个月", "2025年2月"),
        ("Which of the cities has the highest 岗位空缺率?", "海屏"),
    ],
)
def test_the_first_row_shown_is_the_asked_one(
    ask: Callable[[str], Answer], question: str, label: str
) -> None:
    answer = ask(question)
    assert label in answer.answer.split("[1]")[0]
    assert label in answer.citations[0].quote


def test_one_row_of_a_name_is_still_answered_by_that_row(ask: Callable[[str], Answer]) -> None:
    assert "11.8" in ask("云泽的岗位空缺率是多少").answer.split("[1]")[0]


def test_two_rows_that_share_the_first_place_change_nothing(index_files: Index) -> None:
    path, _ = index_files({"护理.md": CARE.replace("17.5", "14.2")})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("哪个城市的岗位空缺率最高？")
    assert answer.answer.split("[1]")[0] not in ("临江", "海屏")
