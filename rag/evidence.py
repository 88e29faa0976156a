"""How far the best sentences meet what a question asks: its names, its years, what it asks about.

Coverage alone cannot tell «the minimum wage of Chongqing» from a sentence on the minimum wage of
Shanghai: most words are there, the one that matters is not. These measures look at the words that
pin a question down, in the sentence and in what it takes over: its headings and the two sentences
before it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from index.segmenting import token_spans, word_class
from rag.asking import COUNTED, YEAR, Sign
from rag.ranking import Scores, order
from rag.retrieval import Retrieval
from rag.short_answers import likeliest
from rag.tables import asked_cell
from rag.terms import Concept, contains

DEPTH = 4  # sentences that are looked at
CARRIED = 2  # sentences before that a sentence takes over
_PIECES = 0.6  # worth of a long term of which all character pairs are there, but not in a row
_NAME_CLASSES = frozenset(("nr", "ns", "nt", "nz", "nrt", "nrfg"))
_RARE = 0.5
_UNKNOWN = 0.95  # rarity of a word that text at large does not know
_ATTRIBUTE = 0.5  # share of the weight of the word that stands nearest to the question word
_REACH_ZH, _REACH_EN = 3.0, 12.0  # characters after which a word is e times less what is asked
_FAR = 1_000_000
_SAYS = re.compile(r"\s*(?:说|称|讲|表示|认为|觉得|提到|指出|透露|预计|预测|估计)(?!明|法|书|台)")
_CLAUSE = re.compile(r"[^，,；;：:。!！?？]+")
_OPPOSITES = tuple(
    (a, b)
    for x, y in (
        ("最高", "最低"), ("进口", "出口"), ("上半年", "下半年"), ("冬", "夏"), ("春", "秋"),
        ("增", "减"), ("上涨", "下跌"), ("最大", "最小"), ("最多", "最少"), ("城镇", "农村"),
        ("男", "女"), ("首", "末"), ("年初", "年末"), ("highest", "lowest"), ("import", "export"),
        ("winter", "summer"), ("increase", "decrease"), ("first", "last"),
    )
    for a, b in ((x, y), (y, x))
)  # fmt: skip

_EACH = (
    "missed",  # the most telling name that is neither in the sentence nor in what it takes over
    "missed_region",  # … nor within twelve sentences
    "missed_document",  # … nor in anything found of the document
    "rival",  # it names another place, person or company in place of a missed one
    "rare",  # the least value of any telling word, in the sentence and what it takes over
    "covered",  # coverage by the sentence and what it takes over
    "asked",  # coverage of the words next to the question word, by the sentence
    "asked_carried",
    "asked_clause",  # … by the two clauses that hold a figure (name, date, …) of the kind asked for
    "head",  # the word nearest to the question word is in the sentence
    "year",  # a year that is asked for is neither in the sentence nor in what it takes over
    "other_year",  # … though another one is
    "opposite",  # it says lowest where the highest is asked for, and the like
    "short",  # probability of the likeliest short answer
    "met",  # what it is about × what is asked of it
)
NAMES: tuple[str, ...] = (
    *(f"first.{name}" for name in _EACH),  # of the best sentence
    *(f"top.{name}" for name in _EACH),  # the best of `DEPTH`
    "has_names",
    "has_years",
    "unfit",  # a figure is asked for, and none of the sentences holds one that fits
)
_LOW_IS_GOOD = frozenset(
    ("missed", "missed_region", "missed_document", "rival", "year", "other_year", "opposite")
)


def describe(retrieval: Retrieval, scores: Scores) -> list[float]:
    """A value for each of `NAMES`; nothing found gives zeros."""
    places = order(scores)[:DEPTH]
    if not places:
        return [0.0] * len(NAMES)
    names = [
        i
        for i, c in enumerate(retrieval.concepts)
        if is_name(retrieval, c) and not tells(retrieval, c)
    ]
    attribute = _attribute(retrieval)
    rows = [_of(retrieval, place, names, attribute) for place in places]
    top = [(min if name in _LOW_IS_GOOD else max)(row[name] for row in rows) for name in _EACH]
    counted = retrieval.asked.type in COUNTED
    return [
        *(rows[0][name] for name in _EACH),
        *top,
        float(bool(names)),
        float(bool(years_asked(retrieval))),
        float(counted and not any(row["fits"] for row in rows)),
    ]


def tells(retrieval: Retrieval, concept: Concept) -> bool:
    """Whether it is who says what is asked about («邵工说…»), rather than what it is about."""
    return _SAYS.match(retrieval.question.key[concept.end :]) is not None


def is_name(retrieval: Retrieval, concept: Concept) -> bool:
    """Whether it names one thing: a place, a person, a company, a product, or nothing known."""
    term = concept.term
    if any(a.origin in ("names", "aliases") for a in concept.alternatives):
        return True
    if term.isascii():
        written = retrieval.question.text[concept.start : concept.end]
        return (
            len(term) > 1
            and any(c.isalpha() for c in term)
            and (any(c.isupper() for c in written) or any(c.isdigit() for c in term))
        )
    if word_class(term) in _NAME_CLASSES:
        return True
    return concept.rarity >= _UNKNOWN and len(term) > 1 and not word_class(term)


def _attribute(retrieval: Retrieval) -> list[float]:
    """Share of each concept in what is asked: the nearer to the question word, the more."""
    concepts = retrieval.concepts
    asking = retrieval.asked.asking
    reach = _REACH_EN if retrieval.asked.english else _REACH_ZH
    weights = []
    for concept in concepts:
        distance = min((max(a - concept.end, concept.start - b, 0) for a, b in asking), default=0)
        weights.append(math.exp(-distance / reach) * concept.rarity**0.6)
    total = sum(weights) or 1.0
    return [w / total for w in weights]


def _of(
    retrieval: Retrieval, place: int, names: Sequence[int], attribute: Sequence[float]
) -> Mapping[str, float]:
    concepts = retrieval.concepts
    found = retrieval.sentences[place]
    text = found.candidate.key
    carried = "\n".join([found.candidate.headings, *_around(retrieval, place, CARRIED, 0), text])
    region = "\n".join([carried, *_around(retrieval, place, 12, 12)])
    document = "\n".join([region, *_around(retrieval, place, _FAR, _FAR)])
    own = [value(c, text) for c in concepts]
    taken = [max(v, value(c, carried)) for v, c in zip(own, concepts, strict=True)]
    rarities = [c.rarity**0.6 for c in concepts]
    sign = Sign(retrieval.asked.kind, retrieval.question.key)
    is_row = found.candidate.kind == "table_row"
    clauses = _CLAUSE.findall(text)
    best_clause = 0.0
    for i in range(len(clauses)):
        two = "，".join(clauses[max(0, i - 1) : i + 1])
        if sign.found_in(two, is_row=is_row):
            covered = sum(a * value(c, two) for a, c in zip(attribute, concepts, strict=True))
            best_clause = max(best_clause, covered)
    years = YEAR.findall(carried)
    asked_years = years_asked(retrieval)
    short = _short(retrieval, place)
    missed = {i: 1.0 - taken[i] for i in names}
    most = max((v * concepts[i].rarity for i, v in missed.items()), default=0.0)
    asked = sum(a * v for a, v in zip(attribute, own, strict=True))
    heads = [v for v, a in zip(own, attribute, strict=True) if a >= _ATTRIBUTE * max(attribute)]
    absent = bool(asked_years) and not asked_years & set(years)
    return {
        "missed": most,
        "missed_region": _most_missed(concepts, names, region),
        "missed_document": _most_missed(concepts, names, document),
        "rival": _rival(retrieval, text, {i: v for i, v in missed.items() if v > 0.5}),
        "rare": min(
            (v for v, c in zip(taken, concepts, strict=True) if c.rarity >= _RARE), default=1.0
        ),
        "covered": sum(r * v for r, v in zip(rarities, taken, strict=True)) / (sum(rarities) or 1),
        "asked": asked,
        "asked_carried": sum(a * v for a, v in zip(attribute, taken, strict=True)),
        "asked_clause": best_clause,
        "head": min(heads, default=0.0),
        "year": float(absent),
        "other_year": float(absent and bool(years)),
        "opposite": float(
            any(a in retrieval.question.key and b in text and a not in text for a, b in _OPPOSITES)
        ),
        "short": short or 0.0,
        "met": (1 - most) * max(asked, best_clause),
        "fits": float(short is not None),
    }


def _short(retrieval: Retrieval, place: int) -> float | None:
    """Probability of the likeliest short answer of a sentence, or of the cell of a row."""
    found = retrieval.sentences[place]
    if found.candidate.kind == "table_row" and (cell := asked_cell(found, retrieval)) is not None:
        return cell.probability
    best = likeliest(retrieval, place)
    return None if best is None else best.probability


def years_asked(retrieval: Retrieval) -> frozenset[str]:
    """The years of the question, those that 去年 and "last year" stand for included."""
    said = set(YEAR.findall(retrieval.question.key))
    for concept in retrieval.concepts:
        for alternative in concept.alternatives:
            if alternative.origin == "spelling":
                said |= set(YEAR.findall(alternative.term))
    return frozenset(said)


def _most_missed(concepts: Sequence[Concept], names: Sequence[int], text: str) -> float:
    return max(((1.0 - value(concepts[i], text)) * concepts[i].rarity for i in names), default=0.0)


def _rival(retrieval: Retrieval, text: str, missed: Mapping[int, float]) -> float:
    """The most telling missed name in whose place the sentence has another of its class."""
    if not missed:
        return 0.0
    concepts = retrieval.concepts
    said = {a.term for c in concepts for a in c.alternatives}
    classes = {
        _class_of(word)
        for word, _, _ in token_spans(text)
        if word not in said and not any(word in term for term in said)
    }
    return max(
        (
            concepts[i].rarity * v
            for i, v in missed.items()
            if _class_of(concepts[i].term) in classes
        ),
        default=0.0,
    )


def _class_of(word: str) -> str:
    if word.isascii():
        return "latin" if len(word) > 1 and word.isalpha() else ""
    found = word_class(word)
    return found if found in _NAME_CLASSES else ""


def _around(retrieval: Retrieval, place: int, before: int, after: int) -> list[str]:
    """Keys of the sentences that stand around one, as far as they were found."""
    sentences = retrieval.sentences
    here = sentences[place]
    first = last = place  # a document's sentences stand together
    while first and sentences[first - 1].document is here.document:
        if here.position - sentences[first - 1].position > before:
            break
        first -= 1
    while last + 1 < len(sentences) and sentences[last + 1].document is here.document:
        if sentences[last + 1].position - here.position > after:
            break
        last += 1
    return [sentences[i].candidate.key for i in range(first, last + 1) if i != place]


def value(concept: Concept, text: str) -> float:
    """How well `text` says the concept, in [0, 1]: its own words, others', or pieces of it."""
    best = max((a.weight for a in concept.alternatives if contains(text, a.term)), default=0.0)
    pieces = concept.pieces
    if pieces and best < _PIECES:
        best = max(best, _PIECES * sum(p in text for p in pieces) / len(pieces))
    return best
