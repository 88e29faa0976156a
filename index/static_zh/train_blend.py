"""After training: even out the directions of texts, and take an earlier model in.

Both are linear maps of the token vectors, so they cost nothing later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from index.static_zh.train_tokens import Vocabulary

EVENED = 0.3  # 0 leaves the variances of texts' directions, 1 makes them all equal
EARLIER = 0.8  # length of texts in the earlier model's dimensions, beside 1 in the new ones


def rotated(vectors: np.ndarray, sample: Any, evened: float, dim: int) -> np.ndarray:
    """Token vectors in the principal axes of texts, the `dim` strongest first.

    `sample` is `(n_texts, n_tokens)` sparse counts. Each axis is divided by its standard deviation
    to the power `evened`, so that what most texts have in common counts for less.
    """
    texts = sample @ vectors
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    variance, axes = np.linalg.eigh(texts.T @ texts / len(texts))
    strongest = np.argsort(-variance)[:dim]
    scale = np.maximum(variance[strongest], 1e-9) ** (-evened / 2)
    turned: np.ndarray = (vectors @ axes[:, strongest] * scale).astype(np.float32)
    return turned


def blended(
    vectors: np.ndarray, vocabulary: Vocabulary, earlier: Path | None, sample: Any, dim: int
) -> np.ndarray:
    """`(n_tokens, dim)`: both models' vectors side by side, then the `dim` strongest axes.

    `earlier` is the folder of a static model; a token gets there the sum of the tokens that model
    cuts it into. None: only this model's.
    """
    both = [_of_length_one(rotated(vectors, sample, EVENED, vectors.shape[1]), sample)]
    if earlier is not None:
        other = _earlier_vectors(earlier, vocabulary)
        evened = rotated(other, sample, EVENED, other.shape[1])
        both.append(EARLIER * _of_length_one(evened, sample))
    turned = rotated(np.concatenate(both, axis=1), sample, 0, dim)
    turned[0] = 0
    return turned


def _of_length_one(vectors: np.ndarray, sample: Any) -> np.ndarray:
    """Scaled as a whole, so that texts have length one on average."""
    scaled: np.ndarray = vectors / np.linalg.norm(sample @ vectors, axis=1).mean()
    return scaled


def _earlier_vectors(folder: Path, vocabulary: Vocabulary) -> np.ndarray:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    rows = load_file(folder / "model.safetensors")["embeddings"].astype(np.float32)
    rows[0] = 0
    encoded = Tokenizer.from_file(str(folder / "tokenizer.json")).encode_batch_fast(
        [word for word, _ in vocabulary], add_special_tokens=False
    )
    return np.stack([np.zeros_like(rows[0]), *(rows[one.ids].sum(axis=0) for one in encoded)])
