"""The short answer: the stretch of a sentence that is what a question asks for, or none.

Candidates (rag/answer_spans.py) are weighed by a small model whose named weights stand in
`short_answers.json`, made by benchmarks/fit_short_answers.py. Their scores and that of «none»,
which is 0, are turned into probabilities; below the threshold there is no short answer, which is
better than a wrong one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.answer_spans import SpanCandidate, figures, phrases
from rag.asking import COUNTED, DATE, MONEY, NUMBER, PERCENT, Asked
from rag.normalising import FUNCTION_WORDS
from rag.terms import Concept
from rag.units import UNITS

PATH = Path(__file__).parent / "short_answers.json"

_CLAUSE = re.compile(r"[,，;；:：。!！?？\n]")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_HAN = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """[start, end) of the sentence's key. `probability` that it is what was asked for."""

    start: int
    end: int
    probability: float
    candidate: SpanCandidate


@dataclass(frozen=True, slots=True)
class SpanModel:
    weights: Mapping[str, float]  # feature → weight
    threshold: float

    def scores(self, rows: Sequence[Mapping[str, float]]) -> list[float]:
        get = self.weights.get
        return [sum(get(name, 0.0) * value for name, value in row.items()) for row in rows]


@lru_cache(maxsize=1)
def shipped() -> SpanModel:
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return SpanModel(data["weights"], data["threshold"])


def short_answers(
    sentence_key: str,
    asked: Asked,
    question_key: str,
    concepts: Sequence[Concept],
    model: SpanModel | None = None,
) -> list[ShortAnswer]:
    """Candidates of a sentence, most probable first; [] where there are none."""
    if model is None:  # the judge asks, and then the reader
        return list(_weighed(sentence_key, asked, question_key, tuple(concepts)))
    return _best_first(sentence_key, asked, question_key, concepts, model)


@lru_cache(maxsize=64)
def _weighed(
    sentence_key: str, asked: Asked, question_key: str, concepts: tuple[Concept, ...]
) -> tuple[ShortAnswer, ...]:
    return tuple(_best_first(sentence_key, asked, question_key, concepts, shipped()))


def _best_first(
    sentence_key: str,
    asked: Asked,
    question_key: str,
    concepts: Sequence[Concept],
    model: SpanModel,
) -> list[ShortAnswer]:
    candidates = candidates_of(sentence_key, asked, question_key)
    if not candidates:
        return []
    rows = describe(candidates, sentence_key, asked, question_key, concepts)
    powers = [math.exp(min(s, 50.0)) for s in model.scores(rows)]
    total = 1.0 + sum(powers)
    found = [
        ShortAnswer(c.start, c.end, round(p / total, 4), c)
        for c, p in zip(candidates, powers, strict=True)
    ]
    return sorted(found, key=lambda a: (-a.probability, a.start, a.end))


def candidates_of(sentence_key: str, asked: Asked, question_key: str) -> list[SpanCandidate]:
    """What a sentence holds that may answer; numbers the question gives are constraints."""
    found = figures(sentence_key)
    given = set(_DIGITS.findall(question_key))
    counted = asked.type in COUNTED
    if not counted:
        found = found + phrases(sentence_key)
    kept: dict[tuple[int, int], SpanCandidate] = {}
    fitting = fitting_shapes(asked)
    for one in found:
        if counted and one.shape not in fitting:
            continue
        text = sentence_key[one.start : one.end]
        if text in question_key and (len(text) > 1 or not counted):
            continue
        numerals = _DIGITS.findall(text)
        if numerals and given.issuperset(numerals) and (counted or one.shape in ("date", "year")):
            continue
        kept.setdefault((one.start, one.end), one)
    return list(kept.values())


def unit_of(asked: Asked) -> str | None:
    """The asked unit whole: 标准箱, not its first character."""
    if asked.unit is None or not asked.head.startswith(asked.unit):
        return asked.unit
    sizes = range(min(len(asked.head), 5), len(asked.unit), -1)
    return next((asked.head[:n] for n in sizes if asked.head[:n] in UNITS), asked.unit)


# Units that mean other things as well: 几度, 多少度电, 几毛.
_VAGUE = frozenset(("度", "毛", "点", "分", "号", "国", "市", "县", "省", "级", "代", "时", "步"))
_ALL = frozenset(
    ("share", "points", "times", "money", "duration", "count", "measure", "bare", "date", "year")
)


