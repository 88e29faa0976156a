from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.schema import Answer

STORED = "2025年末，青屿省全省已投运新型储能累计装机{}，居全国前列。\n"


def test_sources_that_disagree_are_shown_as_sides(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "2025年末青屿省新型储能装机是多少？",
        STORED.format("14.5吉瓦"),
        "据行业协会统计，" + STORED.format("1,720万千瓦"),
    )
    assert len(answer.conflicts) == 1
    sides = answer.conflicts[0].sides
    assert {s.value for s in sides} == {"14.5吉瓦", "1,720万千瓦"}
    assert answer.statements[0].text in {s.value for s in sides}
    shown = {c.n: c for c in answer.citations}
    for side in sides:
        assert side.citations
        assert all(side.value in shown[n].quote for n in side.citations)
    said = {n for s in answer.statements for n in s.citations}
    assert {n for side in sides for n in side.citations} <= said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("14.5吉瓦", "1,450万千瓦"),
        ("14.5吉瓦", "约14.5吉瓦"),
        ("14.5吉瓦", "超过14吉瓦"),
        ("1,450万千瓦", "1450万千瓦"),
    ],
)
def test_the_same_value_in_other_notation_is_no_conflict(
    ask: Callable[..., Answer], one: str, other: str
) -> None:
    answer = ask(
        "2025年末青屿省新型储能装机是多少？",
        STORED.format(one),
        "据行业协会统计，" + STORED.format(other),
    )
    assert answer.status == "answered"
    assert answer.conflicts == ()


@pytest.mark.parametrize(
    "other",
    [
        STORED.format("9.8吉瓦").replace("2025", "2024"),
        STORED.format("9.8吉瓦").replace("青屿省", "云南省"),
        "2025年末，青屿省全省已投运抽水蓄能累计装机9.8吉瓦。\n",
        "2025年末，青屿省全省已投运新型储能累计装机14.5吉瓦，其中民营企业建成9.8吉瓦。\n",
    ],
)
def test_another_year_place_thing_or_part_is_no_conflict(
    ask: Callable[..., Answer], other: str
) -> None:
    answer = ask("2025年末青屿省新型储能装机是多少？", STORED.format("14.5吉瓦"), other)
    assert "14.5吉瓦" in answer.answer
    assert answer.conflicts == ()


def test_two_counts_in_one_sentence_are_two_sides(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "青屿省女孩疫苗接种率是多少？",
        "按各县上报口径，青屿省女孩疫苗接种率为71.3%；研究中心的抽样调查则为63.8%。\n",
    )
    assert [{s.value for s in c.sides} for c in answer.conflicts] == [{"71.3%", "63.8%"}]


def test_a_question_for_no_figure_has_no_conflict(ask: Callable[..., Answer]) -> None:
    answer = ask("青屿省为什么建新型储能？", STORED.format("14.5吉瓦"), STORED.format("9.8吉瓦"))
    assert answer.conflicts == ()


OPENED = "青屿湾大桥于{}建成通车，全长12公里。\n"
OPENING = "青屿湾大桥什么时候通车的？"


def test_dates_that_disagree_are_shown_as_sides(ask: Callable[..., Answer]) -> None:
    other = "据工程指挥部介绍，" + OPENED.format("2025年4月")
    answer = ask(OPENING, OPENED.format("2025年3月1日"), other)
    assert [{s.value for s in c.sides} for c in answer.conflicts] == [{"2025年3月1日", "2025年4月"}]


@pytest.mark.parametrize(
    "other",
    [
        OPENED.format("2025年3月"),
        OPENED.format("二〇二五年三月"),
        "青屿湾大桥计划于2025年1月建成通车，全长12公里。\n",
        "白沙大桥于2025年4月建成通车，全长12公里。\n",
        "截至2025年4月，青屿湾大桥已建成通车，全长12公里。\n",
    ],
)
def test_a_date_said_in_part_planned_or_of_another_thing_is_no_conflict(
    ask: Callable[..., Answer], other: str
) -> None:
    answer = ask(OPENING, OPENED.format("2025年3月1日"), "据工程指挥部介绍，" + other)
    assert answer.status == "answered"
    assert answer.conflicts == ()


