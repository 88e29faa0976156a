"""`wenju ask`: one question, its answer, and the words it rests on."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ui.commands import common
from ui.errors import UsageError
from ui.messages import language_of, pick, say

if TYPE_CHECKING:
    from rag.schema import Answer

HELP = pick("提一个问题，答案附原文出处", "ask a question; the answer shows its sources")
EXAMPLES = """\
  wenju ask "川普去年对芯片干了啥"
  wenju ask "锂价跌了几成" --index demo --source '关键矿产/*' --as-of 2026-06-30
  wenju ask "那日本呢？" --after "美国2025年的稀土产量是多少？"
  wenju ask "外卖小哥受伤谁赔" --kind transcript --since 2025 --explain
  echo "What did the controls change?" | wenju ask --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "question",
        metavar="QUESTION",
        nargs="*",
        help=pick(
            "问题；不写则从标准输入读取", "the question; without one, standard input is read"
        ),
    )
    common.add_index(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help=pick(
            "输出完整的答案记录（JSON，一行）", "print the whole answer record (JSON, a line)"
        ),
    )
    parser.add_argument(
        "--after",
        metavar="QUESTION",
        action="append",
        default=[],
        help=pick(
            "之前问过的问题，追问据此补全；可多次使用，先问的在前",
            "an earlier question that this one follows up; may be repeated, earliest first",
        ),
    )
    common.add_explain(parser)
    common.add_asking(parser)
    common.add_max_risk(parser)
    common.add_engine(parser)
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.store import open_library
    from rag.answering import Answerer

    question = question_of(args.question)
    as_of = common.as_of(args)
    settings = common.settings(args, ["rag"])
    with open_library(common.library_path(args)) as library:
        answerer = Answerer(library, settings.stage("rag"))
        where = common.filters(args, library)
        # What was answered before says who "she" is and which document is meant.
        history: list[Answer] = []
        for earlier in args.after:
            history.append(answerer.answer(earlier, as_of=as_of, where=where, history=history))
        found = None
        if args.explain:
            answer, found = answerer.explained(question, as_of=as_of, where=where, history=history)
        else:
            answer = answerer.answer(question, as_of=as_of, where=where, history=history)
        if args.json:
            import json

            print(json.dumps(answer.to_record(), ensure_ascii=False))
            if found is not None:
                from ui.explaining import explanation

                print(json.dumps({"explain": explanation(found)}, ensure_ascii=False))
        else:
            from ui.context import context_of
            from ui.rendering import COLOUR, PLAIN, render_answer

            print(
                render_answer(
                    answer,
                    style=COLOUR if common.is_coloured(sys.stdout) else PLAIN,
                    context=context_of(answer, library),
                    width=common.terminal_width(),
                )
            )
            if found is not None:
                from ui.explaining import render_explanation

                print(f"\n{render_explanation(found, lang=language_of(question))}")
    return 1 if answer.status == "error" else 0


def question_of(words: list[str]) -> str:
    """The words of the command line, or standard input where there are none.

    Raises UsageError where a person at a terminal gave nothing.
    """
    if words and words != ["-"]:
        return " ".join(words)
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(say("no_question"))
    piped = getattr(sys.stdin, "buffer", None)
    if piped is None:
        return sys.stdin.read().strip()
    from ui.questions import decode

    data: bytes = piped.read()
    try:
        return decode(data).strip()  # a Chinese Windows pipes GB18030
    except UnicodeDecodeError:
        return data.decode(errors="replace").strip()
