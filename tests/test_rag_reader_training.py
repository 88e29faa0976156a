"""What the reading model's training reads and writes: the start's file, tokens, rows."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from index.segmenting import key
from rag.reader_zh.train import Learning
from rag.reader_zh.train_model import read_weights, save
from rag.reader_zh.train_questions import Maker, Words
from rag.reader_zh.train_rows import (
    AFTER,
    BEFORE,
    LENGTH,
    SENTENCE,
    Candidate,
    Rows,
    answer_span,
    lead_of,
    row_of,
    token_span,
    without,
)
from rag.reader_zh.train_start import read_start
from rag.reader_zh.train_text import sentences_of
from rag.reader_zh.train_vocabulary import tokenizer_of
from rag.reading_model import ReaderModel, shipped

BLOCK = np.arange(32) % 16 - 8  # what four bits can say
EMPTY = Candidate([], [], [], [])


def four_bits(values: Any, factor: float) -> bytes:
    up = (np.asarray(values) + 8).astype(np.uint8)
    return np.float16(factor).tobytes() + (up[:16] | up[16:] << 4).tobytes()


def start_file(path: Path) -> Path:
    """Width 32, no layers, two words; pieces «▁», «人工» and «智能»."""
    texts = ["▁".encode(), "人工".encode(), "智能".encode()]
    begins = np.cumsum([0, *map(len, texts)]).astype(np.uint32)
    tensors = {
        "emb.word": (64, four_bits(BLOCK, 0.5) + four_bits(BLOCK[::-1], 2.0)),
        "emb.ln.w": (32, np.arange(32, dtype=np.float32).tobytes()),
    }
    head = b"E5SMALLQ" + struct.pack("<7i", 32, 0, 2, 64, 2, 8, 1) + struct.pack("<fi", 1e-12, 1)
    head += struct.pack("<5i", 3, 0, 2, 1, 1) + struct.pack("<Q", sum(map(len, texts)))
    head += begins.tobytes() + np.array([-1, -2.5, -3], dtype=np.float32).tobytes()
    head += b"".join(texts) + struct.pack("<iI", 0, 4) + b"skip" + struct.pack("<i", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name in tensors)
    for name, (count, content) in tensors.items():
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", 0, count, at, len(content))
        at += len(content)
    path.write_bytes(head + b"".join(content for _, content in tensors.values()))
    return path


def test_the_start_is_read_out_of_its_four_bits(tmp_path: Path) -> None:
    start = read_start(start_file(tmp_path / "start.bin"))
    assert start.pieces == ["▁", "人工", "智能"]
    assert start.scores.tolist() == [-1, -2.5, -3]
    assert start.weights["emb.word"].tolist() == [
        (0.5 * BLOCK).tolist(),
        (2.0 * BLOCK[::-1]).tolist(),
    ]
    assert start.weights["emb.ln.w"].tolist() == list(range(32))


def test_a_token_stands_where_its_text_stands() -> None:
    pieces = [
        ("[UNK]", 0.0),
        ("人工智能", -3.0),
        ("▁gdp", -4.0),
        ("5", -5.0),
        (".", -5.0),
        ("2", -5.0),
    ]
    text = "人工智能 gdp5.2"
    offsets = tokenizer_of(pieces, 0).encode(text).offsets
    assert [text[a:b] for a, b in offsets] == ["人工智能", " gdp", "5", ".", "2"]


@pytest.fixture(scope="module")
def model() -> ReaderModel:
    return shipped()


def test_rows_are_learnt_from_as_they_are_read(model: ReaderModel) -> None:
    question = "谁主持的会？"
    title, headings = "工作简报", "会议情况\n上午"
    parts = ("省里开会。会议上午举行。", "会议由省长王明主持。", "公报已经发布")

    def ids(text: str) -> list[int]:
        return list(model._tokenizer.encode(key(text), add_special_tokens=False).ids)

    for above in (headings, ""):
        lead = lead_of(ids(title), ids(above))
        own_ids, own_kinds, _ = row_of(ids(question), Candidate(lead, *map(ids, parts)), None)
        lead_text = f"{title}\n{above}" if above else title
        read = model._rows([(question, (lead_text, *parts))])[0]
        assert own_ids == read.ids
        assert own_kinds == read.kinds


@settings(max_examples=40)
@given(st.integers(1, 300), st.data())
def test_a_span_lies_on_its_tokens_however_long_the_sentence(length: int, data: Any) -> None:
    first = data.draw(st.integers(0, length - 1))
    last = data.draw(st.integers(first, min(length - 1, first + 20)))
    sentence = list(range(100, 100 + length))
    around = [7] * data.draw(st.integers(0, 30))
    row, kinds, place = row_of([9, 9], Candidate([8], around, sentence, around), (first, last + 1))
    assert len(row) == len(kinds) <= LENGTH
    assert kinds.count(2) <= BEFORE + 1
    assert kinds.count(3) <= SENTENCE + 1
    assert kinds.count(4) <= AFTER
    assert place is not None
    assert row[place[0] : place[1] + 1] == sentence[first : last + 1]
    assert set(kinds[place[0] : place[1] + 1]) == {3}


def test_a_group_without_an_answer_has_neither_place_nor_span() -> None:
    rows = Rows()
    candidate = Candidate([], [], [50, 51, 52], [])
    rows.add([9], [candidate], (1, 2), True, 3)
    rows.add([9], [candidate, EMPTY], (1, 2), False, 13)
    answered, not_answered = rows.arrays()["labels"].tolist()
    assert answered == [0, 6, 6, 3]  # [CLS] 9 [SEP] [SEP] [SEP] 50 51
    assert not_answered == [-1, -1, -1, 13]
    assert rows.arrays()["ids"][0, 0, :9].tolist() == [2, 9, 3, 3, 3, 50, 51, 52, 3]


def test_no_groups_are_rows_too() -> None:
    assert {n: a.shape for n, a in Rows().arrays().items()} == {
        "ids": (0, 8, LENGTH),
        "kinds": (0, 8, LENGTH),
        "labels": (0, 4),
    }


def test_characters_are_found_in_the_tokens_that_hold_them() -> None:
    starts = [0, 2, 3, 6]  # three tokens, and where the text ends
    assert token_span(starts, 0, 2) == (0, 1)
    assert token_span(starts, 2, 4) == (1, 3)
    assert token_span(starts, 4, 5) == (2, 3)


def test_several_answers_near_each_other_are_one_span() -> None:
    text = "由张明和李强主持," + "其后是漫长的讨论" * 6 + "王芳"
    assert answer_span(text, ["李强", "张明"]) == (1, 6)
    assert answer_span(text, ["李强", "王芳"]) == (4, 6)
    assert answer_span(text, ["赵六"]) is None


def test_the_clause_that_answers_is_taken_out() -> None:
    text = "会议上午在省城举行,由省长王明主持,下午发布公报。"
    start = text.index("王明")
    assert without(text, start, start + 2) == "会议上午在省城举行,下午发布公报。"
    assert without("由王明主持。", 1, 3) is None


def test_sentences_are_pieces_of_their_text() -> None:
    text = "第一句。第二句!「第三句。」\n标题\n"
    assert list(sentences_of(text)) == ["第一句。", "第二句!", "「第三句。」", "标题"]


def test_a_question_is_asked_of_what_the_sentence_does_not_say() -> None:
    maker = Maker(lambda text: ["2024", "年", "产量", "是", "多少"], {}, Words({}, {}, {}, []))
    for seed in range(20):
        changed = maker.swapped("2024年产量是多少", "2024年产量5万吨", [], random.Random(seed))
        assert changed is not None
        assert changed != "2024年产量是多少"
        assert changed.startswith("20")
        assert changed.endswith("是多少")


def test_what_was_learnt_is_the_moving_mean_of_the_weights() -> None:
    p = {
        name: torch.full((2, 2), 1.0).requires_grad_() for name in ("emb", "l0.up.w", "relevance.w")
    }
    learning = Learning(p, rate=0.1, seconds=60, added_rate=1.0)
    for _ in range(3):
        loss = (p["l0.up.w"] ** 2).sum() + (p["relevance.w"] ** 2).sum()
        learning.step(loss, loss * 0, loss * 0, 0.0)
    last = p["l0.up.w"].detach().clone()
    learning.finish()
    assert (last < 1).all()
    assert (last < p["l0.up.w"]).all()
    assert (p["l0.up.w"] < 1).all()
    assert (p["emb"] == 1).all()


def test_weights_are_gone_on_from_as_they_were_written(tmp_path: Path) -> None:
    written = {"l0.up.w": torch.tensor([[0.5, -2.0]]).requires_grad_()}
    save(tmp_path / "weights.npz", written)
    read = read_weights(tmp_path / "weights.npz", "cpu")
    assert read["l0.up.w"].tolist() == [[0.5, -2.0]]
    assert read["l0.up.w"].requires_grad
