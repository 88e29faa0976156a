"""POST /v1/answers and /v1/search."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from rag.filters import Filters, filters_of
from rag.schema import Answer, Shown
from ui.server import models
from ui.server.answering import Asked
from ui.server.errors import as_api_error
from ui.server.guarding import LOG
from ui.server.services import CallerOf, Services, ServicesOf, log

router = APIRouter(prefix="/v1", tags=["answers"])
EVENT_STREAM = "text/event-stream"
# Of one event.
EVENT_SCHEMA = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.post(
    "/answers",
    response_model=models.AnswerRecord,
    responses={
        200: {
            "description": "The answer record; with `stream`, events `statement` and `done`",
            "content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}},
        }
    },
)
async def answers(ask: models.Ask, request: Request, services: ServicesOf, caller: CallerOf) -> Any:
    """Answer a question. Every statement rests on citations that are the sources' own words.

    With `"stream": true` or `Accept: text/event-stream`: an event `statement` as each is verified
    (none is ever withdrawn), then `done` with the whole record, or `error`.
    """
    library = services.library(caller, ask.library)
    asked = Asked(
        ask.question, ask.id, ask.as_of, where_of(ask), history=turns(ask.history),
        completed=ask.completed_question, max_statements=ask.max_statements,
        max_risk=ask.max_risk, min_confidence=ask.min_confidence, engine=ask.engine,
    )  # fmt: skip
    if services.settings.log_content:
        log(request, question=ask.question)
    wants = request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower()
    if ask.stream or wants == EVENT_STREAM:
        stream = services.answering.stream(library, asked)
        first = await anext(stream)  # what is refused is refused with its status
        events = _events(first, stream, services, request)
        return StreamingResponse(events, media_type=EVENT_STREAM, headers=NO_BUFFER)
    answer = await services.answering.answer(library, asked)
    note_answer(answer, services, request)
    return JSONResponse(answer.to_record())


@router.post("/search", response_model=models.Found)
async def search(
    wanted: models.Search, request: Request, services: ServicesOf, caller: CallerOf
) -> Any:
    """The best passages for a question, best first, without an answer."""
    library = services.library(caller, wanted.library)
    asked = Asked(wanted.question, "", wanted.as_of, where_of(wanted))
    if services.settings.log_content:
        log(request, question=wanted.question)
    content, hits = await services.answering.search(library, asked, wanted.limit)
    return JSONResponse({"library": content, "passages": [asdict(hit) for hit in hits]})


def turns(given: Sequence[str | models.Turn]) -> list[Any]:
    """Earlier turns, as `rag.history` takes them."""
    return [one if isinstance(one, str) else one.model_dump(exclude_unset=True) for one in given]


def where_of(given: models.Where) -> Filters:
    return filters_of(given.sources, given.kinds, given.since, given.until)


async def _events(
    first: Shown | Answer,
    rest: AsyncIterator[Shown | Answer],
    services: Services,
    request: Request,
) -> AsyncIterator[str]:
    try:
        yield _event_of(first)
        if isinstance(first, Answer):
            note_answer(first, services, request)
        async for item in rest:
            yield _event_of(item)
            if isinstance(item, Answer):
                note_answer(item, services, request)
    except Exception as error:
        if not as_api_error(error).status_code < 500:
            LOG.error("stream", exc_info=error)
        told = as_api_error(error)
        detail = {"type": told.type, "message": told.detail}
        yield event("error", detail | {"request_id": request.state.request_id})


def note_answer(answer: Answer, services: Services, request: Request) -> None:
    services.metrics.answers.labels(answer.status).inc()
    log(request, answer=answer.status)


def _event_of(item: Shown | Answer) -> str:
    if isinstance(item, Answer):
        return event("done", item.to_record())
    return event(
        "statement",
        {
            "text": item.statement.text,
            "citations": list(item.statement.citations),
            "sources": [asdict(citation) for citation in item.citations],
        },
    )


def event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
