"""The reader with a language model: it may only point, and what it says is held against it.

sentences, numbered ─ model ─▶ claims ─ pointers that exist ─ support ─ citing ─▶ statements

A statement is shown once it has passed; one that fails is sent back once with the reason, then
dropped and counted. Where none stands, `Reading.fallback` says why, and the caller shows what the
extractive reader finds.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rag import prompting, support, token_budget
from rag.citing import cite
from rag.errors import LlmUnavailable, UnverifiedCitation
from rag.injection import disguised, gives_orders
from rag.llm_client import Asking, Client, Cut
from rag.llm_settings import LlmSettings
from rag.prompting import Numbered
from rag.ranking import Scores
from rag.retrieval import Retrieval
from rag.schema import Citation, Shown, Statement
from rag.statements_parsing import Claim, claims
from rag.terms import NamesOf

if TYPE_CHECKING:
    from index.store import Library

ENGINE = "llm"
FALLBACK = "extractive (fallback)"
_LONGEST = 400  # characters of a statement
_OVERHEAD = 60  # tokens that a chat's own marks take
_TRIES = 2  # where an answer broke off before anything stood
_CLAIMS = 40  # of one answer; a model that never ends is stopped here
_PRUNED = 4  # pointers; of more, all stay

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
_MARKS = re.compile(r"\s*[\[【〔［]\s*\^?\d[\d\s,，、\-–]*[\]】〕］]")
_EMPHASIS = re.compile(r"\*\*|__|`+|^\s*(?:#{1,6}|[-*•>])\s+")
# A statement is plain text: nothing that a page could make a link, an image or a command of.
_ACTIVE = re.compile(
    r"https?:|ftp:|www\.|mailto:|javascript:|data:|file:|//|]\(|!\[|</?\w|&#|&\w+;|\\u[0-9a-f]{4}|"
    r"\b[\w-]+\.(?:com|cn|net|org|io|ai|top|xyz|info|ru|example|test|dev|app|me|cc)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Reading:
    """What came of it. `fallback` is why nothing stands, in one line; None where something does."""

    statements: list[Statement] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    fallback: str | None = None
    fault: str | None = None  # what ended the model's answer early, though something stands

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


class LlmReader:
    """Reads with the model that the settings name."""

    def __init__(self, library: Library, settings: LlmSettings) -> None:
        self._library = library
        self._settings = settings
        self.client = Client(settings)
        self._layers = (NamesOf(library), library.synonyms.thesaurus)

    def read(
        self,
        question: str,
        language: str,
        retrieval: Retrieval,
        scores: Scores,
        asking: Asking,
    ) -> Iterator[Shown | Reading]:
        """Statements as they are verified; last, once, what came of it all. Raises nothing that a
        model or its server can bring about.
        """
        reading = Reading()
        warming = threading.Thread(target=self._warm, daemon=True)
        warming.start()
        sentences = self._numbered(question, language, retrieval, scores)
        warming.join()
        if not sentences:
            reading.fallback = "no sentence could be given to the model"
            yield reading
            return
        failed: list[tuple[Claim, str]] = []
        try:
            for attempt in range(_TRIES):
                made = 0
                try:
                    for claim in self._claims(question, language, sentences, asking):
                        made += 1
                        yield from self._judged(claim, sentences, reading, failed)
                        if self._is_full(reading) or made >= _CLAIMS:
                            break
                except Cut as error:
                    reading.fault = str(error)
                    if not made and not attempt:
                        continue
                break
            if failed and not self._is_full(reading):
                yield from self._repaired(question, language, sentences, asking, reading, failed)
        except LlmUnavailable as error:
            reading.fault = str(error)
        except Exception as error:  # a fault of the model's side must never cost an answer
            reading.fault = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        reading.counts["dropped"] = max(0, len(failed) - reading.counts.get("repaired", 0))
        if not reading.statements:
            made_none = (
                f"none of the model's {len(failed)} statements is carried by its sentences"
                if failed
                else "the model made no statement"
            )
            reading.fallback = reading.fault or made_none
        yield reading

    def _warm(self) -> None:
        """What the first check loads, loaded while the prompt is made."""
        support.check("预热", ["预热"], embed=support.shipped_embed())

    def _is_full(self, reading: Reading) -> bool:
        return len(reading.statements) >= self._settings.max_statements

    def _numbered(
        self, question: str, language: str, retrieval: Retrieval, scores: Scores
    ) -> list[Numbered]:
        shared = self.client.shared
        count = token_budget.counter(self._settings)
        empty = prompting.messages(question, language, [], 9, self.client.form)
        tokens = token_budget.budget_for(shared, self._settings.context_tokens)
        tokens -= sum(count(text) for _, text in empty) + _OVERHEAD
        return prompting.numbered(self._library, retrieval, scores, tokens, count)

    def _claims(
        self, question: str, language: str, sentences: Sequence[Numbered], asking: Asking
    ) -> Iterator[Claim]:
        s = self._settings
        messages = prompting.messages(
            question, language, sentences, s.max_statements, self.client.form
        )
        yield from claims(
            self.client.stream(
                messages, asking, max_tokens=s.answer_tokens, schema=prompting.SCHEMA
            )
        )

    # --- one claim ---

    def _judged(
        self,
        claim: Claim,
        sentences: Sequence[Numbered],
        reading: Reading,
        failed: list[tuple[Claim, str]],
        *,
        repaired: bool = False,
    ) -> Iterator[Shown]:
        reading.count("claims")
        text, problem = plain(claim.text)
        pointed = [sentences[n - 1] for n in claim.numbers if 0 < n <= len(sentences)]
        if len(pointed) < len(claim.numbers):
            reading.count("bad_pointers")
        if problem is None and not pointed:
            problem = "no sentence has such a number"
        if problem is None:
            problem = self._unsupported(text, pointed)
        if problem is not None:
            failed.append((replace(claim, text=text), problem))
            return
        same = re.sub(r"\W+", "", text)
        if any(re.sub(r"\W+", "", s.text) == same for s in reading.statements):
            return
        shown = _cited(text, self._needed(text, pointed), reading)
        if shown is not None:
            if repaired:
                reading.count("repaired")
            yield shown

    def _unsupported(self, text: str, pointed: Sequence[Numbered]) -> str | None:
        """What the sentences do not carry, in words; None where they carry all."""
        verdict = support.check(
            text,
            [one.text for one in pointed],
            context="\n".join(dict.fromkeys(map(self._around, pointed))),
            embed=support.shipped_embed(),
            layers=self._layers,
        )
        if verdict.stands:
            return None
        return "; ".join(f"{kind}: {what}" for kind, what in verdict.problems[:4])

    def _around(self, one: Numbered) -> str:
        sentences = self._library.sentences(one.document.doc_id)
        return prompting.around(one.document, sentences, one.position)

    def _needed(self, text: str, pointed: Sequence[Numbered]) -> list[Numbered]:
        """Without the pointers that the statement stands without."""
        kept = list(pointed)
        if len(kept) > _PRUNED:
            return kept
        for one in list(reversed(pointed)):
            rest = [other for other in kept if other is not one]
            if rest and self._unsupported(text, rest) is None:
                kept = rest
        return kept

    def _repaired(
        self,
        question: str,
        language: str,
        sentences: Sequence[Numbered],
        asking: Asking,
        reading: Reading,
        failed: list[tuple[Claim, str]],
    ) -> Iterator[Shown]:
        """Each failed statement once more. What fails again is dropped."""
        again = failed[: self._settings.max_statements]
        messages = prompting.repair_messages(
            question,
            language,
            sentences,
            [(claim.text, claim.numbers, why) for claim, why in again],
            self.client.form,
        )
        dropped: list[tuple[Claim, str]] = []
        # The numbers of the first prompt hold: a repaired statement points at the same sentences.
        stream = self.client.stream(
            messages, asking, max_tokens=self._settings.answer_tokens, schema=prompting.SCHEMA
        )
        for claim in claims(stream):
            yield from self._judged(claim, sentences, reading, dropped, repaired=True)
            if self._is_full(reading) or len(dropped) > _CLAIMS:
                break


def plain(text: str) -> tuple[str, str | None]:
    """A statement as plain text, and why it cannot be shown at all; None where it can."""
    text = _EMPHASIS.sub("", _MARKS.sub("", _HIDDEN.sub(" ", text)))
    text = " ".join(text.split())
    if not any(c.isalnum() for c in text):
        return text, "no words"
    if len(text) > _LONGEST:
        return text[:_LONGEST], "too long"
    if _ACTIVE.search(text):
        return text, "a link, an image or code"
    if disguised(text):
        return text, "letters of several scripts in one word"
    if gives_orders(text):
        return text, "an order, not a statement"
    return text, None


def _cited(text: str, pointed: Sequence[Numbered], reading: Reading) -> Shown | None:
    """The statement with its citations, verified; None where one cannot be."""
    numbers: list[int] = []
    new: list[Citation] = []
    for one in pointed:
        spans = [(s.start, s.end) for s in one.sentence.spans]
        known = next(
            (
                c
                for c in [*reading.citations, *new]
                if c.doc_id == one.document.doc_id and [(s.start, s.end) for s in c.spans] == spans
            ),
            None,
        )
        if known is None:
            n = len(reading.citations) + len(new) + 1
            try:
                known = cite(one.document, one.sentence.spans, n=n, score=one.score)
            except UnverifiedCitation:
                return None
            new.append(known)
        numbers.append(known.n)
    statement = Statement(text, tuple(dict.fromkeys(numbers)))
    reading.citations += new
    reading.statements.append(statement)
    return Shown(statement, tuple(new))


def usage_of(client: Client, asking: Asking, reading: Reading, **others: Any) -> dict[str, Any]:
    """What goes into the answer record under `usage`."""
    used, settings = asking.used, client.settings
    told: dict[str, Any] = {
        "model": settings.model,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "calls": used.calls,
        "retries": used.retries,
        "cached": used.cached,
    }
    if used.estimated:
        told["estimated"] = 1
    if settings.input_price or settings.output_price:
        told["cost"] = round(used.cost(settings), 8)
    told |= {"statements": len(reading.statements)}
    tried = reading.counts.get("claims", 0)
    if tried:
        told["dropped"] = reading.counts.get("dropped", 0)
        told["repaired"] = reading.counts.get("repaired", 0)
    if reading.fallback or reading.fault:
        told["fault"] = reading.fallback or reading.fault
    return told | {k: v for k, v in others.items() if v}


def test_connection(settings: LlmSettings) -> str:
    """One short request; one line on how it went, for people. Raises nothing; shows no key."""
    if not settings.base_url:
        return "no model is set: llm.base_url and llm.model are empty"
    started = time.monotonic()
    try:
        tested = replace(
            settings, cache=False, retries=0, question_s=min(30.0, settings.question_s)
        )
        client = Client(tested)
        text = client.text([("user", "Reply with: OK")], client.asking(), max_tokens=100)
    except LlmUnavailable as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    seconds = time.monotonic() - started
    return (
        f"{settings.model} at {settings.base_url} answers in {seconds:.1f} s: {text.strip()[:40]!r}"
    )
