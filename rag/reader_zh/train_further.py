"""Teach a reader more, on a processor.

    python -m rag.reader_zh.train_further WEIGHTS.npz --rows ROWS --out MORE.npz

It learns from what wenju finds for questions over documents of our own (`written.npz` of
`train_groups`), and beside them again from what it learnt before. Half of the sentences of a group
are enough: the first, the ranker's next, two more. Nothing is dropped out: hardly any group comes
twice. What is written is half of what it was and half of what it has become: as sure which sentence
it is, and surer where there is none.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rag.reader_zh.train import Learning, losses, say
from rag.reader_zh.train_data import Batch, Groups, judged, read_groups
from rag.reader_zh.train_model import Parameters, halved, judge_groups, save
from rag.reader_zh.train_rows import GROUP

NEW, OLD = ["written"], ["found-own", "found"]
SIZE = 16  # groups of a batch
READ = 4  # sentences of a group
AGAIN = 0.25  # of the groups, those learnt before
ASIDE = 0.9  # of each beside the first: about what the seven of `train` weigh together
WARM = 30  # steps
KEPT = 0.5  # of the weights before


def parts(groups: Groups, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Without end: a group's place and which of its rows are read; every group before one again."""
    if not len(groups):
        raise ValueError("there are no groups to learn from: name more rows")
    while True:
        for place in rng.permutation(len(groups)):
            rows = [0, 1, *(2 + rng.permutation(GROUP - 2)[: READ - 2])]
            yield torch.full((READ,), int(place)), torch.tensor(rows)


def together(drawn: list[tuple[Groups, Tensor, Tensor]]) -> tuple[Batch, Tensor]:
    """One batch of what `parts` drew from several sets of groups."""
    ids, kinds, match = (
        torch.cat([getattr(groups, name)[place, rows].long() for groups, place, rows in drawn])
        for name in ("ids", "kinds", "match")
    )
    return (ids, kinds, match), torch.stack([groups.labels[p[0]] for groups, p, _ in drawn])


def learn(p: Parameters, new: Groups, old: Groups, rate: float, seconds: float) -> int:
    """Changes `p`. Gives the number of steps."""
    rng = np.random.default_rng(6)
    of_new, of_old = parts(new, rng), parts(old, rng)
    learning = Learning(p, rate, seconds, warm=WARM, added_rate=1.0)
    while (done := learning.done) < 1:
        again = int(rng.binomial(SIZE, AGAIN))
        drawn = [(new, *next(of_new)) for _ in range(SIZE - again)]
        drawn += [(old, *next(of_old)) for _ in range(again)]
        batch, labels = together(drawn)
        relevance, spans = judge_groups(p, halved(p), batch, 0.0, size=READ)
        which, yes, where = losses(relevance, spans, labels, ASIDE)
        learning.step(which, yes, where, done)
        if learning.steps % 25 == 0:
            told = (float(loss.detach()) for loss in (which, yes, where))
            say(f"step {learning.steps}, {done:.2f} of the time,", *(f"{x:.3f}" for x in told))
    return learning.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=3000)
    parser.add_argument("--rate", type=float, default=4e-5)
    o = parser.parse_args()
    torch.manual_seed(5)
    new, judging = read_groups([o.rows / f"{name}.npz" for name in NEW], "cpu")
    old, before = read_groups([o.rows / f"{name}.npz" for name in OLD], "cpu")
    stored = np.load(o.weights)
    p = {name: torch.tensor(stored[name]).float().requires_grad_() for name in stored.files}
    say(learn(p, new, old, o.rate, o.seconds), "steps; held out:")
    with torch.no_grad():
        for name, tensor in p.items():
            tensor.lerp_(torch.tensor(stored[name]).float(), KEPT)
    save(o.out, p)
    for name, groups in zip([*NEW, *OLD], [*judging, *before], strict=True):
        say(f"{name}: {judged(p, groups)}")


if __name__ == "__main__":
    main()
