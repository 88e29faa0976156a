"""What only the layout of a page shows: columns, notes at their foot, headings, bylines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.chunking import ChunkSettings, split_sentences
from index.cleaning import Edits, joint
from index.parsing import parse_file
from index.parsing.flow import blocks
from index.parsing.pdf import cell_text
from index.parsing.pdf_columns import find_columns
from index.parsing.pdf_layer import Row, Segment
from index.parsing.txt import parse_text
from index.schema import Block, BlockKind, Document

FONT = "STSong-Light"
LEFT, RIGHT = 62.0, 310.0
WORDS = (
    "the river carried barges past the town and every clerk on the quay wrote down what each one "
    "held so that the ledger of the harbour grew by a page a day and nobody read it until the "
    "tax office asked for a copy of all the years since the great flood had closed the lock"
)
HAN = (
    "港口的吞吐量在这一年里先降后升，上半年受到停航的影响，下半年则因为补库而回升，"
    "全年合计仍然略高于上一年的水平，其中内贸货物的增长快于外贸货物，"
)


def rows_of(text: str, width: int) -> list[str]:
    """Words filled into lines of at most `width` characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


class Page:
    """Draws lines one beneath the other."""

    def __init__(self) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        self.out = io.BytesIO()
        self.canvas = Canvas(self.out, pagesize=A4, invariant=1)

    def lines(
        self, x: float, top: float, lines: Sequence[str], size: float = 11, font: str = "Helvetica"
    ) -> float:
        self.canvas.setFont(font, size)
        for line in lines:
            self.canvas.drawString(x, top, line)
            top -= size * 1.4
        return top

    def parse(self, folder: Path) -> Document:
        self.canvas.save()
        path = folder / "a.pdf"
        path.write_bytes(self.out.getvalue())
        (document,) = parse_file(path, "a.pdf")
        assert isinstance(document, Document), document
        return document


def of(document: Document, kind: BlockKind) -> list[Block]:
    return [b for b in document.blocks if b.kind is kind]


def texts(document: Document, kind: BlockKind) -> list[str]:
    return [document.joined(b.spans) for b in of(document, kind)]


@pytest.fixture
def columns(tmp_path: Path) -> Document:
    page = Page()
    body = rows_of(f"{WORDS}. {WORDS} {WORDS}", 40)
    body[2] += "[1]"
    page.lines(LEFT, 700, body)
    page.lines(LEFT, 96, ["[1] The ledger has a margin of", "error of 3.3."], 8)
    top = page.lines(RIGHT, 770, ["of that year, and the harbour", "was closed for a month."])
    top = page.lines(RIGHT, top - 14, ["3.4 What clerks say"], 14)
    after = rows_of(f"Asked why they wrote it down, {WORDS}.", 40)
    page.lines(RIGHT, top - 4, [*after[:2], after[2] + "[2]", *after[3:]])
    page.lines(RIGHT, 96, ["[2] Only one answer was allowed."], 8)
    page.canvas.showPage()
    page.lines(LEFT, 770, rows_of(f"Nothing more was found, and {WORDS}.", 90))
    return page.parse(tmp_path)


def test_note_at_the_foot_of_a_column_ends_there(columns: Document) -> None:
    assert texts(columns, BlockKind.FOOTNOTE) == [
        "[1] The ledger has a margin of error of 3.3.",
        "[2] Only one answer was allowed.",
    ]
    assert texts(columns, BlockKind.HEADING) == ["3.4 What clerks say"]


def test_sentence_goes_on_in_the_next_column_with_its_words_apart(columns: Document) -> None:
    paragraphs = texts(columns, BlockKind.PARAGRAPH)
    assert "closed the lock of that year, and the harbour was closed for a month." in paragraphs[0]
    crossing = of(columns, BlockKind.PARAGRAPH)[0]
    assert len(crossing.spans) == 2
    assert any(len(s.spans) == 2 for s in split_sentences(columns, ChunkSettings()))


def test_marker_that_text_and_page_show_is_one(columns: Document) -> None:
    for note in of(columns, BlockKind.FOOTNOTE):
        assert [columns.text[m.start : m.end] for m in note.markers] == [note.label]


