"""A cited place as the source panel gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ingesting import IndexReport
from index.schema import Span
from index.store import open_library
from ui.viewing import AROUND, audio_path, view_source

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
NOTE = "甲公司的产能为30万吨[^1]。\n\n乙公司没有公布。\n\n[^1]: 含委托加工。\n"


def text_of(pieces: list[tuple[str, int]], weight: int | None = None) -> str:
    return "".join(text for text, w in pieces if weight is None or w == weight)


def view(library: Path, doc_id: str, quote: str, **options: Any) -> dict[str, Any]:
    with open_library(library) as opened:
        at = opened.document(doc_id).text.index(quote)
        return view_source(opened, doc_id, [Span(at, at + len(quote))], **options)


def test_cited_words_are_marked_and_the_answering_ones_stand_out(index_files: IndexFiles) -> None:
    library, _ = index_files({"a.txt": "前一段。\n\n产量为96万吨，增长三成。\n\n后一段。\n"})
    found = view(library, "a.txt", "产量为96万吨，增长三成。", focus="96万吨")
    pieces = [piece for block in found["blocks"] for piece in block["pieces"]]
    assert text_of(pieces, 2) == "96万吨"
    assert text_of(pieces, 1) == "产量为，增长三成。"
    assert "前一段。" in text_of(pieces, 0)
    assert not found["before"]
    assert not found["after"]


def test_a_long_document_is_shown_around_the_place(index_files: IndexFiles) -> None:
    lines = [f"第{n}段说的是别的事情，与这里无关。\n\n" for n in range(400)]
    lines[200] = "产量为96万吨。\n\n"
    library, _ = index_files({"a.txt": "".join(lines)})
    found = view(library, "a.txt", "产量为96万吨。")
    shown = "".join(text_of(block["pieces"]) for block in found["blocks"])
    assert "产量为96万吨。" in shown
    assert len(shown) < 2 * AROUND + 200
    assert found["before"]
    assert found["after"]


def test_the_cell_whose_column_is_asked_for_stands_out(index_files: IndexFiles) -> None:
    library, _ = index_files({"t.csv": "城市,产能,利用率\n宜春,30,81%\n遂宁,,77%\n"})
    with open_library(library) as opened:
        document = opened.document("t.csv")
        rows = [block for block in document.blocks if block.cells and not block.is_header]
        first, second = (
            view_source(opened, "t.csv", row.spans, question="利用率是多少？") for row in rows
        )
    (table,) = [block for block in first["blocks"] if block["kind"] == "table"]
    assert table["columns"] == ["城市", "产能", "利用率"]
    assert [row["cited"] for row in table["rows"]] == [True, False]
    assert [text_of(cell, 2) for cell in table["rows"][0]["cells"]] == ["", "", "81%"]
    (table,) = [block for block in second["blocks"] if block["kind"] == "table"]
    # An empty cell moves no other out of its column.
    assert [text_of(cell) for cell in table["rows"][1]["cells"]] == ["遂宁", "", "77%"]


@pytest.mark.parametrize("cited", ["甲公司的产能为30万吨", "含委托加工。"])
def test_a_note_stands_beside_the_sentence_with_its_marker(
    index_files: IndexFiles, cited: str
) -> None:
    library, _ = index_files({"n.md": NOTE})
    with open_library(library) as opened:
        document = opened.document("n.md")
        at = document.text.index(cited)
        sentence = next(
            s
            for s in opened.sentences("n.md")
            if any(span.start <= at < span.end for span in s.spans)
        )
        (note,) = view_source(opened, "n.md", sentence.spans)["notes"]
    assert text_of(note["sentence"]).startswith("甲公司的产能为30万吨")
    assert text_of(note["sentence"], 2) == "[^1]"
    assert "含委托加工。" in text_of(note["note"])


def test_sound_is_only_ever_a_file_beside_its_transcript(
    index_files: IndexFiles, tmp_path: Path
) -> None:
    said = '{{"audio": "{audio}", "segments": [{{"start": 1, "end": 2, "text": "大家好。"}}]}}'
    (tmp_path / "secret.mp3").write_bytes(b"x")
    library, _ = index_files(
        {
            "a/one.json": said.format(audio="one.mp3"),
            "a/one.mp3": b"sound",
            "b/away.json": said.format(audio="../../secret.mp3"),
            "b/web.json": said.format(audio="https://example.com/x.mp3"),
            "b/text.json": said.format(audio="../a/one.json"),
        }
    )
    with open_library(library) as opened:
        found = audio_path(opened, "a/one.json")
        assert found is not None
        assert found.read_bytes() == b"sound"
        for doc_id in ("b/away.json", "b/web.json", "b/text.json"):
            assert audio_path(opened, doc_id) is None


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 200), st.integers(1, 40)).map(lambda p: Span(p[0], sum(p)))
    ),
    focus=st.text(max_size=4),
)
def test_pieces_put_together_are_the_text(shared: Any, spans: list[Span], focus: str) -> None:
    document = shared.document("a.md")
    found = view_source(shared, "a.md", spans, focus=focus, around=100_000)
    cited = "".join(
        document.text[i]
        for block in document.blocks
        for span in block.spans
        for i in range(span.start, span.end)
        if any(s.start <= i < s.end for s in spans)
    )
    pieces = [piece for block in found["blocks"] for piece in block["pieces"]]
    assert text_of(pieces, 1) + "" == cited or text_of(pieces, 2)
    shown = text_of(pieces)
    assert shown == "".join(document.quote(block.spans) for block in document.blocks)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Any:
    from index.embedding import EmbeddingSettings
    from index.ingesting import IndexSettings, index_sources

    folder = tmp_path_factory.mktemp("view")
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text("# 题\n\n" + NOTE + "\n- 一\n- 二\n", encoding="utf-8")
    settings = IndexSettings(embedding=EmbeddingSettings(model=str(tiny_model)))
    index_sources(folder / "library", [folder / "docs"], settings)
    with open_library(folder / "library") as opened:
        yield opened
