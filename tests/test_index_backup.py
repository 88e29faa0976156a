"""A library as one file, somewhere else, and of an older format."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from index.backup import move_sources, restore_backup, write_backup
from index.dense import DenseSegment
from index.errors import BackupRefused, LibraryVersion, SourceMissing
from index.ingesting import IndexReport, IndexSettings, index_sources, remove_documents
from index.lexical import WeightedTerm
from index.manifest import SEGMENTS, read_manifest, read_sources
from index.store import check_library, open_library
from index.upgrading import needs_upgrade, upgrade_library

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
FILES = {"港口.md": "# 青屿港\n\n港口现有员工8600人。\n", "b/云.txt": "藏书46万册。\n"}
OLD = Path(__file__).parent / "library_format_1.zip"


def test_a_restored_backup_is_the_library_word_for_word(index_files: Index, tmp_path: Path) -> None:
    path, _ = index_files(FILES)
    (path / "synonyms.txt").write_text("员工, 职工\n", encoding="utf-8")
    out = tmp_path / "away" / "备份.zip"
    written = write_backup(path, out)
    assert (written.n_documents, written.n_bytes) == (2, out.stat().st_size)
    restored = tmp_path / "elsewhere" / "copy"
    restore_backup(out, restored)
    assert check_library(restored) == []
    with open_library(path) as one, open_library(restored) as two:
        assert two.hash == one.hash
        assert two.documents() == one.documents()
        assert two.document("港口.md") == one.document("港口.md")
    assert list(out.parent.iterdir()) == [out]  # nothing put aside is left
    with zipfile.ZipFile(out) as archive:
        assert all(not name.startswith("/") and ".." not in name for name in archive.namelist())


def test_a_backup_holds_nothing_that_was_erased(index_files: Index, tmp_path: Path) -> None:
    path, _ = index_files(FILES)
    remove_documents(path, ["b/云.txt"])
    out = tmp_path / "b.zip"
    write_backup(path, out)
    with zipfile.ZipFile(out) as archive:
        assert not any("藏书".encode() in archive.read(name) for name in archive.namelist())


def test_what_is_no_backup_or_is_damaged_is_refused_and_nothing_is_left(
    index_files: Index, tmp_path: Path
) -> None:
    path, _ = index_files(FILES)
    out = tmp_path / "b.zip"
    write_backup(path, out)
    target = tmp_path / "new" / "copy"
    cut = tmp_path / "cut.zip"
    cut.write_bytes(out.read_bytes()[:-200])
    strange = tmp_path / "strange.zip"
    with zipfile.ZipFile(strange, "w") as archive:
        archive.writestr("a.txt", "x")
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[:-1] + b"\xff" if name.endswith("vectors.faiss") else data)
    for bad in (cut, strange, changed):
        with pytest.raises(BackupRefused, match=bad.name):
            restore_backup(bad, target)
        assert not target.exists()
    restore_backup(out, target)
    with pytest.raises(BackupRefused, match="there already"):
        restore_backup(out, target)
    with pytest.raises(BackupRefused, match="inside the library"):
        write_backup(path, path / "b.zip")


@pytest.mark.parametrize(
    "name", ["../escape.txt", "/etc/escape.txt", "segments/../../escape.txt", "a/b.txt", "C:\\x"]
)
def test_a_backup_writes_nowhere_but_into_its_library(
    index_files: Index, tmp_path: Path, name: str
) -> None:
    path, _ = index_files(FILES)
    out = tmp_path / "b.zip"
    write_backup(path, out)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, "escaped")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BackupRefused):
        restore_backup(out, tmp_path / "copy")
    assert set(tmp_path.rglob("*")) == before


def test_a_moved_source_folder_is_followed_and_nothing_is_read_again(
    index_files: Index, tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    path, before = index_files(FILES)
    (tmp_path / "docs").rename(tmp_path / "moved")
    with pytest.raises(SourceMissing):
        index_sources(path, [], tiny_settings)
    with pytest.raises(SourceMissing, match="nowhere"):
        move_sources(path, tmp_path / "docs", tmp_path / "nowhere")
    with pytest.raises(BackupRefused, match="docs"):
        move_sources(path, tmp_path / "other", tmp_path / "moved")
    assert move_sources(path, tmp_path / "docs", tmp_path / "moved") == 1
    after = index_sources(path, [], tiny_settings)
    assert (after.unchanged, after.added, after.changed, after.removed) == (2, 0, 0, 0)
    assert after.library == before.library


@pytest.fixture
def old_library(tmp_path: Path) -> Path:
    """Made by the first format: two documents, and a third that was removed."""
    path = tmp_path / "old"
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(path)
    return path


def test_a_library_of_the_first_format_is_upgraded_without_embedding_anything(
    old_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LibraryVersion, match="wenju upgrade"):
        open_library(old_library)
    assert needs_upgrade(old_library)
    folder = next((old_library / SEGMENTS).iterdir())
    vectors = {tuple(row) for row in DenseSegment(folder / "vectors.faiss").codes(0, 2)}

    def never(*_: object) -> None:
        raise AssertionError("embedded")

    monkeypatch.setattr("index.embedding.load_embedder", never)
    manifest = upgrade_library(old_library)
    assert manifest is not None
    assert (manifest.n_documents, manifest.n_chunks) == (2, 2)
    assert check_library(old_library) == []
    assert not needs_upgrade(old_library)
    assert upgrade_library(old_library) is None
    with open_library(old_library) as library:
        assert "8600人" in library.document("port.md").text
        codes = library._segments[0].dense.codes(0, library.n_chunks)
        assert {tuple(row) for row in np.asarray(codes)} <= vectors
        (hit,) = library.search_lexical([WeightedTerm("grams", "藏书", 1.0)], 1)
        assert hit.chunk.doc_id == "library.txt"
    roots = read_sources(old_library, read_manifest(old_library)).roots
    assert [root.name for root in roots] == ["documents"]


def test_an_upgrade_that_is_killed_leaves_the_old_library(
    old_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (old_library / "manifest.json").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("index.upgrading.write_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade_library(old_library)
    assert (old_library / "manifest.json").read_bytes() == before
    assert upgrade_library(old_library) is not None
    assert check_library(old_library) == []
