from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import segmenting
from index.segmenting import grams, key, load_dictionary, stem, token_spans, words


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path_factory.getbasetemp() / "segmenting-home"
    monkeypatch.setenv("WENJU_HOME", str(home))


@given(st.text())
def test_key_is_as_long_as_its_text(text: str) -> None:
    assert len(key(text)) == len(text)


@given(st.text())
def test_key_of_a_key_is_itself(text: str) -> None:
    assert key(key(text)) == key(text)


def test_key_meets_traditional_full_width_and_case() -> None:
    assert key("臺灣的ＧＤＰ") == key("台湾的gdp") == "台湾的gdp"


def test_key_keeps_a_character_whose_normal_form_is_longer() -> None:
    assert key("㎡…") == "㎡…"


def test_grams_are_bigrams_words_and_numbers() -> None:
    text = "2025年,H20芯片的15%收入、GPT-4o 1,234.5万吨"
    expected = ["年", "h20", "芯片", "片的", "15%", "收入", "gpt", "4o", "1234.5", "万吨"]
    assert grams(text) == ["2025", *expected]


def test_grams_of_nothing_are_none() -> None:
    assert grams("") == grams("，。 —— !") == []


@pytest.mark.parametrize(
    ("word", "base"),
    [("controls", "control"), ("policies", "policy"), ("taxes", "taxe"), ("us", "us"),
     ("glass", "glass"), ("virus", "virus"), ("says", "say"), ("芯片s", "芯片s")],
)  # fmt: skip
def test_stem_undoes_the_plural_only(word: str, base: str) -> None:
    assert stem(word) == base


def test_words_have_no_punctuation() -> None:
    assert words("美国,扩大了出口管制。") == ["美国", "扩大", "了", "出口", "管制"]


def test_token_spans_stand_where_they_say() -> None:
    text = "臺灣的 GPT 模型，很多。"
    spans = token_spans(text)
    assert [w for w, _, _ in spans] == words(text)
    assert all(key(text[a:b]) == w for w, a, b in spans)
    assert all(a[2] <= b[1] for a, b in pairwise(spans))


def test_lookup_table_gives_what_stock_jieba_gives() -> None:
    text = (
        "商务部新闻发言人就加强稀土相关物项出口管制有关情况答记者问，小明硕士毕业于中国科学院计算所，"
        "后在日本京都大学深造；工信处女干事每月经过下属科室都要亲口交代24口交换机等技术性器件的安装工作。"
        "乒乓球拍卖完了，南京市长江大桥，量子纠缠态与阿巴巴巴集团。"
    )
    segmenting._segmenter.cache_clear()
    first = words(text)  # writes the table, or finds it
    segmenting._segmenter.cache_clear()
    assert isinstance(segmenting._segmenter()._tokenizer.FREQ, segmenting._LookupTable)
    mapped = words(text)
    load_dictionary()
    whole = words(text)
    assert mapped == whole == first == [w for w in stock().cut(key(text)) if w[0].isalnum()]


@cache
def stock() -> Any:
    tokenizer = segmenting._import_jieba().Tokenizer()
    tokenizer.tmp_dir = str(segmenting.cache_folder())
    return tokenizer


@given(
    st.text("出口管制商务部阿巴小明毕业于台北市长江大桥GPT4o.%+-_3 \t\r\n，。、·𠀀", max_size=60)
)
def test_texts_are_cut_as_jieba_cuts_them(text: str) -> None:
    for guess in (True, False):
        assert segmenting._segmenter().cut(text, guess=guess) == list(stock().cut(text, HMM=guess))


@given(st.text(max_size=60))
def test_a_short_text_has_the_key_that_it_has_within_a_long_one(text: str) -> None:
    long = text + "湾" * 300
    assert key(long)[: len(text)] == key(text)
