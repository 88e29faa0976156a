"""POST /v1/exports: answers for use elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from index.errors import DocumentNotFound
from ui.server import models
from ui.server.errors import ApiError
from ui.server.services import CallerOf, ServicesOf

if TYPE_CHECKING:
    from index.schema import DocumentInfo
    from index.store import Library
    from rag.schema import Answer

router = APIRouter(prefix="/v1", tags=["answers"])
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TYPES = {
    "markdown": "text/markdown; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "references": "text/plain; charset=utf-8",
    "docx": _DOCX,
}


@router.post(
    "/exports",
    response_class=Response,
    responses={
        200: {
            "description": "The answers in the form that was asked for",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "text/plain": {"schema": {"type": "string"}},
                _DOCX: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def export(wanted: models.Export, services: ServicesOf, caller: CallerOf) -> Response:
    """Answer records as Markdown, plain text, with a GB/T 7714 list, or as a Word document."""
    from ui.results import answer_of

    try:
        answers = [answer_of(one.model_dump(mode="json", by_alias=True)) for one in wanted.records]
    except (KeyError, TypeError, ValueError):
        raise ApiError(422, "records: not answer records; see docs/answer-record.md") from None
    infos: dict[str, DocumentInfo] = {}
    if wanted.format == "references":
        path = services.library(caller, wanted.library)
        infos = await services.answering.read(path, lambda opened: _infos(opened, answers))
    made = await run_in_threadpool(_made, wanted, answers, infos)
    return Response(made, media_type=_TYPES[wanted.format])


def _made(
    wanted: models.Export, answers: list[Answer], infos: dict[str, DocumentInfo]
) -> str | bytes:
    from ui import exporting

    if wanted.format == "docx":
        return exporting.as_docx(answers, title=wanted.title)
    if wanted.format == "markdown":
        return exporting.as_markdown(answers, title=wanted.title)
    if wanted.format == "text":
        return exporting.as_text(answers)
    return exporting.as_references(answers, infos)


def _infos(library: Library, answers: list[Answer]) -> dict[str, DocumentInfo]:
    found = {}
    for doc_id in {citation.doc_id for one in answers for citation in one.citations}:
        try:
            found[doc_id] = library.info(doc_id)
        except DocumentNotFound:  # removed since
            continue
    return found
