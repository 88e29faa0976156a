"""GET /v1/libraries; documents of a library and their text; health; metrics."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from index.errors import IndexingError
from ui.server import models
from ui.server.errors import ApiError
from ui.server.services import CallerOf, ServicesOf

if TYPE_CHECKING:
    from index.store import Library

router = APIRouter(prefix="/v1", tags=["libraries"])
_MAX_SPAN = 100_000  # characters that are read at once

LibraryName = Annotated[str | None, Query(min_length=1, max_length=80)]
DocId = Annotated[str, InPath(max_length=1000)]


@router.get("/libraries", response_model=models.Libraries)
async def libraries(services: ServicesOf, caller: CallerOf) -> Any:
    """Every library the caller may ask."""
    rows = []
    for name, path in services.access.libraries(caller).items():
        try:
            row = await services.answering.read(path, lambda library: _described(library))
        except IndexingError:
            row = {"error": "it cannot be opened; run: wenju check"}
        rows.append(models.LibraryInfo(**{"name": name} | row).model_dump())
    return JSONResponse({"libraries": rows})


@router.get("/documents", response_model=models.Documents)
async def documents(
    services: ServicesOf,
    caller: CallerOf,
    library: LibraryName = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Any:
    """What a library holds, by id."""
    path = services.library(caller, library)

    def read(opened: Library) -> dict[str, Any]:
        infos = opened.documents()
        shown = [
            {
                "doc_id": info.doc_id, "source": info.source, "title": info.title,
                "format": info.format, "kind": info.kind, "date": info.date,
                "pages": info.pages, "characters": info.n_chars, "size": info.size_bytes,
            }
            for info in infos[offset : offset + limit]
        ]  # fmt: skip
        return {"library": path.name, "total": len(infos), "documents": shown}

    return JSONResponse(await services.answering.read(path, read))


@router.get("/documents/{doc_id:path}", response_model=models.Excerpt)
async def excerpt(
    doc_id: DocId,
    services: ServicesOf,
    caller: CallerOf,
    library: LibraryName = None,
    start: Annotated[int, Query(ge=0, le=1 << 31)] = 0,
    end: Annotated[int | None, Query(ge=0, le=1 << 31)] = None,
    around: Annotated[int, Query(ge=0, le=20_000)] = 200,
) -> Any:
    """The source's own words at a span (its first 100,000 characters), and `around` beside it."""
    from rag.hits import read_span

    if end is not None:
        end = min(end, start + _MAX_SPAN)
    path = services.library(caller, library)
    found = await services.answering.read(
        path, lambda opened: read_span(opened, doc_id, start, end, around=around)
    )
    return JSONResponse(asdict(found))


def _described(library: Library) -> dict[str, Any]:
    return {
        "documents": library.n_documents,
        "chunks": library.n_chunks,
        "generation": library.generation,
        "library": library.hash,
    }


@router.get("/suggestions", response_model=models.Suggestions)
async def suggestions(
    services: ServicesOf,
    caller: CallerOf,
    library: LibraryName = None,
    language: Annotated[Literal["zh", "en"], Query()] = "zh",
    n: Annotated[int, Query(ge=1, le=12)] = 6,
) -> Any:
    """Questions that a library answers, to begin with: of the samples, one of each kind."""
    from ui.demo import examples_for

    path = services.library(caller, library)
    found = await services.answering.read(path, lambda opened: examples_for(opened, language, n))
    return JSONResponse({"questions": found})


health = APIRouter(tags=["health"])


@health.get("/healthz", response_model=models.Health)
async def healthz(request: Request) -> Any:
    """The process is alive."""
    return _health(request, "ok")


@health.get("/readyz", response_model=models.Health)
async def readyz(request: Request, services: ServicesOf) -> Any:
    """Questions are answered. The page may be loading still."""
    if not Path(services.state.path).exists():
        raise ApiError(503, "the server's state file is gone; start it again", type="not_ready")
    return _health(request, "ok")


def _health(request: Request, status: str) -> Any:
    page = getattr(request.app.state, "page", None)
    shown = "none" if page is None else page.status
    return JSONResponse({"status": status, "page": shown, "version": version("wenju")})


@health.get(
    "/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_class=Response,
)  # fmt: skip
async def metrics(services: ServicesOf, caller: CallerOf) -> Response:
    """For Prometheus; with a key where keys are asked for."""
    from ui.server.metrics import CONTENT_TYPE_LATEST

    return Response(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)
