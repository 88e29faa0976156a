"""Make the sample library's PDF and DOCX files from the recipes in evals/data/recipes/*.md.

    python evals/data/make_samples.py                     # all recipes
    python evals/data/make_samples.py recipes/one.md …    # only these

Needs reportlab and python-docx, and a TrueType font with Chinese glyphs that may be embedded
(--font; Debian: apt-get install fonts-droid-fallback, Apache-2.0). Only the glyphs that are used
are embedded. Latin letters, digits and Western punctuation are set in Helvetica, other symbols
(①, ≥, ℃) in --symbols (DejaVu Sans). The same recipe gives the same bytes.

A recipe is Markdown in UTF-8 with front matter:

    ---
    format: pdf
    out: 贸易/某报告.pdf
    title: 某报告
    author: 某研究所
    date: 2025年10月
    header: 某研究所  政策报告第12期
    notes: page
    columns: 1
    first_page: 1
    ---
    # 一、一级标题
    正文一段写成一行(或连续几行),空行分段。脚注标记写作[^a],放在标点之前或之后都可以。
    - 列表项
    表1 某某数据(单位:亿元)
    | 年份 | 数额 |
    |---|---|
    | 2024 | 12.5 |
    [^a]: 脚注文字写在任何单独一行。

Front matter, one `key: value` a line, no comments:
  format, out, title   required: pdf or docx; path below evals/data/sample/; set large on page 1
  author, date         optional, a line each below the title
  header               optional, running header of each page
  notes                page: ①②③ restart on each page; document (default): [1] runs through
  columns              1 (default) or 2, PDF only; title, author and date span both
  first_page           number of the first page, PDF only; default 1
Body: headings #, ##, ###; paragraphs; list items "- " or "1. ", each on a line of its own; pipe
tables, first row the header, second the dashes; a paragraph that opens with 表, 图, Table or Figure
and a number is a caption; footnotes. Not understood: bold, links, images, code, nested lists.
A quote for a question must not run across a footnote marker, since the file shows ① or [1] where
the recipe says [^a].
In a PDF lines break at the page's width, notes stand at the foot of the page (with two columns: of
the column) where their marker stands. In a DOCX headings, tables and footnotes are Word's own.
Each PDF is read back with pypdfium2: every character of the recipe must come out again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import re
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
CJK_FONT = Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf")
SYMBOL_FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
PAGE_W, PAGE_H, MARGIN, GUTTER = 595.0, 842.0, 62.0, 22.0
BODY, SMALL = 10.5, 8.5
NO_LINE_START = set(",。、;:?!)】》〉」』”’%‰…—·.]，；：？！）％．］")
NO_LINE_END = set("(【《〈「『“‘[（［")
MARKER = re.compile(r"\[\^([^\]]+)\]")
TOKEN = re.compile(r"\[\^[^\]]+\]|[A-Za-z0-9][A-Za-z0-9.,:'’/&+\-–%]*|\s+|.")
CAPTION = re.compile(r"(?:表|图|圖|Table |Figure )\s?\d")


class RecipeError(ValueError):
    """The recipe cannot be made: what, where, next step."""


@dataclass(frozen=True)
class Part:
    """A block of the recipe: kind is h1, h2, h3, p, li, caption or table (then rows)."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Recipe:
    meta: dict[str, str]
    parts: tuple[Part, ...]
    notes: dict[str, str]


