"""What the routes, and a page on the same server, share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from ui.server.access import Access, Caller
from ui.server.answering import Answering
from ui.server.jobs import Jobs
from ui.server.metrics import Metrics
from ui.server.settings import ServeSettings
from ui.shelf import Shelf
from ui.state import State


@dataclass(frozen=True, slots=True)
class Services:
    settings: ServeSettings
    state: State
    shelf: Shelf
    access: Access
    answering: Answering
    jobs: Jobs
    metrics: Metrics

    def library(self, caller: Caller, name: str | None) -> Path:
        return self.access.library(caller, name)


# Coroutines, though nothing is awaited: FastAPI would send plain functions to a thread each.
async def services_of(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


ServicesOf = Annotated[Services, Depends(services_of)]


async def caller_of(request: Request, services: ServicesOf) -> Caller:
    caller = services.access.caller(request)
    log(request, user=caller.user or "local")
    return caller


def log(request: Request, **fields: object) -> None:
    """Adds to the request's line in the log."""
    request.scope.setdefault("state", {}).setdefault("log", {}).update(fields)


CallerOf = Annotated[Caller, Depends(caller_of)]
