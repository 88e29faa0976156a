"""The server as its callers see it: a process of its own, over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import importlib
import io
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from index.ingesting import index_sources
from index.store import open_library
from rag.answering import Answerer
from rag.settings import AnswerabilitySettings, RagSettings
from ui.server.answering import Asked
from ui.server.processes import Processes, sensible

Serve = Callable[..., httpx.Client]
QUESTION = "2025年碳酸锂产量是多少？"
TEXT = "2025年全国碳酸锂产量为96万吨。\n产量同比增长三成。\n"


@pytest.fixture
def client(shared_server: httpx.Client) -> httpx.Client:
    return shared_server


def events_of(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each server-sent event."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_an_answer_is_the_record_that_the_command_line_gives(
    client: Any,
) -> None:
    answer = client.post("/v1/answers", json={"question": QUESTION, "as_of": "2026-01-31"})
    assert answer.status_code == 200
    always = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
    with open_library(client.log.parent / "libraries" / "default") as library:
        wanted = Answerer(library, always).answer(QUESTION, as_of=date(2026, 1, 31)).to_record()
    found = answer.json()
    assert list(found) == list(wanted)
    assert found | {"timings_ms": {}} == json.loads(json.dumps(wanted)) | {"timings_ms": {}}
    assert "96万吨" in found["answer"]


@pytest.mark.parametrize("how", ["field", "header"])
def test_a_stream_tells_statements_then_the_whole_record(client: httpx.Client, how: str) -> None:
    body = {"question": QUESTION} | ({"stream": True} if how == "field" else {})
    headers = {} if how == "field" else {"Accept": "text/event-stream"}
    with client.stream("POST", "/v1/answers", json=body, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        *statements, (last, record) = events_of(stream.read().decode())
    assert last == "done"
    assert [name for name, _ in statements] == ["statement"] * len(record["statements"])
    told = [{"text": d["text"], "citations": d["citations"]} for _, d in statements]
    assert told == record["statements"]
    assert [c for _, d in statements for c in d["sources"]] == record["citations"]


def test_what_is_asked_wrongly_is_said_in_one_line_with_its_request_id(
    client: httpx.Client,
) -> None:
    tries = {
        422: {"question": ""},
        404: {"question": "问", "library": "elsewhere"},
        400: {"question": "问", "since": "2026", "until": "2025"},
    }
    for status, body in tries.items():
        for stream in (False, True):
            answer = client.post("/v1/answers", json=body | {"stream": stream})
            error = answer.json()["error"]
            assert answer.status_code == status
            assert error["request_id"] == answer.headers["x-request-id"]
            assert error["message"]
            assert "\n" not in error["message"]


def test_a_search_gives_passages_and_a_document_its_words_at_a_span(client: httpx.Client) -> None:
    found = client.post("/v1/search", json={"question": QUESTION, "limit": 1}).json()
    (hit,) = found["passages"]
    at = {"start": hit["start"], "end": hit["end"], "around": 0}
    excerpt = client.get(f"/v1/documents/{hit['doc_id']}", params=at).json()
    assert excerpt["text"] == hit["text"]
    assert excerpt["length"] == len(TEXT)
    beside = client.get("/v1/documents/锂.txt", params={"start": 5, "end": 7, "around": 2}).json()
    assert (beside["start"], beside["end"], beside["text"]) == (3, 9, TEXT[3:9])


def test_libraries_and_documents_are_listed(client: httpx.Client) -> None:
    library = client.get("/v1/libraries").json()["libraries"][0]
    assert (library["name"], library["documents"], library["error"]) == ("default", 1, None)
    listed = client.get("/v1/documents").json()
    assert (listed["library"], listed["total"]) == ("default", 1)
    assert [one["doc_id"] for one in listed["documents"]] == ["锂.txt"]
    assert client.get("/v1/documents", params={"offset": 1}).json()["documents"] == []


def test_files_come_in_are_asked_and_go_while_the_server_runs(
    client: Any,
) -> None:
    files = [("files", ("员工.md", "港口现有员工8600人。".encode()))]
    job = client.post("/v1/documents", files=files, data={"library": "港口"}, params={"wait": 60})
    assert job.status_code == 202
    assert (job.json()["status"], job.json()["result"]["added"]) == ("done", 1)
    assert client.get(job.headers["location"]).json() == job.json()
    ask = {"question": "港口有多少员工", "library": "港口"}
    assert "8600人" in client.post("/v1/answers", json=ask).json()["answer"]

    files = [("files", ("员工.md", "港口现有员工8700人。".encode()))]
    client.post("/v1/documents", files=files, data={"library": "港口"}, params={"wait": 60})
    assert "8700人" in client.post("/v1/answers", json=ask).json()["answer"]

    gone = client.delete("/v1/documents/员工.md", params={"library": "港口", "wait": 60})
    assert gone.json()["result"] == {"removed": 1}
    assert client.post("/v1/answers", json=ask).json()["status"] == "abstained"
    home = client.log.parent
    assert [p for p in home.rglob("*") if p.suffix == ".md"] == []
    held = [p for p in (home / "libraries" / "港口").rglob("*") if p.is_file()]
    assert not any(b"8700" in p.read_bytes() for p in held)


def test_a_job_that_fails_says_why_and_the_next_one_runs(client: httpx.Client) -> None:
    bad = client.post(
        "/v1/documents", files=[("files", ("a.pdf", b"no pdf"))], data={"library": "x"},
        params={"wait": 60},
    ).json()  # fmt: skip
    good = client.post(
        "/v1/documents", files=[("files", ("b.txt", b"Harbour traffic grew."))],
        data={"library": "x"}, params={"wait": 60},
    ).json()  # fmt: skip
    assert bad["result"]["added"] == 0
    assert bad["result"]["skipped"][0]["source"] == "a.pdf"
    assert (good["status"], good["result"]["added"]) == ("done", 1)


def test_health_and_metrics_are_told(client: httpx.Client) -> None:
    client.post("/v1/answers", json={"question": QUESTION})
    for path in ("/healthz", "/readyz"):
        assert client.get(path).json()["status"] == "ok"
    metrics = client.get("/metrics").text
    assert re.search(r'^wenju_answers_total\{status="answered"\} [1-9]', metrics, re.MULTILINE)
    assert 'route="/v1/answers"' in metrics
    assert "碳酸锂" not in metrics


def test_the_page_loads_in_the_background_and_is_the_chat_page(
    serve: Serve, library_of: Callable[..., Path]
) -> None:
    library_of("default", {"锂.txt": TEXT})
    client = serve(page=True)
    assert client.get("/readyz").json()["page"] in ("loading", "ready")
    pages = (client.get("/") for _ in range(10_000))
    first, last = _until_ready(pages)
    assert first.status_code in (200, 503)
    assert "gradio" in last.text
    assert client.get("/v1/nothing").json()["error"]["type"] == "not_found"


def _until_ready(pages: Iterator[httpx.Response]) -> tuple[httpx.Response, httpx.Response]:
    import time

    until, first = time.monotonic() + 60, next(pages)
    last = first
    while last.status_code == 503 and time.monotonic() < until:
        time.sleep(0.05)  # between two looks, not instead of one
        last = next(pages)
    return first, last


# --- batches, feedback ---------------------------------------------------------------------------

BATCH = [{"id": "a", "question": QUESTION}, {"question": "  。"}, {"id": "c", "question": QUESTION}]


def test_a_batch_is_answered_aside_and_read_in_three_forms(client: httpx.Client) -> None:
    job = client.post("/v1/batches", json={"questions": BATCH}, params={"wait": 60})
    done = job.json()
    assert (job.status_code, done["status"]) == (202, "done")
    assert {k: done["result"][k] for k in ("total", "answered", "repeated")} == {
        "total": 3, "answered": 2, "repeated": 1,
    }  # fmt: skip
    where = job.headers["location"]
    assert client.get(where).json() == done
    lines = client.get(f"{where}/results").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "q2", "c"]
    table = client.get(f"{where}/results", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == ["a", "q2", "c"]
    assert "96万吨" in rows[0]["citation_1"]
    book = client.get(f"{where}/results", params={"format": "xlsx"})
    assert book.content.startswith(b"PK")
    assert done["id"] in [one["id"] for one in client.get("/v1/batches").json()["jobs"]]
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.get(f"{where}/results").status_code == 404


def test_feedback_is_kept_and_listed(client: httpx.Client) -> None:
    said = {"rating": "bad", "question": QUESTION, "comment": "数字不对"}
    assert client.post("/v1/feedback", json=said).status_code == 201
    found = client.get("/v1/feedback").json()["feedback"][0]
    assert {key: found[key] for key in said} == said
    assert found["library"] == "default"


def test_jobs_that_a_server_left_over_are_done_by_the_next(
    serve: Serve, library_of: Callable[..., Path], wenju_home: Path
) -> None:
    library_of("default", {"锂.txt": TEXT})
    client: Any = serve()
    job = client.post("/v1/batches", json={"questions": BATCH}).json()
    client.get(f"/v1/batches/{job['id']}", params={"wait": 0.5})  # so that its process is there
    client.process.kill()
    client.process.wait()
    after = serve().get(f"/v1/batches/{job['id']}", params={"wait": 60}).json()
    assert (after["status"], after["result"]["total"]) == ("done", 3)


def test_a_cancelled_batch_is_gone_and_the_next_one_runs(client: httpx.Client) -> None:
    many = [{"question": f"第{i}个问题：产量是多少？"} for i in range(2000)]
    first = client.post("/v1/batches", json={"questions": many}).json()["id"]
    second = client.post("/v1/batches", json={"questions": BATCH}).json()["id"]
    assert client.delete(f"/v1/batches/{first}").status_code == 204
    assert client.get(f"/v1/batches/{first}").status_code == 404
    done = client.get(f"/v1/batches/{second}", params={"wait": 60}).json()
    assert done["status"] == "done"


def test_a_follow_up_is_completed_from_the_turns_before(client: httpx.Client) -> None:
    first = client.post("/v1/answers", json={"question": QUESTION}).json()
    for history in ([QUESTION], [{"question": QUESTION, "answer": "96万吨"}], [first]):
        ask = {"question": "同比增长多少呢？", "history": history}
        second = client.post("/v1/answers", json=ask).json()
        assert "碳酸锂" in second["completed_question"]
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": first["answer"]},
        {"role": "user", "content": "同比增长多少呢？"},
    ]
    chat = client.post("/v1/chat/completions", json={"messages": messages}).json()
    assert "碳酸锂" in chat["wenju"]["completed_question"]


def test_many_ask_at_once_while_documents_come_and_a_process_dies_and_nobody_waits_for_ever(
    serve: Serve, library_of: Callable[..., Path]
) -> None:
    library_of("default", {"锂.txt": TEXT})
    client: Any = serve("--set", "serve.processes=2")

    def ask(number: int) -> int | str:
        if number == 10:
            for pid in children_of(client.process.pid, "spawn_main"):
                os.kill(pid, signal.SIGKILL)
        if number % 10 == 5:
            files = [("files", (f"{number}.md", f"第{number}号泊位有员工{number}人。".encode()))]
            job = client.post("/v1/documents", files=files, params={"wait": 60}).json()
            return job["status"]
        return client.post("/v1/answers", json={"question": QUESTION}).status_code

    with ThreadPoolExecutor(20) as people:
        statuses = list(people.map(ask, range(60), timeout=120))
    assert set(statuses) == {200, "done"}
    workers = children_of(client.process.pid, "spawn_main")
    client.process.terminate()
    client.process.wait(30)
    until = time.monotonic() + 30
    while left := [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < until, f"{left} outlived the server"
        time.sleep(0.05)


def test_a_pool_that_breaks_and_forgets_a_question_is_replaced_and_the_question_answered(
    library_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.server.processes.LOOK_S", 0.01)
    library = library_of("default", {"锂.txt": TEXT})
    processes = Processes(1)
    broken = processes._pool
    broken._broken = True
    monkeypatch.setattr(broken, "submit", lambda *_: Future())
    try:
        asked = Asked(QUESTION, as_of=date(2026, 1, 31))
        answer = asyncio.run(processes.answer(library, RagSettings(), asked))
    finally:
        processes.close()
    assert answer.status == "answered"
    assert processes._pool is not broken


POISON = """import os, time
def answer(library, settings, asked):
    if asked == "poison":
        os._exit(1)
    time.sleep(0.5)
    return asked
