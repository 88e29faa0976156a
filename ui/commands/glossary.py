"""`wenju glossary`: the names that a library's documents themselves give the same things."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ui.commands import common
from ui.messages import pick

if TYPE_CHECKING:
    from index.glossary import NamePair
    from index.store import Library

HELP = pick("列出资料自己解释过的全称与简称", "full and short names that the documents explain")
DETAILS = pick(
    "例如「美国地质调查局（USGS）」「以下简称…」；提问时两种说法都会去找。"
    "要补充自己的同义词，写进资料库文件夹里的 synonyms.txt：每行「词,词」互为同义，"
    "「词 => 词」只向右；不必重新索引，wenju check 会指出写错的行。",
    "Such as “Bureau of Industry and Security (BIS)”: a question with either name looks for both. "
    "Synonyms of your own go into synonyms.txt in the library's folder, a line each: "
    "“word, word” for equals, “word => word” for one way only. Nothing need be indexed again; "
    "wenju check names the lines that cannot be read.",
)
EXAMPLES = """\
  wenju glossary --index 芯片
  wenju glossary 局 --limit 20
  wenju glossary --json"""
_SHOWN = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "term",
        metavar="TERM",
        nargs="?",
        help=pick("只列出含有这几个字的", "only names that hold these letters"),
    )
    common.add_index(parser)
    parser.add_argument(
        "--limit",
        metavar="N",
        type=int,
        help=pick(
            f"最多列出几条（默认 {_SHOWN}；与 --json 合用时不限）",
            f"how many at most (default: {_SHOWN}, with --json all)",
        ),
    )
    parser.add_argument(
        "--json", action="store_true", help=pick("每行一个 JSON 对象", "a JSON object a line")
    )


def run(args: argparse.Namespace) -> int:
    from index.store import open_library

    with open_library(common.library_path(args)) as library:
        pairs = library.aliases()
        if args.term:
            from index.glossary import alias_key

            term = alias_key(args.term)
            pairs = [p for p in pairs if term in alias_key(p.long) or term in alias_key(p.short)]
        limit = args.limit if args.limit is not None else None if args.json else _SHOWN
        shown = pairs if limit is None else pairs[: max(0, limit)]
        pages = {info.doc_id: info.pages for info in library.documents()}
        for pair in shown:
            page = _page(library, pair) if pages[pair.doc_id] else None
            print(_json(pair, page) if args.json else _line(pair, page))
    if not args.json:
        print(_total(len(pairs), len(shown), library.name))
    return 0


def _page(library: Library, pair: NamePair) -> int | None:
    return library.document(pair.doc_id).page_at(pair.long_span.start)


def _line(pair: NamePair, page: int | None) -> str:
    from ui.rendering import printable

    names = f"{_one_line(pair.long)} = {_one_line(pair.short)}"
    place = printable(pair.doc_id)
    if page is not None:
        place += pick(f" 第 {page} 页", f" page {page}")
    n = pair.n_documents
    return names + pick(f"  ({n} 份文档；首见 {place})", f"  (documents: {n}; first in {place})")


def _one_line(name: str) -> str:
    from ui.rendering import printable

    return printable(" ".join(name.split()))


def _json(pair: NamePair, page: int | None) -> str:
    import json

    record = {
        "long": pair.long, "short": pair.short, "kind": pair.kind, "documents": pair.n_documents,
        "doc_id": pair.doc_id, "page": page,
        "long_span": [pair.long_span.start, pair.long_span.end],
        "short_span": [pair.short_span.start, pair.short_span.end],
    }  # fmt: skip
    return json.dumps(record, ensure_ascii=False)


def _total(n: int, n_shown: int, library: str) -> str:
    if not n:
        return pick(
            f"资料库 {library} 的文档里没有解释过的简称",
            f"the documents of library {library} explain no names",
        )
    total = pick(f"共 {n} 条", f"{n} in all")
    if n_shown < n:
        total += pick(f"，列出 {n_shown} 条；全部：--limit {n}", f", {n_shown} shown; --limit {n}")
    return total
