"""The process that parses for `index.parsing.pool`: requests on stdin, what it finds on stdout.

It lives until its stdin closes. What a hostile file can do to it ends with it: it hangs (the caller
kills it), it crashes, it takes too much memory (it ends itself).
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO

from index.parsing import parse_file
from index.parsing.settings import ParseSettings
from index.schema import Document, Skipped

OUT_OF_MEMORY = 77  # exit code
_LENGTH = struct.Struct(">Q")
_WATCH_S = 0.1
_CODE_MB = 512  # address space of code, stacks and arenas, which is not memory


@dataclass(frozen=True, slots=True)
class Request:
    path: Path
    source: str
    settings: ParseSettings


@dataclass(frozen=True, slots=True)
class End:
    """No more documents in this file."""

    is_last: bool  # the process has grown and ends itself


def send(pipe: IO[bytes], message: object) -> None:
    data = pickle.dumps(message, protocol=5)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next message; raises EOFError when the other side has gone, midway included."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def main() -> None:
    requests, answers = _own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who then ends us
    send(answers, "ready")
    limit = _Limit()
    with contextlib.suppress(EOFError, BrokenPipeError), Path(os.devnull).open("w") as nowhere:
        while True:
            request: Request = receive(requests)
            limit.set(request.settings.max_memory_mb)
            # Should the caller be killed while this process hangs, it must not hang for ever.
            patience_s = 2 * request.settings.max_seconds + 60
            found = parse_file(request.path, request.source, request.settings)
            try:
                while (item := _next(found, patience_s, nowhere)) is not None:
                    send(answers, item)
            except ImportError as error:
                send(answers, ImportError(str(error)))
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            # What is left over from a big file would count against the next one.
            is_last = resident_mb() > request.settings.max_memory_mb / 2
            send(answers, End(is_last))
            if is_last:
                return


def _next(
    found: Iterator[Document | Skipped], patience_s: float, nowhere: TextIO
) -> Document | Skipped | None:
    # A thread of C's own: it ends the process whatever this one is stuck in.
    faulthandler.dump_traceback_later(patience_s, exit=True, file=nowhere)
    try:
        return next(found, None)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """stdin and stdout for ourselves; a library that prints must not write into our messages."""
    requests, answers = os.dup(0), os.dup(1)
    with Path(os.devnull).open("r+b") as nowhere:
        for fd in (0, 1, 2):
            os.dup2(nowhere.fileno(), fd)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def resident_mb() -> float:
    """Memory of this process; 0.0 where the system does not say (Windows)."""
    # Linux counts the memory of whoever started us into ru_maxrss.
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    if sys.platform != "win32":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return 0.0


class _Limit:
    """Keeps the process below a memory limit, by the system's means and by watching."""

    def __init__(self) -> None:
        self._mb = 0
        if sys.platform != "win32":
            import resource

            # A core dump would be a copy of the document that nobody erases.
            _, hard = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (0, hard))

    def set(self, mb: int) -> None:
        is_watched, self._mb = self._mb > 0, mb
        if not is_watched and resident_mb():
            threading.Thread(target=self._watch, daemon=True).start()
        if sys.platform == "linux":  # elsewhere it is not kept, or refused
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            most = (mb + _CODE_MB) * 1_000_000
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    def _watch(self) -> None:
        while resident_mb() <= self._mb:
            time.sleep(_WATCH_S)
        os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