"""


def test_a_question_that_ends_its_process_twice_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "poison_of_processes.py").write_text(POISON)
    monkeypatch.syspath_prepend(tmp_path)
    answer = importlib.import_module("poison_of_processes").answer
    monkeypatch.setattr("ui.server.processes._answer", answer)
    processes = Processes(2)

    async def ask_all() -> list[Any]:
        asked: Any = ["a", "poison", "b", "c"]
        answers = (processes.answer(tmp_path, RagSettings(), one) for one in asked)
        return await asyncio.gather(*answers, return_exceptions=True)

    try:
        a, poison, b, c = asyncio.run(ask_all())
    finally:
        processes.close()
    assert (a, b, c) == ("a", "b", "c")
    assert "two processes ended" in str(poison)


def test_processes_begin_when_two_ask_at_once_and_streams_come_from_them(
    tmp_path: Path, wenju_home: Path, serve: Serve
) -> None:
    """Where nobody said how many: each of them holds the model, so it must be the small one."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "锂.txt").write_text(TEXT, encoding="utf-8")
    index_sources(wenju_home / "libraries" / "default", [tmp_path / "docs"])
    client: Any = serve(WENJU_EMBEDDING_MODEL="static-zh")
    ask = {"question": QUESTION, "as_of": "2026-01-31"}
    alone = client.post("/v1/answers", json=ask).json()
    assert children_of(client.process.pid, "spawn_main") == []
    if sensible() == 0:
        pytest.skip("one core: its threads answer")
    with ThreadPoolExecutor(8) as people:
        together = list(
            people.map(lambda _: client.post("/v1/answers", json=ask).json(), range(16))
        )
    assert children_of(client.process.pid, "spawn_main")
    streamed = events_of(client.post("/v1/answers", json=ask | {"stream": True}).text)
    told = [event["text"] for name, event in streamed if name == "statement"]
    assert told == [statement["text"] for statement in alone["statements"]]
    for record in (*together, streamed[-1][1]):
        assert record | {"timings_ms": {}} == alone | {"timings_ms": {}}


