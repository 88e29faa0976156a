"""Where cited words stand on the pages of a PDF, and what is said when its file has gone."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from index.errors import OriginalUnavailable
from index.ingesting import index_sources
from index.originals import read_original
from index.parsing import ocr, parse_file
from index.parsing.ocr import SCALE, Seen
from index.parsing.pdf_view import Box, PageView, view_pages
from index.schema import Document, Span
from index.store import open_library

SIZE = (400, 560)  # points, as shown
LEFT = (
    "The harbour kept a ledger of",
    "every barge that came with the",
    "tide and went out again loaded",
    "before the lock was closed for",
    "the winter by the old keeper.",
)
RIGHT = (
    "Nobody had read the ledger for",
    "thirty years until the tax men",
    "asked for a copy of its pages",
    "and found the name of a vessel",
    "that had sunk before the war.",
)


def pdf(
    pages: Sequence[Sequence[tuple[float, float, str]]], turn: int = 0, *, told: bool = True
) -> bytes:
    """Pages of (x, y, words), y from the bottom as shown; `turn`: how far the sheet is turned, and
    whether the file is `told`."""
    width, height = SIZE if turn % 180 == 0 else SIZE[::-1]
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(width, height), invariant=1)
    for page in pages:
        if turn:
            canvas.translate(width if turn < 270 else 0, height if turn > 90 else 0)
            canvas.rotate(turn)
        canvas.setFont("Helvetica", 10)
        for x, y, words in page:
            canvas.drawString(x, y, words)
        canvas.showPage()
    canvas.save()
    made = pdfium.PdfDocument(out.getvalue())
    for page in made:
        page.set_rotation(turn * told)
    out = io.BytesIO()
    made.save(out)
    made.close()
    return out.getvalue()


def parsed(data: bytes, folder: Path) -> Document:
    path = folder / "a.pdf"
    path.write_bytes(data)
    document = next(parse_file(path, "a.pdf"))
    assert isinstance(document, Document), document
    return document


def spans_of(document: Document, words: str) -> tuple[Span, ...]:
    """Where the words stand, whatever white space is between them."""
    match = re.search(r"\s+".join(map(re.escape, words.split())), document.text)
    assert match is not None, document.text
    return (Span(*match.span()),)


def words_in(data: bytes, view: PageView) -> list[str]:
    """What PDFium itself finds in each box: by the page's own coordinates, box by box."""
    found = []
    with pdfium.PdfDocument(data) as document:
        page = document[view.number - 1]
        text = page.get_textpage()
        x0, y0, x1, y1 = page.get_bbox()
        for box in view.boxes:
            low, high = view.height - box.bottom + 2, view.height - box.top - 2
            left, right = box.left + 0.5, box.right - 0.5
            own = {
                0: (x0 + left, y0 + low, x0 + right, y0 + high),
                90: (x1 - high, y0 + left, x1 - low, y0 + right),
                180: (x1 - right, y1 - high, x1 - left, y1 - low),
                270: (x0 + low, y1 - right, x0 + high, y1 - left),
            }[page.get_rotation()]
            found.append(text.get_text_bounded(*own).strip())
        text.close()
        page.close()
    return found


