from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from evals.questions import SAMPLE_FOLDER, builtin
from index.ingesting import IndexReport, index_sources
from index.segmenting import key
from index.store import Library, open_library
from rag.answering import Answerer
from rag.asking import asked_of
from rag.normalising import normalise
from rag.ranking import score
from rag.reading import _WORTH_SHOWING, _is_worth, read
from rag.reading_model import Judgement
from rag.requests import request_of
from rag.rereading import question_for
from rag.retrieval import Retrieval, retrieve
from rag.schema import Answer
from rag.settings import AnswerabilitySettings, RagSettings, ReadingSettings, RetrievalSettings
from rag.wording import plain, said

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))

REPORT = """# 青屿港2024年年报

## 一、吞吐量

2024年，青屿港完成货物吞吐量1.86亿吨，同比增长4.2%。集装箱吞吐量为512万标准箱。

## 二、改造

岸桥远程操控项目由青屿重工集团承建。该项目于2023年9月18日投入使用，投资**3.4亿元**[^1]。

[^1]: 不含土地费用。

港口裁减岗位有三个原因：

- 一是岸桥实现了远程操控；
- 二是铁矿石业务外包；
- 三是码头合并为两个作业区。

| 岗位 | 人数 | 平均工龄（年） |
|---|---|---|
| 岸桥司机 | 310 | 11 |
| 理货员 | 95 | 7 |
"""


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files({"harbour.md": REPORT})
    with open_library(path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "type"),
    [
        ("增长了百分之几？", "percent"),
        ("花了多少钱？", "money"),
        ("哪天投入使用的？", "date"),
        ("第六届博览会哪几天办？", "date"),
        ("一共有多少家企业？", "number"),
        ("是谁设计的？", "person"),
        ("哪家公司承建的？", "organisation"),
        ("依据哪部法律征收？", "title"),
        ("什么是反向散射？", "definition"),
        ("哪份报告提到了裁员？", "source"),
        ("为什么裁员？", "reason"),
        ("怎么申请？", "manner"),
        ("可以退货吗？", "yesno"),
        ("两种方案有什么区别？", "comparison"),
        ("包括哪些材料？", "list"),
        ("Which company built it?", "organisation"),
        ("When did it open?", "date"),
        ("What is the difference between the two?", "comparison"),
    ],
)
def test_what_is_asked_for_is_told_from_the_question(question: str, type: str) -> None:
    assert asked_of(key(question)).type == type


def test_years_and_several_sources_are_constraints() -> None:
    asked = asked_of(key("2024年的产量，两份报告分别是怎么说的？"))
    assert asked.years == {"2024"}
    assert asked.from_each
    assert not asked.is_one_thing


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("青屿港2024年的货物吞吐量是多少？", "1.86亿吨"),
        ("青屿港集装箱吞吐量有多少标准箱？", "512万标准箱"),
        ("青屿港货物吞吐量同比增长百分之几？", "4.2%"),
    ],
)
def test_the_thing_itself_is_said_first(library: Library, question: str, short: str) -> None:
    answer = Answerer(library, ALWAYS).answer(question, as_of=DAY)
    first, second = answer.statements[:2]
    assert first.text == short
    assert first.citations == second.citations == (1,)
    assert short in answer.citations[0].quote
    assert answer.answer.startswith(f"{short}[1]\n")


