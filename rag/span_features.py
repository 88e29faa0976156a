"""What is measured about a candidate for the short answer, and the weighed sum of it.

`describe` says it by name, for fitting; `scores_of` comes to the same sums in a tenth of the time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rag.answer_spans import SpanCandidate
from rag.asking import COUNTED, Asked
from rag.normalising import FUNCTION_WORDS
from rag.terms import Concept
from rag.units import UNITS

_CLAUSE = re.compile(r"[,，;；:：。!！?？\n]")
_HAN = re.compile(r"[㐀-鿿]")
_OF_FIGURES = "#"  # before the names of features of figures, which are weighed by themselves
_FIGURES = ("date", "year")  # shapes of figures that are no quantities
_QUOTES = ("quoted", "in_quotes")
_FILLING = ("的", "是", "了", "在", "为", "被", "将")
_FILLING_CODES = np.array([ord(word) for word in _FILLING], dtype=np.uint32)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def unit_of(asked: Asked) -> str | None:
    """The asked unit whole: 标准箱, not its first character."""
    if asked.unit is None or not asked.head.startswith(asked.unit):
        return asked.unit
    sizes = range(min(len(asked.head), 5), len(asked.unit), -1)
    return next((asked.head[:n] for n in sizes if asked.head[:n] in UNITS), asked.unit)


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
    bounds_of = [_clause_at(clause_ends, one.start) for one in candidates]
    clause_worth = {
        bounds: _covered(matches, *bounds, concepts) / total for bounds in dict.fromkeys(bounds_of)
    }
    best = max(clause_worth.values())
    cover = _covered(matches, 0, len(sentence_key), concepts) / total
    rarest = max(range(len(concepts)), key=lambda i: concepts[i].rarity) if concepts else -1
    has_rarest = float(any(m.number == rarest for m in matches))
    out = []
    for one, bounds in zip(candidates, bounds_of, strict=True):
        features = _place(one, sentence_key, matches, left, right)
        features["clause"] = clause_worth[bounds]
        features["clause_best"] = float(clause_worth[bounds] >= best - 1e-9)
        _form(features, one, sentence_key, asked, unit, question_pairs)
        features["cover"] = cover
        features["rarest"] = has_rarest
        features["rivals"] = math.log(shapes[one.shape])
        features["clause_gap"] = best - clause_worth[bounds]
        out.append(features)
    if asked.type not in COUNTED:
        return out
    # What helps to choose among figures is not what helps to choose among phrases.
    return [{f"{_OF_FIGURES}{name}": value for name, value in row.items()} for row in out]


class SpanWeights(dict[str, float]):
    """Weights by names of features; 0 for those that have none.

    Several threads ask at once, so nothing is added to it: `beginning` goes through them all.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__(weights)
        self._beginning: dict[str, SpanWeights] = {}
        self._characters: dict[str, tuple[Mapping[str, int], Floats]] = {}

    def __missing__(self, name: str) -> float:
        return 0.0

    def beginning(self, prefix: str) -> SpanWeights:
        """Those whose names begin so, by the rest of their names."""
        found = self._beginning.get(prefix)
        if found is None:
            size = len(prefix)
            found = SpanWeights({k[size:]: v for k, v in self.items() if k.startswith(prefix)})
            self._beginning[prefix] = found
        return found

    def of_characters(self, kind: str) -> tuple[Mapping[str, int], Floats]:
        """What characters are worth beside and in a candidate: the row of each, and the rows.

        Row 0 is of all others. Columns: before it, after it, before a phrase that answers this
        kind of question, before a figure, first and last of a phrase.
        """
        if kind not in self._characters:
            columns = [
                self.beginning(prefix)
                for prefix in ("left=", "right=", f"{kind}|left=", "#|left=", "first=", "last=")
            ]
            known = sorted({name for column in columns for name in column})
            weights = [[column.get(name, 0.0) for column in columns] for name in ["", *known]]
            rows = {name: row for row, name in enumerate(known, start=1)}
            self._characters[kind] = rows, np.array(weights)
        return self._characters[kind]


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
    group = "#" if one.quantity is not None or one.shape in _FIGURES else kind
    features[f"{group}|left={before}"] = 1.0
    if one.quantity is None and one.shape not in (*_FIGURES, *_QUOTES):
        features[f"first={text[0]}"] = 1.0
        features[f"last={text[-1]}"] = 1.0
        inner = sum(word in text for word in _FILLING)
        features["inner"] = float(inner)
        pairs = [text[i : i + 2] for i in range(size - 1)]
        features["asked_pairs"] = sum(p in question_pairs for p in pairs) / max(1, len(pairs))
        features["joined"] = float(_goes_on(before)) + float(_goes_on(after))


