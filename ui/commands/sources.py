"""`wenju sources`: what a library holds, and how to take something out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ui.commands import common
from ui.messages import pick, say

if TYPE_CHECKING:
    from index.schema import DocumentInfo

HELP = pick("列出资料库里的文档，或移除", "list the documents of a library, or remove some")
EXAMPLES = """\
  wenju sources --index 芯片
  wenju sources remove 旧报告.pdf --index 芯片
  wenju sources remove '草稿/*'
  wenju sources move ~/资料 /data/资料 --index 芯片"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_index(parser)
    _add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="")
    listing = actions.add_parser("list", help=pick("列出（默认）", "list (default)"))
    remove = actions.add_parser(
        "remove",
        help=pick("移除并抹去文档；不影响原文件", "erase documents; the files stay as they are"),
    )
    remove.add_argument(
        "documents",
        metavar="DOC",
        nargs="+",
        help=pick("文档编号、来源路径或通配符", "id of a document, path of a source, or a pattern"),
    )
    move = actions.add_parser(
        "move",
        help=pick(
            "来源文件夹搬了家：告诉资料库它现在在哪里",
            "a source folder has moved: tell the library where it is now",
        ),
    )
    move.add_argument("old", metavar="OLD", help=pick("原来的文件夹", "where it was"))
    move.add_argument("new", metavar="NEW", help=pick("现在的文件夹", "where it is now"))
    for one in (listing, remove, move):  # --index may stand before or after the action
        common.add_index(one, default=argparse.SUPPRESS)
    _add_json(listing, default=argparse.SUPPRESS)


def _add_json(parser: argparse.ArgumentParser, default: object = False) -> None:
    parser.add_argument(
        "--json", action="store_true", default=default,
        help=pick("每行一个 JSON 对象", "a JSON object a line"),
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from index.store import open_library

    path = common.library_path(args)
    if args.action == "move":
        from index.backup import move_sources

        n = move_sources(path, Path(args.old).expanduser(), Path(args.new).expanduser())
        print(say("sources_moved", name=path.name, n=n, new=args.new))
        return 0
    with open_library(path) as library:
        documents = library.documents()
    if args.action == "remove":
        from index.ingesting import remove_documents

        wanted = [
            doc_id for name in args.documents for doc_id in _matching(name, documents, path.name)
        ]
        n = remove_documents(path, sorted(set(wanted)))
        print(say("removed", n=n, name=path.name))
        return 0
    if args.json:
        _print_json(documents)
    elif not documents:
        print(say("no_sources", name=path.name, index=common.index_hint(args)))
    else:
        _print_table(documents)
    return 0


def _matching(name: str, documents: Sequence[DocumentInfo], library: str) -> list[str]:
    """doc_ids by id, else by source, else by pattern; DocumentNotFound names the nearest."""
    import difflib
    from fnmatch import fnmatchcase

    from index.errors import DocumentNotFound

    for matches in (
        lambda info: info.doc_id == name,
        lambda info: info.source == name,
        lambda info: fnmatchcase(info.source, name),
    ):
        found = [info.doc_id for info in documents if matches(info)]
        if found:
            return found
    close = difflib.get_close_matches(name, [info.doc_id for info in documents], n=1)
    near = say("did_you_mean", near=close[0]) if close else ""
    raise DocumentNotFound(say("doc_unknown", name=library, doc=name, near=near))


def _print_json(documents: Sequence[DocumentInfo]) -> None:
    import json
    from dataclasses import asdict

    for info in documents:
        print(json.dumps(asdict(info) | {"meta": dict(info.meta)}, ensure_ascii=False))


def _print_table(documents: Sequence[DocumentInfo]) -> None:
    from ui.rendering import printable

    for info in documents:
        details = [info.date or "", info.format]
        if info.pages:
            details.append(pick(f"{info.pages} 页", f"{info.pages} pages"))
        details.append(pick(f"{info.n_chars} 字", f"{info.n_chars} characters"))
        title = f"  {printable(info.title)}" if info.title else ""
        print(f"{printable(info.doc_id)}{title}  ({', '.join(filter(None, details))})")
    chars = sum(info.n_chars for info in documents)
    print(say("sources_total", n=len(documents), chars=chars))
