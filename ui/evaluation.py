"""What `wenju eval` does, an action a function: each gives the exit code."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ui.commands import common
from ui.errors import UsageError
from ui.messages import pick

if TYPE_CHECKING:
    from evals.case import Case
    from evals.schema import Question

BUILTIN = "builtin"
BUILTIN_LIBRARY = "demo"


def questions_of(name: str, split: str | None = None) -> list[Question]:
    from evals.questions import builtin, load

    if name == BUILTIN:
        return builtin(split)
    return [q for q in load(Path(name)) if split in (None, q.split)]


def library_of(args: argparse.Namespace) -> Path:
    builtin = getattr(args, "questions", None) == BUILTIN
    if args.index is None:
        args.index = BUILTIN_LIBRARY if builtin else common.DEFAULT_LIBRARY
    return common.library_path(args)


def _documents(args: argparse.Namespace) -> Path | None:
    from evals.questions import SAMPLE_FOLDER

    given: Path | None = args.documents
    return SAMPLE_FOLDER if given is None and args.questions == BUILTIN else given


def check(args: argparse.Namespace) -> int:
    from evals.checking import check as find_problems
    from evals.sources import LibrarySources, folder_sources
    from index.store import open_library

    questions = questions_of(args.questions)
    folder = _documents(args)
    if args.index is not None:
        with open_library(library_of(args)) as library:
            problems = find_problems(questions, LibrarySources(library))
    elif folder is not None:
        sources, skipped = folder_sources(folder)
        for one in skipped:
            if one.is_error:
                common.note(one.reason)
        problems = find_problems(questions, sources)
    else:
        common.note(
            pick(
                "没有给 --documents 或 --index：引文未核对",
                "neither --documents nor --index: quotes are not looked up",
            )
        )
        problems = find_problems(questions)
    for problem in problems:
        print(problem)
    errors = sum(p.kind == "error" for p in problems)
    silent = sum(not q.answerable for q in questions)
    print(
        pick(
            f"{len(questions)} 题（{silent} 题无答案）：{errors} 处错误，"
            f"{len(problems) - errors} 处提醒",
            f"{len(questions)} questions ({silent} unanswerable): {errors} errors, "
            f"{len(problems) - errors} warnings",
        )
    )
    return 1 if errors else 0


def run(args: argparse.Namespace) -> int:
    from evals.asking import library_asker
    from evals.running import run as run_questions
    from ui.progress import progress

    if args.workers < 1:
        raise UsageError(f"--workers {args.workers}: {pick('至少为 1', 'it must be 1 or more')}")
    questions = questions_of(args.questions, args.split)
    path, as_of = library_of(args), common.as_of(args)
    rag = common.settings(args, ["rag"]).stage("rag")
    with progress() as show:
        cases = run_questions(
            questions,
            lambda: library_asker(path, rag, as_of),
            args.out,
            workers=args.workers,
            restart=args.restart,
            on_progress=lambda now: show(now.done, now.total, now.last),
        )
    _print_report(args, cases)
    failed = [c for c in cases if c.status == "error"]
    if failed:
        first = failed[0].record.get("error")
        common.note(
            pick(
                f"{len(failed)} 题出错，第一题 {failed[0].question.id}：{first}",
                f"{len(failed)} questions failed, the first is {failed[0].question.id}: {first}",
            )
        )
    return 1 if len(failed) == len(cases) else 0


def score(args: argparse.Namespace) -> int:
    from evals.examining import examine
    from evals.runfile import read_records, read_run
    from evals.sources import LibrarySources
    from index.store import open_library

    if args.questions is None:
        _print_report(args, read_run(args.results))
        return 0
    records = {str(r.get("id")): r for r in read_records(args.results)}
    with open_library(library_of(args)) as library:
        sources = LibrarySources(library)
        cases = [examine(q, records.get(q.id), sources) for q in questions_of(args.questions)]
    _print_report(args, cases)
    return 0


def _print_report(args: argparse.Namespace, cases: list[Case]) -> None:
    from evals.reporting import GROUPINGS, report, report_json, report_tables

    by = [name for name in args.by.split(",") if name]
    unknown = [name for name in by if name not in GROUPINGS]
    if unknown:
        raise UsageError(f"--by {unknown[0]}: {', '.join(GROUPINGS)}")
    found = report(cases, by)
    if args.format == "json":
        print(json.dumps(report_json(found), ensure_ascii=False))
    else:
        print(report_tables(found, markdown=args.format == "markdown"), end="")


def compare(args: argparse.Namespace) -> int:
    from evals.comparing import compare as compare_runs
    from evals.reporting import comparison_json, comparison_tables
    from evals.runfile import read_run

    found = compare_runs(read_run(args.before), read_run(args.after))
    if args.format == "json":
        print(json.dumps(comparison_json(found), ensure_ascii=False))
    else:
        print(comparison_tables(found, args.format == "markdown", args.listed), end="")
    worse = any(d.significant and d.is_worse for d in found.differences)
    return 1 if worse and args.fail_if_worse else 0


def perturb(args: argparse.Namespace) -> int:
    from evals.perturbing import QUESTION_KINDS, perturb_questions
    from evals.perturbing_documents import perturb_documents
    from evals.questions import save
    from evals.sources import folder_sources

    questions, folder = questions_of(args.questions), _documents(args)
    if folder is None:
        raise UsageError(pick("缺少 --documents 文件夹", "--documents FOLDER is needed"))
    if args.kind in QUESTION_KINDS:
        sources, _ = folder_sources(folder)
        changed = perturb_questions(args.kind, questions, sources)
        index = folder
    else:
        found = perturb_documents(args.kind, questions, folder, args.out / "documents")
        changed, index = found.questions, found.documents
    path = args.out / "questions.jsonl"
    save(changed, path)
    print(
        pick(
            f"{len(changed)} 题 → {path}（共 {len(questions)} 题）；对应的文档：{index}",
            f"{len(changed)} of {len(questions)} questions → {path}; their documents: {index}",
        )
    )
    return 0


def convert(args: argparse.Namespace) -> int:
    from evals.loaders.beir import load_beir
    from evals.loaders.passages import load_passages
    from evals.loaders.rgb import load_rgb
    from evals.loaders.squad import load_squad
    from evals.loaders.tables import load_table
    from evals.questions import save

    if args.format == "passages":
        name, _, part_name = (args.set_name or "").partition(":")
        if not part_name:
            raise UsageError("--set-name NAME:PART")
        loaded = load_passages(args.path, name, part_name, args.lang)
    elif args.format == "beir":
        loaded = load_beir(args.path, lang=args.lang)
    else:
        load = {"squad": load_squad, "rgb": load_rgb, "csv": load_table}[args.format]
        loaded = load(args.path, args.lang)
    corpus = loaded.write_corpus(args.out / "documents")
    save(loaded.questions, args.out / "questions.jsonl")
    print(
        pick(
            f"{len(loaded.questions)} 题 → {args.out / 'questions.jsonl'}；文档 → {corpus}\n"
            f"下一步：wenju index {corpus.parent} --index {loaded.name}",
            f"{len(loaded.questions)} questions → {args.out / 'questions.jsonl'}; "
            f"documents → {corpus}\nNext: wenju index {corpus.parent} --index {loaded.name}",
        )
    )
    return 0
