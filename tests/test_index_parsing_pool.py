"""Parser processes: order, deadlines, crashes, memory, back-pressure; nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.parsing import ParseSettings, parse_file, pool
from index.parsing.pool import Parsers, is_light
from index.schema import Document, Skipped

LIMITS = ParseSettings(max_seconds=60, max_memory_mb=300)
SHORT = replace(LIMITS, max_seconds=3)  # on a busy machine, reading a small file takes a second
WORKER = """
import os, signal, sys, time
sys.path[:] = sys.argv[1:]
from index.parsing import worker
from index.schema import Skipped
real = worker.parse_file

def parse_file(path, source, settings):
    order = path.read_text()
    if order == "hang":
        while True: time.sleep(9)
    elif order == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif order == "grow":
        hog = [bytes(1_000_000) for _ in range(2000)]
    elif order == "swell":
        hog = []
        while True:
            hog.append(b"x" * 10_000_000)
            time.sleep(0.01)
    elif order == "print":
        os.write(1, b"noise"); print("noise"); sys.stderr.write("noise")
    elif order == "missing":
        raise ImportError("no module named lxml")
    elif order == "stream":
        for i in range(100_000):
            with path.with_name("made").open("ab") as made: made.write(b".")
            yield Skipped(source, "x" * 10_000, False)
    elif order == "half":
        yield Skipped(source, "first", False)
        os._exit(9)
    elif order == "last":
        yield Skipped(source, "last", False)
        path.with_name("pid").write_text(str(os.getpid()))
        worker.resident_mb = lambda: 1e9
    else:
        yield from real(path, source, settings)

worker.parse_file = parse_file
worker.main()
"""
Ask = Callable[..., list[str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Parses files of these contents by processes that obey some of them; what each gives."""
    monkeypatch.setattr(pool, "_START", WORKER)

    def run(*contents: str, n_workers: int = 1) -> list[str]:
        files = []
        for i, content in enumerate(contents):
            path = tmp_path / f"{i}.html"
            path.write_text(content, encoding="utf-8")
            files.append((path, path.name))
        limits = SHORT if "hang" in contents else LIMITS
        with Parsers(limits, n_workers=n_workers) as parsers:
            return [
                " | ".join(i.text.strip() if isinstance(i, Document) else i.reason for i in found)
                for found in parsers.parse(files)
            ]

    return run


def test_results_come_in_the_order_of_the_files(ask: Ask) -> None:
    words = [f"第{i}份。" * (1 + 3000 * (i % 3 == 0)) for i in range(12)]
    assert ask(*words, n_workers=3) == words


def test_a_file_that_hangs_is_given_up_and_the_next_is_read(ask: Ask) -> None:
    assert ask("hang", "甲。") == [
        "0.html was not read within 3 s and given up; raise max_seconds or split it",
        "甲。",
    ]


def test_a_crash_is_one_skipped_file(ask: Ask) -> None:
    first, second, third = ask("甲。", "crash", "乙。")
    assert (first, third) == ("甲。", "乙。")
    assert second.startswith("1.html made its reader crash (")
    assert second.endswith("; export or save it again")


@pytest.mark.parametrize("order", ["grow", "swell"])
def test_a_file_that_needs_too_much_memory_is_given_up(ask: Ask, order: str) -> None:
    assert ask(order, "甲。") == [
        "0.html needs more memory than 300 MB; raise max_memory_mb or split it",
        "甲。",
    ]


def test_what_came_before_a_crash_is_kept(ask: Ask) -> None:
    (found,) = ask("half")
    assert found.startswith("first | 0.html made its reader crash (exit code 9)")


def test_what_a_library_prints_is_no_message(ask: Ask) -> None:
    assert ask("print", "甲。") == ["", "甲。"]


def test_a_process_that_has_grown_is_replaced(ask: Ask, tmp_path: Path) -> None:
    assert ask("last", "甲。") == ["last", "甲。"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_our_own_broken_installation_is_raised(ask: Ask) -> None:
    with pytest.raises(ImportError, match="lxml"):
        ask("missing")


def test_a_slow_caller_is_not_flooded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_START", WORKER)
    path = tmp_path / "a.html"
    path.write_text("stream")
    with Parsers(LIMITS) as parsers:
        found = next(parsers.parse([(path, "a.html")]))
        for _ in range(20):
            next(found)
        # 20 taken, 8 waiting, what fits into a pipe, and one in the making.
        assert (tmp_path / "made").stat().st_size < 100
        process = parsers._workers[0]._process
        assert process is not None
    assert process.poll() is not None, "a run that breaks off leaves no process behind"


def test_a_process_that_died_while_idle_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>甲。</p>", encoding="utf-8")
    with Parsers(LIMITS, n_workers=1) as parsers:
        for _ in range(4):
            (found,) = [list(items) for items in parsers.parse([(path, "a.html")])]
            assert [type(item) for item in found] == [Document]
            process = parsers._workers[0]._process
            if process is not None:
                process.kill()
                process.wait()


def test_without_processes_files_are_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>甲。</p>", encoding="utf-8")
    monkeypatch.setattr(sys, "executable", "")
    with Parsers(LIMITS) as parsers:
        (item,) = next(parsers.parse([(path, "a.html")]))
    assert isinstance(item, Document)
    assert item == next(parse_file(path, "a.html"))


@pytest.mark.parametrize(
    ("name", "content", "light"),
    [
        ("a.txt", "普通文字。".encode(), True),
        ("README", b"words", True),
        ("a.csv", b"a,b\n1,2\n", True),
        ("a.jsonl", b'{"text": "x"}\n', True),
        ("a.html", b"<p>x</p>", False),
        ("a.docx", b"PK\x03\x04", False),
        ("a.txt", b"%PDF-1.7", False),
        ("a.txt", b"PK\x03\x04", False),
        ("a.txt", b"\xef\xbb\xbf\n <!doctype html>", False),
        ("a.txt", "<html>".encode("utf-16"), False),
        ("big.jsonl", b" " * 1_000_001, False),
    ],
)
def test_small_plain_text_needs_no_process(
    tmp_path: Path, name: str, content: bytes, light: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert is_light(path) is light
    with Parsers(LIMITS) as parsers:
        for found in parsers.parse([(path, name)] if light else []):
            assert [type(item) for item in found] == [Document]
        assert parsers._workers == []


def test_a_script_without_a_guard_may_index(tmp_path: Path, tiny_model: Path) -> None:
    """And modules in the current folder are nobody's business."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.html").write_text("<p>甲。</p>", encoding="utf-8")
    (docs / "json.py").write_text("raise SystemExit('not yours')")
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom index.ingesting import IndexSettings, index_sources\n"
        "from index.embedding import EmbeddingSettings\n"
        f"settings = IndexSettings(embedding=EmbeddingSettings(model={str(tiny_model)!r}))\n"
        f"library = Path({str(tmp_path / 'library')!r})\n"
        "print(index_sources(library, [Path('a.html')], settings).added)"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=docs,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_file_that_vanishes_is_one_line(tmp_path: Path) -> None:
    with Parsers(LIMITS) as parsers:
        files = [(tmp_path / name, name) for name in ("a.pdf", "b.txt")]
        found = [list(items) for items in parsers.parse(files)]
    for (item,), (_, name) in zip(found, files, strict=True):
        assert isinstance(item, Skipped)
        assert item.reason.startswith(f"{name} cannot be read (No such file")
