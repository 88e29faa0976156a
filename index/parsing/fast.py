"""The short way for clean text, which is what nearly all records of a corpus are."""

from __future__ import annotations

import re

from index.cleaning import CONTROL
from index.parsing.building import Draft
from index.parsing.marks import SPECIAL
from index.schema import BlockKind

_ENUMERATED = re.compile(
    r"[（(][一二三四五六七八九十\d]{1,3}[）)](?!\d)|[一二三四五六七八九十]{1,3}、"
)


def fast_blocks(raw: str) -> list[Draft] | None:
    """Blocks of a clean text with a paragraph a line; None where anything has to be looked at."""
    if CONTROL.search(raw):
        return None
    body = raw.strip()
    if "\n" not in body:
        start = raw.index(body)
        return [Draft(BlockKind.PARAGRAPH, [(start, start + len(body))])] if body else None
    if "\t" in raw:
        return None
    drafts: list[Draft] = []
    at = 0
    for text in raw.split("\n"):
        end = at + len(text)
        if text and not text.isspace():
            kind = BlockKind.PARAGRAPH
            if SPECIAL.match(text):
                if not _ENUMERATED.match(text) or text[-1] not in "。；":
                    return None
                kind = BlockKind.LIST_ITEM
            elif text[-1] not in "。！？”：" or (
                len(text) < 40 and text[-1] != "：" and not drafts
            ):
                return None
            drafts.append(Draft(kind, [(at, end)]))
        at = end + 1
    return drafts
