"""A question set asked of a library, and what it was asked with: for the gate and for the page."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.places import named
from ui.demo import LIBRARY as SAMPLES
from ui.quality import Quality

if TYPE_CHECKING:
    from evals.baseline import Setup
    from evals.case import Case
    from evals.runfile import RunMeta
    from evals.schema import Question
    from rag.settings import RagSettings

OnProgress = Callable[[int, int, str], None]  # done, total, the last question's id


@dataclass(frozen=True, slots=True)
class Run:
    """The questions asked, and what they were asked with."""

    cases: list[Case]
    setup: Setup
    files: Mapping[str, str] | None = None  # hashes of the document files as they are now


def ask_set(
    library: Path,
    questions: Sequence[Question],
    rag: RagSettings,
    out: Path,
    *,
    as_of: date | None = None,
    workers: int = 1,
    restart: bool = True,
    on_progress: OnProgress = lambda done, total, last: None,
) -> tuple[list[Case], RunMeta]:
    """`restart`: ask again, whatever was asked before; else a run with this very set-up is kept.

    Raises BadRun for a set that holds drafts.
    """
    from evals.asking import library_asker
    from evals.questions import set_hash
    from evals.runfile import RunMeta, read_meta
    from evals.running import run as run_questions

    refuse_drafts(questions)
    with library_asker(library, rag, as_of) as asker:
        meta = RunMeta(set_hash(questions), len(questions), asker.library, dict(asker.settings))
    if not restart:
        restart = read_meta(out) != RunMeta(**json.loads(json.dumps(asdict(meta), default=str)))
    cases = run_questions(
        questions,
        lambda: library_asker(library, rag, as_of),
        out,
        workers=workers,
        restart=restart,
        on_progress=lambda now: on_progress(now.done, now.total, now.last),
    )
    return cases, meta


def refuse_drafts(questions: Sequence[Question]) -> None:
    """Raises BadRun."""
    from evals.errors import BadRun

    drafts = [q.id for q in questions if q.extra.get("status") == "draft"]
    if drafts:
        raise BadRun(
            f"{len(drafts)} questions are drafts ({drafts[0]}): review them, then wenju eval join"
        )


def setup_of(library: Path, meta: RunMeta) -> Setup:
    from evals.baseline import Setup, flat, short
    from index.store import open_library

    with open_library(library) as opened:
        documents = {i.doc_id: short(i.content_hash) for i in opened.documents()}
        made_with = flat(asdict(opened.manifest.fingerprint), "index.")
    return Setup(
        questions=short(meta.questions),
        documents=documents,
        library=short(meta.library),
        settings=json.loads(json.dumps(flat(meta.settings) | made_with, default=str)),
    )


def own_set(quality: Quality, library: Path) -> tuple[list[Question], Path]:
    """A library's own questions and where its baseline lies; the samples come with theirs.

    Raises BadQuestionSet where there is no set, or it is broken.
    """
    from evals.questions import DATA, builtin, load

    if library.name == SAMPLES and not quality.questions.exists():
        return builtin(), DATA / "baseline.json"
    return load(quality.questions), quality.baseline


def measure(
    quality: Quality, library: Path, rag: RagSettings, on_progress: OnProgress
) -> dict[str, Any]:
    """Ask a library its own questions, compare with its baseline where there is one, and keep it.

    Raises EvaluationError where nothing could be asked; what cannot be compared is said in
    "problem".
    """
    from evals.baseline import read_baseline
    from evals.errors import BadBaseline, NotComparable
    from evals.gating import gate
    from evals.outcomes import outcomes

    questions, baseline = own_set(quality, library)
    cases, meta = ask_set(library, questions, rag, quality.run, on_progress=on_progress)
    found = problem = None
    if baseline.is_file():
        try:
            found = gate(read_baseline(baseline), setup_of(library, meta), outcomes(cases))
        except (BadBaseline, NotComparable) as error:
            problem = error
    kind = "gate" if baseline.is_file() else "run"
    return quality.keep(kind, cases, found, library=meta.library, problem=problem)


def can_accept(quality: Quality, library: Path, digest: str) -> bool:
    """Whether the page's last run was made of the set and the library (`digest`) as they are."""
    from evals.errors import EvaluationError
    from evals.questions import set_hash
    from evals.runfile import read_meta

    if library.name == SAMPLES and not quality.questions.exists():
        return False  # their baseline comes with the package
    try:
        meta = read_meta(quality.run)
        return meta is not None and (meta.questions, meta.library) == (
            set_hash(own_set(quality, library)[0]), digest,
        )  # fmt: skip
    except EvaluationError:
        return False


def accept_last(quality: Quality, library: Path, reason: str) -> dict[str, Any]:
    """The page's last run becomes the baseline. Raises BadRun where there is none."""
    from evals.baseline import Baseline, make_baseline, read_baseline
    from evals.errors import BadBaseline, BadRun
    from evals.runfile import read_meta, read_run

    meta = read_meta(quality.run)
    if meta is None:
        raise BadRun("nothing was measured here yet: measure first")
    before: Baseline | None = None
    with contextlib.suppress(BadBaseline):  # missing or unreadable: renewing it is what is asked
        before = read_baseline(quality.baseline)
    cases = read_run(quality.run)
    setup = setup_of(library, meta)
    asked = {"questions": str(quality.questions), "index": named(library)}
    day = date.today().isoformat()
    made = make_baseline(
        cases, setup, reason, day, before=before, asked=before.asked if before else asked
    )
    made.write(quality.baseline)
    return quality.keep("accept", cases, library=meta.library, reason=reason)
