"""`wenju restore`: a library from a backup."""

from __future__ import annotations

import argparse
from pathlib import Path

from ui.commands import common
from ui.errors import UsageError
from ui.messages import pick, say

HELP = pick("从备份恢复资料库", "make a library of a backup")
EXAMPLES = """\
  wenju restore 芯片.zip --index 芯片
  wenju restore default.zip --index /data/copy"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=pick("备份文件（.zip）", "the backup (.zip)"))
    common.add_index(parser)


def run(args: argparse.Namespace) -> int:
    from index.backup import restore_backup

    path, file = common.library_path(args), Path(args.file)
    if not file.is_file():
        raise UsageError(say("backup_missing", file=file))
    report = restore_backup(file, path)
    print(say("restore_done", name=path.name, documents=report.n_documents))
    return 0
