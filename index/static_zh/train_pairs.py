"""Training batches of token ids: (query, passage) pairs that should lie close together.

Queries come from questions, titles, sentences taken out of their passage, and thesaurus terms.
The thesaurus also rewrites queries: into English words, into synonyms, into lay wording. There is
no parallel text; word by word rewriting is how English finds its place beside Chinese.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.static_zh.train_data import HELD_OUT_FOLD, Pair, Text, Thesaurus

Ids = list[int]
Lexicon = dict[tuple[int, ...], list[Ids]]
MAX_TERM_TOKENS = 4
WINDOW_TOKENS = 100
PASSAGE_TOKENS = 240

_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_LATIN_ONLY = re.compile(r"[ -~]+")
_QUESTION_WORDS = (
    "多少 什么 为什么 怎么 如何 哪 哪些 哪个 谁 几 吗 啊 呢 吧 是 有 的 了 啥 咋 请问 多久 怎样 "
    "是否 能 可以"
)
_ENGLISH_GLUE = (
    "the of in to a is are was were and for on by with what which who how why when where does did "
    "do has have that this it its from at as be many much will can"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokenised texts. Sentence i is `ids[sentence_at[i]:sentence_at[i + 1]]`, document d has
    sentences `document_at[d]` to `document_at[d + 1]`; `titles[d]` may be empty."""

    ids: np.ndarray
    sentence_at: np.ndarray
    document_at: np.ndarray
    titles: list[Ids]
    sources: list[str]


def tokenise(texts: Sequence[Text], tokenizer: Any) -> Tokens:
    ids: list[np.ndarray] = []
    lengths: list[int] = []
    document_at = [0]
    titles: list[Ids] = []
    for start in range(0, len(texts), 2000):
        batch = texts[start : start + 2000]
        sentences: list[str] = []
        for text in batch:
            found = _SENTENCE.findall(text.body)
            sentences.extend(found)
            document_at.append(document_at[-1] + len(found))
        for encoded in tokenizer.encode_batch_fast(sentences, add_special_tokens=False):
            ids.append(np.array(encoded.ids, dtype=np.int32))
            lengths.append(len(encoded.ids))
        titles.extend(e.ids for e in tokenizer.encode_batch_fast([text.title for text in batch]))
    return Tokens(
        ids=np.concatenate(ids),
        sentence_at=np.concatenate([[0], np.cumsum(lengths)]),
        document_at=np.array(document_at),
        titles=titles,
        sources=[text.source for text in texts],
    )


