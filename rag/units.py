"""Units as they are written, and what they come to in a common one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` times a figure gives the dimension's base; "" for what is only counted."""

    name: str
    dimension: str
    factor: float


# dimension: {spelling (as in keys): factor}
_MEASURES: Mapping[str, Mapping[str, float]] = {
    "share": {"%": 1, "percent": 1, "per cent": 1, "pct": 1},
    "points": {"个百分点": 1, "百分点": 1, "percentage points": 1, "percentage point": 1,
               "个点": 1, "个基点": 0.01, "基点": 0.01, "basis points": 0.01},
    "money:USD": {"美元": 1, "美金": 1, "dollars": 1, "dollar": 1, "usd": 1, "us dollars": 1,
                  "美分": 0.01, "cents": 0.01},
    "money:CNY": {"元人民币": 1, "人民币": 1, "元": 1, "块钱": 1, "yuan": 1, "rmb": 1, "角": 0.1,
                  "cny": 1},
    "money:EUR": {"欧元": 1, "euros": 1, "euro": 1, "eur": 1},
    "money:GBP": {"英镑": 1, "pounds": 1},
    "money:JPY": {"日元": 1, "日圆": 1, "yen": 1},
    "money:HKD": {"港元": 1, "港币": 1},
    "money:TWD": {"新台币": 1, "台币": 1},
    "money:KRW": {"韩元": 1, "won": 1},
    "money:INR": {"卢比": 1, "rupees": 1},
    "money:RUB": {"卢布": 1},
    "money:PESO": {"比索": 1},
    "money:THB": {"泰铢": 1},
    "money:CHF": {"法郎": 1},
    "money:BRL": {"雷亚尔": 1},
    "money:TRY": {"里拉": 1},
    "mass": {"吨": 1, "公吨": 1, "tonnes": 1, "tonne": 1, "tons": 1, "ton": 1, "公斤": 1e-3,
             "千克": 1e-3, "kg": 1e-3, "克": 1e-6, "斤": 5e-4, "毫克": 1e-9, "mg": 1e-9,
             "磅": 4.5359237e-4},
    "length": {"米": 1, "公里": 1e3, "千米": 1e3, "km": 1e3, "kilometres": 1e3, "kilometers": 1e3,
               "厘米": 1e-2, "公分": 1e-2, "毫米": 1e-3, "微米": 1e-6, "纳米": 1e-9, "nm": 1e-9,
               "mm": 1e-3, "cm": 1e-2, "里": 500, "英里": 1609.344, "miles": 1609.344,
               "英尺": 0.3048, "feet": 0.3048, "metres": 1, "meters": 1, "海里": 1852,
               "光年": 9.46e15},
    "inch": {"英寸": 1, "寸": 1, "inches": 1, "inch": 1},
    "area": {"平方米": 1, "平方公里": 1e6, "平方千米": 1e6, "公顷": 1e4, "亩": 1e4 / 15, "平米": 1,
             "hectares": 1e4, "square kilometres": 1e6, "平方英里": 2.59e6},
    "volume": {"立方米": 1, "升": 1e-3, "毫升": 1e-6, "立方公里": 1e9, "方": 1, "加仑": 3.785e-3,
               "gallons": 3.785e-3, "蒲式耳": 0.03524, "bushels": 0.03524, "litres": 1e-3,
               "liters": 1e-3, "cubic metres": 1, "cubic meters": 1},
    "oil": {"桶": 1, "barrels": 1, "桶/日": 1, "barrels a day": 1},
    "energy": {"千瓦时": 1, "度电": 1, "兆瓦时": 1e3, "吉瓦时": 1e6, "太瓦时": 1e9, "kwh": 1,
               "mwh": 1e3, "gwh": 1e6, "twh": 1e9, "kilowatt-hours": 1, "terawatt-hours": 1e9,
               "gigawatt-hours": 1e6, "瓦时": 1e-3},
    "power": {"千瓦": 1, "兆瓦": 1e3, "吉瓦": 1e6, "kw": 1, "mw": 1e3, "gw": 1e6, "瓦": 1e-3,
              "gigawatts": 1e6, "megawatts": 1e3},
    "computing": {"eflops": 1, "pflops": 1e-3},
    "memory": {"gb": 1, "tb": 1024, "mb": 1 / 1024},
    "seconds": {"秒": 1, "秒钟": 1, "分钟": 60, "小时": 3600, "个小时": 3600, "seconds": 1,
                "minutes": 60, "hours": 3600, "个半小时": 3600},
    "days": {"天": 1, "日": 1, "昼夜": 1, "周": 7, "个星期": 7, "星期": 7, "days": 1, "day": 1,
             "weeks": 7, "week": 7, "个工作日": 1, "工作日": 1},
    "months": {"个月": 1, "年": 12, "个年头": 12, "季": 3, "个季度": 3, "months": 1, "month": 1,
               "years": 12, "year": 12, "周年": 12, "载": 12, "世纪": 1200, "个世纪": 1200},
    "age": {"岁": 1, "周岁": 1, "years old": 1},
    "temperature": {"摄氏度": 1, "℃": 1, "°c": 1, "度": 1},
    "times": {"倍": 1, "fold": 1, "times": 1},
}  # fmt: skip
# Counting words: what is counted makes the unit. Words for one thing share a name.
_PEOPLE = (
    "人", "名", "位", "个人", "人次", "people", "workers", "persons", "patients", "employees",
)  # fmt: skip
_THINGS = (
    "家", "个", "项", "件", "次", "台", "辆", "艘", "架", "座", "所", "条",
    "种", "款", "部", "场", "届", "层", "户", "株", "只", "头", "匹", "颗",
    "枚", "粒", "块", "片", "张", "套", "本", "篇", "份", "幅", "首", "集",
    "期", "支", "门", "间", "栋", "幢", "处", "起", "例", "宗", "批", "组",
    "队", "级", "代", "分", "票", "席", "站", "股", "手", "笔", "类",
    "字", "卷", "册", "室", "楼", "排", "轮", "战", "局", "胜", "负",
    "球", "环", "步", "岛", "村", "镇", "乡", "县", "市", "省", "国", "区",
    "班", "页", "章", "节", "号", "座次", "人份", "剂次", "剂", "车次", "航次", "架次",
    "班次", "时", "点", "床", "张床", "亿", "道", "根", "毛", "分钱", "马力", "赫兹",
    "列", "单", "趟", "尾", "口", "对", "jobs", "companies", "countries", "units",
    "vehicles", "cases", "documents",
)  # fmt: skip
_BOXES = ("标准箱", "标箱", "teu", "teus")
_COUNTS: Mapping[str, str] = {
    **{w: w for w in _THINGS},
    **dict.fromkeys(_PEOPLE, "people"),
    **dict.fromkeys(_BOXES, "标准箱"),
}
CURRENCY_SIGNS: Mapping[str, str] = {
    "$": "美元", "us$": "美元", "usd": "美元", "hk$": "港元", "nt$": "新台币", "¥": "元",
    "￥": "元", "rmb": "元", "€": "欧元", "£": "英镑", "eur": "欧元",
}  # fmt: skip


def _all() -> Iterator[tuple[str, Unit]]:
    for dimension, spellings in _MEASURES.items():
        base = next(iter(spellings))
        for spelling, factor in spellings.items():
            yield spelling, Unit(base, dimension, factor)
    for word, name in _COUNTS.items():
        yield word, Unit(name, f"count:{name}", 1.0)


UNITS: Mapping[str, Unit] = dict(_all())
# Any of them, the longest first; to stand within a regular expression.
ANY_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
