"""A small transformer that reads a question beside a sentence: does it answer, and where.

`reader_zh/` holds the weights and their card. It runs on onnxruntime, two rows side by side, and is
loaded when it is first asked. What it reads are matching keys, which are as long as their texts, so
the span it finds is a span of the sentence as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from index.segmenting import key

FOLDER = Path(__file__).parent / "reader_zh"
CLS, SEP, PLAIN = 2, 3, 5  # tokens below PLAIN are marks
# Most tokens of a part that are read, as in training; of headings and what stands before, the last.
QUESTION, TITLE, HEADINGS, BEFORE, SENTENCE, AFTER = 40, 12, 28, 32, 120, 8
LONGEST = 192  # tokens of a row: the model knows no more places
LONGEST_ANSWER = 40  # tokens
SIDE_BY_SIDE = 2  # rows: what most machines have cores for

# Title and headings, sentences before, sentence, sentence after.
Context = tuple[str, str, str, str]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of one sentence.

    `relevance`: logit that the sentence answers the question; above 0 rather yes than no.
    `span`: characters of the sentence, half-open; the likeliest answer if there is one here.
    `span_score`: log of the probability of that span among those of this sentence, at most 0.
    `whole`: the sentence was read to its end; of a very long one only the beginning is.
    """

    relevance: float
    span: tuple[int, int]
    span_score: float
    whole: bool = True


Judgements = Mapping[int, Judgement]  # by place in what was found


@dataclass(frozen=True, slots=True)
class _Row:
    ids: list[int]
    kinds: list[int]
    first: int  # where the sentence's tokens begin
    offsets: list[tuple[int, int]]  # of the sentence's tokens, in its characters
    sentence: str
    whole: bool


class ReaderModel:
    """`judge` is safe to call from several threads."""

    def __init__(self, folder: Path = FOLDER) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"),
            options,
            providers=["CPUExecutionProvider"],
            # A sum and its norm in one take eight times as long as one after the other.
            disabled_optimizers=["SkipLayerNormFusion"],
        )

    def judge(self, question: str, candidates: Sequence[Context]) -> list[Judgement]:
        """`judge_each` with one question for all."""
        return self.judge_each([(question, candidate) for candidate in candidates])

    def judge_each(self, asked: Sequence[tuple[str, Context]]) -> list[Judgement]:
        """A judgement for each question and (lead, before, sentence, after), in their order.

        The first line of a lead is the title, the others are the headings above the sentence,
        outermost first. Leads and neighbours may be empty. A sentence without a token, and a
        span of white space, gets (0, 0).
        Nothing asked gives [].
        """
        # Each row for itself: activations are rounded to 8 bits over a whole batch, so its rows
        # would depend on one another, and a batch is no faster.
        return _side_by_side(self._run, self._rows(asked))

    def _rows(self, asked: Sequence[tuple[str, Context]]) -> list[_Row]:
        split = [(question, *lead.split("\n", 1), *rest) for question, (lead, *rest) in asked]
        unique = list(dict.fromkeys(part for parts in split for part in parts))
        encoded = self._tokenizer.encode_batch(
            [key(part) for part in unique], add_special_tokens=False
        )
        found = dict(zip(unique, encoded, strict=True))
        rows = []
        for question, title, *headings, before, sentence, after in split:
            first = [CLS, *found[question].ids[:QUESTION], SEP]
            lead = [*found[title].ids[:TITLE], SEP]
            own = [*found[sentence].ids[:SENTENCE], SEP]
            # Of a long row the sentence is kept, and what is around it gives way.
            for above in headings:
                room = LONGEST - len(first) - len(lead) - len(own) - 2
                lead += [*_last(found[above].ids, min(HEADINGS, room)), SEP]
            room = LONGEST - len(first) - len(lead) - len(own) - 1
            earlier = [*_last(found[before].ids, min(BEFORE, room)), SEP]
            sections = [first, lead, earlier, own, found[after].ids[:AFTER]]
            rows.append(
                _Row(
                    [i for section in sections for i in section][:LONGEST],
                    [kind for kind, section in enumerate(sections) for _ in section][:LONGEST],
                    len(first) + len(lead) + len(earlier),
                    found[sentence].offsets[:SENTENCE],
                    sentence,
                    len(found[sentence].ids) <= SENTENCE,
                )
            )
        return rows

    def _run(self, row: _Row) -> Judgement:
        ids = np.array([row.ids], dtype=np.int64)
        kinds = np.array([row.kinds], dtype=np.int64)
        relevance, spans = self._session.run(
            ["relevance", "spans"], {"ids": ids, "kinds": kinds, "matches": matches(ids, kinds)}
        )
        # Rounded: the last bits depend on the machine, and must not decide an order.
        return Judgement(round(float(relevance[0]), 3), *_span(row, spans[0]), row.whole)


