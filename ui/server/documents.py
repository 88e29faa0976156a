"""POST and DELETE /v1/documents: files come in and go, a process of its own indexes them."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from ui.server import models
from ui.server.access import LIBRARY_NAME, Caller
from ui.server.errors import ApiError
from ui.server.libraries import DocId, LibraryName
from ui.server.services import CallerOf, Services, ServicesOf
from ui.state import Job

router = APIRouter(prefix="/v1", tags=["documents"])
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_NAME_BYTES = 200
_JOB_KINDS = ("index", "remove")
Wait = Annotated[float, Query(ge=0, le=60, description="seconds to wait for its end")]


@router.post("/documents", status_code=202, response_model=models.JobInfo)
async def upload(
    files: Annotated[list[UploadFile], File(min_length=1)],
    services: ServicesOf,
    caller: CallerOf,
    library: Annotated[
        str | None,
        # Told here, checked where it is turned into a folder.
        Form(min_length=1, max_length=80, json_schema_extra={"pattern": LIBRARY_NAME}),
    ] = None,
    wait: Wait = 0,
) -> Any:
    """Put files into a library, which is made where there is none. A file of the same name is
    replaced. Indexing runs aside: the job says how far it is.
    """
    path = services.access.writable_library(caller, library)
    most = services.settings.max_upload_files
    if not 1 <= len(files) <= most:
        raise ApiError(413, f"{len(files)} files at once; 1 to {most} are taken", type="too_many")
    names = [file_name(file.filename or "") for file in files]
    _refuse_types(names, services)
    if len(set(names)) < len(names):
        raise ApiError(400, "two files of this request have the same name", type="bad_name")
    folder = services.access.root(caller) / "uploads" / path.name
    folder.mkdir(parents=True, exist_ok=True)
    for file, name in zip(files, names, strict=True):
        await _save(file, folder / name)
    spec = {"path": str(path), "sources": [str(folder)], "uploads": str(folder)}
    job = services.jobs.add(caller.user, "index", path.name, spec)
    return await reply(services, job, wait)


@router.post("/libraries/{name}/refresh", status_code=202, response_model=models.JobInfo)
async def refresh(
    name: Annotated[str, InPath(min_length=1, max_length=80)],
    services: ServicesOf,
    caller: CallerOf,
    wait: Wait = 0,
) -> Any:
    """Look at the library's folders again: new and changed files come in, vanished ones go."""
    caller.may_write()
    path = services.library(caller, name)
    job = services.jobs.add(caller.user, "index", path.name, {"path": str(path), "sources": []})
    return await reply(services, job, wait)


@router.delete("/documents/{doc_id:path}", status_code=202, response_model=models.JobInfo)
async def remove(
    doc_id: DocId,
    services: ServicesOf,
    caller: CallerOf,
    library: LibraryName = None,
    wait: Wait = 0,
) -> Any:
    """Erase a document: its text is in no file of the library afterwards. A file that was
    uploaded is deleted with its last document.
    """
    caller.may_write()
    path = services.library(caller, library)
    info, siblings = await services.answering.read(
        path,
        lambda opened: (
            (document := opened.document(doc_id)),
            sum(one.source == document.source for one in opened.documents()),
        ),
    )
    uploaded = services.access.root(caller) / "uploads" / path.name / info.source
    files = [str(uploaded)] if siblings == 1 and "/" not in info.source else []
    spec = {"path": str(path), "doc_ids": [doc_id], "files": files}
    job = services.jobs.add(caller.user, "remove", path.name, spec)
    return await reply(services, job, wait)


@router.get("/jobs", response_model=models.Jobs)
async def jobs(services: ServicesOf, caller: CallerOf) -> Any:
    """The caller's latest 100 jobs on documents, newest first."""
    found = services.state.jobs(caller.user, kinds=_JOB_KINDS)
    return JSONResponse({"jobs": [shown(job) for job in found]})


@router.get("/jobs/{job_id}", response_model=models.JobInfo)
async def job(
    job_id: Annotated[str, InPath(max_length=40)],
    services: ServicesOf,
    caller: CallerOf,
    wait: Wait = 0,
) -> Any:
    """How far it is; with `wait`, answered when it ends or the time is up."""
    return await reply(services, own_job(services, caller, job_id, _JOB_KINDS), wait, status=200)


def own_job(services: Services, caller: Caller, job_id: str, kinds: Sequence[str]) -> Job:
    """Somebody else's job and none at all are told the same way."""
    found = services.state.job(job_id)
    if found is None or found.user != caller.user or found.kind not in kinds:
        raise ApiError(404, "no such job of yours", type="no_job")
    return found


def shown(job: Job) -> dict[str, Any]:
    """Without the specification: it names places on the server."""
    hidden = ("user", "spec")
    return {key: value for key, value in asdict(job).items() if key not in hidden}


async def reply(
    services: Services, job: Job, wait: float, status: int = 202, *, at: str = "jobs"
) -> JSONResponse:
    """The job, once it ends or `wait` seconds are up; where one begins (202), where it is told."""
    if wait:
        job = await services.jobs.wait(job, wait)
    headers = {"Location": f"/v1/{at}/{job.id}"} if status == 202 else {}
    return JSONResponse(shown(job), status, headers)


def file_name(given: str) -> str:
    """A name for the disk: the last part of what a client calls the file.

    Raises ApiError for one that is no plain file name afterwards.
    """
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if not size or size > _MAX_NAME_BYTES or name.startswith(".") or _CONTROL.search(name):
        raise ApiError(
            400,
            "a file's name has 1 to 200 bytes, no control characters and no '.' first",
            type="bad_name",
        )
    return name


def _refuse_types(names: Sequence[str], services: Services) -> None:
    allowed = services.settings.upload_types or readable_types()
    for name in names:
        ending = Path(name).suffix.lower()
        if ending not in allowed:
            raise ApiError(
                415,
                f"files ending in {ending[:20] or 'nothing'!r} are not taken; "
                f"these are: {' '.join(allowed)}",
            )


def readable_types() -> tuple[str, ...]:
    """Endings that can be read."""
    from index.parsing import SUPPORTED

    return tuple(sorted({*SUPPORTED, ".jsonl", ".zip"}))


async def _save(file: UploadFile, target: Path) -> None:
    """Written aside and renamed: an indexing run sees a file whole or not at all."""
    from starlette.concurrency import run_in_threadpool

    aside = target.with_name(f".{secrets.token_hex(8)}.part")

    def copy() -> None:
        with aside.open("wb") as out:
            while block := file.file.read(1 << 20):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(target)

    try:
        await run_in_threadpool(copy)
    finally:
        aside.unlink(missing_ok=True)
