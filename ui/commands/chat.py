"""`wenju chat`: the page in a browser, on this machine only."""

from __future__ import annotations

import argparse

from ui.commands import common
from ui.messages import pick

HELP = pick("打开聊天页", "open the chat page")
EXAMPLES = """\
  wenju chat
  wenju chat --index 芯片 --port 8000"""
PORT = 7860


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--index",
        metavar="LIBRARY",
        help=pick(
            "只开放这一个资料库（默认：所有资料库，在页面上选）",
            "offer this library only (default: all of them, to choose on the page)",
        ),
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help=pick(f"端口（默认 {PORT}）", f"port (default: {PORT})"),
    )
    parser.add_argument(
        "--open", action="store_true", help=pick("在浏览器里打开", "open it in the browser")
    )
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from ui.web.app import serve

    settings = common.settings(args, ["rag"])
    serve(
        settings.stage("rag"),
        library=args.index,
        port=args.port,
        open_browser=args.open,
    )
    return 0
