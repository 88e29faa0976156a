"""The Quality tab: what was measured, and feedback that becomes a question. Each has their own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.questions import load, save
from evals.schema import Evidence, Question
from rag.settings import AnswerabilitySettings, RagSettings
from ui.commands import eval as command
from ui.quality import Quality, quality_of
from ui.server.app import create_app, create_services
from ui.server.settings import ServeSettings
from ui.state import FILE, State

HANDBOOK = "一线城市的住宿标准为每晚600元，\n其余城市为每晚450元。报销单须在30天内提交。\n"
QUOTE = "报销单须在30天内提交"
ASKED = "报销单几天内要交？"


@pytest.fixture
def serving(
    wenju_home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """The application in this process; `get(…)`, `post(…)` by a user."""
    from starlette.testclient import TestClient

    monkeypatch.setenv("WENJU_EMBEDDING_MODEL", str(tiny_model))
    opened: list[Any] = []

    def make(**settings: Any) -> Any:
        state = State(wenju_home / FILE)
        rag = RagSettings(answerability=AnswerabilitySettings(min_confidence=0))
        app = create_app(create_services(state, rag, ServeSettings(**settings)))
        client = TestClient(app, base_url="http://127.0.0.1")
        client.__enter__()
        opened.append((client, state))
        client.state = state
        return client

    yield make
    for client, state in opened:
        client.__exit__(None, None, None)
        state.close()


def record(quote: str = QUOTE) -> dict[str, Any]:
    return {
        "status": "answered",
        "answer": "30天[1]",
        "as_of": "2026-06-30",
        "statements": [{"text": "30天", "citations": [1]}],
        "citations": [{"n": 1, "doc_id": "手册.txt", "quote": quote, "spans": []}],
    }


def say(client: Any, **said: Any) -> int:
    given = {"rating": "bad", "question": ASKED, "library": "staff", "record": record()} | said
    answer = client.post("/v1/feedback", json=given)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def drafts(client: Any) -> list[dict[str, Any]]:
    found = client.get("/v1/drafts", params={"library": "staff"})
    assert found.status_code == 200, found.text
    return list(found.json()["drafts"])


@pytest.fixture
def staff(library_of: Callable[..., Path]) -> Quality:
    return quality_of(library_of("staff", {"手册.txt": HANDBOOK}))


def test_what_it_should_have_been_becomes_a_question_of_the_set(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    number = say(client, expected="30天", comment="说得太长", faults=["wrong"])
    (draft,) = drafts(client)
    assert (draft["asked"], draft["answer"], draft["expected"]) == (ASKED, "30天[1]", "30天")
    assert draft["edit"]["answers"] == ["30天"]
    assert draft["edit"]["evidence"] == []  # a bad answer's quotes are offered, not taken
    assert draft["shown"] == [{"doc": "手册.txt", "quote": QUOTE, "page": None}]
    edit = draft["edit"] | {"question": "报销单要在几天内提交？", "evidence": draft["shown"]}
    done = client.post(f"/v1/drafts/{number}/accept", json=edit)
    assert done.json() == {"accepted": True, "flaws": [], "questions": 1}
    (question,) = load(staff.questions)
    assert (question.id, question.question) == ("feedback-1", "报销单要在几天内提交？")
    assert (question.answers, question.match, question.as_of) == (("30天",), "any", "2026-06-30")
    assert question.evidence == (Evidence("手册.txt", QUOTE),)
    assert "status" not in question.extra
    assert drafts(client) == []
    # Decided is decided: neither a second time, nor by the command line.
    assert client.post(f"/v1/drafts/{number}/accept", json=edit).status_code == 409
    out = staff.folder / "drafts.jsonl"
    assert wenju("draft", "--out", out) == 0
    assert load(out) == []


def test_a_quote_that_is_not_in_the_document_keeps_the_draft_and_what_was_typed(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    number = say(client, expected="30天")
    typed = {
        "question": "几天？", "answers": ["30天"], "answerable": True, "near": None,
        "evidence": [{"doc": "手册.txt", "quote": "须在三十天内提交", "page": None},
                     {"doc": "没有.txt", "quote": QUOTE, "page": None}],
    }  # fmt: skip
    told = client.post(f"/v1/drafts/{number}/accept", json=typed).json()
    assert [(f["code"], f["about"]) for f in told["flaws"]] == [
        ("quote_missing", "须在三十天内提交"),
        ("doc_missing", "没有.txt"),
    ]
    assert not staff.questions.exists()
    assert drafts(client)[0]["edit"] == typed
    found = [{"doc": "手册.txt", "quote": QUOTE}]
    for edit, code in (
        (typed | {"answers": [" "], "evidence": found}, "answers_none"),
        (typed | {"evidence": []}, "quotes_none"),
        (typed | {"answers": ["45天"], "evidence": found}, "answer_elsewhere"),
    ):  # fmt: skip
        told = client.post(f"/v1/drafts/{number}/accept", json=edit).json()
        assert [f["code"] for f in told["flaws"]] == [code]
    empty = client.post(f"/v1/drafts/{number}/accept", json=typed | {"question": " "})
    assert empty.status_code == 422
    half = client.put(
        f"/v1/drafts/{number}", content=json.dumps(typed | {"question": "\ud83d"}),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert half.status_code == 422
    assert drafts(client)[0]["edit"]["question"] == " "


def test_a_quote_is_written_as_the_document_has_it(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    number = say(client)
    loose = {"doc": "手册.txt", "quote": " 每晚６００元，其余城市 ", "page": 9}
    edit = {"question": "一线城市住一晚多少钱？", "answers": ["600元"], "evidence": [loose]}
    assert client.post(f"/v1/drafts/{number}/accept", json=edit).json()["accepted"]
    (question,) = load(staff.questions)
    assert question.evidence[0].quote == "每晚600元，\n其余城市"
    assert question.evidence[0].quote in HANDBOOK


def test_silence_that_was_right_is_a_question_without_an_answer(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    near = {"n": 1, "doc_id": "手册.txt", "quote": QUOTE, "spans": []}
    silent = {"status": "abstained", "abstention": {"reason": "没有", "nearest": [near]}}
    number = say(client, rating="good", question="年假几天？", record=silent)
    (draft,) = drafts(client)
    assert (draft["answer"], draft["edit"]["answerable"]) == ("没有", False)
    assert client.post(f"/v1/drafts/{number}/accept", json=draft["edit"]).json()["accepted"]
    (question,) = load(staff.questions)
    assert (question.answerable, question.match, question.near) == (False, "none", "手册.txt")


def test_a_broken_set_is_left_as_it_is_and_said(
    serving: Callable[..., Any], staff: Quality, wenju_home: Path
) -> None:
    client = serving()
    number = say(client)
    staff.questions.parent.mkdir(parents=True)
    staff.questions.write_text('{"id": "a"\n', encoding="utf-8")
    edit = {"question": "几天？", "answers": ["30天"], "evidence": drafts(client)[0]["shown"]}
    told = client.post(f"/v1/drafts/{number}/accept", json=edit)
    assert told.status_code == 409
    assert "questions.jsonl, line 1" in told.json()["error"]["message"]
    assert str(wenju_home) not in told.text
    assert staff.questions.read_text(encoding="utf-8") == '{"id": "a"\n'
    assert drafts(client)[0]["edit"]["question"] == "几天？"
    state = client.get("/v1/quality", params={"library": "staff"}).json()
    assert (state["questions"], "line 1" in state["set_problem"]) == (None, True)
    assert client.post("/v1/quality/runs", json={"library": "staff"}).status_code == 409


def test_feedback_that_is_no_record_of_ours_breaks_no_list(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    for odd in ({"citations": [3]}, {"status": "answered", "citations": "x", "answer": 7},
                {"abstention": [], "statements": [None], "status": "answered"}):  # fmt: skip
        say(client, rating="good", record=odd)
    assert [d["asked"] for d in drafts(client)] == [ASKED] * 3


def test_two_pieces_of_feedback_never_share_an_id_and_one_is_taken_once(
    serving: Callable[..., Any], staff: Quality
) -> None:
    save([Question("feedback-1", "别处来的？", answers=("30天",),
                   evidence=(Evidence("手册.txt", QUOTE),))], staff.questions)  # fmt: skip
    client = serving()
    number = say(client)
    edit = {"question": "几天？", "answers": ["30天"], "evidence": drafts(client)[0]["shown"]}
    assert client.post(f"/v1/drafts/{number}/accept", json=edit).json()["questions"] == 2
    assert [q.id for q in load(staff.questions)] == ["feedback-1", "feedback-1-2"]
    # As after a crash between the set and the note that it was taken.
    client.state.set_draft("", number, {"status": "draft"})
    assert client.post(f"/v1/drafts/{number}/accept", json=edit).json()["questions"] == 2


def test_a_discarded_draft_is_gone_and_the_feedback_stays(
    serving: Callable[..., Any], staff: Quality
) -> None:
    client = serving()
    number = say(client)
    assert client.delete(f"/v1/drafts/{number}").status_code == 204
    assert drafts(client) == []
    assert len(client.get("/v1/feedback").json()["feedback"]) == 1
    assert client.delete(f"/v1/drafts/{number}").status_code == 409
    assert client.delete("/v1/drafts/999").status_code == 404


def wenju(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(w) for w in words]))


def state_of(client: Any, **headers: str) -> dict[str, Any]:
    found = client.get("/v1/quality", params={"library": "staff"}, headers=headers)
    assert found.status_code == 200, found.text
    return dict(found.json())


def test_measured_accepted_and_compared_from_the_page(
    serving: Callable[..., Any], staff: Quality, library_of: Callable[..., Path]
) -> None:
    client = serving()
    nothing = state_of(client)
    assert (nothing["questions"], nothing["last"], nothing["index"]) == (None, None, "staff")
    assert client.get("/v1/quality/report", params={"library": "staff"}).status_code == 404
    save([Question("days", ASKED, answers=("30天",), evidence=(Evidence("手册.txt", QUOTE),))],
         staff.questions)  # fmt: skip
    here = {"library": "staff"}
    job = client.post("/v1/quality/runs", json=here, params={"wait": 60}).json()
    assert (job["status"], job["result"]["kind"]) == ("done", "run"), job
    first = state_of(client)
    assert first["can_accept"]
    assert (first["last"]["n"], first["last"]["verdict"]) == (1, None)
    assert client.post("/v1/quality/baseline", json=here | {"reason": " "}).status_code == 422
    made = client.post("/v1/quality/baseline", json=here | {"reason": "第一份"}).json()
    assert (made["kind"], made["reason"]) == ("accept", "第一份")
    assert (
        json.loads(staff.baseline.read_text(encoding="utf-8"))["accepted"][0]["reason"] == "第一份"
    )
    client.post("/v1/quality/runs", json=here, params={"wait": 60})
    now = state_of(client)["last"]
    assert (now["kind"], now["verdict"], now["exit_code"], now["is_current"]) == (
        "gate", "pass", 0, True,
    )  # fmt: skip
    assert now["headline"]["zh"].startswith("PASS 通过：1 题没有显著变差")
    page = client.get("/v1/quality/report", params=here | {"language": "en"})
    assert "PASS: no significant regression on 1 question" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    # Another library by now: an old result says that it is old, a new one cannot be compared.
    library_of("staff", {"手册.txt": HANDBOOK + "又及。\n", "新.txt": "新的一份。"})
    later = state_of(client)
    assert (later["last"]["is_current"], later["can_accept"]) == (False, False)
    assert client.post("/v1/quality/baseline", json=here | {"reason": "x"}).status_code == 409
    client.post("/v1/quality/runs", json=here, params={"wait": 60})
    last = state_of(client)["last"]
    assert (last["verdict"], last["exit_code"]) == (None, 3)
    assert last["problem"]["zh"].startswith("多了 1 份（新.txt）")


def test_the_page_shows_what_the_command_line_measured_and_adds_to_the_same_set(
    serving: Callable[..., Any], staff: Quality, tmp_path: Path
) -> None:
    questions, baseline = tmp_path / "git" / "q.jsonl", tmp_path / "git" / "b.json"
    drafts_file = tmp_path / "drafts.jsonl"
    one = Question("days", ASKED, answers=("30天",), evidence=(Evidence("手册.txt", QUOTE),),
                   extra={"status": "accepted"})  # fmt: skip
    save([one], drafts_file)
    assert wenju("join", drafts_file, "--into", questions, "--index", "staff") == 0
    assert wenju("accept", "--index", "staff", "--baseline", baseline, "--reason", "first") == 0
    assert wenju("gate", "--baseline", baseline) == 0
    client = serving()
    told = state_of(client)
    assert (told["questions"], told["place"], told["has_baseline"]) == (1, str(questions), True)
    assert told["last"]["verdict"] == "pass"
    number = say(client)
    edit = {"question": "几天？", "answers": ["30天"], "evidence": drafts(client)[0]["shown"]}
    assert client.post(f"/v1/drafts/{number}/accept", json=edit).json()["questions"] == 2
    assert [q.id for q in load(questions)] == ["days", "feedback-1"]


def test_users_of_one_library_see_their_own_drafts_and_results_only(
    serving: Callable[..., Any], staff: Quality, wenju_home: Path
) -> None:
    client = serving(keys=True)
    by = {}
    for user in ("li", "wang"):
        by[user] = {"Authorization": f"Bearer {client.state.add_key(user)[1]}"}
    reader = {"Authorization": f"Bearer {client.state.add_key('li', role='read')[1]}"}
    given = {"rating": "bad", "question": ASKED, "library": "staff", "record": record()}
    number = client.post("/v1/feedback", json=given, headers=by["li"]).json()["id"]
    here = {"library": "staff"}
    edit = {"question": "几天？", "answers": ["30天"],
            "evidence": [{"doc": "手册.txt", "quote": QUOTE}]}  # fmt: skip
    mine = client.get("/v1/drafts", params=here, headers=by["li"]).json()["drafts"]
    assert [d["id"] for d in mine] == [number]
    theirs = client.get("/v1/drafts", params=here, headers=by["wang"])
    assert theirs.json()["drafts"] == []
    for who, status in (("wang", 404), (None, 401)):
        headers = by[who] if who else {}
        tries = [
            client.put(f"/v1/drafts/{number}", json=edit, headers=headers),
            client.post(f"/v1/drafts/{number}/accept", json=edit, headers=headers),
            client.delete(f"/v1/drafts/{number}", headers=headers),
        ]
        assert [t.status_code for t in tries] == [status] * 3
        assert not any(ASKED in t.text for t in tries)
    tries = [
        client.put(f"/v1/drafts/{number}", json=edit, headers=reader),
        client.post(f"/v1/drafts/{number}/accept", json=edit, headers=reader),
        client.delete(f"/v1/drafts/{number}", headers=reader),
        client.post("/v1/quality/runs", json=here, headers=reader),
        client.post("/v1/quality/baseline", json=here | {"reason": "x"}, headers=reader),
    ]
    assert [t.status_code for t in tries] == [403] * 5
    assert client.post(f"/v1/drafts/{number}/accept", json=edit, headers=by["li"]).json()[
        "accepted"
    ]
    job = client.post("/v1/quality/runs", json=here, headers=by["li"], params={"wait": 60}).json()
    assert job["status"] == "done", job
    own = state_of(client, **by["li"])
    assert (own["questions"], own["last"]["n"], own["place"], own["index"]) == (1, 1, None, None)
    other = state_of(client, **by["wang"])
    assert (other["questions"], other["last"], other["job"], other["drafts"]) == (
        None,
        None,
        None,
        0,
    )
    path = f"/v1/quality/runs/{job['id']}"
    assert client.get(path, headers=by["wang"]).status_code == 404
    report = client.get("/v1/quality/report", params=here, headers=by["wang"])
    assert report.status_code == 404
    assert str(wenju_home) not in client.get("/v1/quality", params=here, headers=by["li"]).text
    # The operator's own set is not theirs either.
    assert not staff.questions.exists()


def test_a_library_of_the_user_alone_is_measured_beside_it(
    serving: Callable[..., Any], library_of: Callable[..., Path], wenju_home: Path
) -> None:
    root = wenju_home / "users" / "li"
    path = library_of("staff", {"手册.txt": HANDBOOK}, root)
    save([Question("days", ASKED, answers=("30天",), evidence=(Evidence("手册.txt", QUOTE),))],
         quality_of(path).questions)  # fmt: skip
    client = serving(keys=True, per_user=True)
    by = {u: {"Authorization": f"Bearer {client.state.add_key(u)[1]}"} for u in ("li", "wang")}
    assert state_of(client, **by["li"])["questions"] == 1
    for way in ("/v1/quality", "/v1/quality/report", "/v1/drafts"):
        answer = client.get(way, params={"library": "staff"}, headers=by["wang"])
        assert answer.status_code == 404, way
