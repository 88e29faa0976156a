from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ingesting import IndexReport
from index.store import open_library
from rag.errors import BadQuestion
from rag.filters import Filters
from rag.schema import Abstention, Answer, Citation, CitedSpan, Statement
from ui.batch import BatchProgress, BatchRun, run_batch
from ui.errors import OutRefused, UsageError
from ui.linking import links_of
from ui.questions import Question, QuestionFile
from ui.results import CSV_COLUMNS

RUN = BatchRun("sha256:one", date(2026, 1, 31))


class ScriptedAnswerer:
    """Answers with the question's own words; remembers what it was asked."""

    def __init__(self, library: str = "sha256:one", stop_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.library = library
        self.stop_after = stop_after

    def answer(
        self,
        question: str,
        *,
        id: str = "q1",
        as_of: date | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
    ) -> Answer:
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked.append(id)
        if "坏" in question:
            raise BadQuestion("the question\nis bad")
        if "崩" in question:
            raise ZeroDivisionError("division by zero")
        shared = {
            "id": id,
            "question": question,
            "as_of": str(as_of),
            "engine": "scripted",
            "library": self.library,
        }
        if "无" in question:
            return Answer(status="abstained", abstention=Abstention("没有", ("2023年",)), **shared)
        quote = f"=原文「{question}」,\n第二行"
        return Answer(
            status="answered",
            answer=f"{quote}[1]。",
            statements=(Statement(quote, (1,)),),
            citations=(
                Citation(1, "a.pdf", "a.pdf", quote, (CitedSpan(0, 9, page=3),), "一、总论", 0.9),
            ),
            confidence=0.9,
            **shared,
        )


def file_of(*texts: str, ids: Sequence[str] | None = None) -> QuestionFile:
    named = ids or [f"q{i}" for i in range(1, len(texts) + 1)]
    questions = tuple(Question(n, t, None, {"组": n}) for n, t in zip(named, texts, strict=True))
    return QuestionFile(questions, ("组",), 0)


def records(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def rows(out: Path) -> list[dict[str, str]]:
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


BOTH = pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])


def read(out: Path) -> list[dict[str, object]]:
    return records(out) if out.suffix == ".jsonl" else list(rows(out))  # type: ignore[arg-type]


@BOTH
def test_a_record_per_question_in_input_order(tmp_path: Path, name: str) -> None:
    out = tmp_path / "new folder" / name
    report = run_batch(file_of("一", "无", "坏", "崩", "二"), out, ScriptedAnswerer(), RUN)
    assert [(r["id"], r["status"], r["组"]) for r in read(out)] == [
        ("q1", "answered", "q1"),
        ("q2", "abstained", "q2"),
        ("q3", "error", "q3"),
        ("q4", "error", "q4"),
        ("q5", "answered", "q5"),
    ]
    assert read(out)[2]["error"] == "the question is bad"
    assert read(out)[3]["error"] == "ZeroDivisionError: division by zero"
    assert (report.asked, report.kept) == (5, 0)
    assert report.statuses == {"answered": 2, "abstained": 1, "error": 2}
    assert list((tmp_path / "new folder").iterdir()) == [out]  # no lock, nothing put aside


