"""`wenju mcp`: the libraries as tools of an assistant."""

from __future__ import annotations

import argparse

from ui.commands import common
from ui.messages import pick

HELP = pick("作为 MCP 服务器，供助手调用", "an MCP server: the libraries as an assistant's tools")
EXAMPLES = """\
  wenju mcp
  wenju mcp --index 芯片"""
DETAILS = pick(
    "由助手启动，走标准输入输出；工具：libraries、search、ask、read。"
    "需要 pip install 'wenju[mcp]'。",
    "Started by the assistant, over standard input and output; tools: libraries, search, ask, read."
    " Needs: pip install 'wenju[mcp]'.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--index",
        metavar="LIBRARY",
        help=pick("只开放这一个资料库（默认：所有）", "offer this library only (default: all)"),
    )
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from ui.mcp_server import run_stdio

    run_stdio(common.settings(args, ["rag"]).stage("rag"), args.index)
    return 0
