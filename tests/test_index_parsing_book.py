"""EPUB made here: chapters in the order of the spine, their sections, notes and metadata."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from index.parsing import ParseSettings, parse_file
from index.schema import Block, BlockKind, Document, Skipped

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>冷链物流简史</dc:title><dc:creator>张三</dc:creator><dc:creator>李四</dc:creator>
<dc:publisher>某某出版社</dc:publisher><dc:date>2025-06-01</dc:date><dc:language>zh</dc:language>
</metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/%E4%B8%80.xhtml" media-type="application/xhtml+xml"/>
<item id="notes" href="text/notes.xhtml" media-type="application/xhtml+xml"/>
<item id="gone" href="text/gone.xhtml" media-type="application/xhtml+xml"/>
<item id="cover" href="cover.png" media-type="image/png"/>
</manifest><spine toc="ncx"><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/>
<itemref idref="gone"/><itemref idref="cover"/><itemref idref="notes"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><nav><ol>
<li><a href="text/%E4%B8%80.xhtml">第一章 起源</a></li>
<li><a href="text/two.xhtml">第二章 兴起</a></li>
<li><a href="text/two.xhtml#s2">小节</a></li></ol></nav></body></html>"""
NCX = """<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "x.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint>
<navLabel><text>第二章 兴起</text></navLabel><content src="text/two.xhtml"/>
</navPoint></navMap></ncx>"""
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html [<!ENTITY bomb "b">]>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head>
<body>{}</body></html>"""
ONE = PAGE.format(
    '<h1>第一章 起源</h1><p>最早的冷库用天然冰&#160;降温&mdash;夏天也能存放鲜鱼。<a id="r1" '
    'href="notes.xhtml#n1">[1]</a></p><h2>一、冰窖</h2><p>冰窖挖在地下，四壁铺稻草。</p>'
)
TWO = PAGE.format(
    "<p>二十世纪中叶，机械制冷取代了天然冰，冷库进入城市。</p><table><tr><th>年份</th><th>座数</th>"
    "</tr><tr><td>1955</td><td>12</td></tr><tr><td>1965</td><td>47</td></tr></table>"
)
NOTES = PAGE.format('<p id="n1">[1] 见某某县志，卷三，记载鲜鱼运送的方法与路程。</p>')
FILES = {
    "mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE, "OEBPS/nav.xhtml": NAV, "OEBPS/toc.ncx": NCX,
    "OEBPS/text/一.xhtml": ONE, "OEBPS/text/two.xhtml": TWO, "OEBPS/text/notes.xhtml": NOTES,
}  # fmt: skip


def make(**changes: str | None) -> bytes:
    files = {**FILES, **{name.replace("__", "/"): text for name, text in changes.items()}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            if text is not None:
                archive.writestr(name, text)
    return out.getvalue()


def read(path: Path, data: bytes) -> Document | Skipped:
    path.write_bytes(data)
    (item,) = parse_file(path, "书/" + path.name, ParseSettings())
    return item


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Document:
    document = read(tmp_path_factory.mktemp("book") / "a.epub", make())
    assert isinstance(document, Document), document
    return document


def block(document: Document, words: str) -> Block:
    kept = [b for b in document.blocks if b.kind is not BlockKind.FURNITURE]
    return next(b for b in kept if words in document.quote(b.spans))


def test_metadata_of_the_book(book: Document) -> None:
    assert (book.format, book.title, book.date) == ("epub", "冷链物流简史", "2025-06-01")
    assert (book.meta["author"], book.meta["publisher"]) == ("张三、李四", "某某出版社")


def test_chapters_follow_the_spine_and_are_sections(book: Document) -> None:
    places = [book.text.index(w) for w in ("最早的冷库", "冰窖挖在", "二十世纪", "见某某县志")]
    assert places == sorted(places)
    assert block(book, "最早的冷库").section == ("第一章 起源",)
    assert block(book, "冰窖挖在").section == ("第一章 起源", "一、冰窖")
    assert block(book, "二十世纪").section == ("第二章 兴起",)  # named by the contents alone
    assert "天然冰\xa0降温—夏天" in book.text
    spans = sorted(s for b in book.blocks for s in b.spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_contents_page_is_furniture_and_tables_are_tables(book: Document) -> None:
    contents = [b for b in book.blocks if b.kind is BlockKind.FURNITURE]
    assert "小节" in [book.quote(b.spans) for b in contents]
    row = block(book, "1965")
    assert (row.kind, row.header) == (BlockKind.TABLE_ROW, ("年份", "座数"))
    assert row.section == ("第二章 兴起",)


def test_a_note_in_another_chapter_knows_its_marker(book: Document) -> None:
    note = block(book, "见某某县志")
    assert note.kind is BlockKind.FOOTNOTE
    assert [book.text[m.start : m.end] for m in note.markers] == ["[1]"]
    assert note.markers[0].start < book.text.index("冰窖挖在")


def test_a_page_that_is_no_xml_is_read_all_the_same(tmp_path: Path) -> None:
    broken = "<html><body><h1>第一章<p>没有关上的段落说了一句完整的话。<br>另一行 & 其他"
    document = read(tmp_path / "a.epub", make(**{"OEBPS__text__一.xhtml": broken}))
    assert isinstance(document, Document)
    assert "没有关上的段落说了一句完整的话。" in document.text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"OEBPS__book.opf": None}, "without its OEBPS/book.opf"),
        ({"OEBPS__book.opf": PACKAGE.replace("itemref", "x")}, "without chapters"),
        (
            {
                "META-INF__encryption.xml": "<encryption><EncryptedData><CipherData>"
                '<CipherReference URI="OEBPS/text/two.xhtml"/></CipherData></EncryptedData>'
                "</encryption>"
            },
            "locked",
        ),
    ],
)
def test_a_book_that_cannot_be_read_is_one_line(
    tmp_path: Path, changes: dict[str, str | None], says: str
) -> None:
    item = read(tmp_path / "a.epub", make(**changes))
    assert isinstance(item, Skipped)
    assert says in item.reason


def test_entities_that_grow_are_not_expanded(tmp_path: Path) -> None:
    grown = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "boom"}">' for i in range(9))
    page = ONE.replace('<!ENTITY bomb "b">', grown).replace("冰窖挖在地下", "&e8;冰窖挖在地下")
    document = read(tmp_path / "a.epub", make(**{"OEBPS__text__一.xhtml": page}))
    assert isinstance(document, Document)
    assert "boom" not in document.text
    assert "冰窖挖在地下" in document.text
