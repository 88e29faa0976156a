"""What is named as nowhere in the documents: what could be there, and never half a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import Library, open_library
from rag import absence
from rag.answering import Answerer
from rag.normalising import normalise
from rag.retrieval import Retrieval, retrieve
from rag.settings import RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
FILES = {
    "罚则.md": "# 罚则\n\n单位违反本办法的，处十万元以上五十万元以下罚款。\n",
    "信贷.md": "# 三县信贷研究\n\n县域信贷余额增长了12%，其中农户贷款占四成。\n",
    "份额.md": "# 市场\n\n公司在中国市场的份额是31%，比上一年高两个百分点。\n",
    "老楼.md": "# 老楼改造\n\n全区加装电梯46台，每台补贴二十万元。\n",
    "换电.md": "# 换电柜\n\n骑手在换电柜更换电池，每次三元。漏洞由厂家修补。\n",
    "年报.md": "# 2024年年报\n\n2024年的利润为3亿元。\n",
    "储罐.md": "# 储罐\n\n全年卸货三百万吨，储罐容积十二万立方米。\n",
    "进口.md": "# 进口\n\n澳大利亚政府说，全年进口额为42亿美元。\n",
}


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files(FILES)
    with open_library(path) as opened:
        yield opened


def found(library: Library, question: str) -> Retrieval:
    return retrieve(library, normalise(question, DAY), RetrievalSettings())


@pytest.mark.parametrize(
    "question",
    [
        "去年的利润是多少",  # 2025 by the calendar; the report may be last year's to who asks
        "今年利润多少",
        "前年的利润有几个亿",
    ],
)
def test_a_year_that_is_not_written_out_forbids_nothing(library: Library, question: str) -> None:
    assert absence.absent(found(library, question)) == ()


def test_a_year_written_out_that_is_nowhere_forbids_an_answer(library: Library) -> None:
    assert absence.absent(found(library, "2024年的利润是多少")) == ()
    assert absence.absent(found(library, "2019年的利润是多少")) == ("2019年",)
    assert absence.missing(found(library, "2019年的利润是多少")) == ("2019年",)


CUT_OUT = [  # what the segmenter cuts out of each, or a name that begins within it
    "最高能罚公司多少",  # 能罚公司
    "能罚公司多少钱",
    "那篇县域信贷论文里农户贷款占多少",  # 那篇县
    "那篇县域研究说增长了多少",
    "去年占中国市场多少",  # 占中
    "装了多少台电梯",  # 台电
]


@pytest.mark.parametrize("question", CUT_OUT)
def test_what_ends_within_a_word_is_no_name_that_is_nowhere(
    library: Library, question: str
) -> None:
    assert absence.absent(found(library, question)) == ()
    assert not {"能罚", "那篇", "占中", "台电"} & set(absence.missing(found(library, question)))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("栖云公司最高能罚多少", "栖云"),
        ("重庆装了多少台电梯", "重庆"),
        ("去年在越南占多少市场", "越南"),
        ("台电去年的利润是多少", "台电"),
        ("意大利全年进口额是多少", "意大利"),  # 大利 stands in 澳大利亚
        ("英国政府说全年进口额是多少", "英国政府"),  # a government is there, another one
        ("全年进口额是多少亿比索", "比索"),
    ],
)
def test_a_name_that_is_nowhere_still_forbids_an_answer_and_is_told(
    library: Library, question: str, name: str
) -> None:
    assert absence.absent(found(library, question)) == (name,)
    answer = Answerer(library).answer(question, as_of=DAY)
    assert answer.abstention is not None
    assert answer.abstention.missing[0] == name
    assert answer.abstention.reason == f"资料里没有提到“{name}”，无法据此回答。"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("骑手换块电池多少钱", ()),
        ("漏洞是谁补住的", ()),
        ("换块屏幕要多少钱", ("屏幕",)),
        ("厂家补住无人机的漏洞了吗", ("无人机",)),
    ],
)
def test_things_are_told_as_missing_and_verbs_and_halves_of_words_are_not(
    library: Library, question: str, told: tuple[str, ...]
) -> None:
    assert absence.missing(found(library, question)) == told


def test_a_measure_of_which_no_unit_is_told_forbids_an_answer(library: Library) -> None:
    assert absence.absent(found(library, "储罐容积是多少立方米")) == ()
    assert absence.absent(found(library, "储罐容积是多少万加仑")) == ()  # volume is told
    assert absence.absent(found(library, "电梯用了多少千瓦时")) == ("千瓦时",)


@pytest.mark.parametrize(
    "told", ["300多吨", "三百余吨", "几吨", "3 吨", "几万吨", "上亿吨", "数吨", "30来吨"]
)
def test_a_measure_told_in_any_manner_of_counting_is_told(index_files: Index, told: str) -> None:
    path, _ = index_files({"卸货.md": f"# 卸货\n\n码头昨天卸货{told}。\n"})
    with open_library(path) as library:
        assert absence.absent(found(library, "码头昨天卸货多少公斤")) == ()
