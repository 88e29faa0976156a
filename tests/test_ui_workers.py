"""Several processes answer: the same records, and nobody's death costs more than one question."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.settings import AnswerabilitySettings, RagSettings
from ui.batch import BatchRun, run_batch
from ui.questions import Question, QuestionFile, read_questions
from ui.workers import Workers, give_up, has_broken

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
DAY = date(2026, 1, 31)


@pytest.fixture
def library(index_files: Index) -> Path:
    lines = "\n".join(f"第{i}号港口现有员工{8000 + i}人。" for i in range(30))
    return index_files({"harbour.txt": lines})[0]


def file_of(n: int) -> QuestionFile:
    texts = [f"第{i % 25}号港口有多少员工" for i in range(n)]
    return QuestionFile(tuple(Question(f"q{i}", t) for i, t in enumerate(texts)), (), 0)


def without_timings(out: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [row | {"timings_ms": {}} for row in rows]


def test_several_processes_give_the_records_of_one(library: Path, tmp_path: Path) -> None:
    questions = file_of(40)
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
        run_batch(questions, tmp_path / "one.jsonl", Answerer(opened, ALWAYS), run)
    with Workers(library, ALWAYS, run, 2) as workers:
        report = run_batch(questions, tmp_path / "two.jsonl", workers, run)
    assert report.asked == 40
    assert without_timings(tmp_path / "two.jsonl") == without_timings(tmp_path / "one.jsonl")


def test_a_process_that_dies_costs_no_answer(library: Path, tmp_path: Path) -> None:
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
    killed: list[int] = []
    with Workers(library, ALWAYS, run, 2) as workers:

        def kill_one(_: object) -> None:
            if not killed:
                (pid, *_rest) = workers._pool._processes
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        report = run_batch(file_of(25), tmp_path / "o.jsonl", workers, run, on_progress=kill_one)
    assert killed
    assert report.statuses == {"answered": 25}


@pytest.mark.parametrize(
    "error", [BrokenProcessPool("a process ended"), OSError("handle is closed"), RuntimeError()]
)
def test_a_pool_that_breaks_while_it_is_asked_costs_no_answer(
    library: Path, tmp_path: Path, error: Exception
) -> None:
    """`submit` is called while the pool's own thread clears up after a process that ended."""
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
    refused: list[Exception] = []
    with Workers(library, ALWAYS, run, 2) as workers:
        pool = workers._pool
        submit = pool.submit

        def submit_or_break(*arguments: Any) -> Any:
            if pool._queue_count == 7 and not refused:
                refused.append(error)
                raise error
            return submit(*arguments)

        pool.submit = submit_or_break  # type: ignore[method-assign]
        report = run_batch(file_of(25), tmp_path / "o.jsonl", workers, run)
    assert refused
    assert report.statuses == {"answered": 25}


def test_questions_that_a_breaking_pool_forgot_are_asked_again(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.workers.LOOK_S", 0.01)
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
    with Workers(library, ALWAYS, run, 2) as workers:
        pool = workers._pool
        pool._broken = True
        monkeypatch.setattr(pool, "submit", lambda *_: Future())
        report = run_batch(file_of(25), tmp_path / "o.jsonl", workers, run)
    assert report.statuses == {"answered": 25}


def _runs(pid: int | None) -> bool:
    """Whether a process is there and more than the trace of one that has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


# The pool's own thread dies of it: that is what leaves the others.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_pool_that_is_given_up_leaves_no_process(library: Path) -> None:
    """Its own thread ends none of them where somebody took back what he had asked."""
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
    with Workers(library, ALWAYS, run, 2) as workers:
        asked = [workers._pool.submit(time.sleep, 600) for _ in range(8)]
        processes = list(workers._pool._processes.values())
        asked[-1].cancel()
        processes[0].kill()
        until = time.monotonic() + 30
        while not has_broken(workers._pool):
            assert time.monotonic() < until, "nobody noticed"
            time.sleep(0.02)
        give_up(workers._pool)
        # By the system: who waits for them here may find that the pool's thread has done so.
        until = time.monotonic() + 10
        while left := [p.pid for p in processes if _runs(p.pid)]:
            assert time.monotonic() < until, f"{left} are left"
            time.sleep(0.02)


def test_killed_at_random_and_resumed_it_ends_in_the_same_bytes_apart_from_timings(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 of the command while two processes answer; they end with it."""
    monkeypatch.setenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE", "0")
    asked, out = tmp_path / "questions.txt", tmp_path / "out.jsonl"
    lines = [f"第{i}号港口有多少员工，请问第{i}号？" for i in range(120)]
    asked.write_text("\n".join(lines), encoding="utf-8")
    command = [
        sys.executable, "-m", "ui.cli", "batch", str(asked), "--index", str(library),
        "--as-of", str(DAY), "--workers", "2", "--out", str(out),
    ]  # fmt: skip
    chance = random.Random(7)
    for _ in range(2):
        seen = out.stat().st_size if out.exists() else 0
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        more = chance.randint(1, 25_000)  # bytes of new records before the end
        while process.poll() is None and time.monotonic() < until:
            if out.exists() and out.stat().st_size > seen + more:
                break
            time.sleep(0.002)
        process.kill()
        process.communicate()
    subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True)
    whole = tmp_path / "whole.jsonl"
    with open_library(library) as opened:
        run = BatchRun(opened.hash, DAY)
        run_batch(read_questions(asked), whole, Answerer(opened, ALWAYS), run)
    assert without_timings(out) == without_timings(whole)
