"""What a sentence that begins with 这一法案, 该公司 or "It" needs beside it to be understood."""

from __future__ import annotations

import re
from bisect import bisect_left

from index.schema import BlockKind, Span
from index.segmenting import key
from rag.retrieval import Found, Retrieval

MOST = 120  # characters of what comes before
_POINTING = re.compile(
    r"(?:但|而|因此|所以|不过|同时|此外|然而|并且|而且|另外)?[,，]?\s*(?:"
    r"这[一些个种项类份次样里]|这(?=是|就|也|意味|将|使|让|不)|该(?![校怎如要])|此(?![外次前后时间番致刻])|"
    r"上述|前者|后者|二者|两者|其(?![他它余实次一二三四五六七])|其中|他们?(?!人)|她们?|它们?|对此|为此|"
    r"it\b(?!['’]s (?:clear|worth))|its\b|this\b|these\b|those\b|they\b|their\b|"
    r"he\b|she\b|his\b|her\b|"
    r"the (?:former|latter|same)\b|such\b)"
)


def points_back(sentence_key: str) -> bool:
    """Whether its first words mean something that was said before."""
    return _POINTING.match(sentence_key.lstrip(" \"'“「")) is not None


def antecedent(found: Found, retrieval: Retrieval) -> tuple[Span, ...]:
    """The sentence before, or the heading above where it opens its section; () where neither fits.

    Only what was retrieved is looked at.
    """
    if not points_back(key(found.document.joined(found.sentence.spans[:1])[:40])):
        return ()
    before = neighbour(found, retrieval, -1)
    if before is None:
        return ()
    kind = before.document.blocks[before.sentence.block].kind
    if kind not in (
        BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.HEADING, BlockKind.SEGMENT
    ):  # fmt: skip
        return ()
    if before.sentence.spans[-1].end > found.sentence.spans[0].start:
        return ()
    if sum(map(len, before.sentence.spans)) > MOST:
        return ()
    return before.sentence.spans


def carried_over(found: Found, retrieval: Retrieval) -> str:
    """What a sentence may take over: headings, title and the two sentences before."""
    before = [neighbour(found, retrieval, -n) for n in (1, 2)]
    lines = [found.candidate.headings, *(b.candidate.key for b in before if b is not None)]
    return "\n".join(lines)


def neighbour(found: Found, retrieval: Retrieval, shift: int) -> Found | None:
    """The retrieved sentence `shift` places after (before) one in its document."""
    wanted = (found.document.doc_id, found.position + shift)
    place = bisect_left(retrieval.sentences, wanted, key=_place)
    if place < len(retrieval.sentences) and _place(retrieval.sentences[place]) == wanted:
        return retrieval.sentences[place]
    return None


def _place(found: Found) -> tuple[str, int]:
    return found.document.doc_id, found.position
