"""What a document itself says two names of one thing are: 美国地质调查局（USGS）, 以下简称…

Precise rather than complete: a name in brackets tells where the other one ends, not where it
begins. A beginning is taken only on evidence: quotation marks, the initials of an English name, the
characters that a Chinese short form has kept, a repetition in the document, or a word before it
that no name reaches over and a length that fits.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from index.alias_edges import (
    ACRONYM,
    AND_WORDS,
    HAN_NAME,
    SMALL_WORDS,
    chinese_name,
    fitting_length,
    full_name,
    is_stop,
    quoted_name,
)
from index.alias_words import FOREIGN
from index.glossary import QUOTE_MARKS, Alias, alias_key
from index.schema import BlockKind, Document, Sentence, Span
from index.segmenting import token_spans

# Part of every library's format: bump it when other aliases are found in the same text.
ALIASES_VERSION = 1

INITIALS, TRANSLATION, NAMED = "initials", "translation", "named"

_BEFORE = 90  # characters that are looked at before a bracket
_BRACKET = re.compile(r"[（(]([^（()）\n]{2,90})[）)]")
_LATIN_NAME = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9&.’'+/\- ]*[A-Za-zÀ-ÿ0-9.+]")
_LATIN_TAIL = re.compile(r"(?:[A-Za-z][\w&’'\-]*[ ])*[A-Za-z][\w&’'\-]*\Z", re.ASCII)
_NAMING = re.compile(
    r"(?:以下|下文|下|后文|文中)?(?:统一)?"
    r"(?:(?P<abridged>简称|称|缩写)|又称|又名|亦称|也称|也叫|俗称|别名|旧称|原名|英文名|中文名|全称)"
    r"(?:为|作|是)?[:：]?\s*"
)
_PARTS = re.compile(r"[，,、；;]\s*|\s+or\s+|或")
_NOT_NAMES = re.compile(
    r"(?i)(?:www\.|https?:|see\b|e\.?g\b|i\.?e\b|etc\b|fig|table|tab\b|no\.|vol|pp?\.|ed\b|eds\b|"
    r"ibid|app$|inc\.?$|ltd\.?$|pdf$|doi|[A-Z.\-]+\.(?:US|HK|SH|SZ|N|O|L|T|SS|OQ|PA|DE)$|"
    r"usd$|rmb$|cny$|yoy$|qoq$|mom$|reuters$|bloomberg$|afp$|ap$|cnn$|bbc$|xinhua$|the$|source)"
)


def mine(document: Document, sentences: Sequence[Sentence]) -> list[Alias]:
    """The pairs of names, each where it stands first, in order of the text; [] for none."""
    spans = sorted(
        span
        for sentence in sentences
        if document.blocks[sentence.block].kind is not BlockKind.REFERENCE
        for span in sentence.spans
    )
    starts = [span.start for span in spans]
    found: list[Alias] = []
    seen: set[tuple[str, str]] = set()
    tried: set[str] = set()
    text = document.text
    for match in _BRACKET.finditer(text):
        i = bisect_right(starts, match.start()) - 1
        if i < 0 or match.end() > spans[i].end:
            continue
        first = max(spans[i].start, match.start() - _BEFORE)
        if (context := text[first : match.end()]) in tried:
            continue  # a boilerplate line: seen once is enough
        tried.add(context)
        for alias in _of_bracket(text, first, match):
            names = (alias_key(_cut(text, alias.long)), alias_key(_cut(text, alias.short)))
            if names[0] != names[1] and all(names) and names not in seen:
                seen.add(names)
                found.append(alias)
    return sorted(found, key=lambda alias: (alias.long, alias.short))


def _cut(text: str, span: Span) -> str:
    return text[span.start : span.end]


# --- one bracket ---


def _of_bracket(text: str, first: int, match: re.Match[str]) -> Iterator[Alias]:
    """`first`: where the sentence begins, or where it is too far away."""
    outer_end = match.start()
    while outer_end > first and text[outer_end - 1] in "  \t":
        outer_end -= 1
    latin: list[Span] = []
    for part, naming in _parts(text, match.start(1), match.end(1)):
        if part is None:
            continue
        inside = _cut(text, part)
        if naming and not inside.isascii():
            is_abridged = naming["abridged"] is not None
            long = full_name(text, first, outer_end, inside, is_abridged)
            if long is not None:
                yield Alias(long, part, NAMED)
        elif _LATIN_NAME.fullmatch(inside):
            if _NOT_NAMES.match(inside) or sum(c.isalpha() for c in inside) < 2:
                continue
            latin.append(part)
            yield from _latin_inside(text, first, outer_end, part)
        elif HAN_NAME.fullmatch(inside) and part == Span(*match.span(1)):
            yield from _han_inside(text, first, outer_end, part)
    for one in latin:  # （World Trade Organization，WTO）
        for other in latin:
            acronym = _cut(text, other)
            if ACRONYM.fullmatch(acronym) and _spells(_cut(text, one), acronym):
                yield Alias(one, other, INITIALS)


def _parts(text: str, start: int, end: int) -> Iterator[tuple[Span | None, re.Match[str] | None]]:
    """(name, the 简称 or the like that introduces it) of each part of a bracket's content."""
    edges = [start]
    for separator in _PARTS.finditer(text, start, end):
        edges += [separator.start(), separator.end()]
    edges.append(end)
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        while a < b and text[a].isspace():
            a += 1
        naming = _NAMING.match(text, a, b)
        a = naming.end() if naming else a
        while a < b and (text[a].isspace() or text[a] in QUOTE_MARKS):
            a += 1
        while a < b and (text[b - 1].isspace() or text[b - 1] in QUOTE_MARKS):
            b -= 1
        yield (Span(a, b) if a < b else None), naming


