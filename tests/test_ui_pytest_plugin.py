"""`pytest --wenju QUESTIONS` in a project of somebody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evals.questions import save
from evals.schema import Evidence, Question
from ui.commands import eval as command

ROOT = Path(__file__).parents[1]
DOC = "许可审查需要45天。钨在2025年2月列入管制。\n"
QUESTIONS = [
    Question("days", "许可审查需要多少天?", type="number", answers=("45天",),
             evidence=(Evidence("许可.txt", "许可审查需要45天"),)),
    Question("moon", "月球上有多少座火山?", type="unanswerable", answerable=False, match="none",
             near="许可.txt"),
]  # fmt: skip


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "no:wenju", "-p", "ui.pytest_plugin", "-p", "no:cacheprovider", "-v"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WENJU_LANG": "en"},
        check=False,
    )


def test_questions_and_gates_are_tests(
    library_of: Callable[..., Path], tmp_path: Path, wenju_home: Path
) -> None:
    library_of("rules", {"许可.txt": DOC})
    wrong = replace(QUESTIONS[0], id="wrong", question="钨在哪年列入管制?", answers=("1999年",))
    project = tmp_path / "project"
    project.mkdir()
    save([*QUESTIONS, wrong], project / "q.jsonl")
    found = run_pytest(project, "--wenju", "q.jsonl", "--wenju-index", "rules")
    assert found.returncode == 1, found.stdout + found.stderr
    for line in ("::days PASSED", "::moon PASSED", "::wrong FAILED", "gold: 1999年"):
        assert line in found.stdout, found.stdout
    assert "1 failed, 2 passed" in found.stdout
    assert "Traceback" not in found.stdout

    # With a baseline, what was wrong before may stay wrong: a test a metric.
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    baseline = project / "b.json"
    given = ["accept", str(project / "q.jsonl"), "--index", "rules", "--baseline", str(baseline)]
    assert command.run(parser.parse_args([*given, "--reason", "first"])) == 0
    gated = run_pytest(project, "--wenju", "q.jsonl", "--wenju-baseline", "b.json")
    assert gated.returncode == 0, gated.stdout + gated.stderr
    assert "::gate[right] PASSED" in gated.stdout
    assert "::gate[failed] PASSED" in gated.stdout
