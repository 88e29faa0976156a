"""`wenju eval`: question sets checked, run, scored, compared, perturbed and calibrated on."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ui import calibrating, evaluation
from ui.commands import common, eval_gate
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
  wenju eval calibrate 我的问题.jsonl --index 资料
  wenju eval perturb year builtin --out 换了年份/
  wenju eval convert squad dev.json --out dev/"""

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
    eval_gate.add_library(check)
    eval_gate.add_documents(check)

    run = part(
        "run", evaluation.run, "逐题回答并记录（可中断续做）", "ask every question; resumable"
    )
    _add_questions(run)
    eval_gate.add_library(run)
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
    eval_gate.add_format(run)
    _add_by(run)
    common.add_max_risk(run)
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
    eval_gate.add_library(score)
    eval_gate.add_format(score)
    _add_by(score)

    compare = part(
        "compare", evaluation.compare, "比较两次运行，附显著性检验", "what changed between two runs"
    )
    compare.add_argument("before", metavar="A.jsonl", type=Path)
    compare.add_argument("after", metavar="B.jsonl", type=Path)
    eval_gate.add_format(compare)
    compare.add_argument(
        "--listed", type=int, default=20, metavar="N", help=pick("列出多少题", "questions listed")
    )
    compare.add_argument(
        "--fail-if-worse",
        action="store_true",
        help=pick("有指标显著变差则退出码为 1", "exit 1 where a metric is significantly worse"),
    )

    eval_gate.add_parts(part)

    calibrate = part(
        "calibrate",
        calibrating.calibrate,
        "用自己的 50 至 100 题（含无答案的）校准资料库何时不作答，写成资料库的 calibration.json",
        "fit when a library is silent to 50 to 100 questions of your own, some without an answer;"
        " written as calibration.json of the library",
    )
    _add_questions(calibrate, nargs="?")
    eval_gate.add_library(calibrate)
    calibrate.add_argument(
        "--out",
        metavar="FILE.json",
        type=Path,
        help=pick(
            "写到别处，暂不启用（默认：资料库的 calibration.json）",
            "write elsewhere, to be used later (default: calibration.json of the library)",
        ),
    )
    calibrate.add_argument(
        "--remove",
        action="store_true",
        help=pick("删除资料库的校准，恢复自带的判断", "take it away again: judge as shipped"),
    )
    calibrate.add_argument(
        "--as-of",
        metavar="DATE",
        help=pick("题目未注明时的「今天」", "today, unless a question says"),
    )
    common.add_settings(calibrate)

    perturb = part(
        "perturb", evaluation.perturb, "改动问题或文档，另存一份", "change questions or documents"
    )
    kinds = " ".join(PERTURBATIONS)
    perturb.add_argument("kind", choices=PERTURBATIONS, metavar="KIND", help=kinds)
    _add_questions(perturb)
    eval_gate.add_documents(perturb)
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


def _add_questions(parser: Any, **options: Any) -> None:
    parser.add_argument(
        "questions",
        metavar="QUESTIONS",
        **options,
        help=pick("问题集（文件或文件夹），或 builtin", "a file or folder, or builtin"),
    )


def _add_by(parser: Any) -> None:
    parser.add_argument(
        "--by",
        default="lang,type,level",
        metavar="GROUPS",
        help="lang,type,document,folder,level,style,split",
    )
