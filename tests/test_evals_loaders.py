"""Other people's formats become questions whose gold stands in the corpus written beside them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.checking import check
from evals.errors import BadQuestionSet, UnknownSet
from evals.loaders import LoadedSet
from evals.loaders.beir import load_beir
from evals.loaders.passages import load_passages
from evals.loaders.rgb import load_rgb
from evals.loaders.squad import load_squad, sentence_around
from evals.loaders.tables import load_table
from evals.sources import MemorySources
from index.schema import Document


def jsonl(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def errors(loaded: LoadedSet) -> list[str]:
    documents = [
        Document(r["id"], r["id"], r["text"], (), "0" * 64, "jsonl") for r in loaded.documents()
    ]
    found = check(loaded.questions, MemorySources(documents))
    return [str(p) for p in found if p.kind == "error"]


PASSAGES = [
    {"id": "p1", "title": "河", "text": "柳河全长九十里。每年三月开冻。", "src": "x"},
    {"id": "p2", "title": "桥", "text": "青石桥建于1820年。"},
]


def test_passages_and_queries_in_gzipped_lines(tmp_path: Path) -> None:
    jsonl(tmp_path / "toy.passages.zh.jsonl.gz", PASSAGES)
    queries = [
        {"id": "1", "question": "柳河多长?", "answers": ["九十里"], "relevant": ["p1"]},
        {"id": "2", "question": "桥多宽?", "answers": [], "relevant": [], "answerable": False,
         "context": ["p2"], "type": "unanswerable"},
        {"id": "3", "question": "何时开冻,桥何时建?", "answers": ["三月", "1820年"],
         "answer_groups": [["三月"], ["1820年", "1820"]], "relevant": ["p1", "p2", "p1"],
         "evidence": ["每年三月开冻", "建于1820年", "没有的话"]},
    ]  # fmt: skip
    jsonl(tmp_path / "toy.queries.zh_dev.jsonl.gz", queries)
    loaded = load_passages(tmp_path, "toy", "zh_dev")
    long, wide, both = loaded.questions
    assert (long.evidence[0].doc, long.evidence[0].quote, long.match) == ("p1", "", "any")
    assert (wide.answerable, wide.near, wide.match) == (False, "p2", "none")
    assert (both.match, both.answers) == ("all", ("三月", "1820年"))
    assert [(e.doc, e.quote) for e in both.evidence] == [
        ("p1", "每年三月开冻"),
        ("p2", "建于1820年"),
    ]
    assert errors(loaded) == []
    path = loaded.write_corpus(tmp_path / "corpus")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"id": "p1", "title": "河", "text": "柳河全长九十里。每年三月开冻。"}
    with pytest.raises(UnknownSet, match=r"it has toy\.queries\.zh_dev"):
        load_passages(tmp_path, "toy", "test")


def answer(text: str, start: int) -> dict[str, object]:
    return {"text": text, "answer_start": start}


def test_squad_style_files(tmp_path: Path) -> None:
    context = "柳河在北。青石桥建于1820年,宽六尺。后来修过。"
    record = {
        "title": "桥",
        "paragraphs": [
            {
                "id": "b1",
                "context": context,
                "qas": [
                    {"id": "1", "question": "哪年建的?", "answers": [answer("1820年", 10)]},
                    {"id": "2", "question": "多宽?", "answers": [answer("六尺", 3)]},
                    {"id": "3", "question": "谁修的?", "answers": [], "is_impossible": True},
                ],
            }
        ],
    }
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"data": [record]}), encoding="utf-8")
    loaded = load_squad(path)
    assert [e.quote for q in loaded.questions for e in q.evidence] == [
        "青石桥建于1820年,宽六尺。",
        "青石桥建于1820年,宽六尺。",  # its answer_start is wrong: searched for
    ]
    assert (loaded.questions[2].answerable, loaded.questions[2].near) == (False, "b1")
    assert errors(loaded) == []
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(BadQuestionSet, match="data → paragraphs"):
        load_squad(path)


def test_the_sentence_around_an_answer() -> None:
    text = "It is 3.5 m long. It was built in 1820! Later more."
    start = text.index("1820")
    assert sentence_around(text, start, start + 4) == "It was built in 1820!"
    assert sentence_around(text, 0, len(text)) == text
    assert sentence_around("没有句号", 0, 2) == "没有句号"


def test_beir_folders(tmp_path: Path) -> None:
    corpus = [{"_id": "a", "title": "t", "text": "x"}, {"_id": "b", "text": "y"}]
    jsonl(tmp_path / "corpus.jsonl", corpus)
    jsonl(tmp_path / "queries.jsonl", [{"_id": "q1", "text": "x?"}, {"_id": "q2", "text": "y?"}])
    (tmp_path / "qrels").mkdir()
    qrels = "query-id\tcorpus-id\tscore\nq1\ta\t1\nq1\tb\t0\nq2\tb\t0\n"
    (tmp_path / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    loaded = load_beir(tmp_path)
    (question,) = loaded.questions
    assert (question.id, [e.doc for e in question.evidence]) == ("q1", ["a"])
    assert [r["id"] for r in loaded.documents()] == ["a", "b"]
    assert errors(loaded) == []
    with pytest.raises(BadQuestionSet, match=r"qrels/dev\.tsv"):
        load_beir(tmp_path, "dev")


def test_rgb_files(tmp_path: Path) -> None:
    records = [
        {"id": 0, "query": "多长?", "answer": ["九十里", "90里"], "positive": ["柳河长九十里"],
         "negative": ["青石桥"], "positive_wrong": ["柳河长十里"]},
    ]  # fmt: skip
    path = tmp_path / "zh_fact.json"
    jsonl(path, [records[0] | {"answer": [["九十里", "90里"]]}])
    loaded = load_rgb(path, counterfactual=True)
    assert loaded.questions[0].answers == ("九十里", "90里")
    assert loaded.questions[0].match == "any"
    assert len(list(loaded.documents())) == 3
    nested = {"answer": [["九十里"], ["1820年"]], "positive": [["柳河长九十里"], ["建于1820年"]]}
    jsonl(path, [records[0] | nested])
    loaded = load_rgb(path)
    assert (loaded.questions[0].match, loaded.questions[0].type) == ("all", "integration")
    assert len(loaded.questions[0].evidence) == 2
    assert len(list(loaded.documents())) == 3
    assert errors(loaded) == []
    jsonl(path, [{"id": 1}])
    with pytest.raises(BadQuestionSet, match="each line needs id"):
        load_rgb(path)


def test_ragas_and_langsmith_tables(tmp_path: Path) -> None:
    ragas = tmp_path / "ragas.csv"
    ragas.write_text(
        "user_input,reference_contexts,reference\n"
        "柳河多长?,\"['柳河长九十里', '每年开冻']\",九十里\n"
        "桥多宽?,[],\n",
        encoding="utf-8-sig",
    )
    loaded = load_table(ragas)
    assert [q.answers for q in loaded.questions] == [("九十里",), ()]
    assert [q.answerable for q in loaded.questions] == [True, False]
    assert len(loaded.questions[0].evidence) == 2
    assert errors(loaded) == []
    smith = tmp_path / "smith.csv"
    smith.write_text(
        'id,inputs,outputs\nx1,"{""question"": ""多长?""}","{""answer"": ""九十里""}"\n',
        encoding="utf-8",
    )
    (question,) = load_table(smith).questions
    assert (question.id, question.question, question.answers) == ("x1", "多长?", ("九十里",))
    smith.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadQuestionSet, match="has columns a, b"):
        load_table(smith)


def test_a_table_may_hold_long_contexts_and_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(f"question,answer,contexts\nq,a,{'x' * 200_000}\n", encoding="utf-8")
    assert len(load_table(path).questions) == 1
    path.write_bytes("question,answer\n问,答\n".encode("gb18030"))
    with pytest.raises(BadQuestionSet, match="UTF-8"):
        load_table(path)
    path.write_text("foo,bar\nq,a,more\n", encoding="utf-8")
    with pytest.raises(BadQuestionSet, match="row 1"):
        load_table(path)


def test_an_empty_gold_answer_of_a_squad_file_is_passed_over(tmp_path: Path) -> None:
    golds = [{"text": "", "answer_start": 0}, {"text": "丁", "answer_start": 6}]
    asked = {"id": 1, "question": "丙在哪", "answers": golds}
    article = {"title": None, "paragraphs": [{"context": "甲在乙。丙在丁。", "qas": [asked]}]}
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"data": [article]}), encoding="utf-8")
    loaded = load_squad(path)
    assert loaded.questions[0].evidence[0].quote == "丙在丁。"
    assert next(iter(loaded.documents()))["title"] == ""
