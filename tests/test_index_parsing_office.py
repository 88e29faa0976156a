"""PDF, DOCX and XLSX made here, read back with their structure."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.enum.style import WD_STYLE_TYPE
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.parsing import ParseSettings, parse_file
from index.schema import Block, BlockKind, Document

FONT = "STSong-Light"
SENTENCES = [
    "新型储能装机规模在过去三年里增长了六倍，主要得益于电池价格的持续下降和各地政策的推动。",
    "与此同时，利用率偏低的问题也逐渐显现，部分电站年均等效利用小时数不足五百小时。",
    "业内人士认为，需要尽快建立容量补偿机制，让电站通过调峰和调频获得合理的回报。",
    "从地区分布看，西北和华北合计占到全国的一半以上，华东以用户侧的小型项目为主。",
]


def parse_one(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    (document,) = parse_file(path, path.name, ParseSettings())
    assert isinstance(document, Document), document
    return document


def of(document: Document, kind: BlockKind) -> list[Block]:
    return [b for b in document.blocks if b.kind is kind]


def texts(document: Document, kind: BlockKind) -> list[str]:
    return [document.quote(b.spans) for b in of(document, kind)]


def cells(document: Document, block: Block) -> list[str]:
    return [document.text[c.start : c.end] for c in block.cells]


def lines(canvas: Canvas, text: str, top: float, size: float = 11, chars: int = 40) -> float:
    """Draw text in full lines; the height beneath the last."""
    canvas.setFont(FONT, size)
    for i in range(0, len(text), chars):
        canvas.drawString(72, top, text[i : i + chars])
        top -= size * 1.5
    return top


@pytest.fixture(scope="module")
def pdf() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    body = "".join(SENTENCES)
    for number in (1, 2, 3):
        canvas.setFont(FONT, 9)
        canvas.drawString(72, 810, "能源观察 2025年第3期")
        canvas.drawCentredString(300, 30, f"- {number} -")
        # Notes are drawn before the body, as page templates do.
        canvas.setFont(FONT, 8)
        canvas.drawString(72, 60, f"① 第{'一二三'[number - 1]}条注释，见《年鉴》第{number}页。")
        top = 770.0
        if number == 1:
            canvas.setFont(FONT, 18)
            canvas.drawString(72, top, "新型储能发展报告")
            top = lines(canvas, "一、总体情况", top - 36, 13)
        opening = (body * 2)[280:] if number > 1 else body
        top = lines(canvas, opening[:30] + "①" + opening[30:], top - 10)
        if number == 2:
            canvas.setFont(FONT, 10)
            canvas.drawString(72, top - 14, "表1 各省装机")
            rows = [("省份", "装机（万千瓦）", "同比"), ("山东", "520", "35%"), ("江苏", "", "12%")]
            for row in rows:
                top -= 16
                for x, word in zip((72, 200, 320), row, strict=True):
                    canvas.drawString(x, top - 20, word)
            top -= 50
        # A page ends with a full line in the middle of a sentence, the next goes on from there.
        lines(canvas, (body * 2)[:280] if number < 3 else body, top)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_pdf_pages_notes_headers_and_tables(tmp_path: Path, pdf: bytes) -> None:
    document = parse_one(tmp_path / "a.pdf", pdf)
    assert document.title == "新型储能发展报告"
    assert [page for _, page in document.page_starts] == [1, 2, 3]
    furniture = texts(document, BlockKind.FURNITURE)
    assert furniture.count("能源观察 2025年第3期") == 3
    assert [f for f in furniture if f.startswith("-")] == ["- 1 -", "- 2 -", "- 3 -"]
    notes = of(document, BlockKind.FOOTNOTE)
    assert [document.page_at(n.span.start) for n in notes] == [1, 2, 3]
    for note in notes:
        assert note.label == "①"
        assert [document.page_at(m.start) for m in note.markers] == [
            document.page_at(note.span.start)
        ]
    header, shandong, jiangsu = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert cells(document, shandong) == ["山东", "520", "35%"]
    assert (jiangsu.header, cells(document, jiangsu)) == (("省份", "同比"), ["江苏", "12%"])
    assert texts(document, BlockKind.CAPTION) == ["表1 各省装机"]


def test_pdf_sentence_across_pages_reads_whole(tmp_path: Path, pdf: bytes) -> None:
    document = parse_one(tmp_path / "a.pdf", pdf)
    crossing = [b for b in of(document, BlockKind.PARAGRAPH) if len(b.spans) > 1]
    assert crossing
    joined = "".join("".join(document.text[s.start : s.end] for s in b.spans) for b in crossing)
    assert any(sentence in joined for sentence in SENTENCES)
    pages = {document.page_at(s.start) for s in crossing[0].spans}
    assert pages == {1, 2}


def test_pdf_without_text_says_so(tmp_path: Path) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.rect(50, 50, 100, 100)
    canvas.showPage()
    canvas.save()
    path = tmp_path / "scan.pdf"
    path.write_bytes(out.getvalue())
    (skipped,) = parse_file(path, "scan.pdf", ParseSettings())
    assert not isinstance(skipped, Document)
    assert "OCR" in skipped.reason


def make_docx() -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "内部参考"
    document.add_heading("油气回顾", 0)
    document.add_paragraph("2026年2月27日")
    document.add_heading("一、概述", 1)
    document.add_paragraph("全年进口原油五点七八亿吨，比上年增长百分之四，金额下降近一成。")
    document.styles.add_style("小节", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("（一）原油", style="小节")
    document.add_paragraph("第一项", style="List Bullet")
    table = document.add_table(rows=3, cols=3)
    for i, row in enumerate([("来源", "数量", "占比"), ("甲国", "10", "5%"), ("乙国", "", "7%")]):
        for j, word in enumerate(row):
            table.cell(i, j).text = word
    document.add_paragraph("表1 进口来源", style="Caption")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_docx_headings_tables_lists_and_headers(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.docx", make_docx())
    assert (document.title, document.date) == ("油气回顾", "2026-02-27")
    assert texts(document, BlockKind.HEADING) == ["油气回顾", "一、概述", "（一）原油"]
    assert texts(document, BlockKind.LIST_ITEM) == ["第一项"]
    assert texts(document, BlockKind.FURNITURE) == ["内部参考"]
    header, first, second = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert (first.header, cells(document, first)) == (
        ("来源", "数量", "占比"),
        ["甲国", "10", "5%"],
    )
    assert (second.header, cells(document, second)) == (("来源", "占比"), ["乙国", "7%"])
    assert first.section == ("一、概述", "（一）原油")
    assert texts(document, BlockKind.CAPTION) == ["表1 进口来源"]


def test_xlsx_sheets_titles_percentages_and_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "工资"
    for row in (
        ["表1 分行业工资"],
        ["行业", "2024年", "增速", "截至"],
        ["制造业", 103932, 0.038, datetime.datetime(2025, 12, 31)],
        ["金融业", None, 0.02, None],
        ["注：税前。"],
    ):
        sheet.append(row)
    sheet["C3"].number_format = "0.0%"
    book.create_sheet("空表")
    out = io.BytesIO()
    book.save(out)
    document = parse_one(tmp_path / "a.xlsx", out.getvalue())
    assert texts(document, BlockKind.HEADING) == ["工资", "空表"]
    assert texts(document, BlockKind.CAPTION) == ["表1 分行业工资", "注：税前。"]
    header, making, finance = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert cells(document, making) == ["制造业", "103932", "3.8%", "2025-12-31"]
    assert (finance.header, cells(document, finance)) == (("行业", "增速"), ["金融业", "0.02"])
    assert making.section == ("工资",)


def test_xlsx_months_across_the_top_name_the_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["门店销售（万元）"],
        ["门店", "7月", "8月份", "1-9月"],
        ["朝阳店", 120.5, 98, 900],
        [],
        ["7月", "高温"],
        ["8月", "暴雨"],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    document = parse_one(tmp_path / "a.xlsx", out.getvalue())
    header, row, july, _ = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert row.header == ("门店", "7月", "8月份", "1-9月")
    assert not july.is_header  # a row of a table without names
