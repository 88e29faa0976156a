from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from index.thesaurus import shipped
from rag import background
from rag.answering import Answerer
from rag.asking import asked_of
from rag.normalising import normalise
from rag.parts import Part, parts_of
from rag.settings import AnswerabilitySettings, RagSettings
from rag.terms import concepts_of

DAY = date(2026, 1, 31)
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))
Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]


def _parts(text: str) -> tuple[Part, ...]:
    question = normalise(text, DAY)
    concepts = concepts_of(question, [shipped()], background.shipped())
    return parts_of(question, asked_of(question.key), concepts)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "2023年上海港和宁波港的吞吐量分别是多少？",
            ["2023年上海港的吞吐量是多少?", "2023年宁波港的吞吐量是多少?"],
        ),
        (
            "青屿港2023年和2024年的吞吐量是多少？",
            ["青屿港2023年的吞吐量是多少?", "青屿港2024年的吞吐量是多少?"],
        ),
        ("灯会的开始和结束时间", ["灯会的开始时间", "灯会的结束时间"]),
        (
            "云岭县2022年用水的回收率和漏损率是多少",
            ["云岭县2022年用水的回收率是多少", "云岭县2022年用水的漏损率是多少"],
        ),
        (
            "《海岸》是什么类型的电影？它的导演是谁？",
            ["《海岸》是什么类型的电影", "《海岸》它的导演是谁?"],
        ),
        ("这款手机的芯片是什么，起售价多少", ["这款手机的芯片是什么", "这款手机起售价多少"]),
        ("《特朗普传》和《拜登传》的作者是谁", ["《特朗普传》的作者是谁", "《拜登传》的作者是谁"]),
        ("布林肯和耶伦访华时间", ["布林肯访华时间", "耶伦访华时间"]),  # a name is one word
        ("Who won the cup and when?", ["who won the cup", " won the cup when?"]),
        (
            "英特尔、高通、英伟达分别裁了多少人",
            ["英特尔裁了多少人", "高通裁了多少人", "英伟达裁了多少人"],
        ),
    ],
)  # fmt: skip
def test_a_question_for_several_things_is_taken_apart(question: str, parts: list[str]) -> None:
    assert [p.question.key for p in _parts(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "青屿港2024年的货物吞吐量是多少？",
        "公司和工会的关系怎么样",
        "中国和法国哪年建交",
        "必和必拓2022财年的净利润是多少？",
        "《战争与和平》是谁写的？",
        "为什么裁员和涨价？",
        "岸桥和堆场的改造有什么区别？",
        "那几天港口由谁值班？",
    ],
)
def test_a_question_for_one_thing_stays_whole(question: str) -> None:
    assert _parts(question) == ()


def test_concepts_stand_where_the_part_has_them() -> None:
    for part in _parts("2023年上海港和宁波港的吞吐量分别是多少？"):
        for concept in part.concepts:
            assert part.question.key[concept.start : concept.end] == concept.term


def test_each_part_is_answered_from_its_own_document_in_the_order_asked(index_files: Index) -> None:
    path, _ = index_files(
        {
            "a.md": "# 望潮汽车\n\n望潮汽车2021年全球销量为252万辆，比上年增长8%。员工有1.2万人。",
            "b.md": "# 松原汽车\n\n松原汽车2021年全球销量为240万辆，比上年下降5%。员工有9千人。",
        }
    )
    with open_library(path) as library:
        for first, second in (("松原", "望潮"), ("望潮", "松原")):
            question = f"2021年{first}和{second}的全球销量分别是多少？"
            answer = Answerer(library, ALWAYS).answer(question, as_of=DAY)
            figures = {"松原": "240万辆", "望潮": "252万辆"}
            places = [answer.answer.find(figures[name]) for name in (first, second)]
            assert -1 not in places
            assert places == sorted(places)
            assert {c.source for c in answer.citations[:2]} == {"a.md", "b.md"}
            assert answer.conflicts == ()


def test_figures_of_one_sentence_are_told_in_its_order(index_files: Index) -> None:
    text = "# 调价\n\n8月9日24时起，汽油和柴油每吨分别上涨240元和230元。\n\n下次调价在月底。"
    path, _ = index_files({"fuel.md": text})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("汽油和柴油每吨分别涨了多少元？", as_of=DAY)
        assert [s.text for s in answer.statements[:2]] == ["240元", "230元"]
        assert "分别上涨240元和230元" in answer.statements[2].text
        assert {s.citations for s in answer.statements[:3]} == {(1,)}
