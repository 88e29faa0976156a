"""What users do, in one SQLite file outside every library: `WENJU_HOME/state.sqlite`.

Users and their keys, feedback, jobs of the server. Never a document's text. A table is changed by
adding a migration at the end of the list; those that ran are never edited.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from ui.errors import UiError
from ui.messages import say

FILE = "state.sqlite"
Role = Literal["full", "read"]
_PATIENCE_S = 10.0
_USER = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_KEY = re.compile(r"wj_([0-9a-f]{12})_([\w-]{43})", re.ASCII)

MIGRATIONS = (
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY, user TEXT NOT NULL, digest BLOB NOT NULL, role TEXT NOT NULL,
        label TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT
    ) STRICT;
    CREATE INDEX keys_by_user ON keys (user);
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, user TEXT NOT NULL, created TEXT NOT NULL, library TEXT NOT NULL,
        rating TEXT NOT NULL, question TEXT NOT NULL, comment TEXT NOT NULL, record TEXT
    ) STRICT;
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, user TEXT NOT NULL, kind TEXT NOT NULL, library TEXT NOT NULL,
        spec TEXT NOT NULL, status TEXT NOT NULL, progress TEXT NOT NULL, result TEXT,
        error TEXT, created TEXT NOT NULL, ended TEXT
    ) STRICT;
    CREATE INDEX jobs_by_user ON jobs (user, created);
    """,
    "ALTER TABLE feedback ADD COLUMN faults TEXT NOT NULL DEFAULT '[]'",
    """
    ALTER TABLE feedback ADD COLUMN expected TEXT NOT NULL DEFAULT '';
    ALTER TABLE feedback ADD COLUMN draft TEXT;
    """,
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed: the secret itself is shown once, when it is made."""

    id: str
    user: str
    role: Role
    label: str
    created: str
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a process of its own does. `progress` and `result` are plain JSON objects."""

    id: str
    user: str
    kind: str
    library: str
    spec: Mapping[str, Any]
    status: str  # queued, running, done, failed, cancelled
    progress: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None
    created: str
    ended: str | None


