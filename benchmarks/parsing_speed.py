"""Throughput of each format beside the bare library on the same file, and the peak of a long PDF.

The files are made here from the sample library's own words, so that nothing else is needed. The
bare library does the least that any reader of the format has to do: it takes out the text.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.questions import SAMPLE_FOLDER
from index.parsing import parse_file
from index.schema import Skipped

PDF_PAGES = 1000
_PEAK = """
import resource, sys
from pathlib import Path
from index.parsing import parse_file
path = Path(sys.argv[1])
found = next(parse_file(path, path.name))
print(type(found).__name__, len(found.text), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Speed:
    format: str
    megabytes: float
    characters: int
    seconds: float
    bare: str  # what the bare library is
    bare_seconds: float


def measure(work: Path, repeats: int = 3) -> list[Speed]:
    """The fastest of `repeats` runs each, taken in turns so that both see the same machine."""
    words = list(_paragraphs())
    rows = []
    for name, (make, bare_name, bare) in _FORMATS.items():
        path = work / f"speed.{name}"
        make(path, words)
        ours: list[float] = []
        theirs: list[float] = []
        characters = _parse(path)  # libraries are loaded outside the clock
        bare(path)
        for _ in range(repeats):
            ours.append(_timed(lambda p=path: _parse(p)))
            theirs.append(_timed(lambda p=path, b=bare: b(p)))
        size = path.stat().st_size / 1e6
        rows.append(Speed(name, size, characters, min(ours), bare_name, min(theirs)))
    return rows


def peak_of_long_pdf(work: Path) -> tuple[int, int, float, float]:
    """(pages, characters, seconds, peak MB) of a fresh process that parses a long PDF."""
    path = work / "long.pdf"
    _make_pdf(path, list(_paragraphs()), PDF_PAGES)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path)], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - started
    kind, characters, peak_kb = done.stdout.split()
    if kind != "Document":
        raise RuntimeError(f"the PDF of {PDF_PAGES} pages was not read: {done.stdout}")
    return PDF_PAGES, int(characters), seconds, int(peak_kb) / 1024


def _timed(action: Callable[[], object]) -> float:
    """Seconds of processor time: what else runs on the machine does not count."""
    started = time.process_time()
    action()
    return time.process_time() - started


def _parse(path: Path) -> int:
    document = next(parse_file(path, path.name))
    if isinstance(document, Skipped):
        raise RuntimeError(document.reason)
    return len(document.text)


