"""Follow-ups over HTTP: «那日本呢» is completed from the turns before, whichever client asks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

FIRST = "2024年中国粗钢产量是多少？"
NEXT = "那日本呢？"
MEANT = "2024年日本粗钢产量是多少？"
STEEL = {"library": "钢铁", "as_of": "2026-01-31"}


@pytest.fixture
def client(shared_server: httpx.Client) -> httpx.Client:
    return shared_server


def ask(client: httpx.Client, question: str, history: list[Any], **more: Any) -> httpx.Response:
    body = STEEL | {"question": question, "history": history} | more
    return client.post("/v1/answers", json=body)


@pytest.mark.parametrize("turn", ["question", "pair", "record"])
def test_a_follow_up_is_answered_as_it_is_meant(client: httpx.Client, turn: str) -> None:
    first = ask(client, FIRST, []).json()
    assert (first["completed_question"], "10.05亿吨" in first["answer"]) == (None, True)
    history = {
        "question": FIRST,
        "pair": {"question": FIRST, "answer": first["answer"]},
        "record": first,
    }[turn]
    second = ask(client, NEXT, [history]).json()
    assert (second["question"], second["completed_question"]) == (NEXT, MEANT)
    assert second["statements"][0]["text"] == "8400万吨"
    assert second["citations"][0]["quote"] == "2024年日本粗钢产量为8400万吨。"
    third = ask(client, "印度的呢", [FIRST, NEXT]).json()
    assert third["completed_question"] == "2024年印度粗钢产量是多少？"
    assert third["statements"][0]["text"] == "1.49亿吨"


def test_a_stream_answers_the_same_follow_up(client: httpx.Client) -> None:
    whole = ask(client, NEXT, [FIRST]).json()
    text = ask(client, NEXT, [FIRST], stream=True).text
    *statements, done = [
        json.loads(block.split("data: ", 1)[1]) for block in text.strip().split("\n\n")
    ]
    assert [one["text"] for one in statements] == [one["text"] for one in whole["statements"]]
    assert done | {"timings_ms": {}} == whole | {"timings_ms": {}}
    assert done["completed_question"] == MEANT


def test_a_corrected_question_is_asked_instead(client: httpx.Client) -> None:
    other = "2024年印度粗钢产量是多少？"
    record = ask(client, NEXT, [FIRST], completed_question=other).json()
    assert (record["completed_question"], record["statements"][0]["text"]) == (other, "1.49亿吨")


@pytest.mark.parametrize(
    "history",
    [
        [FIRST] * 51,
        ["产" * 2001],
        [{"question": FIRST, "answer": "产" * 20_001}],
        [{"answer": "10.05亿吨"}],
        [""],
        [7],
        FIRST,
        [{"question": FIRST, "citations": 5}],
        [{"question": FIRST, "citations": ["铁.md"]}],
        [{"question": FIRST, "citations": [{"spans": [{"start": "x", "end": 1}]}]}],
        [{"question": FIRST, "citations": [{"spans": [{"start": True, "end": 1}]}]}],
        [{"question": FIRST, "citations": [{"doc_id": 1}]}],
        [{"question": FIRST, "completed_question": ["日本"]}],
    ],
    ids=lambda history: json.dumps(history)[:60],
)
def test_a_history_of_another_form_is_refused(client: httpx.Client, history: Any) -> None:
    answer = ask(client, NEXT, history)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "invalid")
    assert "history" in answer.json()["error"]["message"]


# --- chat clients --------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_an_openai_client_holds_a_conversation(openai_client: Any, stream: bool) -> None:
    """Each reply goes back as it came, as programs do it, or its text alone."""

    def reply(messages: list[Any]) -> tuple[Any, Any]:
        done = openai_client.chat.completions.create(
            model="wenju:钢铁", messages=messages, stream=stream
        )
        if not stream:
            return done.choices[0].message, done.model_extra["wenju"]
        chunks = list(done)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        return {"role": "assistant", "content": text}, chunks[-1].model_extra["wenju"]

    messages: list[Any] = [{"role": "system", "content": "简短地回答"}]
    told = []
    for question in (FIRST, NEXT, "印度的呢", "谁写的？"):
        messages.append({"role": "user", "content": question})
        message, record = reply(messages)
        messages.append(message)
        told.append((record["completed_question"], record["answer"].split("[")[0]))
    assert told[:3] == [
        (None, "10.05亿吨"), (MEANT, "8400万吨"), ("2024年印度粗钢产量是多少？", "1.49亿吨"),
    ]  # fmt: skip
    assert told[3][0] == "“钢.txt”是谁写的？"


def test_what_else_is_asked_of_what_the_annotations_cite(openai_client: Any) -> None:
    question = {"role": "user", "content": "2024年哪些国家有粗钢产量？"}
    more = {"role": "user", "content": "还有别的吗？"}

    def record(messages: list[Any]) -> dict[str, Any]:
        done = openai_client.chat.completions.create(model="wenju:钢铁", messages=messages)
        messages.append(done.choices[0].message)
        found: dict[str, Any] = done.model_extra["wenju"]
        return found

    def cited(of: dict[str, Any]) -> set[str]:
        return {citation["quote"] for citation in of["citations"]}

    messages: list[Any] = [question]
    first = record(messages)
    assert cited(first)
    with_places = record([*messages, more])
    assert with_places["completed_question"] == f"除此之外，{question['content']}"
    assert cited(with_places).isdisjoint(cited(first))
    text_alone = {"role": "assistant", "content": messages[-1].content}
    assert cited(record([question, text_alone, more])) & cited(first)


@pytest.mark.parametrize(
    "reply",
    [
        {"annotations": 5}, {"annotations": ["x"]}, {"annotations": [{"url_citation": "x"}]},
        {"annotations": [{"url_citation": {"url": "http://[::1"}}]},
        {"annotations": [{"url_citation": {"url": "/v1/documents/a?start=x&end=2"}}]},
        {"annotations": [{"url_citation": {"url": "https://else.example/?start=1&end=2"}}]},
        {"content": None, "tool_calls": []}, {"content": [{"type": "text", "text": None}]},
        {"content": "x" * 300_000},
    ],
    ids=lambda reply: json.dumps(reply)[:60],
)  # fmt: skip
def test_a_strange_reply_of_before_harms_no_question(
    client: httpx.Client, reply: dict[str, Any]
) -> None:
    messages = [
        {"role": "assistant", "content": "从前"},
        {"role": "user", "content": "长" * 5_000},  # was refused when it was asked
        {"role": "user", "content": FIRST},
        {"role": "assistant", "content": "10.05亿吨"} | reply,
        {"role": "user", "content": [{"type": "text", "text": NEXT}]},
    ]
    answer = client.post("/v1/chat/completions", json={"model": "wenju:钢铁", "messages": messages})
    assert answer.json()["wenju"]["completed_question"] == MEANT
    assert answer.json()["choices"][0]["message"]["content"].startswith("8400万吨")


def test_a_reply_that_was_silence_is_no_answer_to_go_on_from(client: httpx.Client) -> None:
    """«它» is not the reason that was given."""
    from rag.absence import SILENCE
    from ui.server.conversation import history_of
    from ui.server.models import ChatMessage

    said = "资料里没有提到“铼”，无法据此回答。\n\n可能相关（不是答案）\n[1] 钢.txt"
    messages = [
        ChatMessage(role=role, content=text)
        for role, text in (
            ("user", "铼产量最高的是哪个国家？"),
            ("assistant", said),
            ("user", "它呢"),
        )
    ]
    assert said.startswith(SILENCE)
    assert history_of(messages) == [{"question": "铼产量最高的是哪个国家？"}]
