"""The shipped embedding model: its size, its libraries, its tokens, and what it finds alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.embedding import (
    STATIC_ZH_FOLDER,
    Embedder,
    EmbeddingSettings,
    StaticEmbedder,
    load_embedder,
)
from index.segmenting import key

TEXTS = [
    "中国对镓、锗实施出口管制。",
    "占比达到 12.5%",
    "How much gallium does China produce?",
    "經濟合作暨發展組織（OECD）的報告",
    "ＧＤＰ增長５％",
    "一" * 3000,
]


@pytest.fixture(scope="module")
def model() -> Embedder:
    return load_embedder(EmbeddingSettings())


def test_model_folder_is_small_and_carries_its_card() -> None:
    files = [path for path in STATIC_ZH_FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 30_000_000
    card = (STATIC_ZH_FOLDER / "README.md").read_text(encoding="utf-8")
    assert "license: cc-by-sa-4.0" in card
    for source in ("CMRC 2018", "DRCD", "STARD", "CRUD-RAG", "xwlb"):
        assert source in card


def test_three_libraries_give_the_same_vectors(model: Embedder) -> None:
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer

    ours = model.embed_documents(TEXTS)
    folder = str(STATIC_ZH_FOLDER)
    model2vec = StaticModel.from_pretrained(folder).encode(TEXTS)
    transformer = SentenceTransformer(folder, device="cpu", local_files_only=True).encode(TEXTS)
    # Both work in half precision, we in single.
    np.testing.assert_allclose(model2vec.astype(np.float32), ours, atol=1e-3)
    np.testing.assert_allclose(transformer.astype(np.float32), ours, atol=1e-3)
    assert ours.shape == (len(TEXTS), model.dim)


def test_a_question_loads_neither_torch_nor_the_tokenizer() -> None:
    code = (
        "import sys\n"
        "from index.embedding import EmbeddingSettings, load_embedder\n"
        "model = load_embedder(EmbeddingSettings())\n"
        "model.embed_query('镓的产量')\n"
        "heavy = {'torch', 'tokenizers', 'sentence_transformers', 'model2vec'}\n"
        "assert not heavy & set(sys.modules)\n"
        "print(model.model_id)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name, _, digest = done.stdout.strip().partition("@")
    assert name == "static-zh"
    assert len(digest) == 16
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("臺灣經濟發展", "台湾经济发展"),
        ("ＧＤＰ ５％", "gdp 5%"),
        ("出口管制。", "出口管制"),
        ("Export Controls", "export controls"),
    ],
)
def test_script_width_case_and_punctuation_do_not_change_a_vector(
    model: Embedder, one: str, other: str
) -> None:
    np.testing.assert_array_equal(model.embed_query(one), model.embed_query(other))


@pytest.mark.parametrize("text", TEXTS)
def test_the_matching_key_of_a_text_has_the_vector_of_the_text(model: Embedder, text: str) -> None:
    np.testing.assert_allclose(model.embed_query(key(text)), model.embed_query(text), atol=1e-6)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("export controls on gallium", "中国决定对镓相关物项实施出口管制。"),
        ("unemployment rate among young people", "青年失业率有所上升。"),
        ("丢了饭碗的人有多少", "失业人员数量"),
        ("房子涨价了吗", "一线城市住房价格上涨"),
        ("央行为什么降息", "中国人民银行下调利率以扩大信贷需求"),
        ("碳酸锂价格", "Lithium carbonate prices fell again this month."),
    ],
)
def test_a_question_in_other_words_or_another_language_finds_its_sentence(
    model: Embedder, query: str, expected: str
) -> None:
    others = [
        "中国决定对镓相关物项实施出口管制。",
        "青年失业率有所上升。",
        "失业人员数量",
        "一线城市住房价格上涨",
        "中国人民银行下调利率以扩大信贷需求",
        "Lithium carbonate prices fell again this month.",
        "The museum opens at nine in the morning.",
        "博物馆每天上午九点开放。",
        "台风将在明天夜间登陆沿海地区。",
        "女职工产假为九十八天。",
        "高铁全线开通运营。",
    ]
    scores = model.embed_documents(others) @ model.embed_query(query)
    assert others[int(scores.argmax())] == expected


def test_every_token_but_the_unknown_one_has_a_vector() -> None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tensors = load_file(STATIC_ZH_FOLDER / "model.safetensors")
    vectors, row_of = tensors["embeddings"], tensors["mapping"]
    tokenizer = Tokenizer.from_file(str(STATIC_ZH_FOLDER / "tokenizer.json"))
    assert vectors.dtype == np.int8
    assert len(row_of) == len(tensors["weights"]) == tokenizer.get_vocab_size()
    assert set(row_of.tolist()) == set(range(len(vectors)))
    assert row_of[0] == 0
    assert 0 not in row_of[1:]
    assert not vectors[0].any()
    assert vectors[1:].any(axis=1).all()
    assert (tensors["weights"][1:] > 0).all()


def test_a_word_said_thrice_counts_less_than_thrice(model: Embedder) -> None:
    """As in lexical search: 1 + ln n times. From the vectors that model2vec reads, by hand."""
    from model2vec import StaticModel

    text = "关税，关税，关税，大豆，大豆，棉花"
    other = StaticModel.from_pretrained(str(STATIC_ZH_FOLDER))
    ids = [other.tokenizer.encode(word).ids for word in ("棉花", "大豆", "关税")]
    assert [len(i) for i in ids] == [1, 1, 1]
    assert other.weights is not None
    assert other.token_mapping is not None
    rows = [
        other.embedding[other.token_mapping[i]].astype(np.float32) * other.weights[i][:, None]
        for i in ids
    ]
    times = [1, 1 + np.log(2), 1 + np.log(3)]
    expected = sum(n * row[0] for n, row in zip(times, rows, strict=True))
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(model.embed_query(text), expected, atol=1e-3)
    np.testing.assert_array_equal(model.embed_documents([text])[0], model.embed_query(text))
    plain = float(other.encode(text) @ other.encode("关税"))
    assert float(model.embed_query(text) @ model.embed_query("关税")) < plain - 0.05


def test_a_word_repeated_alone_keeps_its_vector(model: Embedder) -> None:
    np.testing.assert_allclose(
        model.embed_query("关税，关税！关税？"), model.embed_query("关税"), atol=1e-6
    )


def test_what_only_asks_says_nothing_of_what_is_asked_about(model: Embedder) -> None:
    asked = model.embed_query("为什么关税上调了？")
    np.testing.assert_array_equal(asked, model.embed_query("关税上调了"))
    english = model.embed_query("What are tariffs?")
    np.testing.assert_array_equal(english, model.embed_query("tariffs"))
    # In a passage it stands for itself; and who asks nothing else is still understood.
    assert not np.array_equal(model.embed_documents(["为什么关税上调了？"])[0], asked)
    assert np.linalg.norm(model.embed_query("为什么？")) > 0.99


def test_a_model_folder_elsewhere_gives_the_same_vectors(tmp_path: Path, model: Embedder) -> None:
    import shutil

    copy = shutil.copytree(STATIC_ZH_FOLDER, tmp_path / "copy")
    other = StaticEmbedder(copy)
    np.testing.assert_array_equal(other.embed_query(TEXTS[0]), model.embed_query(TEXTS[0]))
    assert other.model_id.split("@")[1] == model.model_id.split("@")[1]
