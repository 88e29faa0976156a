"""`wenju eval`: question sets checked, run, scored, compared and perturbed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ui.commands import common
from ui.errors import UiError, UsageError
from ui.messages import pick

if TYPE_CHECKING:
    from evals.case import Case
    from evals.schema import Question

HELP = pick(
    "用带标准答案的问题集衡量回答质量", "measure answers against questions with gold answers"
)
DETAILS = pick(
    "QUESTIONS 是 JSON Lines 问题集（格式见 docs/evals.md）；builtin 指自带的问题集，"
    "默认在 demo 资料库上运行。",
    "QUESTIONS is a question set in JSON Lines (see docs/evals.md); builtin means the built-in set,"
    " which runs on the library demo unless told otherwise.",
)
EXAMPLES = """\
  wenju eval run builtin --out before.jsonl
  wenju eval run builtin --out after.jsonl --set retrieval.dense=0
  wenju eval compare before.jsonl after.jsonl
  wenju eval score before.jsonl --by type,document
  wenju eval check questions.jsonl --documents 资料/
  wenju eval perturb year builtin --out 换了年份/
  wenju eval convert squad dev.json --out dev/"""

BUILTIN = "builtin"
BUILTIN_LIBRARY = "demo"
FORMATS = ("text", "markdown", "json")
PERTURBATIONS = (
    "year", "country", "entity", "unit", "script", "number", "shuffle", "distract",
)  # fmt: skip
SETS = ("squad", "beir", "rgb", "csv", "passages")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(
        title=pick("做什么", "what to do"),
        metavar=pick("动作", "ACTION"),
        required=True,
        parser_class=type(parser),
    )

    def part(name: str, act: Callable[[argparse.Namespace], int], zh: str, en: str) -> Any:
        one = parts.add_parser(name, help=pick(zh, en), description=pick(zh, en))
        one.set_defaults(act=act)
        return one

    check = part("check", _check, "检查问题集：引文、编号、重复、比例", "is a question set sound")
    _add_questions(check)
    _add_library(check)
    _add_documents(check)

    run = part("run", _run, "逐题回答并记录（可中断续做）", "ask every question; resumable")
    _add_questions(run)
    _add_library(run)
    run.add_argument("--out", metavar="RUN.jsonl", required=True, type=Path)
    run.add_argument("--workers", type=int, default=1, metavar="N")
    run.add_argument(
        "--restart", action="store_true", help=pick("丢弃上次的记录", "discard an earlier run")
    )
    run.add_argument("--split", metavar="dev|test", help=pick("只用一部分", "one split only"))
    run.add_argument(
        "--as-of",
        metavar="DATE",
        help=pick("题目未注明时的「今天」", "today, unless a question says"),
    )
    _add_format(run)
    _add_by(run)
    common.add_settings(run)

    score = part("score", _score, "打分：一次 eval run，或一份 batch 的结果", "the table of a run")
    score.add_argument("results", metavar="RUN.jsonl", type=Path)
    score.add_argument(
        "--questions",
        metavar="QUESTIONS",
        help=pick("给 batch 的结果打分时：问题集", "of answers of wenju batch: their question set"),
    )
    _add_library(score)
    _add_format(score)
    _add_by(score)

    compare = part(
        "compare", _compare, "比较两次运行，附显著性检验", "what changed between two runs"
    )
    compare.add_argument("before", metavar="A.jsonl", type=Path)
    compare.add_argument("after", metavar="B.jsonl", type=Path)
    _add_format(compare)
    compare.add_argument(
        "--listed", type=int, default=20, metavar="N", help=pick("列出多少题", "questions listed")
    )
    compare.add_argument(
        "--fail-if-worse",
        action="store_true",
        help=pick("有指标显著变差则退出码为 1", "exit 1 where a metric is significantly worse"),
    )

    perturb = part("perturb", _perturb, "改动问题或文档，另存一份", "change questions or documents")
    kinds = " ".join(PERTURBATIONS)
    perturb.add_argument("kind", choices=PERTURBATIONS, metavar="KIND", help=kinds)
    _add_questions(perturb)
    _add_documents(perturb)
    perturb.add_argument("--out", metavar="FOLDER", required=True, type=Path)

    convert = part("convert", _convert, "转换其他格式的评测集", "turn another format into ours")
    convert.add_argument("format", choices=SETS, metavar="FORMAT", help=" ".join(SETS))
    convert.add_argument("path", metavar="PATH", type=Path)
    convert.add_argument("--out", metavar="FOLDER", required=True, type=Path)
    convert.add_argument("--lang", default="zh", metavar="zh|zh-Hant|en")
    convert.add_argument(
        "--set-name",
        metavar="NAME:PART",
        help=pick(
            "passages 文件夹中的哪一个，如 cmrc2018:dev", "of passages: such as cmrc2018:dev"
        ),
    )


def run(args: argparse.Namespace) -> int:
    from evals.errors import EvaluationError

    try:
        code: int = args.act(args)
    except EvaluationError as error:
        raise UiError(str(error)) from error
    return code


def _add_questions(parser: Any) -> None:
    parser.add_argument(
        "questions",
        metavar="QUESTIONS",
        help=pick("问题集（文件或文件夹），或 builtin", "a file or folder, or builtin"),
    )


def _add_library(parser: Any) -> None:
    parser.add_argument(
        "--index", metavar="LIBRARY", help=pick("资料库的名字或路径", "name or path of the library")
    )


def _add_documents(parser: Any) -> None:
    parser.add_argument(
        "--documents", metavar="FOLDER", type=Path, help=pick("文档所在文件夹", "their documents")
    )


def _add_format(parser: Any) -> None:
    parser.add_argument("--format", choices=FORMATS, default="text", help=" ".join(FORMATS))


def _add_by(parser: Any) -> None:
    parser.add_argument(
        "--by",
        default="lang,type,level",
        metavar="GROUPS",
        help="lang,type,document,level,style,split",
    )


def _questions(name: str, split: str | None = None) -> list[Question]:
    from evals.questions import builtin, load

    if name == BUILTIN:
        return builtin(split)
    return [q for q in load(Path(name)) if split in (None, q.split)]


def _library(args: argparse.Namespace) -> Path:
    builtin = getattr(args, "questions", None) == BUILTIN
    if args.index is None:
        args.index = BUILTIN_LIBRARY if builtin else common.DEFAULT_LIBRARY
    return common.library_path(args)


def _documents(args: argparse.Namespace) -> Path | None:
    from evals.questions import SAMPLE_FOLDER

    given: Path | None = args.documents
    return SAMPLE_FOLDER if given is None and args.questions == BUILTIN else given


def _check(args: argparse.Namespace) -> int:
    from evals.checking import check
    from evals.sources import LibrarySources, folder_sources
    from index.store import open_library

    questions = _questions(args.questions)
    folder = _documents(args)
    if args.index is not None:
        with open_library(_library(args)) as library:
            problems = check(questions, LibrarySources(library))
    elif folder is not None:
        sources, skipped = folder_sources(folder)
        for one in skipped:
            if one.is_error:
                common.note(one.reason)
        problems = check(questions, sources)
    else:
        common.note(
            pick(
                "没有给 --documents 或 --index：引文未核对",
                "neither --documents nor --index: quotes are not looked up",
            )
        )
        problems = check(questions)
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


def _run(args: argparse.Namespace) -> int:
    from evals.asking import library_asker

    from evals.running import run as run_questions
    from ui.progress import progress

    if args.workers < 1:
        raise UsageError(f"--workers {args.workers}: {pick('至少为 1', 'it must be 1 or more')}")
    questions = _questions(args.questions, args.split)
    path, as_of = _library(args), common.as_of(args)
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
    return 0


def _score(args: argparse.Namespace) -> int:
    from evals.examining import examine
    from evals.runfile import read_records, read_run
    from evals.sources import LibrarySources
    from index.store import open_library

    if args.questions is None:
        _print_report(args, read_run(args.results))
        return 0
    records = {str(r.get("id")): r for r in read_records(args.results)}
    with open_library(_library(args)) as library:
        sources = LibrarySources(library)
        cases = [examine(q, records.get(q.id), sources) for q in _questions(args.questions)]
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


def _compare(args: argparse.Namespace) -> int:
    from evals.comparing import compare
    from evals.reporting import comparison_json, comparison_tables
    from evals.runfile import read_run

    found = compare(read_run(args.before), read_run(args.after))
    if args.format == "json":
        print(json.dumps(comparison_json(found), ensure_ascii=False))
    else:
        print(comparison_tables(found, args.format == "markdown", args.listed), end="")
    worse = any(d.significant and d.is_worse for d in found.differences)
    return 1 if worse and args.fail_if_worse else 0


def _perturb(args: argparse.Namespace) -> int:
    from evals.perturbing import QUESTION_KINDS, perturb_questions
    from evals.perturbing_documents import perturb_documents
    from evals.questions import save
    from evals.sources import folder_sources

    questions, folder = _questions(args.questions), _documents(args)
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


def _convert(args: argparse.Namespace) -> int:
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
