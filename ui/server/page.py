"""The page's own part of the server: it is imported aside, and stands behind the log-in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.messages import say
from ui.server import login
from ui.server.access import LOCAL, Caller
from ui.server.errors import ApiError
from ui.server.guarding import LOG, error_response
from ui.server.services import Services

API_PATHS = ("/v1", "/healthz", "/readyz", "/metrics", "/openapi.json")
# Importing the page keeps the interpreter busy: who asks for readiness comes first.
_WAITS_S = 0.3
PageMaker = Callable[[Services], ASGIApp]
_WAIT = """<!doctype html><html><head><meta charset="utf-8">{refresh}<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ color-scheme: light dark }} body {{ margin: 0; min-height: 100vh; display: grid;
place-items: center; background: #faf9f6; color: #5c636d; font: 17px/1.8 system-ui, "PingFang SC",
"Microsoft YaHei", "Noto Sans CJK SC", sans-serif }}
@media (prefers-color-scheme: dark) {{ body {{ background: #16181b; color: #a3a9b2 }} }}</style>
</head><body><p role="status">{line}</p></body></html>
"""


class Page:
    """The page's application, imported in the background; until then a line that says so."""

    def __init__(self, make: PageMaker) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self.status = "loading"

    async def load(self, services: Services) -> None:
        """Loads it, then keeps its lifespan open until cancelled."""
        _begin_with_samples(services)
        await asyncio.sleep(_WAITS_S)
        try:
            made = await asyncio.to_thread(self._make, services)
        except Exception as error:
            self.status = "failed"
            LOG.error("page", exc_info=error)
            return
        context: Callable[[Any], Any] | None = getattr(
            getattr(made, "router", None), "lifespan_context", None
        )
        opened = context(made) if context is not None else contextlib.nullcontext()
        async with opened:
            self._app, self.status = made, "ready"
            await asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["app"].state.services
        request = Request(scope, receive)
        if scope["path"] == "/logout" and scope["method"] == "POST":
            await login.log_out()(scope, receive, send)
            return
        if services.access.needs_key:
            entering = scope["path"] == login.PATH and scope["method"] == "POST"
            answer = await _refused(request, services, entering)
            if answer is not None:
                await answer(scope, receive, send)
                return
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        line = say("page_loading" if self.status == "loading" else "page_failed")
        refresh = '<meta http-equiv="refresh" content="1">' if self.status == "loading" else ""
        html = _WAIT.format(refresh=refresh, title=say("chat_title"), line=line)
        await HTMLResponse(html, 503, {"Retry-After": "1"})(scope, receive, send)


def _begin_with_samples(services: Services) -> None:
    """Who comes for the first time finds something to ask: the samples, indexed aside."""
    from ui.demo import LIBRARY, sample_folder

    access = services.access
    nobody = Caller(LOCAL)
    if access.needs_key or access.only is not None or access.libraries(nobody):
        return
    if not sample_folder().is_dir():
        return
    path = access.root(nobody) / "libraries" / LIBRARY
    spec = {"path": str(path), "sources": [str(sample_folder())]}
    services.jobs.add(LOCAL, "index", LIBRARY, spec)


async def _refused(request: Request, services: Services, entering: bool) -> Any:
    """What somebody without a valid key gets; None for one who may pass."""
    access = services.access
    try:
        if entering:
            access.slow_down(request)
            return await login.log_in(request, services.state)
        access.caller(request)
    except ApiError as error:
        wants_page = "text/html" in request.headers.get("accept", "")
        if error.status_code == 401 and request.method == "GET" and wants_page:
            return login.login_page()
        return error_response(error, str(getattr(request.state, "request_id", "")))
    return None


class PageRoute(BaseRoute):
    """Everything that is no path of the API goes to the page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"]
        is_ours = any(path == one or path.startswith(one + "/") for one in API_PATHS)
        if scope["type"] != "http" or is_ours:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self._page}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._page(scope, receive, send)
