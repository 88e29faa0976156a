"""`wenju backup`: a library as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ui.commands import common
from ui.messages import pick, say

HELP = pick("把资料库备份成一个文件", "back a library up as one file")
EXAMPLES = """\
  wenju backup --index 芯片 芯片.zip
  wenju backup default.zip"""
DETAILS = pick(
    "读写照常进行；备份里只有相对路径，用 wenju restore 在任何地方恢复。",
    "The library is read and written meanwhile; paths inside are relative: wenju restore makes a"
    " library of it anywhere.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=pick("备份文件（.zip）", "the backup (.zip)"))
    common.add_index(parser)


def run(args: argparse.Namespace) -> int:
    from index.backup import write_backup

    path = common.library_path(args)
    report = write_backup(path, Path(args.file))
    print(
        say(
            "backup_done", name=path.name, documents=report.n_documents, file=args.file,
            size=f"{report.n_bytes / 1e6:.1f} MB",
        )
    )  # fmt: skip
    return 0
