"""Make evals/data/sample/劳动/分行业工资失业率与护理岗位.xlsx: three sheets, a note below each.

    python evals/data/recipes/wage_tables.py

Needs openpyxl. The same rows give the same bytes: the times inside the file are fixed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "sample/劳动/分行业工资失业率与护理岗位.xlsx"
MADE = dt.datetime(2026, 3, 2, 9, 0)
Rows = tuple[tuple[str | int | float | None, ...], ...]

WAGES: Rows = (
    ("表1 城镇单位分行业年平均工资（单位：元）",),
    ("行业", "2023年非私营", "2024年非私营", "2024年增速（%）", "2024年私营"),
    ("合计", 120698, 124110, 2.8, 69476),
    ("信息传输、软件和信息技术服务业", 231810, 238966, 3.1, 123193),
    ("金融业", 197663, 201883, 2.1, 125710),
    ("科学研究和技术服务业", 171447, 174918, 2.0, 86450),
    ("电力、热力、燃气及水生产和供应业", 143594, 149062, 3.8, 66915),
    ("卫生和社会工作", 143818, 145560, 1.2, 75228),
    ("教育", 124067, 125310, 1.0, 57940),
    ("交通运输、仓储和邮政业", 122705, 127630, 4.0, 69402),
    ("制造业", 103932, 107890, 3.8, 73240),
    ("建筑业", 85804, 88210, 2.8, 64015),
    ("居民服务、修理和其他服务业", 68919, 70130, 1.8, 51880),
    ("农、林、牧、渔业", 62952, 64550, 2.5, 46730),
    ("住宿和餐饮业", 58094, 60120, 3.5, 51190),
    (None,),
    (
        "注：非私营单位含国有、集体、股份制、外商投资和港澳台投资单位。平均工资为税前应发数，"
        "含个人缴纳的社会保险费和住房公积金。分行业数字由文海数据工作室根据公开资料整理并取整，"
        "引用请以统计部门公布为准。",
    ),
)

UNEMPLOYMENT: Rows = (
    ("表2 2025年城镇调查失业率（单位：%，年龄组不含在校生）",),
    ("月份", "全国", "31个大城市", "16—24岁", "25—29岁", "30—59岁"),
    ("1月", 5.2, 5.2, 16.1, 6.9, 4.0),
    ("2月", 5.4, 5.3, 16.9, 7.3, 4.3),
    ("3月", 5.2, 5.2, 16.5, 7.2, 4.1),
    ("4月", 5.1, 5.1, 15.8, 7.1, 4.0),
    ("5月", 5.0, 5.0, 14.9, 7.0, 3.9),
    ("6月", 5.0, 5.0, 14.5, 6.7, 4.0),
    ("7月", 5.2, 5.2, 17.8, 6.9, 3.9),
    ("8月", 5.3, 5.3, 18.9, 7.2, 3.9),
    ("9月", 5.2, 5.2, 17.7, 7.2, 3.9),
    ("10月", 5.1, 5.1, 17.3, 7.2, 3.8),
    ("11月", 5.1, 5.1, 16.9, 7.2, 3.8),
    ("12月", 5.1, 5.0, 16.5, 6.9, 3.9),
    (None,),
    ("注：8月青年失业率为当年最高，与1,222万高校毕业生集中进入市场有关。",),
)

CARE: Rows = (
    ("表3 2025年末五城市养老护理岗位（文海数据工作室抽样）",),
    (
        "城市",
        "持证护理员（人）",
        "月平均工资（元）",
        "岗位空缺率（%）",
        "平均年龄（岁）",
        "年离职率（%）",
    ),
    ("南京", 21460, 6480, 14.2, 51.3, 29.5),
    ("青岛", 18230, 6015, 11.8, 50.6, 26.1),
    ("成都", 24980, 5760, 17.5, 52.4, 33.8),
    ("石家庄", 9310, 5240, 15.1, 53.0, 31.2),
    ("南通", 7645, 6020, 9.7, 52.8, 24.9),
    ("五城市平均", None, 5903, 13.7, 52.0, 29.1),
    (None,),
    (
        "注：工资含夜班补贴和政府岗位补贴，不含一次性入职奖励。平均数为五城市简单平均。"
        "青岛2012年、南通2016年起先后建立长期护理保险。",
    ),
)


def make(out: Path = OUT) -> bytes:
    """Write the workbook and return its bytes."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in (("行业工资", WAGES), ("失业率", UNEMPLOYMENT), ("护理岗位", CARE)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        width = len(rows[1])
        for line in (1, len(rows)):
            sheet.merge_cells(start_row=line, end_row=line, start_column=1, end_column=width)
        sheet.column_dimensions["A"].width = 34
    book.properties.creator = "文海数据工作室"
    book.properties.title = "分行业工资、失业率与护理岗位"
    book.properties.created = MADE
    raw = io.BytesIO()
    book.save(raw)
    fixed = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":  # openpyxl writes the time of saving here
                stamp = MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, data)
            new.writestr(zipfile.ZipInfo(name, MADE.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)
    out.write_bytes(fixed.getvalue())
    return fixed.getvalue()


if __name__ == "__main__":
    print(f"{OUT.name}  {len(make()):,} bytes")
