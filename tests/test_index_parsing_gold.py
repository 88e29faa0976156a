"""The sample documents against labels that were set by reading them, before the parser had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evals.questions import SAMPLE_FOLDER
from index.parsing import parse_file
from index.schema import Document

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from parsing_layers import raw_text, read_gold  # noqa: E402
from parsing_scores import KINDS, Score, Tally, coverage_of, score  # noqa: E402


@pytest.fixture(scope="module")
def found() -> list[Score]:
    gold = [g for g in read_gold(BENCHMARKS / "parsing_gold.jsonl") if g["doc"][:7] == "sample/"]
    return [score(one, SAMPLE_FOLDER / one["doc"].partition("/")[2]) for one in gold]


@pytest.mark.parametrize("kind", KINDS)
def test_structure_is_found_and_what_is_found_is_right(found: list[Score], kind: str) -> None:
    total = Tally()
    for one in found:
        total.add(one.tallies[kind])
    errors = [f"{one.doc}: {e}" for one in found for e in one.tallies[kind].errors]
    assert total.labelled > 30
    assert (total.recall or 0) >= 0.97, errors
    if kind != "sentence":  # which has no precision: what was joined is judged as "join"
        assert (total.precision or 0) >= 0.97, errors


def test_no_word_of_a_sample_is_lost_and_none_is_in_two_blocks() -> None:
    files = sorted(p for p in SAMPLE_FOLDER.rglob("*") if p.is_file() and p.suffix)
    assert len(files) >= 35
    for path in files:
        (document,) = parse_file(path, path.name)
        assert isinstance(document, Document)
        covered, returned, shared = coverage_of(document, raw_text(path))
        assert covered >= 0.995, path.name
        assert returned >= 0.995, path.name
        assert shared == 0, path.name
