"""The fast way to the terms of much text gives what the plain one gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical import STEPS, LexicalSegment, LexicalWriter, WeightedTerm, steps_of
from index.numbering import FIELDS, term_number, term_numbers
from index.segmenting import grams, key

TEXT = st.text(
    st.one_of(
        st.sampled_from("出口管制、了 1,2.5%aSsＡ１٣éかé〇々𠀀\n_\x00\ud800台灣"),
        st.characters(),
    ),
    max_size=40,
)


@given(st.lists(TEXT, max_size=6))
def test_terms_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    numbers, rows = term_numbers("title", texts)
    found = sorted(zip(numbers.tolist(), rows.tolist(), strict=True))
    wanted = {(term_number("title", t), i) for i, text in enumerate(texts) for t in grams(text)}
    assert found == sorted(wanted)


@given(TEXT)
def test_a_key_is_as_long_as_its_text_and_its_own_key(text: str) -> None:
    assert len(key(text)) == len(text)
    assert key(text) == "".join(key(c) for c in text)


def test_fields_and_terms_have_numbers_of_their_own() -> None:
    terms = [*grams("出口管制 管 tariff 25 1,000 3.5%"), "口管"]
    numbers = [term_number(field, term) for field in FIELDS for term in dict.fromkeys(terms)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("n_texts", [1, 300])
def test_scores_are_the_sums_of_the_weights_of_what_a_chunk_holds(
    tmp_path: Path, n_texts: int
) -> None:
    texts = [f"出口管制第{i}条 tariff" if i % 3 else "稀土价格" for i in range(n_texts)]
    writer = LexicalWriter(tmp_path / "lexical")
    for text in texts:
        writer.add(text, "出口", "")
    writer.close()
    segment = LexicalSegment(tmp_path / "lexical", n_texts)
    terms = [
        ("grams", "出口", 0.5),
        ("grams", "tariff", 2),
        ("grams", "土价", 1),
        ("title", "出口", 3),
    ]
    steps = steps_of([WeightedTerm(*term) for term in terms])  # type: ignore[arg-type]
    expected = [
        3 + (2.5 if "出口" in text else 1)
        for text in texts
    ]  # fmt: skip
    assert (segment.scores(steps) / STEPS).tolist() == expected
    assert segment.chunks("grams", "稀土").tolist() == list(range(0, n_texts, 3))
    assert segment.chunks("grams", "没有").tolist() == []


def test_lists_taken_over_are_those_written_afresh(tmp_path: Path) -> None:
    texts = [f"出口管制第{i}条，关税{i % 7}。Tariffs {i}" for i in range(50)]
    kept = np.array([i % 4 != 1 for i in range(50)])
    old, merged, fresh = (LexicalWriter(tmp_path / name) for name in ("old", "merged", "fresh"))
    for writer in (merged, fresh):
        writer.add("前面的一段。", "", "")
    for text, is_kept in zip(texts, kept, strict=True):
        for writer in (old, fresh) if is_kept else (old,):
            writer.add(text, "报告", text[:4])
    old.close()
    fresh.close()
    merged.take(LexicalSegment(tmp_path / "old", 50), kept)
    merged.close()
    for file in ("terms.npy", "starts.npy", "postings.npy"):
        wanted = (tmp_path / "fresh" / file).read_bytes()
        assert (tmp_path / "merged" / file).read_bytes() == wanted
