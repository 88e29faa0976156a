"""GET /v1/engine: who words the answers, and whether a language model that is set up works."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from rag.errors import AnsweringError
from rag.llm_settings import LlmSettings, api_key_of
from ui.messages import say
from ui.server import models
from ui.server.services import CallerOf, Services, ServicesOf

router = APIRouter(prefix="/v1", tags=["answers"])
_PATIENCE_S = 20


@router.get("/engine", response_model=models.Engine)
async def engine(services: ServicesOf, caller: CallerOf) -> Any:
    """The language model of the settings, if there is one. Its key is never told."""
    llm = _llm(services)
    return JSONResponse(
        {
            "model": llm.model if llm is not None else None,
            "base_url": llm.base_url if llm is not None else None,
            "has_key": llm is not None and bool(_key(llm)),
            "is_used": llm is not None and llm.is_used,
        }
    )


@router.post("/engine/test", response_model=models.EngineTest)
async def test(services: ServicesOf, caller: CallerOf) -> Any:
    """Ask the language model for one word. What is wrong is told in plain words."""
    caller.may_write()
    llm = _llm(services)
    started = time.perf_counter()
    problem = say("llm_none") if llm is None else await run_in_threadpool(_problem, llm)
    ms = round((time.perf_counter() - started) * 1000, 1)
    return JSONResponse({"ok": problem is None, "message": problem or "", "ms": ms})


def _llm(services: Services) -> LlmSettings | None:
    """None where no model is set up."""
    found = services.answering.settings.llm
    return found if found.model else None


def _key(llm: LlmSettings) -> str:
    try:
        return api_key_of(llm) or ""
    except AnsweringError:
        return ""


def _problem(llm: LlmSettings) -> str | None:
    """What a user can do about it; None where the model answers. Never holds the key."""
    body = {"model": llm.model, "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    request = urllib.request.Request(
        llm.base_url.rstrip("/") + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {_key(llm)}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return say("llm_refused", status=error.code)
        if error.code == 404:
            return say("llm_unknown", model=llm.model)
        return say("llm_failed", status=error.code)
    except TimeoutError:
        return say("llm_slow", seconds=_PATIENCE_S)
    except (urllib.error.URLError, OSError):
        return say("llm_unreachable", url=llm.base_url)
    except ValueError:
        return say("llm_strange", url=llm.base_url)
    return None
