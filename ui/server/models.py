"""What goes in and out over HTTP, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.normalising import MAX_QUESTION_CHARS
from rag.schema import Abstention, Citation, Conflict, Statement

Name = Annotated[str, Field(min_length=1, max_length=80, description="a library's name")]
Id = Annotated[str, Field(max_length=200)]
Question = Annotated[
    str,
    Field(min_length=1, max_length=MAX_QUESTION_CHARS, pattern=r"\S", examples=["产量是多少？"]),
]
Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=300)]],
    Field(max_length=100, description="look only in sources like these, such as reports/*.pdf"),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorDetail(BaseModel):
    type: str
    message: str
    request_id: str


class Error(BaseModel):
    error: ErrorDetail


# --- answers -------------------------------------------------------------------------------------


_DAY = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
Day = Annotated[str, Field(max_length=10, pattern=_DAY)]


Kind = Literal["report", "paper", "transcript", "web_page", "statute", "news", "table", "document"]


class Where(_Strict):
    """Which documents are looked at; all that are given must hold."""

    sources: Patterns | None = None
    kinds: list[Kind] = Field([], max_length=20)
    since: Day | None = Field(None, description="a day, month or year: 2025-10-05, 2025-10, 2025")
    until: Day | None = None


class Turn(BaseModel):
    """An earlier question and what was answered; a whole record may be sent back as it came."""

    model_config = ConfigDict(extra="allow")
    question: Question
    answer: Annotated[str, Field(max_length=20_000)] = ""


History = Annotated[
    list[Question | Turn],
    Field(max_length=50, description="earlier turns, oldest first: a follow-up is completed"),
]


class Ask(Where):
    question: Question
    history: History = []
    library: Name | None = Field(None, description="default: the one the page opens with")
    id: Id = "q1"
    as_of: date | None = Field(None, description="what “this year” is counted from")
    stream: bool = Field(False, description="server-sent events: statement …, done")


class AnswerRecord(BaseModel):
    """docs/answer-record.md says what each field means."""

    schema_: Literal[1] = Field(alias="schema")
    id: str
    question: str
    completed_question: str | None
    as_of: date
    status: Literal["answered", "abstained", "error"]
    engine: str
    answer: str
    statements: list[Statement]
    citations: list[Citation]
    conflicts: list[Conflict]
    abstention: Abstention | None
    confidence: float | None
    usage: dict[str, float] | None
    error: str | None
    library: str
    timings_ms: dict[str, float]


class StatementEvent(BaseModel):
    """One `statement` event: verified, never withdrawn."""

    text: str
    citations: list[int]
    sources: list[Citation] = Field(description="citations that no statement before has named")


class Search(Where):
    question: Question
    library: Name | None = None
    limit: int = Field(10, ge=1, le=50)
    as_of: date | None = None


class Passage(BaseModel):
    source: str
    doc_id: str
    title: str
    section: str | None
    page: int | None
    start: int
    end: int
    text: str
    score: float


class Found(BaseModel):
    library: str = Field(description="hash of the library's content")
    passages: list[Passage]


# --- libraries, documents ------------------------------------------------------------------------


class LibraryInfo(BaseModel):
    name: str
    documents: int | None = None
    chunks: int | None = None
    generation: int | None = None
    library: str | None = Field(None, description="hash of its content")
    error: str | None = Field(None, description="why it cannot be used")


class Libraries(BaseModel):
    libraries: list[LibraryInfo]


class DocumentInfo(BaseModel):
    doc_id: str
    source: str
    title: str
    format: str
    kind: str
    date: str | None
    pages: int | None
    characters: int


class Documents(BaseModel):
    library: str
    total: int
    documents: list[DocumentInfo]


class Excerpt(BaseModel):
    source: str
    doc_id: str
    title: str
    section: str | None
    page: int | None
    start: int
    end: int
    length: int = Field(description="characters of the whole document")
    text: str


class JobInfo(BaseModel):
    id: str
    kind: Literal["index", "remove", "batch"]
    library: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    created: str
    ended: str | None


class Jobs(BaseModel):
    jobs: list[JobInfo]


# --- batches, feedback ---------------------------------------------------------------------------


class BatchQuestion(_Strict):
    id: Id = ""
    question: Question
    as_of: date | None = None
    history: History = []


class NewBatch(Where):
    questions: Annotated[list[BatchQuestion], Field(min_length=1, max_length=100_000)]
    library: Name | None = None
    as_of: date | None = None


class Feedback(_Strict):
    rating: Literal["good", "bad"]
    question: Question
    library: Name | None = None
    comment: Annotated[str, Field(max_length=4000)] = ""
    record: dict[str, Any] | None = Field(None, description="the answer record it is about")


class FeedbackRow(BaseModel):
    id: int
    created: str
    library: str
    rating: str
    question: str
    comment: str


class FeedbackList(BaseModel):
    feedback: list[FeedbackRow]


class FeedbackSaved(BaseModel):
    id: int


# --- the OpenAI form -----------------------------------------------------------------------------


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow")
    role: Annotated[str, Field(max_length=40)]
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    """What we do not know of the form (temperature, tools, …) is accepted and has no effect."""

    model_config = ConfigDict(extra="allow")
    model: Annotated[str, Field(max_length=120, description="wenju, or wenju:LIBRARY")] = "wenju"
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)]
    stream: bool | None = False


class Health(BaseModel):
    status: Literal["ok", "starting"]
    page: Literal["ready", "loading", "none", "failed"] = "none"
    version: str
