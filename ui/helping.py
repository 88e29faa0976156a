"""The help of every command as Markdown: docs/cli.md and docs/cli.en.md are made from it.

WENJU_LANG=zh python -m ui.helping > docs/cli.md
WENJU_LANG=en python -m ui.helping > docs/cli.en.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ui.cli import build_parser
from ui.messages import pick


def markdown() -> str:
    """In the system's language; the same on every version of Python."""
    title = pick("# 命令 `wenju`", "# The command `wenju`")
    return "\n".join([title, "", *_section(build_parser(), level=1)]).rstrip() + "\n"


def _section(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    if level > 1:
        yield f"{'#' * level} `{parser.prog}`"
        yield ""
    if parser.description:
        yield "\n\n".join(parser.description.splitlines())
        yield ""
    rows = [row for action in parser._actions if (row := _row(action))]
    if rows:
        yield pick("| 参数 | 说明 |", "| argument | meaning |")
        yield "|---|---|"
        yield from rows
        yield ""
    if parser.epilog:
        yield "```sh"
        yield from (line.removeprefix("  ") for line in parser.epilog.splitlines()[1:])
        yield "```"
        yield ""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _section(one, level + 1)


def _row(action: argparse.Action) -> str:
    """A line of the table; "" for what needs none."""
    if isinstance(action, (argparse._SubParsersAction, argparse._HelpAction)):
        return ""
    name = str(action.metavar or action.dest.upper())
    if action.option_strings:
        value = "" if action.nargs == 0 else f" {name}"
        shown = ", ".join(f"`{option}{value}`" for option in action.option_strings)
    else:
        shown = f"`{name}`" + (" …" if action.nargs in ("*", "+") else "")
    meaning = (action.help or "").replace("|", "\\|")
    if action.required and action.option_strings:
        meaning += pick("（必填）", " (required)")
    return f"| {shown} | {meaning} |".replace("  |", " |")


if __name__ == "__main__":
    print(markdown(), end="")
