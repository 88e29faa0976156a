"""POST /v1/batches: many questions at once, answered aside; and feedback on answers."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from ui.server import models
from ui.server.access import Caller
from ui.server.answers import where_of
from ui.server.documents import Wait, file_name, own_job, reply, shown
from ui.server.errors import ApiError
from ui.server.job import QUESTIONS, RECORDS
from ui.server.linking import Links
from ui.server.services import CallerOf, Services, ServicesOf
from ui.state import Job

if TYPE_CHECKING:
    from ui.linking import Link
    from ui.questions import Question, QuestionFile

router = APIRouter(prefix="/v1", tags=["batches"])
BatchId = Annotated[str, InPath(max_length=40)]
_KINDS = ("batch",)
_PREVIEWED = 50  # questions of a file that a preview shows
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
    lines = [
        json.dumps(one.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
        for one in batch.questions
    ]
    spec = {
        "as_of": batch.as_of.isoformat() if batch.as_of else None,
        "where": [batch.sources, batch.kinds, batch.since, batch.until],
    }
    job = _added(services, caller, path, ("\n".join(lines) + "\n").encode(), spec)
    return await reply(services, job, wait, at="batches")


@router.post(
    "/batches/file",
    response_model=models.BatchPreview,
    responses={
        200: {"description": "With `preview`: what the file holds"},
        202: {"description": "The batch", "model": models.JobInfo},
    },
)
async def batch_file(
    file: UploadFile,
    services: ServicesOf,
    caller: CallerOf,
    library: Annotated[str | None, Form(min_length=1, max_length=80)] = None,
    preview: Annotated[bool, Form()] = False,
    wait: Wait = 0,
) -> Any:
    """The same from a file of questions (CSV, Excel, JSON Lines, a question a line). Its further
    columns stay beside the answers. With `preview` nothing is asked: what the file holds is told.
    """
    from starlette.concurrency import run_in_threadpool

    caller.may_write()
    path = services.library(caller, library)
    name = Path(file_name(file.filename or ""))
    data = await file.read()
    found = await run_in_threadpool(_read_questions, data, name)
    most = services.settings.max_batch_questions
    total = len(found.questions)
    if preview:
        return JSONResponse(
            {
                "total": total,
                "columns": list(found.columns),
                "questions": [_row(one) for one in found.questions[:_PREVIEWED]],
                "problems": [one.problem for one in found.questions if one.problem][:5],
            }
        )
    if total > most:
        raise ApiError(
            413, f"{total:,} questions at once; at most {most:,} are taken", type="too_many"
        )
    spec: dict[str, Any] = {
        "where": [None, [], None, None],
        "as_of": None,
        "columns": list(found.columns),
    }
    # As it came: what a row says wrongly is told as the command line tells it.
    job = _added(services, caller, path, data, spec, f"questions{name.suffix.lower()}")
    return await reply(services, job, wait, at="batches")


def _read_questions(data: bytes, name: Path) -> QuestionFile:
    """Raises ApiError for what is no file of questions."""
    from ui.errors import BadQuestions
    from ui.questions import read_questions

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"questions{name.suffix.lower()}"
        path.write_bytes(data)
        try:
            return read_questions(path)
        except BadQuestions as error:
            told = str(error).replace(str(path), name.name)
            raise ApiError(400, told, type="bad_questions") from None


def _row(one: Question) -> dict[str, Any]:
    row = {"id": one.id, "question": one.text} | dict(one.columns)
    if one.as_of is not None:
        row["as_of"] = one.as_of.isoformat()
    if one.problem is not None:
        row["problem"] = one.problem
    return row


def _added(
    services: Services,
    caller: Caller,
    path: Path,
    questions: bytes,
    spec: Mapping[str, Any],
    name: str = QUESTIONS,
) -> Job:
    folder = services.access.root(caller) / "batches" / secrets.token_hex(12)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(questions)
    whole = {"path": str(path), "folder": str(folder), "questions": name, **spec}
    return services.jobs.add(caller.user, "batch", path.name, whole)


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
    return await reply(services, own_job(services, caller, batch_id, _KINDS), wait, status=200)


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
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    format: Annotated[Literal["jsonl", "csv", "xlsx"], Query()] = "jsonl",
) -> Response:
    """What is answered; of a batch that runs still, jsonl alone, as far as it is. In tables a
    citation has a column of its own, and leads to the words it quotes.
    """
    from starlette.concurrency import run_in_threadpool

    job = own_job(services, caller, batch_id, _KINDS)
    records = Path(job.spec["folder"]) / RECORDS
    if not records.is_file():
        records.parent.mkdir(parents=True, exist_ok=True)
        records.touch()
    if format == "jsonl":
        return StreamingResponse(_whole_lines(records), media_type=_LINES)
    if job.status not in ("done", "cancelled"):
        raise ApiError(409, f"the batch is {job.status}; {format} is there when it is done")
    columns = job.spec.get("columns", [])
    name = {"Content-Disposition": f'attachment; filename="answers.{format}"'}
    link = Links(str(request.base_url), job.library).url
    if format == "csv":
        return StreamingResponse(_csv(records, columns, link), media_type="text/csv", headers=name)
    from ui.workbook import write_workbook

    # Of a name of its own: two may ask at once.
    book = records.with_name(f"{secrets.token_hex(8)}.xlsx")
    await run_in_threadpool(write_workbook, records, book, columns, link)
    return FileResponse(
        book, media_type=_XLSX, headers=name, background=BackgroundTask(book.unlink, True)
    )


@router.post("/batches/{batch_id}/cancel", response_model=models.JobInfo)
async def cancel_batch(batch_id: BatchId, services: ServicesOf, caller: CallerOf) -> Any:
    """Stop it; what is answered stays, and it can be resumed."""
    caller.may_write()
    job = own_job(services, caller, batch_id, _KINDS)
    await services.jobs.cancel(job)
    return JSONResponse(shown(services.state.job(job.id) or job))


@router.post("/batches/{batch_id}/resume", response_model=models.JobInfo)
async def resume_batch(
    batch_id: BatchId,
    services: ServicesOf,
    caller: CallerOf,
    retry_failed: Annotated[
        bool, Query(description="also of one that is done: ask again what has an error")
    ] = False,
    wait: Wait = 0,
) -> Any:
    """Go on with one that was stopped or failed: nothing is answered twice."""
    caller.may_write()
    job = own_job(services, caller, batch_id, _KINDS)
    if job.status not in ("cancelled", "failed", *(("done",) if retry_failed else ())):
        told = "" if job.status != "done" else "; retry_failed=true asks again what has an error"
        raise ApiError(409, f"the batch is {job.status}; only a stopped one can be resumed{told}")
    job = services.jobs.resume(job, {"retry_failed": retry_failed})
    return await reply(services, job, wait, status=200)


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


def _csv(records: Path, columns: Sequence[str], link: Link) -> Iterator[bytes]:
    from ui.results import CsvResults, answer_of, passed_name

    form = CsvResults(columns, records, link)
    yield form.header
    for line in _whole_lines(records):
        record = json.loads(line)
        passed = {name: record.get(passed_name(name), "") for name in columns}
        yield form.encode(answer_of(record), passed)


# --- feedback ------------------------------------------------------------------------------------

feedback = APIRouter(prefix="/v1", tags=["feedback"])


@feedback.post("/feedback", status_code=201, response_model=models.FeedbackSaved)
async def say_so(given: models.Feedback, services: ServicesOf, caller: CallerOf) -> Any:
    """Was an answer good? Kept in the state file, never in a library."""
    path = services.library(caller, given.library)
    number = services.state.add_feedback(
        caller.user, path.name, given.rating, given.question, given.comment, given.record,
        given.faults, given.expected,
    )  # fmt: skip
    return JSONResponse({"id": number}, 201)


@feedback.get("/feedback", response_model=models.FeedbackList)
async def said(
    services: ServicesOf, caller: CallerOf, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Any:
    """The caller's own, newest first."""
    return JSONResponse({"feedback": services.state.feedback(caller.user, limit)})
