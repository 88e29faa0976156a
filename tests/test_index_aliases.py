from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.aliases import mine
from index.chunking import split_sentences
from index.errors import IndexMismatch
from index.glossary import alias_key
from index.ingesting import IndexSettings, index_sources, remove_documents
from index.schema import Block, BlockKind, Document, Span
from index.store import open_library


def document_of(text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> Document:
    blocks, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            blocks.append(Block(kind, (Span(at, at + len(line)),)))
        at += len(line) + 1
    return Document("a.txt", "a.txt", text, tuple(blocks), "0" * 64, "txt")


def pairs(text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> list[tuple[str, str]]:
    document = document_of(text, kind)
    found = mine(document, split_sentences(document))
    return [(text[a.long.start : a.long.end], text[a.short.start : a.short.end]) for a in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("数据来自美国地质调查局(USGS)。", [("美国地质调查局", "USGS")]),
        ("报告由美国半导体行业协会（SIA）撰写。", [("美国半导体行业协会", "SIA")]),
        ("与浮点利用率（MFU）不同。", [("浮点利用率", "MFU")]),
        ("据工业和安全局（BIS）。", [("工业和安全局", "BIS")]),
        (
            "“大而美”法案（One Big Beautiful Bill Act）已签署。",
            [("“大而美”法案", "One Big Beautiful Bill Act")],
        ),
        ("《芯片与科学法》（CHIPS Act）生效。", [("芯片与科学法", "CHIPS Act")]),
        ("首席执行官约翰·史密斯（John Smith）说。", [("约翰·史密斯", "John Smith")]),
        ("The Bureau of Industry and Security (BIS) agreed.",
         [("Bureau of Industry and Security", "BIS")]),
        ("We train large language models (LLMs).", [("large language models", "LLMs")]),
        ("BIS (Bureau of Industry and Security) agreed.",
         [("Bureau of Industry and Security", "BIS")]),
        ("外界称BIS（工业和安全局）会调整。", [("工业和安全局", "BIS")]),
        ("中国证券监督管理委员会（以下简称“中国证监会”）表示。",
         [("中国证券监督管理委员会", "中国证监会")]),
        ("关于民创控股集团有限公司（以下简称民创控股）的通知。",
         [("民创控股集团有限公司", "民创控股")]),
        ("华东工商银行(亚洲)有限公司（以下简称“工银亚洲”）。",
         [("工商银行(亚洲)有限公司", "工银亚洲")]),
        ("投了城市定制型商业医疗保险（俗称惠民保）。", [("城市定制型商业医疗保险", "惠民保")]),
    ],
)  # fmt: skip
def test_names_are_found_with_their_beginning(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


def test_a_bracket_may_hold_several_names() -> None:
    assert pairs("世界贸易组织（World Trade Organization，简称WTO）裁定。") == [
        ("世界贸易组织", "World Trade Organization"),
        ("世界贸易组织", "WTO"),
        ("World Trade Organization", "WTO"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "价格上涨了3%（Reuters）。",
        "产量见图（Figure 1）。",
        "甲公司（以下简称“公司”）公告。",
        "印发《稳就业若干措施》（以下简称《措施》）。",
        "张三（男，45岁）出席。",
        "黑石集团(BX.US)上涨。",
        "产能500万吨（Mt）。",
        "Gallium (primary) rose.",
        "He left (see below).",
        "这一年（2025）很长。",
        "",
    ],
)
def test_what_is_no_name_is_left_out(text: str) -> None:
    assert pairs(text) == []


def test_a_repetition_tells_where_a_name_begins() -> None:
    unclear = "专家大谈乙烯酮裂解（KCP）。"
    assert pairs(f"{unclear}乙烯酮裂解要高温。") == [("乙烯酮裂解", "KCP")]


def test_references_and_furniture_are_not_mined() -> None:
    text = "Bureau of Industry and Security (BIS), report."
    assert pairs(text, BlockKind.REFERENCE) == []
    assert pairs(text, BlockKind.FURNITURE) == []


def test_a_pair_is_given_once_where_it_stands_first() -> None:
    text = "美国地质调查局(USGS)说。\n美国地质调查局（USGS）又说。"
    document = document_of(text)
    (alias,) = mine(document, split_sentences(document))
    assert (alias.long, alias.short) == (Span(0, 7), Span(8, 12))


def test_keys_drop_quotation_marks_and_write_alike() -> None:
    assert alias_key("“大而美”法案") == "大而美法案"
    assert alias_key("Big  Bill\nACT") == "big bill act"


PIECES = st.sampled_from(
    [
        "美国地质调查局", "（USGS）", "(BIS)", "以下简称", "（以下简称“中调局”）", "《芯片法》",
        "“", "”", "（", "）", "(", "Bureau of Industry and Security", "的", "和", "由", "，", "。",
        "\n", " ", "😀", "１２", "约翰·", "人工智能", "（AI，Artificial Intelligence）", "有限公司",
        "\r\n", "𠮷", "\t", "简称", "(亚洲)",
    ]
)  # fmt: skip


@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=80)))
def test_spans_lie_in_one_sentence_and_never_overlap(text: str) -> None:
    document = document_of(text)
    sentences = split_sentences(document)
    inside = [span for sentence in sentences for span in sentence.spans]
    found = mine(document, sentences)
    assert found == mine(document, sentences)
    assert found == sorted(found, key=lambda a: (a.long, a.short))
    for alias in found:
        first, last = sorted((alias.long, alias.short))
        assert first.end <= last.start
        assert any(s.start <= first.start and last.end <= s.end for s in inside)
        long, short = (text[s.start : s.end] for s in (alias.long, alias.short))
        assert long.strip() == long
        assert short.strip() == short
        assert alias_key(long) != alias_key(short)


