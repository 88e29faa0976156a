from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

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


def test_on_a_terminal_there_is_a_bar_and_file_names_are_no_markup() -> None:
    code = (
        "from ui.progress import progress\n"
        "with progress() as show:\n"
        "    show(1, 2, '[red]报告[/red].pdf')\n"
        "    show(2, 2, '[/]')\n"
    )
    master, slave = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=slave,
        stderr=slave,
        env=environ,
        cwd=Path(__file__).parents[1],
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(master)
    assert process.wait() == 0
    text = shown.decode()
    assert "2/2" in text
    assert "[/]" in text
