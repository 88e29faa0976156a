"""/v1/drafts: the caller's feedback as questions to be, each edited, accepted or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from evals.drafting import ACCEPTED, DRAFT
from evals.errors import EvaluationError
from evals.schema import Evidence
from ui.errors import UiError
from ui.reviewing import DISCARDED, draft_of, edited, shown_with, status_of, take
from ui.server import quality_models as models
from ui.server.access import Caller
from ui.server.errors import ApiError
from ui.server.libraries import LibraryName
from ui.server.services import CallerOf, Services, ServicesOf

router = APIRouter(prefix="/v1", tags=["quality"])
DraftId = Annotated[int, InPath(ge=1, le=1 << 53)]


@router.get("/drafts", response_model=models.Drafts)
async def drafts(services: ServicesOf, caller: CallerOf, library: LibraryName = None) -> Any:
    """What the caller's feedback on a library could be asked of it again, newest first."""
    path = services.library(caller, library)
    rows = [r for r in services.state.feedback_records(caller.user) if r["library"] == path.name]
    waiting = [r for r in reversed(rows) if status_of(r) == DRAFT]
    return JSONResponse(
        {
            "drafts": [_shown(r) for r in waiting],
            "accepted": sum(status_of(r) == ACCEPTED for r in rows),
            "discarded": sum(status_of(r) == DISCARDED for r in rows),
        }
    )


@router.put("/drafts/{draft_id}", response_model=models.Draft)
async def keep(draft_id: DraftId, edit: models.Edit, services: ServicesOf, caller: CallerOf) -> Any:
    """Keep what was written, sound or not."""
    caller.may_write()
    row = _own(services, caller, draft_id)
    _save(services, caller, draft_id, DRAFT, edit)
    return JSONResponse(_shown(row | {"draft": {"status": DRAFT, "edit": edit.model_dump()}}))


@router.post("/drafts/{draft_id}/accept", response_model=models.Decided)
async def accept(
    draft_id: DraftId, edit: models.Edit, services: ServicesOf, caller: CallerOf
) -> Any:
    """Into the library's question set, where every quote stands in its document word for word."""
    from evals.questions import load
    from evals.sources import LibrarySources

    caller.may_write()
    row = _own(services, caller, draft_id)
    path = services.library(caller, row["library"])
    own = services.access.quality(caller, path)
    _save(services, caller, draft_id, DRAFT, edit)
    if not edit.question.strip():
        raise ApiError(422, "question: write the question that is to be asked")
    question = edited(draft_of(row), edit.model_dump())
    try:
        flaws = await services.answering.read(
            path, lambda opened: take(own, question, LibrarySources(opened))
        )
        number = len(load(own.questions)) if own.questions.exists() else 0
    except (EvaluationError, UiError) as error:  # the set is broken, or held by somebody
        told = str(error).replace(f"{own.questions.parent}/", "")
        raise ApiError(409, told, type="bad_set") from None
    if not flaws:
        _save(services, caller, draft_id, ACCEPTED, edit)
    return JSONResponse(
        {"accepted": not flaws, "flaws": [asdict(f) for f in flaws], "questions": number}
    )


@router.delete("/drafts/{draft_id}", status_code=204, response_class=Response)
async def discard(draft_id: DraftId, services: ServicesOf, caller: CallerOf) -> Response:
    """It is no question; the feedback itself stays."""
    caller.may_write()
    row = _own(services, caller, draft_id)
    services.state.set_draft(caller.user, draft_id, (row["draft"] or {}) | {"status": DISCARDED})
    return Response(status_code=204)


def _own(services: Services, caller: Caller, draft_id: int) -> dict[str, Any]:
    """Somebody else's feedback and none at all are told the same way."""
    rows = services.state.feedback_records(caller.user, draft_id)
    if not rows:
        raise ApiError(404, "no such draft of yours", type="no_draft")
    if status_of(rows[0]) != DRAFT:
        raise ApiError(409, f"this draft is {status_of(rows[0])} already", type="decided")
    return rows[0]


def _save(
    services: Services, caller: Caller, draft_id: int, status: str, edit: models.Edit
) -> None:
    kept = {"status": status, "edit": edit.model_dump()}
    services.state.set_draft(caller.user, draft_id, kept)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    made = draft_of(row)
    record = row["record"] or {}
    shown = [_quote(one) for one in shown_with(row)]
    edit = (row["draft"] or {}).get("edit") or {
        "question": made.question,
        "answers": list(made.answers),
        "answerable": made.answerable,
        "evidence": [_quote(one) for one in made.evidence],
        "near": made.near or (shown[0]["doc"] if shown else None),
    }
    return {
        "id": row["id"],
        "created": row["created"],
        "rating": row["rating"],
        "comment": row["comment"],
        "expected": row["expected"],
        "faults": row["faults"],
        "asked": row["question"],
        "status": _text(record.get("status")) or None,
        "answer": _text(record.get("answer"))
        or _text((_dict(record.get("abstention"))).get("reason")),
        "shown": shown,
        "edit": edit,
    }


def _quote(one: Evidence) -> dict[str, Any]:
    page = one.page if isinstance(one.page, int) else None
    return {"doc": one.doc, "quote": one.quote, "page": page}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
