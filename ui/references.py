"""Sources in a list of references as GB/T 7714—2015 has it, as far as the documents say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.schema import Citation
from ui.rendering import clock, printable

if TYPE_CHECKING:
    from index.schema import DocumentInfo

# Kind of document → its mark.
_MARKS = {
    "report": "R", "paper": "J", "news": "N", "web_page": "EB/OL", "table": "DS",
    "transcript": "Z", "statute": "Z", "document": "Z",
}  # fmt: skip


def reference(n: int, citation: Citation, info: DocumentInfo | None = None) -> str:
    """[1] 作者. 题名[R]. 出版者, 日期: 页. 来源文件. What is not known is left out."""
    title = printable(info.title if info is not None and info.title else citation.source)
    mark = _MARKS.get(info.kind, "Z") if info is not None else "Z"
    meta = info.meta if info is not None else {}
    parts = []
    if author := printable(meta.get("author", "")).strip():
        parts.append(author)
    parts.append(f"{title}[{mark}]")
    issued = ", ".join(
        filter(
            None,
            [printable(meta.get("publisher", "")).strip(), info.date if info is not None else ""],
        )
    )
    where = _where(citation)
    if issued or where:
        parts.append(": ".join(filter(None, [issued, where])))
    parts.append(printable(meta.get("url", "")).strip() or printable(citation.source))
    return f"[{n}] " + ". ".join(part.rstrip(".。") for part in parts) + "."


def references(
    citations: Sequence[Citation], infos: dict[str, DocumentInfo] | None = None
) -> list[str]:
    """One a citation, in order of their numbers."""
    known = infos or {}
    return [reference(c.n, c, known.get(c.doc_id)) for c in sorted(citations, key=lambda c: c.n)]


def _where(citation: Citation) -> str:
    pages = sorted({span.page for span in citation.spans if span.page is not None})
    if pages:
        return str(pages[0]) if len(pages) == 1 else f"{pages[0]}-{pages[-1]}"
    times = [span.time_start for span in citation.spans if span.time_start is not None]
    return clock(min(times)) if times else ""