def _latin_inside(text: str, first: int, end: int, part: Span) -> Iterator[Alias]:
    """美国地质调查局（USGS）, Bureau of Industry and Security (BIS), AWC（Asset World Corp）"""
    inside = _cut(text, part)
    tail = _LATIN_TAIL.search(text[first:end])
    if tail is not None:
        if ACRONYM.fullmatch(inside):
            words = list(re.finditer(r"[^\s\-]+", tail[0]))
            for count in range(1, min(len(words), len(inside) + 5) + 1):
                begin = words[-count].start()
                if _spells(tail[0][begin:], inside):
                    yield Alias(Span(first + tail.start() + begin, end), part, INITIALS)
                    return
        else:
            outside = re.search(r"[^\s]+\Z", tail[0])
            if outside and ACRONYM.fullmatch(outside[0]) and _spells(inside, outside[0]):
                yield Alias(part, Span(end - len(outside[0]), end), INITIALS)
        return
    long = quoted_name(text, first, end)
    if long is None and not (inside.islower() and " " not in inside):
        long = chinese_name(text, first, end, inside)
    if long is not None:
        yield Alias(long, part, TRANSLATION)


def _han_inside(text: str, first: int, end: int, part: Span) -> Iterator[Alias]:
    """USGS（美国地质调查局）"""
    outside = re.search(r"[A-Za-z][A-Za-z\-]+\Z", text[first:end])
    inside = _cut(text, part)
    words = [token for token, _, _ in token_spans(inside)]
    if outside is None or any(is_stop(word) for word in words if word not in AND_WORDS):
        return
    before = text[first : end - len(outside[0])][-1:]
    if before.isascii() and (before.isalnum() or before in " -/.") and before:
        return  # the last word of a longer name
    low, _, high = fitting_length(outside[0], False)
    is_name = ACRONYM.fullmatch(outside[0]) or all(c in FOREIGN for c in inside)
    if is_name and low <= len(inside) <= high:
        yield Alias(part, Span(end - len(outside[0]), end), TRANSLATION)


def _spells(name: str, acronym: str) -> bool:
    """Whether the letters are those of the words: their initials in order, small words left out.

    Source: after Schwartz & Hearst, PSB 2003, with initials only.
    """
    words = [w for w in re.split(r"[\s\-/&]+", name) if w]
    if len(words) < 2 or len(acronym) < 2:
        return False
    plain = re.sub(r"[^A-Za-z]", "", acronym)
    for letters in {plain, plain.removesuffix("s")}:
        for chosen in (words, [w for w in words if w.lower() not in SMALL_WORDS]):
            if len(letters) > 1 and "".join(w[0] for w in chosen).lower() == letters.lower():
                return True
    return False
