"""`wenju demo`: the sample library, and six questions to it."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from ui.commands import common
from ui.messages import pick, say

HELP = pick("用自带的示例资料演示", "a demonstration with the sample documents")
EXAMPLES = """\
  wenju demo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.errors import IndexMismatch, LibraryBroken, LibraryVersion
    from index.ingesting import index_sources
    from index.places import resolve_library
    from index.store import open_library
    from rag.answering import Answerer
    from ui.commands.index import print_report
    from ui.context import context_of
    from ui.demo import AS_OF, LIBRARY, QUESTIONS, forget_other_samples, sample_folder
    from ui.progress import progress
    from ui.rendering import COLOUR, PLAIN, render_answer

    settings = common.settings(args, ["index", "rag"])
    path = resolve_library(LIBRARY)
    forget_other_samples(path)
    style = COLOUR if common.is_coloured(sys.stdout) else PLAIN
    with progress() as show:
        make = partial(
            index_sources,
            path,
            [sample_folder()],
            settings.stage("index"),
            on_progress=lambda now: show(
                now.files_done, now.files_total, now.source or say("index_writing")
            ),
        )
        try:
            report = make()
        except (IndexMismatch, LibraryVersion, LibraryBroken):
            # Made by an earlier version: there is nothing in it that we could not make again.
            report = make(rebuild=True)
    print_report(report, LIBRARY)
    print(say("demo_as_of", date=AS_OF))
    with open_library(path) as library:
        answerer = Answerer(library, settings.stage("rag"))
        for number, one in enumerate(QUESTIONS, 1):
            question = f"{style.strong[0]}{number}. {one.question}{style.strong[1]}"
            print(f"\n{question}  ({pick(*one.shows)})\n")
            answer = answerer.answer(one.question, id=f"demo{number}", as_of=AS_OF)
            print(
                render_answer(
                    answer,
                    style=style,
                    context=context_of(answer, library),
                    width=common.terminal_width(),
                )
            )
    print("\n" + say("demo_next"))
    return 0