def test_the_asked_cell_is_the_short_answer_and_its_header_is_shown(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("青屿港岸桥司机的平均工龄是几年？", as_of=DAY)
    assert answer.statements[0].text == "11"
    assert "平均工龄（年）" in answer.citations[0].quote
    assert "岸桥司机" in answer.citations[0].quote


def test_a_number_of_the_question_is_not_its_answer(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("货物吞吐量1.86亿吨同比增长了多少？", as_of=DAY)
    assert answer.statements[0].text != "1.86亿吨"


def test_a_sentence_that_points_back_brings_the_one_before(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("远程操控项目哪天投入使用？", as_of=DAY)
    shown = "".join(s.text for s in answer.statements)
    assert "2023年9月18日" in shown
    assert "岸桥远程操控项目由青屿重工集团承建" in shown


def test_the_items_of_a_list_follow_what_announces_them(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("港口裁减岗位有哪三个原因？", as_of=DAY)
    at = [answer.answer.find(w) for w in ("远程操控；", "业务外包", "两个作业区")]
    assert -1 not in at
    assert at == sorted(at)
    assert len(answer.statements) <= 5


def test_markdowns_signs_are_not_said(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("岸桥远程操控项目投资多少钱？", as_of=DAY)
    assert "3.4亿元" in answer.answer
    assert "**" not in answer.answer
    assert "[^1]" not in answer.answer
    assert any("**3.4亿元**" in c.quote for c in answer.citations)


def test_cuts_are_marked(index_files: Index) -> None:
    filler = "，".join(f"第{i}项工作按照既定安排有序推进" for i in range(14))
    path, _ = index_files({"long.txt": f"{filler}，星湖大桥全长1370米，{filler}。"})
    settings = replace(ALWAYS, reading=ReadingSettings(max_statement_chars=60))
    with open_library(path) as opened:
        answer = Answerer(opened, settings).answer("星湖大桥全长多少米", as_of=DAY)
    assert answer.statements[0].text == "1370米"
    sentence = answer.statements[1].text
    assert sentence.startswith("… ")
    assert sentence.endswith(" …")
    assert sentence.strip("… ") == answer.citations[0].quote


def test_captions_and_headings_do_not_lead(library: Library) -> None:
    answer = Answerer(library, ALWAYS).answer("青屿港吞吐量", as_of=DAY)
    assert answer.statements[0].text not in ("一、吞吐量", "青屿港2024年年报")


def test_every_statement_of_the_sample_library_is_verbatim(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    index_sources(folder, [SAMPLE_FOLDER])
    shown = 0
    with open_library(folder) as opened:
        answerer = Answerer(opened, ALWAYS)
        for question in builtin():
            answer = answerer.answer(question.question, as_of=date(2026, 6, 30))
            quotes = {c.n: c for c in answer.citations}
            for statement in answer.statements:
                if request_of(key(question.question)):
                    continue  # what is said of the catalogue is not quoted
                cited = [quotes[n] for n in statement.citations]
                forms = [opened.document(c.doc_id).format for c in cited]
                said = "\n".join(plain(c.quote, f) for c, f in zip(cited, forms, strict=True))
                for part in re.split(r"\s?…\s?", statement.text):
                    assert plain(part, forms[0]) in said, (question.id, statement)
                shown += 1
    assert shown > 300


def _judged(retrieval: Retrieval, says: str, span: str, relevance: float) -> dict[int, Judgement]:
    """What a reading model might say of the sentence that holds `says`; of the rest, no."""
    out = {}
    for place, found in enumerate(retrieval.sentences):
        at = found.candidate.key.find(span)
        here = says in found.candidate.key and at >= 0
        out[place] = (
            Judgement(relevance, (at, at + len(span)), -0.1)
            if here
            else Judgement(-8.0, (0, 1), -0.1)
        )
    return out


def test_a_short_answer_is_shown_only_where_the_reading_model_sees_it_too(library: Library) -> None:
    question = normalise("青屿港2024年的货物吞吐量是多少？", DAY)
    found = retrieve(library, question, RetrievalSettings())
    ranked = score(found)

    def first(judgements: Mapping[int, Judgement]) -> str:
        draft = read(found, ranked, ReadingSettings(), None, judgements)[0]
        return draft.document.quote(draft.short)

    assert first({}) == "1.86亿吨"
    assert first(_judged(found, "货物吞吐量", "1.86亿吨", 3.0)) == "1.86亿吨"
    assert first(_judged(found, "货物吞吐量", "4.2%", 3.0)) == ""
    assert first(_judged(found, "货物吞吐量", "1.86亿吨", -7.0)) == ""


def test_a_name_that_the_reading_model_is_certain_of_is_said_first(library: Library) -> None:
    question = normalise("岸桥远程操控项目由哪家公司承建？", DAY)
    found = retrieve(library, question, RetrievalSettings())
    judgements = _judged(found, "承建", "青屿重工集团", 5.0)
    draft = read(found, score(found), ReadingSettings(), None, judgements)[0]
    assert draft.document.quote(draft.short) == "青屿重工集团"
    assert "由青屿重工集团承建" in draft.document.quote(draft.spans)


def test_a_cut_keeps_what_the_reading_model_sees(index_files: Index) -> None:
    talk = "，".join(f"第{n}个港口的码头岸桥都要改造成远程操控的" for n in "一二三四五六七八九")
    path, _ = index_files({"long.md": f"# 改造\n\n{talk}，工人们最担心的是失业，别的都好说。"})
    with open_library(path) as library:
        found = retrieve(library, normalise("码头岸桥改造了有啥想法？", DAY), RetrievalSettings())
        ranked = score(found)

        def shown(judgements: Mapping[int, Judgement]) -> str:
            drafts = read(found, ranked, ReadingSettings(), None, judgements)
            return "".join(text for draft in drafts for text in said(draft))

        assert "失业" not in shown({})
        assert "失业" in shown(_judged(found, "失业", "失业", 2.0))


def test_a_notes_own_mark_is_no_part_of_what_is_said() -> None:
    assert plain("[^1]: Before 2024 it was 21 days[^2].", "md") == "Before 2024 it was 21 days."
    assert plain("[^1]: 原文", "pdf") == "[^1]: 原文"


def test_the_reading_model_is_asked_with_names_and_years_as_the_sentence_has_them(
    index_files: Index,
) -> None:
    path, _ = index_files({"a.md": "# 关税\n\n2025年3月，特朗普宣布对钢材加征25%的关税。\n"})
    with open_library(path) as opened:
        found = retrieve(opened, normalise("川普去年对钢材加了多少关税", DAY), RetrievalSettings())
        asked = {question_for(found, s.candidate.key) for s in found.sentences}
    assert "特朗普2025年对钢材加了多少关税" in asked
    assert question_for(found, "川普去年说过这件事。") == "川普去年对钢材加了多少关税"


@pytest.mark.parametrize(
    ("question", "is_broad"),
    [
        ("川普去年对芯片干了啥", True),
        ("欧盟对稀土做了什么？", True),
        ("那个收购案后来怎么样了", True),
        ("稀土出口管制到底咋回事", True),
        ("What did the ministry do about chips?", True),
        ("青屿港做什么生意", False),
        ("船厂做了多少条船", False),
        ("What did the mayor say?", False),
    ],
)
def test_what_somebody_did_is_a_broad_question(question: str, is_broad: bool) -> None:
    assert asked_of(key(question)).is_broad is is_broad


def test_what_somebody_did_is_told_by_several_sentences(index_files: Index) -> None:
    text = (
        "# 港口\n\n2025年1月，海云港务把夜班补贴提高到每班90元。\n\n"
        "2025年4月，海云港务与两家船厂签了维修协议。\n\n2025年9月，海云港务关闭了三号煤码头。\n"
    )
    path, _ = index_files({"港口.md": text})
    with open_library(path) as opened:
        answer = Answerer(opened).answer("海云港务2025年干了啥", as_of=DAY)
    assert answer.status == "answered"
    assert len(answer.statements) == 3


@pytest.mark.parametrize(
    ("first", "own", "below", "is_shown"),
    [
        (3.0, None, 2.0, False),  # the first answers, the other was not read
        (3.0, 1.0, 5.0, True),  # both answer
        (-5.0, None, 1.0, True),  # nothing is sure: what is near is shown, too
        (-5.0, None, 6.0, False),
        (None, None, 3.0, True),  # unread: by the ranker alone
        (None, None, 4.0, False),
    ],
)
def test_another_sentence_is_shown_where_it_may_say_what_the_first_does_not(
    first: float | None, own: float | None, below: float, is_shown: bool
) -> None:
    judgements = {
        place: Judgement(relevance, (0, 1), -0.1)
        for place, relevance in ((0, first), (1, own))
        if relevance is not None
    }
    scores = np.array([10.0, 10.0 - below])
    assert _is_worth(scores, judgements, 0, 1, _WORTH_SHOWING) is is_shown


@pytest.mark.parametrize("depth", [0, 10])
def test_a_caption_that_alone_answers_is_shown(index_files: Index, depth: int) -> None:
    path, _ = index_files(
        {"a.md": "# 港口\n\n图3 青屿港2024年货物吞吐量1.86亿吨\n\n工人们喜欢在食堂吃饭。\n"}
    )
    settings = RagSettings(
        answerability=AnswerabilitySettings(min_confidence=0), reading=ReadingSettings(reread=depth)
    )
    with open_library(path) as library:
        answer = Answerer(library, settings).answer("青屿港2024年货物吞吐量多少")
    assert "1.86亿吨" in answer.statements[0].text


def test_of_what_is_compared_in_sentences_each_side_is_told(ask: Callable[..., Answer]) -> None:
    text = (
        "手机市场\n\n恒芒去年在国内出货五千二百万台，居第二位。\n\n拓砾去年在国内出货四千三百万台，居第三位。\n\n"
        "去年国内手机出货两亿七千八百万台，比前年涨了百分之四。\n"
    )
    answer = ask("去年恒芒和拓砾在国内谁的出货多？", text).answer
    assert "五千二百万台" in answer
    assert "四千三百万台" in answer
