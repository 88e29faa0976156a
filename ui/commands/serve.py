"""`wenju serve`: the server: API and chat page."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ui.commands import common
from ui.messages import pick

HELP = pick("启动服务器：API 和聊天页", "run the server: the API and the chat page")
EXAMPLES = """\
  wenju serve
  wenju serve --index 芯片 --port 8000 --no-page
  wenju keys add li && wenju serve --host 0.0.0.0 --set serve.per_user=true"""
DETAILS = pick(
    "默认只在本机可见，不要钥匙；绑定其他地址时一律要钥匙。"
    "接口见 docs/api.md，运维见 docs/operations.md。",
    "Visible to this machine only by default, without keys; at any other address everyone needs"
    " one. docs/api.md describes the API, docs/operations.md how to run it.",
)
HOST, PORT = "127.0.0.1", 7860


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--index",
        metavar="LIBRARY",
        help=pick("只开放这一个资料库（默认：所有）", "offer this library only (default: all)"),
    )
    parser.add_argument(
        "--host", default=HOST, help=pick(f"地址（默认 {HOST}）", f"address (default: {HOST})")
    )
    parser.add_argument(
        "--port", type=int, default=PORT,
        help=pick(f"端口（默认 {PORT}；0 为任一空闲端口）",
                  f"port (default: {PORT}; 0: any that is free)"),
    )  # fmt: skip
    parser.add_argument(
        "--no-page", action="store_true", help=pick("只要 API，不要聊天页", "the API alone")
    )
    parser.add_argument(
        "--open", action="store_true", help=pick("在浏览器里打开", "open it in the browser")
    )
    common.add_max_risk(parser)
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from ui.server.running import serve
    from ui.settings import find_file

    settings = common.settings(args, ["rag", "serve"])
    file = find_file(os.environ, Path.cwd())
    serve(
        settings.stage("rag"),
        settings.stage("serve"),
        host=args.host,
        port=args.port,
        library=args.index,
        page=not args.no_page,
        open_browser=args.open,
        job_settings={"flags": common.flags(args), "file": str(file) if file else None},
    )
    return 0
