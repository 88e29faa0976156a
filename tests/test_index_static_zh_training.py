"""What the training of the shipped model does to words: character map, vocabulary, rewriting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from index.static_zh import train_pairs, train_vectors
from index.static_zh.train_blend import beside, rotated
from index.static_zh.train_data import Thesaurus
from index.static_zh.train_pairs import Batch, Rewriter
from index.static_zh.train_ragged import Ragged, joined
from index.static_zh.train_rows import row_counts, row_vectors, shared_rows
from index.static_zh.train_tokens import (
    charsmap,
    choose_vocabulary,
    count_terms,
    spellings,
)
from index.static_zh.train_vectors import parts_of, train

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
    random = rng.normal(size=(30, 4))
    both = beside(rotated(vectors, sample, 0, 6), random, sample, 0.5)
    learnt, apart = (
        np.linalg.norm(sample @ part, axis=1).mean() for part in np.split(both, [6], 1)
    )
    assert learnt == pytest.approx(1, rel=0.05)  # but for the unknown token
    assert apart == pytest.approx(0.5, rel=0.05)
    assert not both[0].any()


def test_words_that_mean_the_same_share_a_vector_and_rare_words_share_by_chance() -> None:
    words = ["<unk>", "出口", "管制", "罕见", "稀有", "export", "exports", "controls", "gdp", "zq"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    thesaurus = Thesaurus(
        groups=[], lay=[], english=[(["export", "exports"], ["出口"]), (["controls"], ["管制"])]
    )
    rewriter = Rewriter(thesaurus, tokenizer)
    counts = np.array([0, 900, 800, 2, 1, 5, 4, 3, 500, 0])
    vocabulary = [(word, -1.0) for word in words[1:]]
    rows = dict(zip(words, shared_rows(vocabulary, counts, rewriter, 2, 1), strict=True))
    assert rows["<unk>"] == 0
    assert rows["export"] == rows["exports"] != rows["controls"]
    assert rows["罕见"] == rows["稀有"]
    assert sorted(set(rows.values())) == list(range(len(set(rows.values()))))
    assert len({rows[w] for w in ("出口", "管制", "罕见", "export", "controls", "gdp", "zq")}) == 7


def test_a_shared_vector_is_as_long_as_those_it_stands_for() -> None:
    vectors = np.array([[0, 0], [3, 0], [0, 3], [0, -1]], dtype=np.float32)
    found = row_vectors(vectors, np.array([0, 1, 1, 2]))
    between = 3 / np.sqrt(2)
    expected = np.array([[0, 0], [between, between], [0, -1]])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_token_counts_less_each_time_it_comes_back() -> None:
    row_of = np.array([0, 1, 2, 2])
    counts = row_counts(Ragged.of([[1, 1, 1, 2, 0], [2, 3], []]), row_of)
    np.testing.assert_allclose(
        counts.toarray(), [[0, 1 + np.log(3), 1], [0, 0, 2], [0, 0, 0]], rtol=1e-6
    )


def test_training_draws_pairs_together_and_leaves_the_unknown_token_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train_vectors, "LEARNING_RATE", 0.02)

    class Pairs:
        def make(self, i: int, size: int) -> Batch:
            rows = Ragged.of([[1 + 2 * k] for k in range(4)])
            others = Ragged.of([[2 + 2 * k, 0] for k in range(4)])
            return Batch(rows, others, np.arange(4))

    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(9, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    losses: list[float] = []
    train(
        vectors,
        np.arange(9),
        Pairs(),  # type: ignore[arg-type]
        100,
        batch_size=4,
        on_step=lambda step, loss: losses.append(loss),
    )
    assert losses[-1] < losses[0] / 2
    assert not vectors[0].any()
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    assert ((unit[1::2] @ unit[2::2].T).argmax(axis=1) == np.arange(4)).all()
