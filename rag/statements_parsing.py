"""Statements out of a model's text while it still comes in: JSON by the schema, or lines.

Whatever a model writes, this gives statements with numbers and nothing else; a text cut short
gives those that were whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_MARKS = r"[\[【〔［(（]\s*\d{1,4}(?:\s*[,，、;；\-–]\s*\d{1,4})*\s*[\]】〕］)）]"
_LEADING = re.compile(
    rf"\s*(?:[-*•]\s+|\d{{1,2}}[.、)]\s+)?((?:{_MARKS}\s*[,，、]?\s*)+)[:：]?\s*(.+)$"
)
_TRAILING = re.compile(
    r"\s*(?:[-*•]\s+|\d{1,2}[.、)]\s+)?(.+?)\s*((?:[\[【〔［]\s*\d[\d\s,，、]*[\]】〕］]\s*)+)([。.!！]?)\s*$"
)
_NUMBER = re.compile(r"\d{1,4}")
_RANGE = re.compile(r"(\d{1,4})\s*[-–]\s*(\d{1,4})")
_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_OPEN_THINKING = re.compile(r"<think(?:ing)?>")
_MOST = 60_000  # characters: whatever goes on beyond is no answer
_MOST_NUMBERS = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as the model makes it, nothing of it checked."""

    text: str
    numbers: tuple[int, ...]  # () where it points at nothing: it cannot stand


def claims(pieces: Iterable[str]) -> Iterator[Claim]:
    """Each as soon as it is whole. What the pieces raise goes on to the caller, after them."""
    buffer = ""
    at = 0  # what of `buffer` has been read
    is_json: bool | None = None
    for piece in pieces:
        buffer += piece
        if len(buffer) > _MOST:
            break
        if _OPEN_THINKING.search(buffer):
            thought = _THINKING.sub("", buffer)
            if _OPEN_THINKING.search(thought):
                continue
            buffer, at = thought, 0
        if is_json is None:
            is_json = _looks_like_json(buffer)
        if is_json:
            found, at = _objects(buffer, at)
            yield from found
        elif is_json is False:
            end = buffer.rfind("\n") + 1
            yield from _lines(buffer[at:end])
            at = max(at, end)
    if is_json:
        found, _ = _objects(buffer, at)
        yield from found
    elif not _OPEN_THINKING.search(buffer):
        yield from _lines(buffer[at:])


def _looks_like_json(text: str) -> bool | None:
    """None while it cannot be told."""
    text = text.lstrip("\ufeff \t\r\n")
    if not text:
        return None
    if text.startswith("`"):
        return "{" in text if "\n" in text or "{" in text else None
    return (
        text[0] == "{"
        or (text[0] == "[" and not re.match(r"\[\s*\d", text) and len(text) > 1)
        or (None if text in ("[",) else False)
    )


def _objects(text: str, at: int) -> tuple[list[Claim], int]:
    """Innermost objects that are whole from `at` on, and where to go on reading."""
    found: list[Claim] = []
    start, i, inside, done = -1, at, False, at
    while i < len(text):
        char = text[i]
        if inside:
            if char == "\\":
                i += 1
            elif char == '"':
                inside = False
        elif char == '"':
            # A string outside of any object that could be a statement is passed over whole.
            inside = True
        elif char == "{":
            start = i
        elif char == "}":
            if start >= 0:
                claim = _claim(text[start : i + 1])
                if claim is not None:
                    found.append(claim)
                start = -1
            done = i + 1
        i += 1
    return found, done


def _claim(text: str) -> Claim | None:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    said = next(
        (data[k] for k in ("text", "statement", "陈述") if isinstance(data.get(k), str)), None
    )
    numbers = next(
        (data[k] for k in ("sentences", "citations", "numbers", "编号") if k in data), None
    )
    if isinstance(numbers, (int, str)) and not isinstance(numbers, bool):
        numbers = [numbers]
    if said is None or not isinstance(numbers, list):
        return None
    whole = [n for one in numbers if (n := _whole(one)) is not None]
    return _made(said, whole)


def _whole(one: Any) -> int | None:
    if isinstance(one, bool):
        return None
    if isinstance(one, int):
        return one
    if isinstance(one, str) and (match := re.fullmatch(r"\W*(\d{1,4})\W*", one)):
        return int(match[1])
    return None


def _lines(text: str) -> Iterator[Claim]:
    for line in text.splitlines():
        leading = _LEADING.match(line)
        if leading:
            marks, said = leading[1], leading[2]
        elif trailing := _TRAILING.match(line):
            marks, said = trailing[2], trailing[1] + trailing[3]
        else:
            continue
        numbers = [
            n for a, b in _RANGE.findall(marks) for n in range(int(a), min(int(b), int(a) + 9) + 1)
        ]
        numbers += [int(n) for n in _NUMBER.findall(marks)]
        claim = _made(said, numbers)
        if claim is not None:
            yield claim


def _made(said: str, numbers: list[int]) -> Claim | None:
    said = said.strip()
    if not said:
        return None
    return Claim(said, tuple(dict.fromkeys(numbers))[:_MOST_NUMBERS])
