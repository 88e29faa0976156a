"""Who asks, and which libraries are theirs. Names are checked here and nowhere else."""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.places import home, resolve_library
from ui.quality import Quality, quality_of
from ui.server.errors import ApiError
from ui.server.login import key_in
from ui.server.settings import ServeSettings
from ui.state import Role

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from ui.state import State

# A name is one part of a path, and no part that means another folder.
LIBRARY_NAME = r"^[\w\-][\w\-.]{0,79}$"  # \w: of any script
_LIBRARY = re.compile(LIBRARY_NAME.strip("^$"))
LOCAL = ""  # the user where no keys are asked for


@dataclass(frozen=True, slots=True)
class Caller:
    user: str  # LOCAL, or the key's
    role: Role = "full"

    def may_write(self) -> None:
        if self.role != "full":
            raise ApiError(403, "this key may read and ask only; make one with: wenju keys add")


class Access:
    """Turns a request into a caller, and a caller's library name into a folder."""

    def __init__(
        self, state: State, settings: ServeSettings, *, keys: bool, library: str | None = None
    ) -> None:
        """`keys`: nobody gets in without one. `library` (name or path): the only one there is."""
        self._state = state
        self._settings = settings
        self.needs_key = keys
        self.only = resolve_library(library) if library is not None else None
        self._buckets: dict[str, tuple[float, float]] = {}  # who → (tokens, when)

    def caller(self, request: HTTPConnection) -> Caller:
        """Raises ApiError 401 without a valid key where one is needed, 429 for too many calls."""
        if not self.needs_key:
            self._count(request.client.host if request.client else "")
            return Caller(LOCAL)
        shown = _shown_key(request.headers.get("authorization", ""))
        if not shown:  # a browser that has logged in
            shown = key_in(request.headers.get("cookie", ""))
        key = self._state.key_of(shown)
        if key is None:
            address = request.client.host if request.client else ""
            self._count(f"!{address}")  # guessing is slowed as well
            raise ApiError(
                401,
                "a key is needed: send Authorization: Bearer wj_… (made with: wenju keys add)",
                headers={"WWW-Authenticate": 'Bearer realm="wenju"'},
            )
        self._count(key.user)
        return Caller(key.user, key.role)

    def slow_down(self, request: HTTPConnection) -> None:
        """Counts a try to log in. Raises ApiError 429 for too many of one address."""
        self._count(f"!{request.client.host if request.client else ''}")

    def _count(self, who: str) -> None:
        """A bucket that holds half a minute's worth and fills at the set rate."""
        rate = self._settings.requests_per_minute
        if not rate:
            return
        now, most = time.monotonic(), max(1.0, rate / 2)
        if len(self._buckets) > 10_000:  # addresses that came once
            self._buckets = {w: b for w, b in self._buckets.items() if now - b[1] < 60}
        tokens, last = self._buckets.get(who, (most, now))
        tokens = min(most, tokens + (now - last) * rate / 60)
        if tokens < 1:
            self._buckets[who] = (tokens, now)
            seconds = max(1, round((1 - tokens) * 60 / rate))
            raise ApiError(
                429,
                f"at most {rate} requests a minute; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
        self._buckets[who] = (tokens - 1, now)

    # --- places ---

    def root(self, caller: Caller) -> Path:
        """The folder that holds `libraries/`, `uploads/` and `batches/` of a caller."""
        if self._settings.per_user and caller.user != LOCAL:
            return home() / "users" / caller.user
        return home()

    def libraries(self, caller: Caller) -> dict[str, Path]:
        """Name → folder of every library the caller may use, by name."""
        if self.only is not None:
            return {self.only.name: self.only}
        folder = self.root(caller) / "libraries"
        if not folder.is_dir():
            return {}
        return {
            path.name: path
            for path in sorted(folder.iterdir())
            if _LIBRARY.fullmatch(path.name) and (path / "manifest.json").is_file()
        }

    def library(self, caller: Caller, name: str | None) -> Path:
        """The folder of a library by name; None means the one that a page opens with."""
        known = self.libraries(caller)
        if name is None:
            for preferred in ("default", "demo", *known):
                if preferred in known:
                    return known[preferred]
            raise ApiError(
                404, "there is no library yet; make one with POST /v1/documents or: wenju index",
                type="no_library",
            )  # fmt: skip
        if name not in known:
            raise ApiError(404, "no such library; GET /v1/libraries lists them", type="no_library")
        return known[name]

    def quality(self, caller: Caller, library: Path) -> Quality:
        """What the caller has measured of a library, and their question set: nobody else's."""
        alone = caller.user == LOCAL or (self._settings.per_user and self.only is None)
        return quality_of(library, "" if alone else caller.user)

    def writable_library(self, caller: Caller, name: str | None) -> Path:
        """The folder of a library that is there or may be made. Raises ApiError 400, 403."""
        caller.may_write()
        if self.only is not None:
            if name not in (None, self.only.name):
                raise ApiError(404, "no such library", type="no_library")
            return self.only
        name = "default" if name is None else name
        if not _LIBRARY.fullmatch(name):
            raise ApiError(
                400,
                "a library's name has 1 to 80 letters, digits, '-', '_' or '.', no '.' first",
                type="bad_name",
            )
        return self.root(caller) / "libraries" / name


def _shown_key(header: str) -> str:
    """The key of `Bearer KEY`, or of `Basic …` with the key as password (a browser's own form)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