def _side_by_side(run: Callable[[_Row], Judgement], rows: Sequence[_Row]) -> list[Judgement]:
    """`run` of each, every other row in a thread of this call's own.

    A pool that lasts would be lost in a fork and closed before the last answers of a script.
    """
    done: dict[int, Judgement] = {}

    def take(places: range) -> None:
        for place in places:
            if place not in done:
                done[place] = run(rows[place])

    def help_out() -> None:
        with suppress(Exception):  # it is raised where the row is taken again
            take(range(1, len(rows), SIDE_BY_SIDE))

    helper = Thread(target=help_out)
    if len(rows) > 1:
        with suppress(RuntimeError):  # no thread is to be had: the interpreter ends
            helper.start()
    try:
        take(range(0, len(rows), SIDE_BY_SIDE))
    finally:
        if helper.ident is not None:
            helper.join()
    take(range(len(rows)))  # what is left
    return [done[place] for place in range(len(rows))]


def _last(ids: list[int], n: int) -> list[int]:
    """At most n; none where n is not positive."""
    return ids[max(0, len(ids) - max(0, n)) :]


@lru_cache(maxsize=1)
def shipped() -> ReaderModel:
    return ReaderModel()


def matches(ids: Ints, kinds: Ints) -> Ints:
    """What a token finds on the other side, the question's tokens in the rest and the reverse.

    (rows, length): 0 nothing, 1 the same token, 2 the same two tokens in a row.
    """
    asks = kinds == 0
    plain = ids >= PLAIN
    same = (ids[:, :, None] == ids[:, None, :]) & (asks[:, :, None] != asks[:, None, :])
    same &= plain[:, :, None] & plain[:, None, :]
    two = same[:, :-1, :-1] & same[:, 1:, 1:]
    in_two = np.zeros(ids.shape, dtype=bool)
    in_two[:, :-1] = two.any(axis=2)
    in_two[:, 1:] |= two.any(axis=2)
    return np.asarray(same.any(axis=2).astype(np.int64) + in_two)


def _span(row: _Row, logits: Floats) -> tuple[tuple[int, int], float]:
    """The best span in characters, and its log-probability."""
    n = len(row.offsets)
    if n == 0 or not row.sentence.strip():
        return (0, 0), 0.0
    own = logits[row.first : row.first + n].astype(np.float64)
    own -= own.max(axis=0)
    own -= np.log(np.exp(own).sum(axis=0))
    sums = np.round(own[:, 0][:, None] + own[:, 1][None], 3)
    places = np.arange(n)
    length = places[None] - places[:, None]
    sums[(length < 0) | (length >= LONGEST_ANSWER)] = -np.inf
    start, end = divmod(int(sums.argmax()), n)
    first, last = row.offsets[start][0], row.offsets[end][1]
    text = row.sentence[first:last]  # a token may begin with the space before its word
    if not text.strip():
        return (0, 0), float(sums[start, end])
    first += len(text) - len(text.lstrip())
    return (first, last), float(sums[start, end])
