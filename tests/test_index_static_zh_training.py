"""What the training of the shipped model does to words: character map, vocabulary, rewriting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from index.static_zh import train_pairs
from index.static_zh.train_blend import blended, rotated
from index.static_zh.train_data import Thesaurus
from index.static_zh.train_pairs import Rewriter
from index.static_zh.train_ragged import Ragged, joined
from index.static_zh.train_tokens import (
    charsmap,
    choose_vocabulary,
    count_terms,
    rarest_words,
    spellings,
)
from index.static_zh.train_vectors import parts_of

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=6)


def test_character_map_replaces_exactly_what_it_lists() -> None:
    replacements = {"臺": "台", "灣": "湾", "a": "bc", "漢": "汉", "㑇": "𠉂"}
    normalizer = normalizers.Precompiled(charsmap(replacements))
    for code in (*range(0x20, 0x250), *range(0x3400, 0xA000), 0x1F600):
        character = chr(code)
        assert normalizer.normalize_str(character) == replacements.get(character, character)
    assert normalizer.normalize_str("臺灣xa漢字") == "台湾xbc汉字"


def test_vocabulary_prefers_frequent_words_and_keeps_every_frequent_character() -> None:
    counts = Counter({"出口": 50, "管制": 30, "出": 25, "罕见": 2, "tariff": 9, "2024": 5, "%": 4})
    vocabulary = dict(choose_vocabulary(counts, Counter({"管制": 40}), 1, 1, 0))
    assert {"管制", "tariff", "2024", "%", "出", "口", "管", "制", "a", "0"} <= set(vocabulary)
    assert "出口" not in vocabulary
    assert "罕" not in vocabulary
    assert vocabulary["管制"] > vocabulary["出"] > vocabulary["口"]


def test_forms_of_an_english_word_count_for_their_common_beginning() -> None:
    counts = count_terms([["abandon", "abandons", "abandoned"], ["放弃", "弃"]])
    assert counts["abandon"] > counts["abandoned"]
    assert counts["放弃"] == 40
    assert counts["弃"] == 0


def test_rewriting_follows_the_thesaurus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_pairs, "SPELT", 0.0)
    monkeypatch.setattr(train_pairs, "SPELT_TRANSLATED", 0.0)
    words = ["<unk>", "出口", "管制", "增长", "上升", "export", "controls", "的", "2024", "the"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    thesaurus = Thesaurus(
        groups=[["增长", "上升"], ["出口", "export"], ["管制", "controls"]], lay=[], english=[]
    )
    rewriter = Rewriter(thesaurus, tokenizer)
    rows = Ragged.of([tokenizer.encode("出口 管制 增长 2024").ids] * 3)
    rng = np.random.default_rng(1)
    yes_no, no_yes = np.array([True, False, False]), np.array([False, True, False])
    english, similar, same = rewriter.rewritten(rows, rng, yes_no, no_yes, rate=1.0).rows()
    assert [words[i] for i in similar] == ["出口", "管制", "上升", "2024"]
    assert same == rows.rows()[2]
    spoken = [words[i] for i in english]
    assert spoken[:2] == ["export", "controls"]
    assert "2024" in spoken
    assert not {"出口", "管制"} & set(spoken)


def test_a_name_is_spelt_as_english_texts_spell_it() -> None:
    assert spellings("苏锦梁") == ["sujinliang", "su jinliang"]
    assert spellings("锂") == ["li"]


def test_relatives_share_characters_pairs_or_beginnings() -> None:
    assert parts_of("奥运会") == ["奥", "运", "会", "奥运", "运会"]
    assert set(parts_of("exports")) & set(parts_of("exported")) == {"expo*", "expor*", "export*"}
    assert parts_of("of") == []


def test_the_rarest_words_of_several_characters_are_found() -> None:
    vocabulary = [("出", -1.0), ("出口", -2.0), ("管制", -2.0), ("罕见", -9.0), ("tariff", -9.0)]
    assert rarest_words(vocabulary, np.array([0, 7, 3, 5, 0]), 2) == {2, 3}
    assert rarest_words(vocabulary, np.zeros(5), -1) == set()


@given(ROWS, st.data())
def test_rows_are_taken_cut_and_joined_like_lists(
    rows: list[list[int]], data: st.DataObject
) -> None:
    ragged = Ragged.of(rows)
    assert ragged.rows() == rows
    order = data.draw(st.permutations(range(len(rows))))
    taken = ragged.take(np.array(order))
    assert taken.rows() == [rows[i] for i in order]
    assert joined(ragged, taken).rows() == [
        row + rows[i] for row, i in zip(rows, order, strict=True)
    ]
    assert ragged.where(ragged.flat > 4).rows() == [[i for i in row if i > 4] for row in rows]
    assert ragged.position.tolist() == [i for row in rows for i in range(len(row))]


def test_blending_turns_and_evens_what_texts_have_in_common() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(30, 6))
    vectors[:, 0] += 3  # common to all texts
    sample = sparse.csr_matrix(rng.poisson(0.5, size=(200, 30)).astype(np.float64))
    plain = rotated(vectors, sample, 0, 6)
    np.testing.assert_allclose(plain @ plain.T, vectors @ vectors.T, atol=1e-4)  # only turned
    texts = sample @ rotated(vectors, sample, 1.0, 6)
    original = sample @ vectors

    def similarity(rows: np.ndarray) -> float:
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return float((unit @ unit.T).mean())

    assert similarity(texts) < similarity(original) / 2
    vocabulary = [(str(i), -1.0) for i in range(29)]
    alone = blended(vectors, vocabulary, None, sample, 4)
    assert alone.shape == (30, 4)
    assert not alone[0].any()
