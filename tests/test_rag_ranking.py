from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag import answerability, background, ranking
from rag.asking import asked_of
from rag.features import INDEX, NAMES, Candidate, measure
from rag.ranking import Ranker
from rag.terms import Alternative, Concept, contains


def concept(term: str, rarity: float = 0.5, **others: float) -> Concept:
    own = Alternative(term, 1.0, "question")
    return Concept(
        0, len(term), rarity, (own, *(Alternative(t, w, "names") for t, w in others.items()))
    )


def column(candidates: list[Candidate], concepts: list[Concept], name: str) -> list[float]:
    rows = measure(candidates, concepts, {}, asked_of("多少"), "多少")
    return [round(float(v), 3) for v in rows[:, INDEX[name]]]


def test_coverage_is_the_rarity_found_over_the_rarity_asked() -> None:
    candidates = [
        Candidate("a", 0, "海港的吞吐量"),
        Candidate("a", 1, "海港"),
        Candidate("b", 0, "其他"),
    ]
    concepts = [concept("海港", 0.6), concept("吞吐量", 0.2)]
    # 0.6 and 0.2, evened by the exponent 0.6, are 0.736 and 0.381.
    assert column(candidates, concepts, "concepts") == [1.0, 0.659, 0.0]
    assert column(candidates, concepts, "document") == [1.0, 1.0, 0.0]


def test_an_expansion_counts_by_its_weight_and_not_as_the_questions_word() -> None:
    candidates = [Candidate("a", 0, "特朗普签署")]
    concepts = [concept("川普", 0.5, 特朗普=0.9)]
    assert column(candidates, concepts, "concepts") == [0.9]
    assert column(candidates, concepts, "words") == [0.0]


def test_neighbourhoods_end_where_a_document_does() -> None:
    candidates = [
        Candidate("a", 0, "海港"),
        Candidate("a", 1, "其他"),
        Candidate("a", 9, "其他"),
        Candidate("b", 0, "其他"),
    ]
    assert column(candidates, [concept("海港")], "near") == [1.0, 1.0, 0.0, 0.0]
    assert column(candidates, [concept("海港")], "region") == [1.0, 1.0, 1.0, 0.0]
    assert column(candidates, [concept("海港")], "gain_before") == [0.0, 1.0, 0.0, 0.0]


def test_adding_unrelated_candidates_leaves_coverage_as_it_was() -> None:
    few = [Candidate("a", 0, "海港的吞吐量"), Candidate("a", 1, "员工")]
    many = few + [Candidate(f"z{i}", 0, "茶叶") for i in range(50)]
    concepts = [concept("海港"), concept("员工", 0.3)]
    rows = [measure(c, concepts, {"海港": 0.5}, asked_of("谁"), "谁")[:2] for c in (few, many)]
    assert np.array_equal(rows[0], rows[1])


def test_no_candidates_and_no_concepts_are_measured() -> None:
    assert measure([], [concept("海港")], {}, asked_of("谁"), "谁").shape == (0, len(NAMES))
    rows = measure([Candidate("a", 0, "海港")], [], {}, asked_of("谁"), "谁")
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("he said so", "ai", False),
        ("ai芯片", "ai", True),
        ("new tariffs", "tariff", True),
        ("tariffication", "tariff", False),
        ("2023年", "2023", True),
        ("12023", "2023", False),
        ("美国人", "美国", True),
    ],
)
def test_latin_terms_and_numbers_are_whole(text: str, term: str, found: bool) -> None:
    assert contains(text, term) is found


def test_a_rarer_term_weighs_more() -> None:
    table = background.shipped()
    assert table.rarity("的") < table.rarity("公司") < table.rarity("光伏")
    assert table.rarity("魑魅魍魉之") <= 1.0
    assert table.rarity("zxqv") == 1.0


def test_a_background_table_survives_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    background.write(path, {"海港": 10, "工人": 200}, 1000)
    table = background.Background(path)
    assert table.frequency("海港") == pytest.approx(10, rel=0.03)
    assert table.frequency("没有") == 0.0
    path.write_bytes(b"other")
    with pytest.raises(ValueError, match="reinstall"):
        background.Background(path)


def test_a_score_is_the_weighted_sum_and_the_prior() -> None:
    features = np.zeros((2, len(NAMES)), dtype=np.float32)
    features[0, INDEX["concepts"]] = 0.5
    ranker = Ranker({"concepts": 2.0}, {"heading": -1.0})
    assert ranker.score(features, ["paragraph", "heading"]).tolist() == [1.0, -1.0]


def test_unknown_features_are_refused() -> None:
    with pytest.raises(ValueError, match="charm"):
        Ranker({"charm": 1.0}, {})


def test_shipped_weights_name_the_features_that_are_measured() -> None:
    assert set(json.loads(ranking.PATH.read_text("utf-8"))["weights"]) == set(NAMES)
    weights = json.loads(answerability.PATH.read_text("utf-8"))["found"]["weights"]
    assert set(weights) == set(answerability.NAMES)
