"""When: the source that tells the year is shown before one that tells the day alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.full_dates import before_the_day
from rag.normalising import normalise
from rag.reading_model import Judgement
from rag.retrieval import retrieve
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
WHEN = "电影雾岭来信什么时候上映的"
DAY = "《雾岭来信》定于4月14日上映。"
WHOLE = "《雾岭来信》2017年4月14日上映。"
AGAIN = "《雾岭来信》2019年4月14日重新上映。"
OTHER_DAY = "《雾岭来信》2017年5月1日在海外上映。"


@pytest.fixture
def first(index_files: Index) -> Callable[..., str]:
    """The sentence that stands first, of which the first text's was held to be the best.

    `no`: of which texts the reading model says that they do not answer.
    """

    def of(question: str, *texts: str, no: tuple[str, ...] = ()) -> str:
        path, _ = index_files({f"{i}.txt": text for i, text in enumerate(texts)})
        with open_library(path) as library:
            found = retrieve(library, normalise(question, date(2020, 1, 1)), RetrievalSettings())
        places = [int(Path(s.document.source).stem) for s in found.sentences]
        judgements = {
            at: Judgement(-1.0 if texts[n] in no else 1.0, (9, len(texts[n])), -0.1)
            for at, n in enumerate(places)
        }
        ranked = np.array([-float(n) for n in places])
        scores, _ = before_the_day(found, ranked, ranked, judgements)
        return texts[places[int(np.argmax(scores))]]

    return of


@pytest.mark.parametrize(
    "texts", [(DAY, WHOLE), (DAY, OTHER_DAY, WHOLE), (DAY, "《雾岭来信》2017年04月14日上映。")]
)
def test_the_source_that_tells_the_year_comes_first(
    first: Callable[..., str], texts: tuple[str, ...]
) -> None:
    assert first(WHEN, *texts) == texts[-1]


@pytest.mark.parametrize(
    ("question", "texts", "no"),
    [
        (WHEN, (DAY, WHOLE, AGAIN), ()),  # two years: another film, or the same one shown again
        (WHEN, (DAY, OTHER_DAY), ()),
        (WHEN, (DAY, WHOLE), (WHOLE,)),
        ("2017年雾岭来信什么时候上映", (DAY, WHOLE), ()),
        ("雾岭来信去年什么时候上映", (DAY, WHOLE), ()),
        ("雾岭来信上映多少天", (DAY, WHOLE), ()),
        (WHEN, ("《雾岭来信》定于今年4月14日上映。", WHOLE), ()),
        (WHEN, ("《雾岭来信》定于农历4月14日上映。", WHOLE), ()),
        # The best tells the year: an anniversary has the same day.
        (
            "雾岭条约什么时候签订的",
            ("雾岭条约于1895年4月17日签订。", "雾岭条约馆1995年4月17日开。"),
            (),
        ),
        (
            WHEN,
            (DAY, OTHER_DAY, "《雾岭》别传五集，", "《雾岭》歌曲三首，", WHOLE),
            (),
        ),  # far below
    ],
)
def test_else_what_was_held_to_be_the_best_stays_first(
    first: Callable[..., str], question: str, texts: tuple[str, ...], no: tuple[str, ...]
) -> None:
    assert first(question, *texts, no=no) == texts[0]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        (WHEN, "《雾岭来信》是2017年4月14日在内地上映的剧情片，票房不俗。", "2017年4月14日"),
        ("雾岭画展什么时候开始", "雾岭画展于2019年4月14日至5月16日在海屏举行。", "2019年4月14日"),
    ],
)
def test_the_short_answer_is_one_whole_date(
    index_files: Index, question: str, text: str, answer: str
) -> None:
    path, _ = index_files({"片.txt": text})
    with open_library(path) as library:
        given = Answerer(library, ALWAYS).answer(question, as_of=date(2020, 1, 1))
    assert given.statements[0].text == answer


def test_a_sentence_with_the_year_is_read_for_it(
    index_files: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = index_files({"0.txt": DAY, "1.txt": WHOLE})
    with open_library(path) as library:
        found = retrieve(library, normalise(WHEN, date(2020, 1, 1)), RetrievalSettings())
    day, whole = (
        next(i for i, s in enumerate(found.sentences) if s.document.source.endswith(name))
        for name in ("0.txt", "1.txt")
    )
    monkeypatch.setattr(
        "rag.full_dates.judgements_of",
        lambda _, places: {p: Judgement(4.0, (6, len(WHOLE)), -0.1) for p in places},
    )
    ranked = np.zeros(2)
    ranked[day] = 5.0
    shifted = ranked + np.array([1.0 if i == day else 0.0 for i in range(2)])  # another was read
    judged = {day: Judgement(1.0, (9, len(DAY)), -0.1)}
    told, judgements = before_the_day(found, ranked, shifted, judged)
    assert int(np.argmax(told)) == whole
    assert whole in judgements
    ranked[day] = shifted[day] = 6.5
    told, _ = before_the_day(found, ranked, shifted, judged)  # too far below
    assert int(np.argmax(told)) == day


@pytest.mark.parametrize(
    ("question", "day", "other"),
    [
        ("雾岭大桥什么时候通车？", "雾岭大桥于6月18日通车。", "云岭大桥2019年6月18日正式通车。"),
        (
            "青屿公司的年会什么时候开？",
            "青屿公司的年会于12月20日召开。",
            "青屿公司2011年12月20日成立。",
        ),
        (WHEN, DAY, "《雾岭来信》的海报于2016年4月14日发布，定档来年。"),
    ],
)
def test_the_same_day_of_something_else_stays_behind(
    index_files: Index, question: str, day: str, other: str
) -> None:
    path, _ = index_files({"0.txt": day, "1.txt": other})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer(question, as_of=date(2020, 1, 1))
    assert day in [s.text for s in answer.statements[:2]]
