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
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import Failure, FailureGroup

from rag.filters import KINDS
from ui.server.models import AnswerRecord, Kind

# A schema cannot say what a file may be called, that one message is the user's, nor that `since`
# lies before `until`.
HALF_SAID = (
    "POST /v1/documents", "POST /v1/chat/completions", "POST /v1/answers", "POST /v1/search",
    "POST /v1/batches", "POST /v1/batches/file",
)  # fmt: skip


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_route_keeps_its_word(shared_server: httpx.Client, mode: GenerationMode) -> None:
    """Right requests and wrong ones: statuses, types and bodies are as documented."""
    api = schemathesis.openapi.from_url(f"{shared_server.base_url}/openapi.json")
    problems = []
    tried = 0
    for found in api.get_all_operations():
        operation = found.ok()
        excluded = [checks.positive_data_acceptance] if operation.label in HALF_SAID else []
        checked = _checked(operation.as_strategy(generation_mode=mode), excluded)
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


def _checked(cases: st.SearchStrategy[Any], excluded: list[Any]) -> Callable[[], None]:
    @given(case=cases)
    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    return check


def test_the_record_that_is_documented_is_the_record_that_is_given() -> None:
    from rag.schema import Answer

    given = list(Answer("q", "q", "2026-01-01", "error", "none", "").to_record())
    documented = [field.alias or name for name, field in AnswerRecord.model_fields.items()]
    assert sorted(documented) == sorted(given)


def test_the_kinds_that_are_documented_are_the_kinds_that_there_are() -> None:
    assert get_args(Kind) == KINDS
