"""Texts (flags, environment) and TOML values, as the types that settings fields have."""

from __future__ import annotations

import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def convert(value: object, hint: Any) -> Any:
    """A text (flag, environment) or a TOML value as the type of the field.

    Lists in a text are separated by commas; "" or "none" is None where None is allowed.
    Raises ValueError saying what was expected.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(value, arguments)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {', '.join(map(str, arguments))}")
        return value
    if origin in (tuple, list, set, frozenset) or _is_sequence(origin):
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            raise ValueError(f"{value!r} is not a list")
        inner = arguments[0] if arguments else str
        items = [p.strip() if isinstance(p, str) else p for p in parts]
        converted = [convert(item, inner) for item in items if item != ""]
        return (
            tuple(converted)
            if origin in (tuple, None) or _is_sequence(origin)
            else (origin(converted))
        )
    if origin is not None:  # a mapping: only wenju.toml can give one
        if not isinstance(value, dict):
            raise ValueError("this one is a table: write it in wenju.toml")
        return value
    return _convert_plain(value, hint)


def _convert_union(value: object, arguments: tuple[Any, ...]) -> Any:
    if types.NoneType in arguments and (
        value is None or (isinstance(value, str) and value.strip().lower() in ("", "none"))
    ):
        return None
    problem: ValueError | None = None
    for hint in arguments:
        if hint is types.NoneType:
            continue
        try:
            return convert(value, hint)
        except ValueError as error:
            problem = error
    raise problem or ValueError(f"{value!r} does not fit")


def _convert_plain(value: object, hint: Any) -> Any:
    if hint is bool:
        if isinstance(value, str) and value.strip().lower() in (*_TRUE, *_FALSE):
            return value.strip().lower() in _TRUE
        if isinstance(value, bool):
            return value
        raise ValueError(f"{value!r} is neither true nor false")
    if hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(f"{value!r} is not a number")
        if hint is int and isinstance(value, float) and not value.is_integer():
            raise ValueError(f"{value!r} is not a whole number")
        try:
            return hint(value)
        except ValueError:
            kind = "whole number" if hint is int else "number"
            raise ValueError(f"{value!r} is not a {kind}") from None
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            names = ", ".join(str(member.value) for member in hint)
            raise ValueError(f"{value!r} is none of {names}") from None
    if hint is Path:
        return Path(str(value)).expanduser()
    if hint is str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text: put it in quotes")
        return value
    raise ValueError(f"{value!r} cannot be given here")


def _is_sequence(origin: Any) -> bool:
    return (
        isinstance(origin, type)
        and origin.__module__ == "collections.abc"
        and (origin.__name__ == "Sequence")
    )
