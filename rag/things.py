"""What a question speaks of, and which of it a sentence says in any of the words that say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.resolving import carried_over
from rag.retrieval import Retrieval
from rag.terms import Concept, contains
from rag.units import UNITS

_TELLING = 0.45  # rarity from which a concept has to be shared by both sides
_SOME = 0.2  # … from which it counts for what documents answer with
_LATIN = re.compile(r"[a-z]{5,}")
_DERIVED = 0.8
_TIME = re.compile(
    r"(?:\d|年|月|日|号|季|度|底|末|初|中|今|去|前|上|下|半|截至|第?[一二三四]|现在|目前|以来|q)+"
)
# Words for the size of anything: the figure says it, whatever the sentence calls it.
_SIZE = re.compile(
    r"规模|装机|数量|总量|总数|总额|总计|数额|金额|数字|数据|水平|情况|容量|个数|人数|家数|一共|总共|到底|究竟"
)
_AREA = re.compile(r"[㐀-鿿]{2}[省市县区镇乡村]$")
_ALL_OF = re.compile(r"(?:全|本|我)[国省市县区镇乡村校院厂]")


class Things:
    """What one question speaks of, without dates, units and words for the size of anything."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        question = retrieval.question.key
        beside_titles = _appositions(question, retrieval.concepts)
        whole = [_without_year(c, question) for c in retrieval.concepts if c not in beside_titles]
        self.all = [
            c
            for c in whole
            if c.rarity >= _SOME
            and not is_date(c)
            and _SIZE.sub("", c.term)
            and c.term not in UNITS
            and not _ALL_OF.fullmatch(c.term)
        ]
        self.telling = [c for c in self.all if c.rarity >= _TELLING]
        self.weight = sum(c.rarity for c in self.telling)
        self._told: dict[int, list[bool]] = {}

    def is_told(self, place: int, share: float) -> bool:
        """Whether a sentence says so much of the telling things, by rarity."""
        told = zip(self.telling, self.tells(place), strict=True)
        return sum(c.rarity for c, says in told if says) >= share * self.weight

    def tells(self, place: int) -> list[bool]:
        """Which of the telling things a sentence says, with its headings.

        What stands in the two sentences before counts too, except for rows of tables.
        """
        if place not in self._told:
            found = self._retrieval.sentences[place]
            own = f"{found.candidate.key}\n{found.candidate.headings}"
            before = ""
            if found.candidate.kind != "table_row":
                before = carried_over(found, self._retrieval)
            self._told[place] = [
                said(c, own) >= 0.5 or said(c, before) >= 0.5 for c in self.telling
            ]
        return self._told[place]


def is_date(concept: Concept) -> bool:
    """Whether it is a date or a part of one: 2025, 年底."""
    return _TIME.fullmatch(concept.term) is not None


def without_size(keyed: str) -> str:
    """A text without words for the size of anything."""
    return _SIZE.sub(" ", keyed)


def _appositions(question_key: str, concepts: Sequence[Concept]) -> list[Concept]:
    """What stands right before a title says what it is, and is said or not: 新编越剧《寒江月》."""
    found, at = [], question_key.find("《")
    while at > 0 and (before := [c for c in concepts if c.end == at]):
        found += before
        at = min(c.start for c in before)
    return found


def _without_year(concept: Concept, question_key: str) -> Concept:
    """2025年砚川水库: an unknown name takes the 年 before it, as words are cut."""
    first, *others = concept.alternatives
    after_year = question_key[: concept.start][-1:].isdigit() and first.term.startswith("年")
    if not after_year or len(first.term) < 2:
        return concept
    return replace(concept, alternatives=(replace(first, term=first.term[1:]), *others))


def said(concept: Concept, keyed: str) -> float:
    """How far a text says a concept, in any of its words, [0, 1]."""
    best = max((a.weight for a in concept.alternatives if contains(keyed, a.term)), default=0.0)
    if not best and _AREA.search(concept.term) and _of_all(concept.term) in keyed:
        return 1.0
    if not best and _LATIN.fullmatch(concept.term) and concept.term in keyed:
        return _DERIVED  # employ, employment
    if best < 0.5 and (pieces := concept.pieces):
        best = max(best, 0.8 * sum(p in keyed for p in pieces) / len(pieces))
    return best


def _of_all(area: str) -> str:
    """青屿全省, of 青屿省."""
    return f"{area[:-1]}全{area[-1]}"
