"""A few words without a question word: the head noun says what is asked for."""

from __future__ import annotations

import pytest

from index.segmenting import key
from rag.asking import asked_of
from rag.heads import kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("神舟十一号发射时间？", "date"), ("报名截止", "date"), ("故宫淡季票价", "money"),
        ("票价 故宫 淡季", "money"), ("注册资本", "money"), ("失业率", "percent"),
        ("芦山地震的震级", "number"), ("城镇新增就业人数", "number"),
        ("电影《饥饿游戏》的导演", "person"),
        ("项目负责人", "person"), ("施工单位", "organisation"), ("2019年亚洲杯举办国？", "place"),
        ("报销流程", "manner"), ("办理材料", "list"), ("release date of the phone", "date"),
        ("population of Kunming", "number"), ("ticket price", "money"),
    ],
)  # fmt: skip
def test_the_head_noun_names_the_kind_of_answer(question: str, kind: str) -> None:
    assert kind_of(key(question)) == kind
    assert asked_of(key(question)).type == kind


@pytest.mark.parametrize(
    "question", ["工作效率", "《价格法》", "营业时间", "芯片", "“最低票价”政策", "how it works"]
)
def test_what_only_ends_alike_names_none(question: str) -> None:
    assert kind_of(key(question)) is None


def test_a_question_word_says_more_than_the_head() -> None:
    assert asked_of(key("谁定的票价")).type == "person"
    assert asked_of(key("票价为什么涨了")).type == "reason"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("比赛头名的奖金是多少", "money"), ("那个项目总投资额是多少？", "money"),
        ("运费得多少", "money"),
        ("就业率是多少", "percent"), ("这座桥长度是多少", "number"),
        ("新设计中心起薪是什么", "money"),
        ("买走碳票的上海公司叫什么名字", "organisation"), ("他太太叫什么名字", "person"),
        ("新名字是什么", "person"), ("这个法是什么", "name"),
    ],
)  # fmt: skip
def test_before_a_word_that_only_counts_the_head_says_of_what(question: str, kind: str) -> None:
    assert asked_of(key(question)).type == kind


def test_several_things_are_wanted_of_a_list() -> None:
    assert asked_of(key("办理材料")).wants_several
    assert not asked_of(key("故宫淡季票价")).wants_several