HEADED = "青屿市水务局局长是{}，他主持全局工作。\n"


def test_names_for_one_office_are_shown_as_sides(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "青屿市水务局局长是谁？",
        HEADED.format("周明远"),
        "据当地媒体报道，" + HEADED.format("陈立群"),
    )
    assert [{s.value for s in c.sides} for c in answer.conflicts] == [{"周明远", "陈立群"}]


def test_a_deputy_is_no_other_holder_of_an_office(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "青屿市水务局局长是谁？",
        HEADED.format("周明远"),
        "据当地媒体报道，青屿市水务局副局长是陈立群，他分管防汛工作。\n",
    )
    assert answer.conflicts == ()


def test_who_asks_whether_sources_agree_gets_the_sides(ask: Callable[..., Answer]) -> None:
    question = "这两份报告在2025年末青屿省新型储能装机上有什么不一样？"
    answer = ask(
        question,
        STORED.format("14.5吉瓦"),
        "据行业协会统计，" + STORED.format("1,720万千瓦"),
    )
    assert answer.question == question
    sides = {s.value for c in answer.conflicts for s in c.sides}
    assert sides == {"14.5吉瓦", "1,720万千瓦"}


def test_figures_of_another_place_than_is_asked_are_no_sides(ask: Callable[..., Answer]) -> None:
    asked = "2025年末湖南省新型储能装机是多少？"
    answer = ask(asked, STORED.format("14.5吉瓦"), STORED.format("9.8吉瓦"))
    assert answer.conflicts == ()


def test_an_unknown_name_after_a_year_is_a_name(ask: Callable[..., Answer]) -> None:
    told = "{}水库2025年供水量{}立方米，满足了下游灌溉。\n"
    one, other = told.format("砚川", "3.42亿"), told.format("白沙", "2.97亿")
    answer = ask("2025年砚川水库的供水量有多少？", one, "据当地年鉴记载，" + other)
    assert "3.42亿立方米" in answer.answer
    assert answer.conflicts == ()


