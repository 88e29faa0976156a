"""Tokens of a question without the tokenizer: the very tokens that the tokenizer finds."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.embedding import STATIC_ZH_FOLDER, StaticEmbedder
from index.static_tokens import TokenLookup, lookup_tensors, normal_form

TEXT = st.text(
    st.one_of(
        st.sampled_from("出口管制镓的產量與國際貿易經濟臺灣一二三，。？%５％ＧＤＰ ①㎡Ⅳﬁ"),
        st.characters(min_codepoint=0x20, max_codepoint=0x24F),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
        st.characters(min_codepoint=0xFF01, max_codepoint=0xFF5E),
    ),
    max_size=40,
)


@cache
def shipped() -> tuple[Tokenizer, StaticEmbedder]:
    tokenizer = Tokenizer.from_file(str(STATIC_ZH_FOLDER / "tokenizer.json"))
    return tokenizer, StaticEmbedder(STATIC_ZH_FOLDER)


@settings(deadline=None)  # the first example loads the model
@given(TEXT)
def test_tokens_are_those_of_the_tokenizer(text: str) -> None:
    tokenizer, embedder = shipped()
    assert embedder._lookup is not None
    expected = tokenizer.encode(text, add_special_tokens=False).ids
    assert embedder._lookup.ids(text) == [token for token in expected if token]


@settings(deadline=None)  # the first example loads the model
@given(TEXT)
def test_normal_form_is_the_tokenizers(text: str) -> None:
    assert normal_form(text) == shipped()[0].normalizer.normalize_str(text)


@settings(deadline=None)  # the first example loads the model
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_many_texts_are_cut_as_the_tokenizer_cuts_each(texts: list[str]) -> None:
    """The embedder's tokenizer is given other normal forms and cuts at other characters."""
    tokenizer, embedder = shipped()
    assert embedder._tokenizer.pre_tokenizer is not None
    expected = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    found = embedder._tokens(texts)
    assert [[i for i in row if i] for row in found] == [[i for i in row if i] for row in expected]


def lookup(**scores: float) -> tuple[TokenLookup, list[str]]:
    names = ["<unk>", *scores]
    return TokenLookup(lookup_tensors([("<unk>", -20.0), *scores.items()])), names


def test_the_most_probable_cut_wins_by_hand() -> None:
    found, names = lookup(出口=-4.0, 管制=-4.0, 口管=-3.0, 出=-5.0, 制=-5.0, 口=-9.0, 管=-9.0)
    # 出口 + 管制: -8; 出 + 口管 + 制: -13.
    assert [names[i] for i in found.ids("出口管制")] == ["出口", "管制"]
    assert [names[i] for i in found.ids("口管")] == ["口管"]


def test_unknown_characters_are_left_out_and_part_nothing_else() -> None:
    found, names = lookup(出口=-4.0, tariff=-6.0)
    assert [names[i] for i in found.ids("镓出口，Tariff！")] == ["出口", "tariff"]
    assert found.ids("镓") == found.ids("") == found.ids("，。") == []


@pytest.mark.parametrize("n", [1, 3, 300])
def test_few_and_many_texts_get_the_same_vectors(n: int) -> None:
    texts = ["出口管制使鎵的價格上漲 5%。" * (i % 5) for i in range(n)]
    few = [StaticEmbedder(STATIC_ZH_FOLDER).embed_query(text).tolist() for text in texts[:5]]
    assert StaticEmbedder(STATIC_ZH_FOLDER).embed_documents(texts)[:5].tolist() == few
