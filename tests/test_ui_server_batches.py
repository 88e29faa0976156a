"""A batch over HTTP from a table as spreadsheets save it: what comes back, what can be repeated."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

COLUMNS = ("编号", "问题", "部门", "备注", "历史", "日期基准")
ROWS = (
    ("甲-1", "2024年中国粗钢产量是多少？", "销售", "含逗号，\"引号\"\r\n和换行", "", "2026/1/31"),
    ("甲-2", "那日本呢？", "采购", "=1+1", "2024年中国粗钢产量是多少？", "2026-01-31"),
    ("甲-3", "2024年印度粗钢产量是多少？", "", "", "", "2026年1月31日"),
    ("甲-4", "", "财务", "空的", "", ""),
    ("甲-5", "2024年法国粗钢产量是多少？", "", "", "", "去年"),
)  # fmt: skip


def table(encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([COLUMNS, *ROWS])
    return text.getvalue().encode(encoding)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module", params=["utf-8-sig", "gbk", "utf-16"])
def done(request: pytest.FixtureRequest, shared_server: Any) -> Any:
    """The batch, when it has ended."""
    files = {"file": ("问题 表.CSV", table(request.param), "text/csv")}
    form = {"library": "钢铁"}
    preview = shared_server.post(
        "/v1/batches/file", files=files, data=form | {"preview": "true"}
    ).json()
    assert preview["total"] == 5
    assert preview["columns"] == ["部门", "备注", "history"]
    assert [row["id"] for row in preview["questions"]] == [row[0] for row in ROWS]
    assert ["去年" in problem for problem in preview["problems"]] == [True]
    job = shared_server.post("/v1/batches/file", files=files, data=form, params={"wait": 60})
    assert (job.status_code, job.json()["status"]) == (202, "done"), job.text
    yield job.json()
    assert shared_server.delete(f"/v1/batches/{job.json()['id']}").status_code == 204


def test_each_row_is_answered_or_says_what_is_wrong_with_it(done: Any, shared_server: Any) -> None:
    counts = {key: done["result"][key] for key in ("total", "answered", "failed")}
    assert counts == {"total": 5, "answered": 3, "failed": 2}
    text = shared_server.get(f"/v1/batches/{done['id']}/results").text
    records = [json.loads(line) for line in text.splitlines()]
    assert [record["id"] for record in records] == [row[0] for row in ROWS]
    statuses = ["answered", "answered", "answered", "error", "error"]
    assert [record["status"] for record in records] == statuses
    assert [record["as_of"] for record in records[:3]] == ["2026-01-31"] * 3
    assert "去年" in records[4]["error"]
    assert records[0]["statements"][0]["text"] == "10.05亿吨"
    assert records[1]["completed_question"] == "2024年日本粗钢产量是多少？"
    assert records[1]["statements"][0]["text"] == "8400万吨"
    assert records[2]["statements"][0]["text"] == "1.49亿吨"
    assert [record["部门"] for record in records] == [row[2] for row in ROWS]


def test_a_table_keeps_the_columns_and_leads_to_the_words(done: Any, shared_server: Any) -> None:
    at = f"/v1/batches/{done['id']}/results"
    rows = rows_of(shared_server.get(at, params={"format": "csv"}).content)
    assert [row["部门"] for row in rows] == [row[2] for row in ROWS]
    assert rows[0]["备注"] == ROWS[0][3]
    assert rows[1]["备注"] == "'=1+1"  # no formula
    assert rows[1]["citation_1"].endswith("2024年日本粗钢产量为8400万吨。")
    linked = shared_server.get(rows[1]["link_1"]).json()
    assert "2024年日本粗钢产量为8400万吨。" in linked["text"]


def test_a_workbook_holds_the_same_and_can_be_clicked(done: Any, shared_server: Any) -> None:
    from openpyxl import load_workbook

    at = f"/v1/batches/{done['id']}/results"
    table = rows_of(shared_server.get(at, params={"format": "csv"}).content)
    content = shared_server.get(at, params={"format": "xlsx"}).content
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    head, *rows = sheet.iter_rows()
    names = [cell.value for cell in head]
    for row, wanted in zip(rows, table, strict=True):
        cells = dict(zip(names, row, strict=True))
        assert cells["id"].value == wanted["id"]
        assert (cells["部门"].value or "") == wanted["部门"]
        assert (cells["answer"].value or "") == wanted["answer"]
        link = cells["citation_1"].hyperlink
        assert (link.target if link else "") == wanted["link_1"]
    assert rows[1][names.index("备注")].value == "=1+1"
    assert rows[1][names.index("备注")].data_type == "s"
    folder = shared_server.log.parent / "batches"
    assert not list(folder.rglob("*.xlsx")), "a workbook is made for one download"


def test_what_failed_is_asked_again_and_nothing_else(done: Any, shared_server: Any) -> None:
    at = f"/v1/batches/{done['id']}"
    refused = shared_server.post(f"{at}/resume")
    assert refused.status_code == 409
    assert "retry_failed" in refused.json()["error"]["message"]
    (records,) = (
        path for path in (shared_server.log.parent / "batches").glob("*/answers.jsonl")
        if "甲-3" in path.read_text(encoding="utf-8")
    )  # fmt: skip
    before = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    broken = [dict(one) for one in before]
    broken[2] |= {"status": "error", "error": "the disk was full", "statements": [], "answer": ""}
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in broken)
    records.write_text(lines, encoding="utf-8")
    again = shared_server.post(f"{at}/resume", params={"retry_failed": True, "wait": 60}).json()
    assert (again["status"], again["result"]["failed"]) == ("done", 2)
    after = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    assert after[1] == before[1], "what was answered is not asked again"
    assert after[2] | {"timings_ms": {}} == before[2] | {"timings_ms": {}}