def read_recipe(path: Path) -> Recipe:
    """Front matter, blocks in order, notes by key. A marker without note is an error."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in lines[1:]:
        raise RecipeError(f"{path.name}: no front matter; open with a line of three dashes")
    end = lines.index("---", 1)
    meta = {
        k.strip(): v.strip()
        for k, _, v in (line.partition(":") for line in lines[1:end])
        if k.strip()
    }
    for name in ("format", "out", "title"):
        if not meta.get(name):
            raise RecipeError(f"{path.name}: front matter lacks {name}; add a line '{name}: …'")
    parts: list[Part] = []
    notes: dict[str, str] = {}
    paragraph: list[str] = []
    table: list[tuple[str, ...]] = []

    def flush() -> None:
        if paragraph:
            text = paragraph[0]
            for line in paragraph[1:]:
                wide = unicodedata.east_asian_width(text[-1]) in "WF"
                text += line if wide else " " + line
            parts.append(Part("caption" if CAPTION.match(text) and len(text) < 60 else "p", text))
            paragraph.clear()
        if table:
            parts.append(Part("table", rows=tuple(table)))
            table.clear()

    for raw in lines[end + 1 :]:
        line = raw.strip()
        note = re.match(r"\[\^([^\]]+)\]:\s*(.+)", line)
        heading = re.match(r"(#{1,3})\s+(.+)", line)
        item = re.match(r"(-|\d+\.)\s+(.+)", line)
        if line.startswith("|"):
            if paragraph:
                flush()
            cells = tuple(c.strip() for c in line.strip("|").split("|"))
            if not all(re.fullmatch(r":?-+:?", c) for c in cells):
                table.append(cells)
        elif note or heading or item or not line:
            flush()
            if note:
                notes[note[1]] = note[2]
            elif heading:
                parts.append(Part(f"h{len(heading[1])}", heading[2]))
            elif item:
                parts.append(Part("li", f"{'•' if item[1] == '-' else item[1]} {item[2]}"))
        else:
            if table:
                flush()
            paragraph.append(line)
    flush()
    used = [k for p in parts for t in (p.text, *sum(p.rows, ())) for k in MARKER.findall(t)]
    if set(used) != set(notes):
        raise RecipeError(
            f"{path.name}: markers {sorted(set(used) - set(notes))} have no note, notes "
            f"{sorted(set(notes) - set(used))} no marker; add the missing ones"
        )
    return Recipe(meta, tuple(parts), notes)


# --- PDF -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Glyphs:
    """Which of the three fonts draws a character, and how wide text comes out."""

    cjk: Any
    symbols: Any

    @classmethod
    def load(cls, cjk: Path, symbols: Path) -> Glyphs:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        fonts = []
        for name, path in (("CJK", cjk), ("Symbols", symbols)):
            if not path.is_file():
                raise RecipeError(f"no font at {path}; install one or give --font, --symbols")
            font = TTFont(name, str(path))
            pdfmetrics.registerFont(font)
            fonts.append(font)
        return cls(*fonts)

    def font(self, char: str) -> str:
        try:
            if ord(char) != 0x3000:
                char.encode("cp1252")
                return "Helvetica"
        except UnicodeEncodeError:
            pass
        for font in (self.cjk, self.symbols):
            if ord(char) in font.face.charToGlyph:
                return str(font.fontName)
        raise RecipeError(f"no font has {char!r} (U+{ord(char):04X}); write it otherwise")

    def runs(self, text: str) -> Iterator[tuple[str, str]]:
        """(font, characters) of equal font, in order."""
        start = 0
        for i in range(1, len(text) + 1):
            if i == len(text) or self.font(text[i]) != self.font(text[start]):
                yield self.font(text[start]), text[start:i]
                start = i

    def width(self, text: str, size: float) -> float:
        from reportlab.pdfbase.pdfmetrics import stringWidth

        return sum(float(stringWidth(t, f, size)) for f, t in self.runs(text))


@dataclass
class Row:
    """What is placed as a whole: pieces of text at (dx, dy) from its top left corner."""

    height: float
    # dx, dy, text, size
    pieces: list[tuple[float, float, str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rule_above: bool = False
    rule_below: bool = False
    keep: float = 0.0  # this much must follow on the same page


class Setter:
    """Breaks text into rows. Markers stay in the text as [^key] until their page is known."""

    def __init__(self, glyphs: Glyphs, recipe: Recipe) -> None:
        self.glyphs = glyphs
        self.per_page = recipe.meta.get("notes", "document") == "page"
        texts = [t for p in recipe.parts for t in (p.text, *sum(p.rows, ()))]
        order = dict.fromkeys(k for t in texts for k in MARKER.findall(t))
        self.numbers = {key: f"[{i}]" for i, key in enumerate(order, 1)}

    def width(self, token: str, size: float) -> float:
        marker = MARKER.fullmatch(token)
        if marker:
            return self.glyphs.width("①" if self.per_page else self.numbers[marker[1]], size * 0.75)
        return self.glyphs.width(token, size)

    def units(self, text: str, size: float) -> Iterator[tuple[list[str], float]]:
        """Tokens that may not be parted, and their width."""
        unit: list[str] = []
        for token in TOKEN.findall(text):
            closes = token in NO_LINE_START or MARKER.fullmatch(token)
            if unit and not closes and unit[-1] not in NO_LINE_END:
                yield unit, sum(self.width(t, size) for t in unit)
                unit = []
            unit.append(token)
        if unit:
            yield unit, sum(self.width(t, size) for t in unit)

    def lines(self, text: str, size: float, width: float, indent: float = 0.0) -> list[str]:
        """Lines no wider than `width`, the first shorter by `indent`."""
        out: list[str] = []
        line, left = "", width - indent
        for tokens, w in self.units(text, size):
            unit = "".join(tokens)
            if w > left and line and not unit.isspace():
                out.append(line.rstrip())
                line, left = "", width
            if w > width and len(unit) > 20:  # a long address: broken anywhere
                for char in unit:
                    if self.width(char, size) > left:
                        out.append(line)
                        line, left = "", width
                    line, left = line + char, left - self.width(char, size)
                continue
            if line or not unit.isspace():
                line, left = line + unit, left - w
        return [*out, line.rstrip()] if line.strip() else out

    def rows(self, text: str, size: float, width: float, **style: float) -> list[Row]:
        """A block of text. style: indent (first line), hang (other lines), before, lead, centre."""
        hang, lead = style.get("hang", 0.0), style.get("lead", 1.55) * size
        rows = []
        lines = self.lines(text, size, width - hang, style.get("indent", 0.0) - hang)
        for i, line in enumerate(lines):
            dx = hang if i else style.get("indent", 0.0)
            if style.get("centre"):
                dx = (width - sum(self.width(t, size) for t in TOKEN.findall(line))) / 2
            before = style.get("before", 0.0) if i == 0 else 0.0
            notes = MARKER.findall(line)
            rows.append(Row(lead + before, [(dx, before + size, line, size)], notes))
        return rows

    def table(self, rows: Sequence[Sequence[str]], width: float) -> Iterator[Row]:
        n = max(len(r) for r in rows)
        natural = [
            max((self.width(r[c], SMALL) for r in rows if c < len(r)), default=0.0) + 8
            for c in range(n)
        ]
        if sum(natural) > width:  # narrow columns keep their width, wide ones share what is left
            fair = width / n
            spare = width - sum(w for w in natural if w <= fair)
            wide = sum(w for w in natural if w > fair)
            widths = [w if w <= fair else max(spare * w / wide, 30.0) for w in natural]
        else:
            widths = [w * width / sum(natural) for w in natural]
        for i, row in enumerate(rows):
            out = Row(0.0, rule_above=i == 0, rule_below=i in (0, len(rows) - 1))
            x = 0.0
            for cell, w in zip(row, widths, strict=False):
                lines = self.lines(cell, SMALL, w - 6)
                for j, line in enumerate(lines):
                    out.pieces.append((x + 2, 3 + SMALL + j * SMALL * 1.3, line, SMALL))
                    out.notes += MARKER.findall(line)
                out.height = max(out.height, len(lines) * SMALL * 1.3 + 6)
                x += w
            out.keep = 30.0 if i == 0 else 0.0
            yield out

    def body(self, parts: Iterable[Part], width: float) -> Iterator[Row]:
        for part in parts:
            if part.kind == "table":
                yield from self.table(part.rows, width)
                yield Row(8.0)
            elif part.kind.startswith("h"):
                size = {"h1": 13.5, "h2": 11.5, "h3": BODY}[part.kind]
                rows = self.rows(part.text, size, width, before=8, lead=1.5)
                rows[0].keep = 45.0
                yield from rows
            elif part.kind == "caption":
                rows = self.rows(part.text, SMALL, width, before=4, centre=1)
                rows[0].keep = 45.0
                yield from rows
            elif part.kind == "li":
                yield from self.rows(part.text, BODY, width, indent=12, hang=22)
            else:
                indent = 2 * BODY if unicodedata.east_asian_width(part.text[0]) in "WFA" else 14.0
                yield from self.rows(part.text, BODY, width, indent=indent, before=2)


class Pages:
    """Places rows into columns and pages; draws notes at the foot of the column of their marker."""

    def __init__(self, setter: Setter, recipe: Recipe, canvas: Any) -> None:
        self.setter, self.recipe, self.canvas = setter, recipe, canvas
        self.columns = int(recipe.meta.get("columns", "1"))
        self.width = (PAGE_W - 2 * MARGIN - GUTTER * (self.columns - 1)) / self.columns
        self.page = int(recipe.meta.get("first_page", "1"))
        self.top, self.column = PAGE_H - MARGIN, 0
        self.y, self.foot = self.top, MARGIN
        self.on_page: list[str] = []  # note keys, in order of their markers
        self.here: list[tuple[str, list[Row]]] = []  # this column's notes
        self.draw_header()

    def label(self, key: str) -> str:
        if not self.setter.per_page:
            return self.setter.numbers[key]
        return chr(0x2460 + self.on_page.index(key))

    def draw(self, row: Row, x: float, y: float, width: float) -> None:
        c = self.canvas
        c.setLineWidth(0.5)
        if row.rule_above:
            c.line(x, y, x + width, y)
        if row.rule_below:
            c.line(x, y - row.height, x + width, y - row.height)
        for dx, dy, text, size in row.pieces:
            t = c.beginText(x + dx, y - dy)
            for token in re.split(r"(\[\^[^\]]+\])", text):
                marker = MARKER.fullmatch(token)
                t.setRise(size * 0.28 if marker else 0)
                shown = self.label(marker[1]) if marker else token
                for font, run in self.setter.glyphs.runs(shown):
                    t.setFont(font, size * 0.75 if marker else size)
                    t.textOut(run)
            t.setRise(0)
            c.drawText(t)

    def place(self, row: Row, width: float | None = None) -> None:
        new = [k for k in dict.fromkeys(row.notes) if k not in self.on_page]
        if self.y - row.height - row.keep - self.note_height(new) < self.foot and self.y < self.top:
            self.next_column()
            new = [k for k in dict.fromkeys(row.notes) if k not in self.on_page]
        for key in new:
            self.on_page.append(key)
            text = f"{self.label(key)} {self.recipe.notes[key]}"
            rows = self.setter.rows(text, SMALL - 0.5, self.width, hang=10, lead=1.35)
            self.here.append((key, rows))
            self.foot += sum(r.height for r in rows) + (8 if len(self.here) == 1 else 0)
        x = MARGIN + self.column * (self.width + GUTTER)
        if row.pieces or row.rule_above or self.y < self.top:
            self.draw(row, x, self.y, width or self.width)
            self.y -= row.height

    def note_height(self, keys: Iterable[str]) -> float:
        total = 0.0
        for key in keys:
            rows = self.setter.rows(
                f"[9] {self.recipe.notes[key]}", SMALL - 0.5, self.width, hang=10
            )
            total += len(rows) * (SMALL - 0.5) * 1.35 + 8
        return total

    def next_column(self, last: bool = False) -> None:
        x, y = MARGIN + self.column * (self.width + GUTTER), self.foot
        if self.here:
            self.canvas.setLineWidth(0.4)
            self.canvas.line(x, y - 3, x + 80, y - 3)
            y -= 6
        for _, rows in self.here:
            for row in rows:
                self.draw(row, x, y, self.width)
                y -= row.height
        self.here, self.foot = [], MARGIN
        self.column += 1
        if self.column >= self.columns:
            self.finish_page()
            self.column, self.top, self.on_page = 0, PAGE_H - MARGIN, []
            if not last:
                self.draw_header()
        self.y = self.top

    def draw_header(self) -> None:
        header = self.recipe.meta.get("header", "")
        if header:
            self.draw(Row(0, [(0, 0, header, SMALL)]), MARGIN, PAGE_H - 40, 0)
            self.canvas.line(MARGIN, PAGE_H - 45, PAGE_W - MARGIN, PAGE_H - 45)

    def finish_page(self) -> None:
        number = str(self.page)
        middle = (PAGE_W - self.setter.glyphs.width(number, SMALL)) / 2
        self.draw(Row(0, [(0, 0, number, SMALL)]), middle, 36, 0)
        self.canvas.showPage()
        self.page += 1

    def run(self) -> None:
        meta, full = self.recipe.meta, PAGE_W - 2 * MARGIN
        head = self.setter.rows(meta["title"], 18, full, centre=1, lead=1.4, before=6)
        for name in ("author", "date"):
            head += self.setter.rows(meta.get(name, ""), BODY, full, centre=1, before=4)
        for row in (*head, Row(14.0)):
            self.place(row, full)
        self.top = self.y
        for row in self.setter.body(self.recipe.parts, self.width):
            self.place(row)
        if self.column + 1 < self.columns:
            self.next_column()
        self.next_column(last=True)


def make_pdf(recipe: Recipe, glyphs: Glyphs) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(PAGE_W, PAGE_H), invariant=1)
    canvas.setTitle(recipe.meta["title"])
    canvas.setAuthor(recipe.meta.get("author", ""))
    Pages(Setter(glyphs, recipe), recipe, canvas).run()
    canvas.save()
    data = buffer.getvalue()
    missing = lost_characters(recipe, data)
    if missing:
        raise RecipeError(f"{recipe.meta['out']}: not read back from the PDF: {missing!r}")
    return data


def lost_characters(recipe: Recipe, pdf: bytes) -> dict[str, int]:
    """Characters of the recipe that pypdfium2 does not find again, with how many are gone."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    texts = [recipe.meta["title"], *recipe.notes.values(), *(p.text for p in recipe.parts)]
    texts += [cell for p in recipe.parts for row in p.rows for cell in row]
    want = Counter(c for c in MARKER.sub("", "".join(texts)) if not c.isspace())
    return dict(want - Counter(text))


