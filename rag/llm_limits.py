"""What holds one server back for all who ask it: requests at a time, pauses, budgets.

Shared by the threads of a process, by address and model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rag.errors import LlmBusy
from rag.llm_settings import LlmSettings


@dataclass(slots=True)
class Usage:
    """What a question, or a process, has used. Counts only grow."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    retries: int = 0
    cached: int = 0
    seconds: float = 0.0
    estimated: bool = False  # the server did not say how many tokens

    def cost(self, settings: LlmSettings) -> float:
        spent = self.prompt_tokens * settings.input_price
        spent += self.completion_tokens * settings.output_price
        return spent / 1_000_000

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Breaker:
    """Closed; open for a while after failures in a row; then one request may try.

    Source: Nygard, «Release It!», 2007.
    """

    def __init__(
        self, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._pause, self._clock = failures, pause_s, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._until = 0.0
        self._trying = False

    def enter(self) -> None:
        """Raises LlmBusy while it is open."""
        with self._lock:
            if self._failed < self._most:
                return
            left = self._until - self._clock()
            if left > 0 or self._trying:
                raise LlmBusy(
                    f"the model's server failed {self._failed} times in a row; "
                    f"it is tried again in {max(0.0, left):.0f} s"
                )
            self._trying = True

    def succeeded(self) -> None:
        with self._lock:
            self._failed, self._trying = 0, False

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            self._trying = False
            self._until = self._clock() + self._pause

    def left(self) -> None:
        """The request ended without telling anything of the server."""
        with self._lock:
            self._trying = False


class Gate:
    """At most so many requests at a time: halved by a 429, one more after as many successes.

    Source: additive increase, multiplicative decrease; Chiu & Jain, 1989.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._inside = 0
        self._free = threading.Condition()

    @property
    def limit(self) -> int:
        return max(1, int(self._limit))

    @contextmanager
    def passing(self, until: float) -> Iterator[None]:
        """Raises LlmBusy where no place is free before `until` (time.monotonic)."""
        with self._free:
            while self._inside >= self.limit:
                left = until - time.monotonic()
                if left <= 0 or not self._free.wait(left):
                    raise LlmBusy(f"{self._inside} requests wait for the model already")
            self._inside += 1
        try:
            yield
        finally:
            with self._free:
                self._inside -= 1
                self._free.notify()

    def slow_down(self) -> None:
        with self._free:
            self._limit = max(1.0, self._limit / 2)

    def speed_up(self) -> None:
        with self._free:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._free.notify()


@dataclass(slots=True)
class Shared:
    """What is known of one server, and what it has cost this process."""

    settings: LlmSettings
    breaker: Breaker
    gate: Gate
    used: Usage = field(default_factory=Usage)
    form: str = "schema"  # how statements are asked for: schema, lines, plain
    margin: float = 0.0  # tokens it counts for one of ours; 0: not seen yet
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, used: Usage) -> None:
        """Raises LlmBusy where a limit of the question or of the process is reached."""
        s, all_ = self.settings, self.used
        for what, have, most in (
            ("question_tokens", used.tokens, s.question_tokens),
            ("question_cost", used.cost(s), s.question_cost),
            ("batch_tokens", all_.tokens, s.batch_tokens),
            ("batch_cost", all_.cost(s), s.batch_cost),
            ("batch_s", all_.seconds, s.batch_s),
        ):
            if most and have >= most:
                raise LlmBusy(f"llm.{what} = {most} is used up ({have:.6g})")

    def add(self, used: Usage, prompt: int, completion: int, seconds: float) -> None:
        with self.lock:
            for one in (used, self.used):
                one.prompt_tokens += prompt
                one.completion_tokens += completion
                one.seconds += seconds


_shared: dict[LlmSettings, Shared] = {}
_shared_lock = threading.Lock()


def shared(settings: LlmSettings) -> Shared:
    with _shared_lock:
        if settings not in _shared:
            _shared[settings] = Shared(
                settings,
                Breaker(settings.breaker_failures, settings.breaker_s),
                Gate(settings.concurrency),
                form="lines" if settings.structured == "lines" else "schema",
            )
        return _shared[settings]


def forget() -> None:
    """Start afresh: what was learnt of servers and spent so far is dropped."""
    with _shared_lock:
        _shared.clear()
