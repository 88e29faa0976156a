"""What `wenju eval gate` and `wenju eval accept` do: each gives the exit code.

gate: 0 no significant regression, 1 a regression, 2 too few questions (with --require-power),
3 broken or not comparable.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ui import evaluation
from ui.commands import common
from ui.errors import UiError, UsageError
from ui.messages import pick

if TYPE_CHECKING:
    from evals.baseline import Baseline, Setup
    from evals.case import Case
    from evals.gating import Gate

NOT_COMPARABLE = 3
ENDINGS = (".txt", ".md", ".json", ".xml", ".html")


@dataclass(frozen=True, slots=True)
class Run:
    """The questions asked, and what they were asked with."""

    cases: list[Case]
    setup: Setup
    files: Mapping[str, str] | None  # hashes of the document files as they are now


def gate(args: argparse.Namespace) -> int:
    from evals.errors import EvaluationError
    from evals.gate_reports import error_junit, gate_text
    from evals.outcomes import GUARDS
    from index.errors import IndexingError
    from rag.errors import AnsweringError

    for path in args.report:
        if path.suffix.lower() not in ENDINGS:
            raise UsageError(f"--report {path}: {' '.join(ENDINGS)}")
    unknown = [name for name in args.strict if name not in GUARDS]
    if unknown:
        raise UsageError(f"--strict {unknown[0]}: {' '.join(GUARDS)}")
    try:
        found, run = decide(args)
    except (EvaluationError, IndexingError, AnsweringError, UiError, OSError) as error:
        common.note(f"{pick('无法比较', 'not comparable')}: {error}")
        for path in args.report:
            _write_error(path, str(error), error_junit(str(error)))
        return NOT_COMPARABLE
    for path in args.report:
        _write_report(path, found, run)
    if args.format == "json":
        from evals.gate_reports import gate_json

        print(json.dumps(gate_json(found), ensure_ascii=False))
    else:
        print(gate_text(found, args.format == "markdown", args.listed), end="")
    return int(found.verdict)


def decide(args: argparse.Namespace) -> tuple[Gate, Run]:
    """Ask, or take the run that is given, and compare. Raises what can go wrong."""
    from evals.baseline import read_baseline
    from evals.gating import gate as compare
    from evals.outcomes import outcomes

    baseline = read_baseline(args.baseline)
    _as_before(args, baseline)
    run = asked(args, restart=True)
    found = compare(
        baseline,
        run.setup,
        outcomes(run.cases),
        min_effect=args.min_effect,
        require_power=args.require_power,
        strict=args.strict,
        files=run.files,
    )
    return found, run


def accept(args: argparse.Namespace) -> int:
    from evals.baseline import make_baseline, read_baseline
    from evals.errors import BadBaseline

    if not args.reason.strip():
        raise UsageError(pick("--reason 不能为空", "--reason must say why"))
    try:
        before: Baseline | None = read_baseline(args.baseline)
    except BadBaseline:  # missing or unreadable: renewing it is what is asked for
        before = None
    if before is not None:
        _as_before(args, before)
    args.questions = args.questions or evaluation.BUILTIN
    run = asked(args, restart=False)
    made = make_baseline(
        run.cases,
        run.setup,
        args.reason.strip(),
        date.today().isoformat(),
        before=before,
        asked={"questions": args.questions, "index": args.index},
    )
    made.write(args.baseline)
    right = sum(o.right for o in made.outcomes)
    print(
        pick(
            f"{args.baseline}：{len(made.outcomes)} 题，答对 {right} 题。请提交到 git。",
            f"{args.baseline}: {len(made.outcomes)} questions, {right} right. Commit it.",
        )
    )
    return 0


def _as_before(args: argparse.Namespace, baseline: Baseline) -> None:
    """What is not said is as it was when the baseline was made."""
    args.questions = args.questions or baseline.asked.get("questions") or evaluation.BUILTIN
    args.index = args.index or baseline.asked.get("index")


def asked(args: argparse.Namespace, restart: bool) -> Run:
    """`restart`: ask again, whatever was asked before; else a run with this very set-up is kept."""
    from evals.asking import library_asker
    from evals.baseline import Setup, flat, short
    from evals.errors import BadRun
    from evals.questions import SAMPLE_FOLDER, set_hash
    from evals.runfile import RunMeta, read_meta, read_run
    from evals.running import run as run_questions
    from index.store import open_library
    from ui.progress import progress

    questions = evaluation.questions_of(args.questions)
    drafts = [q.id for q in questions if q.extra.get("status") == "draft"]
    if drafts:
        raise BadRun(
            f"{len(drafts)} questions are drafts ({drafts[0]}): review them, then wenju eval join"
        )
    path, as_of = evaluation.library_of(args), common.as_of(args)
    rag = common.settings(args, ["rag"]).stage("rag")
    with open_library(path) as library:
        documents = {i.doc_id: short(i.content_hash) for i in library.documents()}
        made_with = flat(asdict(library.manifest.fingerprint), "index.")
        digest = library.hash
    if args.run_file is not None:
        cases, meta = read_run(args.run_file), read_meta(args.run_file)
        if meta is None:
            raise BadRun(f"{args.run_file} lies without its .meta.json: copy both")
        if meta.questions != set_hash(questions):
            raise BadRun(f"{args.run_file} asked another question set than {args.questions}")
        if meta.library != digest:
            raise BadRun(
                f"{args.run_file} was made with library {short(meta.library)}, {args.index} is now "
                f"{short(digest)}: run it again"
            )
    else:
        out = args.out or _kept_at(args.baseline)
        with library_asker(path, rag, as_of) as asker:
            meta = RunMeta(set_hash(questions), len(questions), asker.library, dict(asker.settings))
        if not restart:
            restart = read_meta(out) != RunMeta(**json.loads(json.dumps(asdict(meta), default=str)))
        with progress() as show:
            cases = run_questions(
                questions,
                lambda: library_asker(path, rag, as_of),
                out,
                workers=args.workers,
                restart=restart,
                on_progress=lambda now: show(now.done, now.total, now.last),
            )
    folder = args.documents or (SAMPLE_FOLDER if args.questions == evaluation.BUILTIN else None)
    setup = Setup(
        questions=short(meta.questions),
        documents=documents,
        library=short(meta.library),
        settings=json.loads(json.dumps(flat(meta.settings) | made_with, default=str)),
    )
    return Run(cases, setup, _hashes(folder) if folder else None)


def _hashes(folder: Path) -> dict[str, str]:
    from evals.baseline import short

    if not folder.is_dir():
        raise UsageError(
            f"--documents {folder}: {pick('没有这个文件夹', 'there is no such folder')}"
        )
    return {
        p.relative_to(folder).as_posix(): short(sha256(p.read_bytes()).hexdigest())
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def _kept_at(baseline: Path) -> Path:
    """Where the last run for a baseline lies, so that it can be accepted without asking again."""
    from index.places import cache_folder

    name = sha256(str(baseline.absolute()).encode()).hexdigest()[:16]
    return cache_folder() / "gate" / f"{name}.jsonl"


def _write_report(path: Path, found: Gate, run: Run) -> None:
    from evals.gate_reports import gate_json, gate_junit, gate_text

    ending = path.suffix.lower()
    if ending == ".json":
        text = json.dumps(gate_json(found), ensure_ascii=False, indent=1) + "\n"
    elif ending == ".xml":
        text = gate_junit(found)
    elif ending == ".html":
        from evals.quality_page import quality_page

        text = quality_page(run.cases, found)
    else:
        text = gate_text(found, ending == ".md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_error(path: Path, message: str, junit: str) -> None:
    ending = path.suffix.lower()
    if ending == ".json":
        text = json.dumps({"verdict": "not_comparable", "exit_code": 3, "headline": message},
                          ensure_ascii=False) + "\n"  # fmt: skip
    elif ending == ".xml":
        text = junit
    elif ending == ".html":
        from html import escape

        text = f'<!doctype html><meta charset="utf-8"><p>{escape(message)}</p>\n'
    else:
        text = f"NOT COMPARABLE: {message}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
