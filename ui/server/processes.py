"""Questions answered in processes of their own, for many people at once: Python's threads share one
core. Each process opens the libraries itself; all end with the server.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.schema import Answer
    from rag.settings import RagSettings
    from ui.server.answering import Asked
    from ui.shelf import Shelf


class Processes:
    """`n` of them. One that dies is replaced, and its question asked once more."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._pool = self._start()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def answer(self, library: Path, settings: RagSettings, asked: Asked) -> Answer:
        """Raises what answering raises, and RuntimeError where two processes died over it."""
        loop = asyncio.get_running_loop()
        for _ in range(2):
            pool = self._pool
            try:
                return await loop.run_in_executor(pool, _answer, library, settings, asked)
            except BrokenProcessPool:
                if pool is self._pool:  # the first to notice
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._pool = self._start()
        raise RuntimeError("two processes ended over one question")

    def _start(self) -> ProcessPoolExecutor:
        import multiprocessing

        spawning = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._n, mp_context=spawning, initializer=_begin)


# --- in the processes ----------------------------------------------------------------------------

_shelf: Shelf


def _begin() -> None:
    global _shelf
    from ui.shelf import Shelf, warm
    from ui.workers import end_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the cores are shared out already
    _shelf = Shelf(on_open=warm)


def _answer(library: Path, settings: RagSettings, asked: Asked) -> Answer:
    from rag.answering import Answerer

    with _shelf.reading(library) as opened:
        return Answerer(opened, asked.settings(settings)).answer(asked.question, **asked.options())
