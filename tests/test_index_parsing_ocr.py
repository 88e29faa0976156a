"""Scanned pages: read by a recogniser where there is one, named in one line where there is none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from index.parsing import ParseSettings, ocr, parse_file
from index.parsing.ocr import SCALE, Seen, page_list
from index.schema import BlockKind, Document, Skipped

TEXT = "The institute counted 482 cold stores in twelve provinces at the end of last year."
WIDTH, HEIGHT = A4


def scan() -> ImageReader:
    """A page's picture, with words that are only drawn."""
    picture = Image.new("RGB", (620, 877), "white")
    ImageDraw.Draw(picture).text((80, 100), "Cold chain report", fill="black")
    out = io.BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return ImageReader(out)


def make(pages: str) -> bytes:
    """A page a letter: t has text, s is a scan, n a scan with a page number printed over it,
    b is blank."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for number, kind in enumerate(pages, 1):
        if kind in "sn":
            canvas.drawImage(scan(), 0, 0, WIDTH, HEIGHT)
        if kind == "n":
            canvas.drawString(WIDTH / 2, 30, str(number))
        if kind == "t":
            canvas.drawString(72, 700, f"{number}: {TEXT}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def read(path: Path, data: bytes, **limits: int) -> list[Document | Skipped]:
    path.write_bytes(data)
    return list(parse_file(path, path.name, ParseSettings(**limits)))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "recogniser", lambda: None)
    monkeypatch.setattr(ocr, "recogniser_is_there", lambda: False)


class Fake:
    """Sees the same words on every picture, and remembers the pictures' shapes."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.seen = seen
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, picture: Any) -> Sequence[Seen]:
        self.shapes.append(picture.shape)
        return self.seen


def use(monkeypatch: pytest.MonkeyPatch, seen: Sequence[Seen]) -> Fake:
    fake = Fake(seen)
    monkeypatch.setattr(ocr, "recogniser", lambda: fake)
    monkeypatch.setattr(ocr, "recogniser_is_there", lambda: True)
    return fake


def line(text: str, top: float, left: float = 72, size: float = 12) -> Seen:
    """A line of words on the picture, given in points."""
    box = (left, top, left + size * len(text), top + 1.25 * size)
    return Seen(text, *(v * SCALE for v in box))


@pytest.mark.usefixtures("without")
def test_pages_without_text_are_named_and_the_others_indexed(tmp_path: Path) -> None:
    document, skipped = read(tmp_path / "a.pdf", make("ttssbnt"))
    assert isinstance(document, Document)
    assert isinstance(skipped, Skipped)
    assert "1: The institute" in document.text
    assert "7: The institute" in document.text
    assert skipped.reason == (
        "a.pdf: pages 3–4, 6 have no text layer (a scan?); for OCR pip install 'wenju[ocr]', then"
        " index with --rebuild"
    )
    assert (skipped.is_error, skipped.ends_file) == (True, False)
    assert document.meta["pages_without_text"] == "3–4, 6"


@pytest.mark.usefixtures("without")
def test_nothing_but_scans_is_one_line(tmp_path: Path) -> None:
    (skipped,) = read(tmp_path / "a.pdf", make("sss"))
    assert isinstance(skipped, Skipped)
    assert "pages 1–3 have no text layer" in skipped.reason
    assert skipped.ends_file
    (skipped,) = read(tmp_path / "b.pdf", make("bb"))
    assert isinstance(skipped, Skipped)
    assert "blank" in skipped.reason


def test_what_is_recognised_becomes_blocks_of_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use(
        monkeypatch,
        [
            line("冷库普查公报", 80, size=22),
            line("全国冷库普查共登记冷库四百八十二座，分布在十二个省份，其中东部", 130),
            line("占六成，西部占两成。", 150),
            line("普查时点为去年年末。", 190),
        ],
    )
    (document,) = read(tmp_path / "a.pdf", make("tst"))
    assert isinstance(document, Document)
    assert len(fake.shapes) == 1
    height, width, colours = fake.shapes[0]
    assert (abs(height / SCALE - 842) < 2, abs(width / SCALE - 595) < 2, colours) == (True, True, 3)
    heading = next(b for b in document.blocks if "公报" in document.quote(b.spans))
    assert heading.kind is BlockKind.HEADING
    whole = next(b for b in document.blocks if "登记冷库" in document.quote(b.spans))
    assert "其中东部占六成，西部占两成。" in document.quote(whole.spans)
    assert document.page_at(whole.span.start) == 2
    assert "pages_without_text" not in document.meta


def test_two_columns_are_read_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [line(f"左栏第{n}行的文字一直写到这里为止", 130 + 20 * n, 60) for n in range(1, 6)]
    right = [line(f"右栏第{n}行的文字一直写到这里为止", 131 + 20 * n, 320) for n in range(1, 6)]
    title = line("横跨两栏的一个相当长的标题写在这一页最上面的地方", 60, 100, 16)
    rows = [words for pair in zip(right, left, strict=True) for words in pair]
    use(monkeypatch, [*rows, title])
    (document,) = read(tmp_path / "a.pdf", make("s"))
    assert isinstance(document, Document)
    order = [document.text.index(w) for w in ("横跨", "左栏第1", "左栏第5", "右栏第1", "右栏第5")]
    assert order == sorted(order)


def test_a_limit_on_pages_and_a_picture_without_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use(monkeypatch, [line("这一页上写着一句完整的话。", 100)])
    document, skipped = read(tmp_path / "a.pdf", make("ssss"), max_ocr_pages=2)
    assert isinstance(document, Document)
    assert isinstance(skipped, Skipped)
    assert len(fake.shapes) == 2
    assert "pages 3–4" in skipped.reason
    assert "max_ocr_pages" in skipped.reason
    use(monkeypatch, [])
    (skipped,) = read(tmp_path / "b.pdf", make("s"))
    assert isinstance(skipped, Skipped)
    assert "page 1 has no text layer" in skipped.reason


def test_recognising_ends_in_time_for_the_rest_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = use(monkeypatch, [line("这一页上写着一句完整的话。", 100)])
    clock = iter(range(0, 10_000, 40))  # forty seconds between two looks at it
    monkeypatch.setattr(ocr, "now", lambda: next(clock))
    document, skipped = read(tmp_path / "a.pdf", make("tssst"), max_seconds=100)
    assert isinstance(document, Document)
    assert isinstance(skipped, Skipped)
    assert len(fake.shapes) == 1
    assert "pages 3–4" in skipped.reason
    assert "max_seconds" in skipped.reason
    assert "5: The institute" in document.text


@pytest.mark.parametrize(
    ("pages", "written"),
    [([], ""), ([4], "4"), ([3, 4, 5, 6, 7], "3–7"), ([1, 3, 4, 9], "1, 3–4, 9")],
)
def test_pages_are_listed_as_readers_write_them(pages: list[int], written: str) -> None:
    assert page_list(pages) == written


def test_the_recogniser_that_is_installed(tmp_path: Path) -> None:
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        assert ocr.recogniser() is None
        return
    picture = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(picture).text((150, 200), "Cold stores: 482", fill="black", font_size=48)
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=150)
    (document,) = read(tmp_path / "a.pdf", out.getvalue())
    assert isinstance(document, Document)
    assert "482" in document.text
