"""Tokens of a static model for a question, without reading its whole vocabulary.

Loading 70,000 tokens into a tokenizer takes longer than answering does, and a question holds
twenty. A model of ours therefore carries its vocabulary a second time, as sorted hashes that need
no loading: tensors `token_…` of model.safetensors. The tokens found are those of tokenizer.json; a
test compares.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from index.segmenting import key

TENSORS = ("token_hash", "token_id", "token_score", "token_longest")
_BETWEEN_RUNS = re.compile(r"[^\w%]+|_+")  # \w is isalnum() and "_"
_UNKNOWN_PENALTY = 10.0  # of tokenizers' unigram model


def normal_form(text: str) -> str:
    """What tokenizer.json's normalizer makes of a text: NFKC, lower case, simplified."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("İ", "i̇")  # the one that grows
    return key(text)


def spaced_runs(text: str) -> str:
    """The normal form with one space wherever tokenizer.json's pre-tokenizer cuts."""
    return _BETWEEN_RUNS.sub(" ", normal_form(text))


def lookup_tensors(vocabulary: Sequence[tuple[str, float]]) -> dict[str, np.ndarray]:
    """The tensors for (token, log probability with two digits), the unknown token first."""
    hashes = np.array([_hash(token) for token, _ in vocabulary], dtype=np.uint64).view(np.int64)
    order = np.argsort(hashes.view(np.uint64))
    scores = np.rint(100 * np.array([score for _, score in vocabulary]))
    return {
        "token_hash": hashes[order],
        "token_id": order.astype(np.int32),
        "token_score": scores[order].astype(np.int16),
        "token_longest": np.array(
            [
                max((len(token) for token, _ in vocabulary if token.isascii() is kind), default=1)
                for kind in (False, True)
            ],
            dtype=np.int32,
        ),
    }


def _hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


class TokenLookup:
    """The most probable tokens of a text by the unigram model (Kudo, ACL 2018)."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._hashes = tensors["token_hash"].view(np.uint64)
        self._ids, self._scores = tensors["token_id"], tensors["token_score"]
        self._longest: list[int] = tensors["token_longest"].tolist()  # others, ASCII tokens
        self._unknown = float(self._scores.min()) / 100 - _UNKNOWN_PENALTY

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, text: str) -> list[int]:
        """In order of the text, without unknown ones."""
        return [i for run in _runs(normal_form(text)) for i in self._best(run)]

    def _best(self, run: str) -> list[int]:
        n = len(run)
        pieces = [
            (start, end)
            for start in range(n)
            for end in range(start + 1, min(start + self._longest[run[start].isascii()], n) + 1)
        ]
        hashes = np.array([_hash(run[start:end]) for start, end in pieces], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        known = self._hashes[places] == hashes
        ids = self._ids[places].tolist()
        scores = (self._scores[places] / 100.0).tolist()
        # For each end: score of the best way there, where its last token starts, and which it is.
        best: list[tuple[float, int, int]] = [(0.0, -1, 0)] * (n + 1)
        seen_single = -1
        for (start, end), is_known, token, score in zip(
            pieces, known.tolist(), ids, scores, strict=True
        ):
            if not is_known and not (end == start + 1 and seen_single != start):
                continue
            if end == start + 1:
                seen_single = start
            here = best[start][0] + (score if is_known else self._unknown)
            if best[end][1] < 0 or here > best[end][0]:
                best[end] = (here, start, token if is_known else 0)
        found, end = [], n
        while end > 0:
            _, start, token = best[end]
            if token:
                found.append(token)
            end = start
        return found[::-1]


def _runs(text: str) -> Iterator[str]:
    """Letters, numbers and percent signs: punctuation says nothing to a mean of word vectors."""
    start = None
    for at, char in enumerate(text):
        if char.isalnum() or char == "%":
            start = at if start is None else start
        elif start is not None:
            yield text[start:at]
            start = None
    if start is not None:
        yield text[start:]
