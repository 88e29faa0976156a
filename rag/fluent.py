"""One question and a language model: completed, searched for in other words, read, accounted for.

Made for a question where the settings name a model; imports LangChain once the model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag import support
from rag.citing import cite
from rag.errors import UnverifiedCitation
from rag.generation import ENGINE, FALLBACK, LlmReader, Reading, usage_of
from rag.injection import disguised, is_order_at
from rag.llm_settings import LlmSettings
from rag.ranking import Scores
from rag.reading import Draft
from rag.retrieval import Retrieval
from rag.rewriting import other_wordings, rewritten
from rag.schema import Citation, Shown, Statement
from rag.topics import Turn

if TYPE_CHECKING:
    from index.store import Library


class Fluent:
    """What is told of it afterwards: `engine`, `statements`, `citations`, `usage()`."""

    def __init__(self, library: Library, settings: LlmSettings, question: str) -> None:
        self._library = library
        self._settings = settings
        self._question = question
        self._reader = LlmReader(library, settings)
        self._asking = self._reader.client.asking()
        self._reading = Reading()
        self._completed = False
        self._wordings: list[str] = []
        self.searched: str | None = None  # the wording that found what is read
        self.engine = ENGINE

    @property
    def statements(self) -> list[Statement]:
        return self._reading.statements

    @property
    def citations(self) -> list[Citation]:
        return self._reading.citations

    def completed(self, turns: Sequence[Turn]) -> str | None:
        """The question as it stands alone; None where the model has nothing to add, or fails."""
        if not turns or not self._settings.rewrite:
            return None
        found = rewritten(
            self._reader.client, self._asking, self._question, turns, support.shipped_embed()
        )
        self._completed = found is not None
        self._question = found or self._question
        return found

    def other_wordings(self, question: str) -> list[str]:
        if not self._settings.expand:
            return []
        self._question = question
        self._wordings = other_wordings(
            self._reader.client, self._asking, question, support.shipped_embed()
        )
        return self._wordings

    def without_orders(self, retrieval: Retrieval, scores: Scores) -> tuple[Retrieval, Scores]:
        """Sentences that speak to a model are as if they had not been found."""
        texts: dict[str, list[str]] = {}
        kept: list[int] = []
        for i, found in enumerate(retrieval.sentences):
            document = found.document
            own = texts.get(document.doc_id)
            if own is None:
                own = texts[document.doc_id] = [
                    document.joined(s.spans) for s in self._library.sentences(document.doc_id)
                ]
            if not is_order_at(own, found.position) and not disguised(document.title):
                kept.append(i)
        if len(kept) == len(retrieval.sentences):
            return retrieval, scores
        sentences = tuple(retrieval.sentences[i] for i in kept)
        return (
            replace(retrieval, sentences=sentences, features=retrieval.features[kept]),
            scores[kept],
        )

    def read(
        self, language: str, retrieval: Retrieval, scores: Scores, sides: Sequence[Draft]
    ) -> Iterator[Shown]:
        """Verified statements, as they come. `sides`: sentences whose figures disagree; those that
        the model left out are added in their own words.
        """
        for step in self._reader.read(self._question, language, retrieval, scores, self._asking):
            if isinstance(step, Shown):
                yield step
            else:
                self._reading = step
        if not self._reading.statements:
            self.engine = FALLBACK
            return
        yield from self._added(sides)

    def _added(self, sides: Sequence[Draft]) -> Iterator[Shown]:
        reading = self._reading
        for draft in sides:
            spans = [(s.start, s.end) for s in draft.spans]
            if any(
                c.doc_id == draft.document.doc_id and [(s.start, s.end) for s in c.spans] == spans
                for c in reading.citations
            ):
                continue
            try:
                citation = cite(
                    draft.document, draft.spans, n=len(reading.citations) + 1, score=draft.score
                )
            except UnverifiedCitation:
                continue
            statement = Statement(citation.quote, (citation.n,))
            reading.citations.append(citation)
            reading.statements.append(statement)
            yield Shown(statement, (citation,))

    def usage(self) -> dict[str, Any]:
        return usage_of(
            self._reader.client,
            self._asking,
            self._reading,
            rewritten=int(self._completed),
            wordings=self._wordings,
            searched=self.searched,
            seconds=round(self._asking.used.seconds, 3),
        )
