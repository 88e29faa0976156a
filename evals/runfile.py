"""A run on disk: one line per question, its timings beside it, and what it was made with.

RUN.jsonl           the answer record of each question, `timings_ms` empty, and under "eval" the
                    question, where its gold stands, what looking citations up showed, and what
                    was retrieved: everything that scoring needs
RUN.timings.jsonl   {"id", "timings_ms"}: the only part that differs from run to run
RUN.meta.json       hashes of the questions and the library, and the settings
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.case import Case, Check, Gold, Ranked
from evals.errors import BadRun
from evals.schema import Question
from index.schema import Span

RUN_VERSION = 1


@dataclass(frozen=True, slots=True)
class RunMeta:
    """What a run was made with; two runs with equal meta give equal bytes."""

    questions: str  # "sha256:…" of the set
    n_questions: int
    library: str  # "sha256:…"
    settings: Mapping[str, Any]
    version: int = RUN_VERSION


def timings_path(run: Path) -> Path:
    return _beside(run, ".timings.jsonl")


def meta_path(run: Path) -> Path:
    return _beside(run, ".meta.json")


def _beside(run: Path, ending: str) -> Path:
    """Only ".jsonl" is an ending: "night-0.1" and "night-0.2" are two runs."""
    return run.with_name(run.name.removesuffix(".jsonl") + ending)


def to_line(case: Case) -> str:
    """One line of a run, newline included."""
    record: dict[str, Any] = dict(case.record) or {"id": case.question.id, "status": case.status}
    record["timings_ms"] = {}
    record["eval"] = {
        "question": case.question.to_record(),
        "gold": [_without_none(asdict(g)) for g in case.gold],
        "checks": [asdict(c) for c in case.checks],
        "retrieved": None
        if case.ranked is None
        else [
            {"doc_id": r.doc_id, "spans": [[s.start, s.end] for s in r.spans], "score": r.score}
            for r in case.ranked
        ],
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def to_timing_line(case: Case) -> str:
    """One line of the timings beside a run, newline included."""
    return json.dumps({"id": case.question.id, "timings_ms": dict(case.timings_ms)}) + "\n"


def from_record(record: Mapping[str, Any], timings: Mapping[str, float]) -> Case:
    """Read a line back. Raises BadRun where it is an answer record without its "eval" part."""
    found = record.get("eval")
    if not isinstance(found, Mapping):
        raise BadRun(
            f"{record.get('id', '?')}: holds an answer, but not what it was measured against: "
            "score it with --questions and --index"
        )
    retrieved = found.get("retrieved")
    return Case(
        question=Question.from_record(found["question"]),
        status=record["status"],
        record={k: v for k, v in record.items() if k != "eval"},
        gold=tuple(
            Gold(
                doc_id=g["doc_id"],
                quote=g["quote"],
                spans=tuple(Span(**s) for s in g["spans"]),
                page=g.get("page"),
                time=tuple(g["time"]) if g.get("time") else None,
                section=g.get("section"),
            )
            for g in found["gold"]
        ),
        checks=tuple(Check(**c) for c in found["checks"]),
        ranked=None
        if retrieved is None
        else tuple(
            Ranked(r["doc_id"], tuple(Span(*s) for s in r["spans"]), r["score"]) for r in retrieved
        ),
        timings_ms=timings,
    )


def read_records(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSON Lines file; a last line cut short by a killed run is left out."""
    if not path.is_file():
        raise BadRun(f"{path} is not there: give the file that `wenju eval run --out` wrote")
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    try:
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRun(f"{path} is not JSON Lines ({error}): run it again") from error


def read_timings(run: Path) -> dict[str, Mapping[str, float]]:
    """Timings by question id; {} without the file, so that a run can be passed on alone."""
    path = timings_path(run)
    return {r["id"]: r["timings_ms"] for r in read_records(path)} if path.is_file() else {}


def read_run(path: Path) -> list[Case]:
    """The cases of a run, in the order of its questions. Raises BadRun."""
    timings = read_timings(path)
    try:
        return [from_record(r, timings.get(r["id"], {})) for r in read_records(path)]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(
            f"{path} is not a run of this version ({type(error).__name__}: {error}): run it again"
        ) from error


def read_meta(run: Path) -> RunMeta | None:
    """What the run was made with; None where nothing is recorded."""
    path = meta_path(run)
    if not path.is_file():
        return None
    try:
        return RunMeta(**json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, TypeError) as error:
        raise BadRun(f"{path} is broken ({error}): remove it and run again") from error


def write_meta(run: Path, meta: RunMeta) -> None:
    text = json.dumps(asdict(meta), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    meta_path(run).write_text(text, encoding="utf-8")


def by_id(cases: Sequence[Case]) -> dict[str, Case]:
    return {case.question.id: case for case in cases}


def _without_none(record: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if v is not None}
