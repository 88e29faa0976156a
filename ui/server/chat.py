"""POST /v1/chat/completions and GET /v1/models: the form that chat clients of OpenAI speak.

The last message of the user is the question, those before it are the conversation
(`ui.server.conversation`). Citations are
marks in the text, annotations of the kind `url_citation` at these marks, and a list of sources
beneath, for clients that show text alone. The whole answer record stands in the field `wenju`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from rag.schema import Answer, Citation, Shown
from ui.messages import language_of, say
from ui.rendering import place
from ui.server import models
from ui.server.answering import Asked
from ui.server.answers import EVENT_SCHEMA, EVENT_STREAM, NO_BUFFER, note_answer
from ui.server.conversation import BETWEEN, history_of, question_of
from ui.server.errors import as_api_error
from ui.server.guarding import LOG
from ui.server.linking import Links
from ui.server.services import CallerOf, Services, ServicesOf, log

router = APIRouter(prefix="/v1", tags=["openai"])
MODEL = "wenju"
_MARK = re.compile(r"\[(\d+)\]")


@router.get("/models")
async def list_models(services: ServicesOf, caller: CallerOf) -> Any:
    """`wenju` asks the library the page opens with, `wenju:NAME` the library NAME."""
    names = [MODEL, *(f"{MODEL}:{name}" for name in services.access.libraries(caller))]
    row = {"object": "model", "created": 0, "owned_by": MODEL}
    return JSONResponse({"object": "list", "data": [{"id": name} | row for name in names]})


@router.post(
    "/chat/completions",
    responses={200: {"content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}}}},
)
async def complete(
    chat: models.ChatRequest, request: Request, services: ServicesOf, caller: CallerOf
) -> Any:
    """Answer the last message, a follow-up as the messages before it complete it; with `stream`,
    chunks as statements are verified. The answer record, in the last chunk, is in `wenju`.
    """
    question = question_of(chat.messages)
    if services.settings.log_content:
        log(request, question=question)
    name = chat.model.removeprefix(MODEL).removeprefix(":") or None
    library = services.library(caller, name)
    links = Links(str(request.base_url), library.name)
    asked = Asked(question, history=history_of(chat.messages))
    if chat.stream:
        stream = services.answering.stream(library, asked)
        first = await anext(stream)
        chunks = _chunks(first, stream, chat.model, links, services, request)
        return StreamingResponse(chunks, media_type=EVENT_STREAM, headers=NO_BUFFER)
    answer = await services.answering.answer(library, asked)
    note_answer(answer, services, request)
    text = _text(answer)
    message = {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": _annotations(text, answer, links),
    }
    return JSONResponse(
        {
            "id": _id(request),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": chat.model,
            "choices": [
                {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
            ],
            "wenju": answer.to_record(),
        }
    )


async def _chunks(
    first: Shown | Answer,
    rest: AsyncIterator[Shown | Answer],
    model: str,
    links: Links,
    services: Services,
    request: Request,
) -> AsyncIterator[str]:
    head = {
        "id": _id(request),
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return f"data: {json.dumps(head | {'choices': [choice]} | more, ensure_ascii=False)}\n\n"

    async def items() -> AsyncIterator[Shown | Answer]:
        yield first
        async for item in rest:
            yield item

    told = ""
    try:
        yield chunk({"role": "assistant", "content": ""})
        async for item in items():
            if isinstance(item, Shown):
                marks = "".join(f"[{n}]" for n in item.statement.citations)
                piece = f"{chr(10) if told else ''}{item.statement.text}{marks}"
                told += piece
                yield chunk({"content": piece})
                continue
            note_answer(item, services, request)
            text = _text(item)
            # What was shown stands: the rest is added to it.
            piece = text[len(told) :] if text.startswith(told) else ""
            yield chunk({"content": piece})
            annotations = _annotations(told + piece, item, links)
            yield chunk({"annotations": annotations}, "stop", wenju=item.to_record())
        yield "data: [DONE]\n\n"
    except Exception as error:
        known = as_api_error(error)
        if known.status_code >= 500:
            LOG.error("stream", exc_info=error)
        detail = {"message": known.detail, "type": known.type, "code": known.status_code}
        yield f"data: {json.dumps({'error': detail}, ensure_ascii=False)}\n\n"


def _text(answer: Answer) -> str:
    """The answer, or why there is none; the sources beneath."""
    lang = language_of(answer.question)
    if answer.status == "answered":
        return "\n\n".join(filter(None, [answer.answer, _sources(answer.citations, lang)]))
    abstention = answer.abstention
    reason = abstention.reason if abstention else answer.error or say("no_answer", lang)
    near = _sources(abstention.nearest, lang) if abstention else ""
    return f"{reason}\n\n{say('nearest', lang)}\n{near}" if near else reason


def _sources(citations: Sequence[Citation], lang: str) -> str:
    return "\n".join(f"[{c.n}] {_title(c, lang)}" for c in citations)


def _title(citation: Citation, lang: str) -> str:
    where = place(citation, lang)
    return f"{citation.source}{BETWEEN}{where}" if where else citation.source


def _annotations(text: str, answer: Answer, links: Links) -> list[dict[str, Any]]:
    """One for each mark in the answer's own part of the text."""
    known = {c.n: c for c in answer.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": mark.start(),
                "end_index": mark.end(),
                "url": links.url(cited),
                "title": _title(cited, language_of(answer.question)),
            },
        }
        for mark in _MARK.finditer(text, 0, len(answer.answer))
        if (cited := known.get(int(mark[1]))) is not None
    ]


def _id(request: Request) -> str:
    return f"chatcmpl-{request.state.request_id}"