# --- DOCX ----------------------------------------------------------------------------------------

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def make_docx(recipe: Recipe) -> bytes:
    import docx
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part as OpcPart
    from docx.oxml import parse_xml

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author = recipe.meta["title"], recipe.meta.get("author", "")
    properties.last_modified_by, properties.comments = "", ""
    properties.created = properties.modified = dt.datetime(2026, 1, 1)
    document.sections[0].header.paragraphs[0].text = recipe.meta.get("header", "")
    numbers: dict[str, int] = {}

    def write(paragraph: Any, text: str) -> None:
        for token in re.split(r"(\[\^[^\]]+\])", text):
            marker = MARKER.fullmatch(token)
            if marker:
                number = numbers.setdefault(marker[1], len(numbers) + 1)
                run = paragraph.add_run()
                run.font.superscript = True
                run._r.append(parse_xml(f'<w:footnoteReference xmlns:w="{W}" w:id="{number}"/>'))
            elif token:
                paragraph.add_run(token)

    document.add_heading(recipe.meta["title"], 0)
    for name in ("author", "date"):
        if recipe.meta.get(name):
            document.add_paragraph(recipe.meta[name])
    for part in recipe.parts:
        if part.kind == "table":
            table = document.add_table(len(part.rows), max(len(r) for r in part.rows))
            table.style = "Table Grid"
            for row, cells in zip(table.rows, part.rows, strict=True):
                for cell, text in zip(row.cells, cells, strict=False):
                    write(cell.paragraphs[0], text)
            document.add_paragraph()
        elif part.kind.startswith("h"):
            write(document.add_heading(level=int(part.kind[1])), part.text)
        elif part.kind == "li" and part.text.startswith("• "):
            write(document.add_paragraph(style="List Bullet"), part.text[2:])
        else:
            style = "Caption" if part.kind == "caption" else None
            write(document.add_paragraph(style=style), part.text)
    if numbers:
        notes = "".join(
            f'<w:footnote w:id="{n}"><w:p><w:r><w:footnoteRef/></w:r>'
            f'<w:r><w:t xml:space="preserve"> '
            f"{escape(recipe.notes[key])}</w:t></w:r></w:p></w:footnote>"
            for key, n in numbers.items()
        )
        separators = "".join(
            f'<w:footnote w:type="{kind}" w:id="{n}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
            for n, kind in ((-1, "separator"), (0, "continuationSeparator"))
        )
        xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes xmlns:w="{W}">'
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
        blob = f"{xml}{separators}{notes}</w:footnotes>".encode()
        part_ = OpcPart(PackURI("/word/footnotes.xml"), kind, blob, document.part.package)
        document.part.relate_to(part_, RELATIONSHIP_TYPE.FOOTNOTES)
    buffer = io.BytesIO()
    document.save(buffer)
    return with_fixed_times(buffer.getvalue())


def with_fixed_times(data: bytes) -> bytes:
    """The same archive with all members stamped 2026-01-01: equal input gives equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return out.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the sample library's PDF and DOCX files.")
    parser.add_argument("recipes", nargs="*", type=Path, help="default: all of evals/data/recipes")
    parser.add_argument("--font", type=Path, default=CJK_FONT, help="TrueType font for Chinese")
    parser.add_argument(
        "--symbols", type=Path, default=SYMBOL_FONT, help="font for ①, ≥ and the like"
    )
    parser.add_argument("--out", type=Path, default=HERE / "sample", help="the library's folder")
    args = parser.parse_args(argv)
    failed = 0
    for path in args.recipes or sorted((HERE / "recipes").glob("*.md")):
        try:
            recipe = read_recipe(path)
            target = args.out / recipe.meta["out"]
            if recipe.meta["format"] == "docx":
                data = make_docx(recipe)
            else:  # fonts are loaded anew, so that a file does not depend on those made before it
                data = make_pdf(recipe, Glyphs.load(args.font, args.symbols))
        except RecipeError as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        print(f"{target.relative_to(args.out)}  {len(data):,} bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
