"""A library in five lines."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from index.errors import LibraryNotFound
from index.ingesting import IndexSettings
from rag import Wenju
from rag.schema import Answer, Shown
from rag.settings import AnswerabilitySettings, RagSettings

ALWAYS = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
TEXT = "港口现有员工8600人，比上年减少240人。\n"


@pytest.fixture
def wenju(tmp_path: Path, tiny_settings: IndexSettings) -> Wenju:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text(TEXT, encoding="utf-8")
    made = Wenju(tmp_path / "library", settings=ALWAYS, index_settings=tiny_settings)
    made.index(docs)
    return made


def test_ask_search_and_read_agree_on_the_words(wenju: Wenju) -> None:
    with wenju:
        answer = wenju.ask("港口有多少员工？")
        (hit,) = wenju.search("员工", limit=1)
        span = answer.citations[0].spans[0]
        excerpt = wenju.read(hit.doc_id, span.start, span.end, around=0)
    assert excerpt.text == answer.citations[0].quote
    assert excerpt.text in hit.text
    assert hit.text == TEXT[hit.start : hit.end]


def test_what_was_indexed_or_removed_is_seen_by_the_next_question(
    wenju: Wenju, tmp_path: Path
) -> None:
    with wenju:
        assert "8600" in wenju.ask("港口有多少员工？").answer
        (tmp_path / "docs" / "a.txt").write_text("港口现有员工8700人。", encoding="utf-8")
        assert wenju.index().changed == 1
        assert "8700" in wenju.ask("港口有多少员工？").answer
        assert wenju.remove("a.txt") == 1
        assert wenju.ask("港口有多少员工？").status == "abstained"


def test_others_commits_are_taken_by_refresh(
    wenju: Wenju, tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    with wenju:
        wenju.ask("港口有多少员工？")
        assert wenju.refresh() is False
        (tmp_path / "docs" / "a.txt").write_text("港口现有员工8700人。", encoding="utf-8")
        Wenju(wenju.path, index_settings=tiny_settings).index()
        assert wenju.refresh() is True
        assert "8700" in wenju.ask("港口有多少员工？").answer


def test_the_awaited_twins_give_the_same(wenju: Wenju) -> None:
    async def several() -> list[object]:
        async with wenju:
            asked = [wenju.aask("港口有多少员工？") for _ in range(4)]
            answers = await asyncio.gather(*asked)
            hits = await wenju.asearch("员工", limit=1)
            steps = [step async for step in wenju.astream("港口有多少员工？")]
            words = await wenju.aread(hits[0].doc_id, 0, 2, around=0)
        return [answers, hits, steps, words]

    answers, hits, steps, words = asyncio.run(several())
    with wenju:
        one = wenju.ask("港口有多少员工？")
        assert {a.answer for a in answers} == {one.answer}
        assert hits == wenju.search("员工", limit=1)
    *shown, last = steps  # type: ignore[misc]
    assert isinstance(last, Answer)
    assert tuple(s.statement for s in shown if isinstance(s, Shown)) == last.statements
    assert words.text == TEXT[:2]  # type: ignore[attr-defined]


def test_a_follow_up_is_completed_from_the_answers_before(wenju: Wenju) -> None:
    with wenju:
        first = wenju.ask("港口有多少员工？")
        second = wenju.ask("减少了多少呢？", history=[first])
    assert second.question == "减少了多少呢？"
    assert "港口" in (second.completed_question or "")


def test_a_library_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with Wenju(tmp_path / "none") as nothing, pytest.raises(LibraryNotFound):
        nothing.ask("问")


def test_importing_it_costs_next_to_nothing() -> None:
    code = (
        "import sys; from rag import Wenju; print({'asyncio', 'numpy', 'faiss'} & {*sys.modules})"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "set()"
