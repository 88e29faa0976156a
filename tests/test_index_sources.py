"""Several folders, odd files and odd names: every readable file is in the library exactly once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from index import ingesting
from index.chunking import ChunkSettings, split_sentences
from index.errors import LibraryReadOnly, NothingToIndex, SourceMissing
from index.ingesting import IndexSettings, index_sources, remove_documents
from index.schema import Block, BlockKind, Document, Skipped, Span
from index.store import check_library, open_library


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def ids(library: Path) -> list[str]:
    with open_library(library) as opened:
        return [info.doc_id for info in opened.documents()]


def text_of(library: Path, doc_id: str) -> str:
    with open_library(library) as opened:
        return opened.document(doc_id).text.strip()


def test_equal_names_of_two_folders_named_together_are_both_kept(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    north = write(tmp_path / "north", {"report.txt": "北方的报告。"})
    south = write(tmp_path / "south", {"report.txt": "南方的报告。"})
    library = tmp_path / "library"
    report = index_sources(library, [north, south], tiny_settings)
    assert (report.added, report.skipped) == (2, [])
    index_sources(library, [], tiny_settings)
    assert ids(library) == ["report.txt", "south/report.txt"]
    assert text_of(library, "report.txt") == "北方的报告。"


def test_folder_that_gains_a_name_of_another_takes_nothing_away(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    north = write(tmp_path / "north", {"a.txt": "北方。"})
    south = write(tmp_path / "south", {"b.txt": "南方。"})
    library = tmp_path / "library"
    index_sources(library, [north], tiny_settings)
    index_sources(library, [south], tiny_settings)
    write(south, {"a.txt": "南方的另一份。"})
    report = index_sources(library, [], tiny_settings)
    assert (report.added, report.changed) == (1, 0)
    assert ids(library) == ["a.txt", "south/a.txt", "south/b.txt"]


def test_prefix_never_meets_a_folder_of_the_first_root(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    first = write(tmp_path / "first", {"south/report.txt": "甲。"})
    second = write(tmp_path / "x" / "south", {"report.txt": "乙。"})
    library = tmp_path / "library"
    index_sources(library, [first], tiny_settings)
    index_sources(library, [second], tiny_settings)
    assert ids(library) == ["south-2/report.txt", "south/report.txt"]


def test_hits_of_a_pattern_keep_their_folders_apart(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    write(tmp_path / "2025", {"a/x.txt": "甲。", "b/x.txt": "乙。", "b/y.md": "丙。"})
    library = tmp_path / "library"
    index_sources(library, [tmp_path / "2025" / "**" / "*.txt"], tiny_settings)
    assert ids(library) == ["a/x.txt", "b/x.txt"]
    (tmp_path / "2025" / "a" / "x.txt").unlink()
    index_sources(library, [], tiny_settings)
    assert ids(library) == ["b/x.txt"]


def test_files_of_one_folder_named_one_by_one_share_its_names(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。", "b.txt": "乙。", "c.txt": "丙。"})
    library = tmp_path / "library"
    index_sources(library, [docs / "a.txt"], tiny_settings)
    index_sources(library, [docs / "b.txt"], tiny_settings)
    assert ids(library) == ["a.txt", "b.txt"]


def test_overlapping_paths_are_read_once(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs = write(tmp_path / "docs", {"sub/a.txt": "甲。", "b.txt": "乙。"})
    library = tmp_path / "library"
    report = index_sources(library, [docs / "sub", docs, docs / "b.txt"], tiny_settings)
    assert (report.added, report.skipped) == (2, [])
    assert ids(library) == ["b.txt", "sub/a.txt"]
    (docs / "sub" / "a.txt").unlink()
    index_sources(library, [], tiny_settings)
    assert ids(library) == ["b.txt"]


def test_folder_that_cannot_be_read_is_not_a_deletion(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。", "net/b.txt": "乙。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    real = os.scandir

    def broken(path: str) -> object:
        if str(path).endswith("net"):
            raise OSError(5, "Input/output error", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", broken)
    report = index_sources(library, [], tiny_settings)
    assert report.removed == 0
    assert [s.source for s in report.skipped] == ["net"]
    assert ids(library) == ["a.txt", "net/b.txt"]


def test_pipe_in_a_folder_is_passed_over(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    os.mkfifo(docs / "pipe.txt")
    report = index_sources(tmp_path / "library", [docs], tiny_settings)
    assert (report.added, report.skipped) == (1, [])


def test_name_that_is_no_text_is_reported_and_the_rest_is_read(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    Path(os.fsdecode(os.fsencode(docs) + b"/\xff\xfe.txt")).write_text("乙。", encoding="utf-8")
    report = index_sources(tmp_path / "library", [docs], tiny_settings)
    assert report.added == 1
    assert ["rename it" in s.reason for s in report.skipped] == [True]


@pytest.mark.parametrize("field", ["id", "kind", "author"])
def test_record_with_a_broken_character_spoils_only_itself(
    tmp_path: Path, tiny_settings: IndexSettings, field: str
) -> None:
    good = json.dumps({"id": "1", "text": "甲的内容。"})
    bad = json.dumps({"id": "2", "text": "乙的内容。"} | {field: "\ud800"})
    docs = write(tmp_path / "docs", {"corpus.jsonl": f"{good}\n{bad}\n"})
    report = index_sources(tmp_path / "library", [docs], tiny_settings)
    assert "corpus.jsonl#1" in ids(tmp_path / "library")
    assert report.added + len(report.skipped) == 2


def test_corpus_that_breaks_off_keeps_the_records_it_could_not_reach(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.dumps({"id": str(i), "text": f"第{i}条。"}) for i in range(6)]
    docs = write(tmp_path / "docs", {"c.jsonl": "\n".join(lines) + "\n"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    real = ingesting.parse_file

    def breaks_off(*args: object) -> Iterator[Document | Skipped]:
        items = real(*args)  # type: ignore[arg-type]
        yield next(items)
        yield next(items)
        yield Skipped("c.jsonl", "cannot be read (Input/output error)", True, ends_file=True)

    write(docs, {"c.jsonl": "\n".join(lines) + "\n\n"})
    monkeypatch.setattr(ingesting, "parse_file", breaks_off)
    report = index_sources(library, [], tiny_settings)
    assert (report.removed, report.unchanged) == (0, 6)
    monkeypatch.undo()
    assert index_sources(library, [], tiny_settings).unchanged == 6
    assert len(ids(library)) == 6


def test_rebuild_without_one_of_its_folders_changes_nothing(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    north = write(tmp_path / "north", {"a.txt": "甲。"})
    south = write(tmp_path / "south", {"b.txt": "乙。"})
    library = tmp_path / "library"
    index_sources(library, [north, south], tiny_settings)
    shutil.move(south, tmp_path / "away")
    with pytest.raises(SourceMissing, match="nothing was changed"):
        index_sources(library, [], tiny_settings, rebuild=True)
    shutil.move(tmp_path / "away", south)
    index_sources(library, [], tiny_settings, rebuild=True)
    assert ids(library) == ["a.txt", "south/b.txt"]


def test_rebuild_that_can_read_nothing_is_refused(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    (docs / "a.txt").write_bytes(b"")
    with pytest.raises(NothingToIndex, match="library is as it was"):
        index_sources(library, [], tiny_settings, rebuild=True)
    assert text_of(library, "a.txt") == "甲。"


def test_removal_erases_earlier_versions_too(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    files = {f"{i:02d}.txt": f"第{i}份，内容不少。" for i in range(30)}
    docs = write(tmp_path / "docs", files | {"s.txt": "最初的机密雪豹。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    write(docs, {"s.txt": "改过的内容。"})
    index_sources(library, [docs], tiny_settings)
    remove_documents(library, ["s.txt"])
    content = b"".join(p.read_bytes() for p in library.rglob("*") if p.is_file())
    assert "雪豹".encode() not in content
    assert len(ids(library)) == 30


def test_removal_that_was_cut_short_can_be_finished(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(tmp_path / "docs", {"s.txt": "机密雪豹。", "a.txt": "公开。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    monkeypatch.setattr("index.building.clear_up", lambda *_: None)  # killed after the commit
    remove_documents(library, ["s.txt"])
    monkeypatch.undo()
    assert remove_documents(library, ["s.txt"]) == 1
    content = b"".join(p.read_bytes() for p in library.rglob("*") if p.is_file())
    assert "雪豹".encode() not in content


def test_half_deleted_segment_stands_in_nobodys_way(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    whole = next((library / "segments").iterdir())
    half = whole.with_name("0123456789abcdef")
    shutil.copytree(whole, half)
    (half / "catalogue.sqlite").unlink()
    write(docs, {"b.txt": "乙。"})
    index_sources(library, [], tiny_settings)
    assert ids(library) == ["a.txt", "b.txt"]
    assert not half.exists()
    assert check_library(library) == []


def test_folder_of_somebody_else_is_refused_and_left_alone(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    other = write(tmp_path / "web", {"manifest.json": "{}", "segments.txt": "x", "app.js": "y"})
    with pytest.raises(LibraryReadOnly, match="choose another --index"):
        index_sources(other, [docs], tiny_settings)
    with pytest.raises(NothingToIndex, match="the library itself"):
        index_sources(docs, [docs], tiny_settings)
    assert sorted(p.name for p in other.iterdir()) == ["app.js", "manifest.json", "segments.txt"]
    assert sorted(p.name for p in docs.iterdir()) == ["a.txt"]


def test_clearing_up_spares_what_is_not_ours(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    write(library, {"segments/mine/notes.txt": "x", "sources-list.json": "y", ".notes.tmp": "z"})
    write(docs, {"b.txt": "乙。"})
    index_sources(library, [], tiny_settings)
    kept = ("segments/mine/notes.txt", "sources-list.json", ".notes.tmp")
    assert [(library / name).exists() for name in kept] == [True] * 3


def test_what_was_removed_stays_out_when_its_parent_is_indexed(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(
        tmp_path / "docs", {"sub/a.txt": "要移除的。", "sub/b.txt": "乙。", "a.txt": "无关的。"}
    )
    library = tmp_path / "library"
    index_sources(library, [docs / "sub"], tiny_settings)
    remove_documents(library, ["a.txt"])
    index_sources(library, [docs], tiny_settings)
    assert ids(library) == ["a.txt", "sub/b.txt"]
    assert text_of(library, "a.txt") == "无关的。"


def test_what_was_removed_stays_out_when_a_damaged_library_is_rebuilt(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。", "b.txt": "乙。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    remove_documents(library, ["a.txt"])
    (library / "manifest.json").write_bytes(b'{"format": "\xff')
    index_sources(library, [], tiny_settings, rebuild=True)
    assert ids(library) == ["b.txt"]


def test_file_named_itself_is_read_whatever_it_is_called(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {".hidden/a.txt": "藏起来的。", "b.txt": "乙。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    assert ids(library) == ["b.txt"]
    index_sources(library, [docs / ".hidden" / "a.txt"], tiny_settings)
    assert ids(library) == [".hidden/a.txt", "b.txt"]


def test_library_made_again_is_news_to_an_open_reader(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": "甲。"})
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    with open_library(library) as reader:
        assert not reader.stale()
        shutil.rmtree(library)
        write(docs, {"a.txt": "另一个内容。"})
        index_sources(library, [docs], tiny_settings)
        assert reader.generation == 1
        assert reader.stale()


def test_long_list_of_clauses_is_cut_where_it_is_long() -> None:
    text = "一是稳就业；" * 5000
    document = Document(
        "d", "d", text, (Block(BlockKind.PARAGRAPH, (Span(0, len(text)),)),), "0", "txt"
    )
    sentences = split_sentences(document, ChunkSettings())
    assert len(sentences) == 5000 - 19 + 1  # the last 19 together stay below clause_chars
    assert document.quote(sentences[0].spans) == "一是稳就业；"
