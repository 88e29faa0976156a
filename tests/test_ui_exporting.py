"""Answers for use elsewhere."""

from __future__ import annotations

import io
from dataclasses import replace

import docx
from hypothesis import given
from hypothesis import strategies as st

from index.schema import DocumentInfo
from rag.schema import Abstention, Answer, Citation, CitedSpan, Conflict, Side, Statement
from ui.exporting import as_docx, as_markdown, as_references, as_text
from ui.references import reference

FILE = "a/年报.pdf"
CITATION = Citation(
    1, "a/年报.pdf", "a/年报.pdf", "产量为96万吨", (CitedSpan(0, 7, page=3),), "一、总论", 0.9
)
ANSWER = Answer(
    id="q1", question="产量是多少？", as_of="2026-06-30", status="answered", engine="extractive",
    library="sha256:x", answer="产量为96万吨[1]", statements=(Statement("产量为96万吨", (1,)),),
    citations=(CITATION,),
)  # fmt: skip
INFO = DocumentInfo(
    FILE, FILE, "root", "锂业年报", "pdf", "report", "2026-02", "zh", 9, 100, 3, 10, "x",
    {"author": "许怀远", "publisher": "澄江研究所"},
)  # fmt: skip


def test_a_reference_says_what_is_known_in_the_order_of_the_standard() -> None:
    whole = "[1] 许怀远. 锂业年报[R]. 澄江研究所, 2026-02: 3. a/年报.pdf."
    assert reference(1, CITATION, INFO) == whole
    assert reference(1, CITATION) == "[1] a/年报.pdf[Z]. 3. a/年报.pdf."


def test_markdown_holds_question_statement_and_quote_with_its_place() -> None:
    text = as_markdown([ANSWER], title="对话")
    assert text.startswith("# 对话\n\n## 产量是多少？\n\n产量为96万吨[1]\n")
    assert "[1] a/年报.pdf · 第 3 页 · 一、总论\n\n> 产量为96万吨\n" in text


def test_references_stand_beneath_the_answer() -> None:
    lines = as_references([ANSWER], {"a/年报.pdf": INFO}).splitlines()
    assert lines[0] == "产量为96万吨[1]"
    assert lines[-1].startswith("[1] 许怀远. 锂业年报[R]")


def test_no_answer_and_disagreement_are_said() -> None:
    silent = replace(
        ANSWER, status="abstained", statements=(), citations=(), answer="",
        abstention=Abstention("资料里没有。", ("2026年",), (CITATION,)),
    )  # fmt: skip
    for text in (as_markdown([silent]), as_text([silent])):
        assert "资料里没有。" in text
        assert "2026年" in text
        assert "不是答案" in text
    sides = (Side("96万吨", "含回收", (1,)), Side("90万吨", "", (1,)))
    both = as_markdown([replace(ANSWER, conflicts=(Conflict("产量", sides),))])
    assert "96万吨（含回收）[1]；90万吨[1]" in both


@given(st.text(max_size=60))
def test_words_of_documents_never_become_markup(text: str) -> None:
    nasty = replace(ANSWER, statements=(Statement(text + "<script>*#", (1,)),))
    written = as_markdown([nasty])
    assert "<script>" not in written
    assert "\n# " not in written
    assert docx.Document(io.BytesIO(as_docx([nasty], title=text))).paragraphs