# --- in a library ---

USGS = "数据来自美国地质调查局(USGS)。"
FILES = {
    "a.txt": USGS,
    "b.txt": f"{USGS}\n\n另有工业和安全局（BIS）。",
    "c.txt": "没有别的名字。",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def test_pairs_are_counted_over_live_documents(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs, path = tmp_path / "docs", tmp_path / "library"
    write(docs, FILES)
    index_sources(path, [docs], tiny_settings)
    with open_library(path) as library:
        found = library.aliases()
        assert [(p.long, p.short, p.n_documents, p.doc_id) for p in found] == [
            ("美国地质调查局", "USGS", 2, "a.txt"),
            ("工业和安全局", "BIS", 1, "b.txt"),
        ]
        text = library.document("a.txt").text
        assert text[found[0].long_span.start : found[0].long_span.end] == "美国地质调查局"
        for _ in range(20):  # looked up at first, later known from memory
            assert library.other_names(["usgs", "工业和安全局", "没有"]) == {
                "usgs": {"美国地质调查局": 2},
                "工业和安全局": {"bis": 1},
            }
        assert library.other_names(["没有"]) == {}
    remove_documents(path, ["b.txt"])
    with open_library(path) as library:
        assert [(p.short, p.n_documents) for p in library.aliases()] == [("USGS", 1)]
        assert library.other_names(["bis"]) == {}
    assert not any(b"BIS" in p.read_bytes() for p in path.rglob("*.sqlite"))


def test_names_do_not_depend_on_the_history(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs, path, fresh = tmp_path / "docs", tmp_path / "library", tmp_path / "fresh"
    write(docs, {"z.txt": "旧的国际能源署（IEA）。", "b.txt": USGS})
    index_sources(path, [docs], tiny_settings)
    for name, content in FILES.items():
        write(docs, {name: content})
        index_sources(path, [docs], tiny_settings)
    (docs / "z.txt").unlink()
    index_sources(path, [docs], tiny_settings)
    index_sources(fresh, [docs], tiny_settings)
    with open_library(path) as old, open_library(fresh) as new:
        assert old.aliases() == new.aliases()
        assert old.other_names(["usgs", "iea"]) == new.other_names(["usgs", "iea"])
        assert old.hash == new.hash


def test_a_library_without_names_can_be_asked(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs, path = tmp_path / "docs", tmp_path / "library"
    write(docs, FILES)
    index_sources(path, [docs], tiny_settings)
    (catalogue,) = path.rglob("catalogue.sqlite")
    with sqlite3.connect(catalogue) as db:
        db.execute("DROP TABLE aliases")
    db.close()
    with open_library(path) as library:
        assert library.aliases() == []
        assert library.other_names(["usgs"]) == {}


def test_a_library_from_before_is_added_to_only_after_a_rebuild(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs, path = tmp_path / "docs", tmp_path / "library"
    write(docs, FILES)
    monkeypatch.setattr("index.ingesting.ALIASES_VERSION", 0)
    index_sources(path, [docs], tiny_settings)
    monkeypatch.undo()
    with pytest.raises(IndexMismatch, match=r"aliases = 0.*--rebuild"):
        index_sources(path, [docs], tiny_settings)
    with open_library(path) as library:
        assert library.n_documents == 3
    index_sources(path, [docs], tiny_settings, rebuild=True)
    with open_library(path) as library:
        assert len(library.aliases()) == 2
