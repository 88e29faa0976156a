"""SQuAD-style files: SQuAD 1 and 2, CMRC 2018, DRCD and others that nest questions in paragraphs.

A paragraph becomes a document; the gold quote is the sentence around the answer. An answer that
does not stand at its `answer_start` is searched for, and the whole paragraph is the gold where it
does not occur. Source: Rajpurkar et al., EMNLP 2016 and ACL 2018.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from evals.errors import BadQuestionSet
from evals.loaders import LoadedSet
from evals.schema import Evidence, Question

_ENDS = re.compile(r"[。！？!?\n]|\.(?=\s)")


def load_squad(path: Path, lang: str = "zh") -> LoadedSet:
    """Raises BadQuestionSet where the file is not of this shape."""
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        documents: list[dict[str, str]] = []
        questions: list[Question] = []
        for number, article in enumerate(articles):
            for place, paragraph in enumerate(article["paragraphs"]):
                doc = str(paragraph.get("id") or f"{path.stem}-{number:05}-{place:03}")
                documents.append(
                    {"id": doc, "title": article.get("title") or "", "text": paragraph["context"]}
                )
                questions += [
                    _question(qa, doc, paragraph["context"], lang) for qa in paragraph["qas"]
                ]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise BadQuestionSet(
            f"{path} is not SQuAD-style JSON ({type(error).__name__}: {error}): it needs "
            "data → paragraphs → context and qas"
        ) from error
    return LoadedSet(path.stem, tuple(questions), lambda: documents)


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence or sentences that [start, end) lies in, trimmed."""
    ends = [m.end() for m in _ENDS.finditer(text)]
    left = max((e for e in ends if e <= start), default=0)
    right = min((e for e in ends if e >= end), default=len(text))
    return text[left:right].strip()


def _question(record: dict[str, Any], doc: str, context: str, lang: str) -> Question:
    golds = [a for a in record.get("answers") or [] if a["text"].strip()]
    answers = tuple(dict.fromkeys(a["text"] for a in golds))
    answerable = bool(answers) and not record.get("is_impossible", False)
    if not answerable:
        return Question(
            id=str(record["id"]), question=record["question"], lang=lang, type="unanswerable",
            answerable=False, match="none", near=doc, split="test",
        )  # fmt: skip
    text, start = golds[0]["text"], int(golds[0].get("answer_start", -1))
    if context[start : start + len(text)] != text or start < 0:
        start = context.find(text)
    quote = sentence_around(context, start, start + len(text)) if start >= 0 else ""
    return Question(
        id=str(record["id"]), question=record["question"], lang=lang, type="extractive",
        answers=answers, evidence=(Evidence(doc, quote),), split="test",
    )  # fmt: skip
