"""A library's own calibration of silence: what is fitted, what is refused, what it changes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from evals.calibrating import Asked, Gathered, calibrate, platt, upper_bound
from evals.errors import TooFewQuestions
from evals.questions import save
from evals.schema import Question
from index.ingesting import IndexReport
from index.store import open_library
from rag import calibration
from rag.answering import Answerer
from rag.calibration import Calibration
from rag.errors import BadCalibration
from rag.settings import AnswerabilitySettings
from ui.commands import eval as command
from ui.errors import UiError, UsageError

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)


def gathered(n: int, silent: int, *, shift: float = 0.0, seed: int = 3) -> Gathered:
    """`silent` of `n` questions without an answer; logits two apart, moved by `shift`."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) >= silent
    logits = rng.normal(np.where(labels, 2.0, -2.0) + shift, 1.0)
    asked = [
        Asked(str(i), bool(a), float(x), False)
        for i, (a, x) in enumerate(zip(labels, logits, strict=True))
    ]
    return Gathered(tuple(asked), (), reads_again=True)


@pytest.mark.parametrize(
    ("wrong", "n", "bound"), [(0, 22, 0.0994), (0, 45, 0.0499), (1, 10, 0.3368), (3, 3, 1.0)]
)
def test_an_upper_bound_is_that_of_the_binomial_tail(wrong: int, n: int, bound: float) -> None:
    assert upper_bound(wrong, n) == pytest.approx(bound, abs=2e-4)
    if wrong == 0:
        assert upper_bound(0, n) == pytest.approx(1 - 0.1 ** (1 / n), abs=1e-6)


def test_without_questions_the_judge_stays_as_it_is_and_many_move_it() -> None:
    assert platt(np.zeros(0), np.zeros(0, dtype=bool)) == (1.0, 0.0)
    few, many = (gathered(n, n // 2, shift=3.0) for n in (6, 600))
    offsets = [
        platt(np.array([a.logit for a in g.asked]), np.array([a.answerable for a in g.asked]))[1]
        for g in (few, many)
    ]
    assert offsets[1] < offsets[0] < 0.0


def test_an_overconfident_judge_is_put_right_and_its_numbers_are_held_out() -> None:
    found = calibrate(gathered(120, 40, shift=3.0))
    assert found.calibration.offset < -1.5
    assert found.log_loss[1] < found.log_loss[0] / 2
    before, after = found.before[1], found.after[1]
    assert (before.max_risk, after.max_risk) == (0.1, 0.1)
    assert after.rejected > before.rejected + 0.3
    assert after.wrong / after.answered <= 0.1
    assert after.attested


def test_a_risk_too_small_for_the_questions_says_how_many_more_it_takes() -> None:
    found = calibrate(gathered(40, 12))
    least = min(risk for _, risk in found.calibration.risks)
    assert least > 0.05
    assert not found.after[0].attested
    assert dict(found.more)[0.05]
    assert dict(found.more)[0.2] == 0
    assert found.calibration.threshold(AnswerabilitySettings(max_risk=0.05)) < 1.0


def test_the_strictest_risk_is_the_most_silent() -> None:
    made = calibrate(gathered(90, 30)).calibration
    thresholds = [
        made.threshold(AnswerabilitySettings(max_risk=r)) for r in (0.02, 0.05, 0.1, 0.2, 1.0)
    ]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[-1] == 0.0


@pytest.mark.parametrize(
    ("n", "silent", "said"),
    [(12, 4, "add 18 or more"), (40, 0, "without an answer"), (40, 38, "with an answer")],
)
def test_too_few_questions_are_refused_with_what_to_add(n: int, silent: int, said: str) -> None:
    with pytest.raises(TooFewQuestions, match=said):
        calibrate(gathered(n, silent))


def test_the_file_reads_back_and_one_for_another_judge_is_left_out() -> None:
    made = calibrate(gathered(60, 20)).calibration
    assert calibration.parse(made.to_text().encode()) == made
    other = replace(made, judge="sha256:0000")
    with pytest.raises(BadCalibration, match="another judge"):
        calibration.parse(other.to_text().encode())
    assert calibration.usable(other.to_text().encode()) is None
    for raw in (b"[]", b"\xff", b"{}", made.to_text().replace('"scale": ', '"scale": -').encode()):
        with pytest.raises(BadCalibration, match="eval calibrate"):
            calibration.parse(raw)
    assert calibration.parse(b"") is None


def test_a_library_with_a_calibration_is_judged_by_it(index_files: IndexFiles) -> None:
    path, _ = index_files({"a.md": "# 港口\n\n青岛港2024年的吞吐量是6.9亿吨。\n"})
    question = "青岛港2024年的吞吐量是多少？"
    with open_library(path) as plain:
        before = Answerer(plain).answer(question, as_of=DAY)
    never = Calibration(calibration.judge_hash(), True, 50, 20, 1.0, -9.0, ((0.9, 0.1),), ())
    (path / "calibration.json").write_text(never.to_text(), encoding="utf-8")
    with open_library(path) as own:
        after = Answerer(own).answer(question, as_of=DAY)
    assert (before.status, after.status) == ("answered", "abstained")
    assert before.confidence is not None
    assert after.confidence is not None
    assert after.confidence < before.confidence
    assert before.library != after.library


def test_the_command_calibrates_a_library_and_takes_it_away_again(
    index_files: IndexFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WENJU_LANG", "en")
    ports = ["青岛", "宁波", "厦门", "大连", "天津", "广州", "深圳", "日照", "烟台", "福州"]
    path, _ = index_files(
        {f"{p}.md": f"# {p}港\n\n{p}港去年吞吐量{i + 3}亿吨，{p}港有泊位{i + 20}个。\n"
         for i, p in enumerate(ports)}
    )  # fmt: skip
    asked = [(f"{p}港去年吞吐量是多少？", True) for p in ports]
    asked += [(f"{p}港有多少个泊位？", True) for p in ports]
    asked += [(f"{p}港的总经理毕业于哪里？", False) for p in ports]
    file = tmp_path / "q.jsonl"
    save([Question(str(i), q, answerable=a) for i, (q, a) in enumerate(asked)], file)

    def wenju(*words: object) -> int:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        return command.run(parser.parse_args(["calibrate", *map(str, words)]))

    assert wenju(file, "--index", path) == 0
    out = capsys.readouterr().out
    assert "30 questions, 10 of them unanswerable" in out
    assert "max_risk 0.05: too few questions" in out
    own = path / "calibration.json"
    assert json.loads(own.read_text(encoding="utf-8"))["questions"] == 30
    assert wenju("--remove", "--index", path) == 0
    assert not own.exists()
    assert wenju(file, "--index", path, "--out", tmp_path / "c.json") == 0
    assert (tmp_path / "c.json").exists()
    assert not own.exists()
    with pytest.raises(UsageError, match="QUESTIONS is needed"):
        wenju("--index", path)
    save([Question("1", "青岛港去年吞吐量是多少？")], file)
    with pytest.raises(UiError, match="1 questions, at least 30"):
        wenju(file, "--index", path)
