"""The map from a question to an answer; reads like the picture in docs/ARCHITECTURE.md.

question ─ history ─ normalising ─ retrieval ─ judging ─ reading ─ citing ─▶ Answer
                        (ranking, rereading, answerability)  └ or rag/fluent: by a language model
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from rag import absence, differing, greeting, overview, sources_of
from rag.calibration import usable
from rag.citing import cite, renumber
from rag.compared_rows import with_rows
from rag.conflicts import conflicts_of, disagreement, sides_of
from rag.errors import BadQuestion, UnverifiedCitation
from rag.filters import Filters, filters_of
from rag.history import complete, said_before, turns_of, unsaid
from rag.judging import Judged, judge
from rag.normalising import MAX_QUESTION_CHARS, NormalisedQuestion, normalise
from rag.ranking import Scores, order, rank
from rag.reading import Draft, read
from rag.reading_parts import read_parts
from rag.requests import request_of
from rag.retrieval import Retrieval, retrieve
from rag.schema import Abstention, Answer, Citation, Conflict, RankedSentence, Shown, Statement
from rag.settings import RagSettings
from rag.wording import said

if TYPE_CHECKING:
    from index.store import Library
    from rag.fluent import Fluent

ENGINE = "extractive"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an answer came about: what was found, and how sure the judge was of it."""

    retrieval: Retrieval
    sentences: list[RankedSentence]  # best first
    confidence: float | None
    judged: Judged


Told = tuple[Answer, Explanation | None]


