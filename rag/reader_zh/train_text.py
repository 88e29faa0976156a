"""The reader's text: sentences of permitted sources as token ids, and its tokenizer.

Tokens are single Han characters, single digits, single signs and pieces of Latin words, of the
matching key (`index.segmenting.key`), which is as long as the text: a token's place in the key is
its place in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.segmenting import key
from index.static_zh.train_data import read_lines, read_thesaurus

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HAN, LATIN = 6500, 2600  # characters and pieces of Latin words in the vocabulary
# Characters of running text by source; together about what one training run reads ten times.
SHARES = {"crud_rag": 24_000_000, "xwlb": 15_000_000, "stard": 3_500_000, "gov_reports_2026": 10**8}
SENTENCE = re.compile(r"[^。！？!?…\n]+[。！？!?…]*[”’」』）》)\]\"]*|\n")
_CLAUSES = re.compile(r"[^;；]+[;；]?")
_LATIN_WORD = re.compile(r"[a-z]+")
# \p{Han} and everything that is neither letter nor space stand alone.
PIECES = r"\p{Han}|\p{N}|[^\p{L}\p{N}\s]"


@dataclass(frozen=True, slots=True)
class Passage:
    source: str
    id: str
    title: str
    sentences: tuple[str, ...]  # keys


def sentences_of(text: str) -> Iterator[str]:
    """Sentences of a key, without space around them; long ones also end at semicolons."""
    for match in SENTENCE.finditer(text):
        whole = match.group().strip()
        parts = _CLAUSES.findall(whole) if len(whole) > 120 else [whole]
        yield from (part.strip() for part in parts if len(part.strip()) > 1)


def read_passages(root: Path) -> Iterator[Passage]:
    """CMRC's passages are only those of its trial questions; its dev questions stay unseen."""
    asked = {
        str(p)
        for row in read_lines(root / "data" / "cmrc2018.queries.trial.jsonl.gz")
        for p in row["relevant"]
    }
    wanted: dict[str, set[str]] = {"cmrc2018": asked}
    stard = read_lines(root / "data" / "stard.queries.train.jsonl.gz")
    law = {str(p) for row in stard for p in row["relevant"]}
    for name in ("T1", "T2"):
        yield from _passages(name, read_lines(root / "tuning" / f"{name}.passages.jsonl"))
    for source in ("cmrc2018", "drcd", "gov_reports_2026", "stard", "xwlb", "crud_rag"):
        left = SHARES.get(source, 10**9)
        seen: set[int] = set()
        rows = list(read_lines(root / "data" / f"{source}.passages.jsonl.gz"))
        step = 1 if sum(len(r["text"]) for r in rows) < 1.5 * left else 2
        order = [*range(0, len(rows), step), *range(1, len(rows), 2)][: len(rows)]
        if source == "stard":
            order.sort(key=lambda i: str(rows[i]["id"]) not in law)
        for row in (rows[i] for i in order):
            start = hash(row["text"][:60])
            if (source in wanted and str(row["id"]) not in wanted[source]) or (
                source == "crud_rag" and start in seen
            ):
                continue
            seen.add(start)
            if (left := left - len(row["text"])) < 0:
                break
            yield from _passages(source, [row])


def _passages(source: str, rows: Iterable[dict[str, Any]]) -> Iterator[Passage]:
    for row in rows:
        sentences = tuple(sentences_of(key(row["text"])))
        if sentences:
            yield Passage(source, str(row["id"]), key(row.get("title") or ""), sentences)


def make_tokenizer(passages: Sequence[Passage], root: Path) -> Any:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    signs: Counter[str] = Counter()
    latin: Counter[str] = Counter()
    for passage in passages:
        for text in (passage.title, *passage.sentences):
            signs.update(text)
            latin.update(_LATIN_WORD.findall(text))
    thesaurus = read_thesaurus(root)
    groups = [*thesaurus.groups, *(t for pair in thesaurus.english for t in pair)]
    for term in (key(t) for group in groups for t in group):
        signs.update(term)
        latin.update(dict.fromkeys(_LATIN_WORD.findall(term), 20))
    alone = [c for c, n in signs.most_common() if n >= 3 and not c.isspace() and not c.isascii()]
    ascii_signs = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=LATIN, special_tokens=SPECIAL, show_progress=False, min_frequency=5
    )
    trained.train_from_iterator(
        (" ".join([word] * min(n, 2000)) for word, n in latin.items()), trainer
    )
    pieces = sorted(trained.get_vocab(), key=trained.get_vocab().__getitem__)[len(SPECIAL) :]
    order = list(dict.fromkeys([*SPECIAL, *ascii_signs, *alone[:HAN], *pieces]))
    model = models.WordPiece(
        {token: i for i, token in enumerate(order)}, unk_token="[UNK]", max_input_chars_per_word=40
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
        ]
    )
    return tokenizer


@dataclass(frozen=True, slots=True)
class Packed:
    """Sentence i is `ids[sentence_at[i]:sentence_at[i + 1]]`; passage p has sentences
    `passage_at[p]` to `passage_at[p + 1]` and the title `titles[title_at[p]:title_at[p + 1]]`."""

    ids: np.ndarray
    sentence_at: np.ndarray
    passage_at: np.ndarray
    titles: np.ndarray
    title_at: np.ndarray


def pack(passages: Sequence[Passage], tokenizer: Any) -> Packed:
    flat, lengths, passage_at, titles, title_at = [], [], [0], [], [0]
    for first in range(0, len(passages), 1000):
        some = passages[first : first + 1000]
        texts = [s for p in some for s in p.sentences]
        for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            flat.append(np.array(found.ids, dtype=np.uint16))
            lengths.append(len(found.ids))
        for passage in some:
            passage_at.append(passage_at[-1] + len(passage.sentences))
        for found in tokenizer.encode_batch_fast([p.title for p in some]):
            titles.extend(found.ids)
            title_at.append(len(titles))
    return Packed(
        np.concatenate(flat),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32),
        np.array(passage_at, dtype=np.uint32),
        np.array(titles, dtype=np.uint16),
        np.array(title_at, dtype=np.uint32),
    )
