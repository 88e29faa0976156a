"""「这句话出自哪篇文章」 finds the sentence, its notes, and the title of its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from evals.questions import SAMPLE_FOLDER
from index.ingesting import IndexReport, IndexSettings, index_sources
from index.store import Library, open_library
from rag.answering import Answerer
from rag.schema import Answer
from rag.sources_of import Wanted, wanted_of

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]

BRIDGES = """# 青石河桥梁普查报告

## 一、总数

截至去年年底，青石河上共有桥梁73座，其中石拱桥占四成[1]。铁索桥只剩两座，都在上游的峡谷里。
普查员认为，水位逐年上涨是桥墩开裂的主要原因[2]。

表1 各县桥梁数

| 县 | 座数 |
|---|---|
| 上游县 | 31 |
| 下游县 | 42 |

资料来源：青石河水务局2024年年报。

[1] 林既白：《青石河志》，河谷出版社2019年版，第88页。
[2] 参见水务局《桥墩检测记录》，第12页。
"""
ENGLISH = """# Notes on the ferry trade

The last ferry crossed the strait in 1988, when the tunnel opened to cars[^1]. Fares had
doubled in the ten years before.

[^1]: Harbour Board, Annual Accounts 1988, p. 14.
"""
OTHER = "# 邮局年报\n\n邮局去年新购分拣机九台，每台每小时能分拣信件三万封。\n"


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    files = {"桥梁.md": BRIDGES, "ferry.md": ENGLISH, "邮局.md": OTHER}
    with open_library(index_files(files)[0]) as opened:
        yield opened


def said(answer: Answer) -> list[tuple[str, list[str]]]:
    """Each statement, and the quotes it rests on."""
    quotes = {c.n: c.quote for c in answer.citations}
    return [(s.text, [quotes[n] for n in s.citations]) for s in answer.statements]


def test_a_quoted_sentence_gives_its_note_and_its_article(library: Library) -> None:
    answer = Answerer(library).answer("“铁索桥只剩两座，都在上游的峡谷里”这句话出自哪篇文章？")
    assert answer.status == "answered"
    assert [c.source for c in answer.citations] == ["桥梁.md", "桥梁.md"]
    sentence = "铁索桥只剩两座，都在上游的峡谷里。"
    assert said(answer) == [("青石河桥梁普查报告", ["青石河桥梁普查报告", sentence])]

    answer = Answerer(library).answer("「其中石拱桥占四成」这句话引自哪里？")
    note, title = said(answer)
    assert note[0] == "[1] 林既白：《青石河志》，河谷出版社2019年版，第88页。"
    sentence = "截至去年年底，青石河上共有桥梁73座，其中石拱桥占四成[1]。"
    assert note[1] == [note[0], sentence]
    assert title == ("青石河桥梁普查报告", ["青石河桥梁普查报告", sentence])


def test_a_figure_gives_the_note_behind_its_sentence(library: Library) -> None:
    answer = Answerer(library).answer("水位逐年上涨是桥墩开裂的主要原因，这个说法的出处是什么？")
    assert said(answer)[0][0] == "[2] 参见水务局《桥墩检测记录》，第12页。"
    assert "桥墩开裂的主要原因[2]" in said(answer)[0][1][1]


def test_a_table_gives_the_line_of_sources_below_it(library: Library) -> None:
    for question in ("各县桥梁数的数据来源是什么？", "“各县桥梁数”这张表的数据来自哪里？"):
        texts = [text for text, _ in said(Answerer(library).answer(question))]
        assert "资料来源：青石河水务局2024年年报。" in texts, question


def test_a_source_is_found_in_english(library: Library) -> None:
    question = 'Which article is this sentence from: "The last ferry crossed the strait in 1988"?'
    note, title = said(Answerer(library).answer(question))
    assert note[0] == "[^1]: Harbour Board, Annual Accounts 1988, p. 14."
    assert title[0] == "Notes on the ferry trade"


def test_words_that_stand_nowhere_have_no_source(library: Library) -> None:
    answer = Answerer(library).answer("“月亮上的港口已经开通了货运航线”这句话出自哪篇文章？")
    assert answer.status == "abstained"
    assert answer.statements == ()


def test_the_samples_answer_where_a_sentence_is_from(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    names = (
        "健康/药价与疫苗观察2026年春季号.md",
        "关键矿产/2025年锂市场年度报告.md",
        "贸易/2025年美国对华关税与出口管制综述.html",
    )
    index_sources(tmp_path / "l", [SAMPLE_FOLDER / name for name in names], tiny_settings)
    with open_library(tmp_path / "l") as library:
        answerer = Answerer(library)
        answer = answerer.answer("“国家免疫规划首次增加新的疫苗品种”这句话出自哪篇文章？")
        assert said(answer)[0][0].startswith("[^3]: 2008年扩大免疫规划时")
        assert said(answer)[1][0] == "药价与疫苗观察（2026年春季号）"
        answer = answerer.answer("智利2024年矿产量为4.7万吨（金属量），这个数据的来源是什么？")
        assert said(answer)[0][0].startswith("[^2]: 本所按海关出口量与港口库存倒推")
        answer = answerer.answer("2025年美国对华新增关税的变化这张表的资料来源是什么？")
        assert any(text.endswith("资料来源：本所根据美国行政令整理。") for text, _ in said(answer))


@pytest.mark.parametrize(
    ("question", "about", "quoted"),
    [
        ("“共有桥梁73座”出自哪里", "共有桥梁73座", True),
        ("哪份报告写了“铁索桥只剩两座”？", "铁索桥只剩两座", True),
        ("这句话出自哪篇文章：铁索桥只剩两座", "铁索桥只剩两座", False),
        ("石拱桥占四成的数据来源是什么？", "石拱桥占四成", False),
        ("what is the source of the figure 73 bridges in total?", "73 bridges in total", False),
    ],
)
def test_what_is_asked_about_is_cut_out_of_the_question(
    question: str, about: str, quoted: bool
) -> None:
    assert wanted_of(question) == Wanted(about, quoted)


@pytest.mark.parametrize(
    "question",
    [
        "职业伤害保障基金的资金来源是什么？",  # an origin of money
        "分歧的来源是什么？",
        "原油进口来源国有哪些？",
        "这句话出自哪里？",  # which?
        "哪份报告的结论更乐观？",
        "Who took the ferry from the strait?",
        "“铁索桥”是什么？",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert wanted_of(question) is None