class Answerer:
    """Answers questions from one library. Cheap to make; holds no state between questions."""

    def __init__(self, library: Library, settings: RagSettings | None = None) -> None:
        self.library = library
        self.settings = settings or RagSettings()
        self._calibration = usable(library.calibration)

    def answer(
        self,
        question: str,
        *,
        id: str = "q1",
        as_of: date | None = None,
        sources: Sequence[str] | str | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
        completed_question: str | None = None,
    ) -> Answer:
        """`as_of` is what 今年 and "last year" are counted from (default: today).

        `sources`: patterns such as "reports/*.pdf" on the files' paths; None looks everywhere.
        `where`: kinds and dates of documents, too; what both give must hold.
        `history`: earlier turns, oldest first: questions, or pairs of a question and its answer.
        A follow-up is completed from them; `completed_question`, where given, is asked instead.
        Raises BadQuestion for an empty question and for one that is too long.
        """
        return self.explained(
            question,
            id=id,
            as_of=as_of,
            sources=sources,
            where=where,
            history=history,
            completed_question=completed_question,
            limit=0,
        )[0]

    def stream(
        self,
        question: str,
        *,
        id: str = "q1",
        as_of: date | None = None,
        sources: Sequence[str] | str | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
        completed_question: str | None = None,
    ) -> Iterator[Shown | Answer]:
        """Each statement once it is verified, in the answer's order; the whole record last.

        Where nothing is answered, the record alone. Raises BadQuestion as `answer` does.
        """
        given = 0
        for step in self._steps(
            question, id, as_of, sources, where, history, completed_question, limit=0
        ):
            if isinstance(step, Shown):
                given += 1
                yield step
            else:
                answer = step[0]
                yield from list(shown(answer))[given:]
                yield answer

    def explained(
        self,
        question: str,
        *,
        id: str = "q1",
        as_of: date | None = None,
        sources: Sequence[str] | str | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
        completed_question: str | None = None,
        limit: int = 10,
    ) -> tuple[Answer, Explanation | None]:
        """An answer and how it came about, from one retrieval; None where nothing is asked.

        `limit`: how many ranked sentences are told. Raises BadQuestion as `answer` does.
        """
        for step in self._steps(
            question, id, as_of, sources, where, history, completed_question, limit
        ):
            if not isinstance(step, Shown):
                return step
        raise AssertionError("every question has a record")

    def _steps(
        self,
        question: str,
        id: str,
        as_of: date | None,
        sources: Sequence[str] | str | None,
        where: Filters | None,
        history: Sequence[Any],
        completed_question: str | None,
        limit: int,
    ) -> Iterator[Shown | Told]:
        """Statements that are there before the whole answer is; then that, once."""
        check(question)
        turns = turns_of(history)
        fluent = self._fluent(question)
        completed = (completed_question or "").strip() or None
        if completed is None and fluent is not None:
            completed = fluent.completed(turns)
        if completed is None:
            completed = complete(question, turns, self._near)
        said = said_before(question, turns)
        asked = completed or question
        for step in self._explained(asked, said, id, as_of, sources, where, limit, fluent):
            if isinstance(step, Shown):
                yield step
                continue
            answer, explanation = step
            if completed is not None and completed != question:
                answer = replace(answer, question=question, completed_question=completed)
            yield answer, explanation

    def _fluent(self, question: str) -> Fluent | None:
        """The reader with a language model, where the settings name one."""
        if not self.settings.llm.is_used:
            return None
        from rag.fluent import Fluent

        return Fluent(self.library, self.settings.llm, question)

    def _explained(
        self,
        question: str,
        before: frozenset[tuple[str, int, int]],
        id: str,
        as_of: date | None,
        sources: Sequence[str] | str | None,
        where: Filters | None,
        limit: int,
        fluent: Fluent | None,
    ) -> Iterator[Shown | Told]:
        started = time.perf_counter()
        day = as_of or date.today()
        asked = checked(question, day)
        doc_ids = self._matching(sources, where)
        request = request_of(asked.key)
        if request is not None:
            lines = overview.lines_of(self.library, request, asked, doc_ids)
            statements, citations = overview.stated(lines)
            if statements:
                yield self._told(question, statements, citations, id, day, started), None
                return
        wanted = sources_of.wanted_of(question)
        if wanted is not None:  # 这句话出自哪里 is in no document; the sentence is
            asked = checked(wanted.about, day)
        elif others := [checked(one, day) for one in differing.asked_instead(question)]:
            asked = self._disputed(others, before, doc_ids)
        retrieval = None
        if not greeting.is_greeting(asked):
            retrieval = retrieve(self.library, asked, self.settings.retrieval, doc_ids=doc_ids)
        # Without a concept (的, 那个呢) whatever is found is found by accident.
        if retrieval is None or not retrieval.concepts:
            said = greeting.invitation(self.library, asked.language, self.settings)
            invited = Answer(
                id=id,
                question=question,
                as_of=day.isoformat(),
                status="abstained",
                engine=ENGINE,
                library=self.library.hash,
                abstention=Abstention(said),
                timings_ms=_timings(started, started, started),
            )
            yield invited, None
            return
        retrieval = unsaid(retrieval, before)
        judged = judge(retrieval, self.settings, self._calibration)
        if fluent is not None and wanted is None and not judged.is_sure:
            for wording in fluent.other_wordings(question):
                other = retrieve(
                    self.library, checked(wording, day), self.settings.retrieval, doc_ids=doc_ids
                )
                again = judge(unsaid(other, before), self.settings, self._calibration)
                if again.is_sure and (again.confidence or 0) > (judged.confidence or 0):
                    judged = again
                    fluent.searched = wording
        retrieval, scores, confidence = judged.retrieval, judged.scores, judged.confidence
        if self.settings.rerank.base_url:
            from rag.api_reranking import reranked

            scores = reranked(question, retrieval, scores, self.settings.rerank)
        retrieved = time.perf_counter()
        drafts: Sequence[Draft] = ()
        conflicts: tuple[Conflict, ...] = ()
        found = None
        engine, judgements = ENGINE, judged.judgements
        if fluent is not None and wanted is None and judged.is_sure:
            retrieval, scores = fluent.without_orders(retrieval, scores)
            if retrieval is not judged.retrieval:
                judgements = {}  # sentences were left out: places shift
            found = disagreement(retrieval, scores, judgements)
            drafts = drafts_of(retrieval, scores, list(sides_of(found)))
            yield from fluent.read(asked.language, retrieval, scores, drafts)
            engine = fluent.engine
        if judged.is_sure and not (fluent and fluent.statements):
            reading = self.settings.reading
            found = None
            drafts = read_parts(retrieval, scores, reading) if wanted is None else ()
            if not drafts:
                if wanted is None:
                    found = disagreement(retrieval, scores, judgements)
                drafts = read(retrieval, scores, reading, sides_of(found), judgements)
            if wanted is None and found is None:
                drafts = with_rows(drafts, retrieval, scores, reading)
        if wanted is not None:
            statements, citations = sources_of.answer(wanted, retrieval, scores, drafts)
        elif fluent is not None and fluent.statements:
            statements, citations = tuple(fluent.statements), tuple(fluent.citations)
            conflicts = conflicts_of(retrieval, found, drafts, citations)
        else:
            statements, citations = _shown(drafts)
            conflicts = conflicts_of(retrieval, found, drafts, citations)
        abstention = None if statements else self._abstention(retrieval, scores)
        answer = Answer(
            id=id,
            question=question,
            as_of=day.isoformat(),
            status="answered" if statements else "abstained",
            engine=engine,
            library=self.library.hash,
            answer="\n".join(s.text + "".join(f"[{n}]" for n in s.citations) for s in statements),
            statements=statements,
            citations=citations,
            conflicts=conflicts,
            abstention=abstention,
            confidence=confidence,
            usage=fluent.usage() if fluent is not None else None,
            timings_ms=_timings(started, retrieved, time.perf_counter()),
        )
        yield answer, Explanation(retrieval, rank(retrieval, scores, limit), confidence, judged)

    def _disputed(
        self,
        others: Sequence[NormalisedQuestion],
        before: frozenset[tuple[str, int, int]],
        doc_ids: Collection[str] | None,
    ) -> NormalisedQuestion:
        """The first of the questions on whose answer sources disagree, else the first of all."""
        for asked in others if len(others) > 1 else ():
            found = retrieve(self.library, asked, self.settings.retrieval, doc_ids=doc_ids)
            judged = judge(unsaid(found, before), self.settings, self._calibration)
            if judged.is_sure and disagreement(judged.retrieval, judged.scores, judged.judgements):
                return asked
        return others[0]

    def _told(
        self,
        question: str,
        statements: tuple[Statement, ...],
        citations: tuple[Citation, ...],
        id: str,
        day: date,
        started: float,
    ) -> Answer:
        """An answer about the documents themselves: nothing was searched, nothing is guessed."""
        return Answer(
            id=id,
            question=question,
            as_of=day.isoformat(),
            status="answered",
            engine=ENGINE,
            library=self.library.hash,
            answer="\n".join(s.text + "".join(f"[{n}]" for n in s.citations) for s in statements),
            statements=statements,
            citations=citations,
            timings_ms=_timings(started, started, time.perf_counter()),
        )

    def _near(self, a: str, b: str) -> float:
        """Cosine of two words; 0 where dense search is off."""
        if not self.settings.retrieval.dense:
            return 0.0
        embed = self.library.embedder.embed_query
        return float(embed(a) @ embed(b))

    def _matching(
        self, sources: Sequence[str] | str | None, where: Filters | None
    ) -> Collection[str] | None:
        """Ids of the documents that are looked at; None for all."""
        given = [filters_of(sources).matching(self.library)] if sources is not None else []
        given += [where.matching(self.library)] if where is not None else []
        limits = [ids for ids in given if ids is not None]
        return set.intersection(*limits) if limits else None

    def _abstention(self, retrieval: Retrieval, scores: Scores) -> Abstention:
        absent = tuple(dict.fromkeys((*absence.absent(retrieval), *absence.missing(retrieval))))[:3]
        nearest = [
            Draft((s := retrieval.sentences[i]).document, s.sentence.spans, float(scores[i]))
            for i in order(scores)[: self.settings.answerability.nearest]
        ]
        _, citations = _shown(nearest)
        return Abstention(absence.reason(retrieval, absent), absent, citations)