def column(x: float, lines: Sequence[str], top: float = 500) -> list[tuple[float, float, str]]:
    return [(x, top - 14 * i, line) for i, line in enumerate(lines)]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_boxes_hold_the_cited_words_line_by_line(tmp_path: Path, turn: int) -> None:
    data = pdf([column(40, LEFT) + column(220, RIGHT)], turn)
    document = parsed(data, tmp_path)
    # A sheet that is turned reads like one that is not.
    assert " ".join(document.text.split()) == " ".join([*LEFT, *RIGHT])
    cited = "every barge that came with the tide and went out again loaded before the lock"
    (view,) = view_pages(data, document, spans_of(document, cited), scale=2)
    assert words_in(data, view) == [*LEFT[1:3], "before the lock"]
    assert [round(b.left) for b in view.boxes] == [40, 40, 40]
    assert all(b.right < 210 for b in view.boxes)
    assert (view.width, view.height, view.number) == (400, 560, 1)
    assert all(560 - b.top + 14 > 500 + 14 - 28 for b in view.boxes[:1])
    picture = Image.open(io.BytesIO(view.image))
    assert picture.size == (800, 1120)
    # There is ink in each box, where it says that words are.
    for box in view.boxes:
        part = picture.crop((box.left * 2, box.top * 2, box.right * 2, box.bottom * 2))
        assert part.convert("L").getextrema()[0] < 100


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_text_that_runs_sideways_over_a_sheet_is_read_and_shown_upright(
    tmp_path: Path, turn: int
) -> None:
    data = pdf([column(40, LEFT)], turn, told=False)
    document = parsed(data, tmp_path)
    assert " ".join(document.text.split()) == " ".join(LEFT)
    (view,) = view_pages(data, document, spans_of(document, "every barge that came"))
    assert (view.width, view.height) == SIZE
    (box,) = view.boxes
    assert (round(box.left), round(560 - box.bottom)) == (40, pytest.approx(484, abs=3))


def test_a_sentence_over_a_column_break_has_boxes_in_both(tmp_path: Path) -> None:
    data = pdf([column(40, [*LEFT[:4], "the winter, and the"]) + column(220, RIGHT)])
    document = parsed(data, tmp_path)
    (view,) = view_pages(data, document, spans_of(document, "the winter, and the Nobody had read"))
    assert words_in(data, view) == ["the winter, and the", "Nobody had read"]
    assert [round(b.left) for b in view.boxes] == [40, 220]


def test_a_sentence_over_a_page_break_has_boxes_on_both_pages(tmp_path: Path) -> None:
    first = column(40, [*LEFT[:4], "the winter by an old keeper who"], top=120)
    data = pdf([first, column(40, ["knew every barge by its name.", *RIGHT])])
    document = parsed(data, tmp_path)
    spans = spans_of(document, "an old keeper who knew every barge by its name.")
    one, two = view_pages(data, document, spans)
    assert (one.number, two.number) == (1, 2)
    assert words_in(data, one) == ["an old keeper who"]
    assert words_in(data, two) == ["knew every barge by its name."]


def test_several_spans_leave_out_what_stands_between_them(tmp_path: Path) -> None:
    data = pdf([column(40, LEFT)])
    document = parsed(data, tmp_path)
    spans = spans_of(document, "The harbour") + spans_of(document, "the winter")
    (view,) = view_pages(data, document, spans)
    assert words_in(data, view) == ["The harbour", "the winter"]


def test_words_that_occur_twice_are_marked_where_they_are_cited(tmp_path: Path) -> None:
    data = pdf([column(40, [LEFT[0], LEFT[4], "", "And of these,", LEFT[4]])])
    document = parsed(data, tmp_path)
    at = document.text.rindex("the winter")
    (view,) = view_pages(data, document, [Span(at, at + 10)])
    (box,) = view.boxes
    assert 500 - 14 * 4 - 5 < 560 - box.bottom < 500 - 14 * 4 + 5


def test_a_cropped_page_is_measured_from_its_own_corner(tmp_path: Path) -> None:
    made = pdfium.PdfDocument(pdf([column(40, LEFT)]))
    made[0].set_cropbox(30, 50, 390, 550)
    out = io.BytesIO()
    made.save(out)
    made.close()
    document = parsed(out.getvalue(), tmp_path)
    spans = spans_of(document, "every barge that came")
    (view,) = view_pages(out.getvalue(), document, spans, scale=1)
    assert (view.width, view.height) == (360, 500)
    assert round(view.boxes[0].left) == 10
    assert words_in(out.getvalue(), view) == ["every barge that came"]


