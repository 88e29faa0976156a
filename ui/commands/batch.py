"""`wenju batch`: a file of questions to a file of answers."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ui.commands import common
from ui.errors import UsageError
from ui.messages import pick, say

if TYPE_CHECKING:
    from ui.batch import BatchReport

_SHOWN = 3  # reasons of each kind

HELP = pick("成批回答一个文件里的问题", "answer a file of questions")
EXAMPLES = """\
  wenju batch questions.jsonl --out answers.jsonl
  wenju batch 问题.xlsx --index 芯片 --out 答案.csv
  wenju batch 一万个问题.csv --out 答案.xlsx --workers 4
  wenju batch questions.txt --out answers.jsonl --retry-failed"""
DETAILS = pick(
    "问题表：.jsonl（id、question）、.csv 或 .xlsx（编号、问题 两列）、.txt（每行一问）；"
    "其余列原样带出。"
    "中断后再次运行同一条命令即可接着做；出错的问题记为 error，不影响其他问题；"
    "相同的问题只回答一次。"
    "CSV 和 XLSX 每条引文一列，XLSX 里点引文即打开原文件；"
    "XLSX 旁边留一个同名的 .xlsx.jsonl，接着做时要用。",
    "Questions: .jsonl (id, question), .csv or .xlsx (columns id, question) or .txt (a question a"
    " line); further columns are passed through. A run that was stopped goes on where it was; a"
    " question that fails becomes a record with status error; equal questions are answered once."
    " CSV and XLSX have a column for each citation, in XLSX it opens its source; beside an XLSX"
    " lies a .xlsx.jsonl that the next run goes on from.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("questions", metavar="QUESTIONS", help=pick("问题表", "file of questions"))
    parser.add_argument(
        "--out", metavar="FILE", required=True,
        help=pick(".jsonl、.csv 或 .xlsx", ".jsonl, .csv or .xlsx"),
    )  # fmt: skip
    common.add_index(parser)
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help=pick("重新回答上次出错的问题", "ask again what failed last time"),
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help=pick(
            "同时用几个进程（默认按核数和问题数定）", "processes (default: by cores and questions)"
        ),
    )
    common.add_asking(parser)
    common.add_max_risk(parser)
    common.add_engine(parser)
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.store import open_library
    from rag.answering import Answerer
    from ui.batch import BatchProgress, BatchRun, run_batch
    from ui.linking import links_of
    from ui.progress import progress
    from ui.questions import read_questions
    from ui.rendering import duration
    from ui.results import result_format
    from ui.workers import Threads, Workers, sensible

    questions_path, out = Path(args.questions), Path(args.out)
    if out.exists() and questions_path.exists() and out.samefile(questions_path):
        raise UsageError(say("out_is_questions"))
    if out.suffix.lower() != ".xlsx":
        result_format(out, ())  # another ending is refused before anything is read
    as_of = common.as_of(args)
    settings = common.settings(args, ["rag"])
    questions = read_questions(questions_path)
    if questions.renamed:
        common.note(say("batch_renamed", n=questions.renamed))
    if args.workers is not None and not 1 <= args.workers <= 64:
        raise UsageError(say("bad_workers", n=args.workers))
    path, rag = common.library_path(args), settings.stage("rag")
    with ExitStack() as stack:
        library = stack.enter_context(open_library(path))
        run = BatchRun(library.hash, as_of, common.filters(args, library), args.retry_failed)
        n = args.workers or sensible(len(questions.questions), library)
        one = Answerer(library, rag)
        answerer: Answerer | Threads | Workers = one
        if rag.llm.is_used:
            # Waiting is all there is to it: one process keeps one budget and one account.
            answerer = stack.enter_context(Threads(one, run, args.workers or rag.llm.concurrency))
        elif n > 1:
            answerer = stack.enter_context(Workers(path, rag, run, n))
        show = stack.enter_context(progress())

        def on_progress(now: BatchProgress) -> None:
            left = duration(now.seconds_left)
            show(now.done, now.total, say("batch_left", time=left))

        link = links_of(library)
        report = run_batch(questions, out, answerer, run, link=link, on_progress=on_progress)
    _print_report(report, out)
    if report.interrupted:
        return 130
    return 1 if report.count("error") == report.total else 0


def _print_report(report: BatchReport, out: Path) -> None:
    from ui.rendering import duration, printable

    if report.repaired:
        common.note(say("batch_repaired", out=out))
    if report.changed:
        common.note(say("batch_changed", n=report.changed))
    if report.backup is not None:
        n = report.dropped + report.changed
        common.note(say("batch_dropped", n=n, backup=report.backup))
    if report.older:
        common.note(say("batch_older", n=report.older))
    if report.interrupted:
        common.note(say("batch_stopped", n=report.kept + report.asked, out=out))
        return
    print(
        say(
            "batch_summary",
            total=report.total,
            answered=report.count("answered"),
            abstained=report.count("abstained"),
            failed=report.count("error"),
            asked=report.asked,
            kept=report.kept,
            seconds=duration(report.seconds),
            out=out,
        )
    )
    if report.repeated:
        print(say("batch_repeated", n=report.repeated))
    for key, counts in (("batch_why_not", report.reasons), ("batch_why_failed", report.errors)):
        for reason, n in counts.most_common(_SHOWN):
            print(say(key, n=n, reason=printable(reason)))
        if len(counts) > _SHOWN:
            print(f"  {say('and_more', n=len(counts) - _SHOWN)}")
    if report.count("error"):
        print(say("batch_retry"))
