"""What took long to read is not read again by the run after a kill, and is erased by a commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index import parse_cache
from index.ingesting import IndexSettings, index_sources, remove_documents
from index.parse_cache import PARSED, ParseCache
from index.parsing import ParseSettings, parse_file
from index.schema import Document, Skipped
from index.store import check_library, open_library

# A run with two readers: the one that has 0-stuck.html never comes back with it.
_RUN = """
import os, sys
from pathlib import Path
from index import parse_cache
from index.embedding import EmbeddingSettings
from index.ingesting import IndexSettings, index_sources
from index.parsing import pool
parse_cache.SLOW_S = 0.0
os.cpu_count = lambda: 2
pool._START = '''
import os, sys, time
sys.path[:] = sys.argv[1:]
from index.parsing import worker
real = worker.parse_file
parent = os.getppid()
def parse_file(path, source, settings):
    while source == "0-stuck.html":
        if os.getppid() != parent:
            os._exit(0)
        time.sleep(0.01)
    yield from real(path, source, settings)
worker.parse_file = parse_file
worker.main()
'''
library, docs, model = sys.argv[1:]
index_sources(Path(library), [Path(docs)], IndexSettings(embedding=EmbeddingSettings(model=model)))
"""
PAGE = "<html><body><h1>{0}</h1><p>这一页说的是{0}，共有{1}个字。</p></body></html>"
NAMES = ("0-stuck.html", "1-熊猫.html", "2-白鹤.html")


@contextmanager
def killed_run(library: Path, docs: Path, model: Path) -> Iterator[None]:
    """Killed as soon as what could be read is read."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _RUN, str(library), str(docs), str(model)]
    )
    try:
        until = time.monotonic() + 60
        while len(entries(library)) < 2:
            assert process.poll() is None, "the run ended by itself"
            assert time.monotonic() < until, "nothing was kept"
            time.sleep(0.02)
        yield
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def entries(library: Path) -> list[Path]:
    folder = library / PARSED
    return [p for p in folder.iterdir() if not p.name.startswith(".")] if folder.is_dir() else []


def write(docs: Path) -> None:
    docs.mkdir(exist_ok=True)
    for n, name in enumerate(NAMES):
        (docs / name).write_text(PAGE.format(name[:-5], n), encoding="utf-8")


def parsed_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that are handed to a reader from now on."""
    seen: list[str] = []
    real = index_sources.__globals__["Parsers"].parse

    def spy(self: object, files: object) -> object:
        listed = list(files)  # type: ignore[call-overload]
        seen.extend(source for _, source in listed)
        return real(self, listed)

    monkeypatch.setattr(index_sources.__globals__["Parsers"], "parse", spy)
    return seen


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_what_a_killed_run_had_read_is_not_read_again(
    tmp_path: Path, tiny_settings: IndexSettings, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs, library = tmp_path / "docs", tmp_path / "library"
    write(docs)
    with killed_run(library, docs, tiny_model):
        pass
    seen = parsed_names(monkeypatch)
    report = index_sources(library, [docs], tiny_settings)
    assert seen == ["0-stuck.html"]
    assert report.added == 3
    assert not (library / PARSED).exists()
    assert check_library(library) == []
    index_sources(tmp_path / "fresh", [docs], tiny_settings)
    with open_library(library) as one, open_library(tmp_path / "fresh") as other:
        assert one.hash == other.hash
        for name in NAMES:
            assert one.document(name) == other.document(name)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_deletion_erases_what_a_killed_run_had_read(
    tmp_path: Path, tiny_settings: IndexSettings, tiny_model: Path
) -> None:
    docs, library = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    (docs / "old.txt").write_text("旧的一份。", encoding="utf-8")
    index_sources(library, [docs], tiny_settings)
    write(docs)
    with killed_run(library, docs, tiny_model):
        pass
    assert len(entries(library)) == 2
    with open_library(library) as opened:  # readers see the old generation
        assert [d.doc_id for d in opened.documents()] == ["old.txt"]
    remove_documents(library, ["old.txt"])
    assert not (library / PARSED).exists()


def document_of(folder: Path) -> Document:
    path = folder / "a.html"
    path.write_text(PAGE.format("熊猫", 3), encoding="utf-8")
    (document,) = parse_file(path, "a.html")
    assert isinstance(document, Document)
    return document


def test_an_entry_gives_back_the_very_document(tmp_path: Path) -> None:
    document = document_of(tmp_path)
    skipped = Skipped("a.html", "a.html: page 2 has no text", True)
    cache = ParseCache(tmp_path, ParseSettings())
    cache.put("a.html", [document, skipped], parse_cache.SLOW_S)
    assert cache.get("a.html", document.content_hash) == [document, skipped]
    assert cache.get("b.html", document.content_hash) is None
    assert cache.get("a.html", "0" * 64) is None
    # What was read within other limits may be another document.
    assert ParseCache(tmp_path, ParseSettings(max_pages=3)).get(
        "a.html", document.content_hash
    ) is None  # fmt: skip


def test_quick_files_and_damaged_entries_are_read_again(tmp_path: Path) -> None:
    document = document_of(tmp_path)
    cache = ParseCache(tmp_path, ParseSettings())
    cache.put("a.html", [document], parse_cache.SLOW_S - 0.1)
    assert entries(tmp_path) == []
    cache.put("a.html", [document], 60.0)
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    for broken in (b"", whole[:-9], b"{}", whole[::-1]):
        entry.write_bytes(broken)
        assert cache.get("a.html", document.content_hash) is None
