"""Texts to vectors: the shipped static model, or any sentence-transformers model.

Vectors are `(n, dim) float32`, rows L2-normalised; n = 0 keeps dim. A text in which a model knows
no token (empty, only spaces) gives a row of zeros, which is similar to nothing.
Texts are passed as they stand in the document: each model brings its own normalisation.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import ModelUnavailable
from index.static_tokens import TENSORS, TokenLookup, spaced_runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Codes = npt.NDArray[np.int8]

STATIC_ZH = "static-zh"
STATIC_ZH_FOLDER = Path(__file__).parent / "static_zh"

# What a static model is made of: its card and its training script do not change its vectors.
_STATIC_FILES = ("config.json", "model.safetensors", "modules.json", "tokenizer.json")
# Beyond this size a file is told from another by its size, its first and its last bytes.
_HASH_WHOLE_BYTES = 16 * 1024 * 1024
_HASH_END_BYTES = 1024 * 1024
_STATIC_BATCH = 256
# Below this, loading the tokenizer takes longer than doing without it.
_FEW_CHARACTERS = 4000


class Embedder(Protocol):
    """What the index and the retriever need of a model."""

    @property
    def model_id(self) -> str:
        """Name and content hash, `static-zh@0f3c…`: equal ids give equal vectors."""

    @property
    def dim(self) -> int: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)`, in the order of `texts`."""

    def embed_query(self, text: str) -> Vectors:
        """`(dim,)`."""


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Which model, and how it is run.

    `model` is `static-zh`, a folder, or a name on the Hugging Face hub. A prompt of None leaves the
    choice to the model (some carry their own); "" means none. `truncate_dim` keeps the first
    dimensions, for models trained to allow it. Nothing is fetched unless `allow_download`.
    """

    model: str = STATIC_ZH
    device: str | None = None
    batch_size: int = 32
    query_prompt: str | None = None
    document_prompt: str | None = None
    truncate_dim: int | None = None
    allow_download: bool = False
    api_url: str = ""  # of a server with /embeddings, such as http://127.0.0.1:8001/v1


def is_static(settings: EmbeddingSettings) -> bool:
    """Whether they name the model that comes along or another static one in a folder."""
    if settings.api_url:
        return False
    return settings.model == STATIC_ZH or is_static_model(Path(settings.model).expanduser())


def load_embedder(settings: EmbeddingSettings) -> Embedder:
    """The model that the settings name; static models are read without torch.

    Raises ModelUnavailable when it is not here or cannot be read.
    """
    if settings.api_url:
        from index.api_embedding import ApiEmbedder

        return ApiEmbedder(
            settings.api_url,
            settings.model,
            batch_size=settings.batch_size,
            query_prompt=settings.query_prompt,
            document_prompt=settings.document_prompt,
            truncate_dim=settings.truncate_dim,
        )
    if settings.model == STATIC_ZH:
        return StaticEmbedder(STATIC_ZH_FOLDER, truncate_dim=settings.truncate_dim, name=STATIC_ZH)
    folder = Path(settings.model).expanduser()
    plain = not (settings.query_prompt or settings.document_prompt)
    if plain and is_static_model(folder):
        return StaticEmbedder(folder, truncate_dim=settings.truncate_dim)
    from index.transformer_embedding import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(
        settings.model,
        query_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        batch_size=settings.batch_size,
        device=settings.device,
        truncate_dim=settings.truncate_dim,
        allow_download=settings.allow_download,
    )


def is_static_model(folder: Path) -> bool:
    """Whether the folder holds a normalising static model in model2vec's layout."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return kinds == ["StaticEmbedding", "Normalize"] and bool(config.get("normalize"))


