"""Runs: every question has a record, in order, resumable, the same bytes each time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evals.case import Ranked
from evals.errors import BadRun
from evals.examining import examine
from evals.metrics import METRICS
from evals.runfile import read_meta, read_run, timings_path
from evals.running import Asked, Asker, Progress, run
from evals.schema import Evidence, Question
from evals.sources import MemorySources
from index.schema import Block, BlockKind, Document, Span

TEXT = "第一章\n关税升至25%。\n钨的出口许可需要四十五天。"


def library() -> MemorySources:
    """A report on two pages and a recording, each with one section."""
    report = Document(
        "a.pdf",
        "a.pdf",
        TEXT,
        (
            Block(BlockKind.HEADING, (Span(0, 3),), level=1),
            Block(BlockKind.PARAGRAPH, (Span(4, 12),), section=("第一章",)),
            Block(BlockKind.PARAGRAPH, (Span(13, 26),), section=("第一章",)),
        ),
        "0" * 64,
        "pdf",
        page_starts=((0, 1), (13, 2)),
    )
    said = Document(
        "b.json",
        "b.json",
        "镓的价格翻了一番。",
        (Block(BlockKind.SEGMENT, (Span(0, 9),), time=(61.0, 75.5)),),
        "1" * 64,
        "transcript",
    )
    return MemorySources([report, said])


QUESTIONS = [
    Question("q1", "关税升到多少?", answers=("25%",), evidence=(Evidence("a.pdf", "关税升至25%"),)),
    Question(
        "q2", "镓价怎么样?", answers=("翻了一番",), evidence=(Evidence("b.json", "翻了一番"),)
    ),
    Question("q3", "钼呢?", type="unanswerable", answerable=False, match="none", near="a.pdf"),
    Question(
        "q4", "钨许可要几天?", answers=("四十五天",), evidence=(Evidence("a.pdf", "四十五天"),)
    ),
]


class Scripted:
    """Answers q1 and q2 with a citation, abstains from q3 and fails on q4."""

    def __init__(self, **settings: Any) -> None:
        self.library = "sha256:1"
        self.settings: Mapping[str, Any] = settings
        self.sources = library()
        self.asked: list[str] = []

    def ask(self, question: Question) -> Asked:
        self.asked.append(question.id)
        if question.id == "q4":
            raise RuntimeError("boom")
        base = {"schema": 1, "id": question.id, "question": question.question}
        timings = {"timings_ms": {"total": float(threading.get_ident() % 97)}}
        if question.id == "q3":
            return Asked(base | {"status": "abstained", "answer": ""} | timings, [])
        doc, start, end, place = {
            "q1": ("a.pdf", 4, 11, {"page": 1}),
            "q2": ("b.json", 0, 8, {"page": None, "time_start": 61.0, "time_end": 75.5}),
        }[question.id]
        document = self.sources.finder(doc).document  # type: ignore[union-attr]
        citation = {
            "n": 1, "source": doc, "doc_id": doc, "quote": document.text[start:end],
            "spans": [{"start": start, "end": end} | place],
            "section": "第一章" if doc == "a.pdf" else None, "score": 1.0,
        }  # fmt: skip
        answered = {
            "status": "answered",
            "answer": document.text[start:end] + " [1]",
            "statements": [{"text": document.text[start:end], "citations": [1]}],
            "citations": [citation],
            "confidence": 0.75,
        }
        return Asked(base | answered | timings, [Ranked(doc, (Span(start, end),), 1.0)])


def opener(asker: Scripted) -> Any:
    @contextmanager
    def manager() -> Iterator[Asker]:
        yield asker

    return manager


def test_a_run_holds_all_that_scoring_needs(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    cases = run(QUESTIONS, opener(Scripted()), out)
    assert [c.status for c in cases] == ["answered", "answered", "abstained", "error"]
    means = {m.name: m.mean(cases) for m in METRICS}
    expected = {
        "truthfulness": 0.5, "correct": 2 / 3, "evidence": 2 / 3, "verbatim": 1, "offsets": 1,
        "place": 1, "gold_place": 1, "cited": 1, "rejected": 1, "false_abstention": 0,
        "failed": 0.25, "recall@1": 2 / 3, "mrr": 2 / 3,
    }  # fmt: skip
    assert {k: means[k] for k in expected} == pytest.approx(expected)
    assert cases[0].gold[0].page == 1
    assert cases[1].gold[0].time == (61.0, 75.5)
    assert cases[3].record["error"] == "RuntimeError: boom"
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first["answer"] == "关税升至25% [1]"  # an answer record that other tools read as well
    assert read_run(out) == cases


def test_bytes_are_the_same_with_any_number_of_workers(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(QUESTIONS, opener(Scripted()), tmp_path / "a.jsonl", on_progress=seen.append)
    run(QUESTIONS, opener(Scripted()), tmp_path / "b.jsonl", workers=3)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.meta.json").read_bytes() == (tmp_path / "b.meta.json").read_bytes()
    assert seen == [Progress(i + 1, 4, q.id) for i, q in enumerate(QUESTIONS)]


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run(QUESTIONS, opener(Scripted()), out)
    whole = out.read_bytes()
    cut = whole.find(b"\n", whole.find(b"\n") + 1) + 30  # two lines and a part of the third
    out.write_bytes(whole[:cut])
    timings_path(out).write_bytes(timings_path(out).read_bytes()[:-7])
    again = Scripted()
    run(QUESTIONS, opener(again), out)
    assert again.asked == ["q3", "q4"]
    assert out.read_bytes() == whole
    assert read_run(out)[0].timings_ms["total"] >= 0


def test_a_run_is_never_mixed_with_another(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run(QUESTIONS, opener(Scripted()), out)
    with pytest.raises(BadRun, match="begun with questions sha256:"):
        run(QUESTIONS[:2], opener(Scripted()), out)
    with pytest.raises(BadRun, match=r"settings .* now .*dense"):
        run(QUESTIONS, opener(Scripted(dense=0)), out)
    other = Scripted()
    other.library = "sha256:2"
    with pytest.raises(BadRun, match="library sha256:1, now sha256:2"):
        run(QUESTIONS, opener(other), out)
    run(QUESTIONS, opener(other), out, restart=True)
    meta = read_meta(out)
    assert meta is not None
    assert meta.library == "sha256:2"
    (tmp_path / "mine.jsonl").write_text("notes", encoding="utf-8")
    with pytest.raises(BadRun, match=r"mine\.meta\.json"):
        run(QUESTIONS, opener(Scripted()), tmp_path / "mine.jsonl")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="is not there"):
        read_run(tmp_path / "no.jsonl")
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "q1", "status": "answered"}\n', encoding="utf-8")
    with pytest.raises(BadRun, match="--questions and --index"):
        read_run(path)
    path.write_text("{]\n", encoding="utf-8")
    with pytest.raises(BadRun, match="not JSON Lines"):
        read_run(path)
    with pytest.raises(ValueError, match="at least 1"):
        run(QUESTIONS, opener(Scripted()), tmp_path / "x.jsonl", workers=0)


# Looking citations up


def cited(**changes: Any) -> Any:
    asker = Scripted()
    record = dict(asker.ask(QUESTIONS[0]).record)
    record["citations"] = [record["citations"][0] | changes]
    return examine(QUESTIONS[0], record, asker.sources).checks[0]


def test_each_fault_of_a_citation_is_told_from_the_others() -> None:
    right = cited()
    assert (right.verbatim, right.offsets, right.place) == (True, True, True)
    shifted = cited(spans=[{"start": 5, "end": 12, "page": 1}])
    assert (shifted.verbatim, shifted.offsets, shifted.place) == (True, False, True)
    page = cited(spans=[{"start": 4, "end": 11, "page": 2}])
    assert (page.verbatim, page.offsets, page.page, page.section) == (True, True, False, True)
    section = cited(section="第二章")
    assert (section.page, section.section, section.place) == (True, False, False)
    made_up = cited(quote="关税升至35%")
    assert (made_up.verbatim, made_up.offsets) == (False, False)
    beyond = cited(spans=[{"start": 4, "end": 4000, "page": 1}])
    assert (beyond.offsets, beyond.place) == (False, False)
    gone = cited(doc_id="gone.pdf", source="gone.pdf")
    assert (gone.verbatim, gone.offsets, gone.place) == (False, False, False)
    timed = cited(spans=[{"start": 4, "end": 11, "page": 1, "time_start": 3.0}])
    assert not timed.time


def test_a_minute_must_lie_within_its_segment() -> None:
    asker = Scripted()
    record = dict(asker.ask(QUESTIONS[1]).record)

    def check(**span: Any) -> bool:
        spans = [{"start": 0, "end": 8} | span]
        changed = record | {"citations": [record["citations"][0] | {"spans": spans}]}
        return examine(QUESTIONS[1], changed, asker.sources).checks[0].time

    assert check(time_start=61.0, time_end=75.5)
    assert check(time_start=65.0)
    assert not check(time_start=60.0, time_end=75.5)
    assert not check(time_start=61.0, time_end=80.0)
    assert not check()


def test_a_missing_record_and_an_unknown_status_are_failures() -> None:
    sources = library()
    assert examine(QUESTIONS[0], None, sources).status == "missing"
    assert examine(QUESTIONS[0], {"status": "great"}, sources).status == "error"


def test_runs_without_an_ending_have_files_of_their_own() -> None:
    assert timings_path(Path("night-0.1")) != timings_path(Path("night-0.2"))
    assert timings_path(Path("a.jsonl")) == Path("a.timings.jsonl")
