"""At which rank each gold quote is first covered: what the retrieval metrics share."""

from __future__ import annotations

from collections.abc import Sequence

from evals.case import Case, Gold, Ranked
from index.schema import Span

COVERED = 0.5  # of a gold quote's characters, or of the retrieved item's


def overlap(left: Sequence[Span], right: Sequence[Span]) -> int:
    """Characters that two lists of spans share; spans of one list do not overlap each other."""
    return sum(max(0, min(a.end, b.end) - max(a.start, b.start)) for a in left for b in right)


def covers(item: Ranked, gold: Gold) -> bool:
    """Whether a retrieved item shows a gold quote: at least half of the shorter of the two.

    Any item of the document covers a gold that is a whole document.
    """
    if item.doc_id != gold.doc_id or not gold.spans:
        return False
    if gold.whole_document:
        return True
    shared = overlap(item.spans, gold.spans)
    return shared >= COVERED * min(item.n_chars, sum(len(s) for s in gold.spans)) and shared > 0


def gold_ranks(case: Case) -> list[int | None] | None:
    """For each gold quote the rank, from 1, of the first item that covers it; None: never.

    For whole documents, ranks count distinct documents. None instead of a list where the question
    has no gold or the run recorded no retrieval: the metric does not apply.
    """
    if case.ranked is None or not case.gold:
        return None
    documents = list(dict.fromkeys(item.doc_id for item in case.ranked))
    ranks: list[int | None] = []
    for gold in case.gold:
        if gold.whole_document:
            found = gold.doc_id in documents
            ranks.append(documents.index(gold.doc_id) + 1 if found else None)
        else:
            hits = (i for i, item in enumerate(case.ranked, 1) if covers(item, gold))
            ranks.append(next(hits, None))
    return ranks
