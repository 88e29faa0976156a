"""How well a library answers: its own question set, the baseline, and what was measured last.

`ROOT/evals/NAME/` beside `ROOT/libraries/NAME`. The command line and the page share it: a set or a
baseline that lies elsewhere (in git) is remembered by its place. Where keys are asked for, each
user of a library that is not theirs alone has a folder of their own below it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.files import write_whole
from index.places import home
from ui.errors import UiError
from ui.messages import say

if TYPE_CHECKING:
    from evals.case import Case
    from evals.gating import Gate

LANGUAGES = ("zh", "en")
_PATIENCE_S = 20
_PLACES, _LAST, _RUN = "places.json", "last.json", "run.jsonl"


@dataclass(frozen=True, slots=True)
class Quality:
    """One library as one person has measured it."""

    folder: Path

    @property
    def questions(self) -> Path:
        """The library's question set; it need not exist yet."""
        return self._place("questions") or self.folder / "questions.jsonl"

    @property
    def baseline(self) -> Path:
        return self._place("baseline") or self.folder / "baseline.json"

    @property
    def run(self) -> Path:
        """Where the page's own runs lie."""
        return self.folder / _RUN

    def remember(self, *, questions: Path | None = None, baseline: Path | None = None) -> None:
        """These are the library's from now on."""
        places = self._read(_PLACES)
        for name, path in (("questions", questions), ("baseline", baseline)):
            if path is not None:
                places[name] = str(path.absolute())
        self._write(_PLACES, json.dumps(places, ensure_ascii=False, indent=1))

    def keep(
        self,
        kind: str,
        cases: Sequence[Case],
        found: Gate | None = None,
        *,
        library: str = "",
        problem: Exception | None = None,
        reason: str = "",
    ) -> dict[str, Any]:
        """What was measured just now, and its report in both languages. `kind`: gate, accept, run.

        `library`: the hash of what was asked; `problem`: why there is no verdict.
        """
        from evals.baseline import short
        from evals.gate_words import headline
        from evals.metrics.truthfulness import is_right
        from evals.quality_page import quality_page

        why = {lang: self._why(problem, lang) for lang in LANGUAGES} if problem else None
        told = {
            "kind": kind,
            "on": datetime.now(UTC).isoformat(timespec="seconds"),
            "library": short(library),
            "n": len(cases),
            "right": sum(is_right(c) for c in cases),
            "verdict": found.verdict.name.lower() if found else None,
            "exit_code": 3 if problem else int(found.verdict) if found else None,
            "headline": {lang: headline(found, lang) for lang in LANGUAGES} if found else None,
            "broken": len(found.broken) if found else 0,
            "fixed": len(found.fixed) if found else 0,
            "problem": why,
            "reason": reason,
        }
        for lang in LANGUAGES:
            self._write(_report(lang), quality_page(cases, found, lang, why[lang] if why else ""))
        self._write(_LAST, json.dumps(told, ensure_ascii=False, indent=1))
        return told

    def last(self) -> dict[str, Any] | None:
        """What `keep` was told; None where nothing was measured, or it cannot be read."""
        return self._read(_LAST) or None

    def report(self, lang: str) -> str | None:
        """The whole page of the last measurement."""
        try:
            return (self.folder / _report(lang)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the question set: the page and `wenju eval join` may both add to it.

        Raises UiError where somebody else is for too long.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock", timeout=_PATIENCE_S)
        try:
            lock.acquire()
        except Timeout:
            raise UiError(say("set_locked", seconds=_PATIENCE_S)) from None
        try:
            yield
        finally:
            lock.release()

    def _why(self, problem: Exception, lang: str) -> str:
        """In either language where it can be said so; without the places of our own files."""
        text: str = getattr(problem, "told", {}).get(lang, str(problem))
        return text.replace(f"{self.folder}{os.sep}", "")

    def _place(self, name: str) -> Path | None:
        place = self._read(_PLACES).get(name)
        if not isinstance(place, str) or not Path(place).parent.is_dir():
            return None  # a checkout that is gone is not made again
        return Path(place)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / name, text.encode())


def quality_of(library: Path, user: str = "") -> Quality:
    """Of a library's folder; `user`: one of several who use the same library."""
    if library.parent.name == "libraries":
        folder = library.parent.parent / "evals" / library.name
    else:
        digest = sha256(str(library.absolute()).encode()).hexdigest()[:8]
        folder = home() / "evals" / f"{library.name}-{digest}"
    return Quality(folder / "users" / user if user else folder)


def _report(lang: str) -> str:
    return f"report.{lang}.html"
