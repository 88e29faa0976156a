from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.schema import Span
from index.store import Library, open_library
from rag.answering import Answerer
from rag.citing import cite, verify
from rag.errors import BadQuestion, SettingsError, UnverifiedCitation
from rag.schema import Answer, Shown
from rag.settings import AnswerabilitySettings, RagSettings, ReadingSettings, RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)

HARBOUR = """# 青屿港2024年年报

## 一、吞吐量

2024年，青屿港完成货物吞吐量1.86亿吨，同比增长4.2%。集装箱吞吐量为512万标准箱。

港口全年接卸进口铁矿石3200万吨，其中来自几内亚的占一成。

## 二、用工

港口现有员工8600人，比上年减少240人，主要原因是岸桥实现了远程操控。

| 岗位 | 人数 |
|---|---|
| 岸桥司机 | 310 |
| 理货员 | 95 |
"""
LIBRARY_NOTE = (
    "云岭县图书馆新馆于2023年5月18日开放。新馆由建筑师罗晓棠设计，藏书46万册。"
    "读者凭身份证免费入馆。\n"
)
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files({"harbour.md": HARBOUR, "notes/library.txt": LIBRARY_NOTE})
    with open_library(path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("青屿港2024年的货物吞吐量是多少？", "1.86亿吨"),
        ("云岭县图书馆新馆的建筑师是谁", "罗晓棠"),
        ("青屿港员工为啥少了", "远程操控"),
        ("How many employees does the port have?", "8600人"),
        ("青屿港有多少名岸桥司机", "310"),
    ],
)
def test_the_best_sentence_comes_first(library: Library, question: str, wanted: str) -> None:
    answer = Answerer(library, ALWAYS).answer(question, as_of=DAY)
    assert answer.status == "answered"
    assert wanted in answer.statements[0].text


