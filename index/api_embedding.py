"""Vectors from a server: OpenAI's `/v1/embeddings`, which many servers speak.

Nothing is sent anywhere unless `embedding.api_url` names the server. The key comes from
`WENJU_EMBEDDING_API_KEY`; it is never written or shown.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from index.errors import ModelUnavailable

if TYPE_CHECKING:
    from index.embedding import Vectors

KEY_VARIABLE = "WENJU_EMBEDDING_API_KEY"
_TRIES = 4
_TIMEOUT_S = 60.0
_MOST_BYTES = 200_000_000  # of an answer


class ApiEmbedder:
    """Rows as the server gives them, normalised here. A text is sent as it stands."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        batch_size: int = 32,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        truncate_dim: int | None = None,
    ) -> None:
        """Asks the server for one vector, to know its size. Raises ModelUnavailable."""
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._batch = max(1, batch_size)
        self._query_prompt, self._document_prompt = query_prompt or "", document_prompt or ""
        self._truncate = truncate_dim
        self._dim = len(self._embed(["dimension"])[0])

    @property
    def model_id(self) -> str:
        """The server and the name: what stands behind a name on a server cannot be hashed."""
        import hashlib

        told = f"{self._url} {self._model} {self._query_prompt} {self._document_prompt}"
        return f"{self._model}@api-{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    @property
    def dim(self) -> int:
        return self._dim

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        rows = [
            self._embed([self._document_prompt + t for t in texts[at : at + self._batch]])
            for at in range(0, len(texts), self._batch)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, self._dim), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self._embed([self._query_prompt + text])[0]
        return row

    def _embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        # Servers refuse empty texts; they are similar to nothing.
        sent = [t if t.strip() else "-" for t in texts]
        said = post_json(self._url, {"model": self._model, "input": sent}, KEY_VARIABLE)
        try:
            rows = sorted(said["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
            right = vectors.ndim == 2 and len(vectors) == len(texts) and bool(vectors.shape[1])
        except (KeyError, TypeError, ValueError):
            right = False
        if not right or not np.isfinite(vectors).all():
            raise ModelUnavailable(
                f"{self._url} gave no {len(texts)} vectors for {len(texts)} texts; "
                "check embedding.api_url and embedding.model"
            )
        vectors = vectors[:, : self._truncate]
        for at, text in enumerate(texts):
            if not text.strip():
                vectors[at] = 0.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        normal: Vectors = (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)
        return normal


def post_json(url: str, body: Mapping[str, Any], key_variable: str) -> Any:
    """The JSON that a server answers; tried again on 429, 5xx and broken connections.

    Raises ModelUnavailable with one line that holds no key.
    """
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(key_variable, "").strip():
        headers["Authorization"] = f"Bearer {key}"
    data = json.dumps(body).encode()
    problem = ""
    for attempt in range(_TRIES):
        request = urllib.request.Request(url, data, headers)
        pause = 0.5 * 2**attempt
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return json.loads(answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            problem, again = f"status {error.code}", error.code == 429 or error.code >= 500
            wanted = error.headers.get("Retry-After") or ""
            pause = max(pause, min(30.0, float(wanted))) if wanted.isdigit() else pause
            error.close()
            if not again:
                break
        except (OSError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
        if attempt + 1 < _TRIES:
            time.sleep(pause)
    raise ModelUnavailable(
        f"{url} gave no answer ({problem}); check the address, and {key_variable} where it needs "
        "a key"
    )
