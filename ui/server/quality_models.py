"""What goes in and out of the Quality tab's routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rag.normalising import MAX_QUESTION_CHARS
from ui.server.models import JobInfo, Name, _Strict


def _whole(text: str) -> str:
    """Half a surrogate pair is no text: it could be written nowhere."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character: send whole ones") from None
    return text


Text = Annotated[str, AfterValidator(_whole)]


class Last(_Strict):
    kind: Literal["gate", "accept", "run"] = Field(
        description="compared with a baseline, made the baseline, or measured alone"
    )
    on: str
    n: int
    right: int
    verdict: Literal["pass", "regression", "too_small", "not_comparable"] | None
    exit_code: int | None
    headline: dict[str, str] | None = Field(description="by language")
    broken: int
    fixed: int
    problem: dict[str, str] | None = Field(description="why there is no verdict, by language")
    reason: str
    is_current: bool = Field(description="the library is the one that was measured")


class QualityState(_Strict):
    library: str
    questions: int | None = Field(description="in the library's own set; null where it has none")
    set_problem: str
    place: str | None = Field(description="of the set, for who is at this machine")
    index: str | None = Field(description="for --index, for who is at this machine")
    is_sample: bool = Field(description="the questions are those that come with the samples")
    has_baseline: bool
    can_accept: bool
    last: Last | None
    job: JobInfo | None = Field(description="the latest measurement that runs, or that failed")
    drafts: int


class Measure(_Strict):
    library: Name | None = None


class AcceptRun(_Strict):
    library: Name | None = None
    reason: Annotated[Text, Field(min_length=1, max_length=500, pattern=r"\S")]


class Quote(_Strict):
    doc: Annotated[Text, Field(max_length=1000)]
    quote: Annotated[Text, Field(max_length=20_000)]
    page: int | None = None


class Edit(_Strict):
    """What a person has written; it is kept as it is, sound or not."""

    question: Annotated[Text, Field(max_length=MAX_QUESTION_CHARS)]
    answers: list[Annotated[Text, Field(max_length=1000)]] = Field([], max_length=20)
    answerable: bool = True
    evidence: list[Quote] = Field([], max_length=20)
    near: Annotated[Text, Field(max_length=1000)] | None = None


class FlawOf(_Strict):
    code: Literal[
        "answers_none", "quotes_none", "doc_missing", "quote_missing", "answer_elsewhere", "other"
    ]
    about: str
    more: str


class Draft(_Strict):
    id: int
    created: str
    rating: Literal["good", "bad"]
    comment: str
    expected: str
    faults: list[str]
    asked: str
    status: str | None = Field(description="of the answer that was shown")
    answer: str
    shown: list[Quote] = Field(description="the words that the answer showed")
    edit: Edit


class Drafts(_Strict):
    drafts: list[Draft]
    accepted: int
    discarded: int


class Decided(_Strict):
    accepted: bool
    flaws: list[FlawOf] = Field(description="what keeps it out; nothing typed is lost")
    questions: int