def scores_of(
    candidates: Sequence[SpanCandidate],
    sentence_key: str,
    asked: Asked,
    question_key: str,
    concepts: Sequence[Concept],
    weights: SpanWeights,
) -> list[float]:
    """For each candidate the sum of `describe`'s values times their weights, in their order.

    At least one candidate.
    """
    by = weights.beginning(_OF_FIGURES) if asked.type in COUNTED else weights
    starts = np.array([c.start for c in candidates])
    ends = np.array([c.end for c in candidates])
    matches = _matches(sentence_key, concepts)
    total = sum(c.rarity for c in concepts) or 1.0
    left, right = _beside_question_word(asked, concepts)
    sums = np.full(len(candidates), by["bias"])
    if matches:
        before, gaps = _nearness(matches, starts, ends)
        worth = np.array([m.worth for m in matches])
        numbers = [m.number for m in matches]
        sums += by["near_before"] * np.where(before, gaps, 0.0).max(axis=0)
        sums += by["near_after"] * np.where(before, 0.0, gaps).max(axis=0)
        for name, beside in (("near_left", left), ("near_right", right)):
            rows = [i for i, number in enumerate(numbers) if number in beside]
            if rows:
                sums += by[name] * gaps[rows].max(axis=0)
        # Added up one by one, as `describe` does: the last bits depend on the order.
        sums += by["around"] * np.add.accumulate(worth[:, None] * gaps, axis=0)[-1]
        first = np.array([m.start for m in matches])[:, None]
        last = np.array([m.end for m in matches])[:, None]
        common = np.maximum(np.minimum(last, ends) - np.maximum(first, starts), 0).sum(axis=0)
        sums += by["overlap"] * np.minimum(1.0, common / (ends - starts))
        sums += by["overlap_all"] * (common >= ends - starts)
    sums += by["position"] * (starts / max(1, len(sentence_key)))
    clause_ends = [m.start() for m in _CLAUSE.finditer(sentence_key)] + [len(sentence_key)]
    clauses = np.searchsorted(clause_ends, starts, side="right")
    worths = {
        i: _covered(matches, clause_ends[i - 1] + 1 if i else 0, clause_ends[i], concepts) / total
        for i in dict.fromkeys(clauses.tolist())
    }
    best = max(worths.values())
    here = np.array([worths[i] for i in clauses.tolist()])
    rarest = max(range(len(concepts)), key=lambda i: concepts[i].rarity) if concepts else -1
    shapes: dict[str, int] = {}
    for one in candidates:
        shapes[one.shape] = shapes.get(one.shape, 0) + 1
    rivals = {shape: by["rivals"] * math.log(n) for shape, n in shapes.items()}
    sums += by["clause"] * here
    sums += by["clause_best"] * (here >= best - 1e-9)
    for part in _form_parts(candidates, starts, ends, sentence_key, asked, question_key, by):
        sums += part
    sums += by["cover"] * (_covered(matches, 0, len(sentence_key), concepts) / total)
    sums += by["rarest"] * float(any(m.number == rarest for m in matches))
    sums += [rivals[c.shape] for c in candidates]
    sums += by["clause_gap"] * (best - here)
    return sums.tolist()


