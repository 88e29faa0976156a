"""Training batches of token ids: (query, passage) pairs that should lie close together.

Queries come from questions, titles, sentences taken out of their passage, and thesaurus terms.
The thesaurus also rewrites queries: into English words, into synonyms, into lay wording. There is
no parallel text; word by word rewriting is how English finds its place beside Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.static_zh.train_data import HELD_OUT_FOLD, Pair, Text, Thesaurus
from index.static_zh.train_ragged import Ragged, joined
from index.static_zh.train_tokens import spellings

WINDOW_TOKENS = 110
PASSAGE_TOKENS = 240
QUERY_TOKENS = 60
# Of Chinese words without and with a translation, how many are spelt instead.
SPELT, SPELT_TRANSLATED = 0.35, 0.05

_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_HAN_ONLY = re.compile(r"[\u3400-\u9fff]+")
_LATIN_ONLY = re.compile(r"[ -~]+")
_QUESTION_WORDS = (
    "多少 什么 为什么 怎么 如何 哪 哪些 哪个 谁 几 吗 啊 呢 吧 是 有 的 了 啥 咋 请问 多久 怎样 "
    "是否 能 可以 什么时候 哪里 哪一年 哪年 何时 为何 叫什么 由谁 称为"
)
_ENGLISH_GLUE = (
    "the of in to a is are was were and for on by with what which who how why when where does did "
    "do has have that this it its from at as be many much will can"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokenised texts. `sentences` are rows of ids; document d has the sentences `document_at[d]`
    to `document_at[d + 1]`; `titles` has a row for each document, which may be empty."""

    sentences: Ragged
    document_at: np.ndarray
    titles: Ragged
    sources: np.ndarray


def tokenise(texts: Sequence[Text], tokenizer: Any) -> Tokens:
    ids: list[np.ndarray] = []
    lengths: list[int] = []
    n_sentences = [0]
    titles: list[list[int]] = []
    for start in range(0, len(texts), 2000):
        batch = texts[start : start + 2000]
        sentences: list[str] = []
        for text in batch:
            found = _SENTENCE.findall(text.body)
            sentences.extend(found)
            n_sentences.append(len(found))
        for encoded in tokenizer.encode_batch_fast(sentences, add_special_tokens=False):
            ids.append(np.array(encoded.ids, dtype=np.int32))
            lengths.append(len(encoded.ids))
        titles.extend(e.ids for e in tokenizer.encode_batch_fast([text.title for text in batch]))
    return Tokens(
        Ragged(np.concatenate(ids), np.concatenate([[0], np.cumsum(lengths)])),
        np.cumsum(n_sentences),
        Ragged.of(titles),
        np.array([text.source for text in texts]),
    )


def text_sample(tokens: Tokens, every: int = 12) -> Ragged:
    """The beginning of every so-manieth document."""
    chosen = np.arange(0, len(tokens.document_at) - 1, every)
    begin = tokens.sentences.at[tokens.document_at[chosen]]
    end = tokens.sentences.at[tokens.document_at[chosen + 1]]
    return tokens.sentences.slices(begin, np.minimum(end, begin + WINDOW_TOKENS))


