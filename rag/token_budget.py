"""How many tokens a text is for a model, without its tokenizer.

Counted with a small vocabulary that ships with the package (`tokens.tiktoken`, made by
benchmarks/token_vocabulary.py) and multiplied with a margin for the family of the model, which the
usage that servers return corrects; or with the model's own, where `llm.tokenizer` names its file.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.errors import LlmUnavailable
from rag.llm_limits import Shared
from rag.llm_settings import LlmSettings

PATH = Path(__file__).parent / "tokens.tiktoken"
# Tokens of a model for one of ours, at most: estimates, corrected by the usage that servers return.
_MARGINS = {"gpt": 1.25, "o1": 1.25, "o3": 1.25, "o4": 1.25, "deepseek": 1.1, "qwen": 1.1,
            "kimi": 1.1, "moonshot": 1.1, "glm": 1.1, "llama": 1.4, "mistral": 1.5}  # fmt: skip
_UNKNOWN = 1.5
_LEARNING = 0.3  # how much the latest usage counts
_SAFETY = 1.05
_PATTERN = r"""\p{Han}+|[^\S\r\n]?\p{L}+|\p{N}{1,3}|[^\S\r\n]?[^\s\p{L}\p{N}]+|\s+"""


def count(text: str) -> int:
    """Tokens by the shipped vocabulary; a text of any kind has some number of them."""
    return len(encoding().encode(text, disallowed_special=())) if text else 0


def counter(settings: LlmSettings) -> Callable[[str], int]:
    """The model's own tokenizer where the settings name its file, else `count`.

    Raises LlmUnavailable for a file that is no tokenizer.
    """
    return count if settings.tokenizer is None else _own(settings.tokenizer)


@lru_cache(maxsize=4)
def _own(path: Path) -> Callable[[str], int]:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path.expanduser()))
    except Exception as error:  # the library raises bare Exceptions
        raise LlmUnavailable(
            f"{path} (llm.tokenizer) is no tokenizer.json ({error}); correct the path or unset it"
        ) from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def budget_for(shared: Shared, tokens: int) -> int:
    """How many of our tokens fit into `tokens` of the model's."""
    return int(tokens / (margin(shared) * _SAFETY))


def margin(shared: Shared) -> float:
    """Tokens of the model for one of ours."""
    if shared.settings.tokenizer is not None:
        return 1.0
    if shared.margin:
        return shared.margin
    name = shared.settings.model.lower().rpartition("/")[2]
    return next((m for family, m in _MARGINS.items() if name.startswith(family)), _UNKNOWN)


def learn(shared: Shared, ours: int, theirs: int) -> None:
    """The server counted `theirs` for what we count as `ours`. A longer text is believed more."""
    if ours < 50 or not 0.2 < theirs / ours < 5:
        return
    seen = theirs / ours
    with shared.lock:
        before = margin(shared)
        shared.margin = seen if seen > before else before + _LEARNING * (seen - before)


@lru_cache(maxsize=1)
def encoding() -> Any:
    """The shipped vocabulary as a tiktoken.Encoding; nothing is fetched."""
    import tiktoken

    return tiktoken.Encoding(
        name="wenju", pat_str=_PATTERN, mergeable_ranks=read_ranks(PATH), special_tokens={}
    )


def read_ranks(path: Path) -> dict[bytes, int]:
    """tiktoken's own format: a token in base64 and its rank, a line each."""
    ranks = {}
    for line in path.read_bytes().splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return ranks
