"""What a quote needs to be understood: the words asked for, the header of the table it is from."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store import Library
    from rag.schema import Answer, Citation
    from ui.rendering import Context


def context_of(answer: Answer, library: Library) -> Context:
    """For as long as the library is open."""
    from ui.marking import matched_spans
    from ui.rendering import Context

    asked = answer.completed_question or answer.question
    day = date.fromisoformat(answer.as_of)
    return Context(
        mark=lambda quote: matched_spans(asked, quote, day),
        header=partial(table_header, library),
    )


def table_header(library: Library, citation: Citation) -> str:
    """The header cells of a cited table row, joined with " | "; "" for anything else."""
    block = library.document(citation.doc_id).block_at(citation.spans[0].start)
    if block is None or block.is_header or not any(block.header):
        return ""
    return " | ".join(name or "–" for name in block.header)