def test_every_statement_is_verbatim_and_cited(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("青屿港有多少员工", as_of=DAY)
    numbers = {c.n for c in answer.citations}
    assert [c.n for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    for statement in answer.statements:
        assert statement.citations
        assert set(statement.citations) <= numbers
    for citation in answer.citations:
        document = library.document(citation.doc_id)
        slices = [document.text[s.start : s.end] for s in citation.spans]
        assert citation.quote == " … ".join(slices)
        verify(citation, document)
    assert answer.answer == "\n".join(
        s.text + "".join(f"[{n}]" for n in s.citations) for s in answer.statements
    )
    assert len(answer.statements) <= 3


def test_a_citation_names_section_and_source(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("青屿港现有多少员工", as_of=DAY)
    first = answer.citations[0]
    assert first.source == "harbour.md"
    assert first.section is not None
    assert first.section.endswith("二、用工")


def test_what_is_not_there_is_named(library: Library) -> None:
    answer = Answerer(library).answer("火星基地的氧气从哪来？", as_of=DAY)
    assert answer.status == "abstained"
    assert answer.answer == ""
    assert answer.statements == ()
    assert answer.abstention is not None
    assert any("火星" in m for m in answer.abstention.missing)
    assert "火星" in answer.abstention.reason


def test_reason_is_in_the_language_of_the_question(library: Library) -> None:
    answer = Answerer(library).answer("Who won the curling championship in Reykjavik?", as_of=DAY)
    assert answer.abstention is not None
    assert "sources" in answer.abstention.reason


def test_sources_limit_where_is_looked(library: Library) -> None:
    answerer = Answerer(library, ALWAYS)
    answer = answerer.answer("新馆藏书多少", as_of=DAY, sources=["*.md"])
    assert {c.source for c in answer.citations} <= {"harbour.md"}
    answer = answerer.answer("新馆藏书多少", as_of=DAY, sources=["notes/*"])
    assert {c.source for c in answer.citations} == {"notes/library.txt"}
    assert answerer.answer("新馆藏书多少", as_of=DAY, sources=["no/*"]).status == "abstained"


@pytest.mark.parametrize("question", ["你好", "hi", "谢谢！", "在吗？", "？？"])
def test_a_greeting_is_told_what_can_be_asked(library: Library, question: str) -> None:
    answer = Answerer(library).answer(question, as_of=DAY)
    assert answer.status == "abstained"
    assert answer.abstention is not None
    assert "青屿港2024年年报" in answer.abstention.reason
    assert answer.abstention.nearest == ()


@pytest.mark.parametrize("question", ["", "  \n", "问" * 20_000])
def test_a_bad_question_is_refused_in_one_line(library: Library, question: str) -> None:
    with pytest.raises(BadQuestion) as raised:
        Answerer(library).answer(question)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


def test_equal_questions_get_equal_answers(library: Library) -> None:
    def record() -> dict[str, object]:
        raw = Answerer(library, ALWAYS).answer("青屿港吞吐量增长了多少", as_of=DAY).to_record()
        return {k: v for k, v in raw.items() if k != "timings_ms"}

    assert record() == record()


def test_a_record_is_all_of_the_answer(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("青屿港吞吐量增长了多少", as_of=DAY)
    record = answer.to_record()
    assert answer.citations
    assert json.dumps({name: record[name] for name in asdict(answer)}) == json.dumps(asdict(answer))


def test_unrelated_documents_do_not_change_the_best_sentence(index_files: Index) -> None:
    files: dict[str, str | bytes] = {"harbour.md": HARBOUR, "notes/library.txt": LIBRARY_NOTE}
    path, _ = index_files(files)
    question = "青屿港2024年的集装箱吞吐量是多少？"
    with open_library(path) as small:
        before = Answerer(small, ALWAYS).answer(question, as_of=DAY).citations[0].quote
    files |= {f"other{i}.txt": f"第{i}种茶叶产自第{i}座山，年产{i}千克。" for i in range(40)}
    path, _ = index_files(files)
    with open_library(path) as large:
        after = Answerer(large, ALWAYS).answer(question, as_of=DAY).citations[0].quote
    assert before == after
    assert "512万标准箱" in after


def test_a_changed_number_changes_the_answer(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": HARBOUR.replace("8600", "9100")})
    with open_library(path) as changed:
        answer = Answerer(changed, ALWAYS).answer("青屿港现有多少员工", as_of=DAY)
    assert "9100人" in answer.answer
    assert "8600" not in answer.answer


def test_a_long_sentence_is_shown_from_its_best_clauses(index_files: Index) -> None:
    filler = "，".join(f"第{i}项工作按照既定安排有序推进" for i in range(14))
    path, _ = index_files({"long.txt": f"{filler}，星湖大桥全长1370米，{filler}。"})
    settings = RagSettings(
        reading=ReadingSettings(max_statement_chars=60),
        answerability=AnswerabilitySettings(min_confidence=0.0),
    )
    with open_library(path) as library:
        answer = Answerer(library, settings).answer("星湖大桥全长多少米", as_of=DAY)
    assert "1370米" in answer.statements[0].text
    assert len(answer.statements[0].text) <= 60


def test_the_same_sentence_in_two_files_is_shown_once(index_files: Index) -> None:
    text = "青屿港现有员工8600人，比上年减少240人。\n"
    path, _ = index_files({"a.txt": text, "b.txt": text})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer("青屿港有多少员工", as_of=DAY)
    assert [c.source for c in answer.citations] == ["a.txt"]


def test_a_quote_that_is_not_the_documents_is_refused(library: Library) -> None:
    from dataclasses import replace

    document = library.document("harbour.md")
    citation = cite(document, [Span(2, 9)], n=1, score=0.5)
    assert citation.quote == document.text[2:9]
    with pytest.raises(UnverifiedCitation):
        verify(replace(citation, quote=citation.quote + "！"), document)
    with pytest.raises(UnverifiedCitation):
        cite(document, [Span(0, len(document.text) + 1)], n=1, score=0.5)
    with pytest.raises(UnverifiedCitation):
        verify(citation, library.document("notes/library.txt"))


def test_explanation_shows_expansions_and_features(library: Library) -> None:
    _, explained = Answerer(library).explained("港口为啥裁人", as_of=DAY)
    assert explained is not None
    terms = {a.term for c in explained.retrieval.concepts for a in c.alternatives}
    assert "裁人" in terms
    assert "裁员" in terms
    best = explained.sentences[0]
    assert 0 <= best.features["concepts"] <= 1
    scores = [s.score for s in explained.sentences]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RetrievalSettings(candidates=0),
        lambda: RetrievalSettings(dense=-1),
        lambda: ReadingSettings(max_statements=0),
        lambda: ReadingSettings(max_answer_chars=50),
        lambda: AnswerabilitySettings(min_confidence=2.0),
    ],
)
def test_impossible_settings_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(SettingsError):
        make()


def test_answering_loads_nothing_heavy() -> None:
    code = (
        "import sys, rag.answering, rag.background, index.thesaurus as t\n"
        "rag.background.shipped(); t.shipped()\n"
        "heavy = 'torch', 'gradio', 'langchain_core', 'sentence_transformers', 'sklearn'\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("question", ["的", "那个呢", "这些和那些"])
def test_nothing_is_found_by_accident(library: Library, question: str) -> None:
    answer, found = Answerer(library, ALWAYS).explained(question, as_of=DAY)
    assert (answer.status, answer.citations, found) == ("abstained", (), None)
    assert answer.abstention is not None
    assert "提问" in answer.abstention.reason


def test_half_a_surrogate_pair_is_looked_past(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("\ud83d青屿港有多少员工", as_of=DAY)
    assert "8600人" in answer.answer


def test_a_source_is_named_by_its_own_name_or_one_pattern(index_files: Index) -> None:
    path, _ = index_files({"[1].md": HARBOUR, "notes/library.txt": LIBRARY_NOTE})
    with open_library(path) as opened:
        for sources in (["[1].md"], "*.md"):
            answer = Answerer(opened, ALWAYS).answer(
                "云岭县图书馆的员工", as_of=DAY, sources=sources
            )
            assert {c.source for c in answer.citations} == {"[1].md"}


def test_a_number_is_never_cut(index_files: Index) -> None:
    text = "青屿港一九八八年以来登记" + "在册的货船" * 26 + "共1,250,000艘，其中外籍60,000艘。\n"
    path, _ = index_files({"a.txt": text})
    with open_library(path) as opened:
        for limit in range(40, 160):
            settings = replace(ALWAYS, reading=ReadingSettings(max_statement_chars=limit))
            for asked in ("青屿港货船有多少艘", "外籍货船多少艘"):
                answer = Answerer(opened, settings).answer(asked, as_of=DAY)
                for number in re.findall(r"[\d,]*\d", answer.statements[0].text):
                    assert number in ("1,250,000", "60,000")


def test_a_verb_is_not_named_as_missing(library: Library) -> None:
    never = RagSettings(answerability=AnswerabilitySettings(min_confidence=1.0))
    for asked, named in (("青屿港把卫星砸掉花了多少钱", ("卫星",)), ("港口砸了多少钱", ())):
        answer = Answerer(library, never).answer(asked, as_of=DAY)
        assert answer.abstention is not None
        assert answer.abstention.missing == named


def test_asking_three_times_gives_no_more_confidence_than_asking_twice(library: Library) -> None:
    answerer = Answerer(library)
    twice, thrice = (
        answerer.answer("火星殖民地的人口是多少？" * n, as_of=DAY).confidence for n in (2, 3)
    )
    assert twice is not None
    assert thrice is not None
    assert abs(thrice - twice) < 0.02


def test_a_stream_shows_each_statement_with_its_new_citations_and_ends_with_the_record(
    library: Library,
) -> None:
    answerer = Answerer(library, ALWAYS)
    *told, last = answerer.stream("青屿港有多少员工", as_of=DAY)
    assert isinstance(last, Answer)
    assert replace(last, timings_ms={}) == replace(
        answerer.answer("青屿港有多少员工", as_of=DAY), timings_ms={}
    )
    shown = [one for one in told if isinstance(one, Shown)]
    assert tuple(one.statement for one in shown) == last.statements
    assert tuple(c for one in shown for c in one.citations) == last.citations
    told_so_far: set[int] = set()
    for one in shown:
        told_so_far |= {c.n for c in one.citations}
        assert set(one.statement.citations) <= told_so_far


def test_a_stream_that_abstains_is_the_record_alone(library: Library) -> None:
    (only,) = Answerer(library).stream("火星基地的氧气从哪来？", as_of=DAY)
    assert isinstance(only, Answer)
    assert only.status == "abstained"
