"""`wenju batch`: a file of questions to a file of answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ui.commands import common
from ui.errors import UsageError
from ui.messages import pick, say

if TYPE_CHECKING:
    from ui.batch import BatchReport

HELP = pick("成批回答一个文件里的问题", "answer a file of questions")
EXAMPLES = """\
  wenju batch questions.jsonl --out answers.jsonl
  wenju batch 问题.xlsx --index 芯片 --out 答案.csv
  wenju batch questions.txt --out answers.jsonl --retry-failed"""
DETAILS = pick(
    "问题表：.jsonl（id、question）、.csv 或 .xlsx（编号、问题 两列）、.txt（每行一问）；"
    "其余列原样带出。"
    "中断后再次运行同一条命令即可接着做；出错的问题记为 error，不影响其他问题。",
    "Questions: .jsonl (id, question), .csv or .xlsx (columns id, question) or .txt (a question a"
    " line); further columns are passed through. A run that was stopped goes on where it was; a"
    " question that fails becomes a record with status error.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("questions", metavar="QUESTIONS", help=pick("问题表", "file of questions"))
    parser.add_argument(
        "--out", metavar="FILE", required=True, help=pick(".jsonl 或 .csv", ".jsonl or .csv")
    )
    common.add_index(parser)
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help=pick("重新回答上次出错的问题", "ask again what failed last time"),
    )
    common.add_asking(parser)
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.store import open_library
    from rag.answering import Answerer
    from ui.batch import BatchProgress, BatchRun, run_batch
    from ui.progress import progress
    from ui.questions import read_questions
    from ui.rendering import duration
    from ui.results import result_format

    questions_path, out = Path(args.questions), Path(args.out)
    if out.exists() and questions_path.exists() and out.samefile(questions_path):
        raise UsageError(say("out_is_questions"))
    result_format(out, ())  # another ending is refused before anything is read
    as_of = common.as_of(args)
    settings = common.settings(args, ["rag"])
    questions = read_questions(questions_path)
    if questions.renamed:
        common.note(say("batch_renamed", n=questions.renamed))
    with open_library(common.library_path(args)) as library, progress() as show:

        def on_progress(now: BatchProgress) -> None:
            left = duration(now.seconds_left)
            show(now.done, now.total, say("batch_left", time=left))

        report = run_batch(
            questions,
            out,
            Answerer(library, settings.stage("rag")),
            BatchRun(library.hash, as_of, common.filters(args, library), args.retry_failed),
            on_progress=on_progress,
        )
    _print_report(report, out)
    if report.interrupted:
        return 130
    return 1 if report.count("error") == report.total else 0


def _print_report(report: BatchReport, out: Path) -> None:
    from ui.rendering import duration

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
    if report.count("error"):
        print(say("batch_retry"))
