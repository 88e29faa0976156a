"""From use to test: feedback and libraries give drafts, a person accepts, sound ones join a set."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.checking import check
from evals.drafting import Feedback, draft, join
from evals.proposing import propose
from evals.questions import load, save
from evals.schema import Question
from evals.sources import LibrarySources
from index.store import open_library
from ui.commands import eval as command
from ui.errors import UiError
from ui.state import FILE, State

REPORT = """# 港口年报

## 吞吐情况

2024年青屿港货物吞吐量为1.86亿吨，比上年增长4%[^1]。

| 港口 | 货物（万吨） |
|---|---|
| 青屿 | 18600 |
| 白沙 | 9200 |

[^1]: 不含内河泊位，口径与上年相同。
"""


def record(status: str = "answered", **more: Any) -> dict[str, Any]:
    span = {"start": 20, "end": 30, "page": 2, "time_start": None, "time_end": None}
    cited = {
        "n": 1,
        "doc_id": "年报.md",
        "quote": "吞吐量为1.86亿吨 … 增长4%",
        "spans": [span, span],
    }
    return {
        "status": status,
        "as_of": "2026-06-30",
        "answer": "1.86亿吨[1]",
        "statements": [{"text": "吞吐量为1.86亿吨", "citations": [1]}, {"text": "1.86亿吨"}],
        "citations": [cited],
        "abstention": {"nearest": [{"doc_id": "年报.md"}]},
    } | more


def test_a_good_answer_gives_its_quotes_as_gold() -> None:
    made = draft(Feedback(7, "good", "吞吐量多少?", record=record()))
    assert made.id == "feedback-7"
    assert made.answers == ("1.86亿吨",)
    assert [(e.doc, e.quote, e.page) for e in made.evidence] == [
        ("年报.md", "吞吐量为1.86亿吨", 2),
        ("年报.md", "增长4%", 2),
    ]
    assert made.extra["status"] == "draft"


def test_good_silence_is_an_unanswerable_question() -> None:
    made = draft(Feedback(8, "good", "明年呢?", record=record("abstained")))
    assert (made.answerable, made.match, made.near) == (False, "none", "年报.md")


def test_a_bad_answer_gives_the_question_and_what_was_wrong_never_its_gold() -> None:
    made = draft(Feedback(9, "bad", "How many tonnes?", "是1.9", ["wrong_number"], record()))
    assert (made.answers, made.evidence, made.lang) == ((), (), "en")
    assert made.note == "是1.9; faults: wrong_number; said: 1.86亿吨[1]"
    assert draft(Feedback(10, "bad", "几吨?")).note == ""


@pytest.fixture
def ports(library_of: Callable[..., Path]) -> Path:
    return library_of("ports", {"年报.md": REPORT})


def test_proposals_come_from_figures_tables_notes_and_headings_and_are_sound(ports: Path) -> None:
    with open_library(ports) as library:
        found = propose(library, 20)
        problems = check(found, LibrarySources(library))
        assert propose(library, 20) == found
    asked = {q.extra["from"]: (q.question, q.answers[0]) for q in found}
    assert asked["figure"] == ("2024年青屿港货物吞吐量是多少？", "1.86亿吨")
    assert asked["table"] == ("青屿的货物（万吨）是多少？", "18600")
    assert asked["note"][1] == "不含内河泊位，口径与上年相同。"
    assert asked["heading"][0] == "关于“吞吐情况”，资料里怎么说？"
    # The only thing wrong with a proposal is that nobody has accepted it.
    assert {p.what.split(":")[0] for p in problems if p.kind == "error"} == {"is a draft"}


def test_a_number_in_words_and_one_of_each_are_figures_too(
    library_of: Callable[..., Path],
) -> None:
    text = (
        "差旅住宿标准为每晚450元，外地另计。场桥的年检周期改为六个月。年末在册职工共有3260人。\n"
        "这件事的负责人为三人行公司。\n"
    )
    with open_library(library_of("rules", {"规定.txt": text})) as library:
        found = [q for q in propose(library, 20) if q.extra["from"] == "figure"]
    assert {(q.question, q.answers[0]) for q in found} == {
        ("差旅住宿标准是多少？", "450元"),
        ("场桥的年检周期是多少？", "六个月"),
        ("年末在册职工共有多少？", "3260人"),
    }


def test_proposals_in_english_are_sentences(library_of: Callable[..., Path]) -> None:
    text = (
        "# Ferries\n\n## Leave and PPE\n\nPassenger numbers reached 1.9 million in 2025. "
        "The notice period was 30 days in 2024.\n\n| Vessel | Seats |\n|---|---|\n| Heron | 240 |\n"
    )
    with open_library(library_of("ferries", {"f.md": text})) as library:
        found = {(q.question, q.answers[0]) for q in propose(library, 20)}
    assert found == {
        ("What were passenger numbers?", "1.9 million"),
        ("What was the notice period?", "30 days"),
        ("How many seats does Heron have?", "240"),
        (
            "What do the documents say about leave and PPE?",
            "Passenger numbers reached 1.9 million in 2025.",
        ),
    }


def test_only_accepted_and_sound_drafts_join(ports: Path) -> None:
    with open_library(ports) as library:
        figure = next(q for q in propose(library, 20) if q.extra["from"] == "figure")
        good = replace(figure, extra={"status": "accepted", "from": "figure"})
        lost = replace(
            good, id="lost", evidence=(replace(good.evidence[0], quote="为9.99亿吨"),),
            answers=("9.99亿吨",),
        )  # fmt: skip
        waiting = replace(figure, id="waiting")
        held = Question("old", "旧题?")
        found = join(
            [good, lost, waiting, replace(good, id="old")], [held], LibrarySources(library)
        )
    assert [q.id for q in found.added] == [figure.id]
    assert found.added[0].extra == {"from": "figure"}
    assert [q.id for q in found.left] == ["lost", "waiting", "old"]
    assert [p.question_id for p in found.problems] == ["lost", "old"]


def wenju(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(w) for w in words]))


def test_from_feedback_to_a_question_of_the_set(
    ports: Path,
    wenju_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WENJU_LANG", "en")
    drafts, questions = tmp_path / "drafts.jsonl", tmp_path / "set.jsonl"
    with pytest.raises(UiError, match="no feedback yet"):
        wenju("draft", "--out", drafts)
    quote = "2024年青屿港货物吞吐量为1.86亿吨，比上年增长4%"
    cited = {"n": 1, "doc_id": "年报.md", "quote": quote, "spans": []}
    answer = record(statements=[{"text": "1.86亿吨"}], citations=[cited])
    with State(wenju_home / FILE) as state:
        state.add_feedback("local", "ports", "good", "青屿港去年多少吨?", record=answer)
        state.add_feedback("local", "ports", "bad", "白沙港呢?", "答错了")
    assert wenju("draft", "--out", drafts) == 0
    assert wenju("draft", "--out", drafts) == 0  # what is there already is not drafted twice
    assert "0 new drafts, 2 in all" in capsys.readouterr().out
    assert wenju("suggest", "--index", "ports", "--out", drafts, "-n", 3) == 0
    assert len(load(drafts)) == 5
    reviewed = [
        replace(q, extra=dict(q.extra) | {"status": "accepted"}) if q.id == "feedback-1" else q
        for q in load(drafts)
    ]
    save(reviewed, drafts)
    assert wenju("join", drafts, "--into", questions, "--index", "ports") == 0
    assert "1 questions joined" in capsys.readouterr().out
    assert [q.id for q in load(questions)] == ["feedback-1"]
    assert len(load(drafts)) == 4
    # Drafts are no set: a gate on them says so.
    given = ("--baseline", tmp_path / "b.json", "--reason", "x")
    with pytest.raises(UiError, match="4 questions are drafts"):
        wenju("accept", drafts, "--index", "ports", *given)
    assert json.loads(questions.read_text(encoding="utf-8"))["answers"] == ["1.86亿吨"]
