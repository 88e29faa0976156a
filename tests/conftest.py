"""Small real parts for the tests: an embedding model of 8 dimensions, libraries of a few files."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from index.embedding import EmbeddingSettings
from index.ingesting import IndexReport, IndexSettings, index_sources
from index.store import open_library
from rag.answering import Answerer
from rag.schema import Answer
from rag.settings import AnswerabilitySettings, RagSettings


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that need a browser run only where they are asked for: -m browser."""
    if "browser" not in str(config.getoption("-m")):
        browser = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=browser)
        items[:] = [item for item in items if item not in browser]


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a home; the segmenter's cache, which takes seconds to make, is shared by all."""
    shared = tmp_path_factory.getbasetemp() / "cache"
    shared.mkdir(exist_ok=True)

    def make(home: Path) -> Path:
        home.mkdir(exist_ok=True)
        (home / "cache").symlink_to(shared, target_is_directory=True)
        return home

    return make


@pytest.fixture(scope="session", autouse=True)
def session_home(
    new_home: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """For what is made once for many tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENJU_HOME", str(new_home(tmp_path_factory.mktemp("session-home"))))
        yield


@pytest.fixture(autouse=True)
def wenju_home(
    new_home: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """A home of its own for every test."""
    home = new_home(tmp_path / "wenju-home")
    monkeypatch.setenv("WENJU_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static model with a vector per character, in the layout of the shipped one."""
    import numpy as np
    from safetensors.numpy import save_file
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("tiny-model")
    characters = [chr(c) for c in (*range(0x30, 0x7B), *range(0x4E00, 0x4E00 + 21000))]
    vocabulary = {token: i for i, token in enumerate(["[UNK]", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    vectors = np.random.default_rng(7).normal(size=(len(vocabulary), 8)).astype(np.float32)
    vectors[0] = 0.0
    save_file({"embeddings": vectors}, str(folder / "model.safetensors"))
    (folder / "config.json").write_text(json.dumps({"normalize": True, "hidden_dim": 8}))
    kinds = ("StaticEmbedding", "Normalize")
    modules = [
        {"idx": i, "name": str(i), "path": "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder


@pytest.fixture
def tiny_settings(tiny_model: Path) -> IndexSettings:
    return IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))


@pytest.fixture
def chat() -> Iterator[Callable[[str], str]]:
    """Starts `wenju chat` for a library on a free port, as a process of its own; its address."""
    running: list[subprocess.Popen[str]] = []

    def start(library: str) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "chat", "--index", library, "--port", "0"],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        return re.findall(r"http://[\d.:]+", process.stdout.readline())[0]

    yield start
    for process in running:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder and returns it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
def index_files(
    tmp_path: Path, tiny_settings: IndexSettings
) -> Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]:
    """Writes files below `docs/` and indexes them; gives the library's path and the report."""

    def run(files: Mapping[str, str | bytes]) -> tuple[Path, IndexReport]:
        docs = write_files(tmp_path / "docs", files)
        docs.mkdir(exist_ok=True)
        library = tmp_path / "library"
        return library, index_sources(library, [docs], tiny_settings)

    return run


@pytest.fixture
def ask(
    index_files: Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]],
) -> Callable[..., Answer]:
    """Asks a question of texts, each a document of a library of their own; always answered."""
    always = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))

    def asked(question: str, *texts: str) -> Answer:
        path, _ = index_files({f"{i}.txt": text for i, text in enumerate(texts)})
        with open_library(path) as library:
            return Answerer(library, always).answer(question, as_of=date(2026, 1, 31))

    return asked


@pytest.fixture
def library_of(
    wenju_home: Path, tmp_path: Path, tiny_settings: IndexSettings
) -> Callable[..., Path]:
    """Makes a named library of a few files: its folder."""

    def make(name: str, files: Mapping[str, str | bytes], root: Path | None = None) -> Path:
        docs = write_files(tmp_path / f"docs of {name}", files)
        library = (root or wenju_home) / "libraries" / name
        index_sources(library, [docs], tiny_settings)
        return library

    return make


class Launched(httpx.Client):
    """A client of a server that runs as a process of its own."""

    process: subprocess.Popen[str]
    log: Path

    def end(self) -> None:
        self.close()
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def launch(
    home: Path, model: Path, log: Path, *arguments: str, page: bool = False, **env: str
) -> Launched:
    """`wenju serve` on a free port, with the tiny model; it answers whatever it is asked."""
    own = {
        "WENJU_HOME": str(home),
        "WENJU_ANSWERABILITY_MIN_CONFIDENCE": "0",
        "WENJU_EMBEDDING_MODEL": str(model),
    }
    extra = [] if page else ["--no-page"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "serve", "--port", "0", *extra, *arguments],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **own, **env},
        )
    assert process.stdout is not None
    address = re.findall(r"http://[\d.:]+", process.stdout.readline())
    assert address, log.read_text()
    client = Launched(
        base_url=address[0].replace("0.0.0.0", "127.0.0.1"), timeout=60, trust_env=False
    )
    client.process, client.log = process, log
    return client


