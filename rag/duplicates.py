"""What several documents say in the same words: said once, with all that say it.

A sentence with another number or name is not the same sentence: two sources that differ are a
conflict, and never collapsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from rag.retrieval import Retrieval

SAME = 0.85  # share of common character pairs, of all that either has
SHORTEST = 10  # letters; shorter ones are alike by accident
Marks = tuple[tuple[str, ...], frozenset[str]]  # what has to be equal, and what alike
_LETTERS = re.compile(r"\w")
_EXACT = re.compile(r"\d+(?:[.,]\d+)*%?|[a-z]+|[零〇一二三四五六七八九十百千万亿两]+")
# What turns a sentence into its opposite, or moves it to another time.
_TURNING = re.compile(r"不|未|没|无|非|否|上升|下降|增|减|涨|跌|今年|去年|上半年|下半年|月|日|年")


def same_as(retrieval: Retrieval, places: Sequence[int]) -> list[tuple[int, ...]]:
    """For each of `places` (of sentences, best first), that place and those that say the same.

    A place that an earlier one stands for is left out; further places of other documents that say
    the same are found among all sentences. Within a group: the earlier of `places` first, then by
    document and position. A document is in a group once.
    """
    keys = [found.candidate.key for found in retrieval.sentences]
    marked = _marker(keys)
    ranked = set(places)
    everything = [*places, *(i for i in range(len(keys)) if i not in ranked)]
    sizes = [len(_LETTERS.findall(text)) for text in keys]
    groups: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for leader in places:
        if leader in taken:
            continue
        group = [leader]
        documents = {retrieval.sentences[leader].document.doc_id}
        if sizes[leader] >= SHORTEST:
            exact, pairs = marked(leader)
            for i in everything:
                doc_id = retrieval.sentences[i].document.doc_id
                if i == leader or i in taken:
                    continue
                if not SAME <= sizes[i] / sizes[leader] <= 1 / SAME:
                    continue
                if marked(i)[0] != exact or _share(pairs, marked(i)[1]) < SAME:
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
    marked = _marker(keys)
    out: list[int] = []
    earlier = ""
    for i, text in enumerate(keys):
        out.append(i)
        # A look through all at once spares nearly every comparison of two.
        probes = [probe for probe in _probes(text) if probe in earlier]
        earlier += text + "\n"
        if not probes or len(text) < SHORTEST:
            continue
        for j in range(i):
            if out[j] != j or not SAME <= len(text) / max(1, len(keys[j])) <= 1 / SAME:
                continue
            if not any(probe in keys[j] for probe in probes):
                continue
            (exact, pairs), (its_exact, its_pairs) = marked(i), marked(j)
            if exact == its_exact and _share(pairs, its_pairs) >= SAME:
                out[i] = j
                break
    return out


def _marker(keys: Sequence[str]) -> Callable[[int], Marks]:
    """What tells the texts at some places apart, found when it is first asked for."""
    return cache(lambda i: (_exact(keys[i]), _pairs(keys[i])))


def _probes(text: str) -> list[str]:
    """Pieces of which a text that says the same holds one."""
    return [text[i * len(text) // 8 :][:6] for i in range(8)]


def _exact(text: str) -> tuple[str, ...]:
    """Numbers, Latin words, and words that turn the meaning, in order."""
    found = [(m.start(), m.group().replace(",", "")) for m in _EXACT.finditer(text)]
    found += [(m.start(), m.group()) for m in _TURNING.finditer(text)]
    return tuple(word for _, word in sorted(found))


def _pairs(text: str) -> frozenset[str]:
    letters = "".join(_LETTERS.findall(text))
    return frozenset(letters[i : i + 2] for i in range(len(letters) - 1))


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))
