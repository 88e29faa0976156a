"""After training: even out the directions of texts, and add dimensions that tell words apart.

Linear maps of the vectors, so they cost nothing later.
"""

from __future__ import annotations

from typing import Any

import numpy as np

EVENED = 0.3  # 0 leaves the variances of texts' directions, 1 makes them all equal


def rotated(vectors: np.ndarray, sample: Any, evened: float, dim: int) -> np.ndarray:
    """Vectors in the principal axes of texts, the `dim` strongest first.

    `sample` is `(n_texts, n_rows)` sparse counts. Each axis is divided by its standard deviation
    to the power `evened`, so that what most texts have in common counts for less.
    """
    texts = sample @ vectors
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    variance, axes = np.linalg.eigh(texts.T @ texts / len(texts))
    strongest = np.argsort(-variance)[:dim]
    scale = np.maximum(variance[strongest], 1e-9) ** (-evened / 2)
    turned: np.ndarray = (vectors @ axes[:, strongest] * scale).astype(np.float32)
    return turned


def beside(learnt: np.ndarray, random: np.ndarray, sample: Any, share: float) -> np.ndarray:
    """Learnt dimensions, then random ones: texts are `share` as long in these as in those.

    What is learnt draws words of one topic together; random directions keep them apart.
    """
    both = [_of_length_one(learnt, sample), share * _of_length_one(random, sample)]
    rows: np.ndarray = np.concatenate(both, axis=1).astype(np.float32)
    rows[0] = 0
    return rows


def _of_length_one(vectors: np.ndarray, sample: Any) -> np.ndarray:
    """Scaled as a whole, so that texts have length one on average."""
    scaled: np.ndarray = vectors / np.linalg.norm(sample @ vectors, axis=1).mean()
    return scaled