def test_raised_marker_in_brackets_is_one(tmp_path: Path) -> None:
    page = Page()
    canvas = page.canvas
    page.lines(LEFT, 770, rows_of(f"{WORDS}. {WORDS}.", 90))
    text = canvas.beginText(LEFT, 600)
    text.setFont("Helvetica", 11)
    text.textOut("The lock was closed")
    text.setRise(4)
    text.setFont("Helvetica", 6)
    text.textOut("[1]")
    text.setRise(0)
    text.setFont("Helvetica", 11)
    text.textOut(" for a month in that year, and nobody wrote it down at all.")
    canvas.drawText(text)
    page.lines(LEFT, 90, ["[1] By order of the council."], 8)
    document = page.parse(tmp_path)
    (note,) = of(document, BlockKind.FOOTNOTE)
    assert [document.text[m.start : m.end] for m in note.markers] == ["[1]"]


@pytest.mark.parametrize("number", ["一、问题与数据", "二、转折：从停航到补库的半年", "三、结论"])
def test_numbered_line_in_larger_type_is_a_heading(tmp_path: Path, number: str) -> None:
    page = Page()
    page.lines(150, 770, ["港口年度观察"], 19, FONT)
    body = [(HAN * 3)[i : i + 40] for i in range(0, 120, 40)]
    page.lines(LEFT, 735, ["关键词：港口；吞吐量；补库；停航；内贸"], 11, FONT)
    top = page.lines(LEFT, 716, [number], 14, FONT)
    top = page.lines(LEFT, top, ["（一）数据"], 13, FONT)
    page.lines(LEFT, top, body, 11, FONT)
    document = page.parse(tmp_path)
    headings = [(document.joined(b.spans), b.level) for b in of(document, BlockKind.HEADING)]
    assert headings == [("港口年度观察", 1), (number, 2), ("（一）数据", 3)]
    assert of(document, BlockKind.PARAGRAPH)[0].section == (number, "（一）数据")
    assert not of(document, BlockKind.LIST_ITEM)


def test_lines_set_in_the_middle_stand_each_by_itself(tmp_path: Path) -> None:
    page = Page()
    page.canvas.setFont("Helvetica", 20)
    page.canvas.drawCentredString(298, 780, "The Ledgers of the Harbour")
    page.canvas.setFont("Helvetica", 11)
    byline = "Ada Quill, Tom Inkwell-Reed and Mary van Page (Harbour School of Economics)"
    page.canvas.drawCentredString(298, 750, byline)
    page.canvas.drawCentredString(298, 735, "Working Paper 61, November 2025")
    body = rows_of(f"Abstract. {WORDS}. {WORDS}.", 44)
    page.lines(LEFT, 700, body)
    page.lines(RIGHT, 700, body[1:])
    document = page.parse(tmp_path)
    assert texts(document, BlockKind.FRONT_MATTER) == [byline, "Working Paper 61, November 2025"]
    assert texts(document, BlockKind.HEADING) == ["The Ledgers of the Harbour"]


@pytest.mark.parametrize("ending", ["看其中的附件", "记录截至年末。"])
def test_note_goes_on_at_the_foot_of_the_next_page(tmp_path: Path, ending: str) -> None:
    page = Page()
    body = (HAN + HAN.rstrip("，") + "。") * 20
    lines = [body[i : i + 40] for i in range(0, 1200, 40)]
    lines[3] = lines[3][:20] + "①" + lines[3][21:]
    page.lines(LEFT, 770, lines, 11, FONT)
    note = ["① 见港务局年报，https://www.example.org/", f"reports/2025.pdf，{ending}"]
    page.lines(LEFT, 90, note, 8, FONT)
    page.canvas.showPage()
    following = [body[i : i + 40] for i in range(1200, 1440, 40)] + ["这就是全部的记录。"]
    following[1] = following[1][:20] + "②" + following[1][21:]
    page.lines(LEFT, 770, following, 11, FONT)
    page.lines(LEFT, 90, ["各港的口径并不相同，比较时须折算。", "② 内贸货物按重量计算。"], 8, FONT)
    document = page.parse(tmp_path)
    assert texts(document, BlockKind.FOOTNOTE) == [
        f"① 见港务局年报，https://www.example.org/reports/2025.pdf，{ending}"
        "各港的口径并不相同，比较时须折算。",
        "② 内贸货物按重量计算。",
    ]
    paragraphs = "".join(texts(document, BlockKind.PARAGRAPH))
    assert paragraphs.endswith("这就是全部的记录。")
    assert "口径" not in paragraphs


