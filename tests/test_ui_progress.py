from __future__ import annotations

import io

import pytest

from ui import progress as module
from ui.progress import progress


def test_without_a_terminal_there_is_a_line_now_and_then_and_one_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with progress() as show:
        for done in range(1, 101):
            now[0] += 1.0
            show(done, 100, f"文件{done}\n\x1b[31m")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"{n}/100 文件{n} [31m" for n in range(10, 101, 10)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_file_names_are_no_markup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with progress() as show:
        show(1, 2, "[red]报告[/red].pdf")
        show(2, 2, "[/]")
    assert "2/2" in terminal.getvalue()
    assert "[/]" in terminal.getvalue()
