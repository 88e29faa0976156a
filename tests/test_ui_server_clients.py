"""Clients of others at a running server: OpenAI's, an MCP client, httpx with server-sent events."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

QUESTION = "2025年碳酸锂产量是多少？"


def test_openai_client_gets_the_answer_with_citations_as_annotations(
    openai_client: Any, shared_server: httpx.Client
) -> None:
    assert "wenju:default" in [model.id for model in openai_client.models.list()]
    chat = openai_client.chat.completions.create(
        model="wenju",
        messages=[{"role": "system", "content": "简短"}, {"role": "user", "content": QUESTION}],
        temperature=0,
    )
    message = chat.choices[0].message
    assert "96万吨" in message.content
    record = chat.model_extra["wenju"]
    assert message.content.startswith(record["answer"])
    assert message.annotations
    for annotation in message.annotations:
        cited = annotation.url_citation
        mark = message.content[cited.start_index : cited.end_index]
        citation = record["citations"][int(mark.strip("[]")) - 1]
        assert cited.title.startswith(citation["source"])
        assert citation["quote"] in shared_server.get(cited.url).json()["text"]


def test_openai_client_streams_the_same_text(openai_client: Any) -> None:
    ask = {"model": "wenju:default", "messages": [{"role": "user", "content": QUESTION}]}
    whole = openai_client.chat.completions.create(**ask).choices[0].message.content
    chunks = list(openai_client.chat.completions.create(**ask, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_openai_client_is_told_what_is_wrong(openai_client: Any) -> None:
    import openai

    with pytest.raises(openai.NotFoundError, match="no such library"):
        openai_client.chat.completions.create(
            model="gpt-x", messages=[{"role": "user", "content": "问"}]
        )
    with pytest.raises(openai.BadRequestError, match="no message of the role user"):
        openai_client.chat.completions.create(
            model="wenju", messages=[{"role": "system", "content": "问"}]
        )


def test_httpx_reads_events_line_by_line_as_they_come(shared_server: httpx.Client) -> None:
    body = {"question": QUESTION, "stream": True}
    with shared_server.stream("POST", "/v1/answers", json=body) as stream:
        names = [line[7:] for line in stream.iter_lines() if line.startswith("event: ")]
    assert names[-1] == "done"
    assert set(names[:-1]) == {"statement"}


def test_an_mcp_client_searches_asks_and_reads_a_source_at_a_span(
    library_of: Callable[..., Path], wenju_home: Path
) -> None:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    library_of("锂业", {"锂.txt": "2025年全国碳酸锂产量为96万吨。\n"})
    root = Path(__file__).parents[1]
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ui.cli", "mcp"],
        env={**os.environ, "WENJU_HOME": str(wenju_home), "PYTHONPATH": str(root),
             "WENJU_ANSWERABILITY_MIN_CONFIDENCE": "0"},
    )  # fmt: skip

    async def talk() -> None:
        async with Client(stdio_client(server)) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert tools == {"libraries", "search", "ask", "read"}

            async def call(name: str, **arguments: Any) -> Any:
                result = await client.call_tool(name, arguments)
                assert not result.is_error, result
                return result.structured_content

            listed = await call("libraries")
            assert listed == {"libraries": [{"name": "锂业", "documents": 1}]}
            hit = (await call("search", question=QUESTION))["passages"][0]
            answer = await call("ask", question=QUESTION, as_of="2026-01-31")
            assert (answer["status"], answer["as_of"]) == ("answered", "2026-01-31")
            cited = answer["citations"][0]
            span = cited["spans"][0]
            read = await call(
                "read", doc_id=cited["doc_id"], start=span["start"], end=span["end"], around=0
            )
            assert read["text"] == cited["quote"]
            assert cited["quote"] in hit["text"]
            for bad in ("../锂业", "/etc", "none"):
                refused = await client.call_tool("ask", {"question": "问", "library": bad})
                assert refused.is_error
                assert "锂业" in refused.content[0].text

    asyncio.run(talk())
