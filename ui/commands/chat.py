"""`wenju chat`: the page in a browser, on this machine only."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ui.commands import common
from ui.messages import pick

HELP = pick("打开聊天页", "open the chat page")
EXAMPLES = """\
  wenju chat
  wenju chat --index 芯片 --port 8000"""
HOST, PORT = "127.0.0.1", 7860


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
    from ui.server.running import serve
    from ui.settings import find_file

    settings = common.settings(args, ["rag", "serve"])
    file = find_file(os.environ, Path.cwd())
    serve(
        settings.stage("rag"),
        settings.stage("serve"),
        host=HOST,
        port=args.port,
        library=args.index,
        open_browser=args.open,
        job_settings={"flags": args.set, "file": str(file) if file else None},
        log_requests=False,
    )
    return 0
