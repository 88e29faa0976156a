"""What people ask about the documents themselves is answered from them, every statement cited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.segmenting import key
from index.store import Library, open_library
from rag.answering import Answerer
from rag.citing import verify
from rag.requests import request_of
from rag.schema import Answer

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)

HARBOUR = """# 青屿港2024年年报

作者：罗晓棠、陶一帆

2025年3月1日

## 摘要

2024年青屿港货物吞吐量创下新高，达到1.86亿吨。港口用工连续第三年下降，主要原因是岸桥远程操控。

## 一、吞吐量

全年接卸进口铁矿石3200万吨，其中来自几内亚的占一成。集装箱吞吐量为512万标准箱。

## 二、结论

预计2025年吞吐量增速放缓到百分之三左右。
"""
LIBRARY_NOTE = """# 云岭县图书馆搬迁公告

云岭县图书馆编写

2025年6月18日

新馆于2025年5月18日开放，读者凭身份证免费入馆。旧馆的图书在六月底以前全部搬完。
"""
GRID = """# Grid storage outlook

By Ines Calder

January 2024

## Summary

Batteries added to the grid doubled within a year. Prices of cells fell by a third in that time.
"""


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    files: dict[str, str | bytes] = {
        "harbour.md": HARBOUR, "notice.md": LIBRARY_NOTE, "grid.md": GRID,
    }  # fmt: skip
    path, _ = index_files(files)
    with open_library(path) as opened:
        yield opened


def ask(library: Library, question: str, **more: object) -> Answer:
    answer = Answerer(library).answer(question, as_of=DAY, **more)  # type: ignore[arg-type]
    for citation in answer.citations:
        verify(citation, library.document(citation.doc_id))
    numbers = {c.n for c in answer.citations}
    assert all(s.citations and set(s.citations) <= numbers for s in answer.statements)
    assert answer.status == ("answered" if answer.statements else "abstained")
    return answer


@pytest.mark.parametrize(
    "question", ["青屿港年报讲了什么？", "总结一下青屿港的年报", "那份青屿港年报的主要观点是什么"]
)
def test_a_named_document_is_summed_up_from_its_own_summary(
    library: Library, question: str
) -> None:
    answer = ask(library, question)
    assert {c.source for c in answer.citations} == {"harbour.md"}
    assert answer.statements[0].text == "2024年青屿港货物吞吐量创下新高，达到1.86亿吨。"
    assert "预计2025年吞吐量增速放缓" in answer.answer  # its conclusion
    assert len(answer.statements) <= 5
    starts = [c.spans[0].start for c in answer.citations]
    assert starts == sorted(starts)


def test_a_document_is_summed_up_in_english_by_its_file_or_title(library: Library) -> None:
    answer = ask(library, "Summarise the grid storage outlook")
    assert answer.statements[0].text == "Batteries added to the grid doubled within a year."
    assert {c.source for c in answer.citations} == {"grid.md"}


@pytest.mark.parametrize("question", ["总结一下", "这里讲了什么？", "what is this about?"])
def test_a_library_is_summed_up_a_document_at_a_time(library: Library, question: str) -> None:
    answer = ask(library, question)
    assert {c.source for c in answer.citations} == {"harbour.md", "notice.md", "grid.md"}
    assert "3" in answer.statements[0].text
    assert len(answer.statements) == 4


def test_the_documents_are_listed_and_counted(library: Library) -> None:
    listed = ask(library, "有哪些文件？")
    assert [s.text for s in listed.statements] == [
        "资料库里共有3份文档。",
        "Grid storage outlook",
        "青屿港2024年年报",
        "云岭县图书馆搬迁公告",
    ]
    assert ask(library, "一共多少份文档？").statements[0].text == "资料库里共有3份文档。"
    counted = ask(library, "How many documents are there?").statements[0].text
    assert counted == "The library holds 3 documents."


def test_the_newest_is_told_with_the_line_that_dates_it(library: Library) -> None:
    answer = ask(library, "最近更新的是哪份？")
    assert [c.quote for c in answer.citations] == ["云岭县图书馆搬迁公告 … 2025年6月18日"]


@pytest.mark.parametrize(
    ("question", "byline"),
    [
        ("青屿港年报是谁写的？", "作者：罗晓棠、陶一帆"),
        ("Who wrote the grid storage outlook?", "By Ines Calder"),
    ],
)
def test_who_wrote_it_is_the_byline(library: Library, question: str, byline: str) -> None:
    assert [s.text for s in ask(library, question).statements] == [byline]


def test_who_wrote_it_after_an_answer_means_its_document(library: Library) -> None:
    first = Answerer(library).answer("总结一下青屿港的年报", as_of=DAY)
    answer = ask(library, "谁写的？", history=[first.to_record()])
    assert answer.completed_question == "“harbour.md”是谁写的？"
    assert [s.text for s in answer.statements] == ["作者：罗晓棠、陶一帆"]


def test_dates_are_those_of_the_catalogue(library: Library) -> None:
    known = [(info.doc_id, info.date) for info in library.documents()]
    assert library.dates() == known
    assert [day for _, day in known] == [None, "2025-03-01", "2025-06-18"]


def test_sources_limit_the_catalogue(library: Library) -> None:
    answer = ask(library, "有哪些文件？", sources=["harbour.md"])
    assert [s.text for s in answer.statements] == ["资料库里共有1份文档。", "青屿港2024年年报"]
    assert {c.source for c in answer.citations} == {"harbour.md"}


@pytest.mark.parametrize(
    "question",
    [
        "市长在会上说了什么？",
        "青屿港有哪些岗位？",
        "谁写信给了市长？",
        "他说了什么",
        "报告里说2024年吞吐量是多少？",
        "最新的集装箱吞吐量是多少",
        "What did the mayor say about cranes?",
    ],
)
def test_a_question_on_something_in_the_documents_is_none_about_them(
    library: Library, question: str
) -> None:
    answer = Answerer(library).answer(question, as_of=DAY)
    assert not any("共有" in s.text for s in answer.statements)
    request = request_of(key(question))
    assert request is None or request.named  # no document is called that, so it is searched


def test_a_long_document_is_summed_up_in_time(index_files: Index) -> None:
    import time

    body = "".join(
        f"## 第{i}节\n\n"
        + "".join(f"第{i}节第{j}项指标为{i * j}吨，同比持平。" for j in range(40))
        + "\n\n"
        for i in range(120)
    )
    path, _ = index_files({"long.md": "# 长篇统计年鉴\n\n" + body})
    with open_library(path) as opened:
        ask(opened, "总结一下长篇统计年鉴")
        started = time.perf_counter()
        answer = ask(opened, "总结一下长篇统计年鉴")
        assert time.perf_counter() - started < 1
    assert 1 <= len(answer.statements) <= 5


TALK = """[00:00:02] 主持人：大家好，我是安宁。
[00:00:06] 主持人：今天我们聊一聊县城的养老院为什么招不到人。
[00:00:15] 主持人：请您先说说您那里的情况，好不好？
[00:00:21] 秦院长：我们院一共八十七位老人，护理员只有十一个，夜里两个人管一层楼。
[00:00:40] 主持人：两个人管一层楼，那真的不容易。
[00:01:10] 秦院长：护理员一个月三千六，送外卖的一个月七千，年轻的护理员留不住。
[00:01:31] 主持人：是的是的，真的不容易，好吧？
[00:02:05] 秦院长：去年县里给护理员发岗位补贴，每个月三百，今年护理员的补贴停了。
[00:02:30] 主持人：那这个真的不容易，是的。
[00:03:05] 秦院长：现在我们和职校办护理班，学费院里出，毕业以后护理员要干满三年。
[00:03:30] 主持人：好的，是的，我们今天先聊到这里，谢谢大家。
"""


def test_a_conversation_is_told_by_its_topic_and_what_each_part_says_not_by_small_talk(
    index_files: Index,
) -> None:
    path, _ = index_files({"养老院招工.txt": TALK})
    with open_library(path) as library:
        answer = ask(library, "养老院招工这一期聊了些什么？")
    texts = [statement.text for statement in answer.statements]
    assert "县城的养老院为什么招不到人" in texts[0]
    for fact in ("八十七位", "三千六", "每个月三百", "护理班"):
        assert any(fact in text for text in texts), fact
    assert not any("不容易" in text for text in texts)
