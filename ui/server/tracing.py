"""OpenTelemetry spans, where somebody has configured them; nothing else.

On when `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the extra wenju[otel] is installed. Spans carry
routes, statuses and times: no question, no text, no key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ui.errors import UiError
from ui.messages import say

_tracer: Any = None
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def configure(environ: Mapping[str, str] | None = None) -> bool:
    """Whether spans are sent from now on. Raises UiError where they should be and cannot."""
    if not (os.environ if environ is None else environ).get(ENDPOINT):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise UiError(say("otel_missing", variable=ENDPOINT)) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "wenju"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider)
    return True


def use(provider: Any) -> None:
    """Spans go to this provider; None turns them off."""
    global _tracer
    _tracer = None if provider is None else provider.get_tracer("wenju")


@contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[Any]:
    if _tracer is None:
        yield None
        return
    with _tracer.start_as_current_span(name, attributes=attributes) as one:
        yield one