class StaticEmbedder:
    """Mean of the token vectors of a static model, normalised.

    Reads the folder that model2vec and sentence-transformers read, with the arithmetic of
    `model2vec.StaticModel.encode`: importing model2vec costs more (joblib, tqdm, huggingface_hub)
    than loading the model does. A test holds the three equal.

    Where config.json says `"repeats": "log"`, a token that stands n times in a text counts
    1 + ln n times, as in lexical search; the other two count it n times. Its list `"asking"` names
    tokens that say nothing of what a question is about (谁, 多少): `embed_query` leaves them out,
    unless it holds no others.
    """

    def __init__(
        self, folder: Path | str, *, truncate_dim: int | None = None, name: str | None = None
    ) -> None:
        """Raises ModelUnavailable for a folder that is missing, incomplete or broken."""
        folder = Path(folder)
        missing = [file for file in _STATIC_FILES if not (folder / file).is_file()]
        if missing:
            raise ModelUnavailable(
                f"no static embedding model in {folder}: {', '.join(missing)} missing. "
                "Install wenju again, or set embedding.model to a folder that holds one"
            )
        if not is_static_model(folder):
            raise ModelUnavailable(
                f"{folder} is not a normalising static model (modules.json, config.json). "
                "Set embedding.model to a static model, or install wenju again"
            )
        import numpy as np
        from safetensors import safe_open

        self._folder = folder
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._counts_repeats_less = config.get("repeats") == "log"
        self._lookup: TokenLookup | None = None
        try:
            with safe_open(folder / "model.safetensors", framework="numpy") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            vectors = tensors["embeddings"]
            self._lookup = TokenLookup(tensors) if set(TENSORS) <= set(tensors) else None
            n_tokens = (
                self._tokenizer.get_vocab_size() if self._lookup is None else len(self._lookup)
            )
        except Exception as error:  # both libraries raise their own, undocumented kinds
            raise self._unreadable(error) from error
        row_of = tensors.get("mapping", np.arange(len(vectors)))
        if len(row_of) != n_tokens or row_of.max(initial=0) >= len(vectors):
            raise ModelUnavailable(
                f"the embedding model in {folder} has vectors for {min(len(row_of), len(vectors))} "
                f"of its {n_tokens} tokens. Install wenju again"
            )
        weights = tensors.get("weights", np.ones(n_tokens))
        self._weights: Vectors = weights.astype(np.float32)
        self._row_of: npt.NDArray[Any] = row_of
        unknown = 0 if self._lookup is not None else _unknown_token(self._tokenizer, folder)
        if unknown is not None:
            self._weights[unknown] = 0  # model2vec leaves unknown tokens out of the mean
        self._asking = frozenset(self._ids("\n".join(config.get("asking", []))))
        dim = checked_dim(truncate_dim, vectors.shape[1])
        # As stored, in few bits: widening all of it costs more than a question does, and reading
        # the wider rows costs more than widening those of a text.
        self._vectors: npt.NDArray[Any] = np.ascontiguousarray(vectors[:, :dim])
        self.dim: int = dim
        digest = hash_files(folder, [folder / file for file in _STATIC_FILES])
        self.model_id: str = make_model_id(name or folder.resolve().name, digest, truncate_dim)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer, normalizers, pre_tokenizers

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:
            raise self._unreadable(error) from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if self._lookup is not None:
            # Ours are four times as fast.
            tokenizer.normalizer = normalizers.Sequence([])
            tokenizer.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(" ")
        return tokenizer

    def _unreadable(self, error: Exception) -> ModelUnavailable:
        return ModelUnavailable(
            f"the embedding model in {self._folder} cannot be read ({error}). Install wenju again"
        )

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _STATIC_BATCH):
            batch = texts[start : start + _STATIC_BATCH]
            self._sum_rows(self._tokens(batch), out[start : start + len(batch)])
        return normalised(out)

    def embed_query(self, text: str) -> Vectors:
        import numpy as np

        out = np.zeros((1, self.dim), dtype=np.float32)
        ids = self._ids(text)
        self._sum_rows([[i for i in ids if i not in self._asking] or ids], out)
        row: Vectors = normalised(out)[0]
        return row

    def _ids(self, text: str) -> list[int]:
        if self._lookup is not None:
            return self._lookup.ids(text)
        # Not a batch of one: that would start the tokenizer's thread pool, which does not survive
        # a fork and prints a warning there.
        found: list[int] = self._tokenizer.encode(text or " ", add_special_tokens=False).ids
        return found

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if self._lookup is not None:
            if sum(map(len, texts)) < _FEW_CHARACTERS and "_tokenizer" not in self.__dict__:
                return [self._lookup.ids(text) for text in texts]
            texts = [spaced_runs(text) for text in texts]
        batch = [text or " " for text in texts]
        encoded = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        return [item.ids for item in encoded]

    def _sum_rows(self, ids: list[list[int]], out: Vectors) -> None:
        """Adds each text's token vectors into its row of `out`; a mean has the same direction."""
        import numpy as np

        for row, tokens in enumerate(ids):
            if not tokens:
                continue
            token: npt.NDArray[Any] = np.array(tokens)
            if self._counts_repeats_less:
                token.sort()
                first = np.flatnonzero(np.concatenate(([True], token[1:] != token[:-1])))
                counts = np.concatenate((first[1:], [len(token)])) - first
                token = token[first]
                weights = self._weights[token] * (1 + np.log(counts)).astype(out.dtype)
            else:
                weights = self._weights[token]
            found = self._vectors.take(self._row_of[token], axis=0).astype(out.dtype)
            # Row by row, whatever their number: no order of sums that a library is free to choose.
            np.einsum("i,ij->j", weights, found, out=out[row])


