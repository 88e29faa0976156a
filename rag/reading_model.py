"""A small transformer that reads a question beside a sentence: does it answer, and where.

`reader_zh/` holds the weights and their card. It runs on onnxruntime, on one thread, and is loaded
when it is first asked. What it reads are matching keys, which are as long as their texts, so the
span it finds is a span of the sentence as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.segmenting import key

FOLDER = Path(__file__).parent / "reader_zh"
CLS, SEP, PLAIN = 2, 3, 5  # tokens below PLAIN are marks
# Most tokens of a part that are read, as in training; of the sentence before, its last ones.
QUESTION, TITLE, BEFORE, SENTENCE, AFTER = 40, 16, 20, 160, 12
LONGEST_ANSWER = 40  # tokens
_BATCH_WASTE = 1.25  # rows of a batch are padded to at most this times the shortest of them

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of one sentence.

    `relevance`: logit that the sentence answers the question; above 0 rather yes than no.
    `span`: characters of the sentence, half-open; the likeliest answer if there is one here.
    `span_score`: log of the probability of that span among those of this sentence, at most 0.
    """

    relevance: float
    span: tuple[int, int]
    span_score: float


@dataclass(frozen=True, slots=True)
class _Row:
    ids: list[int]
    kinds: list[int]
    first: int  # where the sentence's tokens begin
    offsets: list[tuple[int, int]]  # of the sentence's tokens, in its characters


class ReaderModel:
    """`judge` is safe to call from several threads."""

    def __init__(self, folder: Path = FOLDER, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def judge(
        self, question: str, candidates: Sequence[tuple[str, str, str, str]]
    ) -> list[Judgement]:
        """A judgement for each (title, sentence before, sentence, sentence after), in their order.

        Titles and neighbours may be empty. A sentence without a token gets the span (0, 0).
        No candidates gives [].
        """
        if not candidates:
            return []
        rows = self._rows(question, candidates)
        out: list[Judgement | None] = [None] * len(rows)
        for places in _batches([len(row.ids) for row in rows]):
            for place, judged in zip(places, self._run([rows[i] for i in places]), strict=True):
                out[place] = judged
        return [judged for judged in out if judged is not None]

    def _rows(self, question: str, candidates: Sequence[tuple[str, str, str, str]]) -> list[_Row]:
        parts = [question, *(part for candidate in candidates for part in candidate)]
        unique = list(dict.fromkeys(parts))
        encoded = self._tokenizer.encode_batch(
            [key(part) for part in unique], add_special_tokens=False
        )
        found = dict(zip(unique, encoded, strict=True))
        asked = [CLS, *found[question].ids[:QUESTION], SEP]
        rows = []
        for title, before, sentence, after in candidates:
            lead = [*found[title].ids[:TITLE], SEP]
            earlier = [*found[before].ids[-BEFORE:], SEP]
            own = [*found[sentence].ids[:SENTENCE], SEP]
            sections = [asked, lead, earlier, own, found[after].ids[:AFTER]]
            rows.append(
                _Row(
                    [i for section in sections for i in section],
                    [kind for kind, section in enumerate(sections) for _ in section],
                    len(asked) + len(lead) + len(earlier),
                    found[sentence].offsets[:SENTENCE],
                )
            )
        return rows

    def _run(self, rows: Sequence[_Row]) -> list[Judgement]:
        length = max(len(row.ids) for row in rows)
        ids, kinds = (np.zeros((len(rows), length), dtype=np.int64) for _ in range(2))
        for i, row in enumerate(rows):
            ids[i, : len(row.ids)] = row.ids
            kinds[i, : len(row.ids)] = row.kinds
        relevance, spans = self._session.run(
            ["relevance", "spans"], {"ids": ids, "kinds": kinds, "matches": matches(ids, kinds)}
        )
        return [
            # Rounded: the last bits depend on the machine, and must not decide an order.
            Judgement(round(float(relevance[i]), 3), *_span(row, spans[i]))
            for i, row in enumerate(rows)
        ]


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


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of rows of like length, to be run together."""
    out: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if out and lengths[place] <= _BATCH_WASTE * lengths[out[-1][0]]:
            out[-1].append(place)
        else:
            out.append([place])
    return out


def _span(row: _Row, logits: Floats) -> tuple[tuple[int, int], float]:
    """The best span in characters, and its log-probability."""
    n = len(row.offsets)
    if n == 0:
        return (0, 0), 0.0
    own = logits[row.first : row.first + n].astype(np.float64)
    own -= own.max(axis=0)
    own -= np.log(np.exp(own).sum(axis=0))
    sums = np.round(own[:, 0][:, None] + own[:, 1][None], 3)
    places = np.arange(n)
    length = places[None] - places[:, None]
    sums[(length < 0) | (length >= LONGEST_ANSWER)] = -np.inf
    start, end = divmod(int(sums.argmax()), n)
    return (row.offsets[start][0], row.offsets[end][1]), float(sums[start, end])
