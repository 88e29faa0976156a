"""Names that the documents explain, and the users' own, lead from one word to the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.store import Library, open_library
from rag import background
from rag.answering import Answerer
from rag.normalising import normalise
from rag.retrieval import retrieve
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings
from rag.terms import NamesOf, concepts_of

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
ALWAYS = RagSettings(
    retrieval=RetrievalSettings(dense=0), answerability=AnswerabilitySettings(min_confidence=0.0)
)
FILES = {
    "notes/names.txt": "本报告由青屿海洋观测署（QHGS）协助编写。\n",
    "report.txt": "2025年，青屿海洋观测署新购观测船7艘。\n\n港口增加了岸桥。\n",
    "other.txt": "邮局购入了新的分拣机。\n\n图书馆在五月开放。\n",
}


def first_quote(library: Library, question: str) -> str:
    answer = Answerer(library, ALWAYS).answer(question, as_of=DAY)
    return answer.citations[0].quote if answer.citations else ""


def test_the_short_form_finds_a_sentence_that_only_has_the_long_one(index_files: Index) -> None:
    path, _ = index_files(FILES)
    with open_library(path) as library:
        assert "7艘" in first_quote(library, "QHGS新购了几艘观测船？")
        found = retrieve(library, normalise("QHGS 2025", DAY), ALWAYS.retrieval)
        assert any("7艘" in p.text for p in found.passages)
        without = RetrievalSettings(dense=0, thesaurus=False)
        found = retrieve(library, normalise("QHGS", DAY), without)
        assert not any("7艘" in p.text for p in found.passages)


def test_the_long_form_finds_a_sentence_that_only_has_the_short_one(index_files: Index) -> None:
    path, _ = index_files({**FILES, "report.txt": "QHGS has bought 7 survey ships.\n"})
    with open_library(path) as library:
        found = retrieve(library, normalise("青屿海洋观测署", DAY), ALWAYS.retrieval)
        assert any("7 survey ships" in p.text for p in found.passages)


def test_alias_expansion_is_named_in_the_concepts(index_files: Index) -> None:
    path, _ = index_files(FILES)
    with open_library(path) as library:
        layers = [NamesOf(library)]
        concepts = concepts_of(normalise("QHGS的船", DAY), layers, background.shipped())
        origins = {a.term: a.origin for c in concepts for a in c.alternatives}
        assert origins["青屿海洋观测署"] == "aliases"


def test_names_that_few_documents_give_are_left_out(index_files: Index) -> None:
    files = {f"{i}.txt": "数据由青屿海洋观测署（QHGS）提供。" for i in range(5)}
    path, _ = index_files({**files, "odd.txt": "课程由琴湖高等学社（QHGS）开设。"})
    with open_library(path) as library:
        layer = NamesOf(library)
        assert layer.known(["qhgs", "nothing"]) == [True, False]
        assert [name for name, _, _ in layer.targets("qhgs")] == ["青屿海洋观测署"]


@pytest.mark.parametrize("line", ["看海的单位,青屿海洋观测署", "看海的单位 => 青屿海洋观测署"])
def test_the_users_own_synonyms_lead_to_the_documents_words(index_files: Index, line: str) -> None:
    path, _ = index_files(FILES)
    (path / "synonyms.txt").write_text(line, encoding="utf-8")
    with open_library(path) as library:
        assert "7艘" in first_quote(library, "看海的单位买了几艘船？")
