"""`wenju search` and `--explain` as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from ui.cli import main

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
FILES = {
    "报告.md": "# 港口年报\n\n## 吞吐量\n\n特朗普加征关税后，青岛港的吞吐量下降三成。\n",
    "通知.txt": "食堂周五关门。\n",
}


@pytest.fixture
def library(
    index_files: IndexFiles, monkeypatch: pytest.MonkeyPatch, tiny_model: Path, tmp_path: Path
) -> str:
    monkeypatch.setenv("WENJU_LANG", "zh")
    monkeypatch.setenv("WENJU_EMBEDDING_MODEL", str(tiny_model))
    monkeypatch.setenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE", "0")
    monkeypatch.chdir(tmp_path)
    return str(index_files(FILES)[0])


def test_search_shows_passages_with_their_place(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "川普加关税后港口怎样", "--index", library, "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1. 报告.md · 吞吐量\n")
    assert "青岛港的吞吐量下降三成" in out
    assert "食堂" not in out


def test_explain_shows_expansion_with_origin_ranks_and_parts_of_the_score(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "川普加关税后港口怎样", "--index", library, "--explain"]) == 0
    out = capsys.readouterr().out
    assert "特朗普 0.90 [names.txt]" in out
    assert "词语第 1，向量第" in out
    assert "权重 × 值" in out
    assert main(["ask", "trump tariffs", "--index", library, "--explain"]) == 0
    out = capsys.readouterr().out
    assert "words: 1, vectors:" in out
    assert "[names.txt]" in out


def test_parts_of_a_score_add_up_to_it(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "青岛港吞吐量", "--index", library, "--json", "--explain"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [p["n"] for p in record["passages"]] == list(range(1, len(record["passages"]) + 1))
    first = record["passages"][0]
    assert (first["source"], first["ranks"]["lexical"]) == ("报告.md", 1)
    for sentence in record["explain"]["sentences"]:
        assert sum(sentence["parts"].values()) == pytest.approx(sentence["score"], abs=0.01)


def test_ask_json_keeps_its_record_and_explains_in_a_second_line(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "青岛港吞吐量", "--index", library, "--json", "--explain"]) == 0
    record, explained = map(json.loads, capsys.readouterr().out.splitlines())
    assert record["schema"] == 1
    assert "explain" not in record
    assert explained["explain"]["question"]["asks_for"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--kind", "reprot"], "did you mean report?"),
        (["--since", "gestern"], "is no date"),
        (["--since", "2031"], "没有文档同时满足"),
        (["--source", "no/*"], "没有来源匹配 no/*"),
        (["-k", "0"], "-k 0"),
    ],
)
def test_a_slip_in_a_filter_is_named(
    library: str, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    assert main(["search", "港口", "--index", library, *flags]) in (1, 2)
    assert said in capsys.readouterr().err


def test_nothing_found_says_so(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "的", "--index", library]) == 0
    assert "没有找到相关段落" in capsys.readouterr().out


def test_the_second_reading_is_a_named_part_of_the_score(
    library: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.rereading._CLOSE", 99.0)  # one read alone keeps its score
    asked = ["ask", "青岛港吞吐量下降多少", "--index", library, "--explain"]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[1])["explain"]["sentences"]
    assert any("reread" in s["parts"] for s in told)
    for sentence in told:
        assert sum(sentence["parts"].values()) == pytest.approx(sentence["score"], abs=0.005)
    assert main(asked) == 0
    assert "第二遍阅读" in capsys.readouterr().out
    assert main([*asked, "--json", "--set", "reading.reread=0"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[1])["explain"]["sentences"]
    assert not any("reread" in s["parts"] for s in told)


def test_a_smaller_risk_is_more_silent_and_an_impossible_one_is_refused(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE")
    asked = ["ask", "关税税率是多少", "--index", library, "--json", "--max-risk"]
    status = {}
    for risk in ("0.05", "1"):
        assert main([*asked, risk]) == 0
        status[risk] = json.loads(capsys.readouterr().out)["status"]
    assert status == {"0.05": "abstained", "1": "answered"}
    assert main([*asked, "2"]) == 1
    assert "answerability.max_risk = 2.0" in capsys.readouterr().err


def test_the_same_text_in_two_documents_is_one_passage_that_names_both(
    index_files: IndexFiles, library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "青岛港去年十一月停用了三号泊位，改造到明年六月结束，费用由港务集团承担。\n"
    path, _ = index_files(
        {"甲报.txt": text, "乙报.txt": text, "丙报.txt": text.replace("三号", "五号")}
    )
    assert main(["search", "青岛港停用了几号泊位", "--index", str(path), "--json"]) == 0
    passages = json.loads(capsys.readouterr().out)["passages"]
    shown = {p["source"]: [other["source"] for other in p["also"]] for p in passages}
    assert shown["丙报.txt"] == []  # another number is another text
    ((one, others),) = ((s, o) for s, o in shown.items() if s in ("甲报.txt", "乙报.txt"))
    assert {one, *others} == {"甲报.txt", "乙报.txt"}
    assert main(["search", "青岛港停用了几号泊位", "--index", str(path)]) == 0
    assert f"同样的文字还见于：{others[0]}" in capsys.readouterr().out


def test_a_comparison_shows_a_passage_of_each_side_first(
    index_files: IndexFiles, library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    many = {
        f"青岛{n}.txt": f"青岛港第{n}季度的吞吐量是{n}00万吨，与去年相比有所增长。\n"
        for n in range(1, 40)
    }
    path, _ = index_files({**many, "宁波.txt": "宁波港年报：全年吞吐量12亿吨。\n"})
    asked = "青岛港和宁波港的吞吐量相比有什么区别"
    assert main(["search", asked, "--index", str(path), "--json", "-k", "2"]) == 0
    texts = [p["text"] for p in json.loads(capsys.readouterr().out)["passages"]]
    assert ["宁波港" in text for text in texts].count(True) == 1
    assert ["青岛港" in text for text in texts].count(True) == 1
