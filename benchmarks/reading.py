"""Measure the reader that needs no language model, and its silence; write reading.md.

    python benchmarks/reading.py --data FOLDER [--parts rgb,given,cmrc,…] [--limit N]

`rgb`        Chen et al., AAAI 2024: five passages a question, a share of them noise; and the same
             questions with every passage that answers taken away.
`given`      a question and one passage or a set of long reports, some without an answer:
             risk-coverage (dragonball, cjrc, chinesesquad).
`cmrc`       CMRC 2018 dev over its 1,104 passages: what the first 150 characters hold, and the
             short answer against the gold span.
`perturbed`  asked year, country, entity, unit changed to absent ones; figures changed, documents
             shuffled, 1,000 unrelated documents added (built-in set).
`latency`    question to answer on a library (--library), 500 questions one after another.

One setting for everything: the default. What is fitted is fitted on none of these sets.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality import machine
from benchmarks.reference_library import ReferenceLibrary, document_of
from evals.intervals import wilson
from evals.loaders.passages import load_passages, read_jsonl
from evals.matching import compact
from evals.metrics.character_f1 import f1
from evals.metrics.exact_match import bare
from evals.perturbing import ABSENT, perturb_questions
from evals.questions import SAMPLE_FOLDER, builtin
from evals.reporting import table
from evals.sources import LibrarySources
from index.ingesting import index_sources
from index.store import open_library
from rag.answering import Answerer
from rag.schema import Answer
from rag.settings import AnswerabilitySettings, RagSettings

HERE = Path(__file__).parent
AS_OF = date(2026, 1, 31)
PASSAGES = 5  # a question, as in the paper
SEED = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What was asked, whether it could be answered, and what came back."""

    answerable: bool
    answered: bool
    right: bool  # the gold strings are in the answer, silence aside
    confidence: float


def holds(answer: str, groups: Sequence[Sequence[str]]) -> bool:
    """Whether one string of every group occurs in the answer, white space and width aside."""
    text = compact(answer)
    return bool(groups) and all(any(compact(g) in text for g in group) for group in groups)


def always() -> RagSettings:
    """Answers whatever it finds: for what an answer would have been."""
    return RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))


def told(
    documents: Sequence[Mapping[str, str]],
    question: str,
    groups: Sequence[Sequence[str]],
    answerable: bool,
) -> Told:
    """One question on a handful of passages, each a document."""
    made = [document_of(d["id"], [(d.get("title", ""), d["text"])])[0] for d in documents]
    library: Any = ReferenceLibrary(made)
    answer, answered = ask(library, question)
    return Told(answerable, answered, holds(answer.answer, groups), answer.confidence or 0.0)


def ask(library: Any, question: str) -> tuple[Answer, bool]:
    """The answer, and whether the default settings would have given it."""
    answer = Answerer(library).answer(question, as_of=AS_OF)
    if answer.status == "answered":
        return answer, True
    return Answerer(library, always()).answer(question, as_of=AS_OF), False


def interval(flags: Sequence[bool]) -> str:
    if not flags:
        return "-"
    low, high = wilson(sum(flags), len(flags))
    return f"{np.mean(flags):.3f} ({low:.3f}–{high:.3f})"


def rgb(data: Path, limit: int) -> str:
    passages = {p["id"]: p for p in read_jsonl(data / "data" / "rgb.passages.zh.jsonl.gz")}
    rows = []
    for name, noises in (("zh_int", (0.0, 0.2, 0.4)), ("zh_fact", (0.0, 0.2, 0.4, 0.6, 0.8))):
        questions = list(read_jsonl(data / "data" / f"rgb.queries.{name}.jsonl.gz"))[:limit]
        for noise in noises:
            found = [
                told(_drawn(q, noise, passages), q["question"], q["answer_groups"], True)
                for q in questions
            ]
            rows.append(
                [
                    f"{name}, noise {noise:.1f}",
                    str(len(found)),
                    interval([t.right for t in found]),
                    interval([t.right and t.answered for t in found]),
                    interval([not t.answered for t in found]),
                ]
            )
        found = [
            told(_drawn(q, 1.0, passages), q["question"], q["answer_groups"], False)
            for q in questions
        ]
        rows.append(
            [
                f"{name}, answers taken away", str(len(found)), "-", "-",
                interval([not t.answered for t in found]),
            ]
        )  # fmt: skip
    head = ["questions", "n", "right if always answering", "right, with silence", "silent"]
    return "## RGB (Chinese)\n\n" + table(head, rows, markdown=True)


