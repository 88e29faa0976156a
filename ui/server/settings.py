"""What can be set about the server: `serve.KEY`, or `[serve]` in wenju.toml."""

from __future__ import annotations

from dataclasses import dataclass

from rag.errors import SettingsError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Limits are per request unless they say otherwise; 0 turns a rate limit off."""

    keys: bool = False  # ask for a key also on this machine's own address
    per_user: bool = False  # libraries, documents and batches belong to the key's user
    allowed_hosts: tuple[str, ...] = ()  # names this server is reached by, beside its own address
    threads: int = 4  # questions answered at the same time
    # Of their own for answers, beside the threads; -1: one a core, four at most, from when two
    # ask at the same time.
    processes: int = -1
    max_waiting: int = 200  # questions that wait; further ones are told to come back
    requests_per_minute: int = 0  # of one user (without keys: of one address)
    max_body_mb: float = 4.0  # of anything but an upload
    max_upload_mb: float = 200.0  # all files of one request together
    max_upload_files: int = 100
    upload_types: tuple[str, ...] = ()  # endings such as ".pdf"; empty: all that can be read
    max_batch_questions: int = 10_000
    body_seconds: float = 30.0  # a body (of an upload: each megabyte of it) must be here by then
    head_seconds: float = 15.0  # a request's head must be here by then
    log_content: bool = False  # questions in the log

    def __post_init__(self) -> None:
        for name in ("threads", "max_upload_files", "max_batch_questions"):
            if getattr(self, name) < 1:
                raise SettingsError(f"serve.{name} = {getattr(self, name)}; it must be 1 or more")
        if self.processes < -1:
            raise SettingsError(
                f"serve.processes = {self.processes}; it must be 0 or more, or -1 for one a core"
            )
        for name in ("max_waiting", "requests_per_minute"):
            if getattr(self, name) < 0:
                raise SettingsError(f"serve.{name} = {getattr(self, name)}; it must be 0 or more")
        for name in ("max_body_mb", "max_upload_mb", "body_seconds", "head_seconds"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"serve.{name} = {getattr(self, name)}; it must be above 0")
        for ending in self.upload_types:
            if not ending.startswith("."):
                raise SettingsError(f"serve.upload_types holds {ending!r}; write it as '.pdf'")
