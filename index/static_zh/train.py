"""Trains the static bilingual embedding model and writes it beside this file.

    python -m index.static_zh.train --data FOLDER [--out FOLDER] [--steps N]

FOLDER holds `data/`, `tuning/` and `thesaurus/` (see train_data.py). Run from the root of a
checkout, with torch, jieba, opencc, scipy and scikit-learn; about an hour on two cores.
Seeds are fixed: on one machine and with one number of threads, two runs give the same file.

1. words: vocabulary by count, unigram tokenizer (train_tokens.py)
2. start: positive PMI of words seen near each other, truncated SVD, frequent words made short;
   an English word starts at the mean of its translations
3. contrastive training on (query, passage) pairs with in-batch negatives (train_pairs.py)
4. float16, saved so that model2vec and sentence-transformers both read it
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from index.static_zh.train_data import Text, read_pairs, read_texts, read_thesaurus
from index.static_zh.train_eval import evaluate
from index.static_zh.train_pairs import Batch, Batches, Rewriter, Tokens, tokenise
from index.static_zh.train_tokens import (
    build_normalizer,
    build_tokenizer,
    choose_vocabulary,
    count_terms,
    count_words,
)

SEED = 20260630
DIM = 192
N_HAN, N_LATIN, N_PIECES = 8_000, 5_500, 700
COUNT_EVERY = 4  # words are counted in every fourth text of the large sets
NEAR_TOKENS = 5
BATCH = 1024
TEMPERATURE = 0.05
LEARNING_RATE = 2e-3


def log(message: str, started: float = time.monotonic()) -> None:
    print(f"{time.monotonic() - started:7.0f} s  {message}", flush=True)


def make_tokenizer(root: Path, texts: Sequence[Text]) -> Any:
    normalizer = build_normalizer()
    small = {"drcd", "tuning", "gov_reports_2026"}
    counted = [t.body for i, t in enumerate(texts) if t.source in small or i % COUNT_EVERY == 0]
    counts = count_words(normalizer.normalize_str(body) for body in counted)
    thesaurus = read_thesaurus(root)
    arrows = [side for arrow in thesaurus.lay + thesaurus.english for side in arrow]
    groups = [
        [normalizer.normalize_str(term) for term in group] for group in thesaurus.groups + arrows
    ]
    vocabulary = choose_vocabulary(counts, count_terms(groups), N_HAN, N_LATIN, N_PIECES)
    return build_tokenizer(vocabulary)


def starting_vectors(tokens: Tokens, n_tokens: int, rewriter: Rewriter) -> np.ndarray:
    """`(n_tokens, DIM)`: SVD of positive PMI (context counts to the power .75), rows normalised
    and weighted by a / (a + p), p being how frequent the token is (Arora et al., ICLR 2017)."""
    from scipy import sparse
    from sklearn.utils.extmath import randomized_svd

    # Every second block of two million tokens: the counts are enough, the time is half.
    block = 2_000_000
    near: Any = sparse.csr_matrix((n_tokens, n_tokens), dtype=np.float32)
    for start in range(0, len(tokens.ids), 2 * block):
        ids = tokens.ids[start : start + block]
        rows = np.concatenate([ids[:-d] for d in range(1, NEAR_TOKENS + 1)])
        columns = np.concatenate([ids[d:] for d in range(1, NEAR_TOKENS + 1)])
        values = np.concatenate(
            [np.full(len(ids) - d, 1 / d, dtype=np.float32) for d in range(1, NEAR_TOKENS + 1)]
        )
        near = near + sparse.coo_matrix((values, (rows, columns)), near.shape).tocsr()
    near = (near + near.T).tocoo()
    kept = near.data > 1.0
    rows, columns, values = near.row[kept], near.col[kept], near.data[kept]
    total = np.bincount(rows, weights=values, minlength=n_tokens)
    context = total**0.75
    pmi = np.log(values * context.sum() / (total[rows] * context[columns]))
    positive = pmi > 0
    matrix = sparse.csr_matrix(
        (pmi[positive].astype(np.float32), (rows[positive], columns[positive])),
        (n_tokens, n_tokens),
    )
    log(f"{matrix.nnz} positive pairs")
    left, singular, _ = randomized_svd(matrix, DIM, n_iter=3, random_state=SEED)
    vectors = left * np.sqrt(singular)
    rng = np.random.default_rng(SEED)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), 0)
    vectors += rng.normal(scale=0.02, size=vectors.shape)

    counts = np.bincount(tokens.ids, minlength=n_tokens)
    translated = np.zeros_like(vectors)
    for head, others in rewriter.english.items():
        meaning = vectors[list(head)].mean(axis=0)
        for other in others:
            # A phrase says less of each of its words than a word does.
            translated[other] += meaning / len(other) ** 2
    rare = (counts < 300) & (np.linalg.norm(translated, axis=1) > 0)
    vectors[rare] += 2 * _unit(translated[rare])
    weight = 3e-4 / (3e-4 + counts / counts.sum())
    weighted: np.ndarray = (_unit(vectors) * weight[:, None]).astype(np.float32)
    weighted[0] = 0
    return weighted


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def train(
    start: np.ndarray, batches: Batches, steps: int, on_step: Callable[[int, float], None]
) -> np.ndarray:
    """Contrastive training of all token vectors; symmetric InfoNCE with in-batch negatives."""
    import torch
    from torch.nn import functional

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums in one order; the other core makes the batches
    bag = torch.nn.EmbeddingBag.from_pretrained(torch.from_numpy(start), freeze=False, mode="mean")
    optimizer = torch.optim.Adam(bag.parameters(), lr=LEARNING_RATE)
    warmup = max(steps // 20, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / (steps - warmup + 1))
    )

    def embed(ids: list[list[int]]) -> Any:
        flat = torch.from_numpy(np.concatenate([np.array(row or [0]) for row in ids]))
        offsets = torch.from_numpy(np.cumsum([0] + [len(row or [0]) for row in ids[:-1]]))
        return functional.normalize(bag(flat.long(), offsets), dim=-1)

    # Of every 20 steps: what a question looks like, and what stands near what.
    kinds = ("sentences",) * 10 + ("questions",) * 4 + ("titles",) * 3 + ("terms",) * 3
    order = np.random.default_rng(SEED).permuted(
        np.tile(np.arange(20), (steps // 20 + 1, 1)), axis=1
    )

    def make(step: int) -> Batch:
        batch: Batch = getattr(batches, kinds[order.flat[step]])(BATCH)
        return batch

    with ThreadPoolExecutor(1) as pool:  # one thread, in order: the same batches every time
        coming = pool.submit(make, 0)
        for step in range(steps):
            batch = coming.result()
            coming = pool.submit(make, step + 1) if step + 1 < steps else coming
            scores = embed(batch.queries) @ embed(batch.passages).T / TEMPERATURE
            same = torch.from_numpy(batch.keys[:, None] == batch.keys[None, :])
            same.fill_diagonal_(False)
            scores = scores.masked_fill(same, -1e4)
            target = torch.arange(len(scores))
            loss = functional.cross_entropy(scores, target) + functional.cross_entropy(
                scores.T, target
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            on_step(step + 1, float(loss.detach()) / 2)
    trained: np.ndarray = bag.weight.detach().numpy().copy()
    trained[0] = 0  # an unknown token weighs nothing
    return trained


def save(folder: Path, tokenizer: Any, vectors: np.ndarray) -> None:
    """config.json, model.safetensors, modules.json, tokenizer.json; no card.

    One scale for all vectors leaves their means' directions and uses float16 well.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    scaled = vectors / np.sqrt((vectors**2).mean())
    save_file({"embeddings": scaled.astype(np.float16)}, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "hidden_dim": vectors.shape[1],
        "normalize": True,
        "max_length": None,
        "embedding_dtype": "float16",
    }
    modules = [
        {
            "idx": 0,
            "name": "0",
            "path": ".",
            "type": "sentence_transformers.models.StaticEmbedding",
        },
        {
            "idx": 1,
            "name": "1",
            "path": "1_Normalize",
            "type": "sentence_transformers.models.Normalize",
        },
    ]
    for name, content in (("config.json", config), ("modules.json", modules)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measure(root: Path, folder: Path) -> dict[str, dict[str, float]]:
    from index.embedding import StaticEmbedder

    return evaluate(root, StaticEmbedder(folder).embed_documents)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="holds data/, tuning/, thesaurus/")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--evaluate", action="store_true", help="only measure the model in --out")
    options = parser.parse_args()
    if not options.evaluate:
        texts = read_texts(options.data)
        log(f"{len(texts)} texts")
        tokenizer = make_tokenizer(options.data, texts)
        n_tokens = tokenizer.get_vocab_size()
        log(f"{n_tokens} tokens in the vocabulary")
        tokens = tokenise(texts, tokenizer)
        log(f"{len(tokens.ids)} tokens of text")
        rewriter = Rewriter(read_thesaurus(options.data), tokenizer)
        batches = Batches(tokens, read_pairs(options.data), rewriter, tokenizer, SEED)
        start = starting_vectors(tokens, n_tokens, rewriter)
        log("starting vectors")

        def report(step: int, loss: float) -> None:
            if step % 200 == 0:
                log(f"step {step}, loss {loss:.3f}")

        save(options.out, tokenizer, train(start, batches, options.steps, report))
    for name, scores in measure(options.data, options.out).items():
        log(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()))


if __name__ == "__main__":
    main()
