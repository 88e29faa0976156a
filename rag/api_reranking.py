"""Sentences put in order by a server: the `/rerank` of Jina, Cohere, vLLM and others.

Off unless `rerank.base_url` is set. The best sentences by our own ranker are sent, and only their
order changes; where the server fails, the order stays. What is answered is still decided by
rag/answerability.py on our own scores.
"""

from __future__ import annotations

import numpy as np

from index.api_embedding import post_json
from index.errors import ModelUnavailable
from rag.ranking import Scores, order
from rag.retrieval import Retrieval, matched_text
from rag.settings import RerankSettings

KEY_VARIABLE = "WENJU_RERANK_API_KEY"


def reranked(
    question: str, retrieval: Retrieval, scores: Scores, settings: RerankSettings
) -> Scores:
    """The same scores, handed out in the server's order among the best sentences."""
    places = order(scores)[: settings.sentences]
    if not settings.base_url or len(places) < 2:
        return scores
    found = [retrieval.sentences[i] for i in places]
    body = {
        "model": settings.model,
        "query": question,
        "documents": [matched_text(one.document, one.sentence) for one in found],
    }
    try:
        said = post_json(settings.base_url.rstrip("/") + "/rerank", body, KEY_VARIABLE)
        rated = {int(r["index"]): float(r["relevance_score"]) for r in said["results"]}
    except (ModelUnavailable, KeyError, TypeError, ValueError):
        return scores
    known = [i for i in range(len(places)) if i in rated and np.isfinite(rated[i])]
    if len(known) < 2:
        return scores
    wanted = sorted(known, key=lambda i: (-rated[i], i))
    out = scores.copy()
    for slot, i in zip(sorted(known), wanted, strict=True):
        out[places[i]] = scores[places[slot]]
    return out
