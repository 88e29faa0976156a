"""The demonstration: what a stranger sees first."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from ui.cli import main
from ui.demo import QUESTIONS, sample_folder


def test_every_question_is_about_a_sample_document() -> None:
    assert len(QUESTIONS) == 6
    for one in QUESTIONS:
        assert (sample_folder() / one.doc).is_file(), one.doc


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `wenju demo` prints: what comes first, each question and answer, what comes last."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("WENJU_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("WENJU_LANG", "zh")
        assert main(["demo"]) == 0
    parts = re.split(r"\n(?=[1-6]\. )", out.getvalue())
    last, after = parts[-1].rsplit("\n\n", 1)
    return [*parts[:-1], last, after]


def test_all_samples_are_read(shown: list[str]) -> None:
    assert re.search(r"资料库 demo：\d{2} 份文档", shown[0])
    assert "未能读取" not in shown[0]


def test_six_questions_are_shown_with_what_they_show(shown: list[str]) -> None:
    assert len(shown) == 8
    for number, one in enumerate(QUESTIONS, 1):
        assert shown[number].startswith(f"{number}. {one.question}  ({one.shows[0]})")


def test_a_plain_question_is_understood(shown: list[str]) -> None:
    assert "‹特朗普›" in shown[1]


def test_an_english_question_finds_a_chinese_document(shown: list[str]) -> None:
    assert "9.9%" in shown[2]
    assert "Sources\n[1] " in shown[2]


def test_a_table_row_comes_with_its_header(shown: list[str]) -> None:
    assert "\n1,380[1]\n时间 | 电池级碳酸锂" in shown[3]
    assert "… 2025 年 12 月 | " in shown[3]


def test_a_recording_comes_with_its_minute(shown: list[str]) -> None:
    assert "一百一十片" in shown[4]
    assert re.search(r"\.json · \d\d:\d\d", shown[4])


def test_what_is_not_in_the_documents_is_not_answered(shown: list[str]) -> None:
    assert "依据" not in shown[5]
    assert "没有" in shown[5]


def test_sources_that_disagree_are_both_shown(shown: list[str]) -> None:
    assert "246.3万片" in shown[6]
    assert "231万片" in shown[6]


def test_the_end_says_what_to_type_next(shown: list[str]) -> None:
    for command in ("wenju ask", "wenju index", "wenju chat"):
        assert command in shown[7]
