"""Makes rag/tokens.tiktoken: a byte-level BPE of 12,000 tokens for estimating token counts.

    python benchmarks/token_vocabulary.py FILE.jsonl.gz …     # texts that may be used for this

Texts: news, government reports and encyclopaedia passages given on the command line (`text` of each
line), and this project's own documentation and thesaurus for English.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SIZE = 12_000
CHARACTERS_A_FILE = 4_000_000


def texts(paths: list[str]) -> Iterator[str]:
    for path in paths:
        seen = 0
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                text = json.loads(line)["text"]
                seen += len(text)
                yield text
                if seen > CHARACTERS_A_FILE:
                    break
    own = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("index/thesaurus/*.txt")]
    own += [*ROOT.glob("rag/*.py"), *ROOT.glob("index/*.py")]
    for path in own:
        yield path.read_text(encoding="utf-8")


def main() -> None:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    from rag.token_budget import _PATTERN, PATH

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False, max_token_length=24,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts(sys.argv[1:]), trainer)
    vocabulary = tokenizer.get_vocab()
    to_byte = {char: byte for byte, char in byte_characters().items()}
    # tiktoken merges by rank: single bytes first, then as the merges were learnt.
    ranked = sorted(vocabulary, key=lambda t: (len(t) > 1, vocabulary[t]))
    lines = [
        base64.b64encode(bytes(to_byte[c] for c in token)).decode() + f" {rank}"
        for rank, token in enumerate(ranked)
    ]
    PATH.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(len(lines), "tokens,", PATH.stat().st_size, "bytes")


def byte_characters() -> dict[int, str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


if __name__ == "__main__":
    main()
