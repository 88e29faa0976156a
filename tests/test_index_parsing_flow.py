"""Plain text: broken lines joined, structure found from the words, no character lost."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import EmptyDocument
from index.parsing.txt import parse_text
from index.schema import Block, BlockKind, Document


def parse(raw: str) -> Document:
    digest = hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return parse_text(raw, doc_id="a.txt", source="a.txt", content_hash=digest)


def texts(document: Document, kind: BlockKind) -> list[str]:
    return [document.quote(b.spans) for b in document.blocks if b.kind is kind]


def find(document: Document, words: str) -> Block:
    return next(b for b in document.blocks if words in document.quote(b.spans))


def check(document: Document, raw: str) -> None:
    """What holds for every document: order, no overlap, coverage, and the way back."""
    text = document.text
    at = 0
    covered = bytearray(len(text))
    for block in document.blocks:
        assert block.spans[0].start >= at or any(
            block.spans[0].start >= b.spans[0].start for b in document.blocks
        )
        for span in block.spans:
            assert not any(covered[span.start : span.end])
            covered[span.start : span.end] = b"\x01" * len(span)
        at = block.spans[0].start
    starts = [b.spans[0].start for b in document.blocks]
    assert starts == sorted(starts)
    solid = [i for i, c in enumerate(text) if not c.isspace()]
    assert sum(covered[i] for i in solid) >= 0.995 * len(solid)
    for i, character in enumerate(text):
        origin = document.raw_offset(i)
        assert origin is not None
        assert raw[origin] == character or (
            character in " \n" and raw[origin] in " \t\r\n\f\v\u3000\x85"
        )


BODY = (
    "全球可再生能源装机在过去十年里增长了三倍，其中太阳能贡献最大，风电次之，"
    "二者合计占新增装机的八成以上。"
)


def wrap(text: str, width: int) -> list[str]:
    return [text[i : i + width] for i in range(0, len(text), width)]


@pytest.mark.parametrize(
    "gap", ["\n", " \n\n"], ids=["every line", "a blank line between all lines"]
)
def test_hard_wrapped_chinese_reads_whole(gap: str) -> None:
    paragraphs = [BODY * 2, "与此同时，" + BODY + BODY, "展望未来，" + BODY * 2]
    raw = gap.join(line for p in paragraphs for line in wrap(p, 40)) + "\n"
    document = parse(raw)
    assert texts(document, BlockKind.PARAGRAPH) == paragraphs
    check(document, raw)


def test_hyphenated_english_is_joined() -> None:
    raw = (
        "The semiconductor value chain has become the most contested part of the world econ-\n"
        "omy, and export controls have spread from equipment to chips and then to design soft-\n"
        "ware. Producers of long-lived equipment keep their long-term contracts, but new or-\n"
        "ders go elsewhere, which the trade statistics of the past three years show plainly.\n"
    )
    document = parse(raw)
    (text,) = texts(document, BlockKind.PARAGRAPH)
    assert "world economy, and" in text
    assert "design software. Producers" in text
    assert "new orders go" in text
    assert "long-lived" in text
    check(document, raw)


def test_headings_give_section_paths() -> None:
    raw = "\n\n".join(
        [
            "储能发展报告",
            "一、规模",
            "（一）总量",
            BODY,
            "（二）结构",
            BODY,
            "二、展望",
            BODY,
            "结语",
            BODY,
        ]
    )
    document = parse(raw)
    assert document.title == "储能发展报告"
    paragraphs = [b.section for b in document.blocks if b.kind is BlockKind.PARAGRAPH]
    assert paragraphs == [
        ("一、规模", "（一）总量"),
        ("一、规模", "（二）结构"),
        ("二、展望",),
        ("结语",),
    ]


def test_numbered_sentence_is_no_heading() -> None:
    document = parse("一、要加快建设，" + BODY + "\n\n二、要稳步推进，" + BODY)
    assert not texts(document, BlockKind.HEADING)
    assert len(texts(document, BlockKind.LIST_ITEM)) == 2


def test_notes_are_linked_where_numbering_restarts() -> None:
    page = (
        "{0}首次明确了这一要求。^[1]此后各地陆续出台细则。^[2]\n\n"
        "[1] 《{0}文件》，载《日报》2024年第{1}期。\n\n"
        "[2] 李明：《细则》，出版社2024年版，第{1}页。"
    )
    raw = "\n\n".join(
        page.format(name, i) + "\n\n" + BODY for i, name in enumerate(("中央", "地方"), 1)
    )
    document = parse(raw)
    notes = [b for b in document.blocks if b.kind is BlockKind.FOOTNOTE]
    assert [n.label for n in notes] == ["[1]", "[2]", "[1]", "[2]"]
    for note in notes:
        (marker,) = note.markers
        assert document.text[marker.start : marker.end] == f"^{note.label}"
        assert marker.end < note.span.start
    assert notes[0].markers[0].start < notes[0].span.start < notes[2].markers[0].start


def test_sentence_interrupted_by_notes_has_two_spans() -> None:
    first = (
        BODY + "值得注意的是，这一变化^[1]正在改变电力系统的运行方式，"
        "要求调度机构重新考虑备用容量的配置，而且"
    )
    raw = (
        f"{first}\n\n[1] 参见王强：《电力系统》，科学出版社2023年版，第12页。\n\n对跨省交易提出了"
        f"新的要求。" + BODY
    )
    document = parse(raw)
    block = find(document, "备用容量")
    assert len(block.spans) == 2
    assert document.quote(block.spans).endswith("而且 … 对跨省交易提出了新的要求。" + BODY)
    check(document, raw)


def test_page_number_and_running_header_are_taken_out_of_the_sentence() -> None:
    places = "山东江苏浙江广东四川云南甘肃青海河北河南湖北湖南福建安徽陕西新疆"
    body = "".join(
        f"{places[i : i + 2]}的装机在这一年里{BODY[3 + i : 30 + i]}。" for i in range(0, 32, 2)
    )
    lines = wrap(body, 34)
    pages = [lines[i : i + 6] for i in range(0, len(lines), 6)]
    raw = "".join(
        "\n".join(p) + f"\n- {n} -\n能源评论　2025年第3期\n" for n, p in enumerate(pages, 1)
    )
    document = parse(raw)
    furniture = texts(document, BlockKind.FURNITURE)
    assert "- 1 -" in furniture
    assert furniture.count("能源评论　2025年第3期") == len(pages)
    joined = "".join(t.replace(" … ", "") for t in texts(document, BlockKind.PARAGRAPH))
    assert joined == "".join(lines)
    check(document, raw)


def test_flattened_table_is_rebuilt_under_its_caption() -> None:
    cells = [
        "地区",
        "装机",
        "主要做法",
        "东部",
        "120吉瓦",
        "分布式光伏，就地消纳",
        "西部",
        "210吉瓦",
        "大型基地，外送为主",
    ]
    raw = "\n\n".join([BODY, "表1 各地区情况", *cells, "（二）下一步", BODY])
    document = parse(raw)
    rows = [b for b in document.blocks if b.kind is BlockKind.TABLE_ROW]
    assert [r.is_header for r in rows] == [True, False, False]
    assert rows[2].header == ("地区", "装机", "主要做法")
    assert [document.text[c.start : c.end] for c in rows[2].cells] == cells[6:]
    assert texts(document, BlockKind.CAPTION) == ["表1 各地区情况"]


def test_tab_table_names_cells_and_skips_empty_ones() -> None:
    raw = BODY + "\n\n省份\t产量\t同比\n山东\t520\t3%\n江苏\t\t5%\n\n资料来源：公开资料。\n" + BODY
    document = parse(raw)
    rows = [b for b in document.blocks if b.kind is BlockKind.TABLE_ROW]
    assert rows[2].header == ("省份", "同比")
    assert [document.text[c.start : c.end] for c in rows[2].cells] == ["江苏", "5%"]
    assert texts(document, BlockKind.CAPTION) == ["资料来源：公开资料。"]


@pytest.mark.parametrize("mark", ["\u3000", "｜", " | ", "；", "\u3000\u3000\u3000"])
def test_lines_with_as_many_cells_and_figures_are_a_table(mark: str) -> None:
    rows = [
        ("园区", "机柜（架）", "单价（元）", "收入（亿元）"),
        ("青浦", "1,240", "5,760", "7.9"),
        ("中卫", "3,820", "2,980", "17.4"),
        ("韶关", "2,050", "3,510", "8.1"),
    ]
    raw = f"{BODY}\n\n" + "\n".join(map(mark.join, rows)) + f"\n\n{BODY}"
    document = parse(raw)
    check(document, raw)
    head, *body = [b for b in document.blocks if b.kind is BlockKind.TABLE_ROW]
    assert head.is_header
    assert [b.header for b in body] == [rows[0]] * 3
    cells = [tuple(document.text[c.start : c.end].strip() for c in b.cells) for b in body]
    assert cells == rows[1:]


@pytest.mark.parametrize(
    "lines",
    [
        ["王一　李二　张三", "赵四　钱五　孙六", "周七　吴八　郑九"],  # names alone
        ["责任单位；完成时限；备注", "市教育局；年底；无", "市卫健委；年中；无"],
        ["第一章　总则　1", "第二章　申报　4", "第三章　附则　9"],  # contents
        ["王一；李二；2020", "张三；赵四；2021", "钱五；孙六；2021"],  # references
        ["首页 | 新闻 | 1", "首页 | 新闻 | 2", "首页 | 新闻 | 3"],
        ["第一条　本办法自发布之日起施行，由市人民政府负责解释，此前的规定同时废止　2024　1",
         "第二条　市人民政府应当每年向市人民代表大会常务委员会报告本办法的执行情况　2024　2",
         "第三条　违反本办法的，由有关部门责令改正，拒不改正的处以罚款，并予以公布　2024　3"],
    ],
)  # fmt: skip
def test_lines_without_figures_or_with_long_cells_are_no_table(lines: list[str]) -> None:
    document = parse(f"{BODY}\n\n" + "\n".join(lines) + f"\n\n{BODY}")
    assert not texts(document, BlockKind.TABLE_ROW)


def test_a_name_and_as_many_figures_on_lines_of_their_own_are_rows() -> None:
    header = ["企业名称", "2025年10月16日至12月31日", "配额", "实际出关", "2026年", "基础配额"]
    rows = [["甲钴业", "3,100", "1,260", "16,400"], ["乙铜钴", "4,050", "1,985", "21,300"],
            ["丙矿业", "1,120", "95", "5,600"]]  # fmt: skip
    lines = [*header, *(cell for row in rows for cell in row)]
    document = parse(f"{BODY}\n\n" + "\n".join(lines) + f"\n\n{BODY}")
    assert [t.split("\n") for t in texts(document, BlockKind.TABLE_ROW)] == rows
    table = "| 园区 | 机柜 |\n|---|---|\n| 青浦 | 1,240 |\n| 中卫 | 3,820 |"
    both = parse(f"{BODY}\n\n{table}\n" + "\n".join(c for row in rows for c in row) + f"\n\n{BODY}")
    heads = [both.quote(b.spans) for b in both.blocks if b.is_header]
    assert any("园区" in head for head in heads)
    two = parse(f"{BODY}\n\n" + "\n".join([*rows[0], *rows[1]]) + f"\n\n{BODY}")
    assert not texts(two, BlockKind.TABLE_ROW)


def test_short_lines_are_not_made_a_table_without_evidence() -> None:
    document = parse("\n".join(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"] * 2))
    assert not texts(document, BlockKind.TABLE_ROW)


def test_web_furniture_and_front_matter_are_told_apart() -> None:
    raw = "\n".join(
        ["首页", "打印", "【字号：", "大", "中", "小", "】", "关于储能的通知解读",
         "来源：能源日报", "时间：2026-02-09", "作者：张三",
         BODY, BODY, "责任编辑：李四", "上一篇：无", "版权所有 京ICP备00000001号"]
    )  # fmt: skip
    document = parse(raw)
    assert document.date == "2026-02-09"
    assert document.meta["author"] == "张三"
    assert document.meta["publisher"] == "能源日报"
    assert len(texts(document, BlockKind.FRONT_MATTER)) == 3
    assert len(texts(document, BlockKind.FURNITURE)) == 10
    assert texts(document, BlockKind.PARAGRAPH) == [BODY, BODY]


def test_references_after_their_heading() -> None:
    entries = "[1] 王五. 电网研究[M]. 北京：某出版社，2020.\n\n[2] Smith J. Power. 2021."
    raw = f"{BODY}[1]\n\n参考文献\n\n{entries}"
    document = parse(raw)
    references = [b for b in document.blocks if b.kind is BlockKind.REFERENCE]
    assert [r.label for r in references] == ["[1]", "[2]"]
    assert len(references[0].markers) == 1
    assert references[1].markers == ()


@pytest.mark.parametrize("raw", ["", " \n\u3000\n", "\x00\x01\u200b"])
def test_text_without_words_is_empty(raw: str) -> None:
    with pytest.raises(EmptyDocument):
        parse(raw)


_PIECES = st.sampled_from(
    ["一、概述", "（二）分析", "1. 数据", "表1 产量", "省份\t产量", "山东\t52", "- 3 -",
     "首页", "责任编辑：甲", "作者：乙",
     "[1] 见《某书》，第3页。", "① 注释。", "¹ Note one.", BODY, BODY[:20], "能源", "The price o"
     "f lithium fell by half in a sin-",
     "gle year, the agency said.[1]", "这里有注。①", "１２３，全角ＡＢＣ。",
     "表情🙂🇨🇳👨‍👩‍👧很多。", "𠮷野家开业。", "a", "•", "　　缩进的段落，" + BODY]
)  # fmt: skip
_BREAKS = st.sampled_from(
    ["\n", "\n\n", "\r\n", " \n\n", "\n \n", "\f", "\r", "\n\n\n", "\u2028", "\x0b"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.one_of(_PIECES, st.text(max_size=30)), _BREAKS), min_size=1, max_size=30)
)
def test_any_text_is_covered_in_order_and_leads_back(parts: list[tuple[str, str]]) -> None:
    raw = "".join(piece + ending for piece, ending in parts)
    try:
        document = parse(raw)
    except EmptyDocument:
        return
    text = document.text
    covered = [False] * len(text)
    starts = [b.spans[0].start for b in document.blocks]
    assert starts == sorted(starts)
    for block in document.blocks:
        for span in block.spans:
            assert not any(covered[span.start : span.end])
            covered[span.start : span.end] = [True] * len(span)
        for cell in block.cells:
            assert block.span.start <= cell.start < cell.end <= block.span.end
        assert len(block.header) in (0, len(block.cells))
    solid = [i for i, c in enumerate(text) if not c.isspace()]
    assert sum(covered[i] for i in solid) >= 0.995 * len(solid)
    for i, character in enumerate(text):
        origin = document.raw_offset(i)
        assert origin is not None
        same = raw[origin] == character or (raw[origin].isspace() and character in " \n")
        assert same or character == "\ufffd"


def test_a_log_keeps_its_lines() -> None:
    lines = [
        f"2025-01-01 12:00:{i:02} INFO worker {i} took the next job off the queue"
        for i in range(40)
    ]
    document = parse("\n".join(lines))
    assert [document.quote(b.spans) for b in document.blocks] == lines


def test_a_figure_broken_at_its_decimal_point_is_whole() -> None:
    raw = """　　冷链物流是连接产地与餐桌的关键环节。去年我国冷链物流总额达到5.
5万亿元，同比增长百分之四。与邻近的国家相比，本文所考察的产地预冷设
施仍然不足，利用全国二十八个省份十年的面板数据，我们考察了冷库的投
资对农产品损耗率的影响。结果表明，人均冷库的容量每增加一成，也就是0.
1立方米，果蔬的损耗率就下降两个百分点，这一效应在西部地区最为明显，
而在东部并不显著。作者还比较了各省的差异，以及产地的预冷设施对损耗
率的影响，具体的计算方法与稳健性的检验见本文附录中所列出的各表之3.
2. 补贴应转向产地的预冷设施
"""
    document = parse(raw)
    assert "总额达到5.5万亿元，" in document.text
    assert "也就是0.1立方米，" in document.text
    assert "3.2. 补贴" not in document.text
