"""From use to test: feedback on an answer becomes a draft question; reviewed, it joins a set.

A draft is a line of a question set with "status": "draft". A person corrects it and writes
"accepted"; only then, and only if its quotes stand in the documents, does it join.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.checking import Problem, check
from evals.matching import compact
from evals.schema import Evidence, Question
from evals.sources import Sources

DRAFT, ACCEPTED = "draft", "accepted"
_PARTS = " … "  # between the parts of a quote that something interrupts


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of an answer. `record` is the answer, where it was sent along."""

    id: int
    rating: str  # "good" or "bad"
    question: str
    comment: str = ""
    faults: Sequence[str] = ()
    record: Mapping[str, Any] | None = None
    expected: str = ""  # what the answer should have been


def draft(feedback: Feedback) -> Question:
    """The question that asks for what this feedback is about.

    A good answer's quotes become the gold; of a bad one only the question is taken, and what it
    should have been, where that was said; what was wrong is noted. Silence that was good is an
    unanswerable question.
    """
    record = feedback.record or {}
    status = record.get("status")
    is_good = feedback.rating == "good"
    note = "; ".join(
        text
        for text in (
            feedback.comment.strip(),
            f"faults: {', '.join(feedback.faults)}" if feedback.faults else "",
            "" if is_good else f"said: {_said(record)}" if record else "",
        )
        if text
    )
    question = Question(
        id=f"feedback-{feedback.id}",
        question=feedback.question,
        lang=_language(feedback.question),
        as_of=record.get("as_of"),
        style="lay",
        note=note,
        extra={"status": DRAFT, "from": f"feedback {feedback.id}"},
    )
    if is_good and status == "abstained":
        nearest = (record.get("abstention") or {}).get("nearest") or ()
        return replace(
            question,
            type="unanswerable",
            answerable=False,
            match="none",
            near=nearest[0]["doc_id"] if nearest else None,
        )
    if not is_good or status != "answered":
        expected = feedback.expected.strip()
        return replace(question, answers=(expected,) if expected else ())
    evidence = shown_evidence(record)
    quotes = compact("\n".join(e.quote for e in evidence))
    texts = [str(s.get("text", "")) for s in record.get("statements") or ()]
    # The shortest thing said that stands in a quote: a figure, where there is one.
    answers = sorted((t for t in texts if t and compact(t) in quotes), key=len)[:1]
    return replace(question, answers=tuple(answers), evidence=evidence)


@dataclass(frozen=True, slots=True)
class Joined:
    """`added` join the set; `left` stay drafts; `problems` name what keeps accepted ones out."""

    added: tuple[Question, ...]
    left: tuple[Question, ...]
    problems: tuple[Problem, ...]


def join(
    drafts: Sequence[Question], questions: Sequence[Question], sources: Sources | None = None
) -> Joined:
    """Take the accepted drafts that are sound into a set. Without `sources` quotes are not seen."""
    taken = {q.id for q in questions}
    added: list[Question] = []
    left: list[Question] = []
    problems: list[Problem] = []
    for one in drafts:
        if one.extra.get("status") != ACCEPTED:
            left.append(one)
            continue
        kept = {k: v for k, v in one.extra.items() if k != "status"}
        clean = replace(one, extra=kept)
        found = [p for p in check([clean], sources) if p.kind == "error" and p.question_id]
        if one.id in taken:
            found.append(Problem(one.id, "error", "is an id of the set already: choose another"))
        if found:
            problems += found
            left.append(one)
        else:
            taken.add(one.id)
            added.append(clean)
    return Joined(tuple(added), tuple(left), tuple(problems))


def shown_evidence(record: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The words that an answer record showed: its citations, and the nearest of a silent one."""
    nearest = (record.get("abstention") or {}).get("nearest") or ()
    found: list[Evidence] = []
    for citation in (*(record.get("citations") or ()), *nearest):
        spans = list(citation.get("spans") or ())
        parts = str(citation.get("quote", "")).split(_PARTS)
        for i, part in enumerate(parts):
            span = spans[i] if len(spans) == len(parts) else {}
            one = Evidence(
                str(citation.get("doc_id", "")), part, span.get("page"), span.get("time_start")
            )
            if part and one not in found:
                found.append(one)
    return tuple(found)


def _said(record: Mapping[str, Any]) -> str:
    if record.get("status") == "answered":
        return " ".join(str(record.get("answer", "")).split())[:200]
    return f"({record.get('status')})"


def _language(text: str) -> str:
    from rag.normalising import language

    return "en" if language(text) == "en" else "zh"
