"""The metrics: one small file each, its definition and source in the docstring.

To add one: write its file with a `Metric` (a value per question) or a `SetMetric` (a value per
set), list it below, and test it against an example worked by hand.
"""

from __future__ import annotations

from evals.metrics.abstention import FAILED, FALSE_ABSTENTION, REJECTED
from evals.metrics.base import Metric, SetMetric
from evals.metrics.calibration import ECE
from evals.metrics.character_f1 import CHARACTER_F1
from evals.metrics.citation_precision import CITATION_PRECISION
from evals.metrics.cited import CITED
from evals.metrics.conflicts import CONFLICTS_FOUND, FALSE_CONFLICT
from evals.metrics.correct import CORRECT, NUGGETS
from evals.metrics.evidence import EVIDENCE, EVIDENCE_ALL, EVIDENCE_ANY
from evals.metrics.exact_match import EXACT_MATCH
from evals.metrics.gold_in_budget import gold_within
from evals.metrics.latency import P50, P95
from evals.metrics.length import LENGTH
from evals.metrics.mrr import MRR
from evals.metrics.ndcg import ndcg_at
from evals.metrics.numeric import NUMERIC
from evals.metrics.place import GOLD_PLACE, PLACE
from evals.metrics.recall import RECALL, recall_at
from evals.metrics.risk_coverage import AURC, AUROC
from evals.metrics.truthfulness import TRUTHFULNESS
from evals.metrics.usage import COST, TOKENS
from evals.metrics.verbatim import OFFSETS, VERBATIM

METRICS: tuple[Metric, ...] = (
    TRUTHFULNESS,
    CORRECT,
    NUGGETS,
    NUMERIC,
    EXACT_MATCH,
    CHARACTER_F1,
    LENGTH,
    EVIDENCE,
    EVIDENCE_ANY,
    EVIDENCE_ALL,
    CITATION_PRECISION,
    VERBATIM,
    OFFSETS,
    PLACE,
    GOLD_PLACE,
    CITED,
    REJECTED,
    FALSE_ABSTENTION,
    FAILED,
    CONFLICTS_FOUND,
    FALSE_CONFLICT,
    RECALL,
    recall_at(1),
    recall_at(5),
    recall_at(10),
    recall_at(50),
    ndcg_at(10),
    MRR,
    gold_within(1000),
    gold_within(3000),
    TOKENS,
    COST,
)

SET_METRICS: tuple[SetMetric, ...] = (AURC, AUROC, ECE, P50, P95)
