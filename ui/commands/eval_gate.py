"""The parts of `wenju eval` that gate, draft and judge; and the arguments that parts share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ui import drafting, gating
from ui.commands import common
from ui.messages import pick

FORMATS = ("text", "markdown", "json")


def add_parts(part: Callable[..., Any]) -> None:
    """`part`: makes the parser of one action, from its name, what it does, and its help."""
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
    add_format(gate)

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

    draft = part(
        "draft",
        drafting.draft,
        "把用户的反馈变成问题草稿，供人核对",
        "feedback becomes draft questions, for a person to correct",
    )
    draft.add_argument("--out", metavar="DRAFTS.jsonl", required=True, type=Path)
    draft.add_argument(
        "--rating", choices=("all", "good", "bad"), default="all", help="all good bad"
    )
    draft.add_argument("--user", metavar="NAME", help=pick("只要这位用户的", "of this user only"))
    add_library(draft)

    suggest = part(
        "suggest",
        drafting.suggest,
        "从资料的数字、表格、注释和标题提出问题草稿，附原文",
        "draft questions from a library's figures, tables, notes and headings, with quotes",
    )
    suggest.add_argument("--out", metavar="DRAFTS.jsonl", required=True, type=Path)
    suggest.add_argument(
        "-n", "--number", type=int, default=50, metavar="N", help=pick("至多几题", "at most")
    )
    add_library(suggest)

    join = part(
        "join",
        drafting.join,
        "核对过（status 为 accepted）的草稿并入问题集",
        "drafts that were accepted join a question set",
    )
    join.add_argument("drafts", metavar="DRAFTS.jsonl", type=Path)
    join.add_argument(
        "--into",
        metavar="QUESTIONS.jsonl",
        type=Path,
        help=pick("默认是资料库自己的问题集", "default: the library's own set"),
    )
    add_library(join)
    add_documents(join)

    judge = part(
        "judge",
        drafting.judge,
        "（可选）请语言模型给一次运行打分；它从不单独决定成败",
        "optional: a language model grades a run; it blocks nothing by itself",
    )
    judge.add_argument("results", metavar="RUN.jsonl", type=Path)
    judge.add_argument(
        "--labels",
        metavar="LABELS.jsonl",
        type=Path,
        help=pick(
            '人工标注，每行 {"id": …, "correct": true}，用来算 κ',
            'what people say, lines of {"id": …, "correct": true}: for kappa',
        ),
    )
    judge.add_argument("--out", metavar="FILE.json", type=Path)
    judge.add_argument(
        "--listed", type=int, default=20, metavar="N", help=pick("列出多少题", "questions listed")
    )
    add_format(judge)
    common.add_settings(judge)


def _add_gated(parser: Any) -> None:
    """What gate and accept share: what is asked of what."""
    parser.add_argument(
        "questions",
        metavar="QUESTIONS",
        nargs="?",
        help=pick(
            "问题集；默认是基线的，或资料库自己的",
            "the question set (default: the baseline's, or the library's own)",
        ),
    )
    parser.add_argument("--baseline", metavar="FILE.json", required=True, type=Path)
    add_library(parser)
    add_documents(parser)
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


def add_library(parser: Any) -> None:
    parser.add_argument(
        "--index", metavar="LIBRARY", help=pick("资料库的名字或路径", "name or path of the library")
    )


def add_documents(parser: Any) -> None:
    parser.add_argument(
        "--documents", metavar="FOLDER", type=Path, help=pick("文档所在文件夹", "their documents")
    )


def add_format(parser: Any) -> None:
    parser.add_argument("--format", choices=FORMATS, default="text", help=" ".join(FORMATS))
