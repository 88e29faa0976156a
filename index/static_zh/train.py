"""Trains the static bilingual embedding model and writes it beside this file.

    python -m index.static_zh.train --data FOLDER [--out FOLDER] [--steps N] [--earlier FOLDER]

FOLDER holds `data/`, `tuning/` and `thesaurus/` (see train_data.py). Run from the root of a
checkout, with torch, jieba, opencc, scipy and pypinyin; about half an hour on two cores.
Seeds are fixed: on one machine and with one number of threads, two runs give the same file.

1. words: vocabulary by count, unigram tokenizer (train_tokens.py); which of them share a row of
   vectors (train_rows.py)
2. start: the vectors of an earlier model, or random directions shared with relatives
   (train_vectors.py)
3. contrastive training on (query, passage) pairs with in-batch negatives (train_pairs.py)
4. half-way back to the earlier model; what texts have in common is damped, random directions are
   set beside (train_blend.py); 8 bits, saved so that model2vec and sentence-transformers both read
   it
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.static_tokens import lookup_tensors
from index.static_zh.train_blend import EVENED, beside, rotated
from index.static_zh.train_data import Text, read_pairs, read_texts, read_thesaurus
from index.static_zh.train_eval import evaluate
from index.static_zh.train_pairs import Batches, Rewriter, text_sample, tokenise
from index.static_zh.train_rows import row_counts, row_vectors, shared_rows
from index.static_zh.train_tokens import (
    Vocabulary,
    build_normalizer,
    build_tokenizer,
    choose_vocabulary,
    count_terms,
    count_words,
    syllables,
)
from index.static_zh.train_vectors import (
    at_translations,
    earlier_vectors,
    random_vectors,
    related_vectors,
    token_weights,
    train,
)

SEED = 20260630
DIM = 448  # that are learnt
RANDOM_DIM, RANDOM_SHARE = 128, 0.45  # set beside; length of texts there, 1 in what is learnt
N_HAN, N_LATIN, N_PIECES = 62_000, 26_000, 1_200
N_OWN, N_SHARED = 21_000, 5_500  # rows of the frequent Chinese words, and of all others
COUNT_EVERY = 5  # words are counted in every fifth text of the large sets
BATCH = 1024


def log(message: str, started: float = time.monotonic()) -> None:
    print(f"{time.monotonic() - started:7.0f} s  {message}", flush=True)


def make_vocabulary(root: Path, texts: Sequence[Text]) -> Vocabulary:
    normalizer = build_normalizer()
    small = {"drcd", "tuning", "gov_reports_2026"}
    counted = [t for i, t in enumerate(texts) if t.source in small or i % COUNT_EVERY == 0]
    counts = count_words(normalizer.normalize_str(f"{t.title}\n{t.body}") for t in counted)
    thesaurus = read_thesaurus(root)
    arrows = [side for arrow in thesaurus.lay + thesaurus.english for side in arrow]
    groups = [
        [normalizer.normalize_str(term) for term in group] for group in thesaurus.groups + arrows
    ]
    extra = count_terms(groups)
    return choose_vocabulary(counts, extra, N_HAN, N_LATIN, N_PIECES, syllables())


def save(folder: Path, vocabulary: Vocabulary, row_of: np.ndarray, vectors: np.ndarray) -> None:
    """config.json, model.safetensors, modules.json, tokenizer.json; no card.

    Token i, the unknown one first, has the vector `vectors[row_of[i]]`. Each row gets a scale.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(vocabulary)
    scale = np.abs(vectors).max(axis=1) / 127
    codes = np.rint(vectors / np.maximum(scale, 1e-12)[:, None]).astype(np.int8)
    listed = json.loads(tokenizer.to_str())["model"]["vocab"]
    tensors = {
        "embeddings": codes,
        "mapping": row_of.astype(np.int32),
        "weights": scale[row_of].astype(np.float32),
        **lookup_tensors(listed),
    }
    save_file(tensors, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "hidden_dim": vectors.shape[1],
        "normalize": True,
        "max_length": None,
        "embedding_dtype": "int8",
        "repeats": "log",
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


def make(root: Path, out: Path, steps: int, earlier: Path | None) -> None:
    texts = read_texts(root)
    log(f"{len(texts)} texts")
    vocabulary = make_vocabulary(root, texts)
    tokenizer: Any = build_tokenizer(vocabulary)
    tokens = tokenise(texts, tokenizer)
    log(f"{len(vocabulary)} words, {len(tokens.sentences.flat)} tokens of text")
    rewriter = Rewriter(read_thesaurus(root), tokenizer)
    batches = Batches(tokens, read_pairs(root), rewriter, tokenizer, SEED)
    counts = np.bincount(tokens.sentences.flat, minlength=len(vocabulary) + 1)
    row_of = shared_rows(vocabulary, counts, rewriter, N_OWN, N_SHARED)
    weight = token_weights(counts)
    if earlier is not None:
        start = earlier_vectors(earlier, vocabulary)
    else:
        start = related_vectors(["", *(word for word, _ in vocabulary)], weight, DIM, SEED)
        start = at_translations(start, counts, rewriter)
    vectors = row_vectors(start, row_of)
    vectors /= np.linalg.norm(vectors, axis=1).mean()

    def report(step: int, loss: float) -> None:
        if step % 100 == 0:
            log(f"step {step}, loss {loss:.3f}")

    trained = vectors.copy()
    train(trained, row_of, batches, steps, batch_size=BATCH, on_step=report)
    if earlier is not None:
        # Half-way between both is better than either (Wortsman et al., CVPR 2022).
        trained = (trained + vectors) / 2
    sample = row_counts(text_sample(tokens), row_of)
    random = random_vectors(weight, RANDOM_DIM, SEED)
    random = row_vectors(at_translations(random, counts, rewriter), row_of)
    learnt = rotated(trained, sample, EVENED, vectors.shape[1])
    save(out, vocabulary, row_of, beside(learnt, random, sample, RANDOM_SHARE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="holds data/, tuning/, thesaurus/")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--earlier", type=Path, help="a model to start from")
    parser.add_argument("--evaluate", action="store_true", help="only measure the model in --out")
    options = parser.parse_args()
    if not options.evaluate:
        make(options.data, options.out, options.steps, options.earlier)
    for name, scores in measure(options.data, options.out).items():
        log(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()))


if __name__ == "__main__":
    main()
