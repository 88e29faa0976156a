"""Each try to reach what is somebody else's, or to harm the server, by its name."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from index.embedding import EmbeddingSettings
from index.ingesting import IndexSettings, index_sources
from ui.state import FILE, State

SECRET = "云岭县矿区的储量为三百万吨。"
QUESTION = "云岭县矿区的储量是多少？"


class Two:
    """A server with a library for each user, two users, and what one of them has."""

    def __init__(self, client: Any, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys

    def by(self, user: str, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[user]}", **headers}


@pytest.fixture(scope="module")
def two(launched: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Two:
    home = tmp_path_factory.mktemp("two")
    with State(home / FILE) as state:
        keys = {user: state.add_key(user)[1] for user in ("li", "wang")}
        keys["reader"] = state.add_key("li", role="read")[1]
        revoked, keys["revoked"] = state.add_key("li")
        state.revoke_key(revoked.id)
    client = launched(home, "--set", "serve.per_user=true")
    both = Two(client, keys)
    files = [("files", ("矿区.txt", SECRET.encode()))]
    done = client.post(
        "/v1/documents", files=files, data={"library": "mine"}, params={"wait": 60},
        headers=both.by("li"),
    )  # fmt: skip
    assert done.json()["status"] == "done", done.text
    return both


ME = {"question": QUESTION, "library": "mine"}


def test_the_owner_gets_an_answer(two: Two) -> None:
    answer = two.client.post("/v1/answers", json=ME, headers=two.by("li")).json()
    assert "三百万吨" in answer["answer"]


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wj_000000000000_" + "A" * 43},
        {"Authorization": "Bearer ' OR 1=1 --"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"li:").decode()},
        {"X-User": "li"},
        {"X-Forwarded-User": "li"},
        {"Cookie": "user=li"},
    ],
    ids=lambda header: next(iter(header.values()), "none")[:20],
)
def test_without_a_valid_key_nothing_is_told(two: Two, header: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/v1/answers"), ("POST", "/v1/search"), ("GET", "/v1/libraries"),
        ("GET", "/v1/documents"), ("POST", "/v1/documents"), ("GET", "/v1/jobs"),
        ("GET", "/v1/batches"), ("GET", "/v1/feedback"), ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"), ("GET", "/metrics"), ("GET", "/v1/documents/矿区.txt"),
    ):  # fmt: skip
        answer = two.client.request(method, path, json=ME, headers=header)
        assert answer.status_code in (401, 422), (path, answer.status_code)
        assert "三百万吨" not in answer.text
        assert "mine" not in answer.text


def test_a_revoked_key_and_a_key_with_another_ones_id_are_refused(two: Two) -> None:
    stolen = two.keys["wang"].rsplit("_", 1)[0] + "_" + two.keys["li"].split("_", 2)[2]
    for key in (two.keys["revoked"], stolen, two.keys["li"][:-1], two.keys["li"] + "x"):
        header = {"Authorization": f"Bearer {key}"}
        assert two.client.get("/v1/libraries", headers=header).status_code == 401


def test_a_key_works_as_the_password_a_browser_asks_for(two: Two) -> None:
    basic = base64.b64encode(f"anything:{two.keys['li']}".encode()).decode()
    answer = two.client.get("/v1/libraries", headers={"Authorization": f"Basic {basic}"})
    assert [one["name"] for one in answer.json()["libraries"]] == ["mine"]


LIBRARY_TRICKS = [
    "mine", "../../users/li/libraries/mine", "../li/libraries/mine", "..", ".", "/", "./mine",
    "..%2f..%2fusers%2fli%2flibraries%2fmine", "li/mine", "users/li/libraries/mine",
    "~/mine", "mine\u0000", "mine/", "mine\\", "MINE", " mine", "ｍｉｎｅ", "C:\\mine",
    "file:///mine", "mine?user=li", "mine' OR '1'='1", "%6dine",
]  # fmt: skip


@pytest.mark.parametrize("name", LIBRARY_TRICKS, ids=ascii)
def test_no_name_reaches_the_library_of_another(two: Two, name: str, tmp_path: Path) -> None:
    header = two.by("wang")
    tries = [
        two.client.post("/v1/answers", json=ME | {"library": name}, headers=header),
        two.client.post("/v1/search", json=ME | {"library": name}, headers=header),
        two.client.get("/v1/documents", params={"library": name}, headers=header),
        two.client.get("/v1/documents/矿区.txt", params={"library": name}, headers=header),
        two.client.delete("/v1/documents/矿区.txt", params={"library": name}, headers=header),
        two.client.post(
            "/v1/batches", json={"questions": [{"question": "问"}], "library": name},
            headers=header,
        ),
        two.client.post(
            "/v1/chat/completions", headers=header,
            json={"model": f"wenju:{name}", "messages": [{"role": "user", "content": QUESTION}]},
        ),
    ]  # fmt: skip
    for answer in tries:
        assert answer.status_code in (400, 404, 422), answer.text
        assert "三百万吨" not in answer.text


@pytest.mark.parametrize(
    "header",
    [
        {"X-User": "li"}, {"X-Original-URL": "/v1/libraries"}, {"X-Forwarded-For": "127.0.0.1"},
        {"X-Wenju-User": "li"}, {"Host": "li"}, {"Cookie": "wj_user=li"}, {"X-Request-ID": "li"},
    ],
    ids=lambda header: next(iter(header)),
)  # fmt: skip
def test_no_header_makes_one_user_another(two: Two, header: dict[str, str]) -> None:
    answer = two.client.get("/v1/libraries", headers=two.by("wang", **header))
    assert answer.status_code in (200, 403)
    assert "mine" not in answer.text


def test_no_query_makes_one_user_another(two: Two) -> None:
    for name in ("user", "owner", "key", "api_key", "library", "per_user", "as"):
        answer = two.client.get("/v1/libraries", params={name: "li"}, headers=two.by("wang"))
        assert answer.json() == {"libraries": []}
    for name in ("user", "owner", "root", "path"):
        answer = two.client.post("/v1/answers", json=ME | {name: "li"}, headers=two.by("wang"))
        assert answer.status_code == 422


def test_jobs_and_batches_of_another_are_as_if_they_were_not(two: Two) -> None:
    li, wang = two.by("li"), two.by("wang")
    job = two.client.get("/v1/jobs", headers=li).json()["jobs"][0]["id"]
    body = {"questions": [{"question": QUESTION}], "library": "mine"}
    batch = two.client.post("/v1/batches", json=body, headers=li, params={"wait": 60}).json()["id"]
    for path in (
        f"/v1/jobs/{job}", f"/v1/batches/{batch}", f"/v1/batches/{batch}/results",
        f"/v1/batches/{job}", f"/v1/jobs/{batch}", "/v1/batches/..", "/v1/batches/%2e%2e",
        f"/v1/batches/..%2f..%2fli%2fbatches%2f{batch}/results",
    ):  # fmt: skip
        answer = two.client.get(path, headers=wang)
        assert answer.status_code == 404, path
        assert "三百万吨" not in answer.text
        assert batch not in answer.text.replace(path, "")
    assert two.client.delete(f"/v1/batches/{batch}", headers=wang).status_code == 404
    kept = two.client.get(f"/v1/batches/{batch}/results", headers=li)
    assert "三百万吨" in kept.text
    assert two.client.get("/v1/jobs", headers=wang).json() == {"jobs": []}
    assert two.client.get("/v1/batches", headers=wang).json() == {"jobs": []}


def test_a_job_tells_no_place_on_the_server(two: Two) -> None:
    files = [("files", ("leer.zip", b"PK\x05\x06" + b"\0" * 18))]
    sent = {"files": files, "data": {"library": "leer"}, "headers": two.by("li")}
    failed = two.client.post("/v1/documents", params={"wait": 60}, **sent).json()
    assert failed["status"] in ("done", "failed")
    assert str(two.client.log.parent) not in json.dumps(failed)
    told = two.client.get("/v1/jobs", headers=two.by("li")).text
    assert str(two.client.log.parent) not in told


@pytest.mark.parametrize("name", ["mine", "../../users/li/libraries/mine"])
def test_no_route_beside_answering_shows_the_library_of_another(two: Two, name: str) -> None:
    """Views, pages, sound, exports, suggestions, quality, feedback, a file of questions."""
    post, get, by = two.client.post, two.client.get, {"headers": two.by("wang")}
    at = {"doc_id": "矿区.txt", "library": name}
    record = two.client.post("/v1/answers", json=ME, headers=two.by("li")).json()
    said = {"rating": "bad", "question": QUESTION, "library": name}
    tries = [
        post("/v1/view", json=at, **by),
        post("/v1/view/pages", json=at, **by),
        get("/v1/audio", params=at, **by),
        post("/v1/exports", json={"format": "references", "records": [record],
                                  "library": name}, **by),
        get("/v1/suggestions", params={"library": name}, **by),
        get("/v1/quality", params={"library": name}, **by),
        get("/v1/quality/report", params={"library": name}, **by),
        post("/v1/feedback", json=said, **by),
        post(f"/v1/libraries/{quote(name, safe='')}/refresh", **by),
        post("/v1/batches/file", files={"file": ("q.txt", QUESTION.encode())},
             data={"library": name}, **by),
    ]  # fmt: skip
    for answer in tries:
        assert answer.status_code in (400, 404, 422), (answer.url, answer.text)
        assert "三百万吨" not in answer.text


def test_a_parameter_or_a_header_given_twice_is_still_ones_own(two: Two) -> None:
    li, wang = two.keys["li"], two.keys["wang"]
    own = {"headers": two.by("wang")}
    for query in ("library=nothing&library=mine", "library=mine&library=nothing"):
        answer = two.client.get(f"/v1/documents/矿区.txt?{query}", **own)
        assert answer.status_code == 404
    # Of two keys one counts; half of one and half of the other is none.
    forged = "_".join((*li.split("_", 2)[:2], wang.split("_", 2)[2]))
    assert two.client.get(
        "/v1/libraries", headers={"Authorization": f"Bearer {forged}"}
    ).status_code == 401  # fmt: skip
    twice = [("Authorization", f"Bearer {wang}"), ("Authorization", f"Bearer {forged}"),
             ("Cookie", f"wenju_key={forged}")]  # fmt: skip
    answer = two.client.get("/v1/documents/矿区.txt", params={"library": "mine"}, headers=twice)
    assert answer.status_code in (400, 401, 404)
    assert "三百万吨" not in answer.text


def test_no_turn_before_reaches_the_document_of_another(two: Two) -> None:
    """A record of theirs, and annotations with their addresses, sent as one's own history."""
    li, wang = two.by("li"), two.by("wang")
    files = [("files", ("港.txt", "港口现有员工8600人。".encode()))]
    two.client.post(
        "/v1/documents", files=files, data={"library": "own"}, headers=wang, params={"wait": 60}
    )
    record = two.client.post("/v1/answers", json=ME, headers=li).json()
    url = f"{two.client.base_url}/v1/documents/矿区.txt?library=mine&start=0&end=14"
    cited = {"type": "url_citation", "url_citation": {"url": url, "title": "矿区.txt"}}
    for question in ("谁写的？", "还有别的吗？", "它的储量呢？", "这份报告讲了什么？"):
        ask = {"question": question, "library": "own", "history": [record | {"answer": ""}]}
        messages = [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "", "annotations": [cited]},
            {"role": "user", "content": question},
        ]
        chat = {"model": "wenju:own", "messages": messages}
        for answer in (
            two.client.post("/v1/answers", json=ask, headers=wang),
            two.client.post("/v1/chat/completions", json=chat, headers=wang),
        ):
            assert answer.status_code == 200
            assert "三百万吨" not in answer.text