def _drawn(
    question: Mapping[str, Any], noise: float, passages: Mapping[str, Any]
) -> list[Mapping[str, str]]:
    """Five passages, the share `noise` of them without an answer; every part keeps one with."""
    rng = random.Random(f"{SEED} {question['id']}")
    negative = list(dict.fromkeys(question["negative"]))
    rng.shuffle(negative)
    n_noise = PASSAGES if noise == 1.0 else math.ceil(PASSAGES * noise)
    chosen: list[str] = []
    if noise < 1.0:
        groups = [list(g) for g in question.get("positive_groups") or [question["relevant"]]]
        for group in groups:
            rng.shuffle(group)
        chosen = [group[0] for group in groups if group]
        spare = [p for group in groups for p in group[1:]]
        chosen += [p for p in spare if p not in chosen][: PASSAGES - n_noise - len(chosen)]
        chosen = list(dict.fromkeys(chosen))
    chosen += [n for n in negative if n not in chosen][: PASSAGES - len(chosen)]
    rng.shuffle(chosen)
    return [passages[c] for c in chosen if c in passages]


def risk_rows(name: str, found: Sequence[Told]) -> list[str]:
    """Area under the risk-coverage curve over all questions, and risk at 80 % coverage.

    An unanswerable question that is answered is wrong.
    """
    ordered = sorted(found, key=lambda t: -t.confidence)
    wrong = np.cumsum([not (t.right and t.answerable) for t in ordered])
    risks = wrong / np.arange(1, len(ordered) + 1)
    able = sorted((t for t in found if t.answerable), key=lambda t: -t.confidence)
    at80 = able[: round(0.8 * len(able))]
    positive = [t.confidence for t in found if t.answerable]
    negative = [t.confidence for t in found if not t.answerable]
    auroc = (
        np.mean([[(p > n) + 0.5 * (p == n) for n in negative] for p in positive])
        if positive and negative
        else float("nan")
    )
    return [
        name,
        str(len(found)),
        interval([t.right for t in found if t.answerable]),
        f"{np.mean([t.right for t in at80]):.3f}" if at80 else "-",
        f"{risks.mean():.3f}",
        f"{auroc:.3f}",
        interval([not t.answered for t in found if not t.answerable]),
        interval([not t.answered for t in found if t.answerable]),
    ]


RISK_HEAD = [
    "set", "n", "right if always answering", "right at 80 % coverage", "AURC",
    "AUROC answerable", "rejected", "false abstention",
]  # fmt: skip


def given(data: Path, limit: int) -> str:
    rows = []
    for name, part in (("cjrc", "dev"), ("chinesesquad", "dev_v2")):
        if not (data / "data" / f"{name}.queries.{part}.jsonl.gz").is_file():
            continue
        texts = {p["id"]: p for p in read_jsonl(data / "data" / f"{name}.passages.jsonl.gz")}
        questions = list(read_jsonl(data / "data" / f"{name}.queries.{part}.jsonl.gz"))
        random.Random(SEED).shuffle(questions)
        able = [q for q in questions if q["answerable"]][:limit]
        unable = [q for q in questions if not q["answerable"]][:limit]
        found = [
            told([texts[c] for c in q["context"]], q["question"], [q["answers"]], q["answerable"])
            for q in able + unable
        ]
        rows.append(risk_rows(f"{name} {part}, passage given", found))
    rows += [risk_rows("dragonball dev, 108 reports", _dragonball(data, limit))]
    return "## Risk and coverage\n\n" + table(RISK_HEAD, rows, markdown=True)


def _dragonball(data: Path, limit: int) -> list[Told]:
    kinds = ("factual", "multi_hop", "unanswerable")
    records = [
        q
        for q in read_jsonl(data / "data" / "dragonball.queries.zh.dev.jsonl.gz")
        if q["type"] in kinds
    ]
    documents = [
        document_of(p["id"], [(p.get("title", ""), p["text"])])[0]
        for p in read_jsonl(data / "data" / "dragonball.passages.zh.jsonl.gz")
    ]
    library: Any = ReferenceLibrary(documents)
    out = []
    for q in records[:limit] + [r for r in records[limit:] if not r["answerable"]]:
        answer, decided = ask(library, q["question"])
        # Its answers are sentences of a model's: right is a quote that the set names as evidence.
        cited = [compact(c.quote) for c in answer.citations]
        gold = [compact(e) for e in q.get("evidence") or ()]
        right = any(g in c or (len(c) >= 6 and c in g) for g in gold for c in cited)
        out.append(Told(q["answerable"], decided, right, answer.confidence or 0.0))
    return out


