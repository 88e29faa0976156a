"""The libraries that a page can ask."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

import ui.shelf
from index.errors import IndexingError
from index.places import list_libraries, resolve_library
from rag.errors import AnsweringError
from ui.messages import say
from ui.web.page import answer_html, notice_html

if TYPE_CHECKING:
    from rag.settings import RagSettings


_TURNS = 8  # of a conversation that are kept


class Shelf:
    """Libraries by the names a page may use. Safe to share by threads."""

    def __init__(
        self,
        settings: RagSettings,
        library: str | None = None,
        *,
        shelf: ui.shelf.Shelf | None = None,
    ) -> None:
        """`library` (name or path) is the only one offered; None offers all named ones.

        `shelf`: open libraries shared with others, who close them.
        """
        self._settings = settings
        self._only = library
        self._own = shelf is None
        self._shelf = shelf or ui.shelf.Shelf()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._shelf.close()

    def names(self) -> list[str]:
        if self._only is not None:
            return [self._only]
        return [path.name for path in list_libraries()]

    def ask(self, name: str, question: str) -> str:
        """HTML of the answer; what goes wrong is a line of it."""
        return self.ask_after(name, question, [])[0]

    def ask_after(
        self, name: str, question: str, turns: list[dict[str, Any]]
    ) -> tuple[str, list[dict[str, Any]]]:
        """HTML of the answer and the conversation with it: records, oldest first."""
        from rag.answering import Answerer
        from ui.context import context_of

        if not question.strip():
            return notice_html(say("chat_empty")), turns
        if name not in self.names():  # a page may ask for these, and for nothing else on the disk
            return notice_html(say("chat_none")), turns
        try:
            with self._shelf.reading(resolve_library(name)) as library:
                # A conversation is about one library.
                turns = [turn for turn in turns if turn["library"] == library.hash]
                answer = Answerer(library, self._settings).answer(question.strip(), history=turns)
                shown = answer_html(answer, context_of(answer, library))
                return shown, [*turns, answer.to_record()][-_TURNS:]
        except (IndexingError, AnsweringError) as error:
            return notice_html(str(error)), turns
        except Exception as error:  # our own mistake: one line here, the rest where we can read it
            logging.getLogger(__name__).exception("a question could not be answered")
            line = say("internal", error=f"{type(error).__name__}: {error}")
            return notice_html(line), turns

    def examples(self, name: str) -> list[str]:
        """Questions that this library can be asked; [] where none are known."""
        from ui.demo import questions_for

        try:
            with self._shelf.reading(resolve_library(name)) as library:
                return questions_for(library)
        except IndexingError:
            return []