def quantise(vectors: Vectors) -> Codes:
    """`round(v * 127)` as int8, for storing and hashing normalised vectors; keeps the shape.

    Components lie in [-1, 1], so the step is 1/127 everywhere: no scale to store, and equal
    vectors always get equal codes. Back: `codes / 127`, each component within 1/254. Half-way
    values go to the even neighbour, as in numpy.rint.
    """
    import numpy as np

    codes: Codes = np.clip(np.rint(vectors * np.float32(127.0)), -127, 127).astype(np.int8)
    return codes


def _unknown_token(tokenizer: Any, folder: Path) -> int | None:
    name = getattr(tokenizer.model, "unk_token", None)
    if name is not None:
        found: int | None = tokenizer.token_to_id(name)
        return found
    # A unigram model keeps a number, which only its file tells.
    match = re.search(r'"unk_id"\s*:\s*(\d+)', (folder / "tokenizer.json").read_text("utf-8"))
    return int(match[1]) if match else None


def normalised(vectors: Vectors) -> Vectors:
    """Divides rows by their length, in place; a row of zeros stays."""
    import numpy as np

    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, norms, out=vectors, where=norms > 0)
    return vectors


def checked_dim(wanted: int | None, available: int) -> int:
    """Dimensions to keep; raises ModelUnavailable when the model has fewer than are wanted."""
    if wanted is None:
        return available
    if not 1 <= wanted <= available:
        raise ModelUnavailable(
            f"embedding.truncate_dim is {wanted}, the model has {available} dimensions. "
            f"Set it to a number from 1 to {available}"
        )
    return wanted


def make_model_id(name: str, digest: str, *variant: object) -> str:
    """`name@hash`; what else changes the vectors (prompts, dimensions) is part of the hash."""
    if any(part is not None for part in variant):
        digest = hashlib.blake2b(f"{digest} {variant!r}".encode()).hexdigest()
    return f"{name}@{digest[:16]}"


def hash_files(root: Path, files: Sequence[Path]) -> str:
    """Hex BLAKE2b of names, sizes and bytes, in the order given; of large files only both ends."""
    total = hashlib.blake2b(digest_size=32)
    for path in files:
        size = path.stat().st_size
        total.update(f"{path.relative_to(root).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            if size <= _HASH_WHOLE_BYTES:
                total.update(file.read())
            else:
                total.update(file.read(_HASH_END_BYTES))
                file.seek(-_HASH_END_BYTES, os.SEEK_END)
                total.update(file.read())
    return total.hexdigest()
