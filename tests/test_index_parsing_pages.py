"""Page numbers and running headers that break into a sentence only two or three times."""

from __future__ import annotations

import pytest

from index.parsing.txt import parse_text
from index.schema import BlockKind, Document

RAW = """县域产业结构与居民收入
张三　李四
（某某大学经济学院，北京 100871；某某研究院，上海 200001；某某大学公共管理学院，南
京 210001）
摘要：本文利用县级面板数据考察产业结构的变化对居民收入的影响，结果表明第二产业
占比每提高一个百分点，居民收入增长百分之零点三。
一、引言
县域是我国经济社会发展的基本单元，其产业结构的变化直接关系到居民的就业与收入。近
年来，随着交通条件的改善，县域之间的分化日益明显，东部的县域已经进入工业化后期阶
段，而西部的多数县域仍处于工业化初期。已有的研究多集中于城市，对县域关注较少，本
文试图弥补这一不足，考察二十年来县域产业结构的变化及其后果。我们发现，产业结构的
{first}
升级并不必然带来收入的提高，只有当劳动力能够随之转移时，升级的好处才能惠及普通居
民。这一结论对于理解城乡差距的形成具有重要的意义，也为政策的制定提供了新的依据，
值得进一步的讨论与检验。下文先介绍数据与方法，再报告基本结果，最后讨论其政策的含
义与不足。数据来自历年的县域统计年鉴，覆盖了两千多个县级单位，时间跨度为二十年，其
{second}
中产业结构以三次产业的增加值占比来衡量，收入以农村居民人均可支配收入来衡量，并以
价格指数折算为不变价格。控制变量包括人口规模、财政支出、教育水平与交通条件等等。
"""


def parse(first: str, second: str) -> Document:
    raw = RAW.format(first=first, second=second)
    return parse_text(raw, doc_id="a.txt", source="a.txt", content_hash="x")


def texts(document: Document, kind: BlockKind) -> list[str]:
    return [document.quote(b.spans) for b in document.blocks if b.kind is kind]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("— 17 —", "— 18 —"),
        ("第 3 页", "第 4 页"),
        ("17", "18"),
        ("经济研究　2024年第3期", "经济研究　2024年第3期"),
        ("18　经济研究　2024年第3期", "张三：县域产业结构与居民收入　19"),
        ("县域产业结构与居民收入", "县域产业结构与居民收入"),
        ("17\n县域产业结构与居民收入", "18\n县域产业结构与居民收入"),
        ("第17页\n经济研究 2024年第3期", "第18页\n经济研究 2024年第3期"),
    ],
)
def test_what_a_page_puts_into_a_sentence_is_furniture(first: str, second: str) -> None:
    document = parse(first, second)
    assert texts(document, BlockKind.FURNITURE) == [*first.split("\n"), *second.split("\n")]
    body = next(b for b in document.blocks if document.quote(b.spans).startswith("县域是"))
    assert len(body.spans) == 3
    joined = "".join(document.text[s.start : s.end] for s in body.spans)
    assert "产业结构的升级并不必然" in joined
    assert "二十年，其中产业结构以" in joined
    assert texts(document, BlockKind.HEADING)[0] == "县域产业结构与居民收入"


def test_short_lines_that_no_page_explains_stay_in_the_text() -> None:
    document = parse("各国的经验", "另外的数据")
    assert texts(document, BlockKind.FURNITURE) == []
    document = parse("1950", "17")  # no count of pages
    assert texts(document, BlockKind.FURNITURE) == []


def test_byline_stands_apart_from_the_abstract() -> None:
    document = parse("— 17 —", "— 18 —")
    paragraphs = texts(document, BlockKind.PARAGRAPH)
    abstract = next(p for p in paragraphs if "县级面板数据考察" in p)
    assert abstract.startswith("摘要：本文利用")
    assert abstract.endswith("百分之零点三。")
    assert "张三　李四" in texts(document, BlockKind.FRONT_MATTER)
    assert not any("李四" in p and "摘要" in p for p in paragraphs)


@pytest.mark.parametrize("mark", ["摘　要：", "［摘要］", "【内容提要】", "Abstract: ", "提要："])
def test_every_way_to_open_an_abstract_ends_the_byline(mark: str) -> None:
    raw = RAW.format(first="— 17 —", second="— 18 —").replace("摘要：", mark).replace("［", "[")
    document = parse_text(raw.replace("］", "]"), doc_id="a", source="a", content_hash="x")
    opened = mark.replace("［", "[").replace("］", "]").strip()
    assert any(document.quote(b.spans).startswith(opened) for b in document.blocks)