def test_no_batch_of_another_is_stopped_resumed_or_erased(two: Two) -> None:
    li, wang = two.by("li"), two.by("wang")
    body = {"questions": [{"question": QUESTION}], "library": "mine"}
    at = two.client.post("/v1/batches", json=body, headers=li).headers["location"]
    for path, query in (("cancel", {}), ("resume", {"retry_failed": True})):
        assert two.client.post(f"{at}/{path}", params=query, headers=wang).status_code == 404
    assert two.client.delete(at, headers=wang).status_code == 404
    done = two.client.get(at, params={"wait": 60}, headers=li).json()
    assert (done["status"], done["result"]["answered"]) == ("done", 1)
    read_only = two.client.post(f"{at}/resume", headers=two.by("reader"))
    assert read_only.status_code == 403


def test_feedback_of_another_is_not_listed(two: Two) -> None:
    said = {"rating": "bad", "question": QUESTION, "library": "mine"}
    two.client.post("/v1/feedback", json=said, headers=two.by("li"))
    assert two.client.get("/v1/feedback", headers=two.by("wang")).json() == {"feedback": []}


def test_a_read_only_key_changes_nothing(two: Two) -> None:
    reader = two.by("reader")
    tries = [
        two.client.post(
            "/v1/documents", files=[("files", ("b.txt", b"x"))], data={"library": "mine"},
            headers=reader,
        ),
        two.client.delete("/v1/documents/矿区.txt", params={"library": "mine"}, headers=reader),
        two.client.post("/v1/batches", json={"questions": [{"question": "问"}]}, headers=reader),
    ]  # fmt: skip
    assert [answer.status_code for answer in tries] == [403, 403, 403]
    assert two.client.post("/v1/answers", json=ME, headers=reader).status_code == 200