class Rewriter:
    """Rewrites token ids by the thesaurus; terms of up to MAX_TERM_TOKENS tokens, longest first."""

    def __init__(self, thesaurus: Thesaurus, tokenizer: Any) -> None:
        def encode(terms: Iterable[str]) -> list[Ids]:
            found = [tokenizer.encode(term).ids for term in terms]
            return [ids for ids in found if ids and 0 not in ids]

        def add(lexicon: Lexicon, heads: list[Ids], others: list[Ids]) -> None:
            for head in heads:
                if len(head) <= MAX_TERM_TOKENS:
                    lexicon.setdefault(tuple(head), []).extend(o for o in others if o != head)

        self.english: Lexicon = {}
        self.similar: Lexicon = {}
        self.groups: list[list[Ids]] = []
        for terms in thesaurus.groups:
            latin = encode(term for term in terms if _LATIN_ONLY.fullmatch(term))
            chinese = encode(term for term in terms if not _LATIN_ONLY.fullmatch(term))
            add(self.english, chinese, latin)
            add(self.similar, chinese, chinese)
            self.groups.append(chinese + latin)
        for english, terms in thesaurus.english:
            latin, chinese = encode(english), encode(terms)
            add(self.english, chinese, latin)
            self.groups.append(latin[:2] + chinese)
            self.groups.append([latin[-1], *chinese] if latin else chinese)
        for lay, formal in thesaurus.lay:
            add(self.similar, encode(formal), encode(lay))
            self.groups.append(encode(lay) + encode(formal))
        self.english = {head: found for head, found in self.english.items() if found}
        self.similar = {head: found for head, found in self.similar.items() if found}
        self.groups = [group for group in self.groups if len(group) > 1]
        vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        self._latin = np.array(
            [bool(re.fullmatch(r"[a-z0-9%]+", token)) for token, _ in vocabulary]
        )
        # Tokens that begin a term, and how long the longest such term is: most tokens begin none.
        self._longest: dict[int, int] = {}
        for lexicon in (self.english, self.similar):
            for head in lexicon:
                self._longest[head[0]] = max(self._longest.get(head[0], 0), len(head))
        self._question = encode(_QUESTION_WORDS.split())
        self._glue = encode(_ENGLISH_GLUE.split())

    def into_english(self, ids: Sequence[int], rng: random.Random) -> Ids:
        """Words with a translation in English; of the rest only Latin words, numbers and a few."""
        out: Ids = []
        for head, others in self._cut(ids, self.english):
            if others:
                out.extend(rng.choice(others))
            elif self._latin[head[0]] or rng.random() < 0.1:
                out.extend(head)
        for _ in range(rng.randrange(7)):
            out.extend(rng.choice(self._glue))
        return out

    def into_similar(self, ids: Sequence[int], rng: random.Random, rate: float = 0.5) -> Ids:
        out: Ids = []
        for head, others in self._cut(ids, self.similar):
            swap = bool(others) and rng.random() < rate
            out.extend(rng.choice(others) if swap else head)
        return out

    def as_question(self, ids: Sequence[int], rng: random.Random) -> Ids:
        """Some of the words, and one or two question words."""
        rate = rng.uniform(0.35, 1.0)
        out = [token for token in ids if rng.random() < rate]
        for _ in range(rng.randrange(3)):
            out.extend(rng.choice(self._question))
        return out

    def _cut(
        self, ids: Sequence[int], lexicon: Lexicon
    ) -> Iterable[tuple[Sequence[int], list[Ids]]]:
        at = 0
        while at < len(ids):
            size, others = 1, None
            for size in range(min(self._longest.get(ids[at], 1), len(ids) - at), 0, -1):
                others = lexicon.get(tuple(ids[at : at + size]))
                if others:
                    break
            yield ids[at : at + size], others or []
            at += size


@dataclass(frozen=True, slots=True)
class Batch:
    """Pair i is (queries[i], passages[i]); pairs with equal keys are no negatives of each other."""

    queries: list[Ids]
    passages: list[Ids]
    keys: np.ndarray


