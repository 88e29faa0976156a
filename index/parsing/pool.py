"""Parser processes: a file that hangs, crashes or eats memory costs itself and nothing else.

Small plain text is parsed here. Formats whose libraries are large or native, and big files, go to
long-lived processes, started when the first such file comes, several where there are several files.
A process that passes a limit or dies is replaced; its file is one Skipped.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from index.parsing import ParseSettings, parse_file
from index.parsing.worker import OUT_OF_MEMORY, End, Request, receive, send
from index.schema import Document, Skipped

_LIGHT = {
    ".txt", ".text", ".log", ".md", ".markdown", ".csv", ".tsv", ".json", ".srt", ".vtt", ".rst",
    ".org", ".adoc", ".tex", ".jsonl", ".ndjson", "",
}  # fmt: skip
_LIGHT_BYTES = 100_000  # so that the slowest of text takes seconds, not minutes
_MOST_WORKERS = 8  # each may take max_memory_mb
_FILES_AHEAD = 64
_ITEMS_AHEAD = 8  # documents of one file that wait to be taken
_FEW = 4  # documents and refusals of a file that `keep` is told of
_START_S = 60.0
_TICK_S = 0.05
# Not `-m`: that would look for modules in the current folder, which may be full of documents.
_START = "import sys; sys.path[:] = sys.argv[1:]; from index.parsing.worker import main; main()"

Item = Document | Skipped
Keep = Callable[[str, list[Item], float], None]  # source, all it holds, seconds it took
ParseFile = Callable[[Path, str, ParseSettings], Iterator[Item]]


def is_light(path: Path) -> bool:
    """Whether a file is small plain text, by its suffix and its first bytes."""
    if path.suffix.lower() not in _LIGHT:
        return False
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(2000)
    except OSError:
        return True  # parse_file says what is wrong
    begins = head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    is_other = begins.startswith((b"PK\x03\x04", b"<")) or b"%PDF-" in head
    return size <= _LIGHT_BYTES and not is_other


class Parsers:
    """`parse_file` for many files, within limits of time and memory. Leaving it ends its processes.

    with Parsers(settings) as parsers:
        for found in parsers.parse(files):
            for item in found: ...
    """

    def __init__(
        self,
        settings: ParseSettings,
        parse_here: ParseFile = parse_file,
        n_workers: int | None = None,
        keep: Keep | None = None,
    ) -> None:
        """`parse_here` parses what needs no process of its own. `keep` is told of every file of few
        documents as soon as a process has read it, which may be long before it is taken."""
        self._settings = settings
        self._parse_here = parse_here
        self._keep = keep
        self._most = n_workers or min(_MOST_WORKERS, os.cpu_count() or 1)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._open: list[_Job] = []  # begun and not yet taken whole
        self._workers: list[_Worker] = []
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Parsers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        for worker in self._workers:
            self._jobs.put(None)
            worker.end()
        for job in self._open:
            job.room.release()
        for worker in self._workers:
            worker.thread.join()
        if self._watcher is not None:
            self._watcher.join()

    def parse(self, files: Iterable[tuple[Path, str]]) -> Iterator[Iterator[Item]]:
        """What each (path, source) holds, in the order of the files.

        A file's documents come one by one; ask for the next file when they are taken.
        """
        ahead: deque[_Job | Iterator[Item]] = deque()
        for path, source in files:
            if is_light(path):
                ahead.append(self._parse_here(path, source, self._settings))
            else:
                ahead.append(self._begin(path, source))
            if len(ahead) >= _FILES_AHEAD or len(self._open) >= 2 * self._most:
                yield from self._taken(ahead.popleft())
        while ahead:
            yield from self._taken(ahead.popleft())

    def _taken(self, first: _Job | Iterator[Item]) -> Iterator[Iterator[Item]]:
        if not isinstance(first, _Job):
            yield first
            return
        found = first.items()
        yield found
        for _ in found:  # so that its worker is free again
            pass
        self._open.remove(first)

    def _begin(self, path: Path, source: str) -> _Job:
        job = _Job(path, source)
        self._open.append(job)
        n_busy = sum(not job.is_parsed for job in self._open)
        if n_busy > len(self._workers) < self._most:
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
            worker = _Worker(
                self._settings, self._parse_here, self._jobs, self._closing, self._keep
            )
            self._workers.append(worker)
            worker.thread.start()
        self._jobs.put(job)
        return job

    def _watch(self) -> None:
        """Ends the process of every worker that has passed its deadline."""
        last = time.monotonic()
        while not self._closing.wait(_TICK_S):
            now = time.monotonic()
            for worker in list(self._workers):
                # A machine that slept, or a run that was stopped for a while, is no slow file.
                worker.pass_time(min(now - last, 1.0))
            last = now


class _Job:
    """One file and what has been found in it so far."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self.source = source
        self.room = threading.Semaphore(_ITEMS_AHEAD)
        self.is_parsed = False
        self._found: queue.SimpleQueue[Item | BaseException | None] = queue.SimpleQueue()

    def put(self, item: Item | BaseException | None) -> None:
        """None ends the file."""
        self.is_parsed = self.is_parsed or item is None
        self._found.put(item)

    def items(self) -> Iterator[Item]:
        while (item := self._found.get()) is not None:
            self.room.release()
            if isinstance(item, BaseException):
                raise item
            yield item