def test_sentence_cut_after_a_closing_quote_is_joined_over_notes() -> None:
    raw = "\n\n".join([
        HAN * 2 + "全年持平。[1]",
        HAN + "从“停航”“补库”",
        "[1] 港务局年报，2025年，第3页。",
        "到“扩建”，" + HAN + "记录到此为止。",
    ])  # fmt: skip
    document = parse_text(raw, doc_id="a", source="a", content_hash="x")
    assert any("“补库”到“扩建”，" in text for text in texts(document, BlockKind.PARAGRAPH))


def test_annex_stands_on_the_level_of_the_sections() -> None:
    parts = [
        "港口年报（2025）",
        "港务局研究室",
        "一、货物",
        HAN * 3 + "。",
        "二、船舶",
        HAN * 3 + "。",
    ]
    raw = "\n\n\n".join([*parts, "附：本年报与上年版的差异", HAN * 3 + "。"])
    document = parse_text(raw, doc_id="a", source="a", content_hash="x")
    levels = [(document.joined(b.spans), b.level) for b in of(document, BlockKind.HEADING)]
    assert levels == [
        ("港口年报（2025）", 1), ("一、货物", 2), ("二、船舶", 2), ("附：本年报与上年版的差异", 2),
    ]  # fmt: skip


def test_sentence_about_a_table_is_no_caption() -> None:
    raw = f"一、货物\n\n表1列出各港的货量。{HAN[:20]}。\n\n表1 各港货量\n\n{HAN * 3}。"
    document = parse_text(raw, doc_id="a", source="a", content_hash="x")
    assert texts(document, BlockKind.CAPTION) == ["表1 各港货量"]


@pytest.mark.parametrize("line", ["2025 年 4 月 4 日，港务局发布公告", "2025 年 4 月 4 日起停航"])
def test_sentence_that_opens_with_a_date_is_no_front_matter(line: str) -> None:
    raw = f"港口年报\n\n港务局研究室\n\n{line}，{HAN[:30]}\n\n{HAN * 3}。"
    document = parse_text(raw, doc_id="a", source="a", content_hash="x")
    assert not any(line in text for text in texts(document, BlockKind.FRONT_MATTER))


def row(left: float, top: float, size: float = 10, width: float = 200) -> Row:
    return Row([Segment("x", left, left + width, [], [left])], top, top - size, size)


def test_columns_have_their_own_margin_and_foot() -> None:
    left = [row(60, 700), row(60, 686), row(60, 90, 8)]
    right = [row(320, 700, width=180), row(340, 686, width=170), row(320, 672)]
    found = find_columns([*left, *right], set(), 10, 842)
    assert [found.margin(r) for r in (*left, *right)] == [60] * 3 + [320] * 3
    assert found.first == {id(right[0])}
    assert found.foot == {id(left[2])}
    assert find_columns([], set(), 10, 842).foot == frozenset()
    running = row(100, 800)
    assert find_columns([running], {id(running)}, 10, 842).margin(running) == 100


@pytest.mark.parametrize(
    ("upper", "lower", "cell"),
    [
        ("https://www.example.org/", "reports/2025", "https://www.example.org/reports/2025"),
        ("harbour", "dues", "harbour dues"),
        ("year-on-", "year change", "year-on-year change"),
        ("内贸", "货物", "内贸货物"),
        ("同比 12", "个百分点", "同比 12个百分点"),
    ],
)
def test_lines_of_a_cell_are_joined_as_those_of_a_paragraph(
    upper: str, lower: str, cell: str
) -> None:
    segments = [Segment(text, 0, 0, [], [0.0] * len(text)) for text in (upper, lower)]
    assert cell_text(segments) == cell
    assert cell_text([]) == ""


@pytest.mark.parametrize(
    ("left", "right", "dropped", "between"),
    [
        ("see https://www.example.org/a-", "long-way/2025", 0, ""),
        ("see https:", "//www.example.org", 0, ""),
        ("see www.example.org/find?q=", "port", 0, ""),
        ("the harbour", "dues", 0, " "),
        ("the econ-", "omy", 1, ""),
        ("港口", "货物", 0, ""),
    ],
)
def test_what_stands_between_two_lines(left: str, right: str, dropped: int, between: str) -> None:
    raw = f"{left}\n{right}"
    assert joint(raw, len(left), len(left) + 1) == (dropped, between)


def test_blocks_of_nothing() -> None:
    assert blocks("", Edits()) == []
