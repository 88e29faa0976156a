"""The command `wenju`: finds the command, runs it, and says in one line what went wrong.

Exit codes: 0 done, 1 could not be done, 2 the command line is wrong, 70 our own mistake,
130 stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from index.errors import IndexingError, LibraryNotFound
from rag.errors import AnsweringError
from ui.commands import NAMES
from ui.errors import UiError, UsageError
from ui.messages import pick, say

PROG = "wenju"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user never sees a traceback unless `WENJU_DEBUG` is set."""
    _speak_utf8()
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(argv)
        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has read enough. Python would complain once more at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        _complain(say("interrupted"))
        return 130
    except UsageError as error:
        _complain(str(error))
        return 2
    except LibraryNotFound as error:
        _complain(f"{error}{_known_libraries()}")
        return 1
    except (IndexingError, AnsweringError, UiError) as error:
        _complain(str(error))
        return 1
    except OSError as error:
        if os.environ.get("WENJU_DEBUG"):
            raise
        named = f"{error.filename}{say('colon')}" if error.filename else ""
        _complain(f"{named}{error.strerror or error}")
        return 1
    except Exception as error:
        if os.environ.get("WENJU_DEBUG"):
            raise
        _complain(say("internal", error=f"{type(error).__name__}: {error}"))
        return 70


def _run(argv: list[str]) -> int:
    name = argv[0] if argv else ""
    if name and not name.startswith("-") and name not in NAMES:
        import difflib

        close = difflib.get_close_matches(name, NAMES, n=1)
        near = say("did_you_mean", near=f"{PROG} {close[0]}") if close else ""
        unknown = say("unknown_command", name=name, near=near)
        raise UsageError(f"{unknown}{say('separator')}{say('see_help', prog=PROG)}")
    parser = build_parser((name,) if name in NAMES else NAMES)
    try:
        args, strange = parser.parse_known_args(argv)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if strange:
        prog = f"{PROG} {name}" if name in NAMES else PROG
        named = say("unknown_arguments", arguments=" ".join(strange))
        raise UsageError(f"{named}{say('separator')}{say('see_help', prog=prog)}")
    if not hasattr(args, "run"):
        parser.print_help()
        return 0
    code: int = args.run(args)
    return code


def build_parser(names: Sequence[str] = NAMES) -> argparse.ArgumentParser:
    """The parser with the commands `names`; one is enough to run it, all make the help."""
    parser = _Parser(
        prog=PROG,
        description=pick(
            "文据：向自己的资料提问；答案的每一句都附上它所依据的原文。",
            "Ask a folder of documents; every sentence of an answer shows the words it rests on.",
        ),
        epilog=_examples(
            '  wenju demo\n  wenju index ~/资料\n  wenju ask "川普去年对芯片干了啥"\n  wenju chat'
        ),
    )
    parser.add_argument("--version", action=_Version, nargs=0, help=pick("版本", "the version"))
    commands = parser.add_subparsers(
        title=pick("命令", "commands"), metavar=pick("命令", "COMMAND"), parser_class=_Parser
    )
    for name in names:
        module = import_module(f"ui.commands.{name}")
        details = getattr(module, "DETAILS", "")
        one = commands.add_parser(
            name,
            help=module.HELP,
            description=f"{module.HELP}\n{details}".strip(),
            epilog=_examples(module.EXAMPLES),
        )
        module.add_arguments(one)
        one.set_defaults(run=module.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """Keeps line ends in descriptions; complains in one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **options, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}{say('separator')}{say('see_help', prog=self.prog)}")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"{PROG} {version(PROG)}")
        parser.exit()


def _known_libraries() -> str:
    from index.places import list_libraries

    names = ", ".join(path.name for path in list_libraries())
    return f"{say('separator')}{say('libraries_known', names=names)}" if names else ""


def _examples(lines: str) -> str:
    return f"{pick('例子', 'examples')}:\n{lines}"


def _complain(line: str) -> None:
    print(f"{PROG}: {' '.join(line.split())}", file=sys.stderr)


def _speak_utf8() -> None:
    """Chinese answers, also where the system's own encoding cannot say them."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


if __name__ == "__main__":
    sys.exit(main())
