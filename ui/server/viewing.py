"""POST /v1/view: a cited place as a person looks at it; page images; the sound of a transcript."""

from __future__ import annotations

import mimetypes
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, JSONResponse

from index.errors import OriginalUnavailable
from index.schema import Span
from ui.server import models
from ui.server.errors import ApiError
from ui.server.libraries import LibraryName
from ui.server.services import CallerOf, ServicesOf

router = APIRouter(prefix="/v1", tags=["documents"])


@router.post("/view", response_model=models.SourceView)
async def view(wanted: models.View, services: ServicesOf, caller: CallerOf) -> Any:
    """What stands around cited words: blocks with the words marked, tables, notes."""
    from ui.viewing import view_source

    path = services.library(caller, wanted.library)
    found = await services.answering.read(
        path,
        lambda opened: view_source(
            opened, wanted.doc_id, _spans(wanted), focus=wanted.focus,
            question=wanted.question, around=wanted.around,
        ),
    )  # fmt: skip
    return JSONResponse(found)


@router.post("/view/pages", response_model=models.PageViews)
async def pages(wanted: models.ViewPages, services: ServicesOf, caller: CallerOf) -> Any:
    """The pages of a PDF that hold the words, as images, and boxes around the words."""
    from ui.viewing import view_pages_of

    path = services.library(caller, wanted.library)
    try:
        found = await services.answering.read(
            path,
            lambda opened: view_pages_of(opened, wanted.doc_id, _spans(wanted), wanted.scale),
        )
    except OriginalUnavailable:  # its message names a place on this machine
        raise ApiError(
            404, "the original is no PDF, has moved or has changed; index it again",
            type="no_original",
        ) from None  # fmt: skip
    return JSONResponse({"pages": found})


@router.get(
    "/audio",
    response_class=FileResponse,
    responses={200: {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def audio(
    services: ServicesOf,
    caller: CallerOf,
    doc_id: Annotated[str, Query(min_length=1, max_length=1000)],
    library: LibraryName = None,
) -> Any:
    """The sound file that lies beside a transcript; by ranges, as players ask for it."""
    from ui.viewing import audio_path

    path = services.library(caller, library)
    found = await services.answering.read(path, lambda opened: audio_path(opened, doc_id))
    if found is None:
        raise ApiError(404, "there is no sound file beside this transcript", type="no_audio")
    kind = mimetypes.guess_type(found.name)[0] or "audio/mpeg"
    return FileResponse(found, media_type=kind)


def _spans(wanted: models.View) -> list[Span]:
    return [Span(one.start, one.end) for one in wanted.spans if one.start < one.end]
