"""`wenju eval`: what each action prints, writes and exits with."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.perturbing import QUESTION_KINDS
from evals.perturbing_documents import DOCUMENT_KINDS
from evals.questions import load, save
from evals.reporting import GROUPINGS
from evals.runfile import to_line
from evals.schema import Evidence, Question
from index.embedding import EmbeddingSettings
from index.errors import IndexMismatch
from index.ingesting import IndexReport, IndexSettings, index_sources
from ui.commands import eval as command
from ui.errors import UiError, UsageError

DOCS = {
    "贸易/许可.md": "# 出口许可\n\n许可审查需要45天。钨在2025年2月列入管制。\n",
    "ports.md": "# Ports\n\nThe port of Arlen handled 1,820 tonnes of ore in 2024.\n",
}
QUESTIONS = [
    Question(
        "q1",
        "出口许可审查要多少天?",
        type="number",
        answers=("45天",),
        evidence=(Evidence("贸易/许可.md", "许可审查需要45天"),),
    ),
    Question("q2", "钼呢?", type="unanswerable", answerable=False, match="none", near="ports.md"),
]

Indexed = tuple[Path, IndexReport]
IndexFiles = Callable[[Mapping[str, str | bytes]], Indexed]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENJU_LANG", "en")


@pytest.fixture
def question_file(tmp_path: Path) -> Path:
    save(QUESTIONS, tmp_path / "questions.jsonl")
    return tmp_path / "questions.jsonl"


def wenju(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(w) for w in words]))


def test_the_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert (*QUESTION_KINDS, *DOCUMENT_KINDS) == command.PERTURBATIONS
    with pytest.raises(SystemExit):
        wenju("run", "--help")
    assert ",".join(GROUPINGS) in capsys.readouterr().out.replace("\n", "").replace(" ", "")


def test_check_names_what_to_mend(
    question_file: Path,
    index_files: IndexFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library, _ = index_files(DOCS)
    assert wenju("check", question_file, "--index", library) == 0
    assert "2 questions (1 unanswerable): 0 errors" in capsys.readouterr().out
    assert wenju("check", question_file, "--documents", tmp_path / "docs") == 0
    capsys.readouterr()
    (tmp_path / "docs" / "贸易" / "许可.md").write_text("许可审查需要60天。", encoding="utf-8")
    assert wenju("check", question_file, "--documents", tmp_path / "docs") == 1
    assert 'followed up to "许可审查需要"' in capsys.readouterr().out


def test_a_missing_set_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UiError, match="is no question set"):
        wenju("check", tmp_path / "none.jsonl")


def test_run_score_and_compare(
    question_file: Path,
    index_files: IndexFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library, _ = index_files(DOCS)
    one, two = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    assert wenju("run", question_file, "--index", library, "--out", one) == 0
    table = capsys.readouterr().out
    assert table.startswith("2 questions")
    assert "verbatim" in table
    assert wenju("score", one) == 0
    assert capsys.readouterr().out == table
    settings = ["--set", "answerability.min_confidence=1"]
    assert wenju("run", question_file, "--index", library, "--out", two, *settings) == 0
    capsys.readouterr()
    assert wenju("compare", one, two) == 0
    assert "Newly broken: 1" in capsys.readouterr().out
    assert wenju("compare", one, two, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [p["id"] for p in found["newly_broken"]] == ["q1"]
    # What wenju batch wrote is scored with the questions and the library beside it.
    assert wenju("score", one, "--questions", question_file, "--index", library) == 0
    again = capsys.readouterr().out
    # Columns are as wide as the slowest question was.
    assert again.split("length")[0].split() == table.split("length")[0].split()
    with pytest.raises(UsageError, match="--workers 0"):
        wenju("run", question_file, "--index", library, "--out", one, "--workers", 0)
    with pytest.raises(UsageError, match="--by colour"):
        wenju("score", one, "--by", "colour")


def test_compare_can_fail_a_pipeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evals.case import Case

    def write(path: Path, answer: str) -> None:
        lines = []
        for i in range(20):
            question = Question(f"q{i}", f"第{i}问", answers=("45天",))
            record: dict[str, Any] = {"id": f"q{i}", "status": "answered", "answer": answer}
            lines.append(to_line(Case(question, "answered", record)))
        path.write_text("".join(lines), encoding="utf-8")

    write(tmp_path / "a.jsonl", "45天")
    write(tmp_path / "b.jsonl", "60天")
    paths = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert wenju("compare", *paths) == 0
    assert wenju("compare", *paths, "--fail-if-worse") == 1
    assert wenju("compare", *paths[::-1], "--fail-if-worse") == 0
    assert "worse" in capsys.readouterr().out


def test_perturb_writes_questions_and_documents(
    question_file: Path, index_files: IndexFiles, tmp_path: Path
) -> None:
    index_files(DOCS)
    docs, out = tmp_path / "docs", tmp_path / "out"
    assert wenju("perturb", "number", question_file, "--documents", docs, "--out", out) == 0
    (changed,) = load(out / "questions.jsonl")
    assert wenju("check", out / "questions.jsonl", "--documents", out / "documents") == 0
    assert changed.answers != ("45天",)
    script = tmp_path / "script"
    assert wenju("perturb", "script", question_file, "--documents", docs, "--out", script) == 0
    assert load(script / "questions.jsonl")[0].question == "出口許可審查要多少天?"
    with pytest.raises(UsageError, match="--documents"):
        wenju("perturb", "year", question_file, "--out", out)


def test_convert_makes_a_set_and_its_corpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{"text": "45天", "answer_start": 6}]
    qas = [{"id": "1", "question": "几天?", "answers": answers}]
    data = {"data": [{"title": "t", "paragraphs": [{"context": "许可审查需要45天。", "qas": qas}]}]}
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert wenju("convert", "squad", path, "--out", tmp_path / "out") == 0
    assert "Next: wenju index" in capsys.readouterr().out
    questions, documents = tmp_path / "out" / "questions.jsonl", tmp_path / "out" / "documents"
    assert wenju("check", questions, "--documents", documents) == 0
    with pytest.raises(UsageError, match="--set-name"):
        wenju("convert", "passages", tmp_path, "--out", tmp_path / "out2")


def test_a_run_that_fails_throughout_says_why(
    question_file: Path,
    index_files: IndexFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from evals.asking import LibraryAsker

    def broken(self: LibraryAsker, question: Question) -> None:
        raise RuntimeError("boom")

    library, _ = index_files(DOCS)
    monkeypatch.setattr(LibraryAsker, "ask", broken)
    out = tmp_path / "run.jsonl"
    assert wenju("run", question_file, "--index", library, "--out", out) == 1
    assert "2 questions failed, the first is q1: RuntimeError: boom" in capsys.readouterr().err


def test_a_library_of_another_model_is_one_error(
    question_file: Path, tmp_path: Path, tiny_model: Path
) -> None:
    docs, model = tmp_path / "docs", tmp_path / "model"
    docs.mkdir()
    (docs / "a.md").write_text("许可审查需要45天。", encoding="utf-8")
    shutil.copytree(tiny_model, model)
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(model)))
    index_sources(tmp_path / "library", [docs], settings)
    config = model / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(IndexMismatch):
        wenju("run", question_file, "--index", tmp_path / "library", "--out", tmp_path / "r.jsonl")
    assert not (tmp_path / "r.jsonl").exists()


def test_accept_then_gate(
    question_file: Path,
    index_files: IndexFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library, _ = index_files(DOCS)
    baseline = tmp_path / "baseline.json"
    given = ("--baseline", baseline)
    assert wenju("gate", question_file, "--index", library, *given) == 3
    assert "wenju eval accept" in capsys.readouterr().err
    reason = ("--reason", "the first")
    assert wenju("accept", question_file, "--index", library, *given, *reason) == 0
    assert "2 questions, " in capsys.readouterr().out
    # What is asked of which library is remembered; reports are written by their endings.
    reports = [tmp_path / "reports" / f"gate{e}" for e in (".xml", ".html", ".md", ".json")]
    written = [word for path in reports for word in ("--report", path)]
    assert wenju("gate", *given, *written) == 0
    assert "PASS: no significant regression on 2 questions" in capsys.readouterr().out
    assert all(path.stat().st_size > 100 for path in reports)
    assert wenju("gate", *given, "--require-power", 0.05, "--format", "json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "too_small"
    assert found["questions_needed"] > 100
    assert wenju("gate", *given, "--set", "retrieval.dense=0") == 0
    assert "- retrieval.dense: 200 → 0" in capsys.readouterr().out
    # A run of `wenju eval run` is gated without asking again.
    run = tmp_path / "run.jsonl"
    assert wenju("run", question_file, "--index", library, "--out", run) == 0
    assert wenju("gate", *given, "--run", run) == 0
    capsys.readouterr()
    with pytest.raises(UsageError, match=r"--report gate\.pdf"):
        wenju("gate", *given, "--report", "gate.pdf")
    with pytest.raises(UsageError, match="--strict colour"):
        wenju("gate", *given, "--strict", "colour")
    # A document that is not in the index any more: nothing can be said, and which is named.
    index_sources(tmp_path / "less", [tmp_path / "docs" / "贸易"], IndexSettings())
    assert wenju("gate", *given, "--index", tmp_path / "less", *written) == 3
    assert "ports.md" in capsys.readouterr().err
    assert all("ports.md" in path.read_text(encoding="utf-8") for path in reports)
