"""Names that documents give the same thing: what is stored of them, and how they are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.schema import Span
from index.segmenting import key

if TYPE_CHECKING:
    from index.catalogue import AliasRow


# In a name they are ornament: “大而美”法案 is looked for as 大而美法案.
QUOTE_MARKS = '”“』『」「》《〉〈»«"'
_NO_QUOTES = str.maketrans("", "", QUOTE_MARKS)


@dataclass(frozen=True, slots=True)
class Alias:
    """Two names that a document gives one thing. Both spans lie in one sentence."""

    long: Span
    short: Span
    kind: str  # "initials", "translation" or "named" (以下简称)


def alias_key(name: str) -> str:
    """A name as it is looked up: its matching key without quotation marks, spaces as one."""
    return " ".join(key(name).translate(_NO_QUOTES).split())


@dataclass(frozen=True, slots=True)
class NamePair:
    """Two names of one thing. Names, kind and place are those of the first document by doc_id."""

    long: str
    short: str
    kind: str
    n_documents: int  # live ones that say so
    doc_id: str
    long_span: Span
    short_span: Span


def count_pairs(rows: Iterable[AliasRow]) -> list[NamePair]:
    """Most documents first, then by name; pairs that differ in spelling alone are one."""
    groups: dict[tuple[str, str], list[AliasRow]] = {}
    for row in rows:
        groups.setdefault((row.long_key, row.short_key), []).append(row)
    counted = []
    for keys, group in groups.items():
        first = min(group, key=lambda r: (r.doc_id, r.alias.long, r.alias.short))
        n = len({r.doc_id for r in group})
        alias = first.alias
        pair = NamePair(
            first.long, first.short, alias.kind, n, first.doc_id, alias.long, alias.short
        )
        counted.append((-n, keys, pair))
    return [pair for _, _, pair in sorted(counted, key=lambda row: row[:2])]
