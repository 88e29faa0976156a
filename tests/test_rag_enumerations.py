"""Items of a list, which are an answer together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.schema import Answer

RULES = """临溪市专项债券项目管理办法

第四条　专项债券不得用于楼堂馆所、景观亮化和商业地产开发。

第五条　申报专项债券的项目应当同时具备下列条件：

（一）已取得用地批复和初步设计批复；

（二）项目收入对债券本息的覆盖倍数不低于1.2倍；

（三）资本金比例不低于20%；

（四）三年内未因挪用资金受过通报。

第六条　申报材料由市财政局在每年九月底以前受理。
"""
PAPER = """加装电梯与房价

本文有三点局限。第一，自愿加装电梯的楼栋本来可能更团结，房价也更高。这一点用了固定效应来缓解。\
第二，租赁备案只覆盖了约四成的实际租约。第三，样本在2023年底截止，没有包括次年的下行。

全文的数据来自澜州市住房保障中心。
"""
TALK = """主持人：法院凭什么认定有劳动关系？

秦放：三样东西。一个是派单，他拒单超过三次就要冷静两小时。第二个是早会，每天九点半，不到扣二十。\
第三个是工资条，钱是别人打的，表格的作者栏写着快驿达的人。

主持人：判下来以后呢？
"""


CIRCLED = """申请补贴须知

申请补贴应当符合下列条件：

①年满十八周岁。未满的由监护人代办。

②在本市连续居住三年。

③没有领过同类补贴。

④名下没有营运车辆。

补贴在审核后十日内到账。
"""
CAUSES = """项目延期说明

项目延期的原因有两个。第一个原因是拆迁拖了四个月。第二个原因是钢材涨价。第三方检测机构名叫衡准，位于城东。
"""


@pytest.mark.parametrize(
    ("text", "question", "items"),
    [
        (RULES, "申报专项债券的项目得满足什么条件？", ("用地批复", "1.2倍", "20%", "挪用资金")),
        (PAPER, "加装电梯那篇论文有哪些局限？", ("更团结", "约四成", "2023年底")),
        (CIRCLED, "申请补贴要符合什么条件？", ("十八周岁", "三年", "同类补贴", "营运车辆")),
        (TALK, "法院认定有劳动关系靠的是哪三样东西？", ("派单", "早会", "工资条")),
    ],
)
def test_all_items_are_shown_in_their_order(
    ask: Callable[..., Answer], text: str, question: str, items: tuple[str, ...]
) -> None:
    answer = ask(question, text).answer
    places = [answer.find(item) for item in items]
    assert -1 not in places
    assert places == sorted(places)


def test_articles_of_a_law_are_no_list(ask: Callable[..., Answer]) -> None:
    answer = ask("申报专项债券的项目得满足什么条件？", RULES).answer
    assert "第六条" not in answer


def test_who_asks_for_one_thing_gets_no_list(ask: Callable[..., Answer]) -> None:
    answer = ask("资本金比例不得低于多少？", RULES).answer
    assert "20%" in answer
    assert "挪用资金" not in answer


def test_what_begins_like_an_item_is_none(ask: Callable[..., Answer]) -> None:
    answer = ask("项目延期的原因有哪些？", CAUSES).answer
    assert all(cause in answer for cause in ("拆迁", "钢材"))
    assert "衡准" not in answer
