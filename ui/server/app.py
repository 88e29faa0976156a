"""The application: routes, what guards them, and the page once it has loaded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ui.server import (
    answers,
    batches,
    chat,
    documents,
    drafts,
    engine,
    exports,
    libraries,
    quality,
    viewing,
)
from ui.server.access import Access
from ui.server.answering import Answering
from ui.server.errors import ApiError, as_api_error
from ui.server.guarding import Guard, allowed_hosts, error_response
from ui.server.jobs import Jobs
from ui.server.metrics import Metrics
from ui.server.models import Error
from ui.server.page import Page, PageMaker, PageRoute
from ui.server.services import Services
from ui.server.settings import LOOPBACK, ServeSettings
from ui.shelf import Shelf, warm

if TYPE_CHECKING:
    from rag.settings import RagSettings
    from ui.state import State

# What any route may answer; each says more of its own.
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error, "description": meaning}
    for status, meaning in {
        400: "The request cannot be met as it is",
        401: "A key is needed",
        403: "Not allowed, or from elsewhere",
        404: "No such library, document or job of the caller's",
        408: "The body did not arrive in time",
        409: "Another writer is at work",
        413: "Too large, or too many at once",
        415: "A file of a type that is not taken",
        422: "Not of the form below",
        429: "Too many requests",
        431: "Headers too long",
        500: "Our own mistake",
        503: "Busy, or not usable now",
    }.items()
}


def create_services(
    state: State,
    rag: RagSettings,
    settings: ServeSettings,
    *,
    host: str = "127.0.0.1",
    library: str | None = None,
    job_settings: dict[str, Any] | None = None,
) -> Services:
    """Everything the routes need. Keys are asked for where anyone but this machine can come."""
    shelf = Shelf(on_open=warm)
    needs_key = settings.keys or settings.per_user or host not in LOOPBACK
    metrics = Metrics()
    answering = Answering(
        shelf,
        rag,
        threads=settings.threads,
        max_waiting=settings.max_waiting,
        processes=settings.processes,
    )
    jobs = Jobs(state, settings=job_settings, on_end=lambda job: _count(metrics, job))
    metrics.watch("wenju_questions_in_flight", "Answered or waiting", lambda: answering.in_flight)
    metrics.watch("wenju_libraries_open", "Libraries held open", lambda: len(shelf))
    metrics.watch("wenju_jobs_waiting", "Jobs queued or running", lambda: jobs.waiting)
    access = Access(state, settings, keys=needs_key, library=library)
    return Services(settings, state, shelf, access, answering, jobs, metrics)


def _count(metrics: Metrics, job: Any) -> None:
    metrics.jobs.labels(job.kind, job.status).inc()


def create_app(
    services: Services, *, host: str = "127.0.0.1", page: PageMaker | None = None
) -> FastAPI:
    """`page` makes the application of the page; it is called in a thread once the server runs."""
    holder = Page(page) if page is not None else None

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.jobs.start()
        loading = asyncio.create_task(holder.load(services)) if holder else None
        try:
            yield
        finally:
            if loading is not None:
                loading.cancel()
                await asyncio.gather(loading, return_exceptions=True)
            await services.jobs.stop()
            services.answering.close()
            services.shelf.close()

    app = FastAPI(
        title="wenju",
        version=version("wenju"),
        summary="Ask your documents; every sentence of an answer shows the words it rests on.",
        docs_url=None,  # their scripts come from the network
        redoc_url=None,
        lifespan=lifespan,
        responses=_REFUSALS,
    )
    app.state.services = services
    app.state.page = holder
    for router in _routers():
        app.include_router(router)
    if holder is not None:
        app.router.routes.append(PageRoute(holder))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _failed)
    for kind in _known_errors():
        app.add_exception_handler(kind, _failed)
    app.add_middleware(
        Guard,
        settings=services.settings,
        metrics=services.metrics,
        hosts=allowed_hosts(host, services.settings),
    )
    return app


def _routers() -> list[Any]:
    return [
        answers.router, libraries.router, documents.router, viewing.router, batches.router,
        batches.feedback, drafts.router, quality.router, exports.router, engine.router,
        chat.router, libraries.health,
    ]  # fmt: skip


def _known_errors() -> list[type[Exception]]:
    from index.errors import IndexingError
    from rag.errors import AnsweringError
    from ui.errors import UiError

    return [IndexingError, AnsweringError, UiError]


async def _failed(request: Request, error: Exception) -> JSONResponse:
    return error_response(as_api_error(error), _id(request))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Which field, and what is wrong with it; never what was sent."""
    assert isinstance(error, RequestValidationError)
    problems = [
        f"{'.'.join(str(part) for part in one['loc'] if part != 'body')}: {one['msg']}"
        for one in error.errors()[:5]
    ]
    line = "; ".join(problems).encode(errors="replace").decode()
    return error_response(ApiError(422, line[:1000]), _id(request))


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
