"""Unrelated documents by the thousand, for seeing whether a crowd hides the answer.

Small notices of clubs and markets, put together from parts: real enough for a retriever to rank,
far from anything that questions about policy or industry ask.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

_PLACES = (
    "柳河", "青石桥", "南坡", "白鹭湾", "枫林里", "老码头",
    "竹溪", "东篱", "云栖里", "梅岭脚",
)  # fmt: skip
_CLUBS = (
    "羽毛球社", "合唱团", "象棋会", "编织班", "花卉协会", "读书会",
    "剪纸班", "骑行队", "钓鱼会", "陶艺坊",
)  # fmt: skip
_THINGS = (
    "月季", "毛线围巾", "紫砂壶", "风筝", "手工皂", "竹编篮",
    "旧唱片", "盆栽", "木雕", "拼布",
)  # fmt: skip
_DISHES = (
    "梅干菜扣肉", "萝卜丝饼", "荠菜馄饨", "糯米藕", "酒酿圆子", "葱油拌面",
    "腌笃鲜", "豆沙粽",
)  # fmt: skip
_PEOPLE = ["周老师", "何阿姨", "老沈", "小顾", "唐师傅", "孟姐", "阿良", "陆伯"]
_DAYS = "一三五六日"
_SENTENCES = (
    "{place}的{club}每逢周{day}活动，新来的先旁听{n}回。",
    "{person}带来了亲手做的{thing}，一上午换出去{n}件。",
    "中午大家分着吃{dish}，{person}说火候要看{n}分钟。",
    "下雨就改到室内，{club}的钥匙在{person}那里。",
    "{place}的集市从早上{hour}点摆到傍晚，{thing}摊位排在第{n}个。",
    "孩子们学做{thing}，材料费每人{n}块，{person}管教具。",
    "上回比赛，{club}赢了{n}局，奖品是一盆{thing}。",
    "{dish}的方子传了三代，{person}只肯说一半。",
)
_ENGLISH = (
    "The {n} members of the allotment club swap seedlings on the first Sunday of the month.",
    "Rain moved the kite picnic indoors, where {n} children painted lanterns instead.",
    "The choir rehearses in the old mill; newcomers listen for {n} evenings before they sing.",
    "At the jam stall, {n} jars of quince jelly were gone before noon.",
)


def unrelated_documents(n: int) -> Iterator[dict[str, str]]:
    """`n` records {"id", "title", "text"}; the i-th is always the same, whatever n is."""
    for number in range(n):
        rng = random.Random(f"unrelated:{number}")
        parts = {
            "place": rng.choice(_PLACES),
            "club": rng.choice(_CLUBS),
            "thing": rng.choice(_THINGS),
            "dish": rng.choice(_DISHES),
            "person": rng.choice(_PEOPLE),
        }

        def fill(template: str, parts: dict[str, str] = parts, rng: random.Random = rng) -> str:
            small = {
                "n": rng.randint(2, 40),
                "hour": rng.randint(6, 9),
                "day": rng.choice(_DAYS),
            }
            return template.format(**parts, **small)

        if number % 8 == 7:
            body = " ".join(fill(s) for s in rng.sample(_ENGLISH, 3))
            title = f"Notice {number}: the village week"
        else:
            body = "".join(fill(s) for s in rng.sample(_SENTENCES, rng.randint(4, 7)))
            title = f"{parts['place']}{parts['club']}第{number}期通知"
        yield {"id": f"unrelated-{number:04}", "title": title, "text": body}
