"""Train the reader: python -m rag.reader_zh.train --data FOLDER --out FOLDER [--start FILE]

FOLDER holds what `train_pack` writes. Seconds of each stage are set by flags: the stages end on
time, wherever they stand, and the rate of learning falls with the time that is left. Rows are made
on the processor's other cores while the language model is trained.
"""

from __future__ import annotations

import argparse
import json
import lzma
import multiprocessing
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from rag.reader_zh import train_model as m
from rag.reader_zh.train_questions import Maker, Words
from rag.reader_zh.train_rows import GROUP, Library, made, real

BEGAN = time.time()
COPIES = {"cmrc2018": 6, "drcd": 5, "stard": 3, "T1": 14, "T2": 14}
HELD_OUT = 0  # the fold that the judged model does not see


def say(*parts: Any) -> None:
    print(f"{time.time() - BEGAN:6.1f}", *parts, flush=True)


def open_library(folder: Path) -> Library:
    from tokenizers import Tokenizer

    places = np.load(folder / "places.npz")
    ids = np.frombuffer(lzma.decompress((folder / "ids.u16.xz").read_bytes()), dtype=np.uint16)
    arrays = {n: places[n] for n in ("passage_at", "titles", "title_at")}
    arrays["sentence_at"] = np.concatenate([[0], np.cumsum(places["lens"].astype(np.int64))])
    arrays["ids"] = ids
    sources = json.loads((folder / "sources.json").read_text())
    return Library(arrays, sources, Tokenizer.from_file(str(folder / "tokenizer.json")))


_SHARED: dict[str, Any] = {}


def make_maker(folder: Path) -> Maker:
    import jieba

    tags = {}
    with (Path(jieba.__file__).parent / "dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, tag = line.split()
            tags[word.lower()] = tag
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return Maker(tokenizer.cut, tags, Words(**json.loads((folder / "words.json").read_text())))


def _job(job: tuple[str, Any, int]) -> str:
    kind, what, seed = job
    library, maker = _SHARED["library"], _SHARED["maker"]
    if kind == "made":
        rows = made(library, maker, what, _SHARED["per_passage"], seed)
    else:
        rows = real(library, maker, _SHARED["questions"], COPIES, seed)
    path = f"{_SHARED['folder']}/{kind}-{seed}.npz"
    ids, kinds, labels = rows.arrays()
    np.savez(path, ids=ids, kinds=kinds, labels=labels)
    return path


class Training:
    """Adam with a warm-up and a rate that falls with the time left."""

    def __init__(self, p: m.Parameters, names: Sequence[str], rate: float, seconds: float) -> None:
        used = [t for n, t in p.items() if n in names]
        decayed = [t for t in used if t.dim() > 1]
        plain = [t for t in used if t.dim() == 1]
        self.fused = used[0].is_cuda
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}],
            lr=rate, betas=(0.9, 0.98), eps=1e-6, fused=self.fused,
        )  # fmt: skip
        self.used, self.rate, self.seconds = used, rate, seconds
        self.steps, self.start = 0, time.time()

    @property
    def left(self) -> float:
        return max(0.0, 1 - (time.time() - self.start) / self.seconds)

    def step(self, loss: torch.Tensor, warm: int = 200) -> None:
        self.steps += 1
        rate = self.rate * min(1, self.steps / warm) * max(0.02, self.left)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.used, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.steps % 20 == 0 and self.fused:
            torch.cuda.synchronize()  # so that the clock tells the truth


