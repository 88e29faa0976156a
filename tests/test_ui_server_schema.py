"""What the OpenAPI document says is what the server does, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup

from rag.filters import KINDS
from ui.server.models import AnswerRecord, Kind

EXAMPLES = 4
# Drawing answer records takes seconds, and these begin a process each.
FEWER = dict.fromkeys(
    ("POST /v1/exports", "POST /v1/documents", "POST /v1/batches", "POST /v1/batches/file"), 2
)


@pytest.fixture(scope="module")
def api(shared_server: httpx.Client) -> Any:
    return schemathesis.openapi.from_url(f"{shared_server.base_url}/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_route_keeps_its_word(api: Any, mode: GenerationMode) -> None:
    """Right requests and wrong ones: statuses, types and bodies are as documented; what is of
    the documented form is accepted.
    """
    problems = []
    tried = 0
    for found in api.get_all_operations():
        operation = found.ok()
        checked = _checked(
            operation.as_strategy(generation_mode=mode),
            FEWER.get(operation.label, EXAMPLES),
            sensible if mode.is_positive else as_it_is,
        )
        try:
            checked()
        except Unsatisfiable:  # nothing can be wrong about it
            continue
        except FailureGroup as group:
            problems += [f"{operation.label}: {error}" for error in group.exceptions]
        except Failure as error:
            problems.append(f"{operation.label}: {error}")
        tried += 1
    assert "\n\n".join(problems) == ""
    assert tried >= 10


def as_it_is(case: Any) -> dict[str, Any]:
    return {}


def sensible(case: Any) -> dict[str, Any]:
    """What no schema can say is seen to here: that `since` is not after `until`, that the last
    message is a question of the user, that files have names and a file of questions holds some.
    """
    body = case.body
    if case.operation.label == "POST /v1/documents":
        return {"files": [("files", (f"{i}.txt", _bytes(f))) for i, f in enumerate(body["files"])],
                "data": _form(body)}  # fmt: skip
    if case.operation.label == "POST /v1/batches/file":
        lines = b"\xef\xbb\xbf" + "产量是多少？\n".encode() + _bytes(body["file"]).hex().encode()
        return {"files": [("file", ("questions.txt", lines))], "data": _form(body)}
    if case.operation.label == "POST /v1/chat/completions":
        body["messages"].append({"role": "user", "content": "产量是多少？"})
        body["messages"] = body["messages"][-1000:]
    if isinstance(body, dict) and body.get("since") and body.get("until"):
        body["since"], body["until"] = sorted((body["since"], body["until"]))
    return {}


def _bytes(part: Any) -> bytes:
    """A part of a form as schemathesis draws it."""
    if isinstance(part, bytes):
        return part
    return part.encode("utf-8", "replace") if isinstance(part, str) else bytes(part)


def _form(body: Any) -> dict[str, str]:
    fields = {k: v for k, v in body.items() if k in ("library", "preview") and v is not None}
    return {k: str(v).lower() if isinstance(v, bool) else v for k, v in fields.items()}


def _checked(
    cases: st.SearchStrategy[Any], examples: int, arranged: Callable[[Any], dict[str, Any]]
) -> Callable[[], None]:
    @given(case=cases)
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(**arranged(case))

    return check


def test_the_record_that_is_documented_is_the_record_that_is_given() -> None:
    from rag.schema import Answer

    given = list(Answer("q", "q", "2026-01-01", "error", "none", "").to_record())
    documented = [field.alias or name for name, field in AnswerRecord.model_fields.items()]
    assert sorted(documented) == sorted(given)


def test_the_kinds_that_are_documented_are_the_kinds_that_there_are() -> None:
    assert get_args(Kind) == KINDS
