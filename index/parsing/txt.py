"""Plain text: one flow of lines."""

from __future__ import annotations

from index.cleaning import Edits
from index.parsing.building import Found, build
from index.parsing.flow import blocks
from index.parsing.metadata import read_facts
from index.schema import Document


def parse_text(
    raw: str,
    *,
    doc_id: str,
    source: str,
    content_hash: str,
    title: str = "",
    meta: dict[str, str] | None = None,
) -> Document:
    """Blocks from the text alone. `title` is used where the text shows none."""
    edits = Edits()
    drafts = blocks(raw, edits)
    facts = read_facts(raw, drafts)
    pages = (
        [(i + 1, n) for n, i in enumerate((i for i, c in enumerate(raw) if c == "\f"), 2)]
        if "\f" in raw
        else []
    )
    found = Found(
        format="txt",
        title=facts.title or title,
        kind=facts.kind,
        date=facts.date,
        language=facts.language,
        meta=facts.meta | (meta or {}),
        pages=[(0, 1), *pages] if pages else (),
    )
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)
