"""Any sentence-transformers model as an Embedder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.embedding import STATIC_ZH, checked_dim, hash_files, make_model_id, normalised
from index.errors import ModelUnavailable

if TYPE_CHECKING:
    from index.embedding import Vectors


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, from a folder or the hub's cache. Loads torch."""

    def __init__(
        self,
        name_or_path: str | Path,
        *,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        batch_size: int = 32,
        device: str | None = None,
        truncate_dim: int | None = None,
        allow_download: bool = False,
    ) -> None:
        """Raises ModelUnavailable when the library or the model is not here."""
        name = str(name_or_path)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelUnavailable(
                f"{name} needs sentence-transformers, which is not installed ({error}). "
                "Run: pip install sentence-transformers"
            ) from error
        local = Path(name).expanduser()
        if local.is_dir():
            name = str(local)
        elif local.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
            raise ModelUnavailable(
                f"no folder {name}. Set embedding.model to the folder of a model, "
                f"to a name on the Hugging Face hub, or to {STATIC_ZH}"
            )
        try:
            self._model: Any = SentenceTransformer(
                name, device=device, local_files_only=not allow_download
            )
        except Exception as error:  # hub, file and configuration errors of three libraries
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)
            step = (
                "Check the name and the network"
                if allow_download
                else "Set embedding.allow_download = true once, or embedding.model to its folder, "
                f"or embedding.model = {STATIC_ZH}"
            )
            raise ModelUnavailable(
                f"embedding model {name} cannot be loaded ({reason}). {step}"
            ) from error
        full_dim = int(self._model.get_embedding_dimension())
        self.dim: int = checked_dim(truncate_dim, full_dim)
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt
        self._batch_size = batch_size
        folder = local if local.is_dir() else _cached_folder(name)
        digest = hash_files(folder, sorted(_model_files(folder)))
        variant = (truncate_dim, query_prompt, document_prompt)
        self.model_id: str = make_model_id(Path(name).name, digest, *variant)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return self._encode(self._model.encode_document, list(texts), self._document_prompt)

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self._encode(self._model.encode_query, [text], self._query_prompt)[0]
        return row

    def _encode(self, encode: Any, texts: list[str], prompt: str | None) -> Vectors:
        import numpy as np

        vectors = encode(
            texts,
            batch_size=self._batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
            **({} if prompt is None else {"prompt": prompt}),
        )
        # Truncated here and not by the library, so that what is normalised is what is kept.
        kept = np.array(vectors[:, : self.dim], dtype=np.float32, order="C")
        return normalised(kept)


def _model_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not hidden and path.suffix not in {".md", ".py", ".pyc"}:
            yield path


def _cached_folder(name: str) -> Path:
    """The snapshot of the hub's cache that a name was loaded from."""
    from huggingface_hub import try_to_load_from_cache

    for repository in (name, f"sentence-transformers/{name}"):
        for file in ("modules.json", "config.json"):
            path = try_to_load_from_cache(repository, file) if repository.count("/") == 1 else None
            if isinstance(path, str):
                return Path(path).parent
    raise ModelUnavailable(
        f"{name} was loaded, but is not in the Hugging Face cache, so it cannot be told from "
        "another version. Set embedding.model to its folder"
    )
