"""`wenju eval`: question sets checked, run, scored, compared and perturbed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ui import evaluation, gating
from ui.commands import common
from ui.errors import UiError
from ui.messages import pick

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
  wenju eval accept builtin --baseline baseline.json --reason "第一份"
  wenju eval gate --baseline baseline.json --report gate.html --report gate.xml
  wenju eval check questions.jsonl --documents 资料/
  wenju eval perturb year builtin --out 换了年份/
  wenju eval convert squad dev.json --out dev/"""

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

    check = part(
        "check", evaluation.check, "检查问题集：引文、编号、重复、比例", "is a question set sound"
    )
    _add_questions(check)
    _add_library(check)
    _add_documents(check)

    run = part(
        "run", evaluation.run, "逐题回答并记录（可中断续做）", "ask every question; resumable"
    )
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

    score = part(
        "score", evaluation.score, "打分：一次 eval run，或一份 batch 的结果", "the table of a run"
    )
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
        "compare", evaluation.compare, "比较两次运行，附显著性检验", "what changed between two runs"
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

    gate = part(
        "gate",
        gating.gate,
        "与基线比较：显著变差则退出码 1，问题太少 2，无法比较 3",
        "against a baseline: exit 1 where significantly worse, 2 too few questions,"
        " 3 not comparable",
    )
    _add_gated(gate)
    gate.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help=pick(
            "另写一份报告，格式看扩展名：{}；可多次使用",
            "also write a report, by its ending: {}; may be repeated",
        ).format(" ".join(gating.ENDINGS)),
    )
    gate.add_argument(
        "--min-effect",
        type=float,
        default=0.01,
        metavar="SHARE",
        help=pick(
            "比这更小的下降不管（默认 0.01）", "smaller drops are left alone (default: 0.01)"
        ),
    )
    gate.add_argument(
        "--require-power",
        type=float,
        nargs="?",
        const=0.05,
        metavar="SHARE",
        help=pick(
            "看不出这么大的下降时退出码为 2，并说还差多少题（默认 0.05）",
            "exit 2 where a drop of this size would not be seen, with the number of questions"
            " that are missing (default: 0.05)",
        ),
    )
    gate.add_argument(
        "--strict",
        metavar="METRIC",
        action="append",
        default=[],
        help=pick(
            "这项指标有一题变差就算退步，如 offsets；可多次使用",
            "one question that is worse on it fails, such as offsets; may be repeated",
        ),
    )
    gate.add_argument(
        "--listed", type=int, default=20, metavar="N", help=pick("列出多少题", "questions listed")
    )
    _add_format(gate)

    accept = part(
        "accept",
        gating.accept,
        "把现在的结果定为基线，并写明理由",
        "make what is now the baseline, with a reason",
    )
    _add_gated(accept)
    accept.add_argument(
        "--reason", metavar="TEXT", required=True, help=pick("为什么", "why it is good enough")
    )

    perturb = part(
        "perturb", evaluation.perturb, "改动问题或文档，另存一份", "change questions or documents"
    )
    kinds = " ".join(PERTURBATIONS)
    perturb.add_argument("kind", choices=PERTURBATIONS, metavar="KIND", help=kinds)
    _add_questions(perturb)
    _add_documents(perturb)
    perturb.add_argument("--out", metavar="FOLDER", required=True, type=Path)

    convert = part(
        "convert", evaluation.convert, "转换其他格式的评测集", "turn another format into ours"
    )
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


def _add_gated(parser: Any) -> None:
    """What gate and accept share: what is asked of what."""
    parser.add_argument(
        "questions",
        metavar="QUESTIONS",
        nargs="?",
        help=pick("问题集；默认是基线的", "the question set (default: the baseline's)"),
    )
    parser.add_argument("--baseline", metavar="FILE.json", required=True, type=Path)
    _add_library(parser)
    _add_documents(parser)
    parser.add_argument(
        "--run",
        dest="run_file",
        metavar="RUN.jsonl",
        type=Path,
        help=pick(
            "不再提问，用这次 eval run 的结果", "ask nothing: take what eval run has written"
        ),
    )
    parser.add_argument("--out", metavar="RUN.jsonl", type=Path)
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        help=pick("题目未注明时的「今天」", "today, unless a question says"),
    )
    common.add_settings(parser)


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
