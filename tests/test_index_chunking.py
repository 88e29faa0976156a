from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import ChunkSettings, split_chunks, split_sentences
from index.schema import Block, BlockKind, Document, Span


def document(text: str, blocks: tuple[Block, ...] | None = None) -> Document:
    if blocks is None:
        blocks = (Block(BlockKind.PARAGRAPH, (Span(0, len(text)),)),) if text else ()
    return Document("d.txt", "d.txt", text, blocks, "0" * 64, "txt")


def sentence_texts(doc: Document, settings: ChunkSettings | None = None) -> list[str]:
    return [doc.quote(s.spans) for s in split_sentences(doc, settings)]


def test_sentences_end_at_stops_and_keep_closing_quotes() -> None:
    text = "他说：“可以。”大家都同意！真的吗？是的"
    assert sentence_texts(document(text)) == ["他说：“可以。”", "大家都同意！", "真的吗？", "是的"]


def test_marks_of_emphasis_close_with_their_sentence() -> None:
    text = "**锂价回升。** 进口增加。"
    assert sentence_texts(document(text)) == ["**锂价回升。**", "进口增加。"]


def test_english_sentences_survive_abbreviations_and_decimals() -> None:
    text = "Dr. Li paid 3.5 percent. The U.S. agreed. It cost $2."
    assert sentence_texts(document(text)) == [
        "Dr. Li paid 3.5 percent.", "The U.S. agreed.", "It cost $2.",
    ]  # fmt: skip


def test_semicolons_cut_only_long_sentences() -> None:
    short = "一是稳就业；二是稳物价。"
    long = "一是" + "稳" * 80 + "；二是" + "保" * 80 + "。"
    assert sentence_texts(document(short)) == [short]
    assert sentence_texts(document(long)) == [long[:83], long[83:]]


def test_sentence_interrupted_by_a_page_number_reads_whole() -> None:
    text = "供应链的安\n- 12 -\n全至关重要。"
    blocks = (
        Block(BlockKind.PARAGRAPH, (Span(0, 5), Span(13, 19))),
        Block(BlockKind.FURNITURE, (Span(6, 12),)),
    )
    doc = document(text, blocks)
    assert sentence_texts(doc) == ["供应链的安 … 全至关重要。"]


def test_table_row_is_one_sentence_whatever_stops_it_holds() -> None:
    text = "目标。短期 技术突破。去监管化"
    doc = document(text, (Block(BlockKind.TABLE_ROW, (Span(0, len(text)),), table=0),))
    assert sentence_texts(doc) == [text]


def test_furniture_has_no_sentences_and_no_text_no_chunks() -> None:
    doc = document("首页 > 新闻", (Block(BlockKind.FURNITURE, (Span(0, 7),)),))
    assert split_sentences(doc) == ()
    assert split_chunks(doc, ()) == ()


def test_heading_opens_a_chunk() -> None:
    text = "一句。标题\n二句。"
    blocks = (
        Block(BlockKind.PARAGRAPH, (Span(0, 3),)),
        Block(BlockKind.HEADING, (Span(3, 5),), level=1),
        Block(BlockKind.PARAGRAPH, (Span(6, 9),), section=("标题",)),
    )
    doc = document(text, blocks)
    chunks = split_chunks(doc, split_sentences(doc))
    assert [text[c.span.start : c.span.end] for c in chunks] == ["一句。", "标题\n二句。"]
    assert chunks[1].chunk_id == "d.txt@3-9"


@pytest.mark.parametrize("field", [{"chunk_chars": 3}, {"clause_chars": 500}])
def test_impossible_sizes_are_refused(field: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        ChunkSettings(**field)


TEXT = st.text(st.sampled_from("中文句子。！？；，, .ABcd12%”)\n …😀"), max_size=300)


@given(TEXT, st.integers(20, 60))
def test_sentences_hold_every_character_once_and_respect_the_limit(text: str, limit: int) -> None:
    settings = ChunkSettings(chunk_chars=40, sentence_chars=limit, clause_chars=20)
    doc = document(text)
    sentences = split_sentences(doc, settings)
    covered = [i for s in sentences for span in s.spans for i in range(span.start, span.end)]
    assert covered == sorted(set(covered))
    assert "".join(text[i] for i in covered if not text[i].isspace()) == "".join(text.split())
    assert all(len(s.span) <= limit for s in sentences)


@given(TEXT)
def test_every_sentence_is_in_exactly_one_chunk(text: str) -> None:
    doc = document(text)
    sentences = split_sentences(doc)
    chunks = split_chunks(doc, sentences, ChunkSettings(chunk_chars=40))
    inside = [i for c in chunks for i in range(c.first_sentence, c.last_sentence)]
    assert inside == list(range(len(sentences)))
    assert all(
        c.span.start <= sentences[i].span.start and sentences[i].span.end <= c.span.end
        for c in chunks
        for i in range(c.first_sentence, c.last_sentence)
    )