FILE_TRICKS = [
    "../../../escape.txt", "..\\..\\escape.txt", "/etc/escape.txt", "a/../../escape.txt",
    ".escape.txt", "..", "", "x\u0000.txt", "x\n.txt", "a" * 300 + ".txt", ".txt",
    "C:\\temp\\escape.txt", "....//escape.txt", "~/escape.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", FILE_TRICKS, ids=ascii)
def test_no_file_name_writes_outside_the_users_uploads(two: Two, name: str) -> None:
    home = two.client.log.parent
    # What is written is written before the reply; the test after this waits for indexing too.
    answer = two.client.post(
        "/v1/documents", files=[("files", (name, b"Harbour."))], data={"library": "own"},
        headers=two.by("wang"),
    )  # fmt: skip
    assert answer.status_code in (202, 400, 415, 422)
    assert_nothing_lies_outside(home, "wang")


def test_files_of_such_names_are_indexed_and_nothing_of_them_lies_outside(two: Two) -> None:
    home = two.client.log.parent
    files = [("files", (name, b"Harbour.")) for name in FILE_TRICKS[:1]]
    sent = {"files": files, "data": {"library": "own"}, "headers": two.by("wang")}
    done = two.client.post("/v1/documents", params={"wait": 60}, **sent).json()
    assert done["status"] == "done", done
    assert_nothing_lies_outside(home, "wang")


