"""The reader's vocabulary: the pieces of the start that Chinese with some English needs.

Of the start's 250,000 pieces, in a hundred languages, some 25,000 are kept: those that come often
in our texts, pieces of the English words that the thesaurus and the embedding model know, and
single characters. Texts are matching keys (`index.segmenting.key`), which are as long as their
texts: a token's place in the key is its place in the text.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rag.reader_zh.train_start import MARKS, Start
from rag.reader_zh.train_text import Passage

OFTEN = 5  # times a piece comes in the texts that are counted
COUNTED = 20_000  # of the news; of the other sources everything
SHORT_LATIN = 1500  # the likeliest pieces of up to three letters
NEWS = ("crud_rag", "xwlb")
# Digits and what is neither letter, digit nor space stand alone.
ALONE = r"\p{N}|[^\p{L}\p{N}\s▁]"
_LATIN = re.compile(r"▁?[a-z]+")
_WORDS = re.compile(r"[A-Za-z]+")
STATIC_MODEL = Path(__file__).parents[2] / "index" / "static_zh" / "tokenizer.json"


def tokenizer_of(pieces: Sequence[tuple[str, float]], unknown: int) -> Any:
    """A tokenizer of (piece, score)s; `unknown` is the place of the unknown one."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(ALONE), "isolated"),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=False),
        ]
    )
    return tokenizer


def chosen_tokenizer(start: Start, chosen: Sequence[int]) -> Any:
    """The tokenizer of what `choose` chose."""
    kept = [(start.pieces[i], float(start.scores[i])) for i in chosen[len(MARKS) :]]
    return tokenizer_of([*((mark, 0.0) for mark in MARKS), *kept], list(MARKS).index("[UNK]"))


def choose(start: Start, passages: Sequence[Passage], root: Path) -> list[int]:
    """Pieces of the start, in the order of their new ids: the marks, then the rest as they were."""
    scored = [(p, float(s)) for p, s in zip(start.pieces, start.scores, strict=True)]
    whole = tokenizer_of(scored, MARKS["[UNK]"])
    counted = _counted(passages)
    texts = [text for p in counted for text in (p.title, *p.sentences)]
    often = _count(whole, texts)
    characters = Counter(c for p in counted for text in p.sentences for c in text)
    words = sorted(_english(root))
    english = _count(whole, (form for word in words for form in (" " + word, word)))
    kept = {i for i, n in often.items() if n >= OFTEN}
    kept |= {i for i, n in english.items() if n >= 2 or len(start.pieces[i]) > 4}
    latin = (i for i, p in enumerate(start.pieces) if len(p) < 4 and _LATIN.fullmatch(p))
    kept |= set(sorted(latin, key=lambda i: -start.scores[i])[:SHORT_LATIN])
    kept |= {i for i, p in enumerate(start.pieces) if len(p) == 1 and characters[p] >= 3}
    kept.add(start.pieces.index("▁"))
    return [*MARKS.values(), *sorted(kept - {0, 1, 2, 3})]


def _counted(passages: Sequence[Passage]) -> list[Passage]:
    news = [p for p in passages if p.source in NEWS]
    others = [p for p in passages if p.source not in NEWS]
    return others + random.Random(1).sample(news, min(len(news), COUNTED))


def _count(tokenizer: Any, texts: Iterable[str]) -> Counter[int]:
    count: Counter[int] = Counter()
    waiting = list(texts)
    for first in range(0, len(waiting), 50_000):
        some = waiting[first : first + 50_000]
        for found in tokenizer.encode_batch_fast(some, add_special_tokens=False):
            count.update(found.ids)
    return count


def _english(root: Path) -> set[str]:
    """Latin words of the thesaurus and of the embedding model's vocabulary."""
    found: set[str] = set()
    for path in sorted((root / "thesaurus").glob("*.txt")):
        found.update(w.lower() for w in _WORDS.findall(path.read_text(encoding="utf-8")))
    for piece, _ in json.loads(STATIC_MODEL.read_text(encoding="utf-8"))["model"]["vocab"]:
        word = piece.strip("#▁").lower()
        if word.isascii() and word.isalpha():
            found.add(word)
    return found
