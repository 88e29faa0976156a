from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from ui.cli import main

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
FILES = {
    "a.txt": "数据来自美国地质调查局(USGS)。",
    "b.txt": "数据来自美国地质调查局(USGS)。\n\n由工业和安全局（BIS）批准。",
}


@pytest.fixture
def library(index_files: Index, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("WENJU_LANG", "zh")
    return str(index_files(FILES)[0])


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["glossary", *arguments]) == 0
    return capsys.readouterr().out


def test_names_are_listed_with_their_documents(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output(capsys, "--index", library).splitlines() == [
        "美国地质调查局 = USGS  (2 份文档；首见 a.txt)",
        "工业和安全局 = BIS  (1 份文档；首见 b.txt)",
        "共 2 条",
    ]


def test_a_term_and_a_limit_choose(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = output(capsys, "bis", "--index", library).splitlines()
    assert chosen == ["工业和安全局 = BIS  (1 份文档；首见 b.txt)", "共 1 条"]
    assert output(capsys, "--limit", "1", "--index", library).splitlines()[1:] == [
        "共 2 条，列出 1 条；全部：--limit 2"
    ]
    assert "没有解释过的简称" in output(capsys, "没有这个", "--index", library)


def test_json_gives_the_spans(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(output(capsys, "--json", "--index", library).splitlines()[0])
    assert first == {
        "long": "美国地质调查局",
        "short": "USGS",
        "kind": "translation",
        "documents": 2,
        "doc_id": "a.txt",
        "page": None,
        "long_span": [4, 11],
        "short_span": [12, 16],
    }


def test_check_names_the_broken_lines_of_the_synonyms(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(library) / "synonyms.txt"
    file.write_text("甲厂,乙厂\n孤零零\n", encoding="utf-8")
    assert main(["check", "--index", library]) == 1
    assert "synonyms.txt, line 2: one term alone" in capsys.readouterr().out
    file.write_text("甲厂,乙厂\n", encoding="utf-8")
    assert main(["check", "--index", library]) == 0
