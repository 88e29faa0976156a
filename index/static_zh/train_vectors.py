"""Token vectors: where they start, and how they are trained.

A token's vector is its own and, while it is trained, a share of what it shares with others: its
characters and pairs of characters, or the beginnings of an English word. A rare word so learns
from its relatives. The sum is what is stored: it costs nothing later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from index.static_zh.train_pairs import Batches, Rewriter

FREQUENT = 1e-4  # a token of this share of the text weighs half
SHARED = 0.6  # of a token's length at the start that is shared with its relatives
TEMPERATURE = 0.05
LEARNING_RATE = 2e-3
MORE = 0.6
SHORT_DIM, SHORT_WEIGHT = 128, 0.3


def parts_of(token: str) -> list[str]:
    """What a token may share with others: its characters and pairs of them, or its beginnings."""
    if token.isascii():
        return [token[:n] + "*" for n in range(4, min(len(token), 9) + 1)] if len(token) > 3 else []
    pairs = map("".join, pairwise(token)) if len(token) > 1 else []
    return [*token, *pairs]


def shared_parts(vocabulary: Sequence[str], weight: np.ndarray) -> Any:
    """`(n_tokens, n_parts)` sparse: SHARED × weight in all for each token, over its parts."""
    from scipy import sparse

    found = [parts_of(token) for token in vocabulary]
    counts = Counter(part for parts in found for part in set(parts))
    names = {part: i for i, part in enumerate(p for p, n in counts.items() if n > 1)}
    rows, columns, values = [], [], []
    for i, parts in enumerate(found):
        known = [names[part] for part in parts if part in names]
        rows += [i] * len(known)
        columns += known
        values += [SHARED * weight[i] / max(len(known), 1) ** 0.5] * len(known)
    matrix = sparse.csr_matrix((values, (rows, columns)), (len(vocabulary), len(names)))
    return matrix.astype(np.float32)


def token_weights(counts: np.ndarray) -> np.ndarray:
    """What a token weighs at the start: little where it is frequent, most where it is rare."""
    share = (counts + 5) / counts.sum()
    weight: np.ndarray = FREQUENT / (FREQUENT + share) * np.log(1 / share) / 12
    weight[0] = 0
    return weight.astype(np.float32)


def starting_vectors(
    weight: np.ndarray, parts: Any, counts: np.ndarray, rewriter: Rewriter, dim: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random directions of tokens and of parts; a rare English word starts at its translations."""
    rng = np.random.default_rng(seed)
    shared = _unit(rng.normal(size=(parts.shape[1], dim))).astype(np.float32)
    own = _unit(rng.normal(size=(len(weight), dim))).astype(np.float32) * weight[:, None]
    own *= (1 - SHARED**2) ** 0.5
    whole = own + parts @ shared
    translated = np.zeros_like(own)
    for head, others in rewriter.english.items():
        for other in others:
            # A phrase says less of each of its words than a word does.
            for token in other:
                translated[token] += whole[head] / len(other) ** 2
    rare = (counts < 300) & (np.linalg.norm(translated, axis=1) > 0)
    own[rare] = _unit(translated[rare]) * weight[rare, None]
    return own, shared


def widened(vectors: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Further dimensions: the directions of `more`, each row as much longer as MORE says."""
    length = MORE * np.linalg.norm(vectors, axis=1, keepdims=True)
    wide: np.ndarray = np.concatenate([vectors, length * _unit(more)], axis=1, dtype=np.float32)
    return wide


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def train(
    own: np.ndarray,
    shared: np.ndarray,
    parts: Any,
    batches: Batches,
    steps: int,
    *,
    batch_size: int,
    on_step: Callable[[int, float], None],
) -> np.ndarray:
    """Contrastive training: symmetric InfoNCE with in-batch negatives, on all dimensions and on
    the first SHORT_DIM (Matryoshka). Gives `own + parts @ shared`; both are changed in place.
    """
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)  # sums in one order; the other core makes the batches
    tokens, relatives = _LazyAdam(own), _LazyAdam(shared)
    warmup = max(steps // 20, 1)

    def contrast(queries: Any, passages: Any, same: Any) -> Any:
        queries = functional.normalize(queries, dim=-1)
        passages = functional.normalize(passages, dim=-1)
        scores = (queries @ passages.T / TEMPERATURE).masked_fill(same, -1e4)
        target = torch.arange(len(queries))
        return functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)

    with ThreadPoolExecutor(1) as pool:  # one thread, in order
        coming = pool.submit(batches.make, 0, batch_size)
        for step in range(steps):
            batch = coming.result()
            coming = pool.submit(batches.make, step + 1, batch_size)
            # Only the tokens of the batch are looked at, and moved.
            rows, index = np.unique(
                np.concatenate([batch.queries.flat, batch.passages.flat]), return_inverse=True
            )
            few = parts[rows]
            columns = np.unique(few.indices)
            few = few[:, columns]
            moved = tokens.rows(rows), relatives.rows(columns)
            table = moved[0] + torch.from_numpy(few @ moved[1].numpy())
            table.requires_grad_()
            split = len(batch.queries.flat)

            def embed(index: np.ndarray, at: np.ndarray, table: Any = table) -> Any:
                flat, offsets = torch.from_numpy(index), torch.from_numpy(at[:-1].astype(np.int64))
                return functional.embedding_bag(flat, table, offsets, mode="sum")

            queries = embed(index[:split], batch.queries.at)
            passages = embed(index[split:], batch.passages.at)
            same = torch.from_numpy(batch.keys[:, None] == batch.keys[None, :])
            same.fill_diagonal_(False)
            loss = contrast(queries, passages, same) + SHORT_WEIGHT * contrast(
                queries[:, :SHORT_DIM], passages[:, :SHORT_DIM], same
            )
            torch.autograd.backward(loss)
            assert table.grad is not None
            rate = min((step + 1) / warmup, (steps - step) / (steps - warmup + 1))
            rate *= LEARNING_RATE
            tokens.step(rows, moved[0], table.grad, step + 1, rate)
            back = torch.from_numpy(few.T @ table.grad.numpy())
            relatives.step(columns, moved[1], back, step + 1, rate)
            on_step(step + 1, float(loss.detach()) / 2 / (1 + SHORT_WEIGHT))
    trained: np.ndarray = own + parts @ shared
    trained[0] = 0  # an unknown token weighs nothing
    return trained


class _LazyAdam:
    """Adam (Kingma & Ba, 2015) that touches only the rows of a batch, in place."""

    def __init__(self, values: np.ndarray) -> None:
        import torch

        self._values = torch.from_numpy(values)
        self._mean = torch.zeros_like(self._values)
        self._square = torch.zeros_like(self._values)

    def rows(self, rows: np.ndarray) -> Any:
        import torch

        return self._values[torch.from_numpy(rows).long()]

    def step(self, rows: np.ndarray, values: Any, grad: Any, step: int, rate: float) -> None:
        """`values` are the rows as they were, `(n, dim)` like `grad`."""
        import torch

        at = torch.from_numpy(rows).long()
        mean = self._mean[at].mul_(0.9).add_(grad, alpha=0.1)
        square = self._square[at].mul_(0.999).addcmul_(grad, grad, value=0.001)
        self._mean[at], self._square[at] = mean, square
        size = (square / (1 - 0.999**step)).sqrt_().add_(1e-8)
        self._values[at] = values - rate * (mean / (1 - 0.9**step)) / size
