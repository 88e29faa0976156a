from __future__ import annotations

import zlib

import numpy as np
import pytest

from index.segmenting import key
from index.thesaurus import LOOKUP, Thesaurus, build_lookup, parse_line, shipped, source_files

SMALL = Thesaurus(
    [
        (
            "names",
            "特朗普,川普,Trump\n抖音,Douyin\n海外抖音,TikTok\n"
            "人工智能,AI\n先导智能,先导 #ambiguous\n".encode(),
        ),
        ("colloquial", "# 口语\n饭碗,工作机会 => 就业岗位,就业\n老美 => 美国\n".encode()),
    ]
)


def targets(text: str, thesaurus: Thesaurus = SMALL) -> dict[str, list[str]]:
    return {e.term: [t for t, _, _ in e.targets] for e in thesaurus.expand(key(text))}


def test_a_group_leads_to_all_its_others_and_an_arrow_one_way() -> None:
    assert targets("川普说了什么") == {"川普": ["trump", "特朗普"]}
    assert targets("饭碗") == {"饭碗": ["就业", "就业岗位"]}
    assert targets("就业岗位") == {}


def test_the_longest_term_wins() -> None:
    assert targets("海外抖音") == {"海外抖音": ["tiktok"]}


def test_latin_terms_match_whole_words_only() -> None:
    assert targets("AI 芯片") == {"ai": ["人工智能"]}
    assert targets("he said it again") == {}
    assert targets("用AI芯片") == {"ai": ["人工智能"]}


def test_expansion_is_one_hop() -> None:
    chain = Thesaurus([("names", "甲方公司,乙方公司\n乙方公司,丙方公司\n".encode())])
    assert targets("甲方公司", chain) == {"甲方公司": ["乙方公司"]}


def test_short_chinese_terms_match_only_where_words_end() -> None:
    short = Thesaurus([("names", "国会,议会\n".encode())])
    assert targets("国会通过了法案", short) == {"国会": ["议会"]}
    assert targets("全国会议", short) == {}


def test_spans_are_offsets_into_the_text() -> None:
    text = key("问：老美和川普")
    for expansion in SMALL.expand(text):
        assert text[expansion.start : expansion.end] == expansion.term


def test_skipped_stretches_are_not_expanded() -> None:
    assert SMALL.expand("川普", skip=[(0, 1)]) == []


def test_an_ambiguous_line_weighs_less() -> None:
    (sure,) = SMALL.expand("川普")
    (unsure,) = SMALL.expand("先导智能")
    assert unsure.targets[0][1] < sure.targets[0][1]


@pytest.mark.parametrize("line", ["", "# heading", "alone", "=> nothing", "nothing =>"])
def test_lines_that_lead_nowhere_are_left_out(line: str) -> None:
    assert parse_line(line, "names") is None


def test_an_empty_thesaurus_expands_nothing() -> None:
    empty = Thesaurus(())
    assert len(empty) == 0
    assert empty.expand("川普") == []


def test_the_compiled_lookup_fits_the_text_files() -> None:
    data = b"".join(p.read_bytes() for p in source_files())
    hashes, offsets = build_lookup(data)
    compiled = LOOKUP.read_bytes()
    assert int.from_bytes(compiled[6:10], "little") == zlib.crc32(data)
    table = np.frombuffer(compiled, dtype="<u4", offset=14)
    assert np.array_equal(table, np.concatenate([hashes, offsets]))


def test_the_shipped_thesaurus_knows_lay_and_english_words() -> None:
    assert "特朗普" in targets("懂王", shipped())["懂王"]
    assert "关税" in targets("new tariffs on steel", shipped())["tariffs"]


def test_every_line_of_the_shipped_files_leads_somewhere() -> None:
    for path in source_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip() and not line.startswith("#"):
                assert parse_line(line, path.stem) is not None, f"{path.name}:{number}: {line}"


@pytest.mark.parametrize("word", ["现在", "一共", "因为", "认为", "的"])
def test_words_that_only_hold_a_sentence_together_are_not_expanded(word: str) -> None:
    from datetime import date

    from rag import background
    from rag.normalising import normalise
    from rag.terms import concepts_of

    question = normalise(f"{word}产量", date(2026, 1, 31))
    concepts = concepts_of(question, [shipped()], background.shipped())
    assert all(concept.term != word for concept in concepts)


def test_one_term_may_be_known_as_several_are() -> None:
    terms = ["特朗普", "川普", "没有这个词的", "", "tariff", "zzzz"]
    assert [shipped().may_know(term) for term in terms] == shipped().known(terms)
    assert not Thesaurus([]).may_know("川普")
