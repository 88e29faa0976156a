"""Follow-ups are completed from the conversation; a question that stands alone is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.questions import builtin
from index.embedding import EmbeddingSettings, load_embedder
from index.ingesting import IndexReport
from index.store import Library, open_library
from rag.answering import Answerer
from rag.history import Turn, complete, turns_of
from rag.settings import AnswerabilitySettings, RagSettings
from rag.slots import Near

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))

# An earlier question, the follow-up, and what is meant.
CASES = (
    ("美国2025年的钢产量是多少？", "那日本呢？", "日本2025年的钢产量是多少？"),
    ("合肥的晶圆厂去年用了多少水？", "武汉呢", "武汉的晶圆厂去年用了多少水？"),
    ("2025年锂供应，哪个国家增加得最多？", "那马里呢？", "2025年锂供应，马里增加了多少？"),
    ("去年哪个城市的空缺率最高", "海屏呢", "去年海屏的空缺率是多少？"),
    ("青屿港2024年的货物吞吐量是多少？", "2023年的呢", "青屿港2023年的货物吞吐量是多少？"),
    ("青屿港2024年的货物吞吐量是多少？", "前年呢？", "青屿港前年的货物吞吐量是多少？"),
    ("青屿港去年的吞吐量是多少？", "今年三季度呢？", "青屿港今年三季度的吞吐量是多少？"),
    ("青屿港2024年的货物吞吐量是多少？", "为什么？", "青屿港2024年的货物吞吐量，为什么？"),
    ("青屿港2024年的货物吞吐量是多少？", "它什么时候建成的？", "青屿港什么时候建成的？"),
    ("李明的工资是多少？", "那王芳呢？", "王芳的工资是多少？"),
    ("H20的上缴比例是多少？", "H200呢？", "H200的上缴比例是多少？"),
    ("星湖大学有多少学生？", "云岭大学呢？", "云岭大学有多少学生？"),
    ("制造业的平均工资是多少？", "金融业的呢？", "金融业的平均工资是多少？"),
    ("镓的价格是多少？", "锗呢？", "锗的价格是多少？"),
    ("公司2024年的进口额是多少？", "出口额呢？", "公司2024年的出口额是多少？"),
    ("哪座城市的产能最高？", "第二个呢？", "哪座城市的产能第二高？"),
    ("青屿港有哪些岗位？", "还有别的吗？", "除此之外，青屿港有哪些岗位？"),
    ("青屿港为什么减员？", "详细说说", "详细说说：青屿港为什么减员？"),
    ("周姐是哪年退休的？", "那她退休金多少？", "周姐退休金多少？"),
    ("这个项目花了多少钱？", "其中买机器的呢？", "这个项目花了多少钱，其中买机器的呢？"),
    ("How much steel did Germany make in 2025?", "And Japan?",
     "How much steel did Japan make in 2025?"),
    ("How much steel did Germany make in 2025?", "what about 2024",
     "How much steel did Germany make in 2024?"),
    ("How much steel did Germany make in 2025?", "Why?",
     "How much steel did Germany make in 2025, and why?"),
    ("How much steel did Germany make in 2025?", "How much did it export?",
     "How much did Germany export?"),
    ("How many ports are there in the United Kingdom?", "How many people work there?",
     "How many people work in the United Kingdom?"),
    ("Which jobs does the port offer?", "What else?", "What else: Which jobs does the port offer?"),
)  # fmt: skip


@pytest.fixture(scope="module")
def near() -> Near:
    embed = load_embedder(EmbeddingSettings()).embed_query
    return lambda a, b: float(embed(a) @ embed(b))


@pytest.mark.parametrize(("earlier", "question", "meant"), CASES)
def test_a_follow_up_is_completed(earlier: str, question: str, meant: str, near: Near) -> None:
    assert complete(question, turns_of([earlier]), near) == meant


@pytest.mark.parametrize(
    "question",
    [
        "青屿港2023年的货物吞吐量是多少？",
        "那个叫罗晓棠的建筑师设计了什么？",
        "2023年出口跌了多少？进口呢？",
        "为什么云岭县图书馆要搬家？",
        "欧洲那边的电价为什么涨了？",
        "谢谢",
        "有哪些文件？",
        "How long does it take to reach Qingyu by train?",
        "What did the mayor say about her own budget?",
        "What was the ceiling the central bank set before they raised it?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    earlier = "美国2025年的钢产量是多少？", "How much steel did Germany make in 2025?"
    assert [complete(question, [Turn(one)]) for one in earlier] == [None, None]


def test_few_of_the_built_in_questions_are_touched_when_put_one_after_the_other() -> None:
    asked = [q.question for q in builtin() if not q.history and q.type != "overview"]
    touched = [b for a, b in pairwise(asked) if complete(b, [Turn(a)])]
    assert len(touched) <= 0.02 * len(asked), touched


def test_nothing_is_completed_without_a_conversation() -> None:
    assert complete("那日本呢？", ()) is None
    assert complete("那日本呢？", turns_of(["你好", "？"])) is None


def test_a_chain_of_follow_ups_keeps_its_thread() -> None:
    turns = turns_of(["美国2025年的钢产量是多少？", "那日本呢？", "2024年的呢"])
    assert [t.question for t in turns][1:] == [
        "日本2025年的钢产量是多少？",
        "日本2024年的钢产量是多少？",
    ]
    assert complete("那德国呢？", turns) == "德国2024年的钢产量是多少？"


def test_who_he_is_comes_from_the_answer() -> None:
    turns = turns_of([("谁设计了新馆？", "新馆由建筑师罗晓棠设计。")])
    assert complete("他是哪里人？", turns) == "罗晓棠是哪里人？"


@given(st.text(max_size=90), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_can_follow_any_other(question: str, earlier: str) -> None:
    completed = complete(question, turns_of([earlier]))
    assert completed is None or completed.strip()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("question", "answer", "citations", "spans", "start", "end", "source")),
            inner,
            max_size=4,
        )
    ),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(JSON, max_size=3), JSON)
def test_turns_that_others_made_are_read_as_far_as_they_are_turns(
    history: list[object], citations: object
) -> None:
    mine = {"question": "青屿港2024年的吞吐量是多少？", "citations": citations}
    *_, last = turns_of([*history, mine])
    assert last.question == mine["question"]
    assert complete("2023年的呢", turns_of([*history, mine])) == "青屿港2023年的吞吐量是多少？"


def test_what_was_never_answered_is_no_turn() -> None:
    long = "长" * 2001
    assert turns_of([long, {"question": long, "citations": []}, "", 7]) == ()
    assert (
        turns_of([("产量？", "96万吨[1]\n产量为96万吨。[1]")])[0].answer == "96万吨\n产量为96万吨。"
    )


def test_a_long_repetitive_text_costs_no_time() -> None:
    turns = turns_of(["青屿港有哪些岗位？"])
    started = time.perf_counter()
    for text in ("其他的" * 600 + "x", "还有别的" * 20, "排名第" * 26, "and " * 500, "那" * 80):
        complete(text, turns)
    assert time.perf_counter() - started < 2


HARBOUR = """# 青屿港2024年年报

