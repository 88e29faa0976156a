"""Pairs of questions: each on its documents, and never on both sides of a split."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import twins
from benchmarks.twins import Text, Twin
from evals.metrics.quantities import han_number

EVERY = {name: twins.questions(name) for name in twins.NAMES}
ALL = [twin for some in EVERY.values() for twin in some]


def test_there_are_as_many_as_the_documentation_says() -> None:
    assert len(ALL) == 10002
    held_out = [twin for twin in ALL if twin.fold == 0]
    assert sum(twin.answerable for twin in held_out) == 1043
    assert sum(not twin.answerable for twin in held_out) == 1026


@pytest.mark.parametrize("of", ["id", "question"])
def test_no_id_and_no_question_comes_twice(of: str) -> None:
    assert [k for k, n in Counter(getattr(twin, of) for twin in ALL).items() if n > 1] == []


def test_what_can_be_answered_has_evidence_and_answers_and_nothing_else_has() -> None:
    for twin in ALL:
        assert bool(twin.evidence) == twin.answerable, twin.id
        assert bool(twin.answers) == twin.answerable, twin.id
        assert (twin.type == "unanswerable") != twin.answerable, twin.id
        assert all(answer.strip() for answer in twin.answers), twin.id
        assert twin.match in ("any", "all"), twin.id
        assert twin.answerable or twin.near, twin.id


def test_spans_begin_in_the_document_and_hold_something() -> None:
    for twin in ALL:
        for _, start, end in twin.evidence + twin.near:
            assert 0 <= start < end, twin.id


def test_every_document_that_a_question_is_about_is_named_once() -> None:
    named = json.loads((twins.HERE / "documents.json").read_text(encoding="utf-8"))
    assert set(named) == set(twins.NAMES)
    for name, some in EVERY.items():
        assert len(named[name]) == len(set(named[name]))
        assert {d for twin in some for d, _, _ in twin.evidence + twin.near} <= set(named[name])


def test_the_fold_depends_on_the_document_alone_so_that_twins_stay_together() -> None:
    asked = Twin("x-1", "多高", "zh", "number", True, ("3米",), "any", (("a/1", 4, 9),), ())
    near = Twin("x-2", "多宽", "zh", "unanswerable", False, (), "any", (), (("a/1", 40, 52),))
    assert asked.fold == near.fold == zlib.crc32(b"a/1") % twins.FOLDS
    assert {replace(asked, evidence=((f"a/{n}", 0, 1),)).fold for n in range(40)} == {0, 1, 2, 3, 4}
    by_document: dict[str, set[int]] = {}
    for twin in ALL:
        by_document.setdefault((twin.evidence or twin.near)[0][0], set()).add(twin.fold)
    assert all(len(folds) == 1 for folds in by_document.values())
    assert set().union(*by_document.values()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("二百三十一", 231), ("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105),
        ("一千二百六十", 1260), ("七", 7),
    ],
)  # fmt: skip
def test_numbers_of_articles_are_read(written: str, number: int) -> None:
    assert han_number(written) == number


def write_passages(data: Path, of: str, rows: list[tuple[str, str, str]]) -> None:
    with gzip.open(data / f"{of}.passages.jsonl.gz", "wt", encoding="utf-8") as file:
        for one, title, text in rows:
            print(json.dumps({"id": one, "title": title, "text": text}), file=file)


def documents(monkeypatch: pytest.MonkeyPatch, data: Path, wanted: list[str]) -> list[Text]:
    (data / "documents.json").write_text(json.dumps({"tiny": wanted}), encoding="utf-8")
    monkeypatch.setattr(twins, "HERE", data)
    return twins.documents("tiny", data)


def test_statutes_are_put_together_by_the_number_of_their_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_passages(
        tmp_path,
        "stard",
        [
            ("1", "渡口法第十条", "船费另定。"),
            ("2", "渡口法第二条之一", "夜渡须有灯。"),
            ("3", "桥梁法第一条", "桥须坚固。"),
            ("4", "渡口法第二条", "渡船须登记。"),
            ("5", "渡口法第九条", "摆渡人须满十八岁。"),
            ("6", "渡口法附则", "另行公布。"),
        ],
    )
    (text,) = documents(monkeypatch, tmp_path, ["stard/渡口法"])
    assert text == Text(
        "stard/渡口法",
        "渡口法",
        "第二条\u3000渡船须登记。\n第二条之一\u3000夜渡须有灯。\n第九条\u3000摆渡人须满十八岁。\n"
        "第十条\u3000船费另定。",
    )


def test_reports_and_articles_are_whole_and_in_the_order_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [("a-0", "甲地报告", "一。"), ("b-0", "乙地报告", "四。"), ("a-1", "甲地报告", "二。")]
    write_passages(tmp_path, "gov_reports_2026", parts)
    write_passages(tmp_path, "drcd", [("7", "石桥", "前段。"), ("8", "石桥", "后段。")])
    write_passages(tmp_path, "xwlb", [("n1", "晚报", "开闸。"), ("n2", "晨报", "关闸。")])
    wanted = ["xwlb/n2", "gov_reports_2026/b", "drcd/石桥", "gov_reports_2026/a"]
    assert documents(monkeypatch, tmp_path, wanted) == [
        Text("xwlb/n2", "晨报", "关闸。"),
        Text("gov_reports_2026/b", "乙地报告", "四。"),
        Text("drcd/石桥", "石桥", "前段。\n后段。"),
        Text("gov_reports_2026/a", "甲地报告", "一。\n二。"),
    ]