def _paragraphs() -> Iterator[str]:
    """Paragraphs of the sample library's Markdown files, in order of their names."""
    for path in sorted(SAMPLE_FOLDER.rglob("*.md")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if len(line) > 80 and line[0] not in "#|-*>[":
                yield line


def _repeated(words: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """(number, paragraph) until `limit` characters are through."""
    total = number = 0
    while total < limit:
        text = words[number % len(words)]
        yield number, text
        total += len(text)
        number += 1


def _make_txt(path: Path, words: list[str]) -> None:
    """Lines broken after 38 characters, a heading before every tenth paragraph, notes on pages."""
    out = []
    for number, text in _repeated(words, 300_000):
        if number % 10 == 0:
            out.append(f"（{'一二三四五六七八九十'[number // 10 % 10]}）第{number}节\n")
        marked = f"{text[:60]}①{text[60:]}" if number % 5 == 0 else text
        out += [marked[i : i + 38] for i in range(0, len(marked), 38)]
        if number % 5 == 0:
            out += [f"① 本节的第{number}条注。", f"— {number // 5 + 1} —"]
        out.append("")
    path.write_text("\n".join(out), encoding="utf-8")


def _make_md(path: Path, words: list[str]) -> None:
    out = []
    for number, text in _repeated(words, 300_000):
        if number % 10 == 0:
            out.append(f"## 第{number}节\n\n| 年份 | 数量 |\n| --- | --- |\n| 2025 | {number} |\n")
        out.append(text + "\n")
    path.write_text("\n".join(out), encoding="utf-8")


def _make_html(path: Path, words: list[str]) -> None:
    out = ["<!doctype html><html><body><nav><a href='/'>首页</a></nav><article>"]
    for number, text in _repeated(words, 300_000):
        if number % 10 == 0:
            out.append(f"<h2>第{number}节</h2><table><tr><th>年份</th><th>数量</th></tr>")
            out.append(f"<tr><td>2025</td><td>{number}</td></tr></table>")
        out.append(f"<p>{text}</p>")
    path.write_text("".join([*out, "</article></body></html>"]), encoding="utf-8")


def _table(words: list[str], limit: int) -> Iterator[list[str]]:
    yield ["序号", "名称", "数量", "说明"]
    for number, text in _repeated([w[:40] for w in words], limit):
        yield [str(number), text[:8], f"{number * 7 % 1000}.{number % 10}", text]


def _make_csv(path: Path, words: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_table(words, 200_000))


def _make_json(path: Path, words: list[str]) -> None:
    text = [[{"start": n * 12.5, "text": text}] for n, text in _repeated(words, 300_000)]
    path.write_text(json.dumps({"text": text}, ensure_ascii=False), encoding="utf-8")


def _make_docx(path: Path, words: list[str]) -> None:
    import docx

    document = docx.Document()
    for number, text in _repeated(words, 100_000):
        if number % 10 == 0:
            document.add_heading(f"第{number}节", level=2)
        document.add_paragraph(text)
    document.save(str(path))


def _make_xlsx(path: Path, words: list[str]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    for row in _table(words, 100_000):
        sheet.append(row)
    book.save(path)


def _make_pdf(path: Path, words: list[str], pages: int = 100) -> None:
    """A heading, twenty-odd lines, a note and a page number on each page."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(str(path))
    for page in range(pages):
        canvas.setFont("STSong-Light", 14)
        canvas.drawString(70, 780, f"{page + 1}. 第{page + 1}节")
        canvas.setFont("STSong-Light", 10.5)
        text = "".join(words[(page * 3 + i) % len(words)] for i in range(6))
        lines = [text[i : i + 40] for i in range(0, min(len(text), 1400), 40)]
        for number, line in enumerate(lines):
            canvas.drawString(70, 750 - number * 18, line)
        canvas.setFont("STSong-Light", 8)
        canvas.drawString(70, 70, f"[1] 第{page + 1}页的注。")
        canvas.drawString(290, 40, str(page + 1))
        canvas.showPage()
    canvas.save()


def _bare_text(path: Path) -> None:
    path.read_bytes().decode("utf-8")


def _bare_html(path: Path) -> None:
    import lxml.html

    lxml.html.document_fromstring(path.read_bytes()).text_content()


def _bare_csv(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        list(csv.reader(file))


def _bare_json(path: Path) -> None:
    json.loads(path.read_bytes())


def _bare_docx(path: Path) -> None:
    import docx

    for paragraph in docx.Document(str(path)).paragraphs:
        _ = paragraph.text


def _bare_xlsx(path: Path) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True)
    for sheet in book:
        for _ in sheet.iter_rows(values_only=True):
            pass
    book.close()


def _bare_pdf(path: Path) -> None:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        for page in pdf:
            page.get_textpage().get_text_range()


Make = Callable[[Path, list[str]], None]
_FORMATS: dict[str, tuple[Make, str, Callable[[Path], None]]] = {
    "txt": (_make_txt, "bytes decoded", _bare_text),
    "md": (_make_md, "bytes decoded", _bare_text),
    "html": (_make_html, "lxml text_content", _bare_html),
    "csv": (_make_csv, "csv.reader", _bare_csv),
    "json": (_make_json, "json.loads", _bare_json),
    "docx": (_make_docx, "python-docx paragraphs", _bare_docx),
    "xlsx": (_make_xlsx, "openpyxl cells", _bare_xlsx),
    "pdf": (_make_pdf, "pypdfium2 text", _bare_pdf),
}
