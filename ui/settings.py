"""Settings of every stage: flags, then environment, then wenju.toml, then defaults.

The dataclasses stand beside the stages they steer; this file knows only where. A stage is a table
of wenju.toml (`[reading]`), its keys are `reading.max_statements` on the command line and
`WENJU_READING_MAX_STATEMENTS` in the environment.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from ui.converting import convert

# Stage → where its dataclass is. Imported when asked for: `wenju ask` needs one of them.
STAGES: Mapping[str, tuple[str, str]] = {
    "index": ("index.ingesting", "IndexSettings"),
    "parse": ("index.parsing", "ParseSettings"),
    "chunk": ("index.chunking", "ChunkSettings"),
    "embedding": ("index.embedding", "EmbeddingSettings"),
    "rag": ("rag.settings", "RagSettings"),
    "retrieval": ("rag.settings", "RetrievalSettings"),
    "reading": ("rag.settings", "ReadingSettings"),
    "answerability": ("rag.settings", "AnswerabilitySettings"),
    "rerank": ("rag.settings", "RerankSettings"),
    "llm": ("rag.llm_settings", "LlmSettings"),
    "serve": ("ui.server.settings", "ServeSettings"),
}
FILE_NAME = "wenju.toml"
PREFIX = "WENJU_"
# Environment variables of ours that belong to no stage.
OWN_VARIABLES = (
    "WENJU_HOME", "WENJU_LANG", "WENJU_DEBUG", "WENJU_CONFIG", "WENJU_LLM_API_KEY",
    "WENJU_EMBEDDING_API_KEY", "WENJU_RERANK_API_KEY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """A setting that somebody gave: what `doctor` shows."""

    key: str  # "reading.max_statements"
    value: object
    origin: str  # "--set", "WENJU_READING_MAX_STATEMENTS" or the path of the wenju.toml


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen dataclass a stage, and where each value that is no default came from."""

    stages: Mapping[str, Any]
    given: tuple[Given, ...] = ()

    def stage(self, name: str) -> Any:
        return self.stages[name]

    def all(self) -> list[Given]:
        """Every setting of these stages, given or not, by stage and in the stage's own order."""
        origins = {one.key: one.origin for one in self.given}
        return [
            Given(f"{name}.{key}", getattr(stage, key), origins.get(f"{name}.{key}", "default"))
            for name, stage in self.stages.items()
            for key in _keys(type(stage))
        ]


@dataclass(slots=True)
class _Collected:
    """What one stage was given so far; a later source overrides an earlier one."""

    cls: type[Any]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


def find_file(environ: Mapping[str, str], folder: Path) -> Path | None:
    """`WENJU_CONFIG`, or the wenju.toml of the folder one works in; None where there is none.

    Raises SettingsError when `WENJU_CONFIG` names a file that is not there.
    """
    named = environ.get("WENJU_CONFIG")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(
                f"WENJU_CONFIG names {named}, which is not a file: correct it, or unset it"
            )
        return path
    path = folder / FILE_NAME
    return path if path.is_file() else None


def load_settings(
    names: Iterable[str],
    *,
    flags: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    stages: Mapping[str, tuple[str, str]] = STAGES,
) -> Settings:
    """The settings of the stages `names`, each a frozen dataclass.

    `flags` are `key=value` texts as given to `--set`. Keys of a stage that is not among `names`
    are not looked at, so that a question does not import the indexing side; a stage nobody knows
    is refused. A field whose type is the dataclass of another stage is filled from that stage.
    Raises SettingsError naming the nearest valid key, or the type that was expected.
    """
    collected: dict[str, _Collected] = {}
    for name in names:
        _add_stage(name, collected, stages)
    if file is not None:
        _read_file(file, collected, stages)
    _read_environ(environ or {}, collected, stages)
    _read_flags(flags, collected, stages)

    built: dict[str, Any] = {}
    for name in collected:
        _build(name, collected, built)
    given = tuple(
        Given(f"{name}.{key}", stage.values[key], origin)
        for name, stage in sorted(collected.items())
        for key, origin in sorted(stage.origins.items())
    )
    return Settings(built, given)


def stage_class(name: str, stages: Mapping[str, tuple[str, str]] = STAGES) -> type[Any]:
    module, attribute = stages[name]
    cls: type[Any] = getattr(import_module(module), attribute)
    return cls