def assert_nothing_lies_outside(home: Path, user: str) -> None:
    inside = home / "users" / user / "uploads"
    everywhere = {p for p in home.rglob("*.txt") if p.is_file()}
    assert {p for p in everywhere if inside not in p.parents} == {
        home / "users" / "li" / "uploads" / "mine" / "矿区.txt"
    }
    assert not list(home.parent.glob("escape*"))


@pytest.mark.parametrize(
    "doc_id",
    ["../../../li/uploads/mine/矿区.txt", "..", "/etc/passwd", "....//etc/passwd", "%2e%2e/x",
     "矿区.txt\u0000", "file:///etc/passwd"],
    ids=ascii,
)  # fmt: skip
def test_no_document_id_reads_a_file(two: Two, doc_id: str) -> None:
    plain = [] if "\0" in doc_id else [f"/v1/documents/{doc_id}"]
    for path in (*plain, f"/v1/documents/{quote(doc_id, safe='')}"):
        answer = two.client.get(path, params={"library": "mine"}, headers=two.by("li"))
        assert answer.status_code == 404, path
        assert "root:" not in answer.text


def test_types_that_are_not_read_and_too_many_files_are_refused(two: Two) -> None:
    li = two.by("li")
    for name in ("a.exe", "a", "a.txt.sh", "a.sqlite"):
        answer = two.client.post("/v1/documents", files=[("files", (name, b"x"))], headers=li)
        assert answer.status_code == 415
    many = [("files", (f"{i}.txt", b"x")) for i in range(101)]
    assert two.client.post("/v1/documents", files=many, headers=li).status_code == 413
    twice = [("files", ("a.txt", b"x"))] * 2
    assert two.client.post("/v1/documents", files=twice, headers=li).status_code == 400


# --- the server itself ---------------------------------------------------------------------------


def raw(client: httpx.Client, data: bytes, *, seconds: float = 10) -> bytes:
    """What the server says to these very bytes."""
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address, timeout=seconds) as connection:
        connection.sendall(data)
        got = b""
        while True:
            try:
                piece = connection.recv(65536)
            except (TimeoutError, ConnectionResetError):
                return got
            if not piece:
                return got
            got += piece


def is_well(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == 200


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "é" * 10, "a b", "x" * 200])
def test_a_request_id_cannot_carry_a_header(shared_server: Any, value: str) -> None:
    head = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: {value}\r\n"
    answer = raw(shared_server, f"{head}Connection: close\r\n\r\n".encode())
    names = [line.split(b":")[0].lower() for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n")]
    assert b"x-evil" not in names
    assert is_well(shared_server)


def test_a_request_id_that_is_plain_comes_back(shared_server: Any) -> None:
    answer = shared_server.get("/healthz", headers={"X-Request-ID": "job-7.a_b"})
    assert answer.headers["x-request-id"] == "job-7.a_b"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nBroken header\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["noise", "version", "header", "length", "smuggled", "long header", "long path"],
)
def test_broken_requests_are_refused_and_the_server_goes_on(
    shared_server: Any, data: bytes
) -> None:
    answer = raw(shared_server, data, seconds=1)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert is_well(shared_server)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(shared_server: Any) -> None:
    head = b"POST /v1/answers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    answer = raw(shared_server, head + b"Content-Length: 9000000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert is_well(shared_server)


