"""`wenju` as a process of its own: pipes, encodings, and what a cold start loads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from index.ingesting import IndexReport

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]


@pytest.fixture
def library(index_files: IndexFiles) -> str:
    text = "2025年全国碳酸锂产量为96万吨，同比增长37%。\n\n江西省的产量占全国的四成。\n"
    return str(index_files({"锂.txt": text})[0])


def wenju(*argv: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ui.cli", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        **options,  # type: ignore[call-overload]
    )


def test_a_reader_that_stops_reading_is_no_error(library: str) -> None:
    process = wenju("sources", "--json", "--index", library)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert error == b""


def test_ask_says_chinese_where_the_locale_cannot(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    out, error = wenju("ask", "碳酸锂产量", "--index", library).communicate()
    assert error == b""
    assert "依据" in out.decode() or "资料" in out.decode()


def test_a_cold_question_imports_nothing_heavy(library: str) -> None:
    code = (
        "import sys; from ui.cli import main; "
        f"main(['ask', '碳酸锂产量', '--index', {library!r}]); "
        "heavy = {'torch', 'gradio', 'langchain_core', 'sentence_transformers', 'rich', 'scipy', "
        "'sklearn', 'pandas', 'openpyxl', 'docx', 'pypdfium2'}; "
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ).stdout.decode()
    assert out.splitlines()[-1] == "HEAVY []"
