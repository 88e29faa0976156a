"""What counts as found when search is measured beside other people's."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))  # last: an installed wheel comes before it

from benchmarks.retrieval import passages_found
from benchmarks.retrieval_peers import Piece, bigrams, langchain_pieces
from benchmarks.retrieval_sets import Query, all_within, spread
from evals.matching import compact
from index.schema import Span

TEXT = "港口有三千人。去年吞吐量增长百分之五。"
QUOTE = "吞吐量增长百分之五"
AT = TEXT.index(QUOTE)


def quote(text: str = QUOTE, start: int = AT, doc_id: str = "a"):
    return doc_id, (Span(start, start + len(text)),), compact(text)


def test_a_quote_counts_only_when_all_of_it_is_within_the_budget() -> None:
    shown = [Piece("b", 0, 10, "无关的十个字在这里了"), Piece("a", 0, len(TEXT), TEXT)]
    needed = 10 + AT + len(QUOTE)
    assert all_within(shown, [quote()], needed)
    assert not all_within(shown, [quote()], needed - 1)


def test_every_quote_is_wanted_and_no_quote_is_not_found() -> None:
    shown = [Piece("a", 0, len(TEXT), TEXT)]
    assert all_within(shown, [quote(), quote("港口有三千人", 0)], 100)
    assert not all_within(shown, [quote(), quote("另一句", 0, "b")], 100)
    assert not all_within(shown, [], 100)


def test_a_quote_may_be_shown_in_two_pieces_of_its_document() -> None:
    cut = AT + 4
    shown = [Piece("a", cut, len(TEXT), TEXT[cut:]), Piece("a", 0, cut, TEXT[:cut])]
    assert all_within(shown, [quote()], 100)
    strangers = [Piece("b", p.start, p.end, p.text) for p in shown]
    assert not all_within(strangers, [quote()], 100)


def test_text_shown_twice_uses_up_the_budget_twice() -> None:
    first = Piece("b", 0, 10, "无关的十个字在这里了")
    shown = [first, first, Piece("a", 0, len(TEXT), TEXT)]
    assert not all_within(shown, [quote()], 10 + AT + len(QUOTE))


def test_rank_counts_passages_once_and_any_relevant_one_is_right() -> None:
    query = Query("q", "?", relevant=frozenset("cd"))
    assert passages_found(["a", "a", "b", "c"], query) == {"rank": 3, "recall": 0.5}
    assert passages_found([], query) == {"rank": 0, "recall": 0.0}
    late = [f"x{i}" for i in range(10)] + ["c"]
    assert passages_found(late, query) == {"rank": 0, "recall": 0.0}


def test_bigrams_are_pairs_of_characters_and_whole_latin_words() -> None:
    assert bigrams("Nvidia 出口额 2024年") == ["nvidia", "出口", "口额", "2024", "年"]


def test_langchain_pieces_stand_where_they_say() -> None:
    pytest.importorskip("langchain_text_splitters")
    text = "\n\n".join(f"第{i}段。" + "出口管制扩大。" * 60 for i in range(4))
    pieces = langchain_pieces([Piece("a", 0, len(text), text)])
    assert len(pieces) > 1
    assert all(text[p.start : p.end] == p.text for p in pieces)


def test_a_sample_is_spread_over_the_whole_set() -> None:
    assert spread(range(10), 5) == [0, 2, 4, 6, 8]
    assert spread([1, 2], 5) == spread([1, 2], 0) == [1, 2]