@pytest.fixture
def serve(tiny_model: Path, wenju_home: Path, tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """Starts servers over the test's own home; ends them."""
    started: list[Launched] = []

    def start(*arguments: str, page: bool = False, **env: str) -> Launched:
        log = tmp_path / f"server-{len(started)}.log"
        client = launch(wenju_home, tiny_model, log, *arguments, page=page, **env)
        started.append(client)
        return client

    yield start
    for client in started:
        client.end()


@pytest.fixture(scope="session")
def launched(
    tiny_model: Path, new_home: Callable[[Path], Path]
) -> Iterator[Callable[..., Launched]]:
    """Starts servers over a home that is given; they end with the session."""
    started: list[Launched] = []

    def start(home: Path, *arguments: str) -> Launched:
        client = launch(new_home(home), tiny_model, home / "server.log", *arguments)
        started.append(client)
        return client

    yield start
    for client in started:
        client.end()


@pytest.fixture(scope="session")
def shared_server(
    tiny_model: Path,
    new_home: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Launched]:
    """One server for tests that leave its libraries `default` and `钢铁` as they are."""
    home = new_home(tmp_path_factory.mktemp("server-home"))
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))
    for name, files in (("default", {"锂.txt": LITHIUM}), ("钢铁", {"钢.txt": STEEL})):
        docs = write_files(home / "docs" / name, files)
        index_sources(home / "libraries" / name, [docs], settings)
    client = launch(home, tiny_model, home / "server.log")
    yield client
    client.end()


@pytest.fixture
def openai_client(shared_server: Launched) -> Iterator[Any]:
    import openai

    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=f"{shared_server.base_url}/v1", api_key="none", http_client=http, max_retries=0
    ) as client:
        yield client


# --- a language model's server that says what a test wants -------------------------------------


@dataclass
class Said:
    """One answer of the server. `cut` and `stall_s` after `pieces` pieces of the text."""

    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None  # the connection breaks after so many characters
    stall: int | None = None  # nothing more comes after so many characters
    usage: tuple[int, int] | None = (120, 30)
    finish: str = "stop"
    body: str | None = None  # instead of a stream


class ScriptedLlm:
    """An OpenAI-compatible server on loopback. `script` gives the answer to each request body."""

    def __init__(self) -> None:
        self.script: Callable[[dict[str, Any]], Said] = lambda body: Said("")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.ending = threading.Event()  # ends stalls
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                with contextlib.suppress(OSError):
                    outer._answer(self, outer.script(body))
                self.close_connection = True

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler, said: Said) -> None:
        body = said.body
        if said.status != 200 and body is None:
            body = json.dumps({"error": {"message": "no", "type": "x", "code": "x"}})
        handler.send_response(said.status)
        for name, value in said.headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        if body is not None:
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body.encode())))
            handler.end_headers()
            handler.wfile.write(body.encode())
            return
        handler.send_header("Content-Type", "text/event-stream")
        if said.cut is not None:
            handler.send_header("Content-Length", "999999")  # more than comes: it breaks off
        handler.end_headers()
        end = min(n for n in (said.cut, said.stall, len(said.text)) if n is not None)
        for at in range(0, end, 9):
            self._event(handler, {"role": "assistant", "content": said.text[at : min(at + 9, end)]})
        if said.cut is not None:
            return
        if said.stall is not None:
            self.ending.wait(60)
            return
        self._event(handler, {}, finish=said.finish)
        if said.usage is not None:
            self._event(handler, None, usage=said.usage)
        handler.wfile.write(b"data: [DONE]\n\n")

    def _event(
        self,
        handler: BaseHTTPRequestHandler,
        delta: dict[str, str] | None,
        finish: str | None = None,
        usage: tuple[int, int] | None = None,
    ) -> None:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        event: dict[str, Any] = {
            "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted",
            "choices": choices,
        }  # fmt: skip
        if usage is not None:
            event["usage"] = {
                "prompt_tokens": usage[0], "completion_tokens": usage[1],
                "total_tokens": sum(usage),
            }  # fmt: skip
        handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        handler.wfile.flush()


@pytest.fixture
def scripted_llm() -> Iterator[ScriptedLlm]:
    from rag.llm_limits import forget

    forget()
    server = ScriptedLlm()
    yield server
    server.close()
    forget()


@pytest.fixture
def said() -> type[Said]:
    return Said


@pytest.fixture(scope="session")
def begin_server(tiny_model: Path, new_home: Callable[[Path], Path]) -> Callable[..., Launched]:
    """Starts a server, page and all, over a home with a library of these files."""

    def begin(home: Path, files: Mapping[str, str | bytes], *arguments: str) -> Launched:
        docs = write_files(new_home(home) / "docs", files)
        settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))
        index_sources(home / "libraries" / "default", [docs], settings)
        log = home / "server.log"
        return launch(home, tiny_model, log, *arguments, page=True, WENJU_LANG="zh")

    return begin


LITHIUM = "2025年全国碳酸锂产量为96万吨。\n产量同比增长三成。\n"
STEEL = """\
2024年中国粗钢产量为10.05亿吨。

2024年日本粗钢产量为8400万吨。

2024年印度粗钢产量为1.49亿吨。

2024年越南粗钢产量为2200万吨。

2024年法国粗钢产量为1100万吨。

2024年巴西粗钢产量为3400万吨。
"""
