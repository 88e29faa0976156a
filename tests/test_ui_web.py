"""The chat page without a browser: its HTML, and the application as it is served."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ingesting import IndexReport, IndexSettings, index_sources
from rag.schema import Abstention, Answer, Citation, CitedSpan, Conflict, Side, Statement
from rag.settings import AnswerabilitySettings, RagSettings
from ui.errors import UiError
from ui.messages import say
from ui.rendering import Context
from ui.web.app import serve
from ui.web.page import answer_html, notice_html
from ui.web.shelf import Shelf

StartChat = Callable[[str], str]
IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]

CITATION = Citation(1, "a.pdf", "a.pdf", "原文", (CitedSpan(0, 2, page=3),), "一、总论", 0.9)
ANSWER = Answer(
    id="q1",
    question="问",
    as_of="2026-06-30",
    status="answered",
    engine="extractive",
    library="sha256:x",
    answer="原文，见注[7]。[1]",
    statements=(Statement("原文，见注[7]。", (1,)),),
    citations=(CITATION,),
)
# When to be silent is not the page's business.
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>&\"'${7*7}{{7*7}}\x1b[31m\u202e"


class Tags(HTMLParser):
    """Tags with their attributes, and the text, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"class", "id", "href", "lang", "aria-live"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_answer_stands_above_its_citations_with_source_place_and_quote() -> None:
    page = Tags(answer_html(ANSWER, Context(mark=lambda quote: [(0, 1)])))
    assert page.text == "原文，见注[7]。[1]依据[1] a.pdf · 第 3 页 · 一、总论原文"
    assert page.tags.count("mark") == 1


def test_a_mark_leads_to_its_citation_and_a_bracket_of_the_source_leads_nowhere() -> None:
    assert Tags(answer_html(ANSWER)).links == ["#cite-1"]


def everywhere(text: str) -> Answer:
    citation = Citation(1, text, text, text, (CitedSpan(0, 2),), text, 0.9)
    return replace(
        ANSWER,
        question=text,
        completed_question=text + "?",
        statements=(Statement(text, (1,)),),
        citations=(citation,),
        conflicts=(Conflict(text, (Side(text, text, (1,)),)),),
    )


def abstained(text: str) -> Answer:
    answer = everywhere(text)
    nearest = Abstention(text, (text,), answer.citations)
    return replace(answer, status="abstained", answer="", citations=(), abstention=nearest)


_ALLOWED = {"div", "p", "a", "ul", "li", "span", "strong", "mark"}


@pytest.mark.parametrize("make", [everywhere, abstained])
@given(text=st.one_of(st.text(), st.just(NASTY)))
def test_no_text_becomes_a_tag(make: Callable[[str], Answer], text: str) -> None:
    context = Context(lambda quote: [(0, 1)] if quote else [], lambda citation: text)
    page = Tags(answer_html(make(text), context))
    assert set(page.tags) <= _ALLOWED
    assert all(link.startswith("#cite-") for link in page.links)


def test_an_error_is_shown_and_escaped() -> None:
    page = Tags(answer_html(replace(ANSWER, status="error", error=NASTY)))
    assert "alert(1)" in page.text
    assert set(page.tags) <= _ALLOWED
    assert Tags(notice_html(NASTY)).tags == ["p"]


# --- the application -----------------------------------------------------------------------------


@pytest.fixture
def library(index_files: IndexFiles) -> str:
    text = f"2025年全国碳酸锂产量为96万吨，同比增长37%。\n\n{NASTY[:49]}是江西省的产量。\n"
    return str(index_files({"锂<b>.txt": text})[0])


def test_shelf_keeps_the_conversation_of_one_library(library: str) -> None:
    with Shelf(ALWAYS, library) as shelf:
        _, turns = shelf.ask_after(library, "2025年碳酸锂产量是多少？", [])
        html, more = shelf.ask_after(library, "2024年的呢？", turns)
        assert "2024年碳酸锂产量是多少？" in Tags(html).text
        assert [t["question"] for t in more] == ["2025年碳酸锂产量是多少？", "2024年的呢？"]
        elsewhere = [{**turns[0], "library": "sha256:other"}]
        _, alone = shelf.ask_after(library, "2024年的呢？", elsewhere)
        assert [t["completed_question"] for t in alone] == [None]
        assert shelf.ask_after(library, "  ", turns)[1] == turns


def test_shelf_answers_from_a_library(library: str) -> None:
    with Shelf(ALWAYS, library) as shelf:
        page = Tags(shelf.ask(library, " 2025年碳酸锂产量是多少？ "))
    assert "96万吨" in page.text
    assert "锂<b>.txt" in page.text
    assert "mark" in page.tags


def test_shelf_says_what_is_wrong_instead_of_failing(library: str) -> None:
    with Shelf(ALWAYS, library) as shelf:
        empty, long = shelf.ask(library, "  "), shelf.ask(library, "锂" * 30_000)
        elsewhere = shelf.ask("/etc", "问")
    assert Tags(empty).text == say("chat_empty")
    assert "30000" in Tags(long).text.replace(",", "")
    assert Tags(elsewhere).text == say("chat_none")


def test_shelf_sees_a_new_generation_and_new_libraries(
    wenju_home: Path, tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    question = "2025年碳酸锂产量是多少？"
    with Shelf(ALWAYS) as shelf:
        assert shelf.names() == []
        for amount in ("96万吨", "97万吨"):
            text = f"2025年全国碳酸锂产量为{amount}。"
            (docs / "a.txt").write_text(text, encoding="utf-8")
            index_sources(wenju_home / "libraries" / "锂", [docs], tiny_settings)
            assert shelf.names() == ["锂"]
            assert amount in shelf.ask("锂", question)


def test_a_taken_port_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UiError, match=str(port)):
            serve(RagSettings(), port=port)


def test_application_answers_over_http_to_this_machine_only(
    library: str, chat: StartChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    monkeypatch.setenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE", "0")
    with httpx.Client(base_url=chat(library), timeout=60, trust_env=False) as client:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
        assert "googleapis" not in client.get("/").text
        data = {"data": [library, "2025年碳酸锂产量是多少？"]}
        event = client.post("/gradio_api/call/ask", json=data).json()["event_id"]
        stream = client.get(f"/gradio_api/call/ask/{event}").text
    answer, *_ = json.loads(stream.split("data: ", 1)[1].splitlines()[0])
    assert "96万吨" in Tags(answer).text
