from __future__ import annotations

from pathlib import Path

import pytest

from index.ingesting import IndexSettings, index_sources
from index.segmenting import key
from index.store import open_library
from index.synonyms import SYNONYMS, Synonyms, read_synonyms


def targets(raw: bytes, text: str) -> list[str]:
    found = Synonyms(raw).thesaurus.expand(key(text))
    return [target for expansion in found for target, _, _ in expansion.targets]


def test_groups_and_arrows_are_read_with_comments_and_bom() -> None:
    raw = "\ufeff# 我们的说法\n鹏城厂, 深圳二厂\r\n老大 => 总经理\n\n".encode()
    assert Synonyms(raw).problems() == []
    assert targets(raw, "深圳二厂") == ["鹏城厂"]
    assert targets(raw, "老大") == ["总经理"]
    assert targets(raw, "总经理") == []


def test_a_file_of_chinese_windows_is_read() -> None:
    raw = "鹏城厂,深圳二厂\n".encode("gb18030")
    assert targets(raw, "鹏城厂") == ["深圳二厂"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("孤零零", "one term alone"),
        ("甲，乙", "separate the terms with commas"),
        ("=> 乙方", "nothing before =>"),
        ("甲方 =>", "nothing after =>"),
        ("甲 => 乙 => 丙", "more than one =>"),
    ],
)
def test_a_broken_line_is_named_by_its_number_and_the_rest_is_used(line: str, part: str) -> None:
    raw = f"鹏城厂,深圳二厂\n# {line}\n{line}\n".encode()
    (problem,) = Synonyms(raw).problems()
    assert problem.startswith("synonyms.txt, line 3: ")
    assert part in problem
    assert targets(raw, "鹏城厂") == ["深圳二厂"]


def test_what_is_no_text_is_a_problem_and_no_crash() -> None:
    (problem,) = Synonyms(b"\xff\xff\x00\x81").problems()
    assert "save the file as UTF-8" in problem
    assert targets(b"\xff\xff\x00\x81", "鹏城厂") == []


def test_no_file_is_no_synonyms(tmp_path: Path) -> None:
    assert read_synonyms(tmp_path) == Synonyms(b"")
    assert Synonyms(b"").digest == ""
    assert Synonyms(b"").problems() == []


def test_the_file_outlives_indexing_and_belongs_to_the_librarys_hash(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs, path = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    (docs / "a.txt").write_text("内容在这里。", encoding="utf-8")
    path.mkdir()
    file = path / SYNONYMS
    file.write_text("鹏城厂,深圳二厂\n", encoding="utf-8")
    index_sources(path, [docs], tiny_settings)
    with open_library(path) as library:
        first = library.hash
        assert first != library.manifest.library
        assert not library.stale()
        file.write_text("鹏城厂,深圳三厂\n", encoding="utf-8")
        assert library.stale()
        assert library.hash == first
    index_sources(path, [docs], tiny_settings, rebuild=True)
    assert file.read_text(encoding="utf-8") == "鹏城厂,深圳三厂\n"
    with open_library(path) as library:
        assert library.hash != first
    file.unlink()
    with open_library(path) as library:
        assert library.hash == library.manifest.library
