"""Token vectors: where they start, and how they are trained.

Without an earlier model a token starts at a random direction and a share of what it has in common
with others: its characters and pairs of characters, or the beginnings of an English word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from index.static_zh.train_pairs import Batches, Rewriter
from index.static_zh.train_ragged import stacked
from index.static_zh.train_rows import TRANSLATED_BELOW, row_counts
from index.static_zh.train_tokens import Vocabulary

SHARED = 0.6  # of a token's length at the start that is shared with its relatives
TEMPERATURE = 0.05
LEARNING_RATE = 1e-3
WARMUP = 50  # steps


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
    """What a token weighs at the start: the logarithm of its rarity, about 1 for the rarest."""
    share = (counts + 5) / counts.sum()
    weight: np.ndarray = np.log(1 / share) / 12
    weight[0] = 0
    return weight.astype(np.float32)


def random_vectors(weight: np.ndarray, dim: int, seed: int) -> np.ndarray:
    """A direction of its own for each token."""
    directions = np.random.default_rng(seed).normal(size=(len(weight), dim))
    vectors: np.ndarray = (_unit(directions) * weight[:, None]).astype(np.float32)
    return vectors


def related_vectors(
    vocabulary: Sequence[str], weight: np.ndarray, dim: int, seed: int
) -> np.ndarray:
    """Random directions, a part of each shared with the token's relatives."""
    parts = shared_parts(vocabulary, weight)
    shared = random_vectors(np.ones(parts.shape[1]), dim, seed + 1)
    own = random_vectors(weight, dim, seed) * (1 - SHARED**2) ** 0.5
    vectors: np.ndarray = (own + parts @ shared).astype(np.float32)
    return vectors


def earlier_vectors(folder: Path, vocabulary: Vocabulary) -> np.ndarray:
    """Of each token the sum of those that the static model in `folder` cuts it into."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tensors = load_file(folder / "model.safetensors")
    rows = tensors["embeddings"].astype(np.float32)
    if "mapping" in tensors:
        rows = rows[tensors["mapping"]]
    if "weights" in tensors:
        rows *= tensors["weights"].astype(np.float32)[:, None]
    rows[0] = 0
    encoded = Tokenizer.from_file(str(folder / "tokenizer.json")).encode_batch_fast(
        [word for word, _ in vocabulary], add_special_tokens=False
    )
    return np.stack([np.zeros_like(rows[0]), *(rows[one.ids].sum(axis=0) for one in encoded)])


def at_translations(vectors: np.ndarray, counts: np.ndarray, rewriter: Rewriter) -> np.ndarray:
    """Rare English words moved to the mean of their translations, as long as they were."""
    translated = np.zeros_like(vectors)
    for head, others in rewriter.english.items():
        for other in others:
            # A phrase says less of each of its words than a word does.
            for token in other:
                translated[token] += vectors[head] / len(other) ** 2
    rare = (counts < TRANSLATED_BELOW) & (np.linalg.norm(translated, axis=1) > 0)
    moved = vectors.copy()
    moved[rare] = _unit(translated[rare]) * np.linalg.norm(vectors[rare], axis=1, keepdims=True)
    return moved


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def train(
    vectors: np.ndarray,
    row_of: np.ndarray,
    batches: Batches,
    steps: int,
    *,
    batch_size: int,
    on_step: Callable[[int, float], None],
) -> None:
    """Contrastive training of the rows of `vectors`, in place: symmetric InfoNCE with in-batch
    negatives. Row 0, the unknown token, ends as zeros.
    """
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)  # sums in one order; the other core makes the batches
    rows = _LazyAdam(vectors)

    def make(step: int) -> tuple[Any, np.ndarray]:
        batch = batches.make(step, batch_size)
        return row_counts(stacked(batch.queries, batch.passages), row_of), batch.keys

    with ThreadPoolExecutor(1) as pool:  # one thread, in order
        coming = pool.submit(make, 0)
        for step in range(steps):
            texts, keys = coming.result()
            coming = pool.submit(make, step + 1)
            used = np.unique(texts.indices)  # only these are looked at, and moved
            texts = texts[:, used]
            table = rows.rows(used)
            summed = torch.from_numpy(texts @ table.numpy()).requires_grad_()
            unit = functional.normalize(summed, dim=-1, eps=1e-6)
            queries, passages = unit[: len(keys)], unit[len(keys) :]
            same = torch.from_numpy(keys[:, None] == keys[None, :]).fill_diagonal_(False)
            scores = (queries @ passages.T / TEMPERATURE).masked_fill(same, -1e4)
            right = torch.arange(len(keys))
            loss = functional.cross_entropy(scores, right)
            loss = loss + functional.cross_entropy(scores.T, right)
            torch.autograd.backward(loss)
            assert summed.grad is not None
            grad = torch.from_numpy(texts.T @ summed.grad.numpy())
            rate = LEARNING_RATE * min((step + 1) / WARMUP, 1) * (1 - step / steps)
            rows.step(used, table, grad, step + 1, rate)
            on_step(step + 1, float(loss.detach()) / 2)
    vectors[0] = 0


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