def shown(answer: Answer) -> Iterator[Shown]:
    """The statements of an answer, each with the citations that it is the first to name."""
    told: set[int] = set()
    for statement in answer.statements:
        new = set(statement.citations) - told
        told |= new
        yield Shown(statement, tuple(c for c in answer.citations if c.n in new))


def checked(question: str, day: date) -> NormalisedQuestion:
    """The question made ready. Raises BadQuestion as `check` does."""
    check(question)
    return normalise(question, day)


def check(question: str) -> None:
    """Raises BadQuestion for an empty question and for one too long."""
    if not question.strip():
        raise BadQuestion("the question is empty; type what you want to know from the documents")
    if len(question) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            f"the question has {len(question):,} characters, at most {MAX_QUESTION_CHARS:,} are "
            "read; ask for one thing, and put long texts into the library instead"
        )


def drafts_of(retrieval: Retrieval, scores: Scores, places: Sequence[int]) -> list[Draft]:
    """Whole sentences by their places: the sides of a disagreement."""
    return [
        Draft((s := retrieval.sentences[i]).document, s.sentence.spans, float(scores[i]), place=i)
        for i in places
    ]


def _shown(drafts: Sequence[Draft]) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Checked statements and their citations; what cannot be verified is left out."""
    checked: list[tuple[Draft, Citation]] = []
    for draft in drafts:
        try:
            citation = cite(draft.document, draft.spans, n=1, score=draft.score)
        except UnverifiedCitation:
            continue
        checked.append((draft, citation))
    citations = renumber([citation for _, citation in checked])
    statements: list[Statement] = []
    for (draft, _), citation in zip(checked, citations, strict=True):
        statements += [Statement(text, (citation.n,)) for text in said(draft)]
    return tuple(statements), citations


def _timings(started: float, retrieved: float, ended: float) -> dict[str, float]:
    return {
        "retrieve": round((retrieved - started) * 1000, 1),
        "read": round((ended - retrieved) * 1000, 1),
        "total": round((ended - started) * 1000, 1),
    }
