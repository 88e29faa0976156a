"""/v1/quality: how well a library answers, measured on its own questions. Each sees their own."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool

from evals.baseline import short
from evals.drafting import DRAFT
from evals.errors import EvaluationError
from index.places import named
from ui.quality import Quality
from ui.reviewing import status_of
from ui.server import quality_models as models
from ui.server.access import LOCAL, Caller
from ui.server.documents import Wait, own_job, reply, shown
from ui.server.errors import ApiError
from ui.server.libraries import LibraryName
from ui.server.models import JobInfo
from ui.server.services import CallerOf, Services, ServicesOf
from ui.state import Job

router = APIRouter(prefix="/v1", tags=["quality"])
_KINDS = ("measure",)
# It loads nothing, runs nothing, and is of no origin: what it shows comes from documents.
_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@router.get("/quality", response_model=models.QualityState)
async def quality(services: ServicesOf, caller: CallerOf, library: LibraryName = None) -> Any:
    """The library's own questions, its baseline, and what was measured last."""
    path = services.library(caller, library)
    own = services.access.quality(caller, path)
    digest = await services.answering.read(path, lambda opened: opened.hash)
    job = _job_of(services, caller, path)
    found = await run_in_threadpool(_described, own, path, digest, caller.user == LOCAL)
    rows = services.state.feedback_records(caller.user)
    waiting = sum(r["library"] == path.name and status_of(r) == DRAFT for r in rows)
    told = {"library": path.name, "drafts": waiting, "job": shown(job) if job else None}
    return JSONResponse(told | found)


def _described(own: Quality, path: Path, digest: str, is_local: bool) -> dict[str, Any]:
    from ui.measuring import can_accept, own_set

    is_sample = False
    number, problem, baseline = None, "", own.baseline
    try:
        questions, baseline = own_set(own, path)
        number, is_sample = len(questions), baseline != own.baseline
    except EvaluationError as error:
        if own.questions.exists():
            problem = _without_place(error, own)
    last = own.last()
    if last is not None:
        last["is_current"] = last.pop("library", "") in ("", short(digest))
    return {
        "questions": number,
        "set_problem": problem,
        "place": str(own.questions) if is_local else None,
        "index": _typed(named(path)) if is_local else None,
        "is_sample": is_sample,
        "has_baseline": baseline.is_file(),
        "can_accept": can_accept(own, path, digest),
        "last": last,
    }


@router.get(
    "/quality/report",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def report(
    services: ServicesOf,
    caller: CallerOf,
    library: LibraryName = None,
    language: Annotated[Literal["zh", "en"], Query()] = "zh",
    download: bool = False,
) -> Response:
    """The last measurement as one page: verdict, plots, the questions that turned."""
    own = services.access.quality(caller, services.library(caller, library))
    page = await run_in_threadpool(own.report, language)
    if page is None:
        raise ApiError(404, "nothing was measured yet", type="no_report")
    headers = {"Content-Security-Policy": _POLICY}
    if download:
        headers["Content-Disposition"] = 'attachment; filename="quality.html"'
    return HTMLResponse(page, headers=headers)


@router.post("/quality/runs", status_code=202, response_model=JobInfo)
async def run(
    wanted: models.Measure, services: ServicesOf, caller: CallerOf, wait: Wait = 0
) -> Any:
    """Ask the library its own questions, aside; compared with the baseline where there is one."""
    caller.may_write()
    path = services.library(caller, wanted.library)
    running = _job_of(services, caller, path)
    if running is not None and running.status in ("queued", "running"):
        job = running  # asked for twice is asked for once
    else:
        own = services.access.quality(caller, path)
        found = await run_in_threadpool(_described, own, path, "", False)
        if not found["questions"]:
            raise ApiError(
                409, found["set_problem"] or "this library has no questions of its own yet",
                type="no_questions",
            )  # fmt: skip
        spec = {"path": str(path), "folder": str(own.folder)}
        job = services.jobs.add(caller.user, "measure", path.name, spec)
    return await reply(services, job, wait, at="quality/runs")


@router.get("/quality/runs/{job_id}", response_model=JobInfo)
async def run_of(
    job_id: Annotated[str, InPath(max_length=40)],
    services: ServicesOf,
    caller: CallerOf,
    wait: Wait = 0,
) -> Any:
    """How far it is; with `wait`, answered when it ends or the time is up."""
    return await reply(services, own_job(services, caller, job_id, _KINDS), wait, status=200)


@router.post("/quality/baseline", response_model=models.Last)
async def accept(wanted: models.AcceptRun, services: ServicesOf, caller: CallerOf) -> Any:
    """What was measured last becomes what later measurements are compared with."""
    from ui.measuring import accept_last, can_accept

    caller.may_write()
    path = services.library(caller, wanted.library)
    own = services.access.quality(caller, path)
    digest = await services.answering.read(path, lambda opened: opened.hash)
    if not await run_in_threadpool(can_accept, own, path, digest):
        raise ApiError(
            409, "the questions or the library have changed since: measure again", type="stale_run"
        )
    try:
        told = await run_in_threadpool(accept_last, own, path, wanted.reason.strip())
    except EvaluationError as error:
        raise ApiError(409, _without_place(error, own), type="no_run") from None
    told.pop("library", None)
    return JSONResponse(told | {"is_current": True})


def _typed(name: str) -> str:
    """As a shell takes it; a plain name in any script stays plain."""
    return name if re.fullmatch(r"[\w./~-]+", name) else quote(name)


def _job_of(services: Services, caller: Caller, path: Path) -> Job | None:
    """The caller's latest measurement of a library, unless it has ended well."""
    for job in services.state.jobs(caller.user, kinds=_KINDS):
        if job.library == path.name:
            return None if job.status == "done" else job
    return None


def _without_place(error: Exception, own: Quality) -> str:
    """What is wrong with a set is for its owner, where it lies on the server is not."""
    return str(error).replace(f"{own.questions.parent}/", "")