def test_cells_of_a_table_have_boxes_of_their_own(tmp_path: Path) -> None:
    rows = [("Port", "Barges", "Tons"), ("Alton", "412", "9,310"), ("Brey", "388", "8,204")]
    cells = [
        (60 + 110 * j, 400 - 20 * i, words)
        for i, row in enumerate(rows)
        for j, words in enumerate(row)
    ]
    data = pdf([[*column(40, LEFT), *cells]])
    document = parsed(data, tmp_path)
    (view,) = view_pages(data, document, spans_of(document, "Brey 388 8,204"))
    assert " ".join(words_in(data, view)).split() == ["Brey", "388", "8,204"]


def test_a_page_that_says_something_else_is_shown_without_boxes(tmp_path: Path) -> None:
    document = parsed(pdf([column(40, LEFT)]), tmp_path)
    (view,) = view_pages(pdf([column(40, RIGHT)]), document, spans_of(document, "The harbour"))
    assert view.boxes == ()
    assert Image.open(io.BytesIO(view.image)).size == (600, 840)


def test_no_spans_no_pages_and_no_pdf_are_told_apart(tmp_path: Path) -> None:
    data = pdf([column(40, LEFT)])
    document = parsed(data, tmp_path)
    assert view_pages(data, document, []) == []
    with pytest.raises(OriginalUnavailable, match=r"a\.pdf is no readable PDF"):
        view_pages(b"%PDF-1.7 broken", document, [Span(0, 5)])


def test_an_enormous_page_gives_a_small_picture(tmp_path: Path) -> None:
    data = pdf([column(40, LEFT)])
    document = parsed(data, tmp_path)
    (view,) = view_pages(data, document, [Span(0, 5)], scale=100)
    assert max(Image.open(io.BytesIO(view.image)).size) <= 4001
    assert view.scale == pytest.approx(4000 / 560)


def test_a_scanned_page_has_the_recogniser_s_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(picture: Any) -> list[Seen]:
        words = "本页由扫描而来共有两句话。第二句从这里开始。"
        return [Seen(words, 60 * SCALE, 100 * SCALE, 324 * SCALE, 115 * SCALE)]

    monkeypatch.setattr(ocr, "recogniser", lambda: read)
    monkeypatch.setattr(ocr, "recogniser_is_there", lambda: True)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=SIZE, invariant=1)
    canvas.drawInlineImage(Image.new("RGB", (200, 280), "white"), 0, 0, *SIZE)
    canvas.save()
    document = parsed(out.getvalue(), tmp_path)
    (view,) = view_pages(out.getvalue(), document, spans_of(document, "第二句从这里开始。"))
    (box,) = view.boxes
    assert box == Box(
        pytest.approx(60 + 13 * 12), pytest.approx(100), pytest.approx(324), pytest.approx(115)
    )


def library_of(folder: Path, work: Path, tiny: Any) -> Path:
    index_sources(work / "library", [folder], tiny)
    return work / "library"


def test_the_original_is_taken_only_while_it_is_the_same(
    tmp_path: Path, tiny_settings: Any
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    data = pdf([column(40, LEFT)])
    (folder / "a.pdf").write_bytes(data)
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("in/c.pdf", pdf([column(40, RIGHT)]))
    with open_library(library_of(folder, tmp_path, tiny_settings)) as library:
        assert read_original(library, "a.pdf") == data
        member = read_original(library, "b.zip!in/c.pdf")
        assert view_pages(member, library.document("b.zip!in/c.pdf"), [Span(0, 6)])[0].boxes
        (folder / "a.pdf").write_bytes(pdf([column(40, RIGHT)]))
        with pytest.raises(OriginalUnavailable, match=r"a\.pdf is another .*; index it again"):
            read_original(library, "a.pdf")
        (folder / "b.zip").unlink()
        shutil.move(folder / "a.pdf", tmp_path / "elsewhere.pdf")
        for doc_id in ("a.pdf", "b.zip!in/c.pdf"):
            with pytest.raises(OriginalUnavailable, match="cannot be read"):
                read_original(library, doc_id)
