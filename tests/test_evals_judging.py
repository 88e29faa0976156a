"""The optional judge, against a scripted server on this machine."""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evals.case import Case
from evals.errors import BadRun
from evals.judging import Grade, agreement, judge, read_labels, summed_up
from evals.runfile import to_line
from evals.schema import Question
from ui.commands import eval as command
from ui.errors import UiError


def case(name: str, answer: str, gold: str = "45天") -> Case:
    record = {"id": name, "status": "answered", "answer": answer, "citations": []}
    return Case(Question(name, f"{name}要几天?", answers=(gold,)), "answered", record)


CASES = [
    case("sure", "45天"),
    case("lost", "60天"),
    case("border", "四十五日"),
    case("silly", "45天"),
]


class Script:
    """A model that replies by question; `asked` counts."""

    def __init__(self, replies: dict[str, list[str]]) -> None:
        self.replies = {k: list(v) for k, v in replies.items()}
        self.asked: list[str] = []

    def text(self, messages: Any) -> str:
        found = re.search(r"(\w+?)要几天", messages[-1][1])
        assert found is not None
        self.asked.append(found[1])
        replies = self.replies[found[1]]
        return replies.pop(0) if len(replies) > 1 else replies[0]


def grades(correct: float, supported: float = 1.0) -> str:
    return json.dumps({"correct": correct, "supported": supported})


REPLIES = {
    "sure": [f"Here: {grades(1)}"],
    "lost": [grades(0)],
    "border": [grades(0.5), grades(1), grades(0.2)],
    "silly": ["I would rather not."],
}


def test_what_is_unsure_is_asked_three_times_and_disagreement_is_reported() -> None:
    model = Script(REPLIES)
    found = judge(CASES, model, {"sure": True, "lost": False, "border": True})
    by_id = {g.id: g for g in found.grades}
    assert (by_id["sure"].correct, by_id["lost"].correct) == (1, 0)
    assert by_id["border"].votes == ((0.5, 1.0), (1.0, 1.0), (0.2, 1.0))
    assert by_id["border"].correct == 0.5
    assert [model.asked.count(i) for i in ("sure", "lost", "border")] == [1, 1, 3]
    assert (found.n_voted, found.n_split, found.n_failed) == (1, 1, 1)
    assert "no grades in 'I would rather not.'" in by_id["silly"].error
    # Gold strings miss 四十五日, the judge and people do not.
    assert found.disagreements == ("border",)
    assert found.with_people is not None
    assert (found.with_people.n, found.with_people.kappa) == (3, 1)


def test_kappa_is_that_of_the_textbook() -> None:
    """20 both yes, 5 and 10 apart, 15 both no: kappa 0.4."""
    one = {str(i): i < 25 for i in range(50)}
    other = {str(i): i < 20 or 25 <= i < 35 for i in range(50)}
    found = agreement(one, other)
    assert found is not None
    assert found.kappa == pytest.approx(0.4)
    assert agreement({}, one) is None
    all_yes = agreement({"a": True}, {"a": True})
    assert all_yes is not None
    assert all_yes.kappa is None


def test_nothing_graded_has_no_mean() -> None:
    found = summed_up([], [Grade("x", None, None)], {})
    assert (found.correct, found.with_gold, found.n_failed) == (None, None, 1)


def test_labels_name_the_line_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": "a", "correct": true}\n{"id": "b", "correct": "yes"}\n')
    with pytest.raises(BadRun, match=r"line 2: .*correct is 'yes', not true or false"):
        read_labels(path)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str], Callable[[], None]]]:
    """An OpenAI-compatible server that grades by whether the answer says 45: address, requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body["messages"][-1]["content"]
            asked.append(text)
            answer = re.search(r"<<<answer>>>\n(.*)", text)
            assert answer is not None
            reply = grades(float("45" in answer[1]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for delta, end in (({"role": "assistant", "content": reply}, None), ({}, "stop")):
                choice = {"index": 0, "delta": delta, "finish_reason": end}
                chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                line = json.dumps(chunk | {"choices": [choice]})
                self.wfile.write(f"data: {line}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    stopped = threading.Event()

    def stop() -> None:
        if not stopped.is_set():
            stopped.set()
            http.shutdown()
            http.server_close()
            thread.join()

    yield f"http://127.0.0.1:{http.server_port}/v1", asked, stop
    stop()


def wenju(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(w) for w in words]))


def test_grades_are_kept_and_a_server_that_is_gone_blocks_nothing_known(
    server: tuple[str, list[str], Callable[[], None]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WENJU_LANG", "en")
    address, asked, stop = server
    run = tmp_path / "run.jsonl"
    run.write_text("".join(to_line(c) for c in CASES[:3]), encoding="utf-8")
    with pytest.raises(UiError, match="no model is set"):
        wenju("judge", run)
    given = ["judge", run, "--set", f"llm.base_url={address}", "--set", "llm.model=m"]
    given += ["--set", "llm.retries=0", "--format", "json"]
    assert wenju(*given) == 0
    found = json.loads(capsys.readouterr().out)
    assert {g["id"]: g["correct"] for g in found["grades"]} == {"sure": 1, "lost": 0, "border": 0}
    assert len(asked) == 3
    stop()
    assert wenju(*given) == 0  # all of it is kept: nothing is asked again
    assert json.loads(capsys.readouterr().out) == found
    # What is not kept cannot be graded; that is said, and only then is the exit code 1.
    other = tmp_path / "other.jsonl"
    other.write_text(to_line(case("new", "45")), encoding="utf-8")
    assert wenju("judge", other, *given[2:]) == 1
    assert "new: Llm" in capsys.readouterr().err
