"""The command line as people use it: arguments, files, pipes, mistakes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from index.ingesting import IndexReport, IndexSettings, index_sources
from index.manifest import PARSER_VERSION
from ui.cli import main
from ui.commands import NAMES

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]

PRICES = """# 2025年锂市场报告

## 一、价格

2025年碳酸锂均价跌到每吨7.5万元，比上年下降三成。年底价格回升到每吨11.8万元。

## 二、产量

2025年全国碳酸锂产量为96万吨，同比增长37%。江西省的产量占全国的四成。
"""
CHIPS = """# Export controls on chips

In January 2026 the department replaced the old rule with a licence for each country.
Exporters of advanced accelerators pay a fee of 25 percent on sales of the H200.
"""
TALK = {
    "text": [
        [{"start": 10.43, "text": "大家好，欢迎收听本期节目。"}],
        [{"start": 754.2, "text": "外卖骑手参加职业伤害保障的人数，到2025年底超过了1300万人。"}],
        [{"start": 771.9, "text": "下一期我们谈养老。"}],
    ]
}
TABLE = """# 镍的产量

| 国家 | 产量（万吨） | 全球占比 |
| --- | --- | --- |
| 印度尼西亚 | 262 | 66.7% |
| 菲律宾 | 37 | 9.4% |
"""
FILES = {
    "矿产/锂.md": PRICES,
    "english/chips.txt": CHIPS,
    "播客.json": json.dumps(TALK, ensure_ascii=False),
}


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model: Path) -> None:
    monkeypatch.setenv("WENJU_LANG", "zh")
    monkeypatch.setenv("WENJU_EMBEDDING_MODEL", str(tiny_model))
    # When to be silent is not the command line's business.
    monkeypatch.setenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE", "0")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def library(index_files: IndexFiles) -> str:
    return str(index_files(FILES)[0])


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: str) -> tuple[int, str, str]:
        code = main(argv)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


# --- indexing ------------------------------------------------------------------------------------


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_index_reports_what_was_read_skipped_and_failed_and_why(run: Run, tmp_path: Path) -> None:
    docs = write(tmp_path / "资料", {**FILES, "坏.json": "{", "照片.png": b"\x89PNG\r\n\x1a\n"})
    code, out, _ = run("index", str(docs), "--index", "矿产")
    assert code == 0
    assert "资料库 矿产：3 份文档" in out
    assert "新增 3，更新 0，未变 0，移除 0" in out
    assert "未能读取 1 项" in out
    assert "坏.json" in out
    assert 'wenju ask "你的问题" --index 矿产' in out
    code, out, _ = run("index", "--index", "矿产")
    assert "新增 0，更新 0，未变 3，移除 0" in out
    assert code == 0


def test_index_takes_files_and_globs(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "资料", FILES)
    code, out, _ = run("index", "资料/播客.json", "资料/**/*.md")
    assert code == 0
    assert "资料库 default：2 份文档" in out


@pytest.mark.parametrize(
    ("name", "content"), [("空.txt", ""), ("零.pdf", b""), ("二进制.txt", bytes(range(256)) * 40)]
)
def test_index_of_what_holds_nothing_exits_with_1_and_says_why(
    run: Run, tmp_path: Path, name: str, content: str | bytes
) -> None:
    docs = write(tmp_path / "资料", {name: content})
    code, out, err = run("index", str(docs))
    assert code == 1
    assert name in out + err


def test_a_path_that_is_not_there_is_one_line(run: Run, tmp_path: Path) -> None:
    code, out, err = run("index", str(tmp_path / "没有这个文件夹"))
    assert code == 1
    assert out == ""
    assert err.startswith("wenju: ")
    assert "没有这个文件夹" in err
    assert err.count("\n") == 1


def test_a_setting_that_is_unknown_names_the_nearest(run: Run, tmp_path: Path) -> None:
    docs = write(tmp_path / "资料", FILES)
    code, _, err = run("index", str(docs), "--set", "chunk.chunk_char=300")
    assert code == 1
    assert "chunk.chunk_chars" in err


# --- asking --------------------------------------------------------------------------------------


def test_ask_shows_answer_citation_place_and_marked_words(run: Run, library: str) -> None:
    code, out, _ = run("ask", "2025年碳酸锂产量是多少？", "--index", library)
    assert code == 0
    assert "96万吨" in out
    assert "依据\n[1] 矿产/锂.md · 二、产量" in out
    assert "‹" in out


def test_ask_shows_the_minute_of_a_recording(run: Run, library: str) -> None:
    code, out, _ = run("ask", "有多少外卖骑手参加职业伤害保障", "--index", library)
    assert code == 0
    assert "1300万" in out
    assert "播客.json · 12:34" in out


def test_ask_shows_a_table_row_with_its_header(run: Run, index_files: IndexFiles) -> None:
    library = str(index_files({"镍.md": TABLE})[0])
    _, out, _ = run("ask", "印度尼西亚 镍 全球占比", "--index", library)
    assert out.startswith("66.7%[1]\n")
    assert "国家 | 产量（万吨） | ‹全球占比› … ‹印度尼西亚› | 262 | 66.7%" in out


def test_ask_json_is_the_answer_record_with_verbatim_quotes(run: Run, library: str) -> None:
    code, out, _ = run(
        "ask", "去年碳酸锂产量是多少？", "--index", library, "--json", "--as-of", "2026-06-30"
    )
    record = json.loads(out)
    assert code == 0
    assert (record["schema"], record["status"], record["as_of"]) == (1, "answered", "2026-06-30")
    for citation in record["citations"]:
        assert citation["source"] == "矿产/锂.md"
        assert citation["quote"] in PRICES


def test_ask_reads_the_question_from_words_or_from_a_pipe(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run("ask", "What", "fee", "on", "the", "H200?", "--index", library, "--json")
    assert json.loads(out)["question"] == "What fee on the H200?"
    monkeypatch.setattr(sys, "stdin", io.StringIO("What fee on the H200?\n"))
    _, out, _ = run("ask", "--index", library, "--json")
    assert json.loads(out)["question"] == "What fee on the H200?"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_piped_question_is_read_in_the_encoding_it_comes_in(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    question = "2025年碳酸锂产量是多少？"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(question.encode(encoding))))
    _, out, _ = run("ask", "--index", library, "--json")
    assert json.loads(out)["question"] == question


def test_ask_completes_a_follow_up_and_shows_how(run: Run, library: str) -> None:
    earlier = "2025年全国碳酸锂产量是多少？"
    code, out, _ = run("ask", "江西省的呢？", "--after", earlier, "--index", library)
    assert code == 0
    assert out.startswith("按此理解：2025年江西省碳酸锂产量是多少？")
    _, out, _ = run("ask", "谁写的？", "--after", earlier, "--index", library, "--json")
    assert json.loads(out)["completed_question"] == "“矿产/锂.md”是谁写的？"


def test_ask_in_english_is_labelled_in_english(run: Run, library: str) -> None:
    _, out, _ = run("ask", "What fee do exporters pay on sales of the H200?", "--index", library)
    assert "25 percent" in out
    assert "Sources\n[1] english/chips.txt" in out


def test_ask_looks_only_in_the_sources_named(run: Run, library: str) -> None:
    question = "2025年碳酸锂产量是多少？"
    _, out, _ = run("ask", question, "--index", library, "--json", "--source", "english/*")
    record = json.loads(out)
    cited = record["citations"] + ((record["abstention"] or {}).get("nearest") or [])
    assert all(citation["source"] == "english/chips.txt" for citation in cited)


def test_a_source_that_matches_nothing_is_said_so(run: Run, library: str) -> None:
    code, out, err = run("ask", "碳酸锂产量", "--index", library, "--source", "engilsh/*")
    assert (code, out) == (1, "")
    assert "engilsh/*" in err


@pytest.mark.parametrize("question", ["", "   ", "碳" * 20_001])
def test_a_question_that_cannot_be_asked_is_one_line(run: Run, library: str, question: str) -> None:
    code, out, err = run("ask", question, "--index", library)
    assert (code, out) == (1, "")
    assert err.startswith("wenju: ")
    assert err.count("\n") == 1


def test_no_question_at_a_terminal_is_a_usage_error(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    code, _, err = run("ask", "--index", library)
    assert code == 2
    assert "wenju ask" in err


def test_a_library_that_is_not_there_says_how_to_make_one(run: Run) -> None:
    code, _, err = run("ask", "问", "--index", "nichts")
    assert code == 1
    assert "wenju index" in err


# --- batches -------------------------------------------------------------------------------------


def test_batch_answers_every_question_in_order_and_passes_columns_through(
    run: Run, library: str, tmp_path: Path
) -> None:
    rows = ["id,question,部门", "a,2025年碳酸锂产量是多少？,甲", "b,,乙", "c,有多少外卖骑手参加,丙"]
    (tmp_path / "q.csv").write_text("\n".join(rows), encoding="utf-8")
    code, out, _ = run("batch", "q.csv", "--index", library, "--out", "a.jsonl")
    records = [json.loads(line) for line in Path("a.jsonl").read_text("utf-8").splitlines()]
    assert code == 0
    assert [(r["id"], r["部门"]) for r in records] == [("a", "甲"), ("b", "乙"), ("c", "丙")]
    assert [r["status"] for r in records][:2] == ["answered", "error"]
    assert "3 个问题" in out
    assert "--retry-failed" in out
    before = Path("a.jsonl").read_bytes()
    _, out, _ = run("batch", "q.csv", "--index", library, "--out", "a.jsonl")
    assert "本次回答 0 个，沿用 3 个" in out
    assert Path("a.jsonl").read_bytes() == before


def test_batch_where_everything_fails_exits_with_1(run: Run, library: str, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    code, _, _ = run("batch", "q.jsonl", "--index", library, "--out", "a.jsonl")
    assert code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.csv", "--out", "a.jsonl"], 1, "none.csv"),
        (["q.jsonl", "--out", "q.jsonl"], 2, "--out"),
        (["q.jsonl", "--out", "a.docx"], 2, "a.docx"),
        (["q.jsonl"], 2, "--out"),
        (["q.jsonl", "--out", "a.jsonl", "--as-of", "gestern"], 2, "gestern"),
    ],
)
def test_batch_mistakes_are_one_line_and_write_nothing(
    run: Run, library: str, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "a", "question": "问"}\n', encoding="utf-8")
    got, out, err = run("batch", *arguments, "--index", library)
    assert (got, out) == (code, "")
    assert message in err
    assert not (tmp_path / "a.jsonl").exists()


# --- what a library holds ------------------------------------------------------------------------


def test_sources_lists_and_removes(run: Run, library: str) -> None:
    _, out, _ = run("sources", "--index", library)
    assert "矿产/锂.md  2025年锂市场报告" in out
    assert "3 份文档" in out
    _, out, _ = run("sources", "list", "--json", "--index", library)
    assert [json.loads(line)["doc_id"] for line in out.splitlines()] == sorted(FILES)
    code, _, err = run("sources", "--index", library, "remove", "矿产/鋰.md")
    assert code == 1
    assert "矿产/锂.md" in err
    code, out, _ = run("sources", "remove", "矿产/*", "播客.json", "--index", library)
    assert code == 0
    assert "抹去 2 份文档" in out
    _, out, _ = run("sources", "--index", library)
    assert "锂" not in out


def test_libraries_lists_the_named_ones(
    run: Run, tmp_path: Path, wenju_home: Path, tiny_settings: IndexSettings
) -> None:
    assert run("libraries")[1].startswith("还没有资料库")
    docs = write(tmp_path / "资料", FILES)
    index_sources(wenju_home / "libraries" / "矿产", [docs], tiny_settings)
    _, out, _ = run("libraries")
    assert "矿产  3 份文档" in out
    _, out, _ = run("libraries", "--json")
    assert json.loads(out)["documents"] == 3
    _, _, err = run("ask", "问")
    assert "已有：矿产" in err


def test_check_finds_damage_and_says_how_to_mend_it(run: Run, library: str) -> None:
    assert "完好" in run("check", "--index", library)[1]
    largest = max(
        (p for p in Path(library).rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 0xFF
    largest.chmod(0o644)
    largest.write_bytes(data)
    code, out, err = run("check", "--index", library)
    assert code == 1
    assert "--rebuild" in out + err


def test_doctor_shows_settings_with_their_origin_and_never_a_key(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    code, out, err = run("doctor", "--set", "reading.max_statements=2")
    assert code == 0
    assert "secret" not in out + err
    assert "OPENAI_API_KEY：已设置" in out
    assert "DEEPSEEK_API_KEY：未设置" in out
    assert "reading.max_statements：2  ← --set" in out
    assert "← WENJU_EMBEDDING_MODEL" in out


def test_doctor_lists_every_setting(run: Run) -> None:
    code, out, _ = run("doctor", "--settings")
    assert code == 0
    assert "reading.max_statements：3  ← default" in out
    assert "chunk.chunk_chars" in out


# --- mistakes, help, manners ---------------------------------------------------------------------


def test_an_unknown_command_names_the_nearest(run: Run) -> None:
    code, _, err = run("aks", "问")
    assert code == 2
    assert "wenju ask" in err


@pytest.mark.parametrize("argv", [["ask", "--jsno", "问"], ["sources", "delete", "x"]])
def test_a_wrong_command_line_is_one_line(run: Run, argv: list[str]) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "--help" in err


@pytest.mark.parametrize(
    ("argv", "said", "command"),
    [
        (["ask", "--jsn", "x"], "没有 --jsn 这样的参数", "wenju ask --help"),
        (["sources", "--al"], "没有 --al 这样的参数", "wenju sources --help"),
        (["batch", "q.csv"], "--out", "wenju batch --help"),
        (["--jsn"], "没有 --jsn 这样的参数", "wenju --help"),
    ],
)
def test_a_wrong_argument_is_named_once_with_the_help_that_lists_the_right_ones(
    run: Run, argv: list[str], said: str, command: str
) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert said in err
    assert err.rstrip().endswith(f"用法见 {command}")
    assert err.count("wenju: ") == 1


def test_a_port_that_cannot_be_one_is_not_called_taken(run: Run, library: str) -> None:
    code, _, err = run("chat", "--index", library, "--port", "99999")
    assert code == 2
    assert "65535" in err


def test_an_answer_that_nobody_can_read_is_no_failure(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["ask", "2025年碳酸锂产量是多少？", "--index", library]) == 0


def test_a_library_name_that_cannot_be_one_is_a_usage_error(run: Run) -> None:
    assert run("check", "--index", "a b")[0] == 2


def test_help_and_version_exit_with_0(run: Run) -> None:
    for argv in ([], ["--help"]):
        code, out, _ = run(*argv)
        assert code == 0
        assert "wenju demo" in out
    code, out, _ = run("--version")
    assert code == 0
    assert out.split()[0] == "wenju"


@pytest.mark.parametrize("name", NAMES)
def test_every_help_has_an_example(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"例子:\n  wenju {name}" in out


def test_our_own_mistake_is_one_line_and_exit_70(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("rag.answering.Answerer.answer", broken)
    code, out, err = run("ask", "问", "--index", library)
    assert (code, out) == (70, "")
    assert "ZeroDivisionError: division by zero" in err
    assert "WENJU_DEBUG=1" in err
    assert err.count("\n") == 1
    monkeypatch.setenv("WENJU_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("ask", "问", "--index", library)


def test_ctrl_c_is_130(run: Run, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.answering.Answerer.answer", stopped)
    code, _, err = run("ask", "问", "--index", library)
    assert code == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_a_library_read_by_an_earlier_version_is_told_to_be_made_again(
    run: Run, index_files: IndexFiles, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("index.ingesting.PARSER_VERSION", PARSER_VERSION - 1)
    old, _ = index_files({"a.txt": "港口现有员工8600人。"})
    monkeypatch.undo()
    _, out, _ = run(command, "--index", str(old))
    assert "--rebuild" in out
    assert str(old) in out


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_a_library_of_today_is_not_told_to_be_made_again(
    run: Run, index_files: IndexFiles, command: str
) -> None:
    today, _ = index_files({"a.txt": "港口现有员工8600人。"})
    _, out, _ = run(command, "--index", str(today))
    assert "--rebuild" not in out
