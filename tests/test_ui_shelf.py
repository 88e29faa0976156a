"""Open libraries under many readers: current, shared, closed by the last one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.errors import LibraryBroken, LibraryNotFound
from index.ingesting import IndexReport, IndexSettings, index_sources
from index.store import Library
from ui.shelf import Shelf

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]


def is_closed(library: Library) -> bool:
    try:
        library._segments[0].catalogue.doc_ids([0])
    except LibraryBroken:
        return True
    return False


@pytest.fixture
def again(tmp_path: Path, tiny_settings: IndexSettings) -> Callable[[str], None]:
    def run(text: str) -> None:
        (tmp_path / "docs" / "a.txt").write_text(text, encoding="utf-8")
        index_sources(tmp_path / "library", [tmp_path / "docs"], tiny_settings)

    return run


def test_readers_share_one_library_and_a_question_after_a_commit_reads_what_was_committed(
    index_files: Index, again: Callable[[str], None]
) -> None:
    path, _ = index_files({"a.txt": "产量96万吨。"})
    with Shelf() as shelf:
        with shelf.reading(path) as one, shelf.reading(path) as two:
            assert one is two
        with shelf.reading(path) as old:
            again("产量97万吨。")
            with shelf.reading(path) as new:
                assert "97" in new.document("a.txt").text
            assert "96" in old.document("a.txt").text  # to the end of its question
            assert not is_closed(old)
        assert is_closed(old)
        assert not is_closed(new)
    assert is_closed(new)


def test_synonyms_that_change_make_a_new_reader_and_a_touched_manifest_does_not(
    index_files: Index,
) -> None:
    path, _ = index_files({"a.txt": "产量96万吨。"})
    with Shelf() as shelf:
        with shelf.reading(path) as first:
            pass
        (path / "manifest.json").touch()
        with shelf.reading(path) as same:
            assert same is first
        (path / "synonyms.txt").write_text("产量, 出产\n", encoding="utf-8")
        with shelf.reading(path) as fresh:
            assert fresh is not first
            assert fresh.hash != first.hash


def test_least_recently_used_libraries_are_closed_when_there_are_too_many(
    index_files: Index, tmp_path: Path
) -> None:
    import shutil

    path, _ = index_files({"a.txt": "产量96万吨。"})
    others = [tmp_path / f"copy{i}" for i in range(3)]
    for other in others:
        shutil.copytree(path, other)
    with Shelf(most=2) as shelf:
        opened = []
        for other in others:
            with shelf.reading(other) as library:
                opened.append(library)
        assert [is_closed(library) for library in opened] == [True, False, False]
        assert len(shelf) == 2


def test_many_threads_get_one_library_opened_once(index_files: Index) -> None:
    path, _ = index_files({"a.txt": "产量96万吨。"})
    opened: list[Library] = []
    gate = threading.Barrier(8)

    def read(shelf: Shelf) -> int:
        gate.wait()
        with shelf.reading(path) as library:
            return id(library)

    with Shelf(on_open=opened.append) as shelf, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, [shelf] * 8))) == 1
    assert len(opened) == 1


def test_a_library_that_is_not_there_is_said_so_each_time(tmp_path: Path) -> None:
    with Shelf() as shelf:
        for _ in range(2):
            with pytest.raises(LibraryNotFound), shelf.reading(tmp_path / "none"):
                pass
        assert len(shelf) == 0
