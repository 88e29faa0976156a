"""What the training of the shipped model does to words: character map, vocabulary, rewriting."""

from __future__ import annotations

import random
from collections import Counter

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from index.static_zh.train_data import Thesaurus
from index.static_zh.train_pairs import Rewriter
from index.static_zh.train_tokens import charsmap, choose_vocabulary, count_terms


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


def test_rewriting_follows_the_thesaurus() -> None:
    words = ["<unk>", "出口", "管制", "增长", "上升", "export", "controls", "的", "2024", "the"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    thesaurus = Thesaurus(
        groups=[["增长", "上升"], ["出口 管制", "export controls"]], lay=[], english=[]
    )
    rewriter = Rewriter(thesaurus, tokenizer)
    ids = tokenizer.encode("出口 管制 增长 2024").ids
    similar = rewriter.into_similar(ids, random.Random(1), rate=1.0)
    assert [words[i] for i in similar] == ["出口", "管制", "上升", "2024"]
    english = [words[i] for i in rewriter.into_english(ids, random.Random(1))]
    assert english[:2] == ["export", "controls"]
    assert "2024" in english
    assert not {"出口", "管制"} & set(english)
