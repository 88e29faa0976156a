"""The demonstration: what a stranger sees first."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest

from index.ingesting import index_sources
from index.store import open_library
from ui.cli import main
from ui.demo import LIBRARY, QUESTIONS, forget_other_samples, sample_folder


def test_every_question_is_about_a_sample_document() -> None:
    assert len(QUESTIONS) == 6
    for one in QUESTIONS:
        assert (sample_folder() / one.doc).is_file(), one.doc


def test_samples_of_another_checkout_are_not_read_beside_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENJU_HOME", str(tmp_path / "home"))
    other = tmp_path / "elsewhere" / "evals" / "data" / "sample"
    other.mkdir(parents=True)
    (other / "锂.txt").write_text("2025年云岭县的锂产量为三百万吨。", encoding="utf-8")
    assert main(["index", str(other), "--index", LIBRARY]) == 0
    shutil.rmtree(tmp_path / "elsewhere")
    assert main(["demo"]) == 0
    with open_library(tmp_path / "home" / "libraries" / LIBRARY) as library:
        held = {Path(info.source).name for info in library.documents()}
    assert "锂.txt" not in held
    assert held == {p.name for p in sample_folder().rglob("*") if p.is_file()}


def test_a_library_with_documents_of_the_users_is_left_alone(tmp_path: Path) -> None:
    library = tmp_path / "demo"
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "锂.txt").write_text("2025年云岭县的锂产量为三百万吨。", encoding="utf-8")
    index_sources(library, [tmp_path / "notes"])
    forget_other_samples(library)
    assert (library / "manifest.json").is_file()
    forget_other_samples(tmp_path / "none")


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
