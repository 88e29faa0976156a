"""Killed, out of space, locked, damaged: the old generation or the new one, and a plain word."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from index.chunking import ChunkSettings
from index.errors import (
    IndexMismatch,
    LibraryBroken,
    LibraryLocked,
    LibraryNotFound,
    LibraryVersion,
    NothingToIndex,
    SourceMissing,
)
from index.ingesting import IndexReport, IndexSettings, index_sources, remove_documents
from index.lexical import WeightedTerm
from index.manifest import PARSER_VERSION, read_manifest, read_sources, write_manifest
from index.store import check_library, open_library

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]


def hash_of(library: Path) -> str:
    with open_library(library) as opened:
        return opened.hash


# Imports once, then forks a writer for every line it reads: what a start costs is not the point.
_WRITERS = """
import os, sys
from pathlib import Path
from index.embedding import EmbeddingSettings
from index.ingesting import IndexSettings, index_sources, remove_documents
import index.building, index.parsing.txt, faiss, safetensors, tokenizers, filelock
library, model = Path(sys.argv[1]), sys.argv[2]
index.building._FLUSH_CHUNKS = 20  # many segments in a short run
for line in sys.stdin:
    writer = os.fork()
    if writer == 0:
        if doc_id := line.strip():
            remove_documents(library, [doc_id])
        else:
            index_sources(library, [], IndexSettings(embedding=EmbeddingSettings(model=model)))
        os._exit(0)
    print(writer, flush=True)
    print(os.waitpid(writer, 0)[1], flush=True)
"""


class Writers:
    """Starts writers of a library and kills each after a while."""

    def __init__(self, library: Path, model: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _WRITERS, str(library), str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def run_and_kill(self, delay_s: float, remove: str = "") -> bool:
        """False: the writer was done before the delay was over."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(remove + "\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        time.sleep(delay_s)  # the moment is the point here: any moment must do
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return int(process.stdout.readline()) != 0


def change_documents(docs: Path, rng: random.Random, round_: int) -> None:
    """Adds, changes and deletes some files."""
    for i in rng.sample(range(60), 8):
        file = docs / f"{i:02d}.txt"
        if file.exists() and rng.random() < 0.3:
            file.unlink()
        else:
            lines = (
                f"第{round_}轮第{i}份文件的第{n}句，出口管制。" for n in range(rng.randint(1, 60))
            )
            file.write_text("\n\n".join(lines), encoding="utf-8")


def test_sigkill_at_any_moment_leaves_a_whole_generation(
    tmp_path: Path, tiny_settings: IndexSettings, tiny_model: Path
) -> None:
    rng = random.Random(20)
    docs, library = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    change_documents(docs, rng, 0)
    index_sources(library, [docs], tiny_settings)
    n_killed = 0
    reader = open_library(library)
    term = WeightedTerm("grams", "管制", 1.0)
    answers = reader.search_lexical([term], 5)
    with Writers(library, tiny_model) as writers:
        for round_ in range(1, 28):
            with open_library(library) as opened:
                before, ids = opened.hash, [info.doc_id for info in opened.documents()]
            remove = rng.choice(ids) if round_ % 5 == 0 and len(ids) > 5 else ""
            if not remove:
                change_documents(docs, rng, round_)
            n_killed += writers.run_and_kill(rng.uniform(0.0, 0.25), remove)
            assert check_library(library) == []
            with open_library(library) as opened:
                after = opened.hash
            if not remove:
                # The kill leaves the old generation or the new one; the next run completes.
                index_sources(library, [], tiny_settings)
                with open_library(library) as opened:
                    assert after in {before, opened.hash}
            assert reader.search_lexical([term], 5) == answers  # open since before the first kill
    reader.close()
    assert n_killed >= 12, "most kills must have hit a running writer"
    index_sources(library, [], tiny_settings)
    with open_library(library) as opened:
        survivors = {info.doc_id for info in opened.documents()}
        final = opened.hash
    for file in docs.glob("*.txt"):
        if file.name not in survivors:
            file.unlink()  # removed on request
    index_sources(tmp_path / "fresh", [docs], tiny_settings)
    with open_library(tmp_path / "fresh") as opened:
        assert opened.hash == final
    leftovers = [p.name for p in (library / "segments").iterdir()]
    with open_library(library) as opened:
        assert sorted(leftovers) == sorted(ref.id for ref in opened.manifest.segments)


