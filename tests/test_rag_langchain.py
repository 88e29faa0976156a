from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from index.ingesting import IndexReport
from index.store import open_library
from rag.langchain import answering_runnable, library_retriever
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
TEXT = "# 青屿港\n\n## 用工\n\n港口现有员工8600人。\n\n## 位置\n\n港口位于云岭县以东。\n"
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))


def test_documents_carry_their_place_and_the_sources_characters(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": TEXT})
    with open_library(path) as library:
        retriever = library_retriever(library, RetrievalSettings(passages=2))
        documents = retriever.invoke("港口有多少员工")
        again = asyncio.run(retriever.ainvoke("港口有多少员工"))
        text = library.document("harbour.md").text
    assert documents == again
    assert 1 <= len(documents) <= 2
    for found in documents:
        (start, end) = found.metadata["spans"][0]
        assert found.page_content == text[start:end]
        assert set(found.metadata) >= {"source", "page", "section", "spans", "doc_id"}
    assert "8600人" in documents[0].page_content


def test_nothing_to_look_for_gives_no_documents(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": TEXT})
    with open_library(path) as library:
        assert library_retriever(library).invoke("什么？") == []


def test_a_runnable_gives_answer_records(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": TEXT})
    with open_library(path) as library:
        chain = answering_runnable(library, ALWAYS)
        one = chain.invoke({"question": "港口有多少员工", "id": "a", "as_of": "2026-01-31"})
        asynchronous = asyncio.run(chain.ainvoke("港口有多少员工"))
        two = chain.batch(["港口有多少员工", "港口位于哪里"])
    assert (one["id"], one["as_of"], one["status"]) == ("a", "2026-01-31", "answered")
    assert one["answer"].startswith("8600人[1]\n")  # the thing itself, then its sentence
    assert "8600人。[1]" in one["answer"]
    assert asynchronous["answer"] == one["answer"]
    assert "云岭县" in two[1]["answer"]


def test_the_chain_takes_a_conversation(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": TEXT})
    with open_library(path) as library:
        chain = answering_runnable(library, ALWAYS)
        first = chain.invoke("港口现有多少员工？")
        second = chain.invoke({"question": "它位于哪里？", "history": [first]})
        given = chain.invoke({"question": "它呢？", "completed_question": "港口位于哪里？"})
    assert second["completed_question"] == "港口位于哪里？"
    assert "云岭县" in second["answer"]
    assert given["answer"] == second["answer"]