def children_of(pid: int, named: str) -> list[int]:
    """Of a process, those whose command line holds a word."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("no list of a process's children here")
    found = []
    for child in map(int, listed.read_text().split()):
        with contextlib.suppress(OSError):
            if named in Path(f"/proc/{child}/cmdline").read_text():
                found.append(child)
    return found


def test_processes_of_their_own_give_the_same_answers_see_new_documents_and_are_replaced(
    serve: Serve, library_of: Callable[..., Path]
) -> None:
    library_of("default", {"锂.txt": TEXT})
    client: Any = serve("--set", "serve.processes=2")
    ask = {"question": QUESTION, "as_of": "2026-01-31"}
    threads = events_of(client.post("/v1/answers", json=ask | {"stream": True}).text)[-1][1]
    first = client.post("/v1/answers", json=ask).json()
    assert first | {"timings_ms": {}} == threads | {"timings_ms": {}}
    files = [("files", ("港.md", "港口现有员工8600人。".encode()))]
    client.post("/v1/documents", files=files, params={"wait": 60})
    port = {"question": "港口有多少员工"}
    assert "8600人" in client.post("/v1/answers", json=port).json()["answer"]
    children = Path(f"/proc/{client.process.pid}/task/{client.process.pid}/children")
    if children.exists():
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        assert "8600人" in client.post("/v1/answers", json=port).json()["answer"]
    assert client.post("/v1/answers", json={"question": "问", "kinds": []}).status_code == 200