def test_a_body_that_turns_out_too_large_is_cut_off(shared_server: Any) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"question": "'
        for _ in range(200):
            yield b"a" * 100_000

    answer = None
    with contextlib.suppress(httpx.TransportError):  # cut off while we were sending still
        answer = shared_server.post(
            "/v1/answers", content=chunks(), headers={"Content-Type": "application/json"}
        )
    assert answer is None or answer.status_code == 413
    assert is_well(shared_server)


def test_a_json_body_of_a_million_brackets_is_refused(shared_server: Any) -> None:
    answer = shared_server.post(
        "/v1/answers", content=b"[" * 1_000_000, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert is_well(shared_server)


@pytest.fixture(scope="module")
def strict(
    launched: Callable[..., Any], tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Two:
    """A server of little patience, which logs what is asked, and two users who may ask seldom."""
    home = tmp_path_factory.mktemp("strict")
    (home / "docs").mkdir()
    (home / "docs" / "矿区.txt").write_text(SECRET, encoding="utf-8")
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))
    index_sources(home / "libraries" / "default", [home / "docs"], settings)
    with State(home / FILE) as state:
        keys = {user: state.add_key(user)[1] for user in ("li", "wang")}
    given = ("keys=true", "body_seconds=0.5", "head_seconds=0.5", "requests_per_minute=6",
             "log_content=true")  # fmt: skip
    client = launched(home, *(word for one in given for word in ("--set", f"serve.{one}")))
    return Two(client, keys)


def test_a_slow_body_and_a_slow_head_are_dropped_while_others_are_served(strict: Two) -> None:
    client = strict.client
    address = (client.base_url.host, client.base_url.port)
    slow = [
        b"POST /v1/answers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nHost: 127",
        b"",
    ]
    connections = [socket.create_connection(address, timeout=20) for _ in slow * 10]
    started = time.monotonic()
    for connection, data in zip(connections, slow * 10, strict=True):
        connection.sendall(data)
    assert is_well(client)
    for connection in connections:  # each ends by itself
        while connection.recv(65536):
            pass
        connection.close()
    assert time.monotonic() - started < 15
    assert is_well(client)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_another_name_for_this_machine_is_refused(shared_server: Any, host: str) -> None:
    for path in ("/v1/libraries", "/", "/healthz"):
        assert shared_server.get(path, headers={"Host": host}).status_code in (400, 403)


def test_pages_of_other_sites_change_nothing_and_read_nothing(shared_server: Any) -> None:
    ask = {"question": "问"}
    for header in (
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://127.0.0.1:{shared_server.base_url.port + 1}"},
    ):  # fmt: skip
        answer = shared_server.post("/v1/answers", json=ask, headers=header)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    same = f"http://127.0.0.1:{shared_server.base_url.port}"
    answer = shared_server.post("/v1/answers", json=ask, headers={"Origin": same})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_too_many_requests_wait_a_little(strict: Two) -> None:
    client = strict.client
    answers = [client.get("/v1/libraries", headers=strict.by("li")) for _ in range(5)]
    assert [a.status_code for a in answers[:3]] == [200, 200, 200]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert client.get("/v1/libraries", headers=strict.by("wang")).status_code == 200
    assert is_well(client)


def test_the_log_holds_no_question_no_document_and_no_key(two: Two) -> None:
    two.client.post("/v1/answers", json=ME, headers=two.by("li"))
    two.client.get("/v1/documents/矿区.txt", params={"library": "mine"}, headers=two.by("li"))
    log = two.client.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    answered = [line for line in lines if line.get("route") == "/v1/answers"]
    assert answered[-1]["user"] in ("li", "wang")
    assert {"time", "level", "request_id", "method", "route", "status", "ms"} <= set(answered[-1])
    for hidden in ("云岭", "三百万", "矿区", "mine", *two.keys.values()):
        assert hidden not in log


def test_questions_are_logged_only_when_asked_for(strict: Two) -> None:
    ask = {"question": QUESTION}
    answer = strict.client.post("/v1/answers", json=ask, headers=strict.by("wang"))
    assert "三百万吨" in answer.json()["answer"]
    # The line is written once the answer is out.
    deadline = time.monotonic() + 20
    while QUESTION not in strict.client.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_keys_are_kept_as_hashes_in_a_file_for_the_owner_alone(two: Two) -> None:
    home = two.client.log.parent
    for path in home.glob(f"{FILE}*"):
        data = path.read_bytes()
        assert not any(key.split("_", 2)[2].encode() in data for key in two.keys.values())
    assert (home / FILE).stat().st_mode & 0o077 == 0
