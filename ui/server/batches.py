"""POST /v1/batches: many questions at once, answered aside; and feedback on answers."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from ui.server import models
from ui.server.answers import where_of
from ui.server.documents import Wait, own_job, shown
from ui.server.errors import ApiError
from ui.server.job import QUESTIONS, RECORDS
from ui.server.services import CallerOf, ServicesOf

router = APIRouter(prefix="/v1", tags=["batches"])
BatchId = Annotated[str, InPath(max_length=40)]
_KINDS = ("batch",)
_LINES = "application/x-ndjson"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("/batches", status_code=202, response_model=models.JobInfo)
async def new_batch(
    batch: models.NewBatch, services: ServicesOf, caller: CallerOf, wait: Wait = 0
) -> Any:
    """Questions to be answered aside, in order, each by itself: one that fails stops no other."""
    caller.may_write()
    most = services.settings.max_batch_questions
    if len(batch.questions) > most:
        raise ApiError(
            413, f"{len(batch.questions):,} questions at once; at most {most:,} are taken",
            type="too_many",
        )  # fmt: skip
    path = services.library(caller, batch.library)
    where_of(batch)  # refused now, not when its turn comes
    folder = services.access.root(caller) / "batches" / secrets.token_hex(12)
    folder.mkdir(parents=True)
    lines = [
        json.dumps(one.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
        for one in batch.questions
    ]
    (folder / QUESTIONS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    spec = {
        "path": str(path),
        "folder": str(folder),
        "as_of": batch.as_of.isoformat() if batch.as_of else None,
        "where": [batch.sources, batch.kinds, batch.since, batch.until],
    }
    job = services.jobs.add(caller.user, "batch", path.name, spec)
    if wait:
        job = await services.jobs.wait(job, wait)
    return JSONResponse(shown(job), 202, {"Location": f"/v1/batches/{job.id}"})


@router.get("/batches", response_model=models.Jobs)
async def batches(services: ServicesOf, caller: CallerOf) -> Any:
    """The caller's latest 100 batches, newest first."""
    found = services.state.jobs(caller.user, kinds=_KINDS)
    return JSONResponse({"jobs": [shown(job) for job in found]})


@router.get("/batches/{batch_id}", response_model=models.JobInfo)
async def batch_of(
    batch_id: BatchId, services: ServicesOf, caller: CallerOf, wait: Wait = 0
) -> Any:
    """How far it is; with `wait`, answered when it ends or the time is up."""
    job = own_job(services, caller, batch_id, _KINDS)
    return JSONResponse(shown(await services.jobs.wait(job, wait) if wait else job))


@router.get(
    "/batches/{batch_id}/results",
    response_class=Response,
    responses={
        200: {
            "description": "An answer record a line, in the questions' order; or a table",
            "content": {
                _LINES: {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
                _XLSX: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def results(
    batch_id: BatchId,
    services: ServicesOf,
    caller: CallerOf,
    format: Annotated[Literal["jsonl", "csv", "xlsx"], Query()] = "jsonl",
) -> Response:
    """What is answered; of a batch that runs still, jsonl alone, as far as it is."""
    from starlette.concurrency import run_in_threadpool

    job = own_job(services, caller, batch_id, _KINDS)
    records = Path(job.spec["folder"]) / RECORDS
    if not records.is_file():
        records.parent.mkdir(parents=True, exist_ok=True)
        records.touch()
    if format == "jsonl":
        return StreamingResponse(_whole_lines(records), media_type=_LINES)
    if job.status != "done":
        raise ApiError(409, f"the batch is {job.status}; {format} is there when it is done")
    name = {"Content-Disposition": f'attachment; filename="answers.{format}"'}
    if format == "csv":
        return StreamingResponse(_csv(records), media_type="text/csv", headers=name)
    from ui.workbook import write_workbook

    book = records.with_suffix(".xlsx")
    await run_in_threadpool(write_workbook, records, book, ())
    return FileResponse(book, media_type=_XLSX, headers=name)


@router.delete("/batches/{batch_id}", status_code=204, response_class=Response)
async def delete_batch(batch_id: BatchId, services: ServicesOf, caller: CallerOf) -> Response:
    """Stop it where it runs, and erase its questions and answers."""
    caller.may_write()
    job = own_job(services, caller, batch_id, _KINDS)
    await services.jobs.cancel(job)
    shutil.rmtree(job.spec["folder"], ignore_errors=True)
    services.state.delete_job(job.id)
    return Response(status_code=204)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Of a file that may be growing."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _csv(records: Path) -> Iterator[bytes]:
    from ui.results import CsvResults, answer_of

    form = CsvResults((), records)
    yield form.header
    for line in _whole_lines(records):
        yield form.encode(answer_of(json.loads(line)), {})


# --- feedback ------------------------------------------------------------------------------------

feedback = APIRouter(prefix="/v1", tags=["feedback"])


@feedback.post("/feedback", status_code=201, response_model=models.FeedbackSaved)
async def say_so(given: models.Feedback, services: ServicesOf, caller: CallerOf) -> Any:
    """Was an answer good? Kept in the state file, never in a library."""
    path = services.library(caller, given.library)
    number = services.state.add_feedback(
        caller.user, path.name, given.rating, given.question, given.comment, given.record
    )
    return JSONResponse({"id": number}, 201)


@feedback.get("/feedback", response_model=models.FeedbackList)
async def said(
    services: ServicesOf, caller: CallerOf, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Any:
    """The caller's own, newest first."""
    return JSONResponse({"feedback": services.state.feedback(caller.user, limit)})
