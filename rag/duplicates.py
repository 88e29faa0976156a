"""What several documents say in the same words: said once, with all that say it.

A sentence with another number or name is not the same sentence: two sources that differ are a
conflict, and never collapsed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from rag.retrieval import Retrieval

SAME = 0.85  # share of common character pairs, of all that either has
SHORTEST = 10  # letters; shorter ones are alike by accident
_OTHER = re.compile(r"\W+")
_NUMERALS = "零〇一二三四五六七八九十百千万亿两"
_EXACT = re.compile(rf"\d+(?:[.,]\d+)*%?|[a-z]+|[{_NUMERALS}]+")
# The characters of `_EXACT` in a row: a look at them spares nearly every comparison of two texts.
_EXACT_RUN = re.compile(rf"[\da-z{_NUMERALS}]+")
# What turns a sentence into its opposite, or moves it to another time.
_TURNING = re.compile(r"不|未|没|无|非|否|上升|下降|增|减|涨|跌|今年|去年|上半年|下半年|月|日|年")


def same_as(retrieval: Retrieval, places: Sequence[int]) -> list[tuple[int, ...]]:
    """For each of `places` (of sentences, best first), that place and those that say the same.

    A place that an earlier one stands for is left out; further places of other documents that say
    the same are found among all sentences. Within a group: the earlier of `places` first, then by
    document and position. A document is in a group once.
    """
    keys = [found.candidate.key for found in retrieval.sentences]
    marked = _Marker(keys)
    ranked = set(places)
    everything = [*places, *(i for i in range(len(keys)) if i not in ranked)]
    sizes = [len(_OTHER.sub("", text)) for text in keys]
    groups: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for leader in places:
        if leader in taken:
            continue
        group = [leader]
        documents = {retrieval.sentences[leader].document.doc_id}
        if sizes[leader] >= SHORTEST:
            for i in everything:
                doc_id = retrieval.sentences[i].document.doc_id
                if i == leader or i in taken:
                    continue
                if not SAME <= sizes[i] / sizes[leader] <= 1 / SAME:
                    continue
                if not marked.are_same(leader, i):
                    continue
                taken.add(i)  # in the same document, too, it is said once
                if doc_id not in documents:
                    documents.add(doc_id)
                    group.append(i)
        taken.add(leader)
        groups.append(tuple(group))
    return groups


def first_alike(keys: Sequence[str]) -> list[int]:
    """For each passage, the place of the first that says the same: its own where none before does.

    Not one that only stands for another: whatever is the same is the same as its first.
    """
    marked = _Marker(keys)
    firsts: defaultdict[str, list[int]] = defaultdict(list)  # that say the same numbers and names
    out: list[int] = []
    for i, text in enumerate(keys):
        out.append(i)
        earlier = firsts["".join(_EXACT_RUN.findall(text))]
        probes = _probes(text) if earlier and len(text) >= SHORTEST else []
        for j in earlier:
            if not SAME <= len(text) / max(1, len(keys[j])) <= 1 / SAME:
                continue
            if any(probe in keys[j] for probe in probes) and marked.are_same(i, j):
                out[i] = j
                break
        else:
            earlier.append(i)
    return out


class _Marker:
    """What tells the texts at some places apart, found when it is first asked for."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._exact = cache(lambda i: _exact(keys[i]))  # what has to be equal
        self._pairs = cache(lambda i: _pairs(keys[i]))  # what has to be alike

    def are_same(self, a: int, b: int) -> bool:
        if self._exact(a) != self._exact(b):
            return False
        return _share(self._pairs(a), self._pairs(b)) >= SAME


def _probes(text: str) -> list[str]:
    """Pieces of which a text that says the same holds one."""
    return [text[i * len(text) // 8 :][:6] for i in range(8)]


def _exact(text: str) -> tuple[str, ...]:
    """Numbers, Latin words, and words that turn the meaning, in order."""
    found = [(m.start(), m.group().replace(",", "")) for m in _EXACT.finditer(text)]
    found += [(m.start(), m.group()) for m in _TURNING.finditer(text)]
    return tuple(word for _, word in sorted(found))


def _pairs(text: str) -> frozenset[str]:
    letters = _OTHER.sub("", text)
    return frozenset(map("".join, pairwise(letters)))


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))