def fitting_shapes(asked: Asked) -> frozenset[str]:
    """The shapes of figure that fit a question which asks for one."""
    if asked.type == DATE:
        return frozenset(("date", "year", "duration"))
    if asked.type == MONEY:
        # "How much grain" asks for no money.
        return frozenset(("money", "bare", "measure") if asked.english else ("money", "bare"))
    if asked.type == PERCENT or unit_of(asked) == "成":
        return frozenset(("share", "points", "times"))
    if asked.type != NUMBER:
        return _ALL
    unit = UNITS.get(unit_of(asked) or "")
    if unit is None:
        # How many people, 多少家: not 45亿元, nor 12%.
        return _ALL - {"money", "share", "points"} if asked.counts else _ALL
    if unit_of(asked) in _VAGUE:
        return _ALL
    if unit.dimension in ("seconds", "days", "months"):
        return frozenset(("duration", "date", "bare"))
    if unit.dimension.startswith("count:"):
        return frozenset(("count", "bare", "measure", "times"))
    if unit.dimension.startswith("money"):
        return frozenset(("money", "bare"))
    return frozenset(("measure", "bare", "count", unit.dimension))


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    worth: float
    number: int  # of the concept


def _matches(sentence_key: str, concepts: Sequence[Concept]) -> list[_Match]:
    """Where the question's concepts stand in the sentence, longest wordings first."""
    found: list[_Match] = []
    for number, concept in enumerate(concepts):
        terms = [(a.term, a.weight) for a in concept.alternatives]
        terms += [(piece, 0.4) for piece in concept.pieces]
        taken: list[tuple[int, int]] = []
        for term, weight in terms:
            at = sentence_key.find(term)
            while at >= 0:
                end = at + len(term)
                if not any(at < b and a < end for a, b in taken):
                    found.append(_Match(at, end, weight * concept.rarity, number))
                    taken.append((at, end))
                at = sentence_key.find(term, end)
    return found


def describe(
    candidates: Sequence[SpanCandidate],
    sentence_key: str,
    asked: Asked,
    question_key: str,
    concepts: Sequence[Concept],
) -> list[dict[str, float]]:
    """Named features of each candidate."""
    matches = _matches(sentence_key, concepts)
    total = sum(c.rarity for c in concepts) or 1.0
    left, right = _beside_question_word(asked, concepts)
    clause_ends = [m.start() for m in _CLAUSE.finditer(sentence_key)] + [len(sentence_key)]
    shapes: dict[str, int] = {}
    for one in candidates:
        shapes[one.shape] = shapes.get(one.shape, 0) + 1
    unit = UNITS.get(unit_of(asked) or "")
    question_pairs = {question_key[i : i + 2] for i in range(len(question_key) - 1)}
    clause_worth: dict[tuple[int, int], float] = {}
    cover = _covered(matches, 0, len(sentence_key), concepts) / total
    rarest = max(range(len(concepts)), key=lambda i: concepts[i].rarity) if concepts else -1
    has_rarest = float(any(m.number == rarest for m in matches))
    out = []
    for one in candidates:
        bounds = _clause_at(clause_ends, one.start)
        if bounds not in clause_worth:
            clause_worth[bounds] = _covered(matches, *bounds, concepts) / total
        features = _place(one, sentence_key, matches, left, right)
        features["clause"] = clause_worth[bounds]
        features["clause_best"] = float(bounds == max(clause_worth, key=clause_worth.__getitem__))
        _form(features, one, sentence_key, asked, unit, question_pairs)
        features["cover"] = cover
        features["rarest"] = has_rarest
        features["rivals"] = math.log(shapes[one.shape])
        out.append(features)
    best = max(clause_worth.values())
    for features in out:
        features["clause_best"] = float(features["clause"] >= best - 1e-9)
        features["clause_gap"] = best - features["clause"]
    if asked.type not in COUNTED:
        return out
    # What helps to choose among figures is not what helps to choose among phrases.
    return [{f"#{name}": value for name, value in row.items()} for row in out]


