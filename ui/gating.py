"""What `wenju eval gate` and `wenju eval accept` do: each gives the exit code.

gate: 0 no significant regression, 1 a regression, 2 too few questions (with --require-power),
3 broken or not comparable.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ui import evaluation
from ui.commands import common
from ui.errors import UiError, UsageError
from ui.measuring import Run, ask_set, refuse_drafts, setup_of
from ui.messages import pick, system_language
from ui.quality import quality_of

if TYPE_CHECKING:
    from evals.baseline import Baseline
    from evals.gating import Gate

NOT_COMPARABLE = 3
ENDINGS = (".txt", ".md", ".json", ".xml", ".html")


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
        told = getattr(error, "told", {}).get(system_language(), str(error))
        common.note(f"{pick('无法比较：', 'not comparable: ')}{told}")
        for path in args.report:
            _write_error(path, told, error_junit(str(error)))
        with contextlib.suppress(UiError, ValueError, OSError):
            path = evaluation.library_of(args)
            if (path / "manifest.json").is_file():
                quality_of(path).keep("gate", (), problem=error)
        return NOT_COMPARABLE
    for path in args.report:
        _write_report(path, found, run)
    if args.format == "json":
        from evals.gate_reports import gate_json

        print(json.dumps(gate_json(found), ensure_ascii=False))
    else:
        markdown = args.format == "markdown"
        print(gate_text(found, markdown, args.listed, system_language()), end="")
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
    _keep(args, "gate", run, found)
    return found, run


def _keep(
    args: argparse.Namespace, kind: str, run: Run, found: Gate | None = None, reason: str = ""
) -> None:
    """For the page's Quality tab; where it cannot be written, the verdict stands all the same."""
    with contextlib.suppress(OSError):
        quality = quality_of(evaluation.library_of(args))
        if args.questions != evaluation.BUILTIN:
            quality.remember(questions=Path(args.questions), baseline=args.baseline)
        quality.keep(kind, run.cases, found, library=run.setup.library, reason=reason)


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
    args.questions = args.questions or _own_set(args)
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
    _keep(args, "accept", run, reason=args.reason.strip())
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
    args.index = args.index or baseline.asked.get("index")
    args.questions = args.questions or baseline.asked.get("questions") or _own_set(args)


def _own_set(args: argparse.Namespace) -> str:
    """The library's own questions where it has some, else those of the samples."""
    if args.index is not None:
        own = quality_of(common.library_path(args)).questions
        if own.exists():
            return str(own)
    return evaluation.BUILTIN


def asked(args: argparse.Namespace, restart: bool) -> Run:
    """`restart`: ask again, whatever was asked before; else a run with this very set-up is kept."""
    from evals.baseline import short
    from evals.errors import BadRun
    from evals.questions import SAMPLE_FOLDER, set_hash
    from evals.runfile import read_meta, read_run
    from index.store import open_library
    from ui.progress import progress

    questions = evaluation.questions_of(args.questions)
    refuse_drafts(questions)
    path, as_of = evaluation.library_of(args), common.as_of(args)
    rag = common.settings(args, ["rag"]).stage("rag")
    if args.run_file is not None:
        cases, meta = read_run(args.run_file), read_meta(args.run_file)
        if meta is None:
            raise BadRun(f"{args.run_file} lies without its .meta.json: copy both")
        if meta.questions != set_hash(questions):
            raise BadRun(f"{args.run_file} asked another question set than {args.questions}")
        with open_library(path) as library:
            digest = library.hash
        if meta.library != digest:
            raise BadRun(
                f"{args.run_file} was made with library {short(meta.library)}, {args.index} is now "
                f"{short(digest)}: run it again"
            )
    else:
        out = args.out or _kept_at(args.baseline)
        with progress() as show:
            cases, meta = ask_set(
                path, questions, rag, out, as_of=as_of, workers=args.workers, restart=restart,
                on_progress=show,
            )  # fmt: skip
    folder = args.documents or (SAMPLE_FOLDER if args.questions == evaluation.BUILTIN else None)
    return Run(cases, setup_of(path, meta), _hashes(folder) if folder else None)


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

        text = quality_page(run.cases, found, system_language())
    else:
        text = gate_text(found, ending == ".md", lang=system_language())
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
        from evals.quality_page import quality_page

        text = quality_page((), lang=system_language(), problem=message)
    else:
        text = f"{'### ' if ending == '.md' else ''}NOT COMPARABLE: {message}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
