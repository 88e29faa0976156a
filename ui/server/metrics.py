"""What Prometheus reads at /metrics: counts and times, no names of documents or people."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]


class Metrics:
    """One registry a server: several may run in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "wenju_requests", "HTTP requests", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "wenju_request_seconds", "Time to the end of a response", ["route"],
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.answers = Counter(
            "wenju_answers", "Answers by status", ["status"], registry=self._registry
        )
        self.jobs = Counter(
            "wenju_jobs", "Jobs that ended", ["kind", "status"], registry=self._registry
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        return generate_latest(self._registry)
