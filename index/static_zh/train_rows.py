"""Which tokens share a stored vector, and texts as counts of stored vectors.

A vector costs 600 bytes and a token 40. Tokens that mean the same share a row: forms of an English
word with the same translations. So do rare words, by chance: that two of them are confused costs
less than cutting them into characters, which stand in everything.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from typing import Any

import numpy as np

from index.static_zh.train_pairs import Rewriter
from index.static_zh.train_ragged import Ragged
from index.static_zh.train_tokens import Vocabulary, is_han

TRANSLATED_BELOW = 300  # an English word seen less often is learnt from its translations
RARE = 30  # an English word without translation seen less often shares its row by chance
LATIN_SHARED = 1000  # rows for those


def shared_rows(
    vocabulary: Vocabulary, counts: np.ndarray, rewriter: Rewriter, n_own: int, n_shared: int
) -> np.ndarray:
    """The row of each token, the unknown one first and alone in row 0.

    `n_own` Chinese words have rows of their own: the frequent, characters and words with a
    translation before others. The rest share `n_shared` rows.
    """
    translations: dict[int, set[tuple[int, int]]] = {}
    for head, others in rewriter.english.items():
        for other in others:
            for token in other:
                translations.setdefault(token, set()).add((head, len(other)))
    words = ["", *(word for word, _ in vocabulary)]

    def claim(i: int) -> float:
        known = 4 if i in rewriter.english else 1
        return float(-(counts[i] + 5) * known * (3 if len(words[i]) == 1 else 1))

    han = [i for i, word in enumerate(words) if is_han(word)]
    own = set(sorted(han, key=lambda i: (claim(i), i))[:n_own])
    names: dict[Hashable, int] = {0: 0}
    row_of = np.zeros(len(words), dtype=np.int32)
    for i, word in enumerate(words[1:], 1):
        chance = zlib.crc32(word.encode())
        name: Hashable = i
        if is_han(word):
            name = i if i in own else ("han", chance % n_shared)
        elif i in translations and counts[i] < TRANSLATED_BELOW:
            name = frozenset(translations[i])
        elif counts[i] < RARE and len(word) > 1:
            name = ("latin", chance % LATIN_SHARED)
        row_of[i] = names.setdefault(name, len(names))
    return row_of


def row_counts(texts: Ragged, row_of: np.ndarray) -> Any:
    """`(n_texts, n_rows)` sparse: 1 + ln n for a token that stands n times in the text.

    Unknown tokens are left out.
    """
    from scipy import sparse

    texts = texts.where(texts.flat > 0)
    ones = np.ones(len(texts.flat), dtype=np.float32)
    counts = sparse.csr_matrix((ones, texts.flat, texts.at), (len(texts), len(row_of)))
    counts.sum_duplicates()
    values = 1 + np.log(counts.data)
    shape = (len(texts), int(row_of.max()) + 1)
    return sparse.csr_matrix((values, row_of[counts.indices], counts.indptr), shape)


def row_vectors(vectors: np.ndarray, row_of: np.ndarray) -> np.ndarray:
    """The direction that a row's tokens have on average, with their average length.

    The average itself would be short where many unlike tokens share a row.
    """
    size = np.bincount(row_of)
    total = np.zeros((len(size), vectors.shape[1]), dtype=np.float64)
    np.add.at(total, row_of, vectors)
    length = np.bincount(row_of, np.linalg.norm(vectors, axis=1)) / size
    unit = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
    rows: np.ndarray = (unit * length[:, None]).astype(np.float32)
    return rows
