"""The library under test: opens it, asks it, and takes down what was retrieved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.case import Ranked
from evals.running import DEFAULT_AS_OF, Asked, Asker
from evals.schema import Question
from evals.sources import LibrarySources, Sources

if TYPE_CHECKING:
    from index.store import Library
    from rag.settings import RagSettings

DEPTH = 50  # ranked sentences that are taken down


class LibraryAsker:
    """Asks one open library. A question's own `as_of` comes before that of the run.

    Raises IndexMismatch or ModelUnavailable when made: that is one error, not one per question.
    """

    def __init__(self, library: Library, settings: RagSettings, as_of: date | None = None) -> None:
        from rag.answering import Answerer

        if settings.retrieval.dense:
            library.embedder  # noqa: B018 - loads it
        self._answerer = Answerer(library, settings)
        self._as_of = as_of or date.fromisoformat(DEFAULT_AS_OF)
        self.library = library.hash
        self.settings: Mapping[str, Any] = asdict(settings) | {
            "as_of": self._as_of.isoformat(),
            "answering": answering_hash(),
        }
        self.sources: Sources = LibrarySources(library)

    def ask(self, question: Question) -> Asked:
        """Raises what the answerer raises. A greeting retrieves nothing."""
        day = date.fromisoformat(question.as_of) if question.as_of else self._as_of
        answer, found = self._answerer.explained(
            question.question,
            id=question.id,
            as_of=day,
            history=[(turn.question, turn.answer) for turn in question.history],
            limit=DEPTH,
        )
        ranked = tuple(
            Ranked(s.doc_id, s.sentence.spans, s.score) for s in (found.sentences if found else ())
        )
        return Asked(answer.to_record(), ranked)


@cache
def answering_hash() -> str:
    """ "sha256:…" of what answers but is in no library: ranker, judge, word tables and their code.

    A run that is taken up again after any of them changed would mix two systems.
    """
    import index.thesaurus
    import rag

    digest = hashlib.sha256()
    for module in (rag, index.thesaurus):
        for path in sorted(Path(str(module.__file__)).parent.iterdir()):
            if path.suffix in (".py", ".json", ".bin", ".txt"):
                digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return "sha256:" + digest.hexdigest()


@contextmanager
def library_asker(path: Path, settings: RagSettings, as_of: date | None = None) -> Iterator[Asker]:
    """An asker for the library at `path`, open as long as the context."""
    from index.store import open_library

    with open_library(path) as library:
        yield LibraryAsker(library, settings, as_of)
