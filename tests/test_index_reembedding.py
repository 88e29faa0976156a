"""Another model for a library: new vectors alone, never two models' vectors side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import index.ingesting
import index.reembedding
from index.coarse import write_coarse
from index.embedding import EmbeddingSettings, StaticEmbedder
from index.errors import ModelUnavailable
from index.ingesting import IndexSettings, Progress, index_sources, remove_documents
from index.manifest import read_manifest, read_sources, write_manifest
from index.segment import LEXICAL
from index.store import check_library, open_library

FILES = {
    "a.txt": "出口管制在十月扩大。\n\n稀土价格上涨了15%。",
    "b.md": "# 关税\n\nThe tariff rose to 25 percent.\n\n芯片工厂雇用了三千人。",
    "c.txt": "锂的产量翻了一番。",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path, tiny_settings: IndexSettings) -> Path:
    """Two segments, one of them with a tombstone."""
    path = tmp_path / "library"
    index_sources(path, [docs], tiny_settings)
    (docs / "d.txt").write_text("台风在夜间登陆。", encoding="utf-8")
    (docs / "c.txt").unlink()
    index_sources(path, [docs], tiny_settings)
    return path


@pytest.fixture
def other(tiny_model: Path) -> IndexSettings:
    """The tiny model with other vectors: half of its dimensions."""
    return IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model), truncate_dim=4))


def found(path: Path, question: str) -> list[Any]:
    with open_library(path) as opened:
        return opened.search_dense(opened.embedder.embed_query(question), 5)


def test_library_is_as_if_built_with_the_other_model(
    library: Path, docs: Path, other: IndexSettings, tmp_path: Path
) -> None:
    before = read_manifest(library)
    report = index_sources(library, [], other)
    fresh = index_sources(tmp_path / "fresh", [docs], other)
    assert report.reembedded == read_manifest(library).fingerprint.model
    assert report.generation == before.generation + 1
    assert (report.unchanged, report.added, report.changed, report.removed) == (3, 0, 0, 0)
    assert report.library == fresh.library
    assert found(library, "稀土") == found(tmp_path / "fresh", "稀土")
    assert check_library(library) == []
    with open_library(library) as opened:
        for segment in opened._segments:
            codes = segment.dense.codes(0, segment.ref.n_chunks)
            write_coarse(tmp_path / "coarse", codes)
            stored = library / "segments" / segment.ref.id / "coarse.faiss"
            assert stored.read_bytes() == (tmp_path / "coarse").read_bytes()


def test_a_passage_is_near_a_question_that_names_only_the_title_of_its_document(
    tmp_path: Path,
) -> None:
    said = "始建于1907年，全长八百米，1983年大修过一次，现在只许行人通过。"
    records = (
        f'{{"id": "{name}", "title": "{title}", "text": "{said}"}}\n'
        for name, title in (("one", "浑河铁路桥"), ("two", "临江水塔"), ("three", "老城邮局"))
    )
    (tmp_path / "places.jsonl").write_text("".join(records), encoding="utf-8")
    index_sources(tmp_path / "library", [tmp_path / "places.jsonl"])
    for question, name in (("水塔修过吗", "two"), ("When was the post office built?", "three")):
        scores = {h.chunk.doc_id: h.score for h in found(tmp_path / "library", question)}
        assert len(scores) == 3
        assert max(scores, key=lambda doc_id: scores[doc_id]).endswith(name), scores


def test_vectors_made_without_titles_are_made_anew_by_the_next_run_and_no_file_is_read(
    library: Path, docs: Path, tiny_settings: IndexSettings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fresh = index_sources(tmp_path / "fresh", [docs], tiny_settings)
    now = read_manifest(library)
    older = replace(now, fingerprint=replace(now.fingerprint, vectors=0))
    write_manifest(library, older, read_sources(library, now))
    with open_library(library) as opened:  # until then it answers as it did
        assert opened.embedder.model_id == now.fingerprint.model

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read")

    monkeypatch.setattr(index.ingesting, "parse_file", refuse)
    report = index_sources(library, [], tiny_settings)
    assert report.reembedded == now.fingerprint.model
    assert report.library == fresh.library
    assert check_library(library) == []
    assert not index_sources(library, [], tiny_settings).reembedded


def test_no_file_is_read_and_the_lexical_index_is_taken_over(
    library: Path, other: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lexical() -> set[tuple[str, bytes]]:
        segments = (library / "segments").iterdir()
        files = (file for one in segments for file in (one / LEXICAL).iterdir())
        return {(file.name, file.read_bytes()) for file in files}

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read")

    before = lexical()
    monkeypatch.setattr(index.ingesting, "parse_file", refuse)
    index_sources(library, [], other)
    assert lexical() == before


def test_a_killed_run_leaves_the_old_vectors_and_goes_on_where_it_was(
    library: Path, other: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.reembedding, "_FIRST_CALL", 1)
    monkeypatch.setattr(index.reembedding, "_LARGEST_CALL", 1)
    embed: Callable[..., Any] = StaticEmbedder.embed_documents
    calls: list[str] = []

    def dies(self: StaticEmbedder, texts: Sequence[str]) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.extend(texts)
        return embed(self, texts)

    before, hits = read_manifest(library), found(library, "稀土")
    monkeypatch.setattr(StaticEmbedder, "embed_documents", dies)
    with pytest.raises(KeyboardInterrupt):
        index_sources(library, [], other)
    assert read_manifest(library) == before
    assert found(library, "稀土") == hits

    def counts(self: StaticEmbedder, texts: Sequence[str]) -> Any:
        calls.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(StaticEmbedder, "embed_documents", counts)
    report = index_sources(library, [], other)
    assert report.reembedded
    texts = [text for text in calls if text]  # those of deleted documents are not embedded
    assert len(texts) == len(set(texts)) == report.n_chunks
    assert check_library(library) == []


def test_what_was_removed_stays_removed(library: Path, other: IndexSettings) -> None:
    remove_documents(library, ["a.txt"])
    index_sources(library, [], other)
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["b.md", "d.txt"]
    assert all("稀土" not in hit.chunk.doc_id for hit in found(library, "稀土价格"))


def test_without_settings_a_library_keeps_its_model(
    library: Path, docs: Path, other: IndexSettings
) -> None:
    index_sources(library, [], other)
    made_with = read_manifest(library).fingerprint.model
    (docs / "e.txt").write_text("新的一份。", encoding="utf-8")
    for report in (index_sources(library, []), index_sources(library, [], keep_model=True)):
        assert not report.reembedded
        assert read_manifest(library).fingerprint.model == made_with


def test_how_a_model_is_run_changes_without_new_vectors(library: Path, tiny_model: Path) -> None:
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model), batch_size=7))
    assert not index_sources(library, [], settings).reembedded
    assert read_manifest(library).embedding["batch_size"] == 7


def test_progress_counts_chunks(library: Path, other: IndexSettings) -> None:
    told: list[Progress] = []
    index_sources(library, [], other, on_progress=told.append)
    chunks = [(now.chunks_done, now.chunks_total) for now in told if now.chunks_total]
    total = chunks[0][1]
    assert total >= 3
    assert chunks[-1] == (total, total)
    assert [done for done, _ in chunks] == sorted(done for done, _ in chunks)


def test_a_model_that_is_not_here_leaves_the_library_as_it_was(library: Path) -> None:
    before = read_manifest(library)
    absent = IndexSettings(embedding=EmbeddingSettings(model="/no/such/model"))
    with pytest.raises(ModelUnavailable):
        index_sources(library, [], absent)
    assert read_manifest(library) == before


def test_command_changes_the_model_and_keeps_it(
    library: Path, docs: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ui.cli import main

    where = ["index", "--index", str(library)]
    set_dim = ["--set", "embedding.truncate_dim=4"]
    assert main([*where, "--model", str(tiny_model), *set_dim]) == 0
    model = read_manifest(library).fingerprint.model
    assert model in capsys.readouterr().out
    (docs / "f.txt").write_text("再来一份。", encoding="utf-8")
    assert main(where) == 0
    assert read_manifest(library).fingerprint.model == model
    assert model not in capsys.readouterr().out
