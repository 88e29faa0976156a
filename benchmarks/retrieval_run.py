"""Answers to questions kept as they come, so that a run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.retrieval_sets import Query, spread
from index.ingesting import index_sources
from index.store import Library, open_library

ROOT = Path(__file__).parents[1]

Row = dict[str, Any]


class OutOfTime(Exception):
    """--minutes are over."""


@dataclass
class Run:
    data: Path
    work: Path
    limit: int
    ends_at: float
    systems: frozenset[str] = frozenset()
    unfinished: list[tuple[str, str]] = field(default_factory=list)

    def rows(
        self,
        part: str,
        system: str,
        key: str,
        queries: Sequence[Query],
        engine: Callable[[], Callable[[Query], Row]],
    ) -> dict[str, Row]:
        """What each question found; {} when there is no time for it, or nobody asked for it.

        The engine is made only where something is missing.
        """
        if self.systems and system not in self.systems:
            return {}
        try:
            return self._rows(part, system, key, queries, engine)
        except OutOfTime:
            self.unfinished.append((part, system))
            return {}

    def _rows(
        self,
        part: str,
        system: str,
        key: str,
        queries: Sequence[Query],
        engine: Callable[[], Callable[[Query], Row]],
    ) -> dict[str, Row]:
        name = "".join(c if c.isalnum() else "-" for c in f"{part}--{system}")
        path = self.work / "rows" / f"{name}-{key}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = _read(path)
        missing = [q for q in queries if q.id not in rows]
        if missing:
            self.check_time()
            started = time.monotonic()
            ask = engine()
            ready = time.monotonic()
            with path.open("a", encoding="utf-8") as file:
                for query in missing:
                    self.check_time()
                    rows[query.id] = ask(query)
                    line = {"id": query.id, **rows[query.id]}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            spent = time.monotonic() - ready
            print(
                f"{part}: {system}: {len(missing)} questions, ready in {ready - started:.1f} s, "
                f"{1000 * spent / len(missing):.1f} ms a question",
                file=sys.stderr,
            )
        return {q.id: rows[q.id] for q in queries}

    def not_measured(self) -> list[str]:
        """The parts that are not whole, each with the systems it lacks."""
        parts: dict[str, list[str]] = {}
        for part, system in self.unfinished:
            parts.setdefault(part, []).append(system)
        return [f"{part}: {' / '.join(systems)}" for part, systems in parts.items()]

    def check_time(self) -> None:
        if time.monotonic() > self.ends_at:
            raise OutOfTime

    def asked(self, queries: Sequence[Query]) -> list[Query]:
        return spread(queries, self.limit)


def _read(path: Path) -> dict[str, Row]:
    if not path.is_file():
        return {}
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # cut short by a stop
            continue
        rows[row.pop("id")] = row
    return rows


def code_hash(*places: str) -> str:
    """Of all files below these folders of the checkout, or these files."""
    digest = hashlib.sha256()
    for place in places:
        found = [ROOT / place] if (ROOT / place).is_file() else sorted((ROOT / place).rglob("*"))
        for path in found:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def library_of(run: Run, name: str, sources: Callable[[Path], Sequence[Path]]) -> Library:
    """Indexed if need be. A library of other code is thrown away."""
    base = run.work / "libraries"
    path = base / f"{name}-{code_hash('index')}"
    if not (path / "done").is_file():
        for old in base.glob(f"{name}-*"):
            if old != path:
                shutil.rmtree(old)
        run.check_time()
        started = time.monotonic()
        report = index_sources(path, sources(base / "sources" / name))
        (path / "done").touch()
        print(
            f"{name}: {report.n_documents} documents, {report.n_chunks} chunks, indexed in "
            f"{time.monotonic() - started:.0f} s",
            file=sys.stderr,
        )
    return open_library(path)
