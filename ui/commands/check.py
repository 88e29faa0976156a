"""`wenju check`: is a library whole, and how is it mended."""

from __future__ import annotations

import argparse

from ui.commands import common
from ui.messages import pick, say

HELP = pick("检查资料库是否完好", "verify a library")
EXAMPLES = """\
  wenju check
  wenju check --index 芯片"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_index(parser)


def run(args: argparse.Namespace) -> int:
    from index.store import check_library, open_library
    from index.synonyms import read_synonyms
    from rag.calibration import parse
    from rag.errors import BadCalibration
    from ui.calibrating import calibration_line

    path = common.library_path(args)
    problems = check_library(path)
    if problems:
        print(say("check_problems", name=path.name, n=len(problems)))
        for problem in problems:
            print(f"  {problem}")
        print(say("check_mend", index=common.index_hint(args)))
        return 1
    if problems := read_synonyms(path).problems():
        print(
            pick(
                f"资料库 {path.name} 的同义词有 {len(problems)} 行读不懂，未使用：",
                f"{len(problems)} lines of the synonyms of library {path.name} are left out:",
            )
        )
        for problem in problems:
            print(f"  {problem}")
        print(pick(f"请修改 {path / 'synonyms.txt'}", f"mend {path / 'synonyms.txt'}"))
        return 1
    with open_library(path) as library:
        try:
            calibration = parse(library.calibration)
        except BadCalibration as error:
            print(error)
            return 1
        if calibration is not None:
            print(calibration_line(calibration))
        print(
            say(
                "check_sound",
                name=path.name,
                documents=library.n_documents,
                chunks=library.n_chunks,
            )
        )
        common.tell_parser(args, library.manifest)
    return 0
