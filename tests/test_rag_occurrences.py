"""Terms and clauses found in one walk are those that each text by itself would give."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.occurrences import Said, Texts, best_clauses
from rag.terms import contains

LETTERS = "港口吞吐ab1，。？\U0001f6a2𠀀"
TEXT = st.text(st.sampled_from(LETTERS), max_size=14)
TERM = st.text(st.sampled_from(LETTERS), min_size=1, max_size=3)


@given(st.lists(TEXT, max_size=6), st.lists(TERM, max_size=5))
def test_a_term_is_found_wherever_it_begins(keys: list[str], terms: list[str]) -> None:
    texts = Texts(keys)
    found = texts.find(terms)
    assert set(found) == set(terms)
    for term in terms:
        places = [
            (row, at)
            for row, text in enumerate(keys)
            for at in range(len(text))
            if text.startswith(term, at)
        ]
        at = found[term]
        here = zip(texts.rows[at].tolist(), (at - texts.starts[texts.rows[at]]).tolist())  # noqa: B905
        assert list(here) == places
        whole = texts.rows[texts.whole(term, at)]
        assert set(whole.tolist()) == {i for i, text in enumerate(keys) if contains(text, term)}


def one_by_one(
    text: str, terms: list[tuple[int, str, float]], weights: list[float]
) -> tuple[float, str]:
    """What a text's best two neighbouring clauses cover, and those."""

    def said(part: str) -> dict[int, float]:
        best: dict[int, float] = {}
        for concept, term, weight in terms:
            if term in part:
                best[concept] = max(weight, best.get(concept, 0.0))
        return best

    clauses = re.findall(r"[^，。？]+[，。？]?", text)
    if len(clauses) <= 2:
        return sum(weight * weights[c] for c, weight in said(text).items()), text
    best, best_text = -1.0, text
    for (one, two), (a, b) in zip(pairwise(map(said, clauses)), pairwise(clauses), strict=True):
        worth = sum(max(one.get(c, 0), two.get(c, 0)) * weights[c] for c in sorted({*one, *two}))
        if worth > best + 1e-9:
            best, best_text = worth, a + b
    return best, best_text


@given(
    st.lists(st.text(st.sampled_from("港口吞a，。？"), max_size=24), min_size=1, max_size=5),
    st.lists(
        st.tuples(st.integers(0, 2), TERM, st.sampled_from([0.3, 0.5, 1.0])),
        max_size=5,
        unique_by=lambda term: term[:2],
    ),
    st.integers(0, 3),
)
def test_the_best_clauses_are_those_of_each_text_by_itself(
    keys: list[str], terms: list[tuple[int, str, float]], headings: int
) -> None:
    weights = [0.5, 0.3, 0.2]
    texts = Texts([*keys, *["港口吞"] * headings])
    places = texts.find(term for _, term, _ in terms)
    said = [Said(concept, places[term], len(term), weight) for concept, term, weight in terms]
    counts = np.ones((len(keys), 3), dtype=np.bool_)
    counts[0, 1] = False  # one that the first text does not really say
    found = best_clauses(texts, len(keys), said, counts, weights)
    for i, text in enumerate(keys):
        mine = [term for term in terms if i or term[0] != 1]
        worth, clauses = one_by_one(text, mine, weights)
        assert abs(found.worth[i] - worth) < 1e-9
        assert (found.of(i, texts) or text) == clauses


def test_the_two_neighbouring_clauses_that_say_most_are_the_best() -> None:
    keys = ["港口很大，天气很好，吞吐量增长，港口货运繁忙。", "港口货运"]
    texts = Texts(keys)
    terms = [(0, "港口", 1.0), (1, "吞吐量", 1.0), (1, "货运", 0.5)]
    places = texts.find(term for _, term, _ in terms)
    said = [Said(concept, places[term], len(term), weight) for concept, term, weight in terms]
    found = best_clauses(texts, 2, said, np.ones((2, 2), dtype=np.bool_), [0.4, 0.6])
    assert found.worth.tolist() == [1.0, 0.7]
    assert found.of(0, texts) == "吞吐量增长，港口货运繁忙。"
    assert found.of(1, texts) is None  # all of it


def test_texts_of_marks_alone_have_no_clause() -> None:
    texts = Texts(["？", "。"])
    said = [Said(0, texts.find(["？"])["？"], 1, 1.0)]
    found = best_clauses(texts, 2, said, np.array([[True], [False]]), [1.0])
    assert found.worth.tolist() == [1.0, 0.0]
    assert [found.of(row, texts) for row in (0, 1)] == [None, None]