class Rewriter:
    """Rewrites rows of token ids, token by token, by the thesaurus."""

    def __init__(self, thesaurus: Thesaurus, tokenizer: Any) -> None:
        """Terms of several tokens are rewritten into, not from: most terms are one token."""
        vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        n_tokens = len(vocabulary)

        def encode(terms: Iterable[str]) -> list[list[int]]:
            found = [tokenizer.encode(term).ids for term in terms]
            return [ids for ids in found if ids and 0 not in ids]

        english: list[list[list[int]]] = [[] for _ in range(n_tokens)]
        spelt: list[list[list[int]]] = [[] for _ in range(n_tokens)]
        for i, (token, _) in enumerate(vocabulary):
            if _HAN_ONLY.fullmatch(token):
                spelt[i] = encode(spellings(token))
        similar: list[list[list[int]]] = [[] for _ in range(n_tokens)]

        def add(options: list[list[list[int]]], heads: list[list[int]], others: Any) -> None:
            for head in heads:
                if len(head) == 1:
                    options[head[0]].extend(other for other in others if other != head)

        groups: list[list[list[int]]] = []
        for terms in thesaurus.groups:
            latin = encode(term for term in terms if _LATIN_ONLY.fullmatch(term))
            chinese = encode(term for term in terms if not _LATIN_ONLY.fullmatch(term))
            add(english, chinese, latin)
            add(similar, chinese, chinese)
            groups.append(chinese + latin)
        for words, terms in thesaurus.english:
            latin, chinese = encode(words), encode(terms)
            add(english, chinese, latin)
            groups.append(latin[:2] + chinese)
            groups.append([latin[-1], *chinese] if latin else chinese)
        for lay, formal in thesaurus.lay:
            add(similar, encode(formal), encode(lay))
            groups.append(encode(lay) + encode(formal))
        self.groups = [group for group in groups if len(group) > 1]
        self.english = {i: found for i, found in enumerate(english) if found}
        # Option 0 of a token is itself: rewriting is one gather.
        self._phrases = Ragged.of(
            [
                *([i] for i in range(n_tokens)),
                *(option for options in english for option in options),
                *(option for options in similar for option in options),
                *(option for options in spelt for option in options),
            ]
        )
        self._n_english = np.array([len(options) for options in english])
        self._n_similar = np.array([len(options) for options in similar])
        self._english_at = n_tokens + np.cumsum(self._n_english) - self._n_english
        self._similar_at = (
            n_tokens + self._n_english.sum() + np.cumsum(self._n_similar) - self._n_similar
        )
        self._n_spelt = np.array([len(options) for options in spelt])
        self._spelt_at = (
            n_tokens
            + self._n_english.sum()
            + self._n_similar.sum()
            + np.cumsum(self._n_spelt)
            - self._n_spelt
        )
        self.latin = np.array([bool(re.fullmatch(r"[a-z0-9%]+", token)) for token, _ in vocabulary])
        self._question = Ragged.of(encode(_QUESTION_WORDS.split()))
        self._glue = Ragged.of(encode(_ENGLISH_GLUE.split()))

    def rewritten(
        self,
        rows: Ragged,
        rng: np.random.Generator,
        english: np.ndarray,
        similar: np.ndarray,
        *,
        rate: float = 0.5,
    ) -> Ragged:
        """`english` and `similar` choose rows, by a flag each.

        English rows: words with a translation become English, of the rest some are spelt as names
        are, Latin words and numbers stay, and a few Chinese ones; English glue is added.
        Similar rows: a word with synonyms is swapped at `rate`. Other rows stay as they are.
        """
        ids, row = rows.flat, rows.row_of
        draw = rng.random((4, len(ids)))
        into_english = english[row]
        has_english = into_english & (self._n_english[ids] > 0)
        has_similar = similar[row] & ~into_english & (self._n_similar[ids] > 0) & (draw[0] < rate)
        is_spelt = into_english & (self._n_spelt[ids] > 0)
        is_spelt &= draw[3] < np.where(has_english, SPELT_TRANSLATED, SPELT)
        has_english &= ~is_spelt
        phrase = ids.astype(np.int64)
        for mask, at, n in (
            (has_english, self._english_at, self._n_english),
            (has_similar, self._similar_at, self._n_similar),
            (is_spelt, self._spelt_at, self._n_spelt),
        ):
            chosen = ids[mask]
            phrase[mask] = at[chosen] + (draw[1][mask] * n[chosen]).astype(np.int64)
        kept = ~into_english | has_english | is_spelt | self.latin[ids] | (draw[2] < 0.1)
        lengths = np.diff(self._phrases.at)[phrase] * kept
        out = Ragged(
            self._phrases.take(phrase[kept]).flat,
            np.concatenate([[0], np.cumsum(np.bincount(row, lengths, len(rows)).astype(np.int64))]),
        )
        return joined(out, self._some(self._glue, english * rng.integers(0, 7, len(rows)), rng))

    def as_questions(self, rows: Ragged, rng: np.random.Generator, low: float = 0.3) -> Ragged:
        """Some of the words of each row, and up to two question words."""
        rate = rng.uniform(low, 1.0, len(rows))
        kept = rows.where(rng.random(len(rows.flat)) < rate[rows.row_of])
        return joined(kept, self._some(self._question, rng.integers(0, 3, len(rows)), rng))

    def _some(self, words: Ragged, n: np.ndarray, rng: np.random.Generator) -> Ragged:
        """A row of `n[i]` of the words for each i."""
        drawn = words.take(rng.integers(0, len(words), int(n.sum())))
        ends = np.concatenate([[0], np.cumsum(n)])
        return Ragged(drawn.flat, drawn.at[ends])