def _add_stage(
    name: str, collected: dict[str, _Collected], stages: Mapping[str, tuple[str, str]]
) -> None:
    if name in collected:
        return
    cls = stage_class(name, stages)
    collected[name] = _Collected(cls)
    for other in dataclasses.fields(cls):
        # `parse: ParseSettings` inside IndexSettings is the stage "parse".
        if other.name in stages and _is_stage(cls, other.name):
            _add_stage(other.name, collected, stages)


def _build(name: str, collected: dict[str, _Collected], built: dict[str, Any]) -> Any:
    if name in built:
        return built[name]
    stage = collected[name]
    values = dict(stage.values)
    for other in dataclasses.fields(stage.cls):
        if other.name in collected and _is_stage(stage.cls, other.name):
            values[other.name] = _build(other.name, collected, built)
    try:
        built[name] = stage.cls(**values)
    except (ValueError, SettingsError) as error:
        origins = ", ".join(sorted(set(stage.origins.values()))) or "default"
        raise SettingsError(f"[{name}] {error} (from {origins})") from error
    return built[name]


# --- the three sources ---------------------------------------------------------------------------


def _read_file(
    file: Path, collected: dict[str, _Collected], stages: Mapping[str, tuple[str, str]]
) -> None:
    import tomllib

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}; correct it or rename it") from error
    for name, table in tables.items():
        if name not in stages or not isinstance(table, dict):
            raise SettingsError(f"{file}: unknown table [{name}]{_nearest(name, stages)}")
        for key, value in table.items():
            _take(f"{name}.{key}", value, str(file), collected, stages)


def _read_environ(
    environ: Mapping[str, str],
    collected: dict[str, _Collected],
    stages: Mapping[str, tuple[str, str]],
) -> None:
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in OWN_VARIABLES:
            continue
        name, _, key = variable.removeprefix(PREFIX).lower().partition("_")
        if name not in stages or (name in collected and key not in _keys(collected[name].cls)):
            valid = [*OWN_VARIABLES, *_variables(collected)]
            raise SettingsError(
                f"unknown environment variable {variable}{_nearest(variable, valid)}"
            )
        _take(f"{name}.{key}", text, variable, collected, stages)


def _read_flags(
    flags: Iterable[str],
    collected: dict[str, _Collected],
    stages: Mapping[str, tuple[str, str]],
) -> None:
    for flag in flags:
        key, equals, text = flag.partition("=")
        if not equals:
            raise SettingsError(f"--set {flag}: write it as --set KEY=VALUE, without spaces")
        _take(key.strip(), text, "--set", collected, stages)


def _take(
    key: str,
    value: object,
    origin: str,
    collected: dict[str, _Collected],
    stages: Mapping[str, tuple[str, str]],
) -> None:
    name, _, own = key.partition(".")
    known = [f"{stage}.{own}" for stage, one in collected.items() for own in _keys(one.cls)]
    if name not in stages:
        raise SettingsError(f"unknown setting {key!r} ({origin}){_nearest(key, known)}")
    if name not in collected:
        return
    stage = collected[name]
    if own not in _keys(stage.cls):
        raise SettingsError(f"unknown setting {key!r} ({origin}){_nearest(key, known)}")
    hint = typing.get_type_hints(stage.cls)[own]
    try:
        stage.values[own] = convert(value, hint)
    except ValueError as error:
        raise SettingsError(f"{key} ({origin}): {error}") from error
    stage.origins[own] = origin


def _keys(cls: type[Any]) -> list[str]:
    """Keys that can be given: every field but those that are stages of their own."""
    return [f.name for f in dataclasses.fields(cls) if not _is_stage(cls, f.name)]


def _is_stage(cls: type[Any], name: str) -> bool:
    return dataclasses.is_dataclass(typing.get_type_hints(cls)[name])


def _variables(collected: Mapping[str, _Collected]) -> list[str]:
    return [
        f"{PREFIX}{name}_{key}".upper()
        for name, stage in collected.items()
        for key in _keys(stage.cls)
    ]


def _nearest(key: str, valid: Iterable[str]) -> str:
    import difflib

    valid = sorted(valid)
    near = difflib.get_close_matches(key, valid, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; valid are: {', '.join(valid)}"
