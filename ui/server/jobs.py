"""Work in processes of its own: indexing, removing, batches. Survives a restart of the server.

Each kind of work has a queue and runs one job at a time, in order. A job is a row of the state
file; its process (`ui.server.job`) reads a line with the specification from its standard input and
writes a JSON object a line: `{"progress": …}`, at the end `{"result": …}` or `{"error": …}`. Its
input stays open for as long as the server lives: it ends when that closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ui.server.guarding import LOG
from ui.state import Job, State

_QUEUES = {
    "index": "documents",
    "remove": "documents",
    "batch": "batches",
    "measure": "measurements",
}
_ENDED = ("done", "failed", "cancelled")
Ended = Callable[[Job], Awaitable[None] | None]


class Jobs:
    """Lives on the event loop: `start` once, `stop` at the end."""

    def __init__(
        self,
        state: State,
        *,
        settings: Mapping[str, Any] | None = None,
        on_end: Ended | None = None,
    ) -> None:
        """`settings`: where a job finds its settings: `flags` of `--set`, and a `file`."""
        self._state = state
        self._settings = dict(settings or {})
        self._on_end = on_end
        self._queues: dict[str, asyncio.Queue[str]] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._changed: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Takes up what a server before has left over."""
        for name in set(_QUEUES.values()):
            self._queues[name] = asyncio.Queue()
            self._workers.append(asyncio.create_task(self._work(self._queues[name])))
        for job in self._state.unfinished_jobs():
            self._queues[_QUEUES[job.kind]].put_nowait(job.id)

    async def stop(self) -> None:
        """Running jobs are stopped and will be taken up again: both are safe at any moment."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()

    @property
    def waiting(self) -> int:
        return sum(queue.qsize() for queue in self._queues.values()) + len(self._processes)

    def add(self, user: str, kind: str, library: str, spec: Mapping[str, Any]) -> Job:
        job = self._state.add_job(user, kind, library, spec)
        self._queues[_QUEUES[kind]].put_nowait(job.id)
        return job

    def resume(self, job: Job, more: Mapping[str, Any]) -> Job:
        """A job that has ended takes its place at the end of its queue again; `more` is added to
        its specification.
        """
        self._state.set_job(job.id, "queued", spec={**job.spec, **more})
        self._queues[_QUEUES[job.kind]].put_nowait(job.id)
        return self._state.job(job.id) or job

    async def wait(self, job: Job, seconds: float) -> Job:
        """The job once it has ended, or as it is when the time is up."""
        event = self._changed.setdefault(job.id, asyncio.Event())
        now = self._state.job(job.id)
        if now is not None and now.status not in _ENDED:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        return self._state.job(job.id) or job

    async def cancel(self, job: Job) -> None:
        """A job that runs is stopped; one that has ended stays as it is."""
        self._end(job.id, "cancelled")
        self._tell(job.id)
        process = self._processes.get(job.id)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    async def _work(self, queue: asyncio.Queue[str]) -> None:
        while True:
            job = self._state.job(await queue.get())
            if job is None:
                continue
            if job.status in _ENDED:  # cancelled before its turn
                self._tell(job.id)
                continue
            try:
                await self._run(job)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                LOG.error("job", exc_info=error)
                self._end(job.id, "failed", error="internal error; the server's log has more")
            await self._after(job)

    async def _after(self, job: Job) -> None:
        now = self._state.job(job.id)
        if now is None or self._on_end is None:
            return
        try:
            found = self._on_end(now)
            if found is not None:
                await found
        except Exception as error:
            LOG.error("job", exc_info=error)
        finally:
            self._tell(job.id)

    async def _run(self, job: Job) -> None:
        self._state.set_job(job.id, "running")
        spec = {"kind": job.kind, "library": job.library, "settings": self._settings, **job.spec}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ui.server.job",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=1 << 24, start_new_session=True, env=_environment(),
        )  # fmt: skip
        self._processes[job.id] = process
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(spec).encode() + b"\n")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                await process.stdin.drain()
            last: dict[str, Any] = {}
            async for line in process.stdout:
                last = json.loads(line)
                if "progress" in last and self._is_on(job.id):
                    self._state.set_job(job.id, "running", progress=last["progress"])
            code = await process.wait()
        finally:
            self._processes.pop(job.id, None)
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
        if "result" in last and code == 0:
            self._end(job.id, "done", result=last["result"])
        else:
            told = last.get("error") or f"the process ended with exit code {code}"
            self._end(job.id, "failed", error=told)

    def _is_on(self, job_id: str) -> bool:
        job = self._state.job(job_id)
        return job is not None and job.status not in _ENDED

    def _end(
        self,
        job_id: str,
        status: str,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        if self._is_on(job_id):
            self._state.set_job(job_id, status, result=result, error=error)
        if self._on_end is None:
            self._tell(job_id)

    def _tell(self, job_id: str) -> None:
        event = self._changed.pop(job_id, None)
        if event is not None:
            event.set()


def _environment() -> dict[str, str]:
    """Our own modules are found, whatever lies in the folder that the server was started in."""
    ours = str(Path(__file__).parents[2])
    paths = [ours, *(path for path in sys.path if path and path != ours)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
