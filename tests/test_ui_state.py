"""Keys, feedback and jobs: what is kept, what is not, and across versions."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ui.cli import main
from ui.errors import UiError
from ui.state import FILE, MIGRATIONS, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / FILE)


def test_a_key_is_known_until_it_is_revoked(state: State) -> None:
    with state:
        made, secret = state.add_key("li", role="read", label="夜间报告")
        assert state.key_of(secret) == made
        assert state.list_keys("li") == [made]
        assert state.list_keys("wang") == []
        assert state.revoke_key(made.id)
        assert state.key_of(secret) is None
        assert not state.revoke_key(made.id)
        assert state.list_keys("li")[0].revoked is not None


@pytest.mark.parametrize("text", ["", "wj_", "wj_0_0", "x" * 10_000, "wj_000000000000_" + "é" * 43])
def test_what_is_no_key_is_nobodys(state: State, text: str) -> None:
    with state:
        state.add_key("li")
        assert state.key_of(text) is None


@pytest.mark.parametrize("user", ["", "Li", "../li", "li/x", "-li", "l" * 33, "李", "li\n"])
def test_a_user_name_is_one_part_of_a_path(state: State, user: str) -> None:
    with state, pytest.raises(UiError):
        state.add_key(user)


def test_jobs_end_once_and_are_listed_by_owner_newest_first(state: State) -> None:
    with state:
        first = state.add_job("li", "index", "a", {"path": "/x"})
        second = state.add_job("li", "batch", "a", {})
        state.add_job("wang", "index", "a", {})
        state.set_job(first.id, "running", progress={"done": 1})
        assert [job.id for job in state.jobs("li", kinds=("index", "batch"))] == [
            second.id,
            first.id,
        ]
        assert [job.id for job in state.jobs("li", kinds=("batch",))] == [second.id]
        assert len(state.unfinished_jobs()) == 3
        state.set_job(first.id, "done", result={"n": 2})
        ended = state.job(first.id)
        assert ended is not None
        assert (ended.progress, ended.result) == ({"done": 1}, {"n": 2})
        assert ended.ended is not None
        assert first.id not in [job.id for job in state.unfinished_jobs()]
        state.delete_job(first.id)
        assert state.job(first.id) is None


def test_threads_and_connections_share_the_file(tmp_path: Path) -> None:
    def add(number: int) -> None:
        with State(tmp_path / FILE) as own:
            own.add_feedback("li", "demo", "good", f"问{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))
    with State(tmp_path / FILE) as state:
        assert {row["question"] for row in state.feedback("li")} == {f"问{i}" for i in range(20)}


def test_a_file_may_be_made_by_several_at_once(tmp_path: Path) -> None:
    # SQLite refuses one of two that turn to the log at the same moment: in about every tenth file.
    def add(path: Path, together: Barrier, number: int) -> None:
        together.wait()
        with State(path) as own:
            own.add_feedback("li", "demo", "good", f"问{number}")

    with ThreadPoolExecutor(8) as pool:
        for made in range(40):
            path, together = tmp_path / f"{made}.sqlite", Barrier(8)
            list(pool.map(add, [path] * 8, [together] * 8, range(8)))
            with State(path) as state:
                assert len(state.feedback("li")) == 8


def test_a_file_of_a_newer_wenju_is_left_alone(tmp_path: Path) -> None:
    State(tmp_path / FILE).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(UiError, match=FILE):
        State(tmp_path / FILE)


def test_migrations_bring_an_empty_file_and_each_older_one_to_the_same_tables(
    tmp_path: Path,
) -> None:
    def tables(path: Path) -> list[tuple[str, str]]:
        db = sqlite3.connect(path)
        try:
            return db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        finally:
            db.close()

    State(tmp_path / "new").close()
    for version in range(len(MIGRATIONS)):
        path = tmp_path / f"v{version}"
        db = sqlite3.connect(path)
        db.executescript(
            ";".join([*MIGRATIONS[:version], ""]) + f"PRAGMA user_version = {version};"
        )
        db.close()
        State(path).close()
        assert tables(path) == tables(tmp_path / "new")


def test_keys_are_made_listed_and_revoked_on_the_command_line(
    capsys: pytest.CaptureFixture[str], wenju_home: Path
) -> None:
    assert main(["keys", "add", "li", "--read-only", "--label", "报告"]) == 0
    secret = capsys.readouterr().out.splitlines()[0]
    with State(wenju_home / FILE) as state:
        key = state.key_of(secret)
    assert key is not None
    assert (key.user, key.role, key.label) == ("li", "read", "报告")
    assert main(["keys"]) == 0
    listed = capsys.readouterr().out
    assert key.id in listed
    assert secret.rsplit("_", 1)[1] not in listed
    assert main(["keys", "revoke", key.id]) == 0
    assert main(["keys", "revoke", key.id]) == 1
    assert main(["keys", "add", "../li"]) == 1