def _beside_question_word(asked: Asked, concepts: Sequence[Concept]) -> tuple[set[int], set[int]]:
    """The concepts right before and right after the first question word."""
    if not asked.asking:
        return set(), set()
    start, end = asked.asking[0]
    before = [i for i, c in enumerate(concepts) if c.end <= start]
    after = [i for i, c in enumerate(concepts) if c.start >= end]
    return set(before[-1:]), set(after[:1])


def _clause_at(ends: Sequence[int], place: int) -> tuple[int, int]:
    start = 0
    for end in ends:
        if place < end:
            return start, end
        start = end + 1
    return start, ends[-1]


def _covered(matches: Sequence[_Match], start: int, end: int, concepts: Sequence[Concept]) -> float:
    best = [0.0] * len(concepts)
    for m in matches:
        if start <= m.start and m.end <= end:
            best[m.number] = max(best[m.number], m.worth)
    return sum(best)


def _near(gap: int) -> float:
    """1 for neighbours, 1/2 at six characters, towards 0 far off."""
    return 1 / (1 + max(gap, 0) / 6)


def _place(
    one: SpanCandidate,
    sentence_key: str,
    matches: Sequence[_Match],
    left: set[int],
    right: set[int],
) -> dict[str, float]:
    near_before = near_after = near_left = near_right = around = overlap = 0.0
    for m in matches:
        if m.start < one.end and one.start < m.end:
            overlap += min(m.end, one.end) - max(m.start, one.start)
            continue
        before = m.end <= one.start
        gap = one.start - m.end if before else m.start - one.end
        value = _near(gap)
        around += m.worth * value
        if before:
            near_before = max(near_before, value)
        else:
            near_after = max(near_after, value)
        if m.number in left:
            near_left = max(near_left, value)
        if m.number in right:
            near_right = max(near_right, value)
    size = one.end - one.start
    return {
        "bias": 1.0,
        "near_before": near_before,
        "near_after": near_after,
        "near_left": near_left,
        "near_right": near_right,
        "around": around,
        "overlap": min(1.0, overlap / size),
        "overlap_all": float(overlap >= size),
        "position": one.start / max(1, len(sentence_key)),
    }


def _form(
    features: dict[str, float],
    one: SpanCandidate,
    sentence_key: str,
    asked: Asked,
    unit: object,
    question_pairs: set[str],
) -> None:
    text = sentence_key[one.start : one.end]
    size = len(text)
    kind = asked.type
    features[f"{kind}:{one.shape}"] = 1.0
    features["length"] = math.log(size)
    features["length2"] = math.log(size) ** 2
    if asked_unit := unit_of(asked):
        quantity = one.quantity
        fits = text.endswith(asked_unit) or (
            quantity is not None
            and bool(quantity.unit)
            and getattr(unit, "name", None) == quantity.unit
        )
        features["unit"] = float(fits)
        features["unit_other"] = float(not fits and quantity is not None and bool(quantity.unit))
    if asked.head:
        features["head"] = float(text.endswith(asked.head[:2]) or text.endswith(asked.head[:1]))
        features["head_after"] = float(sentence_key.startswith(asked.head[:2], one.end))
        features[f"ask={asked.head[:1]}&{one.shape}"] = 1.0
    before = sentence_key[one.start - 1] if one.start else "^"
    after = sentence_key[one.end] if one.end < len(sentence_key) else "$"
    features[f"left={before}"] = 1.0
    features[f"right={after}"] = 1.0
    group = "#" if one.quantity is not None or one.shape in ("date", "year") else kind
    features[f"{group}|left={before}"] = 1.0
    if one.quantity is None and one.shape not in ("date", "year", "quoted", "in_quotes"):
        features[f"first={text[0]}"] = 1.0
        features[f"last={text[-1]}"] = 1.0
        inner = sum(word in text for word in ("的", "是", "了", "在", "为", "被", "将"))
        features["inner"] = float(inner)
        pairs = [text[i : i + 2] for i in range(size - 1)]
        features["asked_pairs"] = sum(p in question_pairs for p in pairs) / max(1, len(pairs))
        features["joined"] = float(
            bool(_HAN.match(before)) and before not in FUNCTION_WORDS and before != "是"
        ) + float(bool(_HAN.match(after)) and after not in FUNCTION_WORDS and after != "是")
