"""`wenju eval run`: ask every question, look the answers up, and write them down in order.

Offline, two runs give the same bytes: what differs, the timings, goes into a file of its own.
A run that was killed goes on where it stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from evals.case import Case, Ranked
from evals.errors import BadRun
from evals.examining import examine
from evals.questions import set_hash
from evals.runfile import (
    RunMeta,
    meta_path,
    read_meta,
    read_records,
    read_run,
    timings_path,
    to_line,
    to_timing_line,
    write_meta,
)
from evals.schema import Question
from evals.sources import Sources

DEFAULT_AS_OF = "2026-06-30"  # what 今年 means where a question does not say


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer record (as `wenju ask --json` gives it), and what was retrieved where known."""

    record: Mapping[str, Any]
    ranked: Sequence[Ranked] | None = None


class Asker(Protocol):
    """Something that answers questions on a library: the system under test."""

    library: str  # "sha256:…"
    settings: Mapping[str, Any]
    sources: Sources

    def ask(self, question: Question) -> Asked: ...


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int
    last: str  # id of the question last finished


def run(
    questions: Sequence[Question],
    open_asker: Callable[[], AbstractContextManager[Asker]],
    out: Path,
    *,
    workers: int = 1,
    restart: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Case]:
    """Ask the questions and write the run; gives all its cases, those of an earlier start too.

    Each worker opens an asker of its own. Records are written in the order of the questions
    whatever order they finish in. Raises BadRun where `out` was begun with other questions,
    another library or other settings, unless `restart`.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    with open_asker() as first:
        meta = RunMeta(set_hash(questions), len(questions), first.library, dict(first.settings))
        done = _resume(out, questions, meta, restart)
        todo = questions[done:]
        with (
            out.open("a", encoding="utf-8", newline="\n") as lines,
            timings_path(out).open("a", encoding="utf-8", newline="\n") as times,
        ):
            for number, case in enumerate(_ask_all(todo, first, open_asker, workers), done + 1):
                # Timings first: a run is resumed from its own lines, extra timings do no harm.
                times.write(to_timing_line(case))
                times.flush()
                lines.write(to_line(case))
                lines.flush()
                if on_progress:
                    on_progress(Progress(number, len(questions), case.question.id))
    return read_run(out)


def _ask_all(
    questions: Sequence[Question],
    first: Asker,
    open_asker: Callable[[], AbstractContextManager[Asker]],
    workers: int,
) -> Iterator[Case]:
    """The cases in the order of the questions; at most a few per worker are held back."""
    if workers == 1:
        yield from (ask_one(first, q) for q in questions)
        return
    local = threading.local()
    opened: list[AbstractContextManager[Asker]] = []
    lock = threading.Lock()

    def work(question: Question) -> Case:
        if not hasattr(local, "asker"):
            manager = open_asker()
            with lock:  # opening is not promised to be safe from several threads at once
                local.asker = manager.__enter__()
                opened.append(manager)
        return ask_one(local.asker, question)

    try:
        with ThreadPoolExecutor(workers) as pool:
            waiting = iter(questions)
            pending = [pool.submit(work, q) for q in islice(waiting, 4 * workers)]
            while pending:
                yield pending.pop(0).result()
                pending += [pool.submit(work, q) for q in islice(waiting, 1)]
    finally:
        for manager in opened:
            manager.__exit__(None, None, None)


def ask_one(asker: Asker, question: Question) -> Case:
    """Ask one question. Whatever goes wrong becomes its record: one question never ends a run."""
    try:
        asked = asker.ask(question)
    except Exception as error:  # any bug of the system under test is a result
        record = {
            "id": question.id,
            "question": question.question,
            "status": "error",
            "error": f"{type(error).__name__}: {error}",
        }
        # None would say that retrieval was not measured: here it failed.
        return examine(question, record, asker.sources, ())
    return examine(question, asked.record, asker.sources, asked.ranked)


def _resume(out: Path, questions: Sequence[Question], meta: RunMeta, restart: bool) -> int:
    """Make `out` ready to be appended to; gives how many questions it already answers."""
    out.parent.mkdir(parents=True, exist_ok=True)
    earlier = None if restart else read_meta(out)
    if not restart and earlier is None and out.exists():
        raise BadRun(
            f"{out} is there, but not {meta_path(out).name}: --restart overwrites it, "
            "or choose another --out"
        )
    if earlier is None:
        out.write_bytes(b"")
        timings_path(out).write_bytes(b"")
        write_meta(out, meta)
        return 0
    for what in ("version", "questions", "library", "settings"):
        before, now = getattr(earlier, what), getattr(meta, what)
        if before != now:
            raise BadRun(
                f"{out} was begun with {what} {before}, now {now}: --restart begins again, "
                "or choose another --out"
            )
    if not out.exists():
        out.write_bytes(b"")
    done = [r["id"] for r in read_records(out)]
    if done != [q.id for q in questions[: len(done)]]:
        raise BadRun(f"{out} holds other questions than the set: --restart begins again")
    for path in (out, timings_path(out)):  # cut off a line that a killed run left unfinished
        if path.exists():
            data = path.read_bytes()
            path.write_bytes(data[: data.rfind(b"\n") + 1])
    return len(done)