def language_model(p: m.Parameters, ids: np.ndarray, tokens: int, seconds: float, device: str,
                   batch: int, rate: float) -> None:  # fmt: skip
    flat = torch.from_numpy(ids.astype(np.int32)).to(device)
    length, reach = 128, torch.arange(128, device=device)
    training = Training(p, [n for n in p if n[:4] not in ("pool", "rele", "span", "matc")], rate,
                        seconds)  # fmt: skip
    total, losses = 0, []
    while training.left > 0:
        starts = torch.randint(0, len(flat) - length, (batch, 1), device=device)
        true = flat[starts + reach].long()
        begin = torch.rand(true.shape, device=device) < 0.095
        more = torch.rand(true.shape, device=device)
        hidden = begin.clone()
        hidden[:, 1:] |= begin[:, :-1] & (more[:, :-1] < 0.7)
        hidden[:, 2:] |= begin[:, :-2] & (more[:, :-2] < 0.35)
        hidden[:, 3:] |= begin[:, :-3] & (more[:, :-3] < 0.18)
        hidden &= true >= 5
        how = torch.rand(true.shape, device=device)
        seen = torch.where(hidden & (how < 0.85), 4, true)
        seen = torch.where(hidden & (how > 0.93), torch.randint_like(true, 5, tokens), seen)
        x = m.encode(p, seen, torch.full_like(seen, 3), None, 0.0)
        logits = functional.linear(x[hidden], p["emb"].to(x.dtype), p["mlm.b"].to(x.dtype))
        loss = functional.cross_entropy(logits.float(), true[hidden])
        training.step(loss, 300)
        total += batch * length
        if training.steps % 20 == 0:
            losses.append(loss.item())
        if training.steps % 1000 == 0:
            say(f"language model: step {training.steps}, loss {np.mean(losses[-50:]):.3f}")
    say(f"language model: {training.steps} steps, {total / 1e6:.0f} M tokens, "
        f"loss {np.mean(losses[-20:]):.3f}")  # fmt: skip


