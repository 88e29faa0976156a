"""When the reader is silent, what it names, and how a second reading puts sentences in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.ingesting import IndexReport
from index.store import Library, open_library
from rag import absence, answerability, evidence
from rag.answering import Answerer
from rag.errors import SettingsError
from rag.judging import judge
from rag.normalising import normalise
from rag.ranking import order, score
from rag.reading_model import Judgement
from rag.rereading import reread
from rag.retrieval import Retrieval, retrieve
from rag.settings import AnswerabilitySettings, RagSettings, ReadingSettings, RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
WAGES = """# 各地最低工资

2025年，上海的最低工资调到每月2740元，仍是全国最高。

2025年，北京的最低工资调到每月2540元，小时工资27.7元。

广东一类地区的最低工资是每月2500元。
"""


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files({"wages.md": WAGES})
    with open_library(path) as opened:
        yield opened


def found(library: Library, question: str) -> Retrieval:
    return retrieve(library, normalise(question, DAY), RetrievalSettings())


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("重庆的最低工资是多少？", "重庆"),
        ("上海2019年的最低工资是多少？", "2019年"),
        ("去年栖云公司的最低工资是多少？", "栖云"),
        ("上海的最低工资是多少英镑？", "英镑"),
    ],
)
def test_a_year_name_or_unit_that_is_nowhere_ends_in_silence_and_is_named(
    library: Library, question: str, missing: str
) -> None:
    assert missing in absence.absent(found(library, question))
    answer = Answerer(library).answer(question, as_of=DAY)
    assert answer.status == "abstained"
    assert answer.abstention is not None
    assert missing in answer.abstention.missing
    assert missing in answer.abstention.reason


@pytest.mark.parametrize(
    "question",
    [
        "上海的最低工资现在一个月多少？",
        "魔都最低工资多少",
        "北京去年的最低工资多少元",
        "最低工资最高的是哪里",
    ],
)
def test_what_is_there_under_another_name_is_not_missing(library: Library, question: str) -> None:
    assert absence.absent(found(library, question)) == ()


def test_an_answer_wanted_in_any_case_is_given(library: Library) -> None:
    always = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))
    assert Answerer(library, always).answer("重庆的最低工资是多少？", as_of=DAY).statements


def test_less_risk_is_more_silence() -> None:
    step = answerability.shipped().read
    thresholds = [step.threshold(risk) for risk in (0.02, 0.05, 0.1, 0.2, 1.0)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[-1] == 0.0
    assert 0.0 < thresholds[2] < 1.0


@pytest.mark.parametrize("risk", [0.0, -0.1, 1.5])
def test_an_impossible_risk_is_refused(risk: float) -> None:
    with pytest.raises(SettingsError, match="max_risk"):
        AnswerabilitySettings(max_risk=risk)


def test_the_name_that_pins_a_question_down_is_seen_to_be_missed(library: Library) -> None:
    def first(question: str, name: str) -> float:
        retrieval = found(library, question)
        return evidence.describe(retrieval, score(retrieval))[evidence.NAMES.index(f"first.{name}")]

    assert first("上海的最低工资是多少？", "missed") == 0.0
    assert first("重庆的最低工资是多少？", "missed") > 0.3
    assert first("重庆的最低工资是多少？", "rival") > 0.3  # another city stands in its place
    assert first("上海2019年的最低工资是多少？", "other_year") == 1.0


def test_a_second_reading_moves_the_best_among_themselves_only(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.rereading._NEAR", 99.0)
    retrieval = found(library, "北京小时工资多少")
    scores = score(retrieval)
    again, judgements = reread(retrieval, scores, 2)
    best = order(scores)[:2]
    assert set(judgements) == set(best)
    assert set(order(again)[:2]) == set(best)
    rest = [i for i in range(len(scores)) if i not in best]
    assert np.array_equal(again[rest], scores[rest])


@pytest.mark.parametrize(
    ("says", "below", "n_read"),
    [
        ([4.0, 0.0, 9.0, 9.0], [0.0, 0.5, 1.5, 1.9], 2),  # sure: what is level with it
        ([4.0, 0.0, 9.0, 9.0], [0.0, 0.5, 0.9, 1.9], 3),
        ([0.0, 0.0, 9.0, 9.0], [0.0, 1.5, 4.0, 5.5], 2),  # it may be: what is as near
        ([-5.0, -5.0, -5.0, -5.0], [0.0, 1.5, 4.0, 5.5], 4),  # nothing says it: further down
        ([-5.0, -5.0, -5.0, -5.0], [0.0, 1.5, 4.0, 6.5], 3),  # … within reach
        ([-5.0, -5.0, 3.0, 9.0], [0.0, 1.5, 4.0, 5.5], 4),  # two at a time
        ([4.0, 9.0, 9.0, 9.0], [0.0, 2.5, 4.0, 5.5], 1),
    ],
)
def test_reading_goes_on_while_nothing_answers(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    says: list[float],
    below: list[float],
    n_read: int,
) -> None:
    retrieval = found(library, "北京小时工资多少")
    ranked = order(score(retrieval))
    assert len(ranked) >= 4
    gaps = np.array(below + [7.0] * (len(ranked) - 4))
    scores = np.zeros(len(ranked))
    scores[ranked] = 10.0 - gaps

    def judgements_of(_: Retrieval, places: list[int]) -> dict[int, Judgement]:
        return {p: Judgement(says[ranked.index(p)], (0, 1), -0.5) for p in places}

    monkeypatch.setattr("rag.rereading.judgements_of", judgements_of)
    again, judged = reread(retrieval, scores, 10)
    assert list(judged) == ranked[:n_read]
    assert set(order(again)[:n_read]) == set(ranked[:n_read])
    assert order(again)[0] == ranked[int(np.argmax(np.array(says[:n_read]) - gaps[:n_read]))]


def test_of_what_somebody_did_a_sentence_that_is_no_answer_stays_a_part(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrieval = found(library, "北京小时工资多少")
    first, second = order(score(retrieval))[:2]
    scores = np.zeros(len(retrieval.sentences))
    scores[[first, second]] = 10.0, 9.5
    monkeypatch.setattr(
        "rag.rereading.judgements_of",
        lambda _, places: {p: Judgement(3.0 if p == first else -9.0, (0, 1), -0.5) for p in places},
    )
    broad = replace(retrieval, asked=replace(retrieval.asked, is_broad=True))
    gaps = []
    for asked in (retrieval, broad):
        again, _ = reread(asked, scores, 2)
        gaps.append(again[first] - again[second])
    assert gaps == pytest.approx([12.5, 5.5], abs=1e-5)


def test_of_equally_relevant_sentences_the_ranker_s_order_stays(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrieval = found(library, "北京小时工资多少")
    ranked = order(score(retrieval))
    scores = np.zeros(len(ranked))
    scores[ranked] = [10.0, 9.5, 9.0, 8.9, *([1.0] * (len(ranked) - 4))]
    says = [9.0, -9.0, -9.0]
    monkeypatch.setattr(
        "rag.rereading.judgements_of",
        lambda _, places: {p: Judgement(says[ranked.index(p)], (0, 1), -0.5) for p in places},
    )
    monkeypatch.setattr("rag.rereading._CLOSE", 2.0)
    again, _ = reread(retrieval, scores, 3)
    assert order(again)[:4] == ranked[:4]


def test_a_second_reading_of_nothing_changes_nothing(library: Library) -> None:
    retrieval = found(library, "上海的最低工资是多少？")
    scores = score(retrieval)
    same, judgements = reread(retrieval, scores, 0)
    assert judgements == {}
    assert np.array_equal(same, scores)
    off = RagSettings(reading=ReadingSettings(reread=0))
    judged = judge(retrieval, off)
    assert judged.judgements == {}
    assert judged.confidence is not None


def test_the_same_question_is_judged_the_same(library: Library) -> None:
    retrieval = found(library, "北京的最低工资是多少？")
    one, two = (judge(retrieval, RagSettings()) for _ in range(2))
    assert one.confidence == two.confidence
    assert np.array_equal(one.scores, two.scores)
