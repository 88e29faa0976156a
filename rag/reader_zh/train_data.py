"""Groups of rows on the device that learns, and how well a network judges them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rag.reader_zh.train_model import Parameters, halved, judge_groups, matches
from rag.reader_zh.train_rows import COPY, HELD_OUT, LENGTH

LONGEST_SPAN = 31  # tokens
Batch = tuple[Tensor, Tensor, Tensor]


class Groups:
    """`ids`, `kinds`, `match` (groups, GROUP, LENGTH) and `labels` (groups, 4), of `Rows`."""

    def __init__(self, ids: np.ndarray, kinds: np.ndarray, labels: np.ndarray, device: str) -> None:
        self.device = device
        self.ids = torch.from_numpy(ids.astype(np.int16)).to(device)
        self.kinds = torch.from_numpy(kinds).to(device)
        self.labels = torch.from_numpy(labels.astype(np.int64)).to(device)
        self.match = torch.empty_like(self.kinds)
        for first in range(0, len(self), 512):
            some = slice(first, first + 512)
            flat_ids, flat_kinds = (t[some].reshape(-1, LENGTH) for t in (self.ids, self.kinds))
            found = matches(flat_ids.int(), flat_kinds)
            self.match[some] = found.view(self.match[some].shape)

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, places: Tensor) -> tuple[Batch, Tensor]:
        """Rows of some groups, and the groups' labels."""
        ids, kinds, match = (
            t[places].reshape(-1, LENGTH).long() for t in (self.ids, self.kinds, self.match)
        )
        return (ids, kinds, match), self.labels[places]

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[tuple[Batch, Tensor]]:
        """Without end; every group once before one comes again."""
        if len(self) < size:
            raise ValueError(f"{len(self)} groups are fewer than a batch of {size}: name more rows")
        while True:
            order = rng.permutation(len(self))
            for first in range(0, len(order) - size + 1, size):
                places = torch.from_numpy(order[first : first + size]).to(self.device)
                yield self.batch(places)


def read_groups(paths: Sequence[Path], device: str) -> tuple[Groups, list[Groups]]:
    """What may be learnt from, and of each file what is judged by: the held-out fold, no copies."""
    found = [dict(np.load(path)) for path in paths]
    folds = [f["labels"][:, 3] % COPY for f in found]
    learnt = {
        name: np.concatenate([f[name][k != HELD_OUT] for f, k in zip(found, folds, strict=True)])
        for name in ("ids", "kinds", "labels")
    }
    judging = []
    for f in found:
        own = f["labels"][:, 3] == HELD_OUT
        judging.append(Groups(f["ids"][own], f["kinds"][own], f["labels"][own], device))
    return Groups(**learnt, device=device), judging


def auroc(good: np.ndarray, bad: np.ndarray) -> float:
    """How often one of the good is above one of the bad; NaN where one of them is missing."""
    if not len(good) or not len(bad):
        return float("nan")
    ranks = np.concatenate([good, bad]).argsort().argsort()
    n = len(good)
    return float((ranks[:n].sum() - n * (n - 1) / 2) / (n * len(bad)))


@torch.no_grad()
def judged(p: Parameters, groups: Groups) -> str:
    """Right sentence first; spans, exact and F1; answerable or not, AUROC and rejected.

    Rejected: of the questions without an answer, where a tenth of the others is refused.
    """
    q = halved(p)
    first, good, bad, exact, common = [], [], [], [], []
    for start in range(0, len(groups), 64):
        places = torch.arange(start, min(start + 64, len(groups)), device=groups.device)
        batch, labels = groups.batch(places)
        relevance, spans = judge_groups(p, q, batch, 0.0)
        answered = labels[:, 0] >= 0
        best = relevance.max(dim=1)
        first.append((best.indices == 0)[answered].float())
        good.append(best.values[answered])
        bad.append(best.values[~answered])
        known = answered & (labels[:, 1] >= 0)
        if known.any():
            true, told = labels[known, 1:3], _best_spans(spans[known])
            exact.append((true == told).all(dim=1).float())
            common.append(_overlap(true, told))
    if not first:
        return "no groups"
    yes, no = torch.cat(good).cpu().numpy(), torch.cat(bad).cpu().numpy()
    rejected = (no < np.quantile(yes, 0.1)).mean() if len(yes) and len(no) else float("nan")
    means = [float(torch.cat(some).mean()) if some else float("nan")
             for some in (first, exact, common)]  # fmt: skip
    return (
        f"first {means[0]:.3f}, spans {means[1]:.3f} / {means[2]:.3f}, "
        f"AUROC {auroc(yes, no):.3f}, rejected {rejected:.3f} ({len(yes)} and {len(no)})"
    )


def _best_spans(logits: Tensor) -> Tensor:
    """First and last token of each likeliest span, (n, 2), of (n, length, 2)."""
    length = logits.shape[1]
    sums = logits[..., 0][:, :, None] + logits[..., 1][:, None, :]
    allowed = torch.ones(length, length, device=logits.device).triu().tril(LONGEST_SPAN - 1) > 0
    best = sums.masked_fill(~allowed, -1e5).flatten(1).argmax(dim=1)
    return torch.stack([best // length, best % length], dim=1)


def _overlap(true: Tensor, told: Tensor) -> Tensor:
    """F1 of tokens, of spans with both ends inside."""
    last, first = torch.minimum(true[:, 1], told[:, 1]), torch.maximum(true[:, 0], told[:, 0])
    both = (true[:, 1] - true[:, 0] + 1) + (told[:, 1] - told[:, 0] + 1)
    return 2 * (last - first + 1).clamp(min=0).float() / both