class Groups:
    """Rows of groups on the device."""

    def __init__(self, paths: Sequence[str], keep: Callable[[np.ndarray], np.ndarray],
                 device: str) -> None:  # fmt: skip
        found = [dict(np.load(path)) for path in paths]
        kept = [keep(f["labels"]) for f in found]
        join = {n: np.concatenate([f[n][k] for f, k in zip(found, kept, strict=True)])
                for n in ("ids", "kinds", "labels")}  # fmt: skip
        self.lengths = (join["ids"] > 0).sum(axis=2).max(axis=1)
        self.ids = torch.from_numpy(join["ids"].astype(np.int16)).to(device)
        self.kinds = torch.from_numpy(join["kinds"]).to(device)
        self.labels = torch.from_numpy(join["labels"]).to(device)

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, places: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        length = min(160, -(-int(self.lengths[places].max()) // 8) * 8)
        at = torch.from_numpy(places).to(self.ids.device)
        ids = self.ids[at, :, :length].long().reshape(-1, length)
        return ids, self.kinds[at, :, :length].long().reshape(-1, length), self.labels[at].long()

    def batches(self, size: int, rng: np.random.Generator) -> Any:
        """Without end; groups of like length together."""
        while True:
            order = rng.permutation(len(self))
            for first in range(0, len(order), size * 24):
                some = order[first : first + size * 24]
                some = some[np.argsort(self.lengths[some], kind="stable")]
                parts = [some[i : i + size] for i in range(0, len(some), size)]
                yield from (parts[i] for i in rng.permutation(len(parts)))


def span_loss(spans: torch.Tensor, kinds: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    spans = spans.view(len(labels), len(spans) // len(labels), -1, 2)[:, 0]
    kinds = kinds.view(len(labels), len(kinds) // len(labels), -1)[:, 0]
    spans = spans.masked_fill((kinds != 3)[:, :, None], -1e4)
    known = labels[:, 1] >= 0
    if not known.any():
        return spans.sum() * 0
    losses = [functional.cross_entropy(spans[known][:, :, j], labels[known, j + 1]) for j in (0, 1)]
    return sum(losses) / 2  # type: ignore[return-value]


def read_groups(p: m.Parameters, groups: Groups, seconds: float, rate: float, drop: float,
                size: int, other: Groups | None = None) -> None:  # fmt: skip
    """`other`: groups that every third batch is taken from."""
    rng = np.random.default_rng(3)
    draws = groups.batches(size, rng)
    others = other.batches(size, rng) if other else None
    training = Training(p, [n for n in p if n != "mlm.b"], rate, seconds)
    sums, seen = [], 0
    while training.left > 0:
        from_other = others is not None and training.steps % 3 == 2
        ids, kinds, labels = (
            other.batch(next(others)) if from_other else groups.batch(next(draws))  # type: ignore
        )
        relevance, spans = m.judge(p, ids, kinds, drop)
        logits = relevance.view(len(labels), -1)
        answered = labels[:, 0] >= 0
        truth = torch.zeros_like(logits)
        truth[:, 0] = answered.float()
        weight = torch.full_like(logits, 0.5)
        weight[:, 0] = 2.0  # right sentences, and those that only seem right
        yes = functional.binary_cross_entropy_with_logits(logits, truth, weight)
        best = functional.cross_entropy(logits[answered], torch.zeros_like(labels[answered, 0]))
        where = span_loss(spans, kinds, labels)
        training.step(best + 1.5 * yes + 0.7 * where)
        seen += len(labels)
        if training.steps % 10 == 0:
            sums.append((best.item(), yes.item(), where.item()))
        if training.steps % 500 == 0:
            say("reading: step", training.steps, np.mean(sums[-40:], axis=0).round(3).tolist())
    say(f"reading: {training.steps} steps, {seen} groups of {len(groups)}",
        np.mean(sums[-40:], axis=0).round(3).tolist())  # fmt: skip


def auroc(good: np.ndarray, bad: np.ndarray) -> float:
    ranks = np.concatenate([good, bad]).argsort().argsort()
    n = len(good)
    return float((ranks[:n].sum() - n * (n - 1) / 2) / max(1, n * len(bad)))


@torch.no_grad()
def test(name: str, p: m.Parameters, groups: Groups) -> None:
    tops, exact, common, good, bad = [], [], [], [], []
    for first in range(0, len(groups), 64):
        places = np.arange(first, min(first + 64, len(groups)))
        ids, kinds, labels = groups.batch(places)
        relevance, spans = m.judge(p, ids, kinds)
        logits = relevance.view(len(labels), -1)
        answered = (labels[:, 0] >= 0).cpu().numpy()
        best = logits.max(dim=1)
        tops += best.indices.cpu().numpy()[answered].__eq__(0).tolist()
        top = best.values.cpu().numpy()
        good += top[answered].tolist()
        bad += top[~answered].tolist()
        spans = spans.view(len(labels), len(spans) // len(labels), -1, 2)[:, 0]
        kinds = kinds.view(len(labels), len(kinds) // len(labels), -1)[:, 0]
        spans = spans.masked_fill((kinds != 3)[..., None], -1e4)
        for row in np.flatnonzero((labels[:, 1] >= 0).cpu().numpy()):
            start, end = labels[row, 1:3].tolist()
            sums = spans[row, :, 0][:, None] + spans[row, :, 1][None]
            band = torch.ones_like(sums).triu().tril(30)
            place = int(torch.where(band > 0, sums, torch.full_like(sums, -1e5)).argmax())
            a, b = divmod(place, sums.shape[1])
            exact.append((a, b) == (start, end))
            overlap = max(0, min(b, end) - max(a, start) + 1)
            common.append(2 * overlap / (b - a + 1 + end - start + 1))
    say(f"{name}: {len(groups)} groups, top 1 {np.mean(tops):.3f}, span EM {np.mean(exact):.3f} "
        f"F1 {np.mean(common):.3f}, AUROC {auroc(np.array(good), np.array(bad)):.3f} "
        f"({len(good)} against {len(bad)})")  # fmt: skip


def pair_up(p: m.Parameters, groups: Groups, other: Groups, seconds: float, rate: float,
            size: int) -> None:  # fmt: skip
    """The bi-encoder: a question lies nearest to its own sentence among those of the batch."""
    rng = np.random.default_rng(5)
    sources = [(g, np.flatnonzero((g.labels[:, 0] >= 0).cpu().numpy())) for g in (groups, other)]
    training = Training(p, [n for n in p if n[:4] not in ("pool", "rele", "span", "mlm.")], rate,
                        seconds)  # fmt: skip
    losses = []
    while training.left > 0:
        group, places = sources[training.steps % 3 == 2]
        ids, kinds, _ = group.batch(rng.choice(places, min(size, len(places))))
        ids, kinds = ids[::GROUP], kinds[::GROUP]
        question = torch.where((kinds == 0), ids, 0)[:, :48]
        passage = torch.where((kinds > 0), ids, 0)
        order = torch.argsort((passage == 0).long(), dim=1, stable=True)
        passage = passage.gather(1, order)
        one = m.vectors(p, question, torch.zeros_like(question))
        two = m.vectors(p, passage, torch.full_like(passage, 3))
        scores = one @ two.t() / 0.05
        target = torch.arange(len(scores), device=scores.device)
        loss = (
            functional.cross_entropy(scores, target) + functional.cross_entropy(scores.t(), target)
        ) / 2
        training.step(loss)
        if training.steps % 10 == 0:
            losses.append(loss.item())
    say(f"pairs: {training.steps} steps, loss {np.mean(losses[-20:]):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a language model trained before")
    parser.add_argument("--text", type=float, default=170, help="seconds of language modelling")
    parser.add_argument("--made", type=float, default=100, help="seconds on made questions")
    parser.add_argument("--real", type=float, default=30, help="seconds on real questions")
    parser.add_argument("--all", type=float, default=0, help="seconds, with the held-out ones too")
    parser.add_argument("--pairs", type=float, default=0, help="seconds as a bi-encoder")
    parser.add_argument("--per-passage", type=float, default=6.0)
    parser.add_argument("--passages", type=int, default=10**9)
    parser.add_argument("--jobs", type=int, default=14)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--groups", type=int, default=64)
    parser.add_argument("--rows", type=Path, default=Path("/dev/shm/rows"))
    o = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    o.rows.mkdir(parents=True, exist_ok=True)
    library, maker = open_library(o.data), make_maker(o.data)
    questions = json.loads((o.data / "questions.json").read_text())
    if o.passages < 10**6:
        questions = questions[:: max(1, 10**5 // o.passages)]
    _SHARED.update(library=library, maker=maker, per_passage=o.per_passage, folder=str(o.rows),
                   questions=questions)  # fmt: skip
    order = np.random.default_rng(0).permutation(min(o.passages, len(library.sources))).tolist()
    parts = max(o.jobs, min(56, len(order) // 500))
    jobs: list[tuple[str, Any, int]] = [("real", None, 1), ("real", None, 2)]
    jobs += [("made", sorted(order[i::parts]), 100 + i) for i in range(parts)]
    say("library open,", len(jobs), "jobs")
    # Forked before the device is touched, so that the library is shared.
    pool = multiprocessing.get_context("fork").Pool(o.jobs)
    pending = pool.map_async(_job, jobs, chunksize=1)
    tokens = len(library.tokens)
    p = m.loaded(dict(np.load(o.start)), device) if o.start else m.fresh(tokens, device)
    say(sum(t.numel() for t in p.values()) / 1e6, "M parameters on", device)
    if o.text:
        language_model(p, library.arrays["ids"], tokens, o.text, device, o.batch,
                       1e-3 if o.start else 2e-3)  # fmt: skip
        m.save(o.out / "text.npz", p)
    paths = pending.get()
    pool.close()
    made_paths = [path for path in paths if "/made-" in path]
    real_paths = [path for path in paths if "/real-" in path]
    training = Groups(made_paths[1:], lambda t: t[:, 3] >= 0, device)
    held = Groups(made_paths[:1], lambda t: np.arange(len(t)) < 1500, device)
    seen = Groups(real_paths, lambda t: t[:, 3] % 10 != HELD_OUT, device)
    unseen = Groups(real_paths[:1], lambda t: t[:, 3] == HELD_OUT, device)
    say(f"{len(training)} made groups, {len(seen)} real ones, {len(unseen)} held out")
    start = {n: t.detach().clone().requires_grad_() for n, t in p.items()}
    read_groups(p, training, o.made, 7e-4, 0.0, o.groups, seen if o.made > 60 else None)
    m.save(o.out / "made.npz", p)
    test("made questions", p, held)
    test("real questions, held out", p, unseen)
    both = {n: t.detach().clone().requires_grad_() for n, t in p.items()}
    read_groups(p, seen, o.real, 2e-4, 0.1, o.groups, training)
    m.save(o.out / "judged.npz", p)
    test("made questions, then", p, held)
    test("real questions, held out, then", p, unseen)
    if o.all:
        every = Groups(real_paths, lambda t: t[:, 3] >= 0, device)
        read_groups(both, every, o.all, 2e-4, 0.1, o.groups, training)
        m.save(o.out / "shipped.npz", both)
    if o.pairs:
        pair_up(start, training, seen, o.pairs, 4e-4, 1024 if device == "cuda" else 32)
        m.save(o.out / "pairs.npz", start)
    say("done")


if __name__ == "__main__":
    main()
