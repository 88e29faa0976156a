"""`wenju upgrade`: an older library in today's format."""

from __future__ import annotations

import argparse

from ui.commands import common
from ui.messages import pick, say

HELP = pick("把旧资料库升级到当前格式", "bring an older library up to date")
EXAMPLES = """\
  wenju upgrade
  wenju upgrade --index 芯片"""
DETAILS = pick(
    "不读来源文件，也不重算向量；升级完成前资料库保持原样。",
    "No source file is read and nothing is embedded again; until it is done the library is as it"
    " was.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_index(parser)


def run(args: argparse.Namespace) -> int:
    from index.manifest import read_manifest
    from index.upgrading import upgrade_library

    path = common.library_path(args)
    manifest = upgrade_library(path)
    if manifest is None:
        print(say("upgrade_none", name=path.name))
    else:
        print(say("upgrade_done", name=path.name, documents=manifest.n_documents))
    common.tell_parser(args, manifest or read_manifest(path))
    return 0
