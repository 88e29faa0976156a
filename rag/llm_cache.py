"""Answers of a language model on disk, by the hash of what was asked.

Each is kept enciphered under its own question: nobody can read it who does not have the very
sentences that were sent. Erase a document, and what was said of it can be read no more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
from pathlib import Path

from index.places import cache_folder

_PRUNE_EVERY = 64  # writes, by chance


class Cache:
    """Files of one folder. A damaged one is as good as none; a full disk ends no question."""

    def __init__(self, folder: Path | None = None, *, limit_bytes: int = 256 << 20) -> None:
        self._folder = folder or cache_folder() / "llm"
        self._limit = limit_bytes

    def get(self, request: bytes) -> str | None:
        try:
            data = self._path(request).read_bytes()
        except OSError:
            return None
        mark, body = data[:32], data[32:]
        if not hmac.compare_digest(mark, _mark(request, body)):
            return None
        return _ciphered(request, body).decode("utf-8", "replace")

    def put(self, request: bytes, text: str) -> None:
        path = self._path(request)
        body = _ciphered(request, text.encode("utf-8", "replace"))
        aside = path.with_name(f"{path.name}.{os.getpid()}.{random.getrandbits(32):08x}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside.write_bytes(_mark(request, body) + body)
            aside.chmod(0o600)
            aside.replace(path)
            if random.randrange(_PRUNE_EVERY) == 0:
                self.prune()
        except OSError:
            aside.unlink(missing_ok=True)

    def prune(self) -> None:
        """The oldest go until what is kept is within the limit."""
        files = []
        for path in self._folder.glob("??/*"):
            try:
                stat = path.stat()
            except OSError:
                continue
            files.append((stat.st_mtime, stat.st_size, path))
        size = sum(one[1] for one in files)
        for _, each, path in sorted(files, key=lambda one: one[0]):
            if size <= self._limit:
                return
            path.unlink(missing_ok=True)
            size -= each

    def _path(self, request: bytes) -> Path:
        name = hashlib.sha256(b"name" + request).hexdigest()
        return self._folder / name[:2] / name[2:]


def request_bytes(**parts: object) -> bytes:
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str).encode()


def _ciphered(request: bytes, data: bytes) -> bytes:
    stream = hashlib.shake_256(b"text" + request).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))


def _mark(request: bytes, body: bytes) -> bytes:
    return hmac.new(hashlib.sha256(b"mark" + request).digest(), body, hashlib.sha256).digest()
