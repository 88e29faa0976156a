"""A language model behind the commands; and a real, tiny one behind a real server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ui.cli import main

QUESTION = "2025年碳酸锂产量是多少？"
FILES = {"锂.txt": "2025年全国碳酸锂产量为96万吨。\n产量同比增长三成。\n"}


def good(body: dict[str, Any]) -> str:
    found = re.search(r"^\[(\d+)\] 2025年全国", body["messages"][-1]["content"], re.MULTILINE)
    n = int(found[1]) if found else 0
    made = [{"text": "2025年碳酸锂产量达到96万吨。", "sentences": [n]}]
    return json.dumps({"statements": made}, ensure_ascii=False)


@pytest.fixture
def with_model(
    scripted_llm: Any, said: Any, library_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Any:
    library_of("default", FILES)
    monkeypatch.setenv("WENJU_LLM_BASE_URL", scripted_llm.url)
    monkeypatch.setenv("WENJU_LLM_MODEL", "scripted")
    monkeypatch.setenv("WENJU_LLM_BACKOFF_S", "0.01")
    monkeypatch.setenv("WENJU_LLM_API_KEY", "sk-secret")
    scripted_llm.script = lambda body: said(good(body))
    return scripted_llm


def record(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["ask", QUESTION, "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_ask_uses_the_model_that_is_set_and_quotes_where_that_is_asked_for(
    with_model: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(capsys)["engine"] == "llm"
    assert record(capsys, "--engine", "llm")["answer"] == "2025年碳酸锂产量达到96万吨。[1]"
    asked = len(with_model.requests)
    assert record(capsys, "--engine", "extractive")["engine"] == "extractive"
    assert len(with_model.requests) == asked


def test_ask_says_that_it_fell_back(
    with_model: Any, said: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with_model.script = lambda body: said(status=401)
    assert main(["ask", QUESTION]) == 0
    out = capsys.readouterr().out
    assert "语言模型没有给出可核实的陈述" in out
    assert "96万吨" in out
    assert "sk-secret" not in out


def test_an_engine_without_a_model_is_one_line(
    library_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    library_of("default", FILES)
    assert main(["ask", QUESTION, "--engine", "llm"]) != 0
    assert "llm.base_url" in capsys.readouterr().err


def test_a_batch_loses_no_question_in_a_storm(
    with_model: Any, said: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def script(body: dict[str, Any]) -> Any:
        seen.append(1)
        n = len(seen) % 4
        if n == 1:
            return said(status=429, headers={"Retry-After": "0"})
        return said(good(body), cut=4) if n == 2 else said(good(body))

    with_model.script = script
    questions = tmp_path / "q.txt"
    questions.write_text("\n".join(QUESTION + "？" * i for i in range(12)), encoding="utf-8")
    out = tmp_path / "a.jsonl"
    assert main(["batch", str(questions), "--out", str(out), "--set", "llm.cache=false"]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [r["status"] for r in rows] == ["answered"] * 12
    assert all("96万吨" in r["answer"] for r in rows)
    assert any(r["engine"] == "llm" for r in rows)


def test_doctor_tests_the_endpoint_and_shows_no_key(
    with_model: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor"])
    main(["doctor", "--settings"])
    out = capsys.readouterr().out
    assert "scripted at http://127.0.0.1" in out
    assert "answers in" in out
    assert "sk-secret" not in out


@pytest.fixture
def garbling(said: Any, scripted_llm: Any) -> Any:
    """A GPT-2 of two small layers with random weights, sampled: what comes out means nothing."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from rag.token_budget import encoding

    words = encoding()
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=words.n_vocab, n_positions=256, n_embd=16, n_layer=2, n_head=2,
                   bos_token_id=0, eos_token_id=0)
    ).eval()  # fmt: skip

    def script(body: dict[str, Any]) -> Any:
        prompt = words.encode(body["messages"][-1]["content"], disallowed_special=())[-100:]
        with torch.no_grad():
            made = model.generate(
                torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=60, do_sample=True, pad_token_id=0,
            )  # fmt: skip
        text = words.decode(made[0, len(prompt) :].tolist())
        # Half of them in the form that is asked for: garbage that points at real sentences.
        if len(scripted_llm.requests) % 2:
            text = json.dumps({"statements": [{"text": text, "sentences": [1, 2]}]})
        return said(text)

    scripted_llm.script = script
    return scripted_llm


def test_a_model_that_talks_garbage_is_never_shown(
    garbling: Any, library_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    library_of("default", FILES)
    model = ["--set", f"llm.base_url={garbling.url}", "--set", "llm.model=tiny",
             "--set", "llm.cache=false"]  # fmt: skip
    started = time.monotonic()
    for _ in range(4):
        found = record(capsys, *model)
        assert found["engine"] == "extractive (fallback)"
        assert "96万吨" in found["answer"]
        assert all(c["quote"] in "".join(FILES.values()) for c in found["citations"])
    assert time.monotonic() - started < 60
    assert len(garbling.requests) >= 4
