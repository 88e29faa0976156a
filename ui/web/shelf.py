"""The libraries that a page can ask, open for as long as somebody reads them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from index.errors import IndexingError
from index.places import list_libraries, resolve_library
from rag.errors import AnsweringError
from ui.messages import say
from ui.web.page import answer_html, notice_html

if TYPE_CHECKING:
    from index.store import Library
    from rag.settings import RagSettings


@dataclass(slots=True)
class _Open:
    """A library, how many questions read it now, and whether a newer generation took its place."""

    library: Library
    readers: int = 0
    is_replaced: bool = False


class Shelf:
    """Each library stays open until a newer generation is committed. Safe to share by threads."""

    def __init__(self, settings: RagSettings, library: str | None = None) -> None:
        """`library` (name or path) is the only one offered; None offers all named ones."""
        self._settings = settings
        self._only = library
        self._open: dict[Path, _Open] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].library.close()

    def names(self) -> list[str]:
        if self._only is not None:
            return [self._only]
        return [path.name for path in list_libraries()]

    def ask(self, name: str, question: str) -> str:
        """HTML of the answer; what goes wrong is a line of it."""
        from rag.answering import Answerer
        from ui.context import context_of

        if not question.strip():
            return notice_html(say("chat_empty"))
        if name not in self.names():  # a page may ask for these, and for nothing else on the disk
            return notice_html(say("chat_none"))
        try:
            with self._reading(name) as library:
                answer = Answerer(library, self._settings).answer(question.strip())
                return answer_html(answer, context_of(answer, library))
        except (IndexingError, AnsweringError) as error:
            return notice_html(str(error))
        except Exception as error:  # our own mistake: one line here, the rest where we can read it
            logging.getLogger(__name__).exception("a question could not be answered")
            return notice_html(say("internal", error=f"{type(error).__name__}: {error}"))

    def examples(self, name: str) -> list[str]:
        """Questions that this library can be asked; [] where none are known."""
        from ui.demo import questions_for

        try:
            with self._reading(name) as library:
                return questions_for(library)
        except IndexingError:
            return []

    @contextmanager
    def _reading(self, name: str) -> Iterator[Library]:
        """The current generation; one that was replaced is closed by its last reader."""
        from index.store import open_library

        path = resolve_library(name)
        with self._lock:
            held = self._open.get(path)
            if held is None or held.library.stale():
                fresh = _Open(open_library(path))
                if held is not None:
                    held.is_replaced = True
                    _close_unread(held)
                held = self._open[path] = fresh
            held.readers += 1
        try:
            yield held.library
        finally:
            with self._lock:
                held.readers -= 1
                _close_unread(held)


def _close_unread(held: _Open) -> None:
    if held.is_replaced and not held.readers:
        held.library.close()
