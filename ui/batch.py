"""Many questions to one file of answers: in input order, resumable, no question stops it.

While it runs, each record is appended the moment it is there; a run that ends puts the file in
input order, one record a question. A killed run leaves at worst one record cut short and, of a
question asked again, two: the later one counts. A question that occurs several times is asked once.
A workbook is made at the end from JSON Lines, which stay beside it for the next run.
"""

from __future__ import annotations

import json
import mmap
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from index.errors import IndexingError
from rag.errors import AnsweringError
from rag.filters import Filters
from rag.schema import Answer
from ui.errors import OutRefused
from ui.linking import Link, no_link
from ui.messages import say
from ui.questions import Question, QuestionFile
from ui.results import Bytes, ResultFormat, Row, fingerprint, result_format


class Asks(Protocol):
    """What a batch needs of `rag.answering.Answerer`."""

    def answer(
        self,
        question: str,
        *,
        id: str = "q1",
        as_of: date | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
    ) -> Answer: ...


class AsksMany(Protocol):
    """Several at a time, such as `ui.workers.Workers`: pairs in the order they are done in."""

    def answer_all(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Answer]]: ...


@dataclass(slots=True)
class BatchReport:
    """What a run did; the counts by status are of the whole file."""

    total: int
    asked: int = 0
    kept: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    changed: int = 0  # questions whose text or date is another than in the file
    repaired: bool = False  # a record was cut short
    older: int = 0  # kept records from another state of the library
    dropped: int = 0  # records of no question of this file
    backup: Path | None = None  # the file as it was, where records were dropped or changed
    interrupted: bool = False
    seconds: float = 0.0
    repeated: int = 0  # questions that were answered with another one like them
    errors: Counter[str] = field(default_factory=Counter)  # why, of the failed ones
    reasons: Counter[str] = field(default_factory=Counter)  # why, of those without an answer now

    def count(self, status: str) -> int:
        return self.statuses.get(status, 0)


@dataclass(frozen=True, slots=True)
class BatchProgress:
    done: int  # of `total`, kept ones included
    total: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class BatchRun:
    """How the questions are asked."""

    library: str  # hash of the library
    as_of: date | None = None  # None: today
    where: Filters | None = None
    retry_failed: bool = False


def run_batch(
    questions: QuestionFile,
    out: Path,
    answerer: Asks | AsksMany,
    run: BatchRun,
    *,
    link: Link = no_link,
    on_progress: Callable[[BatchProgress], None] | None = None,
) -> BatchReport:
    """Ask what `out` does not hold yet; afterwards it holds a record a question, in input order.

    `link` finds the address of a cited source. Ctrl-C ends it early with `interrupted` set and
    everything answered so far in the file.
    Raises OutRefused, before anything is written, where `out` is not ours to continue.
    """
    if out.suffix.lower() == ".xlsx":
        from ui.workbook import write_workbook

        beside = records_beside(out)
        if out.exists() and not beside.exists():
            raise OutRefused(say("out_workbook", path=out, records=beside.name))
        report = run_batch(questions, beside, answerer, run, on_progress=on_progress)
        write_workbook(beside, out, questions.columns, link)
        return report
    form = result_format(out, questions.columns, link)
    started = time.monotonic()
    with _locked(out):
        report = BatchReport(total=len(questions.questions))
        with _bytes_of(out) as data:
            held = _held_rows(data, form, out, report)
            kept = _kept_rows(questions.questions, held, run, report)
            _keep_backup(out, data, report)
        to_ask = [q for q in questions.questions if q.id not in kept]
        report.kept = len(kept)
        for row in kept.values():
            _count(report, row.status, row.error)
        # The next record goes after the last whole one, over whatever was cut short.
        whole = max((row.end for row in held.values()), default=0)
        try:
            _append(out, whole, form, to_ask, answerer, run, report, on_progress)
        except KeyboardInterrupt:
            report.interrupted = True
        _put_in_order(questions.questions, out, form)
    report.seconds = time.monotonic() - started
    return report


def records_beside(workbook: Path) -> Path:
    """The JSON Lines that a workbook is made from."""
    return workbook.with_name(f"{workbook.name}.jsonl")


def _count(report: BatchReport, status: str, error: str | None) -> None:
    report.statuses[status] = report.statuses.get(status, 0) + 1
    if status == "error":
        report.errors[error or ""] += 1


@contextmanager
def _bytes_of(path: Path) -> Iterator[Bytes]:
    """A file's content, mapped: a night's answers need no memory."""
    if not path.exists() or not path.stat().st_size:
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


# --- what is there already -----------------------------------------------------------------------


def _held_rows(data: Bytes, form: ResultFormat, out: Path, report: BatchReport) -> dict[str, Row]:
    """The last whole row of each id. Raises OutRefused for a file that holds something else."""
    if not form.is_ours(data):
        raise OutRefused(say("out_foreign", path=out))
    held: dict[str, Row] = {}
    for row in form.rows(data):
        if row is None:
            report.repaired = True
        else:
            held[row.id] = row
    return held


