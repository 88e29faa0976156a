"""Citation recall: which gold quotes the answer's citations show.

A gold quote counts where it stands inside a cited quote of the same document, or where a cited
quote of at least 6 characters stands inside it (NFKC, case and white space aside). Abstaining
shows none. Three readings: the share of gold quotes, any of them, all of them.
Source: citation recall of Gao et al., Enabling large language models to generate text with
citations (ALCE), EMNLP 2023, with gold quotes in place of an entailment model.
"""

from __future__ import annotations

from evals.case import Case, Gold
from evals.matching import compact, quote_parts
from evals.metrics.base import Metric

SHORTEST_PART = 6


def shows(doc_id: str, quote: str, gold: Gold) -> bool:
    """Whether a cited quote (compact) of a document shows a gold quote."""
    if doc_id != gold.doc_id:
        return False
    wanted = compact(gold.quote)
    return wanted in quote or (len(quote) >= SHORTEST_PART and quote in wanted)


def cited_quotes(case: Case) -> list[tuple[str, str]]:
    """Document and compact quote of each citation, in order."""
    return [
        (str(c.get("doc_id") or ""), "".join(quote_parts(str(c.get("quote") or ""))))
        for c in case.citations
    ]


def gold_shown(case: Case) -> list[bool] | None:
    """For each gold quote whether a citation shows it; None where there is no gold."""
    if not case.question.answerable or not case.gold:
        return None
    cited = cited_quotes(case)
    return [any(shows(doc, quote, gold) for doc, quote in cited) for gold in case.gold]


def _share(case: Case) -> float | None:
    shown = gold_shown(case)
    return None if shown is None else sum(shown) / len(shown)


def _any(case: Case) -> float | None:
    shown = gold_shown(case)
    return None if shown is None else float(any(shown))


def _all(case: Case) -> float | None:
    shown = gold_shown(case)
    return None if shown is None else float(all(shown))


EVIDENCE = Metric("evidence", _share)
EVIDENCE_ANY = Metric("evidence_any", _any, binary=True)
EVIDENCE_ALL = Metric("evidence_all", _all, binary=True)
