"""Statements out of a model's text, however it is cut and whatever it holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.statements_parsing import Claim, claims

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).map(
    lambda t: f"a{t}"
)


def cut(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


@given(st.lists(st.tuples(TEXTS, st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True)),
                max_size=5), st.integers(1, 20))  # fmt: skip
def test_json_gives_its_statements_wherever_the_stream_is_cut(
    made: list[tuple[str, list[int]]], size: int
) -> None:
    text = json.dumps({"statements": [{"text": t, "sentences": ns} for t, ns in made]})
    assert list(claims(cut(text, size))) == [Claim(t.strip(), tuple(ns)) for t, ns in made]


@given(st.integers(1, 20), st.integers(0, 200))
def test_a_text_that_ends_early_gives_a_beginning_of_the_statements(size: int, end: int) -> None:
    made = [{"text": f'第{i}句{{}}"话"', "sentences": [i]} for i in range(1, 5)]
    text = json.dumps({"statements": made}, ensure_ascii=False)
    whole = list(claims([text]))
    assert len(whole) == 4
    found = list(claims(cut(text[:end], size)))
    assert found == whole[: len(found)]


@given(st.text(max_size=400), st.integers(1, 9))
def test_no_text_raises(text: str, size: int) -> None:
    assert all(claim.text for claim in claims(cut(text, size)))


@pytest.mark.parametrize(("text", "expected"), [
    ("[2][5] 产量为一百吨。\n", [("产量为一百吨。", (2, 5))]),
    ("- [2, 5] 产量为一百吨。", [("产量为一百吨。", (2, 5))]),
    ("1. 产量为一百吨 [2][5]。", [("产量为一百吨。", (5, 2))]),
    ("【3】产量为一百吨。\n随便说说\n[4] 好。", [("产量为一百吨。", (3,)), ("好。", (4,))]),
    ("<think>[9] 想想</think>[1] 好。", [("好。", (1,))]),
    ("<think>[9] 想不完", []),
    ('```json\n{"statements":[{"text":"好。","sentences":["1"]}]}\n```', [("好。", (1,))]),
    ('[{"text":"好。","sentences":1}]', [("好。", (1,))]),
    ('{"statements":[{"text":"好。","sentences":[]}]}', [("好。", ())]),
    ('{"statements":[{"text":5,"sentences":[1]},{"sentences":[1]},{"text":"x"}]}', []),
    ('{"statements":[{"text":"好。","sentences":[true,1.5,null,"a",2]}]}', [("好。", (2,))]),
])  # fmt: skip
def test_forms_that_models_write(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    found = [(c.text, c.numbers) for c in claims(cut(text, 3))]
    assert [(t, set(ns)) for t, ns in found] == [(t, set(ns)) for t, ns in expected]
