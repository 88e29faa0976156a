"""Answers for use elsewhere: Markdown, plain text, references, a Word document.

Words of documents are theirs: nothing in them becomes markup of ours.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.schema import Answer, Citation
from ui.messages import language_of, say
from ui.references import references
from ui.rendering import place, printable, render_answer, statement_lines

if TYPE_CHECKING:
    from index.schema import DocumentInfo

Infos = Mapping[str, "DocumentInfo"]
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(answers: Sequence[Answer]) -> str:
    """As a terminal shows them, each under its question."""
    return "\n\n\n".join(f"{_asked(one)}\n\n{render_answer(one)}" for one in answers) + "\n"


def as_references(answers: Sequence[Answer], infos: Infos | None = None) -> str:
    """The answer with its marks, and a list of references beneath."""
    found = []
    for one in answers:
        lines = [printable(line) for line in statement_lines(one)]
        found.append("\n".join([*lines, "", *references(one.citations, dict(infos or {}))]))
    return "\n\n".join(found) + "\n"


def as_markdown(answers: Sequence[Answer], title: str = "") -> str:
    """Questions as headings, quotes as block quotes with their source and place."""
    parts = [f"# {_escaped(title)}"] if title else []
    for one in answers:
        parts += [f"## {_escaped(_asked(one))}", *_markdown(one)]
    return "\n\n".join(parts) + "\n"


def as_docx(answers: Sequence[Answer], title: str = "") -> bytes:
    """The same as a Word document."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    book = Document()
    style = book.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(11)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Microsoft YaHei")
    if title:
        book.add_heading(_xml(title), 1)
    for one in answers:
        lang = language_of(one.question)
        book.add_heading(_xml(_asked(one)), 2)
        for line in _said(one, lang):
            book.add_paragraph(_xml(line))
        for label, citations in _evidence(one, lang):
            book.add_heading(label, 3)
            for citation in citations:
                head = book.add_paragraph().add_run(_xml(_head(citation, lang)))
                head.bold, head.font.size = True, Pt(9.5)
                quote = book.add_paragraph(style="Quote").add_run(_xml(citation.quote))
                quote.font.color.rgb = RGBColor(0x44, 0x44, 0x44)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _markdown(answer: Answer) -> Iterable[str]:
    lang = language_of(answer.question)
    for line in _said(answer, lang):
        yield _escaped(line)
    for label, citations in _evidence(answer, lang):
        yield f"**{label}**"
        for citation in citations:
            quote = _escaped(" ".join(citation.quote.split()))
            yield f"{_escaped(_head(citation, lang))}\n\n> {quote}"


def _said(answer: Answer, lang: str) -> list[str]:
    """The answer's own lines: statements, or why there are none; sides that disagree."""
    if answer.status == "error":
        return [say("failed", lang, error=answer.error or "")]
    if answer.status == "abstained":
        missed = answer.abstention
        lines = [(missed.reason if missed else "") or say("no_answer", lang)]
        if missed and missed.missing:
            terms = ("、" if lang == "zh" else ", ").join(missed.missing)
            lines.append(say("missing", lang, terms=terms))
        return lines
    lines = statement_lines(answer)
    for conflict in answer.conflicts:
        sides = say("separator", lang).join(
            f"{s.value}{f'（{s.scope}）' if s.scope else ''}"
            + "".join(f"[{n}]" for n in s.citations)
            for s in conflict.sides
        )
        lines.append(
            f"{say('conflicts', lang)}{say('colon', lang)}"
            f"{say('conflict_about', lang, about=conflict.about)}{sides}"
        )
    return lines


def _evidence(answer: Answer, lang: str) -> list[tuple[str, Sequence[Citation]]]:
    if answer.status == "abstained" and answer.abstention and answer.abstention.nearest:
        return [(say("nearest", lang), answer.abstention.nearest)]
    return [(say("evidence", lang), answer.citations)] if answer.citations else []


def _head(citation: Citation, lang: str) -> str:
    where = place(citation, lang)
    return f"[{citation.n}] {citation.source}" + (f" · {where}" if where else "")


def _asked(answer: Answer) -> str:
    return printable(answer.completed_question or answer.question)


def _escaped(text: str) -> str:
    """Markdown's own characters are text; citation marks [1] stay as they are."""
    return re.sub(r"\\\[(\d{1,3})\\\]", r"[\1]", _MARKUP.sub(r"\\\1", printable(text)))


def _xml(text: Any) -> str:
    return _NOT_XML.sub(" ", printable(str(text)))
