"""Text from any OpenAI-compatible server, as it comes in; LangChain does the talking.

One call is tried again on 429, 5xx, timeouts and broken connections, as long as nothing was
received; `Retry-After` is honoured. Whatever goes wrong comes out as an LlmUnavailable with one
line, in which no key can stand.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from rag import llm_cache, token_budget
from rag.errors import LlmBusy, LlmRefused, LlmUnavailable
from rag.llm_limits import Shared, Usage, shared
from rag.llm_settings import LlmSettings, api_key_of

Messages = Sequence[tuple[str, str]]  # (role, text)
_FORMS: Final = ("schema", "lines", "plain")
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529)
_LONGEST_PAUSE = 20.0  # seconds between tries, where the server asks for nothing else


class Cut(LlmUnavailable):
    """The stream ended before its end; what came before it is good."""


@dataclass(slots=True)
class Asking:
    """One question's account: what it used, and until when it may go on."""

    until: float  # time.monotonic
    used: Usage


class Client:
    """Cheap to make; what is known of the server is shared by all clients of a process."""

    def __init__(self, settings: LlmSettings) -> None:
        self.settings = settings
        self.shared: Shared = shared(settings)
        self._cache = llm_cache.Cache(limit_bytes=settings.cache_mb << 20)
        self._sleep = threading.Event()

    def asking(self) -> Asking:
        return Asking(time.monotonic() + self.settings.question_s, Usage())

    @property
    def form(self) -> str:
        """How the server is asked to answer; falls back to lines where it refuses a schema."""
        return self.shared.form

    def text(self, messages: Messages, asking: Asking, *, max_tokens: int) -> str:
        """A whole answer. Raises LlmUnavailable."""
        return "".join(self.stream(messages, asking, max_tokens=max_tokens))

    def stream(
        self,
        messages: Messages,
        asking: Asking,
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[str]:
        """Pieces of the answer. Raises LlmUnavailable before the first piece, Cut after it.

        `schema`: of the JSON that is wanted, given to servers that take one.
        """
        s, known = self.settings, self.shared
        form = known.form if schema is not None else "lines"
        request = llm_cache.request_bytes(
            url=s.base_url, model=s.model, temperature=s.temperature, messages=list(messages),
            max_tokens=max_tokens, schema=schema,
        )  # fmt: skip
        if s.cache and (kept := self._cache.get(request)) is not None:
            asking.used.cached += 1
            yield kept
            return
        pieces: list[str] = []
        for piece in self._tried(messages, asking, max_tokens, schema, form):
            pieces.append(piece)
            yield piece
        if s.cache and "".join(pieces).strip():
            self._cache.put(request, "".join(pieces))

    # --- one request, tried again ---

    def _tried(
        self,
        messages: Messages,
        asking: Asking,
        max_tokens: int,
        schema: Mapping[str, Any] | None,
        form: str,
    ) -> Iterator[str]:
        known = self.shared
        tries = 0
        while True:
            known.check(asking.used)
            if time.monotonic() >= asking.until:
                raise LlmBusy(f"no answer within llm.question_s = {self.settings.question_s:g} s")
            known.breaker.enter()
            began = False
            try:
                with known.gate.passing(asking.until):
                    for piece in self._once(messages, asking, max_tokens, schema, form):
                        began = True
                        yield piece
            except GeneratorExit:
                known.breaker.left()
                raise
            except LlmBusy:
                known.breaker.left()
                raise
            except Exception as error:
                status = _status(error)
                if status in (400, 404, 415, 422, 501) and not began and form != "plain":
                    # It may not know response_format, or stream_options.
                    known.breaker.left()
                    wanted = _FORMS[_FORMS.index(form) + 1]
                    if self.settings.structured != "schema" or form != "schema":
                        form = wanted
                        continue
                line = self._line(error)
                if status is not None and 400 <= status < 500 and status not in _AGAIN:
                    known.breaker.left()
                    raise LlmRefused(line) from None
                known.breaker.failed()
                if status == 429:
                    known.gate.slow_down()
                if began:
                    raise Cut(line) from None
                tries += 1
                if tries > self.settings.retries:
                    raise LlmUnavailable(f"{line} (tried {tries} times)") from None
                self._wait(error, tries, asking, line)
                asking.used.retries += 1
                known.used.retries += 1
            else:
                known.breaker.succeeded()
                known.gate.speed_up()
                if schema is not None:
                    known.form = form
                return

    def _wait(self, error: Exception, tries: int, asking: Asking, line: str) -> None:
        """Raises LlmBusy at once where the pause would outlast the question."""
        pause = min(_LONGEST_PAUSE, self.settings.backoff_s * 2 ** (tries - 1))
        pause *= random.uniform(0.5, 1.0)
        pause = max(pause, retry_after(_headers(error)) or 0.0)
        if time.monotonic() + pause >= asking.until:
            raise LlmBusy(f"{line}; the next try would be after {pause:.0f} s, which is too late")
        self._sleep.wait(pause)

    def _once(
        self,
        messages: Messages,
        asking: Asking,
        max_tokens: int,
        schema: Mapping[str, Any] | None,
        form: str,
    ) -> Iterator[str]:
        left = asking.until - time.monotonic()
        # `max_tokens` is what all servers know but OpenAI's own.
        is_openai = urlsplit(self.settings.base_url).hostname == "api.openai.com"
        body: dict[str, Any] = {"max_completion_tokens" if is_openai else "max_tokens": max_tokens}
        if schema is not None and form == "schema":
            # As a part of the body: LangChain's own way would hold the text back to parse it.
            named = {"name": "answer", "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        options = {
            "extra_body": body,
            "timeout": self._timeout(min(self.settings.timeout_s, left)),
        }
        llm = _chat_model(self.settings, api_key_of(self.settings))
        started = time.monotonic()
        asking.used.calls += 1
        self.shared.used.calls += 1
        count = token_budget.counter(self.settings)
        counted = count("".join(text for _, text in messages)) + 8 * len(messages)
        prompt = completion = 0
        written: list[str] = []
        finished = None
        try:
            stream = llm.stream(list(messages), stream_usage=form != "plain", **options)
            for chunk in _untraced(stream):
                usage = chunk.usage_metadata
                if usage:
                    prompt = max(prompt, int(usage["input_tokens"]))
                    completion = max(completion, int(usage["output_tokens"]))
                finished = chunk.response_metadata.get("finish_reason") or finished
                if chunk.text:
                    written.append(str(chunk.text))
                    yield written[-1]
                if time.monotonic() >= asking.until:
                    raise TimeoutError(f"llm.question_s = {self.settings.question_s:g} s are over")
        finally:
            if not prompt:
                asking.used.estimated = True
            else:
                token_budget.learn(self.shared, counted, prompt)
            ours = token_budget.margin(self.shared)
            self.shared.add(
                asking.used,
                prompt or round(counted * ours),
                completion or round(count("".join(written)) * ours),
                time.monotonic() - started,
            )
        if finished is None:
            raise ConnectionError("the answer broke off")
        if finished == "length":
            raise ConnectionError(f"the answer is longer than llm.answer_tokens = {max_tokens}")

    def _timeout(self, seconds: float) -> Any:
        import httpx2

        return httpx2.Timeout(seconds, connect=min(10.0, seconds))

    def _line(self, error: Exception) -> str:
        """One line for people. The key is blanked, should a server echo it."""
        status = _status(error)
        said = " ".join(str(error).split())[:300] or type(error).__name__
        try:
            secret = api_key_of(self.settings)
        except LlmUnavailable:
            secret = None
        if secret:
            said = said.replace(secret, "…")
        where = f"{self.settings.model} at {self.settings.base_url}"
        if status in (401, 403):
            return f"{where} does not accept the key ({status}); set WENJU_LLM_API_KEY"
        if status == 404:
            return f"{where}: not found (404); check llm.base_url and llm.model"
        if status == 429:
            return f"{where} is asked too often (429)"
        if isinstance(error, LlmUnavailable):
            return said
        name = type(error).__name__
        if "Timeout" in name:
            return f"{where} gave no answer in time ({name})"
        return f"{where} failed ({f'{status}: ' if status else ''}{said})"


_models: dict[tuple[LlmSettings, str | None], Any] = {}
_models_lock = threading.Lock()


def _chat_model(settings: LlmSettings, api_key: str | None) -> Any:
    """One for each address and key: connections are kept open."""
    with _models_lock:
        known = (settings, api_key)
        if known not in _models:
            from langchain_openai import ChatOpenAI
            from pydantic import SecretStr

            _models[known] = ChatOpenAI(
                model=settings.model,
                base_url=settings.base_url,
                api_key=SecretStr(api_key or "none"),
                temperature=settings.temperature,
                max_retries=0,
                stream_usage=True,
                use_responses_api=False,
            )
        return _models[known]


def _untraced(stream: Iterator[Any]) -> Iterator[Any]:
    """No document leaves for a tracing service that some other program's variables name."""
    from langsmith.run_helpers import tracing_context

    while True:
        with tracing_context(enabled=False):
            try:
                item = next(stream)
            except StopIteration:
                return
        yield item


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _headers(error: Exception) -> Mapping[str, str]:
    return getattr(getattr(error, "response", None), "headers", None) or {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to be left alone; None where it says nothing that can be read."""
    text = (headers.get("retry-after") or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if seconds == seconds else None
