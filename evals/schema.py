"""A question with its gold answer: what question sets are made of (JSON Lines, version 1).

Gold is anchored to quotes, a document and its exact characters, and never to chunks, so that
another way of chunking breaks no question set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

from evals.errors import BadQuestionSet

SCHEMA_VERSION = 1

Match = Literal["any", "all", "none"]

# Types whose gold strings are all required, where a set does not say so itself.
ALL_REQUIRED = frozenset({"nuggets", "multi", "conflict"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """The exact characters of a document that an answer must rest on, white space aside.

    An empty quote stands for the whole document, for sets that judge passages only.
    `page` and `time` (seconds) are given where a set knows the place independently of our parsers.
    """

    doc: str
    quote: str
    page: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """`answers`: one is enough where match is "any", every one is needed where it is "all"."""

    id: str
    question: str
    lang: str = "zh"
    type: str = "entity"
    answerable: bool = True
    answers: tuple[str, ...] = ()
    match: Match = "any"
    evidence: tuple[Evidence, ...] = ()
    as_of: str | None = None
    level: int = 1
    style: str = "formal"
    history: tuple[Turn, ...] = ()
    split: str = "dev"
    tags: tuple[str, ...] = ()
    near: str | None = None  # of an unanswerable: the document that nearly answers it
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # further columns, kept as they are

    @property
    def document(self) -> str:
        """The document it is counted under: its first evidence, or its near miss; "" if none."""
        return self.evidence[0].doc if self.evidence else self.near or ""

    def moved(self, names: Mapping[str, str]) -> Question:
        """The same question with its documents renamed; names that are not in the map stay."""
        return replace(
            self,
            evidence=tuple(replace(e, doc=names.get(e.doc, e.doc)) for e in self.evidence),
            near=names.get(self.near, self.near) if self.near else self.near,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Question:
        """Read one line of a set. Raises BadQuestionSet, naming the key at fault."""
        name = str(record.get("id", "?"))
        version = record.get("schema", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            raise BadQuestionSet(
                f"question {name} has schema {version}, this version reads {SCHEMA_VERSION}: "
                "upgrade wenju, or rewrite the set"
            )
        for key in ("id", "question"):
            if not isinstance(record.get(key), str) or not record[key].strip():
                raise BadQuestionSet(f"question {name} has no {key}: add it as a string")
        answers = _strings(record, "answers", name)
        answerable = record.get("answerable", bool(answers))
        if not isinstance(answerable, bool):
            raise BadQuestionSet(f"question {name}: answerable must be true or false")
        kind = str(record.get("type", "entity" if answerable else "unanswerable"))
        match = record.get("match") or default_match(kind, answerable)
        if match not in get_args(Match):
            raise BadQuestionSet(f'question {name}: match is "{match}", not any, all or none')
        try:
            evidence = tuple(
                Evidence(str(e["doc"]), str(e["quote"]), e.get("page"), e.get("time"))
                for e in record.get("evidence") or ()
            )
            history = tuple(
                Turn(str(t["question"]), str(t.get("answer", "")))
                for t in record.get("history") or ()
            )
            level = int(record.get("level", 1))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadQuestionSet(
                f"question {name}: evidence needs doc and quote, history needs question and "
                f"answer, level is 1 or 2 ({type(error).__name__}: {error})"
            ) from error
        return cls(
            id=name,
            question=record["question"],
            lang=str(record.get("lang", "zh")),
            type=kind,
            answerable=answerable,
            answers=answers,
            match=cast(Match, match),
            evidence=evidence,
            as_of=record.get("as_of"),
            level=level,
            style=str(record.get("style", "formal")),
            history=history,
            split=str(record.get("split", "dev")),
            tags=_strings(record, "tags", name),
            near=record.get("near"),
            note=str(record.get("note", "")),
            extra={k: v for k, v in record.items() if k not in _KEYS},
        )

    def to_record(self) -> dict[str, Any]:
        """The line it was read from, keys in the order of the schema, optional ones left out."""
        record: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "id": self.id,
            "question": self.question,
            "lang": self.lang,
            "type": self.type,
            "answerable": self.answerable,
            "answers": list(self.answers),
            "match": self.match,
            "evidence": [_evidence_record(e) for e in self.evidence],
            "as_of": self.as_of,
            "level": self.level,
            "style": self.style,
        }
        if self.history:
            record["history"] = [{"question": t.question, "answer": t.answer} for t in self.history]
        record["split"] = self.split
        record["tags"] = list(self.tags)
        if self.near is not None:
            record["near"] = self.near
        if self.note:
            record["note"] = self.note
        return record | dict(self.extra)


_KEYS = frozenset(
    ("schema", "id", "question", "lang", "type", "answerable", "answers", "match", "evidence",
     "as_of", "level", "style", "history", "split", "tags", "near", "note")
)  # fmt: skip


def default_match(kind: str, answerable: bool) -> Match:
    """What `match` means where a set leaves it out."""
    if not answerable:
        return "none"
    return "all" if kind in ALL_REQUIRED or kind.startswith("nuggets") else "any"


def _strings(record: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
    value = record.get(key) or []
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise BadQuestionSet(f"question {name}: {key} must be a list of strings")
    return tuple(value)


def _evidence_record(evidence: Evidence) -> dict[str, Any]:
    record: dict[str, Any] = {"doc": evidence.doc, "quote": evidence.quote}
    if evidence.page is not None:
        record["page"] = evidence.page
    if evidence.time is not None:
        record["time"] = evidence.time
    return record
