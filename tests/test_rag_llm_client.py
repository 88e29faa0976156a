"""Limits, keys, cache and token counts around a language model."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import token_budget
from rag.errors import LlmBusy, LlmUnavailable, SettingsError
from rag.llm_cache import Cache
from rag.llm_client import retry_after
from rag.llm_limits import Breaker, Gate, shared
from rag.llm_settings import LlmSettings, api_key_of


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_try_later() -> None:
    now = [0.0]
    breaker = Breaker(2, 30.0, clock=lambda: now[0])
    for _ in range(2):
        breaker.enter()
        breaker.failed()
    with pytest.raises(LlmBusy, match="2 times in a row"):
        breaker.enter()
    now[0] = 31.0
    breaker.enter()  # the one that tries
    with pytest.raises(LlmBusy):
        breaker.enter()
    breaker.succeeded()
    breaker.enter()


def test_the_gate_halves_on_429_and_recovers_slowly() -> None:
    gate = Gate(8)
    gate.slow_down()
    assert gate.limit == 4
    gate.slow_down()
    gate.slow_down()
    gate.slow_down()
    assert gate.limit == 1
    gate.speed_up()
    assert gate.limit == 2
    for _ in range(100):
        gate.speed_up()
    assert gate.limit == 8


def test_who_finds_no_place_in_time_is_told() -> None:
    gate = Gate(1)
    with (
        gate.passing(time.monotonic() + 1),
        pytest.raises(LlmBusy),
        gate.passing(time.monotonic() + 0.01),
    ):
        pass


@pytest.mark.parametrize(("header", "seconds"), [
    ("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None), ("", None), ("nan", None),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
])  # fmt: skip
def test_retry_after_in_seconds_and_as_a_date(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-secret\n", encoding="utf-8")
    settings = LlmSettings(base_url="http://127.0.0.1:1/v1", model="m", api_key_file=path)
    path.chmod(0o600)
    assert api_key_of(settings, {}) == "sk-secret"
    path.chmod(0o644)
    with pytest.raises(LlmUnavailable, match="chmod 600") as caught:
        api_key_of(settings, {})
    assert "sk-secret" not in str(caught.value)
    path.unlink()
    with pytest.raises(LlmUnavailable, match="cannot be read"):
        api_key_of(settings, {})


def test_a_services_key_goes_to_that_service_alone() -> None:
    environ = {"OPENAI_API_KEY": "sk-openai", "DEEPSEEK_API_KEY": "sk-deepseek"}
    for url, key in [
        ("https://api.openai.com/v1", "sk-openai"),
        ("https://api.deepseek.com/v1", "sk-deepseek"),
        ("https://api.openai.com.evil.example/v1", None),
        ("http://127.0.0.1:8000/v1", None),
    ]:
        assert api_key_of(LlmSettings(base_url=url, model="m"), environ) == key
    own = {**environ, "WENJU_LLM_API_KEY": "sk-own"}
    assert api_key_of(LlmSettings(base_url="http://127.0.0.1/v1", model="m"), own) == "sk-own"


@pytest.mark.parametrize("given_", [
    {"base_url": "localhost:11434"}, {"base_url": "http://a/v1"}, {"model": "m"},
    {"engine": "llm"}, {"base_url": "http://u:p@a/v1", "model": "m"}, {"timeout_s": 0.0},
    {"context_tokens": 5}, {"retries": -1}, {"max_statements": 11},
])  # fmt: skip
def test_settings_that_cannot_work_are_refused(given_: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        LlmSettings(**given_)  # type: ignore[arg-type]


def test_a_cached_answer_cannot_be_read_without_its_question(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(b"question", "答案在此，答案在此")
    assert cache.get(b"question") == "答案在此，答案在此"
    assert cache.get(b"another") is None
    (file,) = (p for p in tmp_path.rglob("*") if p.is_file())
    assert "答案".encode() not in file.read_bytes()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert cache.get(b"question") is None


def test_the_cache_keeps_within_its_limit(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=1000)
    for n in range(20):
        cache.put(b"%d" % n, "x" * 200)
    cache.prune()
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) <= 1000


@given(st.text(max_size=200))
def test_the_shipped_vocabulary_says_every_text_again(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    encoding = token_budget.encoding()
    assert encoding.decode(encoding.encode(text, disallowed_special=())) == text


def test_tokens_are_counted_about_as_models_do() -> None:
    chinese = "2025年全国碳酸锂产量为96万吨，同比增长三成。" * 10
    assert 0.3 < token_budget.count(chinese) / len(chinese) < 1.0
    assert token_budget.count("") == 0


def test_the_margin_follows_what_the_server_counts() -> None:
    known = shared(LlmSettings(base_url="http://127.0.0.1:1/v1", model="unheard-of-1"))
    assert token_budget.margin(known) == 1.5
    token_budget.learn(known, 1000, 1900)
    assert token_budget.margin(known) == pytest.approx(1.9)  # more than thought: at once
    token_budget.learn(known, 1000, 900)
    assert token_budget.margin(known) == pytest.approx(1.6)  # less: slowly
    token_budget.learn(known, 10, 900)
    assert token_budget.margin(known) == pytest.approx(1.6)  # too short to tell
