"""What several commands share: which library, which settings, which date, colour or not."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ui.errors import UiError, UsageError
from ui.messages import pick, say

if TYPE_CHECKING:
    from index.manifest import Manifest
    from index.store import Library
    from rag.filters import Filters
    from ui.settings import Settings

DEFAULT_LIBRARY = "default"


def add_index(parser: argparse.ArgumentParser, default: str = DEFAULT_LIBRARY) -> None:
    parser.add_argument(
        "--index",
        metavar="LIBRARY",
        default=default,
        help=pick(
            f"资料库的名字或路径（默认 {DEFAULT_LIBRARY}）",
            f"name or path of the library (default: {DEFAULT_LIBRARY})",
        ),
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help=pick(
            "改一项设置，如 reading.max_statements=2；可多次使用，wenju doctor 列出已改的",
            "change a setting, such as reading.max_statements=2; may be repeated",
        ),
    )


def add_max_risk(parser: argparse.ArgumentParser) -> None:
    """How careful."""
    parser.add_argument(
        "--max-risk",
        metavar="SHARE",
        help=pick(
            "答出来的题里，最多容许多大比例其实资料没有回答，如 0.05（默认 0.1；1 = 总要作答；"
            "见 docs/answering.md）",
            "of the answers given, the share that may be to questions which the sources do not"
            " answer, such as 0.05 (default: 0.1; 1 answers always; see docs/answering.md)",
        ),
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Who puts the answer together."""
    parser.add_argument(
        "--engine",
        choices=("auto", "llm", "extractive"),
        help=pick(
            "谁来组织答案：llm 语言模型（每句话都核对过原文，见 docs/llm.md）、"
            "extractive 只摘录原文、"
            "auto 设了模型就用模型（默认）",
            "who puts the answer together: llm, a language model whose every statement is checked"
            " against the sources (docs/llm.md); extractive, quotes only; auto, the model where one"
            " is set (default)",
        ),
    )


def add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--explain",
        action="store_true",
        help=pick(
            "说明怎么找到的：问题里的词扩展成了什么、来自哪里，各路检索的名次，每句得分的构成"
            "（与 --json 同用时多一行）",
            "show how it was found: what the question's words were expanded to and from where,"
            " each arm's rank, what each sentence's score is made of (with --json: one more line)",
        ),
    )


def add_asking(parser: argparse.ArgumentParser) -> None:
    """Where is looked, and what 今年 means."""
    parser.add_argument(
        "--source",
        metavar="PATTERN",
        action="append",
        help=pick(
            "只在这些来源里找，如 '*.pdf' 或 '贸易/*'；可多次使用",
            "look only in these sources, such as '*.pdf' or 'trade/*'; may be repeated",
        ),
    )
    parser.add_argument(
        "--kind",
        metavar="KIND",
        action="append",
        help=pick(
            "只在这几类文档里找：report 报告、paper 论文、transcript 录音稿、web_page 网页、"
            "statute 法规、news 新闻、table 表格、document 其他；可多次使用",
            "look only in documents of this kind: report, paper, transcript, web_page, statute,"
            " news, table or document (any other); may be repeated",
        ),
    )
    parser.add_argument(
        "--since",
        metavar="DATE",
        help=pick(
            "只找这一天（月、年）及以后的文档，如 2025-10；没有日期的文档不在其中",
            "only documents of this day, month or year and later, such as 2025-10;"
            " those without a date are left out",
        ),
    )
    parser.add_argument(
        "--until",
        metavar="DATE",
        help=pick(
            "只找这一天（月、年）及以前的文档",
            "only documents of this day, month or year and earlier",
        ),
    )
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        help=pick(
            "把「今年」「去年」理解为这一天的今年、去年（如 2026-01-31；默认今天）",
            "the day that “this year” is meant at, such as 2026-01-31 (default: today)",
        ),
    )


def library_path(args: argparse.Namespace) -> Path:
    """Raises UsageError for a name that cannot be one."""
    from index.places import resolve_library

    try:
        return resolve_library(args.index)
    except ValueError as error:
        raise UsageError(str(error)) from error


def index_hint(args: argparse.Namespace) -> str:
    """What to add to a suggested command so that it means the same library."""
    return "" if args.index == DEFAULT_LIBRARY else f" --index {args.index}"


def tell_parser(args: argparse.Namespace, manifest: Manifest) -> None:
    """Says so where files are read differently since the library was made."""
    from index.manifest import PARSER_VERSION

    if manifest.fingerprint.parser != PARSER_VERSION:
        print(say("upgrade_parser", index=index_hint(args)))


def as_of(args: argparse.Namespace) -> date | None:
    if args.as_of is None:
        return None
    try:
        return date.fromisoformat(args.as_of)
    except ValueError:
        raise UsageError(say("bad_date", text=args.as_of)) from None


def filters(args: argparse.Namespace, library: Library) -> Filters | None:
    """What `--source`, `--kind`, `--since` and `--until` say; None where they say nothing.

    Raises UiError for what shuts every document out: a slip, mostly.
    """
    from rag.filters import filters_of, matches

    where = filters_of(args.source, args.kind or (), args.since, args.until)
    if where.is_empty:
        return None
    documents = library.documents()
    for pattern in where.sources or ():
        if not any(matches(info.source, (pattern,)) for info in documents):
            raise UiError(say("source_unknown", name=library.name, pattern=pattern))
    if not any(where.passes(info) for info in documents):
        raise UiError(say("nothing_passes", name=library.name))
    return where


def settings(args: argparse.Namespace, names: Iterable[str]) -> Settings:
    from ui.settings import find_file, load_settings

    file = find_file(os.environ, Path.cwd())
    return load_settings(names, flags=flags(args), environ=os.environ, file=file)


def flags(args: argparse.Namespace) -> list[str]:
    """What `--set` was given, and the settings that have an option of their own."""
    engine, max_risk = getattr(args, "engine", None), getattr(args, "max_risk", None)
    own = [f"llm.engine={engine}"] if engine else []
    if max_risk is not None:
        own.append(f"answerability.max_risk={max_risk}")
    return [*args.set, *own]


def is_coloured(stream: TextIO | None) -> bool:
    """A terminal that was not asked to be plain (https://no-color.org)."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def note(line: str) -> None:
    """For people, beside the result: standard error."""
    print(line, file=sys.stderr)


def terminal_width() -> int | None:
    """Columns of the terminal; None in a file or pipe, where lines are left whole."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    import shutil

    return min(shutil.get_terminal_size().columns, 100)
