"""A library as a LangChain retriever, and answering as a Runnable. LangChain's types stay here.

retriever = library_retriever(library)
chain = answering_runnable(library)
chain.invoke("…")["answer"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict

from rag.answering import Answerer
from rag.schema import Passage
from rag.searching import search
from rag.settings import RagSettings, RetrievalSettings

if TYPE_CHECKING:
    from index.store import Library


class LibraryRetriever(BaseRetriever):
    """Passages of a library, best first, as LangChain documents.

    Metadata: `source`, `doc_id`, `title`, `page` and `section` of the first sentence (None where
    the format has none), `spans` ([start, end] pairs of the document's text), `score`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Any  # index.store.Library
    settings: RetrievalSettings = RetrievalSettings()
    as_of: date | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = search(
            self.library, query, self.settings, as_of=self.as_of, limit=self.settings.passages
        )
        return [_document(self.library, passage) for passage in found.passages]


def library_retriever(
    library: Library, settings: RetrievalSettings | None = None, *, as_of: date | None = None
) -> LibraryRetriever:
    return LibraryRetriever(library=library, settings=settings or RetrievalSettings(), as_of=as_of)


def answering_runnable(
    library: Library, settings: RagSettings | None = None
) -> Runnable[Any, dict[str, Any]]:
    """A Runnable from a question to the answer record.

    Input: the question, or {"question": …} with any of `id`, `as_of` (a date or ISO text),
    `sources`, `history` (earlier turns, as `Answerer.answer` takes them) and
    `completed_question`. `invoke`, `ainvoke` and `batch` work; errors are those of
    `Answerer.answer`.
    """
    answerer = Answerer(library, settings)

    def answer(question: str | Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(question, str):
            return answerer.answer(question).to_record()
        as_of = question.get("as_of")
        sources: Sequence[str] | None = question.get("sources")
        return answerer.answer(
            question["question"],
            id=str(question.get("id", "q1")),
            as_of=date.fromisoformat(as_of) if isinstance(as_of, str) else as_of,
            sources=sources,
            history=question.get("history") or (),
            completed_question=question.get("completed_question"),
        ).to_record()

    return RunnableLambda(answer, name="wenju")


def _document(library: Library, passage: Passage) -> Document:
    chunk = passage.chunk
    document = library.document(chunk.doc_id)
    sentences = library.sentences(chunk.doc_id)[chunk.first_sentence : chunk.last_sentence]
    section = document.blocks[sentences[0].block].section if sentences else ()
    return Document(
        page_content=passage.text,
        id=chunk.chunk_id,
        metadata={
            "source": passage.source,
            "doc_id": chunk.doc_id,
            "title": passage.title,
            "page": document.page_at(chunk.span.start),
            "section": " > ".join(section) or None,
            "spans": [[chunk.span.start, chunk.span.end]],
            "score": passage.score,
        },
    )