def _nearness(
    matches: Sequence[_Match], starts: Ints, ends: Ints
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(matches, candidates): whether a match stands before; how near, 0 where they overlap."""
    first = np.array([m.start for m in matches])[:, None]
    last = np.array([m.end for m in matches])[:, None]
    before = last <= starts
    gaps = np.where(before, starts - last, first - ends)
    near = 1 / (1 + np.maximum(gaps, 0) / 6)
    near[(first < ends) & (starts < last)] = 0.0
    return before, near


def _form_parts(
    candidates: Sequence[SpanCandidate],
    starts: Ints,
    ends: Ints,
    sentence_key: str,
    asked: Asked,
    question_key: str,
    by: SpanWeights,
) -> Iterator[Floats]:
    """What the form of each candidate is worth, part by part, in `_form`'s order."""
    kind, head, asked_unit = asked.type, asked.head, unit_of(asked)
    shapes = [c.shape for c in candidates]
    sizes = (ends - starts).tolist()
    logs = {size: math.log(size) for size in set(sizes)}
    kinds = list(dict.fromkeys(shapes))
    numbers = {shape: number for number, shape in enumerate(kinds)}
    of_shape = np.array([numbers[shape] for shape in shapes])
    yield np.array([by[f"{kind}:{shape}"] for shape in kinds])[of_shape]
    yield by["length"] * np.array([logs[size] for size in sizes])
    yield by["length2"] * np.array([logs[size] ** 2 for size in sizes])
    texts = [sentence_key[c.start : c.end] for c in candidates] if asked_unit or head else []
    if asked_unit:
        unit = UNITS.get(asked_unit)
        has_unit = [c.quantity is not None and bool(c.quantity.unit) for c in candidates]
        fits = [
            text.endswith(asked_unit)
            or (
                has and unit is not None and c.quantity is not None and unit.name == c.quantity.unit
            )
            for c, text, has in zip(candidates, texts, has_unit, strict=True)
        ]
        other = [has and not fit for has, fit in zip(has_unit, fits, strict=True)]
        yield by["unit"] * np.array(fits)
        yield by["unit_other"] * np.array(other)
    if head:
        ending, following = (head[:2], head[:1]), head[:2]
        yield by["head"] * np.array([text.endswith(ending) for text in texts])
        after = [sentence_key.startswith(following, c.end) for c in candidates]
        yield by["head_after"] * np.array(after)
        yield np.array([by[f"ask={head[:1]}&{shape}"] for shape in kinds])[of_shape]
    # The sentence between two marks: what stands at `starts` stands before a candidate.
    around = f"^{sentence_key}$"
    rows, worths = by.of_characters(kind)
    left, right, of_kind, of_figure, first, last = worths[[rows.get(char, 0) for char in around]].T
    yield left[starts]
    yield right[ends + 1]
    is_figure = np.array([c.quantity is not None or c.shape in _FIGURES for c in candidates])
    yield np.where(is_figure, of_figure[starts], of_kind[starts])
    is_quote = np.array([shape in _QUOTES for shape in kinds])[of_shape]
    is_phrase = ~(is_figure | is_quote)
    yield is_phrase * first[starts + 1]
    yield is_phrase * last[ends]
    codes = np.frombuffer(sentence_key.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    filling = _reached(codes == _FILLING_CODES[:, None])
    inner = (filling[:, ends] > filling[:, starts]).sum(axis=0)
    yield is_phrase * (by["inner"] * inner)
    question_pairs = {question_key[i : i + 2] for i in range(len(question_key) - 1)}
    said = _reached(
        np.array([pair in question_pairs for pair in map("".join, pairwise(sentence_key))])
    )
    share = (said[ends - 1] - said[starts]) / np.maximum(1, ends - starts - 1)
    yield is_phrase * (by["asked_pairs"] * share)
    goes_on = np.array([_goes_on(char) for char in around], dtype=np.int64)
    yield is_phrase * (by["joined"] * (goes_on[starts] + goes_on[ends + 1]))


def _reached(flags: npt.NDArray[np.bool_]) -> Ints:
    """How many of the flags before each place are set, along the last axis; one place more."""
    counts = np.zeros((*flags.shape[:-1], flags.shape[-1] + 1), dtype=np.int64)
    np.cumsum(flags, axis=-1, out=counts[..., 1:])
    return counts


@lru_cache(maxsize=10_000)
def _goes_on(beside: str) -> bool:
    """Whether a word may go on with the character beside a phrase."""
    return bool(_HAN.match(beside)) and beside not in FUNCTION_WORDS and beside != "是"
