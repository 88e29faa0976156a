"""Merged cells: their words count for every row and column they cover, and are cited once."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import docx
from hypothesis import given
from hypothesis import strategies as st

from index.parsing import ParseSettings, parse_file
from index.parsing.merged import Cell, merged_table
from index.schema import Block, BlockKind, Document

PAGE = """<html><body><h1>冷库统计</h1><p>下表是各地区的冷库容量。</p><table>
<tr><th rowspan="2">地区</th><th rowspan="2">城市</th><th colspan="2">容量（万吨）</th></tr>
<tr><th>2024年</th><th>2025年</th></tr>
<tr><td rowspan="3">华东</td><td>上海</td><td>120</td><td>131</td></tr>
<tr><td>南京</td><td>80</td><td>84</td></tr>
<tr><td>杭州</td><td>75</td><td>79</td></tr>
<tr><td>华北</td><td>天津</td><td>66</td><td>70</td></tr>
</table><p>数据截至年末，由各地商务部门汇总而成。</p></body></html>"""


def parse_one(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    (document,) = parse_file(path, path.name, ParseSettings())
    assert isinstance(document, Document), document
    return document


def rows(document: Document) -> list[Block]:
    return [b for b in document.blocks if b.kind is BlockKind.TABLE_ROW]


def cells(document: Document, block: Block) -> list[str]:
    return [document.text[c.start : c.end] for c in block.cells]


def check_apart(document: Document) -> None:
    spans = sorted(s for b in document.blocks for s in b.spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_html_cells_that_span_rows_stand_over_each_of_them(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.html", PAGE.encode())
    top, second, shanghai, nanjing, hangzhou, tianjin = rows(document)
    assert top.is_header
    assert second.is_header
    names = ("地区", "城市", "容量（万吨） 2024年", "容量（万吨） 2025年")
    assert (shanghai.header, shanghai.section) == (names, ())
    assert cells(document, shanghai) == ["华东", "上海", "120", "131"]
    assert (nanjing.header, nanjing.section) == (names[1:], ("华东",))
    assert cells(document, nanjing) == ["南京", "80", "84"]
    assert hangzhou.section == ("华东",)
    assert (tianjin.header, tianjin.section) == (names, ())
    check_apart(document)


def test_row_over_the_whole_table_stands_over_what_follows(tmp_path: Path) -> None:
    page = """<html><body><h1>统计</h1><p>下表是各省的冷库容量，单位万吨。</p><table>
    <tr><th colspan="2">冷库容量表</th></tr><tr><th>省</th><th>容量</th></tr>
    <tr><td colspan="2">东部</td></tr><tr><td>江苏</td><td>210</td></tr>
    <tr><td colspan="2">西部</td></tr><tr><td>四川</td><td>150</td></tr>
    <tr><td colspan="2">注：不含企业自用。</td></tr></table></body></html>"""
    document = parse_one(tmp_path / "a.html", page.encode())
    title, head, east, jiangsu, west, sichuan, note = rows(document)
    assert not title.is_header
    assert head.is_header
    assert jiangsu.header == sichuan.header == ("省", "容量")
    assert (east.section, jiangsu.section) == ((), ("冷库容量表", "东部"))
    assert (west.section, sichuan.section) == ((), ("冷库容量表", "西部"))
    assert cells(document, note) == ["注：不含企业自用。"]


def test_docx_merged_cells(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("各地区冷库容量的变化见下表，单位为万吨。")
    table = document.add_table(rows=5, cols=4)
    for i, words in enumerate([
        ["地区", "城市", "容量", ""], ["", "", "2024年", "2025年"], ["华东", "上海", "120", "131"],
        ["", "南京", "80", "84"], ["华北", "天津", "66", "70"],
    ]):  # fmt: skip
        for j, word in enumerate(words):
            table.cell(i, j).text = word
    for (a, b), (c, d) in [((0, 0), (1, 0)), ((0, 1), (1, 1)), ((0, 2), (0, 3)), ((2, 0), (3, 0))]:
        table.cell(a, b).merge(table.cell(c, d))
    out = io.BytesIO()
    document.save(out)
    found = parse_one(tmp_path / "a.docx", out.getvalue())
    top, second, shanghai, nanjing, tianjin = rows(found)
    assert top.is_header
    assert second.is_header
    assert shanghai.header == ("地区", "城市", "容量 2024年", "容量 2025年")
    assert (nanjing.section, cells(found, nanjing)) == (("华东",), ["南京", "80", "84"])
    assert nanjing.header == ("城市", "容量 2024年", "容量 2025年")
    assert tianjin.section == ()
    check_apart(found)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 120), st.integers(1, 120)), max_size=6),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_spans_give_a_table_whose_places_ascend(spans: list[list[tuple[int, int]]]) -> None:
    at = 0
    grid = []
    for row in spans:
        line = []
        for wide, high in row:
            line.append(Cell((at, at + 2), "词语", wide, high))
            at += 3
        grid.append(line)
    table = merged_table(grid, marked=1, shows=lambda head: False)
    if not any(spans):
        assert table is None
        return
    assert table is not None
    own = [cell for row in table.rows for cell in row if cell[1] > cell[0]]
    assert len(own) == sum(map(len, spans))
    for cells_ in table.rows:
        assert len(cells_) <= 1200
        assert all(a[1] <= b[0] for a, b in pairwise(cells_))
    for (i, j), (a, b) in table.covers.items():
        assert a <= i
        assert table.rows[i][j][0] == table.rows[i][j][1]
        assert table.rows[a][b][0] < table.rows[a][b][1]
