from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.schema import Abstention, Answer, Citation, CitedSpan, Conflict, Side, Statement
from ui.marking import matched_spans
from ui.messages import language_of, say, system_language
from ui.rendering import COLOUR, Context, clock, columns, place, printable, render_answer

TODAY = date(2026, 6, 30)
PDF = Citation(
    1, "芯片/综述.pdf", "芯片/综述.pdf", "对特朗普的禁令，英伟达说……", (CitedSpan(5, 19, page=3),),
    "三、半导体 > (一) 演进", 0.8,
)  # fmt: skip
AUDIO = Citation(
    2, "播客.json", "播客.json", "我们缴了 15% 的税", (CitedSpan(0, 9, None, 754.2, 771.9),),
    None, 0.5,
)  # fmt: skip
ANSWER = Answer(
    id="q1",
    question="川普去年对芯片干了啥",
    as_of="2026-06-30",
    status="answered",
    engine="extractive",
    library="sha256:x",
    answer="对特朗普的禁令[1]。缴了 15% 的税[2]。",
    statements=(Statement("对特朗普的禁令", (1,)), Statement("缴了 15% 的税", (2,))),
    citations=(PDF, AUDIO),
)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "00:00"), (59.9, "00:59"), (754.2, "12:34"), (3725, "1:02:05")]
)
def test_times_are_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_place_is_page_or_minute_and_section() -> None:
    assert place(PDF, "zh") == "第 3 页 · 三、半导体 > (一) 演进"
    assert place(PDF, "en") == "p. 3 · 三、半导体 > (一) 演进"
    assert place(AUDIO, "zh") == "12:34–12:51"
    two = replace(PDF, spans=(CitedSpan(0, 1, page=3), CitedSpan(5, 6, page=4)), section=None)
    assert place(two, "zh") == "第 3–4 页"
    assert place(replace(AUDIO, spans=(CitedSpan(0, 1),)), "zh") == ""


def test_answer_shows_numbered_citations_with_place_and_marked_quote() -> None:
    shown = render_answer(
        ANSWER, context=Context(mark=lambda quote: [(1, 4)] if "特朗普" in quote else [])
    )
    assert shown.splitlines() == [
        "对特朗普的禁令[1]",
        "缴了 15% 的税[2]",
        "",
        "依据",
        "[1] 芯片/综述.pdf · 第 3 页 · 三、半导体 > (一) 演进",
        "    对‹特朗普›的禁令，英伟达说……",
        "[2] 播客.json · 12:34–12:51",
        "    我们缴了 15% 的税",
    ]


def test_labels_are_in_the_language_of_the_question() -> None:
    shown = render_answer(replace(ANSWER, question="What did Trump do?"))
    assert "Sources\n[1]" in shown
    assert "p. 3" in shown


def test_abstention_says_what_is_missing_and_that_the_nearest_is_no_answer() -> None:
    answer = replace(
        ANSWER,
        status="abstained",
        answer="",
        statements=(),
        citations=(),
        abstention=Abstention("资料里有2025年的数字，没有2023年的。", ("2023年",), (PDF,)),
    )
    assert render_answer(answer).splitlines()[:4] == [
        "资料里有2025年的数字，没有2023年的。",
        "没有提到：2023年",
        "",
        "可能相关（不是答案）",
    ]


def test_conflicting_sides_are_shown_with_their_sources() -> None:
    sides = (Side("15%", "H20", (1,)), Side("25%", "", (2,)))
    shown = render_answer(replace(ANSWER, conflicts=(Conflict("分成", sides),)))
    assert "来源说法不一\n  关于分成：15%（H20）[1]；25%[2]" in shown


def test_a_table_row_is_shown_with_the_header_of_its_table() -> None:
    context = Context(header=lambda citation: "月份 | 均价" if citation.n == 1 else "")
    shown = render_answer(ANSWER, context=context).splitlines()
    assert shown[5] == "    表头：月份 | 均价"
    assert sum("表头" in line for line in shown) == 1


def test_an_error_is_one_line() -> None:
    shown = render_answer(replace(ANSWER, status="error", error="bad\nquestion"))
    assert shown == "没有答成：bad question"


def test_documents_cannot_send_codes_to_the_terminal() -> None:
    nasty = replace(PDF, quote="红\x1b[31m色\u202e反\r\n转\x07", source="a\x1b]0;x\x07.pdf")
    loud = (Statement("\x1b[2J清屏", (1,)),)
    shown = render_answer(replace(ANSWER, statements=loud, citations=(nasty,)))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "[31m色 反" in shown


@given(st.text())
def test_printable_text_is_one_line_without_controls(text: str) -> None:
    assert len(printable(text).splitlines()) <= 1
    assert printable(printable(text)) == printable(text)


@given(
    st.text(alphabet=st.sampled_from("中文，。 abc12[]\u3000é"), max_size=120),
    st.integers(24, 60),
)
def test_wrapping_loses_no_character_and_keeps_to_the_width(text: str, width: int) -> None:
    shown = render_answer(replace(ANSWER, answer=text, statements=(), citations=()), width=width)
    assert shown.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    # Closing punctuation may hang over, a long Latin word may not fit.
    words = max(map(len, re.findall("[!-~]+", text)), default=0)
    hanging = 2 * max(map(len, re.findall("[，。]+", text)), default=0)
    assert all(columns(line) <= max(width, words) + hanging for line in shown.splitlines())


def test_codes_take_no_room_in_a_terminal() -> None:
    assert columns("\x1b[1m中文\x1b[22m ab") == 7
    shown = render_answer(ANSWER, style=COLOUR, context=Context(mark=lambda q: [(0, 1)]), width=40)
    assert all(columns(line) <= 40 for line in shown.splitlines())
    assert shown.count("\x1b[1;4m") == 2
    assert "‹" not in shown


def marked(question: str, quote: str) -> list[str]:
    return [quote[a:b] for a, b in matched_spans(question, quote, TODAY)]


def test_words_are_marked_in_whatever_words_they_were_asked() -> None:
    assert "特朗普" in marked("川普去年对芯片干了啥", "特朗普政府收紧芯片管制")
    assert "芯片" in marked("川普去年对芯片干了啥", "特朗普政府收紧芯片管制")


def test_relative_years_are_marked_by_the_date_they_are_asked_at() -> None:
    shown = " ".join(marked("去年锂价跌了多少", "2025年，锂价下跌三成；2024年，锂价上涨"))
    assert "2025年" in shown
    assert "2024" not in shown


def test_latin_words_are_marked_whole_and_numbers_are_not_cut() -> None:
    assert marked("how many chips", "Chips, chipsets and microchips")[:1] == ["Chips"]
    assert "H20" in marked("H20 卖给谁", "H20 与 H200 不同")
    assert "H200" not in marked("H20 卖给谁", "H20 与 H200 不同")


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "WENJU_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "WENJU_LANG": "zh"}, "zh"),
    ],
)
def test_language_follows_choice_then_locale(environ: dict[str, str], lang: str) -> None:
    assert system_language(environ) == lang


def test_a_question_with_any_chinese_is_chinese() -> None:
    assert (language_of("H20 是啥"), language_of("What is H20?")) == ("zh", "en")


def test_every_message_has_the_same_places_in_both_languages() -> None:
    from ui.messages import _TABLE

    for key, (chinese, english) in _TABLE.items():
        places = [sorted(set(re.findall(r"\{(\w+)", text))) for text in (chinese, english)]
        assert places[0] == places[1], key
    assert say("ok", "en") == "ok"
