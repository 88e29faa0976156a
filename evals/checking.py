"""`wenju eval check`: whether a question set can be trusted, and what to mend where not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from evals.matching import Finder, compact
from evals.metrics.correct import ALL_BUDGET, ANY_BUDGET
from evals.metrics.exact_match import bare
from evals.schema import Question
from evals.sources import Sources

NEAR_DUPLICATE = 0.8  # Jaccard similarity of character bigrams
MIN_UNANSWERABLE = 0.25
MIN_SHARE_OF_LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Problem:
    """`question_id` is "" where the whole set is meant. Errors make the check fail."""

    question_id: str
    kind: Literal["error", "warning"]
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.question_id or 'the set'}: {self.what}"


def check(questions: Sequence[Question], sources: Sources | None = None) -> list[Problem]:
    """Every problem of a set, in its order, those of the whole set last; [] when it is clean.

    Without `sources` the quotes are not looked up.
    """
    problems = [p for q in questions for p in _check_question(q, sources)]
    problems += _repeated_ids(questions)
    problems += _near_duplicates(questions)
    problems += _balance(questions)
    problems += _leaks(questions)
    return problems


def _check_question(question: Question, sources: Sources | None) -> list[Problem]:
    found: list[Problem] = []

    def error(what: str) -> None:
        found.append(Problem(question.id, "error", what))

    def warning(what: str) -> None:
        found.append(Problem(question.id, "warning", what))

    if question.extra.get("status") == "draft":
        error("is a draft: correct it, write status accepted, then wenju eval join")
    if not question.answerable:
        if question.answers or question.evidence:
            error("is unanswerable but has answers or evidence: empty both")
        if question.match != "none":
            error(f'is unanswerable, but match is "{question.match}": write "none"')
        if question.near is None:
            warning('has no "near": name the document that nearly answers it')
        elif sources and sources.names.resolve(question.near) is None:
            error(f'"near" names {question.near}, which is not among the documents')
        return found

    if question.match == "none":
        error('is answerable, but match is "none": write any or all')
    if not question.evidence:
        error("has no evidence: add a document and its exact words")
    if not question.answers and any(e.quote for e in question.evidence):
        error("has no answers: add the strings that a right answer holds")
    budget = ALL_BUDGET if question.match == "all" else ANY_BUDGET
    length = sum(len(compact(a)) for a in question.answers)
    if question.match == "all" and length > budget:
        error(f"needs {length} characters of answers, but {budget} are read: shorten them")
    if any(len(compact(a)) > ANY_BUDGET for a in question.answers) and question.match == "any":
        warning(f"has an answer longer than the {ANY_BUDGET} characters that are read")
    if question.type == "followup" and not question.history:
        error('is a follow-up without "history": add the earlier turns')
    if any(not compact(a) for a in question.answers):
        error("has an empty answer string: remove it")
    for answer in question.answers:
        if compact(answer) and compact(answer) in compact(question.question):
            warning(f'already says its answer "{answer}" in the question')
    _check_quotes(question, sources, error)
    return found


def _check_quotes(
    question: Question, sources: Sources | None, error: Callable[[str], None]
) -> None:
    quotes = compact("\n".join(e.quote for e in question.evidence))
    if quotes:
        missing = [a for a in question.answers if compact(a) not in quotes]
        if question.match == "all" and missing:
            error(f'needs "{missing[0]}", which is in none of its quotes: widen a quote')
        elif question.answers and len(missing) == len(question.answers):
            error(f'has no answer that is in its quotes ("{question.answers[0]}"): add that one')
    if sources is None:
        return
    for evidence in question.evidence:
        doc_id = sources.names.resolve(evidence.doc)
        finder = sources.finder(doc_id) if doc_id else None
        if finder is None:
            error(f"names {evidence.doc}, which is not among the {len(sources.ids())} documents")
        elif evidence.quote and not finder.find(evidence.quote):
            hint = _longest_start(evidence.quote, finder)
            error(f'quote does not occur in {evidence.doc}: "{evidence.quote}"; {hint}')


def _longest_start(quote: str, finder: Finder) -> str:
    """How far the quote can be followed: where to look for the slip."""
    low, high = 0, len(quote)
    while low < high:  # a start of a quote that occurs occurs
        middle = (low + high + 1) // 2
        if finder.find(quote[:middle]):
            low = middle
        else:
            high = middle - 1
    if low == 0:
        return "not even its first character does"
    return f'it can be followed up to "{quote[max(0, low - 12) : low]}"'


def _repeated_ids(questions: Sequence[Question]) -> list[Problem]:
    counts = Counter(q.id for q in questions)
    return [
        Problem(i, "error", f"is the id of {n} questions: make them unique")
        for i, n in counts.items()
        if n > 1
    ]


def _near_duplicates(questions: Sequence[Question]) -> list[Problem]:
    """Pairs whose character bigrams overlap; follow-ups are told apart by their history."""
    bigrams: dict[int, set[str]] = {}
    buckets: defaultdict[str, list[int]] = defaultdict(list)
    for i, question in enumerate(questions):
        text = bare("".join(t.question for t in question.history) + question.question)
        bigrams[i] = {text[j : j + 2] for j in range(len(text) - 1)}
        for bigram in bigrams[i]:
            buckets[bigram].append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for members in buckets.values():
        if len(members) <= 200:  # common bigrams cannot make a pair alike on their own
            shared.update(combinations(members, 2))
    return [
        Problem(
            questions[b].id,
            "warning",
            f"is nearly the same as {questions[a].id}: reword or drop one",
        )
        for (a, b), n in sorted(shared.items())
        if n >= NEAR_DUPLICATE * len(bigrams[a] | bigrams[b])
    ]


def _balance(questions: Sequence[Question]) -> list[Problem]:
    if not questions:
        return [Problem("", "error", "holds no question")]
    found: list[Problem] = []
    silent = sum(not q.answerable for q in questions) / len(questions)
    if silent < MIN_UNANSWERABLE:
        found.append(
            Problem("", "warning", f"{silent:.0%} unanswerable; {MIN_UNANSWERABLE:.0%} tell more")
        )
    levels = Counter(q.level for q in questions)
    for level, n in sorted(levels.items()):
        if n < MIN_SHARE_OF_LEVEL * len(questions):
            found.append(Problem("", "warning", f"only {n} questions of level {level}"))
    return found


def _leaks(questions: Sequence[Question]) -> list[Problem]:
    """A document whose questions stand in both splits: what was tuned on it is not tested."""
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for question in questions:
        for doc in {e.doc for e in question.evidence} | ({question.near} - {None}):
            splits[str(doc)].add(question.split)
    return [
        Problem("", "warning", f"{doc} has questions in {' and '.join(sorted(names))}")
        for doc, names in sorted(splits.items())
        if len(names) > 1
    ]
