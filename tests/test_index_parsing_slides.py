"""PPTX made here: slides as pages, titles as headings, tables, charts, speaker notes."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from index.parsing import ParseSettings, parse_file
from index.schema import Block, BlockKind, Document, Skipped

NOTES = "讲到这里要提醒听众，冷库的利用率只有六成，不宜再盲目扩建。"


def make() -> bytes:
    deck: Any = pptx.Presentation()
    deck.core_properties.author = "物流研究所"
    title = deck.slides.add_slide(deck.slide_layouts[0])
    title.shapes.title.text = "冷链物流发展报告"
    title.placeholders[1].text = "某某研究所\n2026年3月"
    points = deck.slides.add_slide(deck.slide_layouts[1])
    points.shapes.title.text = "一、总量"
    points.placeholders[1].text = "去年冷库容量达到2.4亿立方米\n冷藏车保有量为50万辆"
    points.notes_slide.notes_text_frame.text = NOTES
    table_slide = deck.slides.add_slide(deck.slide_layouts[5])
    table_slide.shapes.title.text = "二、分地区"
    box = table_slide.shapes.add_textbox(Inches(1), Inches(6), Inches(5), Inches(0.5))
    box.text_frame.text = "资料来源：各地商务部门"
    table = table_slide.shapes.add_table(4, 3, Inches(1), Inches(2), Inches(6), Inches(3)).table
    for i, words in enumerate([
        ["地区", "城市", "容量"], ["华东", "上海", "120"], ["", "南京", "80"],
        ["华北", "天津", "66"],
    ]):  # fmt: skip
        for j, word in enumerate(words):
            table.cell(i, j).text = word
    table.cell(1, 0).merge(table.cell(2, 0))
    chart_slide = deck.slides.add_slide(deck.slide_layouts[6])  # no title
    data = CategoryChartData()
    data.categories = ["2024年", "2025年"]
    data.add_series("容量", (2.28, 2.4))
    frame = chart_slide.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(5), Inches(3), data
    )
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "图1 冷库容量（亿立方米）"
    right = chart_slide.shapes.add_textbox(Inches(6), Inches(0.5), Inches(3), Inches(1))
    right.text_frame.text = "右边的话"
    left = chart_slide.shapes.add_textbox(Inches(1), Inches(0.55), Inches(3), Inches(1))
    left.text_frame.text = "左边的话"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Document:
    path = tmp_path_factory.mktemp("deck") / "a.pptx"
    path.write_bytes(make())
    (document,) = parse_file(path, "会议/a.pptx", ParseSettings())
    assert isinstance(document, Document), document
    return document


def block(document: Document, words: str) -> Block:
    return next(b for b in document.blocks if words in document.quote(b.spans))


def cells(document: Document, block: Block) -> list[str]:
    return [document.text[c.start : c.end] for c in block.cells]


def test_slides_are_pages_and_titles_headings(deck: Document) -> None:
    assert (deck.format, deck.title, deck.kind) == ("pptx", "冷链物流发展报告", "report")
    assert (deck.date, deck.meta["author"]) == ("2026-03", "物流研究所")
    headings = [deck.quote(b.spans) for b in deck.blocks if b.kind is BlockKind.HEADING]
    assert headings == ["冷链物流发展报告", "一、总量", "二、分地区"]
    for words, page in [("某某研究所", 1), ("冷藏车", 2), (NOTES, 2), ("上海", 3), ("图1", 4)]:
        assert deck.page_at(block(deck, words).span.start) == page
    assert block(deck, "2026年3月").kind is BlockKind.FRONT_MATTER
    assert block(deck, "冷藏车").section == ("一、总量",)
    assert block(deck, "冷藏车").kind is BlockKind.LIST_ITEM
    assert block(deck, "图1").section == ()  # no heading of another slide
    assert block(deck, "资料来源").kind is BlockKind.CAPTION
    spans = sorted(s for b in deck.blocks for s in b.spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_speaker_notes_have_a_section_of_their_own(deck: Document) -> None:
    notes = block(deck, NOTES)
    assert (notes.kind, notes.section) == (BlockKind.PARAGRAPH, ("一、总量", "备注"))


def test_tables_and_the_figures_of_charts(deck: Document) -> None:
    head, shanghai, nanjing, tianjin = (block(deck, w) for w in ("城市", "上海", "南京", "天津"))
    assert head.is_header
    assert shanghai.header == ("地区", "城市", "容量")
    assert cells(deck, shanghai) == ["华东", "上海", "120"]
    assert (nanjing.header, nanjing.section) == (("城市", "容量"), ("二、分地区", "华东"))
    assert tianjin.section == ("二、分地区",)
    year = block(deck, "2025年")
    assert (year.header, cells(deck, year)) == (("", "容量"), ["2025年", "2.4"])
    assert year.table != shanghai.table
    assert deck.text.index("上海") < deck.text.index("资料来源")


def test_shapes_side_by_side_are_read_from_the_left(deck: Document) -> None:
    assert deck.text.index("左边的话") < deck.text.index("右边的话")


def test_a_deck_without_words_and_a_damaged_one_are_one_line(tmp_path: Path) -> None:
    empty: Any = pptx.Presentation()
    empty.slides.add_slide(empty.slide_layouts[6])
    out = io.BytesIO()
    empty.save(out)
    for name, data, says in [
        ("empty.pptx", out.getvalue(), "no text"),
        ("cut.pptx", make()[:9000], "damaged"),
        ("not.pptx", b"words", "is not one"),
    ]:
        (tmp_path / name).write_bytes(data)
        (skipped,) = parse_file(tmp_path / name, name, ParseSettings())
        assert isinstance(skipped, Skipped)
        assert says in skipped.reason