2023年，青屿港完成货物吞吐量1.79亿吨。

2024年，青屿港完成货物吞吐量1.86亿吨，同比增长4.2%。

港口现有员工8600人，比上年减少240人，主要原因是岸桥实现了远程操控。
"""


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files({"harbour.md": HARBOUR})
    with open_library(path) as opened:
        yield opened


def test_the_completed_question_is_what_is_answered_and_shown(library: Library) -> None:
    answerer = Answerer(library, ALWAYS)
    first = answerer.answer("青屿港2024年的货物吞吐量是多少？", as_of=DAY)
    second = answerer.answer("2023年的呢？", as_of=DAY, history=[(first.question, first)])
    assert second.question == "2023年的呢？"
    assert second.completed_question == "青屿港2023年的货物吞吐量是多少？"
    assert "1.79亿吨" in second.statements[0].text
    assert first.completed_question is None


def test_a_completed_question_that_is_given_is_used(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer(
        "那人呢？",
        as_of=DAY,
        history=["青屿港2024年的货物吞吐量是多少？"],
        completed_question="青屿港现有员工多少人？",
    )
    assert answer.completed_question == "青屿港现有员工多少人？"
    assert "8600人" in answer.statements[0].text


def test_what_else_does_not_repeat_what_was_said(library: Library) -> None:
    answerer = Answerer(library, ALWAYS)
    first = answerer.answer("青屿港的吞吐量是多少？", as_of=DAY)
    again = answerer.answer("还有别的吗？", as_of=DAY, history=[first.to_record()])
    said = {s.text for s in first.statements}
    assert said
    assert not said & {s.text for s in again.statements}
