"""What every request passes before it reaches a route: ids, hosts, origins, sizes, patience, log.

Plain ASGI, so that streams stay streams.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from ui.server.errors import ApiError, as_api_error
from ui.server.metrics import Metrics
from ui.server.settings import LOOPBACK, ServeSettings
from ui.server.tracing import span

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOG = logging.getLogger("wenju.server")
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_READS = ("GET", "HEAD", "OPTIONS")
UPLOADS = ("/v1/documents", "/gradio_api/upload")
_MB = 1_000_000
_MAX_HEAD = 32_768
_MAX_PATH = 8_192


class Guard:
    """Refuses early and cheaply; says what it did in one line of the log."""

    def __init__(
        self,
        app: App,
        *,
        settings: ServeSettings,
        metrics: Metrics,
        hosts: Collection[str] | None,
    ) -> None:
        """`hosts`: names that a request may be addressed to, lower case; None allows any."""
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = request_id
                out["X-Content-Type-Options"] = "nosniff"
                out.setdefault("Referrer-Policy", "same-origin")
                out.setdefault("X-Frame-Options", "SAMEORIGIN")
                if scope["path"].startswith("/v1/"):
                    out.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            refused = self._refusal(scope, headers)
            if refused is not None:
                await error_response(refused, request_id)(scope, receive, answer)
                return
            with span(f"{scope['method']} {scope['path'].split('/')[1][:20]}") as traced:
                body = _Body(receive, scope, headers, self._settings)
                try:
                    await self._app(scope, body, answer)
                except Exception as error:
                    LOG.error(
                        "failed", exc_info=error, extra={"fields": {"request_id": request_id}}
                    )
                    if status:  # half a response is ended by closing the connection
                        raise
                    await error_response(as_api_error(error), request_id)(scope, receive, answer)
                if traced is not None:
                    traced.set_attribute("http.response.status_code", status)
        finally:
            self._tell(scope, status, time.perf_counter() - started, request_id)

    def _refusal(self, scope: Scope, headers: Headers) -> ApiError | None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _MAX_HEAD:
            return _closing(431, f"the headers are longer than {_MAX_HEAD:,} bytes")
        if len(scope["raw_path"]) + len(scope["query_string"]) > _MAX_PATH:
            return _closing(400, f"the address is longer than {_MAX_PATH:,} bytes")
        if "content-length" in headers and "transfer-encoding" in headers:
            # Two ways to say where a body ends are how one request is hidden in another.
            return _closing(400, "send Content-Length or Transfer-Encoding, not both")
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            # A foreign page cannot reach us by giving its own name our address.
            return ApiError(
                403, "this server does not go by that name; see serve.allowed_hosts",
                type="unknown_host",
            )  # fmt: skip
        if scope["method"] not in _READS:
            origin = headers.get("origin")
            is_foreign = headers.get("sec-fetch-site", "same-origin") == "cross-site"
            if is_foreign or (origin is not None and not self._is_ours(origin, host)):
                return ApiError(403, "requests from other sites' pages are refused", type="origin")
        length = headers.get("content-length", "0")
        most = most_bytes(scope, self._settings)
        if not length.isdigit() or int(length) > most:
            return _too_large(most)
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        """The page's own origin; behind a proxy, one of the names that were allowed."""
        netloc = _netloc(origin)
        allowed = {name.lower() for name in self._settings.allowed_hosts}
        return netloc == host.lower() or _name(netloc) in allowed

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        # The route as it is declared: a path may hold the name of a document.
        route = getattr(scope.get("route"), "path", None) or "(page)"
        method = scope["method"] if scope["method"].isalpha() else "?"
        if len(method) > 10:
            method = "?"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        line = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        line |= scope.get("state", {}).get("log", {})
        LOG.info("request", extra={"fields": line})


class _Body:
    """`receive` that counts bytes and time. Raises ApiError 413, 408."""

    def __init__(
        self, receive: Receive, scope: Scope, headers: Headers, settings: ServeSettings
    ) -> None:
        self._receive = receive
        self._most = most_bytes(scope, settings)
        self._size = 0
        self._is_whole = False
        self._deadline = time.monotonic() + settings.body_seconds
        self._per_mb = settings.body_seconds if is_upload(scope) else 0.0

    async def __call__(self) -> Message:
        if self._is_whole:  # from now on: waiting for the other side to leave
            return await self._receive()
        allowed = self._deadline + self._per_mb * self._size / _MB - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, allowed))
        except TimeoutError:
            raise ApiError(
                408, "the body did not arrive in time", headers={"Connection": "close"}
            ) from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._size > self._most:
                raise _too_large(self._most)
        return message


def is_upload(scope: Scope) -> bool:
    return bool(scope["path"] in UPLOADS and scope["method"] == "POST")


def most_bytes(scope: Scope, settings: ServeSettings) -> int:
    most = settings.max_upload_mb if is_upload(scope) else settings.max_body_mb
    return int(most * _MB)


def _too_large(most: int) -> ApiError:
    # The rest of the body is not read: the connection is of no use any more.
    return _closing(413, f"the body is larger than {most:,} bytes; send less at a time")


def _closing(status: int, message: str) -> ApiError:
    """What follows on this connection is not read."""
    return ApiError(status, message, headers={"Connection": "close"})


def error_response(error: ApiError, request_id: str) -> JSONResponse:
    body = {"error": {"type": error.type, "message": error.detail, "request_id": request_id}}
    return JSONResponse(body, error.status_code, error.headers)


def allowed_hosts(host: str, settings: ServeSettings) -> frozenset[str] | None:
    """Names in a Host header that mean us; None where any may (keys guard the rest)."""
    if host not in LOOPBACK and not settings.allowed_hosts:
        return None
    own = {*LOOPBACK} if host in LOOPBACK else {host.lower()}
    return frozenset(own | {name.lower() for name in settings.allowed_hosts})


def _name(host: str) -> str:
    """Without the port: `[::1]:80` → `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _netloc(origin: str) -> str:
    return origin.partition("://")[2].lower()


class JsonLines(logging.Formatter):
    """A JSON object a line. Only what we put into `fields`, never a message's own arguments."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            kind, _, trace = record.exc_info
            at = trace
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else ""
            # A message may quote what was asked: the kind and the place are enough to find it.
            line["error"] = f"{kind.__name__ if kind else ''} at {place}"
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
