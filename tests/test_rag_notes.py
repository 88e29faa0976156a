"""Notes are found by the sentence that points at them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from index.ingesting import IndexReport
from index.schema import BlockKind
from index.store import Library, open_library
from rag.features import NAMES
from rag.normalising import normalise
from rag.ranking import order, score
from rag.retrieval import Found, _noted, retrieve
from rag.settings import RetrievalSettings

Index = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
POINTS = "霜岭水库的蓄水量以坝前水位折算。"
TEXT = f"""# 河务月报

{POINTS}[^1]每月一报。

松原渡口的班次冬季减半[^2]。

[^1]: 换算表由测量队2019年编成，误差不超过百分之二。

[^2]: 班次表由轮渡公司2021年编成，每年一改。
"""


@pytest.fixture
def library(index_files: Index) -> Iterator[Library]:
    path, _ = index_files({"月报.md": TEXT})
    with open_library(path) as opened:
        yield opened


def notes(library: Library, question: str) -> list[tuple[Found, float, float]]:
    """The notes in the order of the ranker: sentence, score, coverage by what stands over it."""
    found = retrieve(library, normalise(question, date(2026, 1, 31)), RetrievalSettings())
    scores = score(found)
    return [
        (found.sentences[i], float(scores[i]), float(found.features[i, NAMES.index("title")]))
        for i in order(scores)
        if found.sentences[i].document.blocks[found.sentences[i].sentence.block].kind
        is BlockKind.FOOTNOTE
    ]


@pytest.mark.parametrize(
    ("question", "says"),
    [("霜岭水库的蓄水量按什么折算", "测量队"), ("松原渡口冬季的班次", "轮渡公司")],
)
def test_a_note_is_found_by_the_sentence_that_points_at_it(
    library: Library, question: str, says: str
) -> None:
    (first, best, covered), (other, worse, uncovered) = notes(library, question)
    assert says in first.candidate.key
    assert says not in other.candidate.key
    assert best > worse
    assert covered > uncovered


def test_a_marker_behind_the_full_stop_is_that_of_the_sentence_before(library: Library) -> None:
    document = library.document("月报.md")
    sentences = library.sentences("月报.md")
    points = {
        document.joined(s.spans): list(_noted(document.blocks[s.block], sentences, document))
        for s in sentences
    }
    (pointed,) = {said for said in points if said.startswith("[^1]:")}
    assert points[pointed] == [POINTS]
    (other,) = {said for said in points if said.startswith("[^2]:")}
    assert points[other] == ["松原渡口的班次冬季减半[^2]。"]
    assert points[POINTS] == []
    assert sum(bool(said) for said in points.values()) == 2


def test_a_note_that_nothing_points_at_is_matched_by_its_own_words(index_files: Index) -> None:
    path, _ = index_files({"月报.md": TEXT.replace(f"{POINTS}[^1]", POINTS)})
    with open_library(path) as opened:
        document = opened.document("月报.md")
        for sentence in opened.sentences("月报.md"):
            block = document.blocks[sentence.block]
            if "测量队" in document.joined(sentence.spans):
                assert list(_noted(block, opened.sentences("月报.md"), document)) == []


def test_two_markers_behind_one_full_stop_belong_to_the_same_sentence(index_files: Index) -> None:
    text = TEXT.replace("[^1]每月", "[^1][^2]每月").replace("减半[^2]", "减半")
    path, _ = index_files({"月报.md": text})
    with open_library(path) as opened:
        document, sentences = opened.document("月报.md"), opened.sentences("月报.md")
        notes = [b for b in document.blocks if b.kind is BlockKind.FOOTNOTE]
        assert [list(_noted(b, sentences, document)) for b in notes] == [[POINTS], [POINTS]]
