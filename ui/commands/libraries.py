"""`wenju libraries`: the named libraries of this user."""

from __future__ import annotations

import argparse

from index.errors import IndexingError
from ui.messages import pick, say

HELP = pick("列出所有资料库", "list all libraries")
EXAMPLES = """\
  wenju libraries
  WENJU_HOME=/data/wenju wenju libraries --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help=pick("每行一个 JSON 对象", "a JSON object a line")
    )


def run(args: argparse.Namespace) -> int:
    import json

    from index.places import list_libraries
    from index.store import open_library
    from ui.rendering import columns

    paths = list_libraries()
    if not paths and not args.json:
        print(say("no_libraries"))
    width = max((columns(path.name) for path in paths), default=0)
    for path in paths:
        name = path.name + " " * (width - columns(path.name))
        try:
            with open_library(path) as library:
                row = {
                    "name": path.name,
                    "path": str(path),
                    "documents": library.n_documents,
                    "chunks": library.n_chunks,
                    "generation": library.generation,
                    "library": library.hash,
                }
            line = pick(
                f"{name}  {row['documents']} 份文档  {path}",
                f"{name}  {row['documents']} documents  {path}",
            )
        except IndexingError as error:  # one broken library hides no other
            row = {"name": path.name, "path": str(path), "error": str(error)}
            line = f"{name}  {error}"
        print(json.dumps(row, ensure_ascii=False) if args.json else line)
    return 0