def test_an_error_record_has_every_field_of_an_answer(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(file_of("一", "坏"), out, ScriptedAnswerer(), RUN)
    good, bad = records(out)
    assert list(good) == list(bad)
    assert (bad["library"], bad["as_of"], bad["question"]) == ("sha256:one", "2026-01-31", "坏")


@BOTH
def test_what_is_there_is_not_asked_again(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    questions = file_of("一", "无", "坏", "二")
    run_batch(questions, out, ScriptedAnswerer(), RUN)
    before = out.read_bytes()
    again = ScriptedAnswerer()
    report = run_batch(questions, out, again, RUN)
    assert again.asked == []
    assert out.read_bytes() == before
    assert (report.asked, report.kept, report.count("answered")) == (0, 4, 2)


@BOTH
def test_ctrl_c_keeps_what_is_answered_and_the_next_run_goes_on(tmp_path: Path, name: str) -> None:
    out, whole = tmp_path / name, tmp_path / f"whole-{name}"
    questions = file_of("一", "二", "三", "四")
    run_batch(questions, whole, ScriptedAnswerer(), RUN)
    report = run_batch(questions, out, ScriptedAnswerer(stop_after=2), RUN)
    assert (report.interrupted, report.asked) == (True, 2)
    assert [r["id"] for r in read(out)] == ["q1", "q2"]
    rest = ScriptedAnswerer()
    run_batch(questions, out, rest, RUN)
    assert rest.asked == ["q3", "q4"]
    assert out.read_bytes() == whole.read_bytes()


@BOTH
def test_a_file_cut_short_anywhere_ends_up_as_if_never_cut(tmp_path: Path, name: str) -> None:
    whole = tmp_path / f"whole-{name}"
    questions = file_of("一", "无", "三")
    run_batch(questions, whole, ScriptedAnswerer(), RUN)
    data = whole.read_bytes()
    out = tmp_path / name
    for cut in range(0, len(data) + 1, 7):
        out.write_bytes(data[:cut])
        run_batch(questions, out, ScriptedAnswerer(), RUN)
        assert out.read_bytes() == data, cut


def test_a_cut_file_is_reported_as_repaired(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(file_of("一", "二"), out, ScriptedAnswerer(), RUN)
    out.write_bytes(out.read_bytes()[:-5])
    again = ScriptedAnswerer()
    assert run_batch(file_of("一", "二"), out, again, RUN).repaired
    assert again.asked == ["q2"]


@BOTH
def test_failed_ones_are_asked_again_only_on_request_and_stay_in_their_place(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    broken, mended = file_of("一", "坏", "三"), ScriptedAnswerer()
    run_batch(broken, out, ScriptedAnswerer(), RUN)
    run_batch(broken, out, mended, RUN)
    assert mended.asked == []
    retry = BatchRun(RUN.library, RUN.as_of, retry_failed=True)
    report = run_batch(broken, out, mended, retry)
    assert mended.asked == ["q2"]
    assert [r["id"] for r in read(out)] == ["q1", "q2", "q3"]
    assert (report.count("error"), report.backup) == (1, None)


@BOTH
def test_a_changed_question_is_asked_again_and_the_old_file_kept(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    run_batch(file_of("一", "二", "三"), out, ScriptedAnswerer(), RUN)
    before = out.read_bytes()
    again = ScriptedAnswerer()
    report = run_batch(file_of("一", "二改", "三"), out, again, RUN)
    assert again.asked == ["q2"]
    assert [r["question"] for r in read(out)] == ["一", "二改", "三"]
    assert report.changed == 1
    assert report.backup is not None
    assert report.backup.read_bytes() == before


def test_questions_added_moved_and_removed_leave_one_record_each(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(file_of("甲", "乙", "丙", ids=["a", "b", "c"]), out, ScriptedAnswerer(), RUN)
    again = ScriptedAnswerer()
    report = run_batch(file_of("丙", "丁", "甲", ids=["c", "d", "a"]), out, again, RUN)
    assert again.asked == ["d"]
    assert [r["id"] for r in records(out)] == ["c", "d", "a"]
    assert report.dropped == 1
    assert report.backup is not None


def test_another_day_is_another_run_only_where_the_date_was_given(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(file_of("一"), out, ScriptedAnswerer(), RUN)
    same, other = ScriptedAnswerer(), ScriptedAnswerer()
    run_batch(file_of("一"), out, same, BatchRun(RUN.library))
    run_batch(file_of("一"), out, other, BatchRun(RUN.library, date(2026, 2, 1)))
    assert (same.asked, other.asked) == ([], ["q1"])
    assert records(out)[0]["as_of"] == "2026-02-01"


def test_records_of_an_earlier_library_are_kept_and_counted(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(file_of("一", "二"), out, ScriptedAnswerer(stop_after=1), RUN)
    newer = BatchRun("sha256:two", RUN.as_of)
    report = run_batch(file_of("一", "二"), out, ScriptedAnswerer("sha256:two"), newer)
    assert (report.older, report.asked) == (1, 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("out.jsonl", '{"id": "q1", "question": "一"}\n'),
        ("out.jsonl", "一篇文章，\n不是结果。\n"),
        ("out.csv", "id,question\nq1,一\n"),
        ("out.csv", "一篇文章"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, name: str, content: str) -> None:
    out = tmp_path / name
    out.write_text(content, encoding="utf-8")
    with pytest.raises(OutRefused, match=name):
        run_batch(file_of("一"), out, ScriptedAnswerer(), RUN)
    assert out.read_text(encoding="utf-8") == content


def test_a_csv_with_other_columns_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    run_batch(file_of("一"), out, ScriptedAnswerer(), RUN)
    before = out.read_bytes()
    other = QuestionFile((Question("q1", "一", None, {"部门": "x"}),), ("部门",), 0)
    with pytest.raises(OutRefused, match=r"组, 部门|部门, 组"):
        run_batch(other, out, ScriptedAnswerer(), RUN)
    assert out.read_bytes() == before


def test_another_ending_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"out\.docx"):
        run_batch(file_of("一"), tmp_path / "out.docx", ScriptedAnswerer(), RUN)


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    caught: list[BaseException] = []

    def second(progress: BatchProgress) -> None:
        try:
            run_batch(file_of("一"), out, ScriptedAnswerer(), RUN)
        except OutRefused as error:
            caught.append(error)

    run_batch(file_of("一"), out, ScriptedAnswerer(), RUN, on_progress=second)
    assert len(caught) == 1
    assert len(records(out)) == 1


def test_progress_counts_kept_ones_and_ends_at_the_total(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    questions = file_of("一", "二", "三")
    run_batch(questions, out, ScriptedAnswerer(stop_after=1), RUN)
    seen: list[BatchProgress] = []
    run_batch(questions, out, ScriptedAnswerer(), RUN, on_progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(2, 3), (3, 3)]
    assert seen[-1].seconds_left == 0


def test_columns_that_the_record_has_itself_are_told_apart(tmp_path: Path) -> None:
    question = Question("q1", "一", None, {"answer": "金标", "note": {"a": [1]}})
    questions = QuestionFile((question,), ("answer", "note"), 0)
    for name in ("out.jsonl", "out.csv"):
        run_batch(questions, tmp_path / name, ScriptedAnswerer(), RUN)
    (record,), (row,) = records(tmp_path / "out.jsonl"), rows(tmp_path / "out.csv")
    assert (record["input_answer"], record["note"]) == ("金标", {"a": [1]})
    assert (row["input_answer"], row["note"]) == ("金标", '{"a": [1]}')
    assert tuple(row) == (*CSV_COLUMNS, "input_answer", "note")


def test_csv_shows_citations_as_text_and_no_formula(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    run_batch(file_of("=1+1", "无此事"), out, ScriptedAnswerer(), RUN)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    answered, abstained = rows(out)
    assert answered["question"] == "'=1+1"
    assert answered["answer"].startswith("'=")
    assert answered["citation_1"].startswith("a.pdf ")
    assert answered["citation_1"].endswith("\n=原文「=1+1」,\n第二行")
    assert (answered["citation_2"], answered["link_1"]) == ("", "")
    assert (abstained["status"], abstained["missing"]) == ("abstained", "2023年")
    again = ScriptedAnswerer()
    run_batch(file_of("=1+1", "无此事"), out, again, RUN)
    assert again.asked == []


_TEXTS = st.lists(st.text(max_size=12), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(texts=_TEXTS, cut=st.floats(0, 1), stop=st.integers(0, 6), form=st.booleans())
def test_any_questions_any_cut_any_stop_end_up_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: float, stop: int, form: bool
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    name = "out.jsonl" if form else "out.csv"
    questions = file_of(*texts)
    run_batch(questions, folder / f"whole-{name}", ScriptedAnswerer(), RUN)
    out = folder / name
    run_batch(questions, out, ScriptedAnswerer(stop_after=stop), RUN)
    out.write_bytes(out.read_bytes()[: int(cut * out.stat().st_size)])
    run_batch(questions, out, ScriptedAnswerer(), RUN)
    assert out.read_bytes() == (folder / f"whole-{name}").read_bytes()


def test_half_a_surrogate_pair_stops_nothing(tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.csv"):
        again = ScriptedAnswerer()
        run_batch(file_of("问\ud83d", "二"), tmp_path / name, ScriptedAnswerer(), RUN)
        run_batch(file_of("问\ud83d", "二"), tmp_path / name, again, RUN)
        assert again.asked == []


def test_equal_questions_are_asked_once_and_each_has_its_record(tmp_path: Path) -> None:
    out, asked = tmp_path / "out.jsonl", ScriptedAnswerer()
    report = run_batch(file_of("一", "坏", "一", "坏", "一"), out, asked, RUN)
    assert asked.asked == ["q1", "q2"]
    found = records(out)
    assert [r["id"] for r in found] == ["q1", "q2", "q3", "q4", "q5"]
    assert [r["组"] for r in found] == ["q1", "q2", "q3", "q4", "q5"]
    assert found[2]["answer"] == found[0]["answer"]
    assert report.repeated == 3
    assert report.errors == {"the question is bad": 2}


def test_summary_says_why(tmp_path: Path) -> None:
    report = run_batch(file_of("无一", "无二", "崩"), tmp_path / "o.csv", ScriptedAnswerer(), RUN)
    assert report.reasons == {"没有": 2}
    assert report.errors == {"ZeroDivisionError: division by zero": 1}
    again = run_batch(file_of("无一", "无二", "崩"), tmp_path / "o.csv", ScriptedAnswerer(), RUN)
    assert again.errors == report.errors


class Backwards:
    """Several at a time: the last one is done first."""

    def answer_all(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Answer]]:
        from ui.batch import ask_one

        for question in reversed(list(questions)):
            yield question, ask_one(question, ScriptedAnswerer(), RUN)


@BOTH
def test_answers_that_come_in_any_order_end_in_that_of_the_questions(
    tmp_path: Path, name: str
) -> None:
    questions = file_of("一", "无", "坏", "一", "五")
    run_batch(questions, tmp_path / f"one-{name}", ScriptedAnswerer(), RUN)
    run_batch(questions, tmp_path / name, Backwards(), RUN)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"one-{name}").read_bytes()


def sheet_of(path: Path) -> list[list[Any]]:
    from openpyxl import load_workbook

    book = load_workbook(path)
    try:
        return [list(row) for row in book.active.iter_rows()]
    finally:
        book.close()


def test_a_workbook_has_a_column_a_citation_that_opens_its_source(tmp_path: Path) -> None:
    out = tmp_path / "答案.xlsx"
    questions = file_of("=1+1", "无此事", "坏")
    run_batch(
        questions, out, ScriptedAnswerer(), RUN, link=lambda c: f"file:///d/{c.source}#page=3"
    )
    header, first, second, third = sheet_of(out)
    names = [cell.value for cell in header]
    assert names[:6] == ["id", "question", "as_of", "status", "answer", "citation_1"]
    assert names[-1] == "组"
    cited = first[5]
    assert cited.value.startswith("a.pdf ")
    assert (cited.hyperlink.target, cited.hyperlink.location) == ("file:///d/a.pdf", "page=3")
    assert (first[1].value, first[1].data_type) == ("=1+1", "s")
    assert (second[3].value, second[names.index("missing")].value) == ("abstained", "2023年")
    assert third[names.index("error")].value == "the question is bad"
    assert [row[-1].value for row in (first, second, third)] == ["q1", "q2", "q3"]


def test_a_workbook_goes_on_where_it_was_and_one_that_is_not_ours_is_left_alone(
    tmp_path: Path,
) -> None:
    out = tmp_path / "o.xlsx"
    run_batch(file_of("一", "二", "三"), out, ScriptedAnswerer(stop_after=2), RUN)
    assert len(sheet_of(out)) == 3
    rest = ScriptedAnswerer()
    run_batch(file_of("一", "二", "三"), out, rest, RUN)
    assert rest.asked == ["q3"]
    assert [row[0].value for row in sheet_of(out)] == ["id", "q1", "q2", "q3"]
    foreign = tmp_path / "theirs.xlsx"
    foreign.write_bytes(out.read_bytes())
    with pytest.raises(OutRefused, match=r"theirs\.xlsx"):
        run_batch(file_of("一"), foreign, ScriptedAnswerer(), RUN)


def test_links_lead_to_the_file_that_holds_the_source(
    index_files: Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]],
) -> None:
    corpus = json.dumps({"id": "r1", "text": "一条记录。"}, ensure_ascii=False)
    path, _ = index_files({"甲 乙/a#1.txt": "产量96万吨。", "b.jsonl": corpus + "\n"})
    with open_library(path) as library:
        link = links_of(library)
        docs = path.parent / "docs"
        by_source = {
            info.source: Citation(1, info.source, info.doc_id, "", (CitedSpan(0, 1, 7),), None, 1)
            for info in library.documents()
        }
        assert link(by_source["甲 乙/a#1.txt"]) == (docs / "甲 乙/a#1.txt").as_uri() + "#page=7"
        assert link(by_source["b.jsonl"]) == (docs / "b.jsonl").as_uri() + "#page=7"
        assert link(replace(by_source["b.jsonl"], source="gone.txt")) == ""


def test_a_follow_up_is_asked_with_its_own_history(
    tmp_path: Path, index_files: Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
) -> None:
    from rag.answering import Answerer
    from ui.questions import read_questions

    path, _ = index_files({"a.md": "青屿港有员工8600人。\n\n云岭港有员工310人。\n"})
    rows = [
        {"id": port, "question": "那云岭港呢？", "history": [f"{port}有多少员工？"]}
        for port in ("青屿港", "星湖港")
    ]
    asked, out = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    asked.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    with open_library(path) as library:
        run_batch(read_questions(asked), out, Answerer(library), BatchRun(library.hash))
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [r["completed_question"] for r in records] == ["云岭港有多少员工？"] * 2
    assert [r["question"] for r in records] == ["那云岭港呢？"] * 2
