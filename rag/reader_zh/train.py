"""Train the reader: python -m rag.reader_zh.train --pack FOLDER --rows ROWS --out WEIGHTS.npz

FOLDER is what `train_pack` wrote, ROWS what `train_groups` wrote. Training ends on time, wherever
it stands: with the time that is left the rate of learning falls, and the shares of the kinds of
questions go from FROM to TO. What is written is the moving mean of the weights. With --weights it
goes on from what was learnt before. Minutes of one H200; a processor alone would take days.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rag.reader_zh.train_data import Groups, judged, read_groups
from rag.reader_zh.train_model import (
    ADDED,
    Parameters,
    fresh,
    halved,
    judge_groups,
    read_weights,
    save,
)
from rag.reader_zh.train_start import LAYERS

BEGAN = time.time()
# Files of rows by kind, in the order of the shares.
FILES = {
    "real": ["real"],
    "pairs": ["pairs"],
    "found": ["found-own", "found"],
    "written": ["written"],
    "made": ["made"],
}
FROM, TO = (0.15, 0.15, 0.22, 0.26, 0.22), (0.12, 0.14, 0.28, 0.40, 0.06)
DROP = 0.1
KEPT = 0.999  # of the moving mean at a step; less in the first ones, which forget the start
WARM = 200  # steps
LEAST_RATE = 0.02  # of the rate of learning, at the end
ADDED_RATE = 4.0  # times the rate: what the start does not have learns from nothing
ASIDE = 0.4  # what yes or no of a sentence that is not the first weighs beside
FIRST = 2.0  # the first: the right one, or the one most easily taken for right


def say(*parts: Any) -> None:
    print(f"{time.time() - BEGAN:6.1f}", *parts, flush=True)


def losses(relevance: Tensor, spans: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which of the sentences; yes or no of each; where in the first. Nothing to tell gives 0."""
    answered = labels[:, 0] >= 0
    truth, weight = torch.zeros_like(relevance), torch.full_like(relevance, ASIDE)
    truth[:, 0], weight[:, 0] = answered.float(), FIRST
    yes = functional.binary_cross_entropy_with_logits(relevance, truth, weight)
    nothing = relevance.sum() * 0
    which = where = nothing
    if answered.any():
        which = functional.cross_entropy(relevance[answered], torch.zeros_like(labels[answered, 0]))
    known = answered & (labels[:, 1] >= 0)
    if known.any():
        ends = [
            functional.cross_entropy(spans[known][..., j], labels[known, j + 1]) for j in (0, 1)
        ]
        where = (ends[0] + ends[1]) / 2
    return which, yes, where


class Learning:
    """AdamW with a warm-up and a rate that falls with the time left; the vectors of tokens stay."""

    def __init__(self, p: Parameters, rate: float, seconds: float, added_rate: float) -> None:
        p["emb"].requires_grad_(False)
        added = [n for n in p if n.split(".")[0] in ADDED]
        kept = [n for n in p if n not in added and n != "emb"]
        groups = [
            {"params": [p[n] for n in kept if p[n].dim() > 1], "weight_decay": 0.02, "times": 1.0},
            {"params": [p[n] for n in kept if p[n].dim() == 1], "weight_decay": 0.0, "times": 1.0},
            {"params": [p[n] for n in added], "weight_decay": 0.0, "times": added_rate},
        ]
        self._used = [t for group in groups for t in group["params"]]  # type: ignore
        self._optimizer = torch.optim.AdamW(
            groups, lr=rate, betas=(0.9, 0.98), eps=1e-6, fused=self._used[0].is_cuda
        )
        self._rate, self._seconds, self._start = rate, seconds, time.time()
        self._p = p
        self._mean = {name: tensor.detach().clone() for name, tensor in p.items()}
        self.steps = 0

    @property
    def done(self) -> float:
        """Of the time, 0 to 1."""
        return min(1.0, (time.time() - self._start) / self._seconds)

    def step(self, which: Tensor, yes: Tensor, where: Tensor, done: float) -> None:
        """By the `losses` of a batch; `done`: of the time."""
        self.steps += 1
        rate = self._rate * min(1, self.steps / WARM) * max(LEAST_RATE, 1 - done)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["times"]
        (which + 2 * yes + 0.5 * where).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._used, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        kept = min(KEPT, (1 + self.steps) / (10 + self.steps))
        for name, mean in self._mean.items():
            mean.lerp_(self._p[name].detach(), 1 - kept)

    def finish(self) -> None:
        """The parameters become the moving mean of what they were."""
        for name, mean in self._mean.items():
            self._p[name].detach().copy_(mean)


def learn(p: Parameters, sets: Sequence[Groups], rate: float, seconds: float, size: int,
          added_rate: float) -> int:  # fmt: skip
    """Changes `p`. Each batch is of one set, drawn by the shares. Gives the number of steps."""
    rng = np.random.default_rng(3)
    draws = [groups.batches(size, rng) for groups in sets]
    learning, told = Learning(p, rate, seconds, added_rate), []
    while (done := learning.done) < 1:
        shares = np.array(FROM) * (1 - done) + np.array(TO) * done
        batch, labels = next(draws[rng.choice(len(sets), p=shares / shares.sum())])
        relevance, spans = judge_groups(p, halved(p), batch, DROP)
        which, yes, where = losses(relevance, spans, labels)
        learning.step(which, yes, where, done)
        told.append(torch.stack([which, yes, where]).detach())
        if learning.steps % 200 == 0:
            means = torch.stack(told[-200:]).mean(dim=0).tolist()
            say(f"step {learning.steps}, {done:.2f} of the time,", *(f"{x:.3f}" for x in means))
    learning.finish()
    return learning.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--groups", type=int, default=128, help="of a batch")
    parser.add_argument("--weights", type=Path, help="to go on from, instead of the start")
    parser.add_argument("--layers", type=int, default=LAYERS)
    o = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    sets: list[Groups] = []
    held_out: dict[str, Groups] = {}
    for names in FILES.values():
        learnt, judging = read_groups([o.rows / f"{name}.npz" for name in names], device)
        sets.append(learnt)
        held_out |= {n: g for n, g in zip(names, judging, strict=True) if len(g)}
    say(", ".join(f"{len(s)} {kind}" for kind, s in zip(FILES, sets, strict=True)), "on", device)
    if o.weights:
        p = read_weights(o.weights, device)
    else:
        p = fresh(np.load(o.pack / "start.npz"), o.layers, device)
    steps = learn(p, sets, o.rate, o.seconds, o.groups, 1.0 if o.weights else ADDED_RATE)
    save(o.out, p)
    say(steps, "steps; held out:")
    for name, groups in held_out.items():
        say(f"{name}: {judged(p, groups)}")


if __name__ == "__main__":
    main()
