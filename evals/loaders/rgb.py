"""RGB's own files (zh.json, zh_int.json, zh_fact.json, en…): a question a line, its passages in it.

{"id", "query", "answer", "positive", "negative", "positive_wrong", "fakeanswer"}; `answer` nests
alternatives in lists, and so does `positive` in the integration files. The library holds the
passages of all questions, so this asks for retrieval too, which RGB itself does not.
Source: Chen et al., Benchmarking LLMs in retrieval-augmented generation, AAAI 2024.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evals.errors import BadQuestionSet
from evals.loaders import LoadedSet
from evals.loaders.passages import read_jsonl
from evals.schema import Evidence, Question


def load_rgb(path: Path, lang: str = "zh", counterfactual: bool = False) -> LoadedSet:
    """With `counterfactual` the altered passages are among the documents. Raises BadQuestionSet."""
    documents: dict[str, str] = {}
    questions: list[Question] = []
    try:
        for record in read_jsonl(path):
            positive = _flat(record["positive"])
            altered = _flat(record.get("positive_wrong") or []) if counterfactual else []
            for text in [*positive, *_flat(record["negative"]), *altered]:
                documents.setdefault(_id(text), text)
            groups = [a if isinstance(a, list) else [a] for a in _listed(record["answer"])]
            # [["a", "b"]] and ["a", "b"] differ: alternatives of one answer, two answers.
            required = len(groups) > 1
            questions.append(
                Question(
                    id=f"{path.stem}-{record['id']}",
                    question=record["query"],
                    lang=lang,
                    type="integration" if required else "entity",
                    answers=tuple(str(g[0]) for g in groups)
                    if required
                    else tuple(str(a) for a in groups[0]),
                    match="all" if required else "any",
                    evidence=tuple(Evidence(_id(t), "") for t in dict.fromkeys(positive)),
                    split="test",
                )
            )
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise BadQuestionSet(
            f"{path} is not an RGB file ({type(error).__name__}: {error}): each line needs id, "
            "query, answer, positive and negative"
        ) from error
    return LoadedSet(
        path.stem,
        tuple(questions),
        lambda: ({"id": i, "title": "", "text": text} for i, text in documents.items()),
    )


def _id(text: str) -> str:
    return "rgb-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _flat(values: list[Any]) -> list[str]:
    return [text for value in values for text in _listed(value)]
