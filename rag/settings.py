"""What can be set about answering, by stage. Values are checked where they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.errors import SettingsError
from rag.llm_settings import LlmSettings


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How many chunks are looked at, and by which arms they are found."""

    candidates: int = 40  # chunks whose sentences are ranked, at most
    lexical: int = 80  # chunks that the lexical arm brings
    dense: int = 200  # chunks that the dense arm brings; 0 turns it off
    dense_weight: float = 1.0  # of a cosine; the share of what is asked that is said weighs 1
    passages: int = 10  # that a retrieval returns
    thesaurus: bool = True  # look for other words for what is asked, too

    def __post_init__(self) -> None:
        for name in ("candidates", "lexical", "passages"):
            if getattr(self, name) < 1:
                raise SettingsError(
                    f"retrieval.{name} = {getattr(self, name)}; it must be 1 or more"
                )
        if self.dense < 0 or self.dense_weight < 0:
            raise SettingsError(
                f"retrieval.dense = {self.dense}, retrieval.dense_weight = {self.dense_weight}; "
                "neither may be negative"
            )


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """How much of what was found is shown."""

    max_statements: int = 3
    max_statement_chars: int = 160  # a longer sentence is shown from its best clauses
    max_answer_chars: int = 420
    max_several: int = 5  # statements where several things, a reason or a way are asked for
    max_several_chars: int = 700
    reread: int = 10  # sentences that the reading model reads again at most; 0 turns it off

    def __post_init__(self) -> None:
        if not 1 <= self.max_statements <= 10:
            raise SettingsError(
                f"reading.max_statements = {self.max_statements}; it must lie between 1 and 10"
            )
        if not 0 <= self.reread <= 50:
            raise SettingsError(f"reading.reread = {self.reread}; it must lie between 0 and 50")
        if not 1 <= self.max_several <= 10:
            raise SettingsError(
                f"reading.max_several = {self.max_several}; it must lie between 1 and 10"
            )
        if self.max_several_chars < self.max_statement_chars:
            raise SettingsError(
                f"reading.max_several_chars = {self.max_several_chars} is less than "
                f"reading.max_statement_chars = {self.max_statement_chars}"
            )
        if self.max_statement_chars < 40:
            raise SettingsError(
                f"reading.max_statement_chars = {self.max_statement_chars}; it must be 40 or more"
            )
        if self.max_answer_chars < self.max_statement_chars:
            raise SettingsError(
                f"reading.max_answer_chars = {self.max_answer_chars} is less than "
                f"reading.max_statement_chars = {self.max_statement_chars}"
            )


@dataclass(frozen=True, slots=True)
class AnswerabilitySettings:
    """When to be silent."""

    # Abstain below this probability that the sources answer; None: the calibrated one.
    min_confidence: float | None = None
    # Of the answers that are given, the share that may be to questions which the sources do not
    # answer; holds where questions and documents are like those it was fitted on.
    max_risk: float = 0.1
    nearest: int = 3  # passages shown instead of an answer

    def __post_init__(self) -> None:
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            raise SettingsError(
                f"answerability.min_confidence = {self.min_confidence}; "
                "it must lie between 0 (always answer) and 1 (never answer)"
            )
        if not 0 < self.max_risk <= 1:
            raise SettingsError(
                f"answerability.max_risk = {self.max_risk}; "
                "it must lie above 0 (hardly ever answer) and at most at 1 (always answer)"
            )
        if self.nearest < 0:
            raise SettingsError(f"answerability.nearest = {self.nearest}; it must not be negative")


@dataclass(frozen=True, slots=True)
class RerankSettings:
    """A server that puts the best sentences in another order (rag/api_reranking.py); none: off."""

    base_url: str = ""  # such as http://127.0.0.1:8001/v1; "/rerank" is added
    model: str = ""
    sentences: int = 30  # best ones that are sent

    def __post_init__(self) -> None:
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise SettingsError(
                f"rerank.base_url = {self.base_url!r}; it must begin with http:// or https://"
            )
        if not 2 <= self.sentences <= 200:
            raise SettingsError(f"rerank.sentences = {self.sentences}; between 2 and 200")


@dataclass(frozen=True, slots=True)
class RagSettings:
    """All stages of answering."""

    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    reading: ReadingSettings = field(default_factory=ReadingSettings)
    answerability: AnswerabilitySettings = field(default_factory=AnswerabilitySettings)
    llm: LlmSettings = field(default_factory=LlmSettings)
    rerank: RerankSettings = field(default_factory=RerankSettings)
