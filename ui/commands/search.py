"""`wenju search`: the passages of a question, without an answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ui.commands import common
from ui.errors import UsageError
from ui.messages import language_of, pick, say

if TYPE_CHECKING:
    from index.store import Library
    from rag.schema import Passage
    from rag.searching import Search

HELP = pick("只查找相关段落，不作答", "find passages, without an answer")
DETAILS = pick(
    "段落按其中最好的一句排列。同义说法、繁简、英文、错别的人名都会去找；--explain 说明找了什么。",
    "Passages are ordered by their best sentence. Synonyms, both scripts, English and misheard"
    " names are looked for, too; --explain shows what was.",
)
EXAMPLES = """\
  wenju search "锂价为什么跌" -k 3
  wenju search "外卖小哥受伤谁赔" --kind transcript --explain
  wenju search "chip export controls" --since 2025 --json"""
_SHOWN = 5
_MOST = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "question",
        metavar="QUESTION",
        nargs="*",
        help=pick(
            "问题或词语；不写则从标准输入读取",
            "a question or words; without any, standard input is read",
        ),
    )
    common.add_index(parser)
    parser.add_argument(
        "-k",
        metavar="N",
        dest="limit",
        type=int,
        default=_SHOWN,
        help=pick(f"列出几段（默认 {_SHOWN}）", f"how many passages (default: {_SHOWN})"),
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help=pick("输出 JSON，一行", "print JSON, a line"),
    )
    common.add_explain(parser)
    common.add_asking(parser)
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from index.store import open_library
    from rag.searching import search
    from ui.commands.ask import question_of

    if not 1 <= args.limit <= _MOST:
        raise UsageError(say("bad_limit", n=args.limit, most=_MOST))
    question = question_of(args.question)
    as_of = common.as_of(args)
    settings = common.settings(args, ["retrieval"])
    with open_library(common.library_path(args)) as library:
        found = search(
            library,
            question,
            settings.stage("retrieval"),
            as_of=as_of,
            where=common.filters(args, library),
            limit=args.limit,
        )
        if args.json:
            print(_json(question, found, library, explain=args.explain))
            return 0
        print(_text(found, library, language_of(question)))
        if args.explain:
            from ui.explaining import render_explanation

            print(f"\n{render_explanation(found, lang=language_of(question))}")
    return 0


def _text(found: Search, library: Library, lang: str) -> str:
    from ui.explaining import ranks_line
    from ui.rendering import printable

    if not found.passages:
        return say("search_nothing", lang)
    lines = []
    for number, passage in enumerate(found.passages, start=1):
        where = " · ".join(
            part for part in (passage.source, *_place(passage, library, lang)) if part
        )
        lines.append(f"{number}. {printable(where)}")
        lines.append(f"   {printable(passage.text)}")
        if passage.also:
            others = dict.fromkeys(printable(p.source) for p in passage.also)
            lines.append(f"   {say('same_text_in', lang, sources=' · '.join(others))}")
        ranks = ranks_line(passage.ranks, _fused(found, passage), lang)
        lines += [f"   {passage.score:.2f}  {ranks}", ""]
    return "\n".join(lines[:-1])


def _place(passage: Passage, library: Library, lang: str) -> list[str]:
    """Page or minute, and section."""
    from ui.rendering import clock

    place = _location(passage, library)
    parts = []
    if place["page"] is not None:
        parts.append(say("page", lang, page=place["page"]))
    if place["time_start"] is not None:
        parts.append(clock(place["time_start"]))
    return [*parts, place["section"] or ""]


def _location(passage: Passage, library: Library) -> dict[str, Any]:
    chunk = passage.chunk
    document = library.document(chunk.doc_id)
    sentences = library.sentences(chunk.doc_id)
    blocks = [
        document.blocks[s.block] for s in sentences[chunk.first_sentence : chunk.last_sentence]
    ]
    times = [block.time for block in blocks if block.time is not None]
    return {
        "page": document.page_at(chunk.span.start),
        "time_start": times[0][0] if times else None,
        "section": " > ".join(next((b.section for b in blocks if b.section), ())) or None,
    }


def _fused(found: Search, passage: Passage) -> int:
    ids = [s.chunk.chunk_id for s in found.retrieval.chunks]
    return ids.index(passage.chunk.chunk_id) + 1


def _json(question: str, found: Search, library: Library, *, explain: bool) -> str:
    import json

    record: dict[str, Any] = {
        "schema": 1,
        "question": question,
        "library": library.hash,
        "passages": [
            {
                "n": n,
                "source": p.source,
                "doc_id": p.chunk.doc_id,
                "title": p.title,
                "kind": (document := library.document(p.chunk.doc_id)).kind,
                "date": document.date,
                **_location(p, library),
                "span": [p.chunk.span.start, p.chunk.span.end],
                "text": p.text,
                "also": [
                    {
                        "source": other.source,
                        "doc_id": other.chunk.doc_id,
                        "span": [other.chunk.span.start, other.chunk.span.end],
                    }
                    for other in p.also
                ],
                "score": p.score,
                "ranks": {**p.ranks, "fused": _fused(found, p)},
            }
            for n, p in enumerate(found.passages, start=1)
        ],
    }
    if explain:
        from ui.explaining import explanation

        record["explain"] = explanation(found)
    return json.dumps(record, ensure_ascii=False)