def test_killed_run_goes_on_where_it_was(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs, library = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    for i in range(30):
        (docs / f"{i:02d}.txt").write_text(f"第{i}份文件。", encoding="utf-8")
    monkeypatch.setattr("index.building._FLUSH_S", 0.0)  # a segment after every file

    class Killed(BaseException):
        pass

    def kill(progress: object) -> None:
        if progress.files_done == 20:  # type: ignore[attr-defined]
            raise Killed

    with pytest.raises(Killed):
        index_sources(library, [docs], tiny_settings, on_progress=kill)
    with pytest.raises(LibraryNotFound):
        open_library(library)
    parsed: list[Path] = []
    real = index_sources.__globals__["parse_file"]

    def spy(path: Path, *rest: object) -> object:
        parsed.append(path)
        return real(path, *rest)

    monkeypatch.setitem(index_sources.__globals__, "parse_file", spy)
    report = index_sources(library, [docs], tiny_settings)
    assert report.added == 30
    assert len(parsed) == 10
    assert check_library(library) == []


def test_full_disk_keeps_the_library_and_says_so(
    index_files: IndexFiles, tmp_path: Path, tiny_model: Path
) -> None:
    library, _ = index_files({"a.txt": "出口管制。"})
    before = hash_of(library)
    (tmp_path / "docs" / "big.txt").write_text(
        "\n\n".join(f"第{i}句话，各不相同的内容{i * 7919}。" for i in range(20_000)),
        encoding="utf-8",
    )
    script = (
        "import sys\nfrom pathlib import Path\nfrom index.errors import DiskFull\n"
        "from index.ingesting import IndexSettings, index_sources\n"
        "from index.embedding import EmbeddingSettings\n"
        "settings = IndexSettings(embedding=EmbeddingSettings(model=sys.argv[2]))\n"
        "try:\n    index_sources(Path(sys.argv[1]), [], settings)\n"
        "except DiskFull as error:\n    print('DiskFull', error)\n"
    )

    def limit() -> None:
        # A file that cannot grow is what a full disk looks like to a writer.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(library), str(tiny_model)],
        capture_output=True, text=True, preexec_fn=limit, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("DiskFull no space left"), done.stderr
    assert hash_of(library) == before
    assert check_library(library) == []


def test_read_only_library_is_refused_in_one_line(
    tiny_settings: IndexSettings, tiny_model: Path, tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp())  # not below pytest's folder, which is closed to others
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("出口管制。", encoding="utf-8")
    library = folder / "library"
    index_sources(library, [docs], tiny_settings)
    folder.chmod(0o755)
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from index.embedding import EmbeddingSettings\n"
        "from index.errors import LibraryReadOnly\n"
        "from index.ingesting import IndexSettings, index_sources\n"
        "library, docs, model = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]\n"
        "settings = IndexSettings(embedding=EmbeddingSettings(model=model))\n"
        # All is imported by a first run: another user may not be able to read Python itself.
        "index_sources(library.with_name('scratch'), [docs], settings)\n"
        "if os.geteuid() == 0:\n    os.setgid(65534); os.setuid(65534)\n"
        "else:\n    os.chmod(library / 'writer.lock', 0o444); os.chmod(library, 0o555)\n"
        "try:\n    index_sources(library, [docs], settings)\n"
        "except LibraryReadOnly as error:\n    print('LibraryReadOnly', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(library), str(docs), str(tiny_model)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    library.chmod(0o755)
    shutil.rmtree(folder)
    assert done.stdout.startswith("LibraryReadOnly"), done.stderr
    assert done.stdout.count("\n") == 1


def test_missing_segment_is_named_with_the_way_to_mend_it(
    index_files: IndexFiles, tiny_settings: IndexSettings
) -> None:
    library, _ = index_files({"a.txt": "甲。"})
    shutil.rmtree(next((library / "segments").iterdir()))
    mend = f"is missing; make it again with: wenju index --index {library} --rebuild"
    with pytest.raises(LibraryBroken, match=re.escape(mend)):
        open_library(library)
    with pytest.raises(LibraryBroken, match=re.escape(mend)):
        index_sources(library, [], tiny_settings)
    index_sources(library, [], tiny_settings, rebuild=True)
    assert check_library(library) == []


def test_second_writer_is_refused(index_files: IndexFiles, tiny_settings: IndexSettings) -> None:
    from filelock import FileLock

    library, _ = index_files({"a.txt": "内容。"})
    with FileLock(library / "writer.lock"), pytest.raises(LibraryLocked, match="another process"):
        index_sources(library, [], tiny_settings)


def test_missing_path_is_an_error_and_the_others_are_indexed(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    (tmp_path / "a.txt").write_text("内容。", encoding="utf-8")
    library = tmp_path / "library"
    report = index_sources(library, [tmp_path / "nowhere", tmp_path / "a.txt"], tiny_settings)
    assert report.added == 1
    assert [(s.source, s.is_error) for s in report.skipped] == [(str(tmp_path / "nowhere"), True)]
    with pytest.raises(SourceMissing, match="nowhere"):
        index_sources(library, [tmp_path / "nowhere"], tiny_settings)


def test_folder_without_documents_leaves_no_library(
    index_files: IndexFiles, tmp_path: Path
) -> None:
    with pytest.raises(NothingToIndex, match="Readable are"):
        index_files({"photo.png": b"\x89PNG\r\n\x1a\n"})
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize("how", ["gone", "emptied"])
def test_vanished_folder_is_not_a_deletion(
    index_files: IndexFiles, tmp_path: Path, tiny_settings: IndexSettings, how: str
) -> None:
    library, report = index_files({"a.txt": "甲。", "b.txt": "乙。"})
    for file in (tmp_path / "docs").iterdir():
        file.unlink()
    if how == "gone":
        (tmp_path / "docs").rmdir()
    with pytest.raises(SourceMissing, match="2 files were read from it before"):
        index_sources(library, [], tiny_settings)
    with open_library(library) as opened:
        assert opened.n_documents == 2
        assert opened.generation == report.generation


def test_unreadable_new_version_keeps_the_last_one(
    index_files: IndexFiles, tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    library, _ = index_files({"a.txt": "旧的内容。", "b.txt": "乙。"})
    (tmp_path / "docs" / "a.txt").write_bytes(b"")
    report = index_sources(library, [], tiny_settings)
    assert [s.source for s in report.skipped] == ["a.txt"]
    assert "last readable version is kept" in report.skipped[0].reason
    with open_library(library) as opened:
        assert opened.document("a.txt").text.strip() == "旧的内容。"


def test_a_library_read_by_an_earlier_parser_says_to_make_it_again_once(
    index_files: IndexFiles, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.ingesting.PARSER_VERSION", PARSER_VERSION - 1)
    library, _ = index_files({"a.txt": "港口现有员工8600人。"})
    monkeypatch.undo()
    told = rf"another version of wenju \(parser = {PARSER_VERSION - 1}, now {PARSER_VERSION}\)"
    with pytest.raises(IndexMismatch, match=told + r".*once: wenju index --index \S+ --rebuild"):
        index_sources(library, [], tiny_settings)
    with open_library(library) as opened:  # it can be asked as before
        assert opened.document("a.txt").text.strip() == "港口现有员工8600人。"
    index_sources(library, [], tiny_settings, rebuild=True)
    assert index_sources(library, [], tiny_settings).unchanged == 1


@pytest.mark.parametrize(("older", "command"), [(0, r"index \S+$"), (1, r"index \S+ --rebuild$")])
def test_vectors_of_another_model_name_the_one_command_that_is_enough(
    index_files: IndexFiles, older: int, command: str
) -> None:
    path, _ = index_files({"a.txt": "港口现有员工8600人。"})
    now = read_manifest(path)
    before = replace(now.fingerprint, model="static-zh@before", parser=PARSER_VERSION - older)
    write_manifest(path, replace(now, fingerprint=before), read_sources(path, now))
    with (
        open_library(path) as library,
        pytest.raises(IndexMismatch, match=r"static-zh@before.*wenju index --" + command),
    ):
        _ = library.embedder


def test_other_chunk_sizes_are_refused_and_rebuilt_on_request(
    index_files: IndexFiles, tiny_settings: IndexSettings
) -> None:
    library, _ = index_files({"a.txt": "甲的一句话。" * 40})
    other = IndexSettings(chunk=ChunkSettings(chunk_chars=80), embedding=tiny_settings.embedding)
    with pytest.raises(IndexMismatch, match=r"320.*80.*--rebuild"):
        index_sources(library, [], other)
    report = index_sources(library, [], other, rebuild=True)
    assert report.n_chunks == 3


def test_other_format_and_damage_are_named(index_files: IndexFiles) -> None:
    library, _ = index_files({"a.txt": "甲。"})
    manifest = library / "manifest.json"
    good = manifest.read_text(encoding="utf-8")
    record = json.loads(good)
    manifest.write_text(json.dumps(record | {"format": 99}), encoding="utf-8")
    with pytest.raises(LibraryVersion, match=r"99.*reads format 2.*Upgrade wenju"):
        open_library(library)
    manifest.write_text(good.replace('"n_documents": 1', '"n_documents": 2'), encoding="utf-8")
    with pytest.raises(LibraryBroken, match="--rebuild"):
        open_library(library)
    manifest.write_text("{", encoding="utf-8")
    with pytest.raises(LibraryBroken, match="damaged"):
        open_library(library)


@pytest.mark.parametrize("name", ["catalogue.sqlite", "vectors.faiss", "chunks.npy"])
def test_check_names_a_damaged_file(index_files: IndexFiles, name: str) -> None:
    library, _ = index_files({"a.txt": "甲的一句话。"})
    assert check_library(library) == []
    file = next((library / "segments").glob(f"*/{name}"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    (problem,) = check_library(library)
    assert f"the content of {name} has changed" in problem


def test_rebuild_mends_a_damaged_library(
    index_files: IndexFiles, tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    library, first = index_files({"a.txt": "甲的一句话。"})
    (library / "manifest.json").write_text("{", encoding="utf-8")
    report = index_sources(library, [tmp_path / "docs"], tiny_settings, rebuild=True)
    assert report.library == first.library
    assert check_library(library) == []


def test_remove_of_an_unknown_document_changes_nothing(index_files: IndexFiles) -> None:
    from index.errors import DocumentNotFound

    library, first = index_files({"a.txt": "甲。"})
    with pytest.raises(DocumentNotFound, match="nothing was removed"):
        remove_documents(library, ["a.txt", "nothing.txt"])
    with open_library(library) as opened:
        assert (opened.generation, opened.n_documents) == (first.generation, 1)


def test_home_moves_with_one_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from index.places import resolve_library

    monkeypatch.setenv("WENJU_HOME", str(tmp_path / "elsewhere"))
    assert resolve_library("kb") == tmp_path / "elsewhere" / "libraries" / "kb"
    assert resolve_library("./kb") == Path.cwd() / "kb"
    with pytest.raises(ValueError, match="plain name"):
        resolve_library("a b?")
    assert os.environ["WENJU_HOME"] == str(tmp_path / "elsewhere")
