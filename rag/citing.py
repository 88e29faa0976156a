"""Citations: the source's own characters and the place to look them up; checked before shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.schema import Document, Span
from rag.errors import UnverifiedCitation
from rag.schema import Citation, CitedSpan


def cite(document: Document, spans: Sequence[Span], *, n: int, score: float) -> Citation:
    """A checked citation of `spans`; page, time and section are the document's.

    Raises UnverifiedCitation where the spans are not in the document.
    """
    blocks = [document.block_at(span.start) for span in spans]
    section = next((" > ".join(b.section) for b in blocks if b is not None and b.section), None)
    citation = Citation(
        n=n,
        source=document.source,
        doc_id=document.doc_id,
        quote=document.quote(tuple(spans)),
        spans=tuple(
            CitedSpan(
                span.start,
                span.end,
                document.page_at(span.start),
                *(block.time if block is not None and block.time else (None, None)),
            )
            for span, block in zip(spans, blocks, strict=True)
        ),
        section=section,
        score=round(score, 4),
    )
    verify(citation, document)
    return citation


def verify(citation: Citation, document: Document) -> None:
    """Raises UnverifiedCitation unless the quote is the document's own, slice by slice."""
    where = f"citation {citation.n} of {citation.doc_id}"
    if citation.doc_id != document.doc_id or citation.source != document.source:
        raise UnverifiedCitation(f"{where} was checked against {document.doc_id}")
    if not citation.spans:
        raise UnverifiedCitation(f"{where} has no span")
    end = 0
    for span in citation.spans:
        if not end <= span.start < span.end <= len(document.text):
            raise UnverifiedCitation(
                f"{where}: span [{span.start}, {span.end}) after {end} is not within "
                f"{len(document.text)} characters"
            )
        end = span.end
    slices = " … ".join(document.text[s.start : s.end] for s in citation.spans)
    if slices != citation.quote:
        raise UnverifiedCitation(f"{where}: the quote differs from the document; report this")
    if not citation.quote.strip():
        raise UnverifiedCitation(f"{where}: the quote is blank")


def renumber(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """The same citations, numbered from 1 in their order."""
    return tuple(replace(c, n=n) for n, c in enumerate(citations, start=1))