class State:
    """Safe to share by threads and, through SQLite's own locks, by processes."""

    def __init__(self, path: Path) -> None:
        """Makes or upgrades the file. Raises UiError for one that a newer wenju has written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE_S
        )
        try:
            path.chmod(0o600)
            self._write_ahead()
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is erased
            self._migrate()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _write_ahead(self) -> None:
        """Several may make the file at once, and SQLite's own patience does not cover this one."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def _migrate(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise UiError(say("state_newer", path=self.path))
            for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
                for statement in filter(str.strip, script.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number}")
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # --- keys ---

    def add_key(self, user: str, *, role: Role = "full", label: str = "") -> tuple[Key, str]:
        """A new key of a user and its secret, which is stored nowhere. Raises UiError."""
        if not _USER.fullmatch(user):
            raise UiError(say("bad_user", user=user))
        one = Key(secrets.token_hex(6), user, role, label, _now(), None)
        secret = secrets.token_urlsafe(32)
        self._run(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (one.id, user, _digest(secret), role, label, one.created),
        )
        return one, f"wj_{one.id}_{secret}"

    def list_keys(self, user: str | None = None) -> list[Key]:
        rows = self._run(
            "SELECT id, user, role, label, created, revoked FROM keys"
            " WHERE ?1 IS NULL OR user = ?1 ORDER BY created, id",
            (user,),
        )
        return [Key(*row) for row in rows]

    def revoke_key(self, key_id: str) -> bool:
        """False where there is no such key, or it was revoked before."""
        rows = self._run(
            "UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING id",
            (_now(), key_id),
        )
        return bool(rows)

    def key_of(self, text: str) -> Key | None:
        """The key that a caller shows; None where it is none, a wrong or a revoked one."""
        parts = _KEY.fullmatch(text)
        rows = parts and self._run(
            "SELECT id, user, role, label, created, revoked, digest FROM keys WHERE id = ?",
            (parts[1],),
        )
        # A key has 256 random bits: one round of SHA-256 is as good as a slow hash, and quick.
        digest = rows[0][-1] if rows else bytes(32)
        is_right = hmac.compare_digest(digest, _digest(parts[2] if parts else ""))
        if not rows or not is_right or rows[0][5] is not None:
            return None
        return Key(*rows[0][:-1])

    # --- feedback ---

    def add_feedback(
        self,
        user: str,
        library: str,
        rating: str,
        question: str,
        comment: str = "",
        record: Mapping[str, Any] | None = None,
        faults: Sequence[str] = (),
        expected: str = "",
    ) -> int:
        """`faults`: what is wrong with the answer, each a word; `expected`: what it should be."""
        packed = None if record is None else json.dumps(record, ensure_ascii=False)
        values = (
            user, _now(), library, rating, question, comment, packed, json.dumps(list(faults)),
            expected,
        )  # fmt: skip
        rows = self._run(
            "INSERT INTO feedback"
            " (user, created, library, rating, question, comment, record, faults, expected)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            values,
        )
        return int(rows[0][0])

    def feedback(self, user: str, limit: int = 100) -> list[dict[str, Any]]:
        """The user's own, newest first."""
        names = ("id", "created", "library", "rating", "question", "comment", "expected", "faults")
        rows = self._run(
            f"SELECT {', '.join(names)} FROM feedback WHERE user = ? ORDER BY id DESC LIMIT ?",
            (user, limit),
        )
        return [
            dict(zip(names, row, strict=True)) | {"faults": json.loads(row[-1])} for row in rows
        ]

    def feedback_records(
        self, user: str | None = None, feedback_id: int | None = None
    ) -> list[dict[str, Any]]:
        """Feedback of one user or of all, or one piece of it, oldest first, with the answers.

        `draft`: what became of the question that it makes (`ui.reviewing`), None before that.
        """
        names = (
            "id", "created", "library", "rating", "question", "comment", "expected", "faults",
            "record", "draft",
        )  # fmt: skip
        rows = self._run(
            f"SELECT {', '.join(names)} FROM feedback"
            " WHERE (?1 IS NULL OR user = ?1) AND (?2 IS NULL OR id = ?2) ORDER BY id",
            (user, feedback_id),
        )
        packed = ("faults", "record", "draft")
        return [
            {
                name: json.loads(value) if name in packed and value else value
                for name, value in zip(names, row, strict=True)
            }
            for row in rows
        ]

    def set_draft(self, user: str, feedback_id: int, draft: Mapping[str, Any]) -> bool:
        """False where the user has given no such feedback."""
        rows = self._run(
            "UPDATE feedback SET draft = ? WHERE id = ? AND user = ? RETURNING id",
            (json.dumps(draft, ensure_ascii=False), feedback_id, user),
        )
        return bool(rows)

    # --- jobs ---

    def add_job(self, user: str, kind: str, library: str, spec: Mapping[str, Any]) -> Job:
        job_id = secrets.token_urlsafe(12)
        self._run(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, 'queued', '{}', NULL, NULL, ?, NULL)",
            (job_id, user, kind, library, json.dumps(spec, ensure_ascii=False), _now()),
        )
        job = self.job(job_id)
        assert job is not None  # just written
        return job

    def job(self, job_id: str) -> Job | None:
        rows = self._run("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def jobs(self, user: str, *, kinds: Sequence[str], limit: int = 100) -> list[Job]:
        """The user's own, newest first."""
        rows = self._run(
            "SELECT * FROM jobs WHERE user = ? AND kind IN (SELECT value FROM json_each(?))"
            " ORDER BY created DESC, rowid DESC LIMIT ?",
            (user, json.dumps(list(kinds)), limit),
        )
        return [_job(row) for row in rows]

    def unfinished_jobs(self) -> list[Job]:
        """What a server that stopped has left over, oldest first."""
        rows = self._run(
            "SELECT * FROM jobs WHERE status IN ('queued', 'running') ORDER BY created, rowid"
        )
        return [_job(row) for row in rows]

    def set_job(
        self,
        job_id: str,
        status: str,
        *,
        progress: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        spec: Mapping[str, Any] | None = None,
    ) -> None:
        """What is None of `progress` and `spec` stays as it was."""
        is_over = status in ("done", "failed", "cancelled")
        self._run(
            "UPDATE jobs SET status = ?, progress = coalesce(?, progress), result = ?, error = ?,"
            " ended = ?, spec = coalesce(?, spec) WHERE id = ?",
            (status, _packed(progress), _packed(result), error, _now() if is_over else None,
             _packed(spec), job_id),
        )  # fmt: skip

    def delete_job(self, job_id: str) -> None:
        self._run("DELETE FROM jobs WHERE id = ?", (job_id,))


def is_user_name(text: str) -> bool:
    return _USER.fullmatch(text) is not None


def _job(row: Sequence[Any]) -> Job:
    job_id, user, kind, library, spec, status, progress, result, error, created, ended = row
    return Job(
        job_id, user, kind, library, json.loads(spec), status, json.loads(progress),
        None if result is None else json.loads(result), error, created, ended,
    )  # fmt: skip


def _packed(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