class Batches:
    def __init__(
        self, tokens: Tokens, pairs: Sequence[Pair], rewriter: Rewriter, tokenizer: Any, seed: int
    ) -> None:
        self._tokens, self._rewriter = tokens, rewriter
        self._rng = random.Random(seed)
        self._numpy_rng = np.random.default_rng(seed)
        self._sentence_at: list[int] = tokens.sentence_at.tolist()
        self._document_at: list[int] = tokens.document_at.tolist()
        sizes = np.diff(tokens.document_at)
        sources = np.array(tokens.sources)
        self._by_source = {
            source: np.flatnonzero((sources == source) & (sizes >= 2))
            for source in ("crud_rag", "xwlb", "gov_reports_2026", "stard", "drcd", "tuning")
        }
        titled = np.isin(sources, ["xwlb", "drcd"]) & (sizes > 0)
        self._titled = np.array([d for d in np.flatnonzero(titled) if len(tokens.titles[d]) > 1])
        learnt = [pair for pair in pairs if pair.fold != HELD_OUT_FOLD]
        self._questions = [e.ids for e in tokenizer.encode_batch_fast([p.question for p in learnt])]
        self._answers = [
            e.ids[:PASSAGE_TOKENS] for e in tokenizer.encode_batch_fast([p.passage for p in learnt])
        ]
        keys: dict[str, int] = {}
        self._answer_keys = np.array([keys.setdefault(p.passage_id, len(keys)) for p in learnt])
        weights = np.array(
            [{"T1": 4.0, "T2": 4.0, "stard": 1.0}.get(p.source, 1.0) for p in learnt]
        )
        self._question_weights = weights / weights.sum()

    def questions(self, size: int) -> Batch:
        size = min(size, len(self._questions) // 2)
        chosen = self._numpy_rng.choice(
            len(self._questions), size, replace=False, p=self._question_weights
        )
        queries, passages = [], []
        for i in chosen:
            draw = self._rng.random()
            query = self._questions[i]
            if draw < 0.3:
                query = self._rewriter.into_english(query, self._rng)
            elif draw < 0.6:
                query = self._rewriter.into_similar(query, self._rng)
            queries.append(query)
            passages.append(self._answers[i])
        return Batch(queries, passages, self._answer_keys[chosen])

    def titles(self, size: int) -> Batch:
        chosen = self._numpy_rng.choice(self._titled, size, replace=False)
        queries = [self._rewritten(self._tokens.titles[d]) for d in chosen]
        passages = [self._window(d)[0] for d in chosen]
        return Batch(queries, passages, np.arange(size))

    def sentences(self, size: int) -> Batch:
        """A sentence and the text around it. Two of one document: the nearest negatives."""
        share = {"crud_rag": 0.5, "xwlb": 0.2, "stard": 0.2, "gov_reports_2026": 0.05}
        names = list(share)
        drawn = self._numpy_rng.choice(
            names, p=np.array(list(share.values())) / sum(share.values())
        )
        pool = self._by_source[str(drawn)]
        chosen = self._numpy_rng.choice(pool, min(size // 2, len(pool)), replace=False)
        queries, passages = [], []
        for d in np.repeat(chosen, 2):
            window, sentence = self._window(d)
            queries.append(self._rewritten(sentence))
            if self._rng.random() < 0.07:
                window = self._rewriter.into_english(window, self._rng)
            passages.append(window)
        return Batch(queries, passages, np.arange(len(queries)))

    def terms(self, size: int) -> Batch:
        groups = self._rewriter.groups
        chosen = self._numpy_rng.choice(len(groups), size, replace=False)
        queries, passages = [], []
        for g in chosen:
            one, other = self._rng.sample(range(len(groups[g])), 2)
            queries.append(groups[g][one])
            passages.append(groups[g][other])
        return Batch(queries, passages, np.arange(size))

    def _rewritten(self, ids: Ids) -> Ids:
        draw = self._rng.random()
        if draw < 0.25:
            return self._rewriter.into_english(
                self._rewriter.as_question(ids, self._rng), self._rng
            )
        if draw < 0.5:
            ids = self._rewriter.into_similar(ids, self._rng)
        return self._rewriter.as_question(ids, self._rng)

    def _window(self, document: int) -> tuple[Ids, Ids]:
        """A run of sentences of a document, and one of its sentences (in half of all cases the
        run is without it, so that words are learnt from what stands around them)."""
        tokens, rng = self._tokens, self._rng
        sentence_at = self._sentence_at
        first, last = self._document_at[document], self._document_at[document + 1]
        at = rng.randrange(first, last)
        sentence = tokens.ids[sentence_at[at] : sentence_at[at + 1]].tolist()
        start, end = at, at + 1
        room = WINDOW_TOKENS * rng.uniform(0.4, 1.2) - len(sentence)
        while room > 0 and (start > first or end < last):
            if end >= last or (start > first and rng.random() < 0.5):
                start -= 1
                room -= sentence_at[start + 1] - sentence_at[start]
            else:
                end += 1
                room -= sentence_at[end] - sentence_at[end - 1]
        before = tokens.ids[sentence_at[start] : sentence_at[at]].tolist()
        after = tokens.ids[sentence_at[at + 1] : sentence_at[end]].tolist()
        around = before + after
        if len(around) < 8 or rng.random() < 0.5:
            around = before + sentence + after
        return around[: 2 * WINDOW_TOKENS], sentence[:60]
