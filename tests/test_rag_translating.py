"""Questions in one language, documents in the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import open_library
from rag.answering import Answerer
from rag.background import shipped
from rag.features import NAMES
from rag.normalising import normalise
from rag.ranking import score
from rag.rereading import judgements_of, judgements_of_best
from rag.retrieval import Retrieval, retrieve
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings
from rag.terms import Alternative, Concept, weighted_terms

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
DAY = date(2026, 1, 31)
HARBOUR = """# Qingyu harbour in 2025

The port authority raised the fee for idle cranes in February 2025.

Anhe, the operator, cut 120 jobs after three weeks of talks with the union.

Teng Yibai, who runs the terminal at Lin'ao, said the repair of the tower would cost 38 million.

The ferry to Haitang carried fewer passengers than a year before.
"""
CHINESE = "# 别处的港口\n\n海棠港2025年运送旅客31万人次。\n\n码头工人的工资没有变。\n"


def found(path: Path, question: str, settings: RetrievalSettings | None = None) -> Retrieval:
    with open_library(path) as library:
        return retrieve(library, normalise(question, DAY), settings or RetrievalSettings())


def words(path: Path, question: str) -> set[str]:
    concepts = found(path, question).concepts
    return {a.term for c in concepts for a in c.alternatives if a.term.isascii()}


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("闲着的岸桥2月涨了多少钱", "february"),
        ("二月份谁涨了价", "february"),
        ("修那座塔花了多少", "repair"),
        ("安禾裁了多少个岗位", "jobs"),
        ("谈了三周是跟谁谈", "three weeks"),
        ("安禾裁了多少人", "anhe"),  # names are spelled
        ("滕一白说了什么", "teng yibai"),
        ("临澳的码头归谁管", "lin'ao"),
    ],
)
def test_a_word_is_looked_for_as_english_documents_have_it(
    index_files: Index, question: str, word: str
) -> None:
    path, _ = index_files({"harbour.md": HARBOUR})
    assert word in words(path, question)


def test_what_no_document_says_is_not_looked_for(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": HARBOUR})
    assert not words(path, "电池涨价了吗") & {"battery", "batteries"}


def test_where_no_english_is_nothing_is_translated(index_files: Index) -> None:
    path, _ = index_files({"港口.md": CHINESE})
    concepts = found(path, "码头裁了多少个岗位").concepts
    assert "translated" not in {a.origin for c in concepts for a in c.alternatives}


def test_it_goes_with_the_thesaurus(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": HARBOUR})
    settings = RetrievalSettings(thesaurus=False)
    concepts = found(path, "修那座塔花了多少", settings).concepts
    assert not [a for c in concepts for a in c.alternatives if a.term.isascii()]


def test_an_english_word_finds_what_it_is_called_in_chinese(index_files: Index) -> None:
    path, _ = index_files({"港口.md": CHINESE})
    concepts = found(path, "How much do dockers earn in wages?").concepts
    assert "工资" in {a.term for c in concepts for a in c.alternatives}


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("安禾裁了多少个岗位？", "cut 120 jobs"),
        ("修那座塔要花多少钱？", "38 million"),
        ("去海棠的渡轮坐的人多了还是少了？", "fewer passengers"),
    ],
)
def test_a_chinese_question_is_answered_from_an_english_document(
    index_files: Index, question: str, quote: str
) -> None:
    path, _ = index_files({"harbour.md": HARBOUR, "港口.md": CHINESE})
    with open_library(path) as library:
        answer = Answerer(library, ALWAYS).answer(question, as_of=DAY)
    assert quote in answer.citations[0].quote


def test_all_translations_of_a_word_weigh_little_more_than_one() -> None:
    own = Alternative("岗位", 1.0, "question")
    forms = [Alternative(word, 0.6, "translated") for word in ("job", "post", "position")]
    one, three = (
        {
            t.token: t.weight
            for t in weighted_terms((Concept(0, 2, 0.8, (own, *more)),), shipped(), {})
            if t.field == "grams"
        }
        for more in (forms[:1], forms)
    )
    assert three["job"] == pytest.approx(0.5 * one["job"], rel=0.01)
    assert three["岗位"] == one["岗位"]


def test_the_model_thinks_too_much_of_the_other_language(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": HARBOUR})
    retrieval = found(path, "安禾裁了多少个岗位？")
    place = next(i for i, s in enumerate(retrieval.sentences) if "120 jobs" in s.candidate.key)
    told = judgements_of(retrieval, [place])[place].relevance
    same = retrieval.features.copy()
    same[:, NAMES.index("in_english")] = 0.0
    as_is = judgements_of(replace(retrieval, features=same), [place])[place].relevance
    assert told == pytest.approx(as_is - 5.0)


def test_chunks_of_the_own_language_keep_their_places(index_files: Index) -> None:
    path, _ = index_files({"harbour.md": HARBOUR, "港口.md": CHINESE})
    question = "码头工人的工资涨了多少？"
    with_it = [s.chunk.chunk_id for s in found(path, question).chunks]
    alone = [
        c.chunk.chunk_id for c in found(path, question, RetrievalSettings(thesaurus=False)).chunks
    ]
    assert set(alone) <= set(with_it)


def test_the_best_in_the_other_language_are_read_beside_the_rest(index_files: Index) -> None:
    chinese = "\n\n".join(f"港口{i}号码头闲着的岸桥都漆成了岗位色。" for i in range(30))
    path, _ = index_files({"harbour.md": HARBOUR, "港口.md": f"# 港口\n\n{chinese}\n"})
    retrieval = found(path, "港口的岸桥闲着，裁了多少个岗位？")
    judged = judgements_of_best(retrieval, score(retrieval), 10)
    quotes = [retrieval.sentences[i].candidate.key for i in judged]
    assert any("120 jobs" in quote for quote in quotes)
    assert len(judged) <= 15
