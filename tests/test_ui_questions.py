from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.errors import BadQuestions
from ui.questions import QuestionFile, decode, read_questions


def read(tmp_path: Path, name: str, data: bytes | str) -> QuestionFile:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_questions(path)


def test_lines_of_text_are_questions_and_empty_lines_are_none(tmp_path: Path) -> None:
    file = read(tmp_path, "q.txt", "川普干了啥？\r\n\r\n  What changed?  \n")
    assert [(q.id, q.text) for q in file.questions] == [
        ("q1", "川普干了啥？"),
        ("q2", "What changed?"),
    ]
    assert file.columns == ()


def test_jsonl_passes_columns_through_in_order(tmp_path: Path) -> None:
    rows = [
        {"schema": 1, "id": "a", "question": "问一", "as_of": "2026-01-31", "team": "甲", "n": 3},
        {"id": 7, "question": "问二", "history": [{"question": "x", "answer": "y"}]},
    ]
    file = read(tmp_path, "q.jsonl", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    first, second = file.questions
    assert (first.id, first.text, first.as_of) == ("a", "问一", date(2026, 1, 31))
    assert first.columns == {"team": "甲", "n": 3}
    assert (second.id, second.columns) == ("7", {"history": [{"question": "x", "answer": "y"}]})
    assert file.columns == ("team", "n", "history")


def test_a_broken_line_is_a_question_with_a_problem(tmp_path: Path) -> None:
    file = read(tmp_path, "q.jsonl", '{"id":"a","question":"问"}\n{"id":\n{"id":"c"}\n"裸问题"\n')
    assert [(q.id, q.problem is None) for q in file.questions] == [
        ("a", True),
        ("q2", False),
        ("c", False),
        ("q4", True),
    ]
    assert "2" in (file.questions[1].problem or "")


def test_a_date_that_is_none_is_a_problem_of_its_question(tmp_path: Path) -> None:
    file = read(tmp_path, "q.csv", "id,question,as_of\na,问,昨天\nb,问,2026-02-01\n")
    assert "昨天" in (file.questions[0].problem or "")
    assert file.questions[1].as_of == date(2026, 2, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_the_encodings_that_spreadsheets_write(
    tmp_path: Path, encoding: str
) -> None:
    text = '编号,问题,部门\r\n甲1,"关税涨了多少，\n去年呢？",研究部\r\n'
    file = read(tmp_path, "q.csv", text.encode(encoding))
    (question,) = file.questions
    assert (question.id, question.text) == ("甲1", "关税涨了多少，\n去年呢？")
    assert question.columns == {"部门": "研究部"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiter_is_seen_in_the_header(tmp_path: Path, delimiter: str) -> None:
    lines = ["id,question,x", "1,问一、二，三,y"]
    text = "\n".join(line.replace(",", delimiter) for line in lines)
    (question,) = read(tmp_path, "q.csv", text).questions
    assert (question.id, question.text, question.columns) == ("1", "问一、二，三", {"x": "y"})


def test_short_and_long_rows_lose_no_question(tmp_path: Path) -> None:
    file = read(tmp_path, "q.csv", "question,a,b\n问一\n\n问二,1,2,3\n")
    assert [(q.text, q.columns) for q in file.questions] == [
        ("问一", {"a": "", "b": ""}),
        ("问二", {"a": "1", "b": "2"}),
    ]


def test_excel_cells_keep_their_values(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["ID", "Question", "n", "day", "note"])
    sheet.append([1.0, "问一", 2.5, datetime(2026, 3, 1), None])
    sheet.append([None, None, None, None, None])
    sheet.append([2, "问二", 3, datetime(2026, 3, 1, 8, 30), "是"])
    book.save(tmp_path / "q.xlsx")
    first, second = read_questions(tmp_path / "q.xlsx").questions
    assert (first.id, first.text) == ("1", "问一")
    assert first.columns == {"n": 2.5, "day": "2026-03-01", "note": ""}
    assert second.columns == {"n": 3, "day": "2026-03-01T08:30:00", "note": "是"}


def test_ids_that_occur_twice_are_told_apart(tmp_path: Path) -> None:
    file = read(tmp_path, "q.csv", "id,question\na,1\na,2\n,3\na#2,4\nq3,5\n")
    assert [q.id for q in file.questions] == ["a", "a#2", "q3", "a#2#2", "q3#2"]
    assert file.renamed == 3


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("q.csv", "标题,内容\na,b\n", "标题, 内容"),
        ("q.csv", "question\n", "q.csv"),
        ("q.txt", "\n \n", "q.txt"),
        ("q.docx", "x", ".jsonl"),
        ("q.xlsx", "not a zip", "q.xlsx"),
    ],
)
def test_a_file_without_questions_is_refused_in_one_line(
    tmp_path: Path, name: str, data: str, message: str
) -> None:
    with pytest.raises(BadQuestions) as caught:
        read(tmp_path, name, data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match=r"none\.csv"):
        read_questions(tmp_path / "none.csv")


@given(st.text(min_size=1).filter(lambda t: not t.startswith("\ufeff")))
def test_utf8_is_never_taken_for_another_encoding(text: str) -> None:
    data = text.encode("utf-8", "replace")
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert decode(data) == data.decode()


def test_a_folder_of_questions_is_not_called_missing(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match=r"文件夹|folder"):
        read_questions(tmp_path)


def test_history_is_read_from_json_lists_and_from_lines(tmp_path: Path) -> None:
    turns = [{"question": "美国的产量？", "answer": "8万吨"}]
    rows = [
        {"question": "那日本呢？", "history": turns},
        {"question": "为什么？", "history": "一\n二"},
    ]
    lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)
    first, second = read(tmp_path, "q.jsonl", lines).questions
    assert (first.history, second.history) == (tuple(turns), ("一", "二"))
    table = (
        "question,之前的问题\n那日本呢？,美国的产量？\n"
        '为什么？,"[""一"", ""二""]"\n独立的问题,\n坏的,"[1"\n'
    )
    asked = read(tmp_path, "q.csv", table).questions
    assert [q.history for q in asked] == [("美国的产量？",), ("一", "二"), (), ("[1",)]
    assert asked[0].columns == {"history": "美国的产量？"}
