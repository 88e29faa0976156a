"""What goes in and out over HTTP, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

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


def _no_stand_in(value: Any) -> Any:
    """Pydantic would take "5" for 5 and true for 1; the OpenAPI document says a number."""
    if isinstance(value, (bool, str)):
        raise ValueError("give a number")
    return value


# After the bounds: those that come behind it are missing in the OpenAPI document.
_NUMBER = BeforeValidator(_no_stand_in)
Count = Annotated[int, Field(ge=0, le=1 << 31), _NUMBER]


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


class TurnSpan(BaseModel):
    start: Count
    end: Count


class TurnCitation(BaseModel):
    """What an earlier answer rested on: «谁写的» asks for its author, «还有别的吗» for more."""

    source: Annotated[str, Field(max_length=4000)] = ""
    doc_id: Annotated[str, Field(max_length=4000)] = ""
    spans: Annotated[list[TurnSpan], Field(max_length=1000)] = []


class Turn(BaseModel):
    """An earlier question and what was answered; a whole record may be sent back as it came."""

    model_config = ConfigDict(extra="allow")
    question: Question
    answer: Annotated[str, Field(max_length=20_000)] | None = ""
    completed_question: Question | None = Field(None, description="how it was understood then")
    citations: Annotated[list[TurnCitation], Field(max_length=1000)] = []


History = Annotated[
    list[Question | Turn],
    Field(
        max_length=50,
        description="earlier turns, oldest first: a follow-up is completed from them, and the"
        " record says how (`completed_question`); the last eight count",
    ),
]


class Ask(Where):
    question: Question
    history: History = []
    library: Name | None = Field(None, description="default: the one the page opens with")
    id: Id = "q1"
    as_of: date | None = Field(None, description="what “this year” is counted from")
    stream: bool = Field(False, strict=True, description="server-sent events: statement …, done")
    completed_question: Question | None = Field(
        None, description="asked instead of what would be made of a follow-up"
    )
    max_statements: Annotated[int, Field(ge=1, le=10), _NUMBER] | None = None
    engine: Literal["extractive", "llm"] | None = Field(
        None,
        description="quotes alone, or the language model; default: as it is set up",
    )
    max_risk: Annotated[float, Field(gt=0, le=1), _NUMBER] | None = Field(
        None,
        description="of the answers given, the share that may be to questions which the documents"
        " do not answer; 1 answers always; default: as it is set up, 0.1",
    )
    min_confidence: Annotated[float, Field(ge=0, le=1), _NUMBER] | None = Field(
        None,
        description="silence below this, whatever max_risk says; default: what max_risk asks for",
    )


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
    usage: dict[str, float | str | list[str]] | None
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
    limit: Annotated[int, Field(ge=1, le=50), _NUMBER] = 10
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


# --- sources as they are looked at ---------------------------------------------------------------


class ViewSpan(_Strict):
    start: Count
    end: Count


class View(_Strict):
    doc_id: Annotated[str, Field(min_length=1, max_length=1000)]
    library: Name | None = None
    spans: list[ViewSpan] = Field([], max_length=100, description="none: the document's beginning")
    focus: Annotated[
        str, Field(max_length=1000, description="words among them that answer by themselves")
    ] = ""
    question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)] = ""
    around: Annotated[int, Field(ge=0, le=200_000), _NUMBER] = Field(
        1200, description="characters before and after"
    )


class ViewPages(View):
    scale: Annotated[float, Field(ge=0.2, le=4), _NUMBER] = Field(1.5, description="pixels a point")


class SourceView(BaseModel):
    doc_id: str
    source: str
    title: str
    format: str
    kind: str
    date: str | None
    pages: int
    about: dict[str, str]
    section: str
    page: int | None
    has_audio: bool
    before: bool = Field(description="the document begins earlier than what is shown")
    after: bool
    blocks: list[dict[str, Any]] = Field(
        description="pieces of text with 0 plain, 1 cited, 2 the words that answer"
    )
    notes: list[dict[str, Any]] = Field(description="a note, and the sentence with its marker")


class PageImage(BaseModel):
    number: int
    width: float
    height: float
    boxes: list[list[float]] = Field(description="left, top, right, bottom as shares of the page")
    image: str = Field(description="PNG in base64")


class PageViews(BaseModel):
    pages: list[PageImage]


class Suggestions(BaseModel):
    questions: list[Suggestion]


class Suggestion(BaseModel):
    question: str
    shows: str = Field(description="what kind of question it is; empty where nothing is special")
    as_of: date | None = None


class Engine(BaseModel):
    model: str | None = Field(description="null: answers are quotes alone")
    base_url: str | None
    has_key: bool
    is_used: bool = Field(description="for questions that do not say `engine`")


class EngineTest(BaseModel):
    ok: bool
    message: str = Field(description="what is wrong, and what to do about it")
    ms: float


_NUMBERS = frozenset(
    ("score", "confidence", "time_start", "time_end", "n", "start", "end", "page", "citations",
     "timings_ms", "schema")
)  # fmt: skip


def _is_truth_for_number(value: Any, name: str = "") -> bool:
    """Whether true or false stands where a record has a number: it would pass for 1 or 0."""
    if isinstance(value, dict):
        inner = name if name == "timings_ms" else ""
        return any(_is_truth_for_number(v, inner or k) for k, v in value.items())
    if isinstance(value, list):
        return any(_is_truth_for_number(v, name) for v in value)
    return isinstance(value, bool) and name in _NUMBERS


class Export(_Strict):
    """Answer records as somebody wants to use them elsewhere."""

    format: Literal["markdown", "text", "references", "docx"]
    records: Annotated[list[AnswerRecord], Field(min_length=1, max_length=200)]
    library: Name | None = Field(None, description="whose documents are cited")
    title: Annotated[str, Field(max_length=200)] = ""

    @field_validator("records", mode="before")
    @classmethod
    def _numbers_are_numbers(cls, records: Any) -> Any:
        if _is_truth_for_number(records):
            raise ValueError("a number of the record is true or false; give the number")
        return records


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
    size: int = Field(description="bytes of the file")


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
    kind: Literal["index", "remove", "batch", "measure"]
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


class BatchPreview(BaseModel):
    """What a file of questions holds; the first of them."""

    total: int
    columns: list[str]
    questions: list[dict[str, Any]]
    problems: list[str]


class NewBatch(Where):
    questions: Annotated[list[BatchQuestion], Field(min_length=1, max_length=100_000)]
    library: Name | None = None
    as_of: date | None = None


Fault = Literal["wrong_citation", "incomplete", "wrong", "other"]


class Feedback(_Strict):
    rating: Literal["good", "bad"]
    faults: list[Fault] = Field([], max_length=4, description="what is wrong with it")
    question: Question
    library: Name | None = None
    comment: Annotated[str, Field(max_length=4000)] = ""
    expected: Annotated[str, Field(max_length=1000, description="what it should have been")] = ""
    record: dict[str, Any] | None = Field(None, description="the answer record it is about")


class FeedbackRow(BaseModel):
    id: int
    created: str
    library: str
    rating: str
    question: str
    comment: str
    expected: str
    faults: list[str]


class FeedbackList(BaseModel):
    feedback: list[FeedbackRow]


class FeedbackSaved(BaseModel):
    id: int


# --- the OpenAI form -----------------------------------------------------------------------------


class ChatMessage(BaseModel):
    """The user's are questions, the assistant's what was said to them; others have no effect."""

    model_config = ConfigDict(extra="allow")
    role: Annotated[str, Field(max_length=40)]
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    """What we do not know of the form (temperature, tools, …) is accepted and has no effect."""

    model_config = ConfigDict(extra="allow")
    model: Annotated[str, Field(max_length=120, description="wenju, or wenju:LIBRARY")] = "wenju"
    messages: Annotated[
        list[ChatMessage],
        Field(
            min_length=1,
            max_length=1000,
            description="the last of the user is the question; a follow-up is completed from the"
            " last eight questions before it and the answers to them (`wenju.completed_question`)",
        ),
    ]
    stream: bool | None = Field(False, strict=True)


class Health(BaseModel):
    status: Literal["ok", "starting"]
    page: Literal["ready", "loading", "none", "failed"] = "none"
    version: str
