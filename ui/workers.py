"""Questions answered by several processes: what one of them does to itself harms no question else.

Each process opens the library itself. They end with the process that started them, however that
one ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from ui.questions import Question

if TYPE_CHECKING:
    from index.store import Library
    from rag.schema import Answer
    from rag.settings import RagSettings
    from ui.batch import Asks, BatchRun

P = ParamSpec("P")
T = TypeVar("T")

_AHEAD = 4  # questions per process that are handed out before their turn
LOOK_S = 1.0  # so often one who waits looks whether there is somebody to wait for
# Below so many questions for each, a process costs more time than it saves.
_WORTH = 100


@dataclass(slots=True)
class Workers:
    """`with Workers(…) as workers: workers.answer_all(questions)`."""

    library: Path
    settings: RagSettings
    run: BatchRun
    n: int
    _pool: ProcessPoolExecutor = field(init=False)

    def __enter__(self) -> Self:
        self._pool = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def answer_all(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Answer]]:
        """Each question once with its answer, as they are done. Holds a few at a time.

        When a process dies, those that were in work are asked once more, one at a time; one that
        takes its process with it again becomes a record with status "error".
        """
        todo = iter(questions)
        pending: dict[Future[Answer], Question] = {}
        while True:
            while len(pending) < self.n * _AHEAD and (one := next(todo, None)) is not None:
                pending[submitted(self._pool, _answer, one)] = one
            if not pending:
                return
            done, _ = wait(pending, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            died: list[Question] = []
            for future in done:
                question = pending.pop(future)
                try:
                    yield question, future.result()
                except BrokenProcessPool:
                    died.append(question)
            if died or (not done and has_broken(self._pool)):
                died += pending.values()
                pending.clear()
                yield from self._one_at_a_time(died)

    def _one_at_a_time(self, questions: list[Question]) -> Iterator[tuple[Question, Answer]]:
        from ui.batch import failed

        self._restart()
        for question in questions:
            work = submitted(self._pool, _answer, question)
            if work.done() and isinstance(work.exception(), BrokenProcessPool):
                self._restart()  # another process ended: this question was not asked
                work = submitted(self._pool, _answer, question)
            try:
                while not wait((work,), timeout=LOOK_S).done:
                    if has_broken(self._pool):
                        raise BrokenProcessPool("it has broken and forgot this question")
                yield question, work.result()
            except BrokenProcessPool:
                self._restart()
                error = "the process that answered it ended twice; out of memory, perhaps"
                yield question, failed(question, self.run, error)

    def _restart(self) -> None:
        give_up(self._pool)
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        import multiprocessing

        return ProcessPoolExecutor(
            self.n,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_open,
            initargs=(self.library, self.settings, self.run),
        )


@dataclass(slots=True)
class Threads:
    """Several questions at a time in this process: for what mostly waits, such as for a model."""

    answerer: Asks
    run: BatchRun
    n: int
    _pool: ThreadPoolExecutor = field(init=False)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.n, thread_name_prefix="batch")
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def answer_all(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Answer]]:
        """Each question once with its answer, as they are done. Holds a few at a time."""
        from ui.batch import ask_one

        todo = iter(questions)
        pending: dict[Future[Answer], Question] = {}
        while True:
            while len(pending) < 2 * self.n and (one := next(todo, None)) is not None:
                pending[self._pool.submit(ask_one, one, self.answerer, self.run)] = one
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()


def submitted(
    pool: ProcessPoolExecutor, call: Callable[P, T], *args: P.args, **options: P.kwargs
) -> Future[T]:
    """As `pool.submit`. Where a process of the pool has just ended, or it was given up, the future
    says so: `submit` itself raises that, or what comes of pipes that are closed under it.
    """
    try:
        return pool.submit(call, *args, **options)
    except (RuntimeError, OSError) as error:  # BrokenProcessPool is a RuntimeError
        failed: Future[T] = Future()
        failed.set_exception(BrokenProcessPool(str(error)))
        return failed


def has_broken(pool: ProcessPoolExecutor) -> bool:
    """Whether to wait for it no longer: what is asked or taken back while it breaks may stay
    without an end, for its own thread clears up without a lock (Python 3.11).
    """
    return bool(pool._broken)


def give_up(pool: ProcessPoolExecutor) -> None:
    """Ends a pool at once, with all its processes: where one has ended its own thread may not."""
    processes = list((pool._processes or {}).values())
    with contextlib.suppress(OSError):  # its pipes are being closed
        pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()


def sensible(n_questions: int, library: Library) -> int:
    """So many processes as there are cores, where the questions are many enough.

    One where the model is a large one: each process would hold it, and it uses all cores itself.
    """
    from index.embedding import STATIC_ZH

    if not library.manifest.fingerprint.model.startswith(STATIC_ZH):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, n_questions // _WORTH))


# --- in the processes ----------------------------------------------------------------------------

_ask: Callable[[Question], Answer]


def _open(library: Path, settings: RagSettings, run: BatchRun) -> None:
    global _ask
    from index.store import open_library
    from rag.answering import Answerer
    from ui.batch import ask_one

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who writes the file
    threading.Thread(target=end_with_parent, daemon=True).start()
    answerer = Answerer(open_library(library), settings)
    set_aside()

    def ask(question: Question) -> Answer:
        return ask_one(question, answerer, run)

    _ask = ask


def _answer(question: Question) -> Answer:
    return _ask(question)


def set_aside() -> None:
    """What is there now stays: Python need not look for rubbish in it, nor as often in the rest.

    A question makes some thousand objects, few of them in circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def end_with_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait as wait_for

    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
