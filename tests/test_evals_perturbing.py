"""Perturbations: what they change, that they leave the rest alone, and that they repeat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.checking import check
from evals.distractors import unrelated_documents
from evals.errors import CannotPerturb
from evals.matching import compact
from evals.perturbing import ABSENT, Corpus, perturb_questions
from evals.perturbing_documents import perturb_documents
from evals.schema import Evidence, Question, Turn
from evals.sources import MemorySources
from index.schema import Document

FILES = {
    "a.md": "# 关税\n\n2025年美国把关税提到25%,约合640亿美元。江州市出口1,820吨。",
    "贸/b.txt": "台积电在日本设厂,DeepSeek 模型训练花了 557 万美元。",
    "c.md": "印度与澳大利亚。栖云。欧元。Mongolia 2031",
}


def sources(files: dict[str, str] = FILES) -> MemorySources:
    return MemorySources([Document(n, n, t, (), "0" * 64, "md") for n, t in files.items()])


def ask(id: str, text: str, doc: str, quote: str, answer: str, **more: object) -> Question:
    evidence = (Evidence(doc, quote),)
    return Question(id, text, answers=(answer,), evidence=evidence, **more)  # type: ignore[arg-type]


QUESTIONS = [
    ask("1", "2025年美国关税合多少亿美元?", "a.md", "约合640亿美元", "640亿美元"),
    ask("2", "江州市出口了多少吨?", "a.md", "江州市出口1,820吨", "1,820吨"),
    ask("3", "台积电在哪设厂?", "贸/b.txt", "台积电在日本设厂", "日本"),
    ask("4", "What did DeepSeek cost?", "贸/b.txt", "花了 557 万美元", "557", lang="en"),
    Question("5", "2025年钼呢?", answerable=False, match="none", near="a.md"),
    ask("6", "那2025年呢?", "a.md", "25%", "25%", history=(Turn("美国关税?", "25%"),)),
]


@pytest.mark.parametrize(
    ("kind", "ids", "gone"),
    [
        ("year", ["1"], ["2025年"]),
        ("country", ["1"], ["美国"]),
        ("unit", ["1", "2"], ["美元", "吨"]),
        ("entity", ["2", "3", "4"], ["江州", "台积电", "DeepSeek"]),
    ],
)
def test_what_is_asked_becomes_absent(kind: str, ids: list[str], gone: list[str]) -> None:
    changed = perturb_questions(kind, QUESTIONS, sources())
    originals = {q.id: q for q in QUESTIONS}
    assert [q.id for q in changed] == [f"{i}~{kind}" for i in ids]
    corpus = Corpus(sources())
    for question, old, name in zip(changed, ids, gone, strict=True):
        assert name in originals[old].question
        assert name not in question.question
        assert (question.answerable, question.answers, question.evidence) == (False, (), ())
        assert question.near == originals[old].document
        assert f"perturbed:{kind}" in question.tags
        # What took its place stands in no document.
        before, after = originals[old].question.split(name)
        assert question.question.startswith(before)
        assert question.question.endswith(after)
        new = question.question[len(before) : len(question.question) - len(after)]
        assert new
        assert not corpus.mentions(new)
    assert perturb_questions(kind, QUESTIONS, sources()) == changed
    assert [p for p in check(changed, sources()) if p.kind == "error"] == []


def test_choices_hang_on_the_id_and_not_on_the_order() -> None:
    forwards = perturb_questions("unit", QUESTIONS, sources())
    backwards = perturb_questions("unit", QUESTIONS[::-1], sources())
    assert sorted(forwards, key=lambda q: q.id) == sorted(backwards, key=lambda q: q.id)
    assert set(ABSENT) == {"year", "country", "entity", "unit"}


def test_script_is_converted_and_gold_stays() -> None:
    changed = perturb_questions("script", QUESTIONS, sources())
    by_id = {q.id: q for q in changed}
    assert by_id["1~script"].question == "2025年美國關稅合多少億美元?"
    assert by_id["1~script"].lang == "zh-Hant"
    assert by_id["1~script"].evidence == QUESTIONS[0].evidence
    assert "4~script" not in by_id  # English has one script
    assert not by_id["5~script"].answerable
    back = perturb_questions("script", [by_id["1~script"]], sources())
    assert back[0].question == QUESTIONS[0].question


def test_nothing_to_change_says_so() -> None:
    with pytest.raises(CannotPerturb, match="none of 1 questions has a year"):
        perturb_questions("year", [QUESTIONS[1]], sources())


def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("gb18030" if name.startswith("贸") else "utf-8"))
    return tmp_path / "docs"


def read(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_number_changes_in_the_document_and_in_the_gold(tmp_path: Path) -> None:
    docs = folder(tmp_path)
    before = read(docs)
    found = perturb_documents("number", QUESTIONS, docs, tmp_path / "out")
    assert read(docs) == before
    assert [q.id for q in found.questions] == ["1~number", "2~number", "4~number"]
    texts = {
        name: data.decode("gb18030" if name.startswith("贸") else "utf-8")
        for name, data in read(found.documents).items()
    }
    old = {q.id: q for q in QUESTIONS}
    for question in found.questions:
        original = old[question.id.split("~")[0]]
        (answer,), (evidence,) = question.answers, question.evidence
        assert answer != original.answers[0]
        assert len(answer) == len(original.answers[0])
        assert evidence.quote in texts[evidence.doc]
        assert compact(answer) in compact(evidence.quote)
        assert original.evidence[0].quote not in texts[evidence.doc]
    assert texts["c.md"] == FILES["c.md"]
    again = perturb_documents("number", QUESTIONS, docs, tmp_path / "again")
    assert again.questions == found.questions
    assert read(again.documents) == read(found.documents)


def test_a_number_that_stands_twice_is_left_alone(tmp_path: Path) -> None:
    docs = folder(tmp_path)
    (docs / "a.md").write_text(FILES["a.md"] + "又是640亿。", encoding="utf-8")
    found = perturb_documents("number", QUESTIONS[:2], docs, tmp_path / "out")
    assert [q.id for q in found.questions] == ["2~number"]
    with pytest.raises(CannotPerturb, match="exists"):
        perturb_documents("number", QUESTIONS, docs, tmp_path / "out")
    with pytest.raises(CannotPerturb, match="stands once"):
        perturb_documents("number", QUESTIONS[:1], docs, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_shuffled_documents_are_the_same_in_another_order(tmp_path: Path) -> None:
    docs = folder(tmp_path)
    found = perturb_documents("shuffle", QUESTIONS, docs, tmp_path / "out")
    moved = read(found.documents)
    assert sorted(moved.values()) == sorted(read(docs).values())
    assert [n.split("/", 1)[1] for n in sorted(moved)] != sorted(read(docs))
    for question in found.questions:
        for evidence in question.evidence:
            assert evidence.doc in moved
    assert found.questions[4].near in moved


def test_a_thousand_unrelated_documents_are_added(tmp_path: Path) -> None:
    docs = folder(tmp_path)
    found = perturb_documents("distract", QUESTIONS, docs, tmp_path / "out")
    lines = (found.documents / "unrelated.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert len({r["id"] for r in records}) == 1000
    assert len({r["text"] for r in records}) > 950
    assert all(len(r["text"]) > 30 for r in records)
    crowd = compact("".join(r["text"] for r in records))
    assert not any(compact(a) in crowd for q in QUESTIONS for a in q.answers if len(a) > 3)
    assert list(unrelated_documents(5)) == list(unrelated_documents(1000))[:5]
    assert len(found.questions) == len(QUESTIONS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotPerturb, match="holds no documents"):
        perturb_documents("shuffle", QUESTIONS, tmp_path / "empty", tmp_path / "out2")
