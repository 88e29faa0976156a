"""Parts of the server by themselves: spans, log lines, too many at once, a page that fails."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.settings import AnswerabilitySettings, RagSettings
from ui.errors import UiError
from ui.server import tracing
from ui.server.answering import Answering, Asked
from ui.server.app import create_app, create_services
from ui.server.errors import ApiError
from ui.server.guarding import JsonLines, allowed_hosts
from ui.server.running import warnings
from ui.server.settings import ServeSettings
from ui.shelf import Shelf
from ui.state import FILE, State

ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
SECRET = "云岭县矿区的储量为三百万吨。"


@pytest.fixture
def app_client(wenju_home: Path, library_of: Callable[..., Path]) -> Iterator[Callable[..., Any]]:
    """The application in this process."""
    from starlette.testclient import TestClient

    library_of("default", {"矿区.txt": SECRET})
    opened: list[Any] = []

    def make(page: Any = None) -> Any:
        state = State(wenju_home / FILE)
        app = create_app(create_services(state, ALWAYS, ServeSettings()), page=page)
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=True)
        client.__enter__()
        opened.append((client, state))
        return client

    yield make
    for client, state in opened:
        client.__exit__(None, None, None)
        state.close()


def test_spans_tell_what_was_done_and_nothing_of_what_was_asked(
    app_client: Callable[..., Any],
) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    client = app_client()
    tracing.use(provider)
    try:
        client.post("/v1/answers", json={"question": "云岭县矿区的储量是多少？"})
    finally:
        tracing.use(None)
    spans = exporter.get_finished_spans()
    assert {span.name for span in spans} == {"wenju.answer", "POST v1"}
    told = json.dumps([json.loads(span.to_json()) for span in spans], ensure_ascii=False)
    assert "云岭" not in told
    request = next(span for span in spans if span.name == "POST v1")
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200


def test_tracing_is_off_without_its_variable_and_says_so_where_it_cannot_be_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tracing.configure({}) is False
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(UiError, match="otel"):
        tracing.configure({tracing.ENDPOINT: "http://127.0.0.1:9"})


def test_an_error_of_ours_is_logged_by_kind_and_place_without_its_words(
    app_client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(SECRET)

    client = app_client()
    monkeypatch.setattr("rag.answering.Answerer.answer", broken)
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonLines().format(record))

    logger = logging.getLogger("wenju.server")
    handler = Lines()
    logger.addHandler(handler)
    try:
        answer = client.post("/v1/answers", json={"question": "储量是多少？"})
    finally:
        logger.removeHandler(handler)
    assert answer.status_code == 500
    assert SECRET not in answer.text
    failed = [json.loads(line) for line in lines if "ZeroDivisionError" in line]
    assert failed
    assert failed[0]["request_id"] == answer.headers["x-request-id"]
    assert not any("云岭" in line for line in lines)


def test_questions_beyond_those_that_may_wait_are_told_to_come_back(
    library_of: Callable[..., Path],
) -> None:
    path = library_of("default", {"矿区.txt": SECRET})

    async def ask_many() -> list[object]:
        with Shelf() as shelf:
            answering = Answering(shelf, ALWAYS, threads=1, max_waiting=2)
            asked = [answering.answer(path, Asked("储量是多少？")) for _ in range(6)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            later = await answering.answer(path, Asked("储量是多少？"))
            answering.close()
        assert later.status == "answered"
        return answers

    answers = asyncio.run(ask_many())
    refused = [one for one in answers if isinstance(one, ApiError)]
    assert len(refused) == 3
    assert {one.status_code for one in refused} == {503}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in refused if one.headers)


def test_a_caller_who_leaves_ends_a_stream_and_frees_its_place(
    library_of: Callable[..., Path],
) -> None:
    path = library_of("default", {"矿区.txt": SECRET})

    async def leave() -> int:
        with Shelf() as shelf:
            answering = Answering(shelf, ALWAYS, threads=1, max_waiting=0)
            stream = answering.stream(path, Asked("储量是多少？"))
            await anext(stream)
            await stream.aclose()  # type: ignore[attr-defined]
            left = answering.in_flight
            answering.close()
        return left

    assert asyncio.run(leave()) == 0


def test_a_page_that_cannot_be_loaded_takes_nothing_else_with_it(
    app_client: Callable[..., Any],
) -> None:
    def broken(_: object) -> Any:
        raise ImportError("no gradio")

    client = app_client(broken)
    while client.get("/readyz").json()["page"] == "loading":
        pass
    assert client.get("/readyz").json()["page"] == "failed"
    assert client.get("/").status_code == 503
    assert client.post("/v1/answers", json={"question": "储量？"}).status_code == 200


def test_hosts_that_mean_us() -> None:
    assert allowed_hosts("127.0.0.1", ServeSettings()) == {"127.0.0.1", "::1", "localhost"}
    assert allowed_hosts("0.0.0.0", ServeSettings()) is None
    named = ServeSettings(allowed_hosts=("Wenju.example",))
    assert allowed_hosts("0.0.0.0", named) == {"0.0.0.0", "wenju.example"}


def test_whoever_opens_the_server_to_others_is_warned(tmp_path: Path) -> None:
    with State(tmp_path / FILE) as state:
        assert warnings("127.0.0.1", False, state) == []
        assert len(warnings("0.0.0.0", True, state)) == 2
        state.add_key("li")
        assert len(warnings("0.0.0.0", True, state)) == 1


def test_a_requests_risk_comes_before_a_probability_that_is_set_up() -> None:
    from ui.server.answering import Asked

    assert Asked("q", max_risk=0.05).settings(ALWAYS).answerability == AnswerabilitySettings(
        max_risk=0.05
    )
    assert Asked("q").settings(ALWAYS) == ALWAYS
    strict = Asked("q", max_risk=0.05, min_confidence=0.9).settings(RagSettings())
    assert strict.answerability.min_confidence == 0.9
