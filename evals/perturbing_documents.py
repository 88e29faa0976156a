"""Perturbations that change the documents: copies are written, the originals stay as they are."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.distractors import unrelated_documents
from evals.errors import CannotPerturb
from evals.matching import DocumentNames, compact
from evals.perturbing import tagged
from evals.schema import Evidence, Question

DOCUMENT_KINDS = ("number", "shuffle", "distract")
# Formats whose characters can be changed without knowing more of them.
EDITABLE = frozenset((".txt", ".md", ".html", ".htm", ".csv", ".srt", ".vtt", ".json", ".jsonl"))
N_UNRELATED = 1000

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Perturbed:
    questions: list[Question]  # those that the perturbation can change
    documents: Path  # the folder to index


def perturb_documents(
    kind: str, questions: Sequence[Question], folder: Path, out: Path
) -> Perturbed:
    """Write changed documents below `out` (a new folder) and give the questions that go with them.

    Raises CannotPerturb where `out` exists or nothing can be changed.
    """
    if out.exists():
        raise CannotPerturb(f"{out} exists: give a folder that is not there yet")
    files = sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.startswith(".")
    )
    if not files:
        raise CannotPerturb(f"{folder} holds no documents: give the folder that was indexed")
    names = DocumentNames(files)
    asked = [q.moved({d: names.resolve(d) or d for d in _documents(q)}) for q in questions]
    if kind == "shuffle":
        return _shuffle(asked, folder, files, out)
    shutil.copytree(folder, out)
    if kind == "distract":
        path = out / "unrelated.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as corpus:
            for record in unrelated_documents(N_UNRELATED):
                corpus.write(json.dumps(record, ensure_ascii=False) + "\n")
        return Perturbed([tagged(q, kind) for q in asked], out)
    quotes = [(e.doc, e.quote) for q in asked for e in q.evidence]
    changed = [c for q in asked if (c := _change_number(q, out, quotes)) is not None]
    if not changed:
        shutil.rmtree(out)
        raise CannotPerturb(
            f"none of {len(questions)} questions has a figure that stands once in a text file"
        )
    return Perturbed(changed, out)


def _documents(question: Question) -> set[str]:
    return {e.doc for e in question.evidence} | ({question.near} if question.near else set())


def _shuffle(
    questions: Sequence[Question], folder: Path, files: Sequence[str], out: Path
) -> Perturbed:
    """Every file moves below a folder whose number says its new place."""
    order = sorted(files, key=lambda f: hashlib.sha256(f.encode()).hexdigest())
    moved = {file: f"{place:04}/{file}" for place, file in enumerate(order)}
    for file, new in moved.items():
        (out / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, out / new)
    return Perturbed([tagged(q.moved(moved), "shuffle") for q in questions], out)


def _change_number(
    question: Question, folder: Path, quotes: Sequence[tuple[str, str]]
) -> Question | None:
    """Change the figure of the answer in its document and in the gold, where that is safe.

    Safe: one gold quote in an editable file, whose figure is no date, stands once in the whole
    file, so that nothing else in it can disagree with the new one, and in the gold (document,
    quote) of no other question.
    """
    if question.match != "any" or len(question.evidence) != 1:
        return None
    evidence = question.evidence[0]
    path = folder / evidence.doc
    if path.suffix.lower() not in EDITABLE or not path.is_file():
        return None
    figures = [n for a in question.answers for n in _NUMBER.findall(a) if n in evidence.quote]
    decoded = _decode(path.read_bytes())
    if not figures or decoded is None:
        return None
    text, encoding = decoded
    old = max(figures, key=len)
    whole = re.compile(rf"(?<![\d.,]){re.escape(old)}(?!\d|[.,]\d|\s*[年月日号號])")
    if len(whole.findall(text)) != 1 or len(whole.findall(evidence.quote)) != 1:
        return None
    if sum(doc == evidence.doc and bool(whole.search(quote)) for doc, quote in quotes) != 1:
        return None
    new = _other_number(old, question.id)
    answers = tuple(whole.sub(new, a) for a in question.answers if whole.search(a))
    if not answers or compact(old) in compact(question.question):
        return None
    path.write_bytes(whole.sub(new, text).encode(encoding))
    return replace(
        tagged(question, "number"),
        answers=answers,
        evidence=(Evidence(evidence.doc, whole.sub(new, evidence.quote)),),
        note=f"{old} in the document was changed to {new}",
    )


def _other_number(old: str, key: str) -> str:
    """As many digits, all of them others, the first not 0."""
    rng = random.Random(f"{key}:{old}")
    digits: list[str] = []
    for place, character in enumerate(old):
        if character.isdigit():
            low = "123456789" if place == 0 else "0123456789"
            character = rng.choice([d for d in low if d != character])
        digits.append(character)
    return "".join(digits)


def _decode(data: bytes) -> tuple[str, str] | None:
    """The text and an encoding that gives the same bytes back; None where there is none."""
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.encode(encoding) == data:
            return text, encoding
    return None
