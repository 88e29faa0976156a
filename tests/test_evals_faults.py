"""Faults put in on purpose: each must show in the comparison of two real runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rag.judging
import rag.retrieval
from evals.asking import LibraryAsker, library_asker
from evals.baseline import Baseline, Setup
from evals.case import Case
from evals.comparing import Comparison, Difference, compare
from evals.errors import NotComparable
from evals.examining import examine
from evals.gate_reports import gate_text
from evals.gating import Gate, gate
from evals.metrics import METRICS
from evals.outcomes import outcomes
from evals.perturbing_documents import perturb_documents
from evals.questions import SAMPLE_FOLDER, builtin
from evals.reporting import report
from evals.running import ask_one, run
from evals.schema import Question
from evals.sources import MemorySources, folder_sources
from index.embedding import EmbeddingSettings
from index.ingesting import IndexSettings, index_sources
from index.store import open_library
from rag.settings import AnswerabilitySettings, RagSettings, RetrievalSettings

BY_WORDS = RagSettings(retrieval=RetrievalSettings(dense=0))
EVERY = 9  # of the built-in set: enough to see these faults, few enough to be quick


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENJU_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def make_library(home: Path, tiny_model: Path) -> Callable[[str, Path], Path]:
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))

    def make(name: str, documents: Path) -> Path:
        index_sources(home / name, [documents], settings)
        return home / name

    return make


@pytest.fixture(scope="module")
def library(make_library: Callable[[str, Path], Path]) -> Path:
    return make_library("samples", SAMPLE_FOLDER)


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return [q for q in builtin() if not q.history][::EVERY]


@pytest.fixture(scope="module")
def samples() -> MemorySources:
    return folder_sources(SAMPLE_FOLDER)[0]


def ask(
    path: Path, questions: Sequence[Question], settings: RagSettings | None = None
) -> list[Case]:
    with open_library(path) as opened:
        asker = LibraryAsker(opened, settings or RagSettings())
        return [ask_one(asker, q) for q in questions]


@pytest.fixture(scope="module")
def sound(library: Path, questions: list[Question]) -> list[Case]:
    return ask(library, questions)


def row(found: Comparison, name: str) -> Difference:
    return {d.metric.name: d for d in found.differences}[name]


def with_spans(
    case: Case, sources: MemorySources, change: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> Case:
    """The same answer with its citations' spans changed, looked up again."""
    record = deepcopy(dict(case.record))
    for citation in record.get("citations") or ():
        citation["spans"] = [dict(change(span)) for span in citation["spans"]]
    return examine(case.question, record, sources, case.ranked)


def test_a_sound_run_is_worth_breaking(sound: list[Case]) -> None:
    means = {m.name: m.mean(sound) for m in METRICS}
    assert means["verbatim"] == means["offsets"] == means["place"] == means["cited"] == 1
    assert means["failed"] == 0
    assert means["correct"] >= 0.3
    assert report(sound).unlocated == ()


def test_two_runs_give_the_same_bytes(
    library: Path, questions: list[Question], tmp_path: Path
) -> None:
    few = questions[::5]
    for name, workers in (("a", 1), ("b", 2)):
        run(few, lambda: library_asker(library, RagSettings()), tmp_path / f"{name}.jsonl",
            workers=workers)  # fmt: skip
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.meta.json").read_bytes() == (tmp_path / "b.meta.json").read_bytes()


def test_wrong_offsets_by_one_are_seen(sound: list[Case], samples: MemorySources) -> None:
    def shift(span: dict[str, Any]) -> dict[str, Any]:
        return span | {"start": span["start"] + 1, "end": span["end"] + 1}

    found = compare(sound, [with_spans(c, samples, shift) for c in sound])
    assert row(found, "offsets").after == 0
    assert row(found, "offsets").significant
    assert row(found, "offsets").is_worse
    assert row(found, "verbatim").change == 0


