"""Embedder and reranker by API, against a server on loopback."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from index.embedding import EmbeddingSettings, load_embedder
from index.errors import ModelUnavailable
from index.ingesting import IndexSettings, index_sources
from index.store import open_library
from rag.answering import Answerer
from rag.settings import AnswerabilitySettings, RagSettings, RerankSettings


def vector(text: str) -> list[float]:
    return [float(text.count(c)) for c in "锂产量价年"] + [1.0]


def embeddings(said: Any) -> Any:
    def script(body: dict[str, Any]) -> Any:
        rows = [{"index": i, "embedding": vector(t)} for i, t in enumerate(body["input"])]
        return said(body=json.dumps({"data": rows[::-1]}))

    return script


def test_vectors_are_the_servers_in_the_order_of_the_texts(
    scripted_llm: Any, said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENJU_EMBEDDING_API_KEY", "sk-secret")
    scripted_llm.script = embeddings(said)
    model = load_embedder(EmbeddingSettings(model="bge", api_url=scripted_llm.url, batch_size=2))
    texts = ["锂锂", "产量", "", "价"]
    found = model.embed_documents(texts)
    assert found.shape == (4, model.dim) == (4, 6)
    for row, text in zip(found, texts, strict=True):
        expected = np.array(vector(text)) / np.linalg.norm(vector(text)) if text else np.zeros(6)
        assert row == pytest.approx(expected)
    assert model.embed_documents([]).shape == (0, 6)
    assert scripted_llm.headers[-1]["authorization"] == "Bearer sk-secret"
    assert "secret" not in model.model_id


@pytest.mark.parametrize("body", ["{}", "[]", '{"data": []}', "<html>", '{"data":[{"index":0}]}'])
def test_a_server_that_gives_no_vectors_is_named(scripted_llm: Any, said: Any, body: str) -> None:
    scripted_llm.script = lambda _: said(status=400 if body == "<html>" else 200, body=body)
    with pytest.raises(ModelUnavailable, match=scripted_llm.url):
        load_embedder(EmbeddingSettings(model="bge", api_url=scripted_llm.url))


def test_a_library_is_indexed_and_asked_through_the_server(
    tmp_path: Any, scripted_llm: Any, said: Any
) -> None:
    scripted_llm.script = embeddings(said)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(
        "2025年锂产量为96万吨。\n价格下跌。\n", encoding="utf-8"
    )
    settings = IndexSettings(embedding=EmbeddingSettings(model="bge", api_url=scripted_llm.url))
    index_sources(tmp_path / "library", [tmp_path / "docs"], settings)
    with open_library(tmp_path / "library") as library:
        assert "96万吨" in Answerer(library).answer("2025年锂产量是多少？").answer


@pytest.mark.parametrize("works", [True, False])
def test_a_reranker_changes_the_order_and_its_failure_nothing(
    works: bool, tmp_path: Any, scripted_llm: Any, said: Any, tiny_settings: IndexSettings
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(
        "2025年锂产量为96万吨。\n2025年锂产量公布于年底。\n", encoding="utf-8"
    )
    index_sources(tmp_path / "library", [tmp_path / "docs"], tiny_settings)

    def script(body: dict[str, Any]) -> Any:
        if not works:
            return said(status=400)
        rows = [
            {"index": i, "relevance_score": float("公布" in t)}
            for i, t in enumerate(body["documents"])
        ]
        return said(body=json.dumps({"results": rows}))

    scripted_llm.script = script
    with open_library(tmp_path / "library") as library:
        question = "2025年锂产量是多少？"
        always = AnswerabilitySettings(min_confidence=0.0)
        plain, _ = Answerer(library, RagSettings(answerability=always)).explained(question)
        rerank = RerankSettings(base_url=scripted_llm.url, model="r")
        other, found = Answerer(
            library, RagSettings(answerability=always, rerank=rerank)
        ).explained(question)
    assert found is not None
    assert ("公布" in found.sentences[0].text) is works
    assert other.confidence == plain.confidence
    assert other.status == plain.status == "answered"
