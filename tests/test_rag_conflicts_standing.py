"""Two sources, of which one gives a second figure: of a plan, an allowance, or other things."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.schema import Answer

SILK = "截至2025年末，澜江省生丝年产能是多少？"
SILK_TOLD = "到2025年末，澜江省生丝年产能4.2万吨，比上年末增加0.3万吨；绸缎年产能3.1亿米。\n"
FERRY = "截至2025年末，长洲轮渡公司有多少艘船？"
FERRY_TOLD = "截至2025年末，长洲轮渡公司拥有船舶46艘，航线12条。\n"


@pytest.mark.parametrize(
    ("question", "one", "other", "sides"),
    [
        (
            SILK,
            SILK_TOLD,
            "截至2025年12月31日，澜江全省共有在产缫丝厂86家，设计年产能合计5.3万吨，"
            "实际生丝年产能4.75万吨，后者比一年前增加8.2%。\n",
            {"4.2万吨", "4.75万吨"},
        ),
        (
            "2025年末恒川银行有多少个网点？",
            "恒川银行年报摘要：2025年末，本行在全省设有网点1,204个，员工1.9万人。\n",
            "记者统计，到2025年末恒川银行有自助柜台3,300台，原定保留网点1,250个，"
            "实际营业的网点1,168个。\n",
            {"1,204个", "1,168个"},
        ),
        (
            "截至2025年底，渤东储气库的工作气量是多少？",
            "截至2025年底，渤东储气库工作气量18.5亿立方米，日调峰能力2,200万立方米。\n",
            "截至2025年12月31日，渤东储气库有注采井74口，设计工作气量24亿立方米，"
            "实际形成工作气量16.2亿立方米。\n",
            {"18.5亿立方米", "16.2亿立方米"},
        ),
        (
            "2025年末晴川医院有多少张床位？",
            "晴川医院2025年末有床位1,850张，职工3,100人，年门诊量210万人次。\n",
            "截至2025年底，晴川医院有临床科室42个，编制床位2,000张，实际开放床位1,620张。\n",
            {"1,850张", "1,620张"},
        ),
        (
            "青禾体育场能坐多少人？",
            "青禾体育场可容纳观众5.2万人，是省内最大的体育场。\n",
            "青禾体育场有看台4层，原设计能坐6万人，实际能坐4.6万人。\n",
            {"5.2万人", "4.6万人"},
        ),
    ],
)
def test_what_there_is_is_a_side_also_beside_what_was_meant(
    ask: Callable[..., Answer], question: str, one: str, other: str, sides: set[str]
) -> None:
    answer = ask(question, one, other)
    assert [{s.value for s in c.sides} for c in answer.conflicts] == [sides]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        pytest.param(
            SILK,
            SILK_TOLD,
            "截至2025年6月30日，澜江省共有缫丝厂88家，设计年产能5.4万吨，实际生丝年产能3.9万吨。\n",
            id="another day of the year",
        ),
        pytest.param(
            FERRY,
            FERRY_TOLD,
            "截至2025年3月31日，长洲轮渡公司有码头18座，核准船舶50艘，实际在册船舶44艘。\n",
            id="another quarter",
        ),
        pytest.param(
            SILK,
            SILK_TOLD,
            "截至2025年12月31日，澜江省共有缫丝厂86家，设计年产能合计5.3万吨，"
            "绢丝实际年产能2.2万吨。\n",
            id="another product",
        ),
        pytest.param(
            "2025年底松原水厂的日供水能力是多少？",
            "2025年底，松原水厂日供水能力为30万立方米，服务人口85万。\n",
            "到2025年底，松原水厂有沉淀池8座，设计日供水能力40万立方米，实际日供水能力约30万吨。\n",
            id="what there is agrees",
        ),
        pytest.param(
            "2025年末，海州石化的原油加工能力是多少？",
            "2025年末，海州石化原油加工能力1,600万吨/年，乙烯产能120万吨。\n",
            "到2025年末，海州石化有常减压装置3套，三期建成后设计原油加工能力2,000万吨/年。\n",
            id="a design alone",
        ),
        pytest.param(
            "2025年末潭州市污水日处理能力有多大？",
            "2025年末，潭州市污水日处理能力186万吨，管网4,200公里。\n",
            "到2025年末，潭州市建有污水厂23座，设计日处理能力210万吨，实际日处理污水158万吨。\n",
            id="what was done is not what could be done",
        ),
        pytest.param(
            "截至2025年末，丰泽银行的不良贷款余额是多少？",
            "截至2025年末，丰泽银行不良贷款余额43.1亿元，不良率1.32%。\n",
            "截至2025年末，丰泽银行有分行21家，核定呆账拨备60亿元，关注类贷款余额58.7亿元，"
            "不良率1.32%。\n",
            id="what is asked is said of another figure behind it",
        ),
        pytest.param(
            "2025年末碧湖公园的面积有多大？",
            "碧湖公园2025年末总面积5平方公里，开放面积3平方公里。\n",
            "到2025年末，碧湖公园面积5平方公里，是全市最大的公园。\n",
            id="the other figure agrees",
        ),
    ],
)
def test_another_day_thing_or_a_plan_is_no_side(
    ask: Callable[..., Answer], question: str, one: str, other: str
) -> None:
    answer = ask(question, one, other)
    assert answer.status == "answered"
    assert answer.conflicts == ()