def test_shifted_page_numbers_are_seen(sound: list[Case], samples: MemorySources) -> None:
    def turn(span: dict[str, Any]) -> dict[str, Any]:
        return span | {"page": span["page"] + 1} if span["page"] is not None else span

    found = compare(sound, [with_spans(c, samples, turn) for c in sound])
    assert row(found, "place").is_worse
    assert row(found, "gold_place").is_worse
    assert row(found, "offsets").change == 0


def test_a_threshold_of_zero_is_seen(
    library: Path, questions: list[Question], sound: list[Case]
) -> None:
    settings = RagSettings(answerability=AnswerabilitySettings(min_confidence=0.0))
    found = compare(sound, ask(library, questions, settings))
    assert row(found, "rejected").after < row(found, "rejected").before
    assert row(found, "rejected").is_worse
    assert row(found, "false_abstention").after == 0
    assert any(not a.question.answerable for a, _ in found.newly_broken)


def test_a_reversed_ranking_is_seen(
    library: Path,
    questions: list[Question],
    sound: list[Case],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    straight = rag.judging.score
    monkeypatch.setattr(rag.judging, "score", lambda retrieval: -straight(retrieval))
    found = compare(sound, ask(library, questions))
    for name in ("mrr", "ndcg@10"):
        assert row(found, name).significant, name
    for name in ("mrr", "ndcg@10", "recall@1", "correct", "evidence_any"):
        assert row(found, name).is_worse, name
    assert len(found.newly_broken) > len(found.newly_fixed)


def test_bigrams_off_are_seen(
    library: Path,
    questions: list[Question],
    sound: list[Case],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weighted = rag.retrieval.weighted_terms

    def without_bigrams(*args: Any) -> list[Any]:
        return [t for t in weighted(*args) if t.field != "grams"]

    monkeypatch.setattr(rag.retrieval, "weighted_terms", without_bigrams)
    monkeypatch.setattr(rag.retrieval, "content_grams", lambda *_: {})
    found = compare(sound, ask(library, questions))
    changed = [d.metric.name for d in found.differences if d.change]
    assert set(changed) & {"recall@5", "recall@10", "recall@50", "mrr", "ndcg@10"}


def test_a_stale_library_is_seen(
    library: Path, make_library: Callable[[str, Path], Path], home: Path
) -> None:
    new = perturb_documents("number", builtin(), SAMPLE_FOLDER, home / "newer")
    asked = new.questions[:10]
    fresh = make_library("fresh", new.documents)
    before = ask(fresh, asked)
    after = ask(library, asked)
    found = compare(before, after)
    assert row(found, "correct").is_worse
    assert row(found, "evidence_any").is_worse
    assert row(found, "correct").after < 0.1 < row(found, "correct").before
    assert set(report(after).unlocated) == {q.id for q in asked}
    # Looked up in the files as they are now, the old words are not there any more.
    now = folder_sources(new.documents)[0]
    stale = [examine(c.question, c.record, now, c.ranked) for c in after]
    assert row(compare(before, stale), "verbatim").is_worse


@contextmanager
def failing(library: Path) -> Iterator[LibraryAsker]:
    with open_library(library) as opened:
        asker = LibraryAsker(opened, RagSettings())
        asker.ask = lambda question: 1 / 0  # type: ignore[assignment,method-assign,return-value]
        yield asker


def test_a_crash_is_no_rejection(
    library: Path, questions: list[Question], sound: list[Case], tmp_path: Path
) -> None:
    crashed = run(questions, lambda: failing(library), tmp_path / "run.jsonl")
    found = compare(sound, crashed)
    assert row(found, "failed").after == 1
    assert row(found, "rejected").after == 0
    assert row(found, "truthfulness").after == -1
    assert row(found, "mrr").after == 0
    assert replace(crashed[0], timings_ms={}).status == "error"


# --- the gate: exit code 1 or 3, and a name that is well enough to find it ---


@pytest.fixture(scope="module")
def full(library: Path) -> list[Case]:
    """The whole built-in set, by words alone: a small fault does not show in a ninth of it, and
    the vectors of the tests' model say nothing."""
    return ask(library, builtin(), BY_WORDS)


def gated(before: Sequence[Case], after: Sequence[Case], library: Path | None = None) -> Gate:
    setup = Setup("q", documents_of(library) if library else {}, "l", {})
    ids = {c.question.id for c in after}
    kept = [c for c in before if c.question.id in ids]
    return gate(Baseline(setup, outcomes(kept)), setup, outcomes(after))


def documents_of(library: Path) -> dict[str, str]:
    with open_library(library) as opened:
        return {i.doc_id: i.content_hash for i in opened.documents()}


def test_the_gate_names_wrong_offsets(full: list[Case], samples: MemorySources) -> None:
    found = gated(full, [
        with_spans(c, samples, lambda s: s | {"start": s["start"] + 1, "end": s["end"] + 1})
        for c in full
    ])  # fmt: skip
    assert found.verdict == 1
    assert [r.name for r in found.reasons if r.name in ("offsets", "verbatim")] == ["offsets"]


def test_the_gate_names_shifted_pages(full: list[Case], samples: MemorySources) -> None:
    found = gated(full, [
        with_spans(c, samples, lambda s: s | {"page": s["page"] and s["page"] + 1}) for c in full
    ])  # fmt: skip
    assert found.verdict == 1
    assert "place" in [r.name for r in found.reasons]
    rows = {r.name: r for r in found.guards}
    assert rows["gold_place"].after < rows["gold_place"].before
    assert not rows["offsets"].fires


def test_the_gate_names_a_threshold_of_zero(library: Path, full: list[Case]) -> None:
    asked = [q for q in builtin() if not q.answerable]
    settings = replace(BY_WORDS, answerability=AnswerabilitySettings(min_confidence=0.0))
    after = {c.question.id: c for c in ask(library, asked, settings)}
    found = gated(full, [after.get(c.question.id, c) for c in full])
    assert found.verdict == 1
    assert "rejected" in [r.name for r in found.reasons]
    assert "min_confidence" in gate_text(found)


def test_the_gate_names_a_reversed_ranking(
    library: Path, full: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = rag.judging.score
    monkeypatch.setattr(rag.judging, "score", lambda retrieval: -straight(retrieval))
    found = gated(full, ask(library, builtin()[::4], BY_WORDS))
    assert found.verdict == 1
    assert {"ndcg@10", "evidence_any"} <= {r.name for r in found.reasons}


def test_the_gate_names_bigrams_that_are_off(
    library: Path, full: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    weighted = rag.retrieval.weighted_terms

    def without_bigrams(*args: Any) -> list[Any]:
        return [t for t in weighted(*args) if t.field != "grams"]

    monkeypatch.setattr(rag.retrieval, "weighted_terms", without_bigrams)
    monkeypatch.setattr(rag.retrieval, "content_grams", lambda *_: {})
    found = gated(full, ask(library, builtin()[::2], BY_WORDS))
    assert found.verdict == 1
    assert "recall" in [r.name for r in found.reasons]
    assert "terms, character pairs, thesaurus" in gate_text(found)


def test_the_gate_names_a_thesaurus_that_is_off(library: Path, full: list[Case]) -> None:
    settings = RagSettings(retrieval=RetrievalSettings(dense=0, thesaurus=False))
    found = gated(full, ask(library, builtin(), settings))
    assert found.verdict == 1
    assert {"recall", "ndcg@10"} & {r.name for r in found.reasons}


def test_the_gate_names_a_stale_library_and_a_missing_document(
    library: Path, full: list[Case]
) -> None:
    held = documents_of(library)
    name = sorted(held)[0]
    now = Setup("q", held, "l", {})
    # The file, and with it the baseline, has moved on; the library has not.
    files = held | {name: "newer"}
    baseline = Baseline(Setup("q", files, "l", {}), outcomes(full))
    found = gate(baseline, now, outcomes(full), files=files)
    assert (found.verdict, found.stale) == (1, (name,))
    less = Setup("q", {d: h for d, h in held.items() if d != name}, "l", {})
    with pytest.raises(NotComparable, match="1 document is missing from the index") as error:
        gate(Baseline(now, outcomes(full)), less, outcomes(full))
    assert name in str(error.value)