def _kept_rows(
    questions: Sequence[Question], held: Mapping[str, Row], run: BatchRun, report: BatchReport
) -> dict[str, Row]:
    """Rows that still answer their question."""
    kept: dict[str, Row] = {}
    for question in questions:
        row = held.get(question.id)
        if row is None:
            continue
        as_of = question.as_of or run.as_of
        # A run that is resumed tomorrow is not another run: only a date that was given counts.
        is_same = row.question == fingerprint(question.text) and (
            as_of is None or row.as_of == as_of.isoformat()
        )
        if not is_same:
            report.changed += 1
        elif not (run.retry_failed and row.status == "error"):
            kept[question.id] = row
            report.older += row.library != run.library
    report.dropped = len(held.keys() - {q.id for q in questions})
    return kept


def _keep_backup(out: Path, data: Bytes, report: BatchReport) -> None:
    """Answers are never lost to a change of the questions."""
    if not (report.dropped or report.changed):
        return
    number = 1
    while (backup := out.with_name(f"{out.name}.{number}.bak")).exists():
        number += 1
    _write_whole(backup, [data])
    report.backup = backup


# --- asking --------------------------------------------------------------------------------------


def _append(
    out: Path,
    whole: int,
    form: ResultFormat,
    questions: Sequence[Question],
    answerer: Asks | AsksMany,
    run: BatchRun,
    report: BatchReport,
    on_progress: Callable[[BatchProgress], None] | None,
) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with out.open("r+b" if out.exists() else "w+b") as file:
        file.truncate(whole)
        file.seek(whole)
        if not whole:
            file.write(form.header)
        alike: dict[tuple[object, ...], list[Question]] = {}
        for question in questions:
            alike.setdefault(_what(question), []).append(question)
        for asked, answer in _answers([same[0] for same in alike.values()], answerer, run):
            same = alike.pop(_what(asked))
            file.write(
                b"".join(
                    form.encode(replace(answer, id=one.id, question=one.text), one.columns)
                    for one in same
                )
            )
            file.flush()
            report.asked += len(same)
            report.repeated += len(same) - 1
            for _ in same:
                _count(report, answer.status, answer.error)
                if answer.abstention is not None:
                    report.reasons[answer.abstention.reason] += 1
            if on_progress is not None:
                each = (time.monotonic() - started) / report.asked
                left = each * (len(questions) - report.asked)
                on_progress(BatchProgress(report.kept + report.asked, report.total, left))
        os.fsync(file.fileno())


def _what(question: Question) -> tuple[object, ...]:
    """Questions that are equal in this have the same answer; one that cannot be asked has none."""
    if question.problem is not None:
        return (question.id, question.problem)
    turns = json.dumps(question.history, default=str) if question.history else ""
    return (question.text, question.as_of, turns)


def _answers(
    questions: Sequence[Question], answerer: Asks | AsksMany, run: BatchRun
) -> Iterator[tuple[Question, Answer]]:
    if hasattr(answerer, "answer_all"):
        yield from answerer.answer_all(questions)
        return
    for question in questions:
        yield question, ask_one(question, answerer, run)


def ask_one(question: Question, answerer: Asks, run: BatchRun) -> Answer:
    """The answer, or a record with status "error" saying in one line what went wrong."""
    as_of = question.as_of or run.as_of or date.today()
    try:
        if question.problem is not None:
            raise AnsweringError(question.problem)
        answer = answerer.answer(
            question.text,
            id=question.id,
            as_of=as_of,
            where=run.where,
            history=question.history,
        )
    except Exception as error:  # one bad question never ends a batch
        known = isinstance(error, (AnsweringError, IndexingError))
        return failed(question, run, str(error) if known else f"{type(error).__name__}: {error}")
    # What was asked is what the file says was asked, whatever became of it on the way.
    return replace(answer, id=question.id, question=question.text, as_of=as_of.isoformat())


def failed(question: Question, run: BatchRun, error: str) -> Answer:
    """The record of a question that has no answer, with the reason in one line."""
    as_of = question.as_of or run.as_of or date.today()
    return Answer(
        id=question.id,
        question=question.text,
        as_of=as_of.isoformat(),
        status="error",
        engine="none",
        library=run.library,
        error=" ".join(error.split()),
    )


# --- in order ------------------------------------------------------------------------------------


def _put_in_order(questions: Sequence[Question], out: Path, form: ResultFormat) -> None:
    """One record a question, in input order. A file that is so already is not touched."""
    with _bytes_of(out) as data:
        last = {row.id: (row.start, row.end) for row in form.rows(data) if row is not None}
        rows = [last[q.id] for q in questions if q.id in last]
        at = len(form.header)
        is_so = bool(len(data)) and data[:at] == form.header
        for start, end in rows:
            is_so, at = is_so and start == at, end
        if is_so and at == len(data):
            return
        aside = out.with_name(f"{out.name}.{os.getpid()}.tmp")
        _write(aside, [form.header], (data[start:end] for start, end in rows))
    aside.replace(out)  # not while it is mapped: Windows would refuse


def _write_whole(path: Path, *parts: Iterable[Bytes]) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    _write(aside, *parts)
    aside.replace(path)


def _write(path: Path, *parts: Iterable[Bytes]) -> None:
    """Synced; a file that could not be written whole is taken away."""
    try:
        with path.open("wb") as file:
            for part in parts:
                file.writelines(part)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Two runs on one file would write into each other's records."""
    from filelock import FileLock, Timeout

    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise OutRefused(say("out_locked", path=out)) from None
    try:
        yield
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
