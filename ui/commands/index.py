"""`wenju index`: read files, folders and globs into a library."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ui.commands import common
from ui.messages import pick, say

if TYPE_CHECKING:
    from index.ingesting import IndexReport, Progress
    from index.schema import Skipped

HELP = pick("把文件和文件夹读进资料库", "read files and folders into a library")
EXAMPLES = """\
  wenju index ~/资料
  wenju index 报告.pdf '2025/**/*.docx' --index 芯片
  wenju index --index 芯片        # 更新：只读有变化的 / update: reads only what changed"""

_SHOWN = 20  # of a long list; --verbose shows all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help=pick(
            "文件、文件夹或通配符；不写则更新资料库已知的来源",
            "files, folders or globs; without any, the library's known sources are brought up"
            " to date",
        ),
    )
    common.add_index(parser)
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help=pick("全部重读重建（修复时）", "read and build everything anew"),
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help=pick(
            "向量模型：static-zh（自带）、sentence-transformers 模型的文件夹或名字；"
            "换了模型只重算向量，文件不重读",
            "embedding model: static-zh (comes with wenju), the folder or the name of a"
            " sentence-transformers model; another one makes new vectors, files are not read again",
        ),
    )
    parser.add_argument(
        "--verbose", "-v", action="store_true",
        help=pick("列出每一个未读入的文件", "list every file that was not read"),
    )  # fmt: skip
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.ingesting import index_sources
    from ui.progress import progress

    if args.model is not None:
        args.set = [*args.set, f"embedding.model={args.model}"]
    settings = common.settings(args, ["index"])
    names_model = any(one.key.startswith("embedding.") for one in settings.given)
    path = common.library_path(args)
    with progress() as show:

        def on_progress(now: Progress) -> None:
            if now.chunks_total:
                show(now.chunks_done, now.chunks_total, say("index_embedding"))
            else:
                show(now.files_done, now.files_total, now.source or say("index_writing"))

        try:
            report = index_sources(
                path,
                [Path(p) for p in args.paths],
                settings.stage("index"),
                rebuild=args.rebuild,
                keep_model=not names_model,
                on_progress=on_progress,
            )
        except KeyboardInterrupt:
            common.note(say("index_kept"))
            raise
    print_report(report, path.name, limit=None if args.verbose else _SHOWN)
    done = report.added + report.changed + report.unchanged + report.removed
    if not done:
        return 1
    print(say("index_next", index=common.index_hint(args)))
    return 0


def print_report(report: IndexReport, name: str, *, limit: int | None = _SHOWN) -> None:
    """What was indexed, and what was not and why."""
    from ui.rendering import duration

    if report.generation:
        print(
            say(
                "index_done",
                name=name,
                documents=report.n_documents,
                chunks=report.n_chunks,
                generation=report.generation,
                seconds=duration(report.seconds),
            )
        )
        print(
            say(
                "index_changes",
                added=report.added,
                changed=report.changed,
                unchanged=report.unchanged,
                removed=report.removed,
            )
        )
        if report.reembedded:
            print(say("index_reembedded", model=report.reembedded))
    for key, items in (
        ("index_failed", [s for s in report.skipped if s.is_error]),
        ("index_skipped", [s for s in report.skipped if not s.is_error]),
    ):
        if items:
            print(say(key, n=len(items)))
            _print_skipped(items, limit)


def _print_skipped(items: Sequence[Skipped], limit: int | None) -> None:
    from ui.rendering import printable

    for item in items[:limit]:
        # Most reasons begin with the name themselves.
        named = item.reason.startswith(item.source)
        line = item.reason if named else f"{item.source}{say('colon')}{item.reason}"
        print(f"  {printable(line)}")
    if limit is not None and len(items) > limit:
        print(f"  {say('and_more', n=len(items) - limit)}")
