"""Questions answered in processes of their own, for many people at once: Python's threads share one
core. Each process opens the libraries itself; all end with the server.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ui.workers import LOOK_S, give_up, has_broken, submitted

if TYPE_CHECKING:
    from rag.schema import Answer
    from rag.settings import RagSettings
    from ui.server.answering import Asked
    from ui.shelf import Shelf


_MOST = 4  # of which nobody said how many
_GRACE_S = 5.0


def sensible() -> int:
    """One a core, four at most; none where there is one core: it is the threads'."""
    known = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    return min(cores, _MOST) if cores > 1 else 0


def has_small_model(library: Path) -> bool:
    """Whether the library was embedded with the model that comes along."""
    try:
        written = (library / "manifest.json").stat().st_mtime_ns
    except OSError:  # who answers will say so
        return False
    return _has_small_model(library, written)


@lru_cache(maxsize=64)
def _has_small_model(library: Path, written: int) -> bool:
    from index.embedding import STATIC_ZH
    from index.errors import IndexingError
    from index.manifest import read_manifest

    try:
        return read_manifest(library).fingerprint.model.startswith(STATIC_ZH)
    except IndexingError:
        return False


class Processes:
    """`n` of them. One that dies is replaced. The questions that were in work are asked once more,
    one at a time in a process apart, so that one which ends its process again ends no other.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self._pool = self._start(n)
        self._apart: ProcessPoolExecutor | None = None
        self._one_at_a_time, self._n_again = asyncio.Lock(), 0
        self._is_closed = False
        self._waking: list[Future[None]] = []

    def are_awake(self, library: Path) -> bool:
        """Whether they have begun to work; starts that, with this library, if they have not."""
        if not self._waking:
            self._waking = [submitted(self._pool, _wake, library) for _ in range(self._n)]
        return all(future.done() for future in self._waking)

    def close(self) -> None:
        """What is in work is given a moment; one that does not end is ended."""
        self._is_closed = True
        pools = [pool for pool in (self._pool, self._apart) if pool is not None]
        running = [one for pool in pools for one in (pool._processes or {}).values()]
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + _GRACE_S
        for process in running:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()

    async def answer(self, library: Path, settings: RagSettings, asked: Asked) -> Answer:
        """Raises what answering raises, and RuntimeError where two processes died over it."""
        pool = self._pool
        try:
            return await _result(pool, submitted(pool, _answer, library, settings, asked))
        except BrokenProcessPool:
            if self._is_closed:
                raise
            if pool is self._pool:  # the first to notice
                give_up(pool)
                self._pool = self._start(self._n)
        self._n_again += 1
        try:
            async with self._one_at_a_time:
                return await self._answer_apart(library, settings, asked)
        finally:
            self._n_again -= 1
            if not self._n_again:
                self._end_apart()

    async def _answer_apart(self, library: Path, settings: RagSettings, asked: Asked) -> Answer:
        if self._apart is None:
            self._apart = self._start(1)
        pool = self._apart
        try:
            return await _result(pool, submitted(pool, _answer, library, settings, asked))
        except BrokenProcessPool:
            self._end_apart()
            raise RuntimeError("two processes ended over one question") from None

    def _end_apart(self) -> None:
        if self._apart is not None:
            give_up(self._apart)
            self._apart = None

    def _start(self, n: int) -> ProcessPoolExecutor:
        import multiprocessing

        spawning = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(n, mp_context=spawning, initializer=_begin)


async def _result(pool: ProcessPoolExecutor, work: Future[Answer]) -> Answer:
    """Raises BrokenProcessPool also where the pool has broken and forgot this one."""
    future = asyncio.wrap_future(work)
    try:
        while not (await asyncio.wait({future}, timeout=LOOK_S))[0]:
            if has_broken(pool):
                raise BrokenProcessPool("it has broken and forgot this question")
        return future.result()
    finally:
        future.cancel()  # who asked may have left


# --- in the processes ----------------------------------------------------------------------------

_shelf: Shelf


def _begin() -> None:
    global _shelf
    from ui.shelf import Shelf, warm
    from ui.workers import end_with_parent, set_aside

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the cores are shared out already
    _shelf = Shelf(on_open=warm)
    import rag.answering  # noqa: F401 (all that stays is here before it is set aside)

    set_aside()


def _wake(library: Path) -> None:
    with _shelf.reading(library):
        pass


def _answer(library: Path, settings: RagSettings, asked: Asked) -> Answer:
    from rag.answering import Answerer

    with _shelf.reading(library) as opened:
        return Answerer(opened, asked.settings(settings)).answer(asked.question, **asked.options())