@dataclass(frozen=True, slots=True)
class Batch:
    """Pair i is (queries[i], passages[i]); pairs with equal keys are no negatives of each other."""

    queries: Ragged
    passages: Ragged
    keys: np.ndarray


class Batches:
    """Batch i is a matter of the seed and i alone: training may stop and go on."""

    # Of every 20 batches: what a question looks like, and what stands near what.
    _KINDS = ("sentences",) * 9 + ("questions",) * 5 + ("titles",) * 2 + ("terms",) * 4

    def __init__(
        self,
        tokens: Tokens,
        pairs: Sequence[Pair],
        rewriter: Rewriter,
        tokenizer: Any,
        seed: int,
    ) -> None:
        self._tokens, self._rewriter = tokens, rewriter
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        sizes = np.diff(tokens.document_at)
        sources = tokens.sources
        self._by_source = {
            source: np.flatnonzero((sources == source) & (sizes >= 2))
            for source in ("crud_rag", "xwlb", "gov_reports_2026", "stard", "drcd", "tuning")
        }
        titled = np.isin(sources, ["xwlb", "drcd"]) & (sizes > 0)
        self._titled = np.flatnonzero(titled & (np.diff(tokens.titles.at) > 1))
        learnt = [pair for pair in pairs if pair.fold != HELD_OUT_FOLD]
        encode = tokenizer.encode_batch_fast
        self._questions = Ragged.of([e.ids for e in encode([p.question for p in learnt])])
        self._answers = Ragged.of(
            [e.ids[:PASSAGE_TOKENS] for e in encode([p.passage for p in learnt])]
        )
        keys: dict[str, int] = {}
        self._answer_keys = np.array([keys.setdefault(p.passage_id, len(keys)) for p in learnt])
        weights = np.array([{"T1": 3.0, "T2": 3.0}.get(p.source, 1.0) for p in learnt])
        self._question_weights = weights / weights.sum()
        self._groups = rewriter.groups

    def make(self, i: int, size: int) -> Batch:
        kinds = np.random.default_rng([self._seed, i // 20]).permutation(self._KINDS)
        self._rng = np.random.default_rng([self._seed, i, 1])
        batch: Batch = getattr(self, str(kinds[i % 20]))(size)
        return batch

    def questions(self, size: int) -> Batch:
        rng = self._rng
        size = min(size, len(self._questions) // 2)
        chosen = rng.choice(len(self._questions), size, replace=False, p=self._question_weights)
        draw = rng.random(size)
        queries = self._rewriter.rewritten(
            self._questions.take(chosen), rng, draw < 0.35, (draw >= 0.35) & (draw < 0.6)
        )
        keys = self._answer_keys[chosen]
        # A part of the passage, as it stands in a window: any part for one that is short.
        return Batch(queries, self._answers.take(chosen), keys)

    def titles(self, size: int) -> Batch:
        chosen = self._rng.choice(self._titled, size, replace=False)
        window, _ = self._windows(chosen, without=0.2)
        queries = self._disguised(self._tokens.titles.take(chosen))
        return Batch(queries, window, np.arange(size))

    def sentences(self, size: int) -> Batch:
        """A sentence and the text around it. Two of one document: the nearest negatives."""
        share = {
            "crud_rag": 0.45,
            "xwlb": 0.15,
            "drcd": 0.2,
            "stard": 0.15,
            "gov_reports_2026": 0.05,
        }
        drawn = self._rng.choice(list(share), p=list(share.values()))
        pool = self._by_source[str(drawn)]
        chosen = self._rng.choice(pool, min(size // 2, len(pool)), replace=False)
        windows, sentences = self._windows(np.repeat(chosen, 2), without=0.3)
        n = len(windows)
        keys = np.arange(n)
        keys[1::2] -= self._overlap(windows)  # no negatives of each other
        none = np.zeros(n, dtype=bool)
        windows = self._rewriter.rewritten(windows, self._rng, self._rng.random(n) < 0.04, none)
        return Batch(self._disguised(sentences), windows, keys)

    def terms(self, size: int) -> Batch:
        chosen = self._rng.choice(len(self._groups), size, replace=False)
        queries, passages = [], []
        for g in chosen:
            one, other = self._rng.permutation(len(self._groups[g]))[:2]
            queries.append(self._groups[g][one])
            passages.append(self._groups[g][other])
        return Batch(Ragged.of(queries), Ragged.of(passages), np.arange(size))

    def _disguised(self, rows: Ragged) -> Ragged:
        """As questions; a quarter of them in English words, a quarter in other words."""
        rng = self._rng
        draw = rng.random(len(rows))
        asked = self._rewriter.as_questions(rows, rng)
        return self._rewriter.rewritten(asked, rng, draw < 0.3, (draw >= 0.3) & (draw < 0.5))

    @staticmethod
    def _overlap(windows: Ragged) -> np.ndarray:
        """Whether most tokens of row 2 i + 1 stand in row 2 i too: they overlap."""
        n = int(windows.flat.max(initial=0)) + 1
        pair = (windows.row_of // 2) * n + windows.flat
        odd = windows.row_of % 2 == 1
        shared = np.isin(pair[odd], np.unique(pair[~odd]))
        row = windows.row_of[odd] // 2
        n_rows = len(windows) // 2
        share = np.bincount(row, shared, n_rows) / np.maximum(np.bincount(row, minlength=n_rows), 1)
        return share > 0.6

    def _windows(self, documents: np.ndarray, *, without: float) -> tuple[Ragged, Ragged]:
        """Of each document a run of tokens around one of its sentences, and the sentence.

        A share `without` of the runs lacks the sentence, so that words are learnt from what
        stands around them.
        """
        tokens, rng = self._tokens, self._rng
        at = tokens.sentences.at
        first, last = tokens.document_at[documents], tokens.document_at[documents + 1]
        chosen = first + (rng.random(len(documents)) * (last - first)).astype(np.int64)
        start, end = at[chosen], at[chosen + 1]
        room = np.maximum(WINDOW_TOKENS * rng.uniform(0.3, 1.3, len(documents)) - (end - start), 0)
        before = (room * rng.random(len(documents))).astype(np.int64)
        begin = np.maximum(start - before, at[first])
        stop = np.minimum(end + room.astype(np.int64) - before, at[last])
        window = tokens.sentences.slices(begin, stop)
        position = window.position + begin[window.row_of]
        inside = (position >= start[window.row_of]) & (position < end[window.row_of])
        around = np.bincount(window.row_of[~inside], minlength=len(documents))
        cut = (rng.random(len(documents)) < without) & (around >= 12)
        window = window.where(~(inside & cut[window.row_of]))
        # Of a long sentence any part.
        long = np.maximum(end - start - QUERY_TOKENS, 0)
        start = start + (rng.random(len(documents)) * (long + 1)).astype(np.int64)
        return window, tokens.sentences.slices(start, np.minimum(end, start + QUERY_TOKENS))
