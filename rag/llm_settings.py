"""Which language model is asked, how it is reached, and how much it may cost.

The key is no setting: it is read where it is needed, from `WENJU_LLM_API_KEY`, from the variable
of the service that `base_url` names, or from a file that its owner alone may read. It is never
logged, shown or written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from rag.errors import LlmUnavailable, SettingsError

KEY_VARIABLE = "WENJU_LLM_API_KEY"
# A service's own variable is read for its own address alone: no key goes to another's server.
_KEYS_OF_HOSTS: Mapping[str, str] = {
    "api.openai.com": "OPENAI_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "dashscope.aliyuncs.com": "DASHSCOPE_API_KEY",
    "dashscope-intl.aliyuncs.com": "DASHSCOPE_API_KEY",
    "api.moonshot.cn": "MOONSHOT_API_KEY",
    "api.moonshot.ai": "MOONSHOT_API_KEY",
}


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """Without `base_url` and `model` there is none, and answers are extractive."""

    engine: Literal["auto", "llm", "extractive"] = "auto"  # auto: the model where one is set
    base_url: str = ""  # such as http://127.0.0.1:11434/v1
    model: str = ""
    api_key_file: Path | None = None
    # How statements are asked for: by a JSON schema, as lines, or whichever the server takes.
    structured: Literal["auto", "schema", "lines"] = "auto"
    temperature: float = 0.0
    max_statements: int = 6
    timeout_s: float = 30.0  # without a sign of life from the server
    question_s: float = 90.0  # for all that one question asks of the model
    retries: int = 4
    backoff_s: float = 0.5  # before the first retry; doubles, with jitter
    concurrency: int = 4  # requests at a time; fewer after a 429
    breaker_failures: int = 5  # in a row, after which the model is left alone
    breaker_s: float = 30.0  # for so long
    tokenizer: Path | None = None  # the model's tokenizer.json, to count its tokens exactly
    context_tokens: int = 6_000  # of sentences and question
    answer_tokens: int = 1_000
    question_tokens: int = 20_000  # in and out, all calls of one question; 0: no limit
    question_cost: float = 0.0  # 0: no limit
    batch_tokens: int = 0  # of one process: a batch, a server; 0: no limit
    batch_cost: float = 0.0
    batch_s: float = 0.0  # time spent waiting for the model
    input_price: float = 0.0  # per million tokens, in any currency
    output_price: float = 0.0
    rewrite: bool = True  # follow-ups are completed by the model
    expand: bool = True  # what is not found is looked for in other words and the other language
    cache: bool = True  # answers of the model are kept on disk
    cache_mb: int = 256

    def __post_init__(self) -> None:
        if self.base_url and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise SettingsError(
                f"llm.base_url = {self.base_url!r}; it must begin with http:// or https://, "
                "such as http://127.0.0.1:11434/v1"
            )
        if urlsplit(self.base_url).password:
            raise SettingsError(
                f"llm.base_url holds a password; put the key into {KEY_VARIABLE} instead"
            )
        if bool(self.base_url) != bool(self.model):
            given, other = ("base_url", "model") if self.base_url else ("model", "base_url")
            raise SettingsError(f"llm.{given} is set and llm.{other} is not; both are needed")
        if self.engine == "llm" and not self.base_url:
            raise SettingsError(
                "llm.engine = 'llm' without llm.base_url and llm.model; set both, "
                "or take engine auto or extractive"
            )
        for name in ("timeout_s", "question_s", "concurrency", "breaker_failures",
                     "max_statements"):  # fmt: skip
            if getattr(self, name) <= 0:
                raise SettingsError(f"llm.{name} = {getattr(self, name)}; it must be above 0")
        if self.max_statements > 10:
            raise SettingsError(f"llm.max_statements = {self.max_statements}; at most 10")
        for name in ("context_tokens", "answer_tokens"):
            if getattr(self, name) < 100:
                raise SettingsError(f"llm.{name} = {getattr(self, name)}; it must be 100 or more")
        for name in ("retries", "backoff_s", "breaker_s", "question_tokens", "question_cost",
                     "batch_tokens", "batch_cost", "batch_s", "input_price", "output_price",
                     "temperature", "cache_mb"):  # fmt: skip
            if getattr(self, name) < 0:
                raise SettingsError(f"llm.{name} = {getattr(self, name)}; it must not be negative")

    @property
    def is_used(self) -> bool:
        return bool(self.base_url) and self.engine != "extractive"


def api_key_of(settings: LlmSettings, environ: Mapping[str, str] | None = None) -> str | None:
    """The key, or None: servers at home ask for none.

    Raises LlmUnavailable for a key file that others may read, or that cannot be read.
    """
    environ = os.environ if environ is None else environ
    host = urlsplit(settings.base_url).hostname or ""
    for name in (KEY_VARIABLE, _KEYS_OF_HOSTS.get(host, "")):
        if name and environ.get(name, "").strip():
            return environ[name].strip()
    if settings.api_key_file is None:
        return None
    path = settings.api_key_file.expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise LlmUnavailable(
                    f"{path} (llm.api_key_file) can be read by others (mode "
                    f"{stat.S_IMODE(mode):o}); run: chmod 600 {path}"
                )
            return file.read().strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise LlmUnavailable(
            f"{path} (llm.api_key_file) cannot be read ({error}); correct the path, "
            f"or put the key into {KEY_VARIABLE}"
        ) from error
