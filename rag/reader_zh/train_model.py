"""The reader in torch: the same network that `train_export` writes as ONNX."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

WIDTH, LAYERS, HEADS, INNER, REACH = 256, 5, 4, 768, 64
Parameters = dict[str, Tensor]


def fresh(tokens: int, device: str, layers: int = LAYERS) -> Parameters:
    g = torch.Generator().manual_seed(7)

    def normal(*shape: int, std: float = 0.02) -> Tensor:
        return torch.randn(*shape, generator=g) * std

    d, f = WIDTH, INNER
    p = {
        "emb": normal(tokens, d), "kind_emb": normal(5, d), "match_emb": normal(3, d),
        "distance": torch.zeros(2 * REACH + 1, HEADS),
        "ln.g": torch.ones(d), "ln.b": torch.zeros(d),
        "pool.w": normal(d, d, std=d**-0.5), "pool.b": torch.zeros(d),
        "relevance.w": normal(d, 1), "relevance.b": torch.zeros(1),
        "span.w": normal(d, 2), "span.b": torch.zeros(2), "mlm.b": torch.zeros(tokens),
    }  # fmt: skip
    for i in range(layers):
        for name, (a, b) in {
            "qkv": (d, 3 * d),
            "out": (d, d),
            "up": (d, f),
            "down": (f, d),
        }.items():
            std = a**-0.5 / (math.sqrt(2 * layers) if name in ("out", "down") else 1)
            p[f"l{i}.{name}.w"] = normal(a, b, std=std * 0.8)
            p[f"l{i}.{name}.b"] = torch.zeros(b)
        for name in ("ln1", "ln2"):
            p[f"l{i}.{name}.g"], p[f"l{i}.{name}.b"] = torch.ones(d), torch.zeros(d)
    return {n: t.to(device).requires_grad_() for n, t in p.items()}


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
    return same.any(dim=2).long() + in_two.long()


def encode(p: Parameters, ids: Tensor, kinds: Tensor, match: Tensor | None, drop: float,
           dtype: Any = torch.bfloat16) -> Tensor:  # fmt: skip
    """(rows, length, WIDTH). The parameters are kept in full precision and used in half."""
    q = {n: t.to(dtype) for n, t in p.items() if n != "mlm.b"}
    rows, length = ids.shape
    places = torch.arange(length, device=ids.device)
    apart = (places[None, :] - places[:, None]).clamp(-REACH, REACH) + REACH
    bias = q["distance"][apart].permute(2, 0, 1)[None]
    if match is not None:
        bias = bias + ((ids == 0).to(dtype) * -10_000.0)[:, None, None, :]
    x = functional.embedding(ids, q["emb"]) + functional.embedding(kinds, q["kind_emb"])
    if match is not None:
        x = x + functional.embedding(match, q["match_emb"])
    x = functional.dropout(x, drop, drop > 0)
    layers = sum(n.endswith("qkv.w") for n in p)
    shape = (rows, length, HEADS, WIDTH // HEADS)
    for i in range(layers):

        def linear(x: Tensor, name: str, i: int = i) -> Tensor:
            return functional.linear(x, q[f"l{i}.{name}.w"].t(), q[f"l{i}.{name}.b"])

        n = functional.layer_norm(x, (WIDTH,), q[f"l{i}.ln1.g"], q[f"l{i}.ln1.b"])
        a, b, c = (t.view(shape).transpose(1, 2) for t in linear(n, "qkv").chunk(3, dim=-1))
        s = torch.matmul(a * (WIDTH // HEADS) ** -0.5, b.transpose(2, 3)) + bias
        y = torch.matmul(s.softmax(dim=-1), c).transpose(1, 2).reshape(rows, length, WIDTH)
        x = x + functional.dropout(linear(y, "out"), drop, drop > 0)
        n = functional.layer_norm(x, (WIDTH,), q[f"l{i}.ln2.g"], q[f"l{i}.ln2.b"])
        x = x + functional.dropout(linear(functional.relu(linear(n, "up")), "down"), drop, drop > 0)
    return functional.layer_norm(x, (WIDTH,), q["ln.g"], q["ln.b"])


def judge(p: Parameters, ids: Tensor, kinds: Tensor, drop: float = 0.0,
          dtype: Any = torch.bfloat16) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Relevance (rows,) and span logits (rows, length, 2), in full precision."""
    x = encode(p, ids, kinds, matches(ids, kinds), drop, dtype).float()
    first = torch.tanh(x[:, 0] @ p["pool.w"] + p["pool.b"])
    relevance = (functional.dropout(first, drop, drop > 0) @ p["relevance.w"] + p["relevance.b"])[
        :, 0
    ]
    return relevance, x @ p["span.w"] + p["span.b"]


def vectors(p: Parameters, ids: Tensor, kinds: Tensor) -> Tensor:
    """The same network as a bi-encoder: the mean of a text's tokens, of length 1."""
    x = encode(p, ids, kinds, torch.zeros_like(ids), 0.0).float()
    real = (ids != 0).float()[:, :, None]
    return functional.normalize((x * real).sum(dim=1) / real.sum(dim=1), dim=-1)


def save(path: Path, p: Parameters) -> None:
    arrays: dict[str, Any] = {
        n: t.detach().float().cpu().numpy().astype(np.float16) for n, t in p.items()
    }
    np.savez(path, **arrays)


def loaded(arrays: Any, device: str) -> Parameters:
    return {n: torch.tensor(arrays[n].astype(np.float32), device=device).requires_grad_()
            for n in arrays}  # fmt: skip
