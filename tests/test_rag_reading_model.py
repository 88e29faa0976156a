"""The reader: what it says of a sentence holds for the sentence as it stands."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.reading_model import LONGEST, Judgement, ReaderModel, matches, shipped

SENTENCES = (
    "上半年，全省生产总值达到3.2万亿元，同比增长5.6%。",
    "会议由省长王明主持。",
    "该项目由華星科技公司投资建设，预计2025年投产。",
)


def candidates(sentences: tuple[str, ...] = SENTENCES) -> list[tuple[str, str, str, str]]:
    padded = ("", *sentences, "")
    return [("", *padded[i : i + 3]) for i in range(len(sentences))]


@pytest.fixture(scope="module")
def model() -> ReaderModel:
    return shipped()


@pytest.mark.parametrize(
    ("question", "place", "answer"),
    [
        ("谁主持的会？", 1, "王明"),
        ("华星的项目啥时候投产", 2, "2025年"),
        ("省里上半年GDP是多少？", 0, "3.2万亿元"),
    ],
)
def test_the_sentence_that_answers_is_the_most_relevant_and_its_span_the_answer(
    model: ReaderModel, question: str, place: int, answer: str
) -> None:
    judged = model.judge(question, candidates())
    assert max(range(3), key=lambda i: judged[i].relevance) == place
    assert SENTENCES[place][slice(*judged[place].span)] == answer


def test_a_question_that_nothing_answers_is_less_relevant_than_one_that_is(
    model: ReaderModel,
) -> None:
    asked, other = (
        max(j.relevance for j in model.judge(q, candidates()))
        for q in ("谁主持的会？", "市里有几家三甲医院？")
    )
    assert asked > 0 > other


def test_a_judgement_does_not_depend_on_its_company(model: ReaderModel) -> None:
    together = model.judge("谁主持的会？", candidates())
    alone = [model.judge("谁主持的会？", [c])[0] for c in candidates()]
    others = model.judge_each([(q, c) for c in candidates() for q in ("多少？", "谁主持的会？")])
    assert together == alone == others[1::2]


def test_traditional_full_width_and_upper_case_read_the_same(model: ReaderModel) -> None:
    one = model.judge("gdp增长多少", [("", "", "全省GDP增长５．６％。", "")])[0]
    other = model.judge("ＧＤＰ增長多少", [("", "", "全省gdp增长5.6%。", "")])[0]
    assert one == other


def test_nothing_to_read_is_no_error(model: ReaderModel) -> None:
    assert model.judge("谁？", []) == []
    empty, space = model.judge("", [("", "", "", ""), ("", "", " \n", "")])
    assert empty.span == space.span == (0, 0)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.text(max_size=500), st.text(max_size=40))
def test_a_span_lies_within_its_sentence(question: str, sentence: str, other: str) -> None:
    judged = shipped().judge(question, [(other, other, sentence, other)])[0]
    start, end = judged.span
    assert 0 <= start <= end <= len(sentence)
    assert (start == end) <= (sentence.strip() == "" or start == 0)
    assert judged.span_score <= 0


def test_matches_are_of_the_other_side_and_of_plain_tokens() -> None:
    ids = np.array([[2, 10, 11, 3, 11, 10, 11, 3]])
    kinds = np.array([[0, 0, 0, 0, 3, 3, 3, 3]])
    assert matches(ids, kinds).tolist() == [[0, 2, 2, 0, 1, 2, 2, 0]]


def test_a_long_sentence_is_read_whole_whatever_stands_around_it(model: ReaderModel) -> None:
    much = "本规定所称的各类材料及其他事项，" * 12
    tail = "会议由省长王明主持"
    sentence = "会上还就" + "交通、卫生、教育、住房、" * 6 + f"等问题作了说明，{tail}。"
    judged = model.judge("谁主持的会？", [(f"{much}\n{much}", much, sentence, much)])[0]
    assert judged.whole
    assert sentence[slice(*judged.span)] == "王明"
    row = model._rows([("谁" * 60, (f"{much}\n{much}", much, much, much))])[0]
    assert len(row.ids) <= LONGEST
    assert row.kinds.count(3) == 121


def test_rows_are_read_in_a_child_process_and_after_a_failure(
    model: ReaderModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [("谁主持的会？", c) for c in candidates()]
    expected = model.judge_each(asked)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if model.judge_each(asked) == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    run = model._run
    failing = [MemoryError("no room for this row")]

    def fails(row: object) -> Judgement:
        if row.sentence == SENTENCES[1] and failing:  # type: ignore[attr-defined]
            raise failing[-1]
        return run(row)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "_run", fails)
    with pytest.raises(MemoryError, match="no room"):
        model.judge_each(asked)
    failing.clear()
    assert model.judge_each(asked) == expected
