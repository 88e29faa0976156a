"""jieba's way to cut a text into words, in one walk: the same words at half the cost.

jieba looks every fragment up twice and hands each word through four generators; a question cuts
several sentences. What its hidden Markov model guesses is still asked of jieba.
Source: jieba 0.42.1, `Tokenizer.cut`; a test holds both equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import log

Look = Callable[[str], int | None]  # frequency of a word, 0 of what only begins one, else None
Guess = Callable[[str], Iterable[str]]

_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_SPACE = re.compile(r"(\r\n|\s)")
_LETTER = re.compile("[a-zA-Z0-9]")


def cut(text: str, look: Look, total: int, guess: Guess | None) -> list[str]:
    """The likeliest words of a text, which they make up; `total`: the sum of all frequencies.

    `guess` cuts a run of characters that make no words of the dictionary; None leaves them single,
    but letters and digits together.
    """
    words: list[str] = []
    log_total = log(total)
    for number, block in enumerate(_BLOCK.split(text)):
        if number % 2:
            ends = _likeliest(block, look, log_total)
            if guess is None:
                _without_guessing(block, ends, words)
            else:
                _with_guessing(block, ends, look, guess, words)
        else:
            for at, part in enumerate(_SPACE.split(block)):
                if at % 2:
                    words.append(part)
                else:
                    words += part
    return words


def _likeliest(block: str, look: Look, log_total: float) -> list[int]:
    """For each place, where the word ends that begins there on the likeliest way to the end."""
    n = len(block)
    best, ends = [0.0] * (n + 1), [0] * n
    for start in range(n - 1, -1, -1):
        top, top_end = float("-inf"), 0
        end = start + 1
        while end <= n and (frequency := look(block[start:end])) is not None:
            if frequency:
                value = log(frequency) - log_total + best[end]
                if value >= top:  # of equally likely ones the longest
                    top, top_end = value, end
            end += 1
        if not top_end:
            top, top_end = 0.0 - log_total + best[start + 1], start + 1
        best[start], ends[start] = top, top_end
    return ends


def _with_guessing(block: str, ends: list[int], look: Look, guess: Guess, words: list[str]) -> None:
    at = single = 0  # characters [single, at) stand by themselves
    while at < len(block):
        end = ends[at]
        if end > at + 1:
            _add_run(block[single:at], look, guess, words)
            words.append(block[at:end])
            single = end
        at = end
    _add_run(block[single:], look, guess, words)


def _add_run(run: str, look: Look, guess: Guess, words: list[str]) -> None:
    words += guess(run) if len(run) > 1 and not look(run) else run


def _without_guessing(block: str, ends: list[int], words: list[str]) -> None:
    at, run = 0, ""
    while at < len(block):
        word = block[at : ends[at]]
        at = ends[at]
        if len(word) == 1 and _LETTER.match(word):
            run += word
            continue
        if run:
            words.append(run)
            run = ""
        words.append(word)
    if run:
        words.append(run)
