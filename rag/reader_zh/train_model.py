"""The reader in torch: the same network that `train_export` writes as ONNX.

BERT's layers (normalised after each part, GELU), with a vector more for the part of the row that a
token belongs to and one for what it finds on the other side. The first token's state, pooled, gives
the relevance; every token's state the logits of a span's first and last token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rag.reader_zh.train_rows import GROUP
from rag.reader_zh.train_start import HEADS, WIDTH

Parameters = dict[str, Tensor]
ADDED = ("kind_emb", "match_emb", "pool", "relevance", "span")  # what the start does not have
NORM_EPSILON = 1e-12
MASKED = -1e4


def fresh(start: Mapping[str, np.ndarray], layers: int, device: str) -> Parameters:
    """The first layers of the start (`train_start.starting_weights`), the rest drawn."""
    drawn = torch.Generator().manual_seed(7)

    def normal(*shape: int, std: float) -> Tensor:
        return torch.randn(*shape, generator=drawn) * std

    added = {
        "kind_emb": normal(5, WIDTH, std=0.005),
        "match_emb": normal(3, WIDTH, std=0.005),
        "pool.w": normal(WIDTH, WIDTH, std=WIDTH**-0.5),
        "pool.b": torch.zeros(WIDTH),
        "relevance.w": normal(WIDTH, 1, std=0.02),
        "relevance.b": torch.zeros(1),
        "span.w": normal(WIDTH, 2, std=0.02),
        "span.b": torch.zeros(2),
    }
    kept = {n: torch.tensor(v).float() for n, v in start.items() if _layer(n) < layers}
    return {n: t.to(device).requires_grad_() for n, t in (kept | added).items()}


def _layer(name: str) -> int:
    """-1: of no layer."""
    return int(name[1 : name.index(".")]) if name[0] == "l" and name[1].isdigit() else -1


def halved(p: Parameters) -> Parameters:
    """The parameters in half precision, the layers' matrices as `functional.linear` wants them."""
    out = {}
    for name, tensor in p.items():
        half = tensor.to(torch.bfloat16)
        is_matrix = _layer(name) >= 0 and name.endswith(".w")
        out[name] = half.t().contiguous() if is_matrix else half
    return out


def matches(ids: Tensor, kinds: Tensor) -> Tensor:
    """0: nothing of the other side; 1: the same token; 2: the same two tokens in a row.

    The other side of the question is everything else of its row.
    """
    asks = kinds == 0
    plain = ids >= 5
    same = (ids[:, :, None] == ids[:, None, :]) & (asks[:, :, None] != asks[:, None, :])
    same &= plain[:, :, None] & plain[:, None, :]
    two = functional.pad(same[:, 1:, 1:] & same[:, :-1, :-1], (0, 1, 0, 1))
    starts = two.any(dim=2)
    in_two = starts | functional.pad(starts[:, :-1], (1, 0))
    return same.any(dim=2).to(torch.uint8) + in_two.to(torch.uint8)


def encode(q: Parameters, ids: Tensor, kinds: Tensor, match: Tensor, drop: float) -> Tensor:
    """(rows, length, WIDTH), of halved parameters."""
    rows, length = ids.shape
    mask = (ids != 0)[:, None, None, :]

    def dropped(x: Tensor) -> Tensor:
        return functional.dropout(x, drop, True) if drop else x

    def normed(x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), q[f"{name}.g"], q[f"{name}.b"], NORM_EPSILON)

    def linear(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, q[f"{name}.w"], q[f"{name}.b"])

    x = functional.embedding(ids, q["emb"]) + q["place_emb"][:length][None]
    x = x + functional.embedding(kinds, q["kind_emb"]) + functional.embedding(match, q["match_emb"])
    x = dropped(normed(x, "ln"))
    shape = (rows, length, HEADS, WIDTH // HEADS)
    for i in range(sum(name.endswith("qkv.w") for name in q)):
        three = linear(x, f"l{i}.qkv").chunk(3, dim=-1)
        query, keys, values = (t.reshape(shape).transpose(1, 2) for t in three)
        seen = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        seen = seen.transpose(1, 2).reshape(rows, length, WIDTH)
        x = normed(x + dropped(linear(seen, f"l{i}.out")), f"l{i}.ln1")
        inner = functional.gelu(linear(x, f"l{i}.up"))
        x = normed(x + dropped(linear(inner, f"l{i}.down")), f"l{i}.ln2")
    return x


def judge(p: Parameters, q: Parameters, ids: Tensor, kinds: Tensor, match: Tensor,
          drop: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Relevance (rows,) and span logits (rows, length, 2), in full precision. `q`: halved `p`."""
    x = encode(q, ids, kinds, match, drop).float()
    first = torch.tanh(x[:, 0] @ p["pool.w"] + p["pool.b"])
    first = functional.dropout(first, drop, drop > 0)
    return (first @ p["relevance.w"] + p["relevance.b"])[:, 0], x @ p["span.w"] + p["span.b"]


def judge_groups(p: Parameters, q: Parameters, batch: tuple[Tensor, Tensor, Tensor], drop: float,
                 parts: int = 4) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Relevance (groups, GROUP) and the first rows' span logits (groups, length, 2).

    `batch`: ids, kinds and matches, rows of whole groups. Rows of like length are read together, in
    some `parts`, each padded to its longest. Outside of the sentence the logits are MASKED.
    """
    ids, kinds, match = batch
    rows, length = ids.shape
    lengths = (ids > 0).sum(dim=1)
    order = torch.argsort(lengths)
    sorted_lengths = lengths[order].tolist()
    said, done = [], 0
    spans = torch.full((rows // GROUP, length, 2), MASKED, device=ids.device)
    for places in order.chunk(parts):
        done += len(places)
        longest = min(length, -(-sorted_lengths[done - 1] // 8) * 8)
        some = kinds[places, :longest]
        relevance, logits = judge(
            p, q, ids[places, :longest], some, match[places, :longest], drop
        )  # fmt: skip
        said.append(relevance)
        first = (places % GROUP == 0).nonzero()[:, 0]
        if len(first):
            own = logits[first].masked_fill((some[first] != 3)[..., None], MASKED)
            padded = functional.pad(own, (0, 0, 0, length - longest), value=MASKED)
            spans = spans.index_put((places[first] // GROUP,), padded)
    together = torch.cat(said)
    return torch.empty_like(together).index_copy(0, order, together).view(-1, GROUP), spans


def read_weights(path: Path, device: str) -> Parameters:
    """What `save` wrote."""
    stored = np.load(path)
    return {n: torch.tensor(stored[n]).float().to(device).requires_grad_() for n in stored.files}


def save(path: Path, p: Parameters) -> None:
    """What was learnt in half precision, what was not as it is."""
    arrays: dict[str, Any] = {
        n: t.detach().cpu().numpy().astype(np.float16 if t.requires_grad else np.float32)
        for n, t in p.items()
    }
    np.savez(path, **arrays)
