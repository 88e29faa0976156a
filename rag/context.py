"""What stands around a passage: its headings and the sentences before and after (small to big)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.schema import BlockKind, Chunk, Document, Sentence

if TYPE_CHECKING:
    from index.store import Library

_PASSED_OVER = (BlockKind.FURNITURE, BlockKind.HEADING)


@dataclass(frozen=True, slots=True)
class PassageContext:
    """Sentences are the document's own; `headings` are outermost first, without the title."""

    document: Document
    headings: tuple[str, ...]
    before: tuple[Sentence, ...]  # in the order of the document
    after: tuple[Sentence, ...]

    def text_of(self, sentences: tuple[Sentence, ...]) -> str:
        return "".join(self.document.quote(s.spans) for s in sentences)


def context_of(library: Library, chunk: Chunk, sentences: int = 2) -> PassageContext:
    """Up to `sentences` to each side, within the section that the passage begins and ends in.

    Headings, page numbers and other furniture are passed over.
    """
    document = library.document(chunk.doc_id)
    every = library.sentences(chunk.doc_id)
    inside = every[chunk.first_sentence : chunk.last_sentence]
    if not inside:
        return PassageContext(document, (), (), ())
    first, last = document.blocks[inside[0].block], document.blocks[inside[-1].block]
    before: list[Sentence] = []
    for sentence in reversed(every[: chunk.first_sentence]):
        block = document.blocks[sentence.block]
        if block.section != first.section or len(before) == sentences:
            break
        if block.kind not in _PASSED_OVER:
            before.insert(0, sentence)
    after: list[Sentence] = []
    for sentence in every[chunk.last_sentence :]:
        block = document.blocks[sentence.block]
        if block.section != last.section or len(after) == sentences:
            break
        if block.kind not in _PASSED_OVER:
            after.append(sentence)
    return PassageContext(document, last.section, tuple(before), tuple(after))
