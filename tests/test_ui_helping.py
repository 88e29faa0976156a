from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ui.commands import NAMES

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("lang", "name"), [("zh", "cli.md"), ("en", "cli.en.md")])
def test_the_documented_commands_are_those_of_the_program(lang: str, name: str) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "ui.helping"],
        check=True,
        capture_output=True,
        env={**os.environ, "WENJU_LANG": lang, "PYTHONUTF8": "1"},
        cwd=ROOT,
    ).stdout.decode()
    documented = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert made == documented, f"WENJU_LANG={lang} python -m ui.helping > docs/{name}"
    for command in NAMES:
        assert f"## `wenju {command}`" in documented