@pytest.mark.parametrize(
    ("question", "one", "other", "sides"),
    [
        (
            "汀麓港2025年集装箱吞吐量是多少？",
            "汀麓港务集团昨日通报，2025年汀麓港完成集装箱吞吐量368万标箱，同比增长5%。\n",
            "全年汀麓港集装箱吞吐量341.5万TEU，货物吞吐量1.2亿吨。\n",
            {"368万标箱", "341.5万TEU"},
        ),
        (
            "朔湾隧道爆炸造成多少人受伤？",
            "6月9日，朔湾隧道发生爆炸，造成2人死亡、14人受伤。\n",
            "记者从医院了解到，朔湾隧道爆炸共有19人受伤入院，其中重伤3人。\n",
            {"14人", "19人"},
        ),
        (
            "岚峪海塘修复由谁牵头？",
            "岚峪海塘修复工程由海事局牵头，渔政部门配合，工期十八个月。\n",
            "陈工说，岚峪海塘修复是水利厅主导的，海事那边只提供测量数据。\n",
            {"海事局", "水利厅"},
        ),
        (
            "泊渚地铁5号线开通了吗？",
            "泊渚地铁5号线已于2025年12月28日开通，设站22座。\n",
            "您好，泊渚地铁5号线尚未开通，22座车站正在验收。\n",
            {"已于2025年12月28日开通", "尚未开通"},
        ),
    ],
)
def test_sources_in_other_words_are_held_against_each_other(
    ask: Callable[..., Answer], question: str, one: str, other: str, sides: set[str]
) -> None:
    answer = ask(question, one, other)
    assert [{s.value for s in c.sides} for c in answer.conflicts] == [sides]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "2025年桐溪区新建了多少个充电桩？",
            "2025年民生实事：桐溪区计划新建公共充电桩1,500个。\n",
            "2025年，桐溪区实际新建公共充电桩1,312个。\n",
        ),
        (
            "2025年雁洲景区接待游客多少人次？",
            "2025年上半年，雁洲景区接待游客96万人次。\n",
            "2025年全年，雁洲景区接待游客215万人次。\n",
        ),
        (
            "第十二届茶博会来了多少家参展商？",
            "第十三届茶博会共有680家参展商参展。\n",
            "第十三届茶博会闭幕，参展商540家。\n",
        ),
        (
            "2025年槐浦市每千人口有多少名护士？",
            "2025年末，槐浦市注册护士1.86万人，每千人口注册护士3.4人。\n",
            "2025年底，槐浦市注册护士达到2.1万名，每千人口3.4名。\n",
        ),
        (
            "霁川水库的库容是多少？",
            "霁川水库总库容5.4亿立方米，兴利库容3.9亿立方米。\n",
            "霁川水库总库容约5.4亿方，是全市最大的水源地。\n",
        ),
        (
            "苇屿港的旅客班线恢复了吗？",
            "苇屿港旅客班线已恢复。\n",
            "苇屿港旅客班线计划于10月恢复。\n",
        ),
        (
            "雁洲大桥通车了吗？",
            "雁洲大桥已在未央区通车，方便了市民。\n",
            "雁洲大桥于2025年3月正式通车，方便了市民。\n",
        ),
        (
            "远帆号打捞了吗？",
            "远帆号货轮沉没后已成功打捞，拖回了港口。\n",
            "远帆号货轮已于2025年3月打捞，拖回了港口。\n",
        ),
        (
            "雁洲大桥通车了吗？",
            "雁洲大桥尚未通车，工期还有半年。\n",
            "雁洲大桥已具备通车条件，等候验收。\n",
        ),
    ],
)
def test_plans_periods_editions_and_parts_are_no_conflict(
    ask: Callable[..., Answer], question: str, one: str, other: str
) -> None:
    assert ask(question, one, other).conflicts == ()


@pytest.mark.parametrize(
    ("question", "one", "other", "scopes"),
    [
        (
            "房贷首付比例最低是多少？",
            "晴澜市首套住房商业贷款最低首付比例调整为15%。\n",
            "晴澜市二套住房商业贷款最低首付比例为25%。\n",
            ("首套", "二套"),
        ),
        (
            "2025年砚川稀土矿的产量是多少？",
            "砚川稀土矿2025年产量1.8万吨（实物量），同比增长一成。\n",
            "按折氧化物计算，砚川稀土矿2025年产量为1.1万吨。\n",
            ("实物量", "按折氧化物计算"),
        ),
    ],
)
def test_what_tells_the_sides_apart_is_named(
    ask: Callable[..., Answer], question: str, one: str, other: str, scopes: tuple[str, str]
) -> None:
    (conflict,) = ask(question, one, other).conflicts
    assert all(any(word in side.scope for side in conflict.sides) for word in scopes)


def test_a_document_that_gives_both_figures_settles_it(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "2024年栖云市的地区生产总值是多少？",
        "初步核算，2024年栖云市地区生产总值2,815亿元。\n",
        "栖云市2024年地区生产总值由初步核算的2,815亿元修订为2,972亿元。\n",
    )
    assert answer.conflicts == ()


def test_lists_of_very_many_figures_are_no_sides(ask: Callable[..., Answer]) -> None:
    lists = ["、".join(f"{i * 7 + shift}公里" for i in range(2, 60)) for shift in range(3)]
    answer = ask(
        "青屿地铁7号线全长多少公里？",
        *(f"青屿地铁7号线各段长度：全长{figures}。\n" for figures in lists),
    )
    assert answer.status == "answered"
    assert answer.conflicts == ()
