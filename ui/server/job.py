"""One job in a process of its own; see `ui.server.jobs`."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.errors import EvaluationError
from index.errors import IndexingError, LibraryLocked
from rag.errors import AnsweringError
from ui.errors import OutRefused, UiError

# In the folder of a batch.
QUESTIONS, RECORDS = "questions.jsonl", "answers.jsonl"
_LOCKED_S = 60.0  # so long another writer of the library is waited for
_TELL_EVERY_S = 0.2
Tell = Callable[[dict[str, Any]], None]


def main() -> int:
    spec = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_server, daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(10)  # those who ask come first
    try:
        result = _KINDS[spec["kind"]](spec, _teller())
    except (IndexingError, AnsweringError, EvaluationError, UiError, OSError) as error:
        _write({"error": _without_places(" ".join(str(error).split()), spec)})
        return 1
    _write({"result": result})
    return 0


def _index(spec: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from index.ingesting import Progress, index_sources

    def on_progress(now: Progress) -> None:
        tell({"files_done": now.files_done, "files_total": now.files_total,
              "documents": now.documents, "source": now.source})  # fmt: skip

    report = _patiently(
        lambda: index_sources(
            Path(spec["path"]),
            [Path(p) for p in spec["sources"]],
            _settings(spec).stage("index"),
            on_progress=on_progress,
        )
    )
    folder = spec.get("uploads", "")
    told = asdict(report)
    told["skipped"] = [
        {"source": one.source, "reason": one.reason.replace(folder + os.sep, ""),
         "is_error": one.is_error}
        for one in report.skipped[:100]
    ]  # fmt: skip
    told["n_skipped"] = len(report.skipped)
    return told


def _remove(spec: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from index.ingesting import remove_documents

    n = _patiently(lambda: remove_documents(Path(spec["path"]), spec["doc_ids"]))
    for name in spec.get("files", []):
        Path(name).unlink(missing_ok=True)
    return {"removed": n}


def _batch(spec: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from contextlib import ExitStack
    from datetime import date

    from index.store import open_library
    from rag.answering import Answerer
    from rag.filters import filters_of
    from ui.batch import BatchProgress, BatchRun, run_batch
    from ui.questions import read_questions
    from ui.workers import Workers, sensible

    folder, path = Path(spec["folder"]), Path(spec["path"])
    sources, kinds, since, until = spec["where"]
    rag = _settings(spec).stage("rag")
    questions = read_questions(folder / spec.get("questions", QUESTIONS))
    with ExitStack() as stack:
        library = stack.enter_context(open_library(path))
        as_of = date.fromisoformat(spec["as_of"]) if spec["as_of"] else None
        where = filters_of(sources, kinds, since, until)
        run = BatchRun(library.hash, as_of, where, spec.get("retry_failed", False))
        n = sensible(len(questions.questions), library)
        answerer: Answerer | Workers = Answerer(library, rag)
        if n > 1:
            answerer = stack.enter_context(Workers(path, rag, run, n))

        def on_progress(now: BatchProgress) -> None:
            left = round(now.seconds_left, 1)
            tell({"done": now.done, "total": now.total, "seconds_left": left})

        out = folder / RECORDS
        report = _patiently(
            lambda: run_batch(questions, out, answerer, run, on_progress=on_progress)
        )
    return {
        "total": report.total,
        "answered": report.count("answered"),
        "abstained": report.count("abstained"),
        "failed": report.count("error"),
        "repeated": report.repeated,
        "why_failed": dict(report.errors.most_common(5)),
        "seconds": round(report.seconds, 2),
    }


def _measure(spec: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from ui.measuring import measure
    from ui.quality import Quality

    return measure(
        Quality(Path(spec["folder"])),
        Path(spec["path"]),
        _settings(spec).stage("rag"),
        lambda done, total, _: tell({"done": done, "total": total}),
    )


def _without_places(text: str, spec: Mapping[str, Any]) -> str:
    """What went wrong is for the caller, where things lie on the server is not."""
    for place in (spec.get("uploads"), spec.get("folder"), spec.get("path")):
        if place:
            text = text.replace(f"{place}{os.sep}", "").replace(place, spec["library"])
    return text


def _end_with_server() -> None:
    """Work that nobody waits for would be in the way of the next server's."""
    while os.read(0, 4096):
        pass
    os._exit(75)


def _patiently(work: Callable[[], Any]) -> Any:
    """Waits for another writer of the library, within reason."""
    until = time.monotonic() + _LOCKED_S
    while True:
        try:
            return work()
        except (LibraryLocked, OutRefused):  # the one before us may be ending just now
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _settings(spec: Mapping[str, Any]) -> Any:
    from ui.settings import load_settings

    given = spec["settings"]
    file = Path(given["file"]) if given.get("file") else None
    flags = given.get("flags", [])
    return load_settings(["index", "rag"], flags=flags, environ=os.environ, file=file)


def _teller() -> Tell:
    last = 0.0

    def tell(progress: dict[str, Any]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TELL_EVERY_S:
            last = now
            _write({"progress": progress})

    return tell


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Tell], dict[str, Any]]] = {
    "index": _index,
    "remove": _remove,
    "batch": _batch,
    "measure": _measure,
}

if __name__ == "__main__":
    sys.exit(main())