def cmrc(data: Path, limit: int) -> str:
    loaded = load_passages(data / "data", "cmrc2018", "dev")
    documents = [
        document_of(str(p["id"]), [(str(p.get("title", "")), str(p["text"]))])[0]
        for p in loaded.documents()
    ]
    library: Any = ReferenceLibrary(documents)
    questions = loaded.questions[:: max(1, len(loaded.questions) // limit)][:limit]
    inside, silent, exact, overlap, short, n_short = [], [], [], [], [], 0
    for q in questions:
        answer, answered = ask(library, q.question)
        silent.append(not answered)
        shown = compact("".join(s.text for s in answer.statements))[:150]
        inside.append(any(compact(a) in shown for a in q.answers))
        first = answer.statements[0].text if answer.statements else ""
        has_short = len(answer.statements) > 1 and first in answer.statements[1].text
        n_short += has_short
        if has_short:
            exact.append(any(bare(first) == bare(a) for a in q.answers))
            overlap.append(max(f1(first, a) for a in q.answers))
            short.append(inside[-1])
    rows = [
        ["gold span in the first 150 characters, always answering", interval(inside)],
        ["… with silence", interval([i and not s for i, s in zip(inside, silent, strict=True)])],
        ["false abstention", interval(silent)],
        ["a short answer is given", interval([True] * n_short + [False] * (len(inside) - n_short))],
        ["short answer, exact match", interval(exact)],
        ["short answer, character F1", f"{np.mean(overlap):.3f}" if overlap else "-"],
    ]
    return f"## CMRC 2018 dev, 1,104 passages, {len(questions)} questions\n\n" + table(
        ["what", "measured (95 %)"], rows, markdown=True
    )


def perturbed(work: Path) -> str:
    """Absent year, country, entity or unit: silence, or the missing thing named."""
    questions = list(builtin())
    index_sources(work / "sample", [SAMPLE_FOLDER])
    rows = []
    with open_library(work / "sample") as library:
        sources = LibrarySources(library)
        answerer = Answerer(library)
        for kind in ABSENT:
            changed = perturb_questions(kind, questions, sources)
            answers = [answerer.answer(q.question, as_of=AS_OF) for q in changed]
            rows.append(
                [kind, str(len(changed)), interval([a.status == "abstained" for a in answers])]
            )
    return "## Absent things (built-in set)\n\n" + table(
        ["changed", "n", "silent, or the missing thing named"], rows, markdown=True
    )


def latency(path: Path, data: Path) -> str:
    questions = [q["question"] for name in ("T1", "T2")
                 for q in read_jsonl(data / "tuning" / f"{name}.jsonl")][:500]  # fmt: skip
    with open_library(path) as library:
        answerer = Answerer(library)
        for q in questions[:20]:
            answerer.answer(q, as_of=AS_OF)
        times = []
        for q in questions:
            started = time.perf_counter()
            answerer.answer(q, as_of=AS_OF)
            times.append((time.perf_counter() - started) * 1000)
        size = f"{library.n_documents:,} documents, {library.n_chunks:,} chunks"
    p50, p95 = np.percentile(times, [50, 95])
    return f"## Question to answer\n\n{size}: p50 {p50:.1f} ms, p95 {p95:.1f} ms\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="see benchmarks/README.md")
    parser.add_argument("--parts", default="rgb,given,cmrc,perturbed")
    parser.add_argument("--limit", type=int, default=1000, help="questions a set")
    parser.add_argument("--library", type=Path, help="for latency")
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks/reading"))
    parser.add_argument("--out", type=Path, default=HERE / "reading.md")
    args = parser.parse_args()
    made: dict[str, Callable[[], str]] = {
        "rgb": lambda: rgb(args.data, args.limit),
        "given": lambda: given(args.data, args.limit),
        "cmrc": lambda: cmrc(args.data, args.limit),
        "perturbed": lambda: perturbed(args.work),
        "latency": lambda: latency(args.library, args.data),
    }
    parts = [made[name]() for name in args.parts.split(",")]
    head = (
        f"# Reading without a language model\n\n`python benchmarks/reading.py --data FOLDER "
        f"--parts {args.parts} --limit {args.limit}`, default settings. {machine()}.\n"
    )
    text = "\n\n".join([head, *parts]) + "\n"
    args.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