class _Worker:
    """A thread that hands files to a process of its own, and a new process when that one dies."""

    def __init__(
        self,
        settings: ParseSettings,
        parse_here: ParseFile,
        jobs: queue.SimpleQueue[_Job | None],
        closing: threading.Event,
        keep: Keep | None,
    ) -> None:
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self._settings = settings
        self._parse_here = parse_here
        self._jobs = jobs
        self._closing = closing
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # over the next two
        self._left_s: float | None = None  # until the deadline; None while nothing is waited for
        self._is_late = False

    def pass_time(self, seconds: float) -> None:
        with self._lock:
            if self._left_s is not None and not self._is_late:
                self._left_s -= seconds
                if self._left_s <= 0:
                    self._is_late = True
                    self.end()

    def end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()

    # --- the thread ---

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None and not self._closing.is_set():
            try:
                self._parse(job)
            except BaseException as error:  # shown where the documents are taken
                job.put(error)
            job.put(None)
        self._let_go()

    def _parse(self, job: _Job) -> None:
        request = Request(job.path, job.source, self._settings)
        if not self._has_taken(request) and not self._has_taken(request):
            # No process can be had (a limit of the system): better unguarded than not at all.
            for item in self._parse_here(job.path, job.source, self._settings):
                job.room.acquire()
                if self._closing.is_set():
                    return
                job.put(item)
            return
        started = time.monotonic()
        found: list[Item] = []
        while True:
            job.room.acquire()
            if self._closing.is_set():
                return
            try:
                message = self._next(self._settings.max_seconds)
            except EOFError:
                reason = self._why_it_died()
                job.put(Skipped(job.source, f"{job.source} {reason}", True, ends_file=True))
                return
            if isinstance(message, End):
                if self._keep is not None and len(found) <= _FEW:
                    self._keep(job.source, found, time.monotonic() - started)
                if message.is_last:
                    self._let_go()
                return
            if len(found) <= _FEW and not isinstance(message, BaseException):
                found.append(message)
            job.put(message)

    def _has_taken(self, request: Request) -> bool:
        """Whether a process has the request now. One that died idle is noticed here, and let go."""
        try:
            if self._process is None:
                self._process = _start()
                self._next(_START_S)
                if self._closing.is_set():
                    self.end()
            assert self._process.stdin is not None
            send(self._process.stdin, request)
        except (OSError, EOFError):
            self._let_go()
            return False
        return True

    def _next(self, limit_s: float) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._lock:
            self._left_s, self._is_late = limit_s, False
        try:
            return receive(self._process.stdout)
        finally:
            with self._lock:
                self._left_s = None

    def _why_it_died(self) -> str:
        code = self._let_go()
        if self._is_late:
            limit = self._settings.max_seconds
            return f"was not read within {limit} s and given up; raise max_seconds or split it"
        if code == OUT_OF_MEMORY or (os.name != "nt" and code == -signal.SIGKILL):
            limit = self._settings.max_memory_mb
            return f"needs more memory than {limit} MB; raise max_memory_mb or split it"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"made its reader crash ({how}); export or save it again"

    def _let_go(self) -> int:
        """Ends the process, if there is one; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what it did not take is lost with it
                pipe.close()
        try:
            return process.wait(timeout=1.0)  # it ends by itself when its stdin closes
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _start() -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise OSError("no Python to start")
    path = [entry or str(Path.cwd()) for entry in sys.path]
    # Not multiprocessing: that runs the caller's own script once more in every process.
    return subprocess.Popen(
        [sys.executable, "-c", _START, *path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
