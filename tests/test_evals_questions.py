"""Question sets: what is read, what is refused, and what a check finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.checking import check
from evals.errors import BadQuestionSet
from evals.matching import DocumentNames, Finder, compact
from evals.questions import load, save, set_hash
from evals.schema import Evidence, Question, default_match
from evals.sources import MemorySources
from index.schema import Block, BlockKind, Document, Span

TEXT = "第一章\n进口\n关税 升至２５％。\n— 3 —\n钨的出口许可\n需要四十五天。"


def document(text: str = TEXT, doc_id: str = "贸易/a.md", *blocks: Block) -> Document:
    return Document(doc_id, doc_id, text, blocks, "0" * 64, "md")


def paged() -> Document:
    """A paragraph that a page number interrupts."""
    text = "许可需要四\n— 3 —\n十五天。"
    return document(
        text,
        "b.pdf",
        Block(BlockKind.PARAGRAPH, (Span(0, 5), Span(12, 16))),
        Block(BlockKind.FURNITURE, (Span(6, 11),)),
    )


RECORD = {
    "schema": 1, "id": "zh-1", "question": "关税升到多少?", "lang": "zh", "type": "number",
    "answerable": True, "answers": ["25%"], "match": "any",
    "evidence": [{"doc": "贸易/a.md", "quote": "关税升至25%"}], "as_of": None, "level": 2,
    "style": "lay", "split": "dev", "tags": ["x"],
}  # fmt: skip
SILENT = {
    "schema": 1, "id": "zh-2", "question": "钼的出口许可要多少天?", "lang": "zh",
    "type": "unanswerable", "answerable": False, "answers": [], "match": "none", "evidence": [],
    "as_of": None, "level": 1, "style": "formal", "split": "dev", "tags": [],
    "near": "贸易/a.md", "note": "只有钨",
}  # fmt: skip


def of(record: dict[str, object], **changes: object) -> Question:
    return Question.from_record(record | changes)


def test_a_question_survives_a_round_trip(tmp_path: Path) -> None:
    extra = RECORD | {"id": "zh-3", "colloquial": 2, "history": [{"question": "a", "answer": "b"}]}
    questions = [of(RECORD), of(SILENT), of(extra)]
    assert [Question.from_record(q.to_record()) for q in questions] == questions
    assert questions[0].to_record() == RECORD
    assert questions[2].extra == {"colloquial": 2}
    save(questions, tmp_path / "set.jsonl")
    assert load(tmp_path / "set.jsonl") == questions
    assert set_hash(load(tmp_path)) == set_hash(questions)


def test_what_is_left_out_has_a_meaning() -> None:
    assert default_match("conflict", True) == "all"
    assert default_match("nuggets_long", True) == "all"
    assert default_match("number", True) == "any"
    short = Question.from_record({"id": "a", "question": "b", "answers": ["c"]})
    assert (short.answerable, short.match, short.level) == (True, "any", 1)
    assert Question.from_record({"id": "a", "question": "b"}).match == "none"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 2}, "schema 2, this version reads 1"),
        ({"id": ""}, "has no id"),
        ({"question": 5}, "has no question"),
        ({"answers": "25%"}, "answers must be a list"),
        ({"match": "some"}, '"some", not any, all or none'),
        ({"answerable": "yes"}, "must be true or false"),
        ({"evidence": [{"doc": "a"}]}, "needs doc and quote"),
        ({"level": "hard"}, "level is 1 or 2"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(
    changes: dict[str, object], says: str, tmp_path: Path
) -> None:
    lines = [RECORD | {"id": "ok"}, RECORD | changes]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in lines), encoding="utf-8")
    with pytest.raises(BadQuestionSet, match="line 2") as caught:
        load(path)
    assert says in str(caught.value)


def test_missing_files_and_repeated_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadQuestionSet, match="no question set"):
        load(tmp_path / "none.jsonl")
    save([of(RECORD), of(RECORD)], tmp_path / "twice.jsonl")
    with pytest.raises(BadQuestionSet, match="ids occur twice: zh-1"):
        load(tmp_path / "twice.jsonl")
    (tmp_path / "bad.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(BadQuestionSet, match=r"bad\.jsonl, line 1"):
        load(tmp_path / "bad.jsonl")


# Quotes


def test_a_quote_is_found_across_white_space_width_and_line_breaks() -> None:
    finder = Finder(document())
    (span,) = finder.find("进口关税升至25%")
    assert TEXT[span.start : span.end] == "进口\n关税 升至２５％"
    assert finder.find("钼") == ()
    assert finder.find("") == (Span(0, len(TEXT)),)


def test_a_quote_is_found_across_a_page_break() -> None:
    found = paged()
    spans = Finder(found).find("许可需要四十五天")
    assert [found.text[s.start : s.end] for s in spans] == ["许可需要四", "十五天"]
    assert Finder(found).occurs("许可需要四 … 十五天")
    assert not Finder(found).occurs("许可需要四 … 九天")
    assert not Finder(found).occurs("")


@given(st.text(alphabet="关税２5% \n㎡①ﬁA", min_size=1, max_size=30), st.data())
def test_any_slice_of_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    finder = Finder(document(text))
    spans = finder.find(text[start:end])
    wanted = compact(text[start:end])
    assert bool(spans) == bool(wanted)
    if spans:
        # ㎡ reads as m2: a span holds whole characters, so it may read longer than the quote.
        assert wanted in compact(finder.document.quote(spans).replace(" … ", ""))


def test_document_names_resolve_only_where_one_fits() -> None:
    names = DocumentNames(["x/000_ab.txt", "x/001_cd.txt", "c.jsonl#n-1", "y/z.md", "w/z.md"])
    assert names.resolve("x/000_ab.txt") == "x/000_ab.txt"
    assert names.resolve("000") == "x/000_ab.txt"
    assert names.resolve("00") is None
    assert names.resolve("n-1") == "c.jsonl#n-1"
    assert names.resolve("001_cd") == "x/001_cd.txt"
    assert names.resolve("z.md") is None
    assert names.resolve("") is None


# The check


def problems(*questions: Question) -> list[str]:
    sources = MemorySources([document(), paged()])
    found = check(questions, sources)
    return [str(p) for p in found if p.question_id and p.kind == "error"]


def warnings(*questions: Question) -> list[str]:
    return [str(p) for p in check(questions) if p.kind == "warning"]


def test_a_sound_set_has_no_errors() -> None:
    assert problems(of(RECORD), of(SILENT)) == []


def test_a_quote_that_does_not_occur_says_how_far_it_can_be_followed() -> None:
    bad = of(RECORD, evidence=[{"doc": "贸易/a.md", "quote": "进口关税升至35%"}], answers=["35%"])
    (line,) = problems(bad)
    assert "does not occur in 贸易/a.md" in line
    assert 'followed up to "进口关税升至"' in line


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"evidence": [{"doc": "no.md", "quote": "关税升至25%"}]}, "not among the 2 documents"),
        ({"answers": ["15%"]}, "no answer that is in its quotes"),
        ({"answers": ["25%", "钨"], "match": "all"}, '"钨", which is in none of its quotes'),
        ({"answers": [" "]}, "empty answer"),
        ({"evidence": []}, "has no evidence"),
        ({"answers": []}, "has no answers"),
        ({"match": "none"}, "write any or all"),
        ({"type": "followup"}, 'without "history"'),
    ],
)
def test_what_is_wrong_with_an_answerable_question(changes: dict[str, object], says: str) -> None:
    assert any(says in line for line in problems(of(RECORD, **changes)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"answers": ["3"]}, "empty both"),
        ({"match": "any"}, 'match is "any"'),
        ({"near": "no.md"}, "not among the documents"),
    ],
)
def test_what_is_wrong_with_an_unanswerable_question(changes: dict[str, object], says: str) -> None:
    assert any(says in line for line in problems(of(SILENT, **changes)))


def test_warnings_on_duplicates_leaks_balance_and_given_answers() -> None:
    again = of(RECORD, id="zh-9", question="关税升到多少了?")
    assert any("nearly the same as zh-1" in w for w in warnings(of(RECORD), again))
    other = of(RECORD, id="zh-9", question="进口那一块加到了几成", split="test")
    assert any("贸易/a.md has questions in dev and test" in w for w in warnings(of(RECORD), other))
    assert any("0% unanswerable" in w for w in warnings(of(RECORD)))
    told = of(RECORD, question="关税是不是25%?")
    assert any("already says its answer" in w for w in warnings(told, of(SILENT)))
    assert "error: the set: holds no question" in [str(p) for p in check([])]


def test_a_whole_document_as_gold_needs_no_answers() -> None:
    passage = Question(id="p", question="哪一篇讲钨?", evidence=(Evidence("贸易/a.md", ""),))
    assert problems(passage) == []


def test_a_set_may_hold_a_line_separator_or_a_byte_order_mark(tmp_path: Path) -> None:
    question = Question.from_record(RECORD | {"note": "a\u2028b\x85c"})
    save([question], tmp_path / "a.jsonl")
    data = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + data)
    assert load(tmp_path / "a.jsonl") == [question]


@pytest.mark.parametrize(
    "data",
    ['{"id": "a", "question": "问"}'.encode("gb18030"), b'{"id": "a", "question": "\\ud83d"}'],
)
def test_what_is_not_text_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    with pytest.raises(BadQuestionSet, match=r"a\.jsonl"):
        load(tmp_path / "a.jsonl")
