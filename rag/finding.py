"""Which document a question means by what it calls it: «澄江那份锂市场年报», "the grid outlook"."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from index.schema import Document
from index.segmenting import grams, key
from rag import background
from rag.normalising import normalise
from rag.requests import Request
from rag.terms import concepts_of, content_grams, weighted_terms

if TYPE_CHECKING:
    from index.store import Library

_CHUNKS = 120  # that are looked at for the name
_DOCUMENTS = 40
_FRONT_CHARS = 500
_ENOUGH = 0.55  # of the name's character pairs, by their rarity
_AHEAD = 0.08  # of the next document
_GENERIC = re.compile(
    r"[这那该此本](?:一)?[份篇个本期部]|的|报告|论文|文章|文件|文档|通知|播客|录音|节目|资料|主要|"
    r"\b(?:the|this|that|report|paper|document|article|podcast|on|of|about|from|by|a|an)\b"
)
_SAYS_DOCUMENT = re.compile(
    r"[这那该此本](?:一)?[份篇期部本]|报告|论文|文章|通知|播客|录音|节目|年报|综述|白皮书|"
    r"\b(?:report|paper|document|article|podcast|notice|outlook|review)\b"
)
_TYPES = {
    "播客": ("transcript",), "录音": ("transcript",), "节目": ("transcript",),
    "podcast": ("transcript",), "论文": ("paper",), "paper": ("paper",),
    "报告": ("report",), "report": ("report",),
}  # fmt: skip


def find(library: Library, request: Request, doc_ids: Collection[str] | None) -> str | None:
    """The doc_id; None where no document fits, or several do as well.

    Where the text only points («这份报告»), it is the only document, or the only one of its kind.
    """
    if not request.named:
        return _only(library, request, doc_ids)
    name = _GENERIC.sub(" ", request.named)
    pairs = set(grams(name))
    if not pairs:
        return _only(library, request, doc_ids)
    table = background.shipped()
    weights = {p: table.rarity(p) for p in pairs}
    total = sum(weights.values())
    # Words that say «a document» let its beginning speak for it, too: publisher, authors.
    front = _SAYS_DOCUMENT.search(request.named) is not None
    scored = []
    for document in _candidates(library, name, doc_ids):
        said = {*grams(document.title), *grams(PurePosixPath(document.source).name)}
        worth = sum(weights[p] for p in pairs & said)
        if front:
            more = document.text[:_FRONT_CHARS] + " ".join(document.meta.values())
            beside = (pairs & set(grams(more))) - said
            worth += 0.9 * sum(weights[p] for p in beside)
        scored.append((worth / total, document.doc_id))
    scored.sort(key=lambda s: (-s[0], s[1]))
    if not scored or scored[0][0] < (_ENOUGH if not front else 0.45):
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < _AHEAD:
        return None
    return scored[0][1]


def _candidates(library: Library, name: str, doc_ids: Collection[str] | None) -> list[Document]:
    """Documents that speak of the name, those that do most first: a search, not a scan."""
    from index.thesaurus import shipped

    question = normalise(name, date(2000, 1, 1))
    table = background.shipped()
    concepts = concepts_of(question, [shipped()], table)
    terms = weighted_terms(concepts, table, content_grams(question, table))
    if not terms:
        return []
    found = library.search_lexical(terms, _CHUNKS, doc_ids)
    ids = list(dict.fromkeys(s.chunk.doc_id for s in found))[:_DOCUMENTS]
    return [library.document(i) for i in ids]


def _only(library: Library, request: Request, doc_ids: Collection[str] | None) -> str | None:
    if library.n_documents > 5_000 and doc_ids is None:
        return None
    all_of_them = [d for d in library.documents() if doc_ids is None or d.doc_id in doc_ids]
    if len(all_of_them) == 1:
        return all_of_them[0].doc_id
    kinds = _TYPES.get(request.type, ())
    said = key(request.type)
    fits = [d for d in all_of_them if d.kind in kinds or (said and said in key(d.title))]
    return fits[0].doc_id if len(fits) == 1 else None
