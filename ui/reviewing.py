"""Feedback becomes a question of a library's own set: shown as a draft, edited, then decided on.

What a person has typed is kept in the state file as they typed it, sound or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.drafting import ACCEPTED, DRAFT, Feedback, draft, join, shown_evidence
from evals.matching import compact
from evals.schema import Evidence, Question
from ui.quality import Quality

if TYPE_CHECKING:
    from evals.sources import Sources

DISCARDED = "discarded"
Row = Mapping[str, Any]  # of `State.feedback_records`


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a draft cannot join yet: a code that the page has words for, and what it is about."""

    code: str
    about: str = ""
    more: str = ""


def status_of(row: Row) -> str:
    return str((row["draft"] or {}).get("status", DRAFT))


def draft_of(row: Row) -> Question:
    """The question as it stands: made of the feedback, then as it was edited."""
    edit = (row["draft"] or {}).get("edit")
    question = _made(row)
    return question if edit is None else edited(question, edit)


def _made(row: Row) -> Question:
    def make(record: Mapping[str, Any] | None) -> Question:
        return draft(
            Feedback(
                row["id"], row["rating"], row["question"], row["comment"], row["faults"], record,
                row["expected"],
            )
        )  # fmt: skip

    try:
        return make(row["record"])
    except (AttributeError, KeyError, TypeError, ValueError):  # what was sent is no answer record
        return make(None)


def shown_with(row: Row) -> tuple[Evidence, ...]:
    """The words that the answer showed: what a person may take as the gold quote."""
    try:
        return shown_evidence(row["record"] or {})
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def edited(question: Question, edit: Mapping[str, Any]) -> Question:
    """The draft with what a person wrote; an unanswerable question has no answers and quotes."""
    text = str(edit["question"]).strip()
    changed = replace(question, question=text or question.question)
    if not edit["answerable"]:
        return replace(
            changed, type="unanswerable", answerable=False, match="none", answers=(), evidence=(),
            near=edit["near"] or None,
        )  # fmt: skip
    given = [Evidence(e["doc"], e["quote"], e.get("page")) for e in edit["evidence"]]
    return replace(
        changed,
        type="entity",
        answerable=True,
        match="any",
        answers=tuple(a.strip() for a in edit["answers"] if a.strip()),
        evidence=tuple(e for e in given if e.quote.strip()),
        near=None,
    )


def in_source_words(question: Question, sources: Sources) -> Question:
    """Quotes as they stand in their documents, character for character, where they are found."""

    def exact(one: Evidence) -> Evidence:
        doc_id = sources.names.resolve(one.doc)
        finder = sources.finder(doc_id) if doc_id else None
        spans = finder.find(one.quote.strip()) if finder else ()
        if finder is None or doc_id is None or len(spans) != 1:
            return one
        text = finder.document.text[spans[0].start : spans[0].end]
        return replace(one, doc=doc_id, quote=text)

    return replace(question, evidence=tuple(exact(e) for e in question.evidence))


def flaws_of(question: Question, sources: Sources) -> list[Flaw]:
    """What keeps a draft out of a set, as a person can mend it; [] where nothing does."""
    if not question.answerable:
        known = question.near is None or sources.names.resolve(question.near) is not None
        return [] if known else [Flaw("doc_missing", question.near or "")]
    found: list[Flaw] = []
    if not question.answers:
        found.append(Flaw("answers_none"))
    if not question.evidence:
        found.append(Flaw("quotes_none"))
    for one in question.evidence:
        doc_id = sources.names.resolve(one.doc)
        finder = sources.finder(doc_id) if doc_id else None
        if finder is None:
            found.append(Flaw("doc_missing", one.doc))
        elif not finder.find(one.quote):
            found.append(Flaw("quote_missing", one.quote, one.doc))
    quotes = compact("\n".join(e.quote for e in question.evidence))
    if question.answers and quotes and not any(compact(a) in quotes for a in question.answers):
        found.append(Flaw("answer_elsewhere", question.answers[0]))
    return found


def take(quality: Quality, question: Question, sources: Sources) -> list[Flaw]:
    """Puts a sound question at the end of the library's set; once, however often it is asked.

    Raises BadQuestionSet where the set is broken: nothing is written then.
    """
    from evals.questions import load, save

    question = in_source_words(question, sources)
    flaws = flaws_of(question, sources)
    if flaws:
        return flaws
    with quality.locked():
        path = _file(quality.questions)
        held = load(path) if path.exists() else []
        if any(_is_same(question, one) for one in held):
            return []
        named = replace(
            question, id=_free(question.id, held), extra=dict(question.extra) | {"status": ACCEPTED}
        )
        joined = join([named], held, sources)
        if joined.problems:
            return [Flaw("other", one.what) for one in joined.problems]
        save([*held, *joined.added], path)
    return []


def _file(questions: Path) -> Path:
    """A set may be a folder of files: what comes from feedback has one of its own there."""
    return questions / "feedback.jsonl" if questions.is_dir() else questions


def _is_same(question: Question, held: Question) -> bool:
    return (held.extra.get("from"), held.question) == (
        question.extra.get("from"), question.question,
    )  # fmt: skip


def _free(name: str, held: Sequence[Question]) -> str:
    """Feedback of another machine may have the number too."""
    taken = {q.id for q in held}
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
