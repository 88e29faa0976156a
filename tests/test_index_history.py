"""Any history of adds, changes and deletes answers like a fresh build of the same documents."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import index.building
import index.segment
from index.catalogue import Stored, _pack_sentences
from index.ingesting import IndexSettings, index_sources, remove_documents
from index.lexical import WeightedTerm
from index.schema import Document, Sentence, Span
from index.segmenting import grams
from index.store import Library, check_library, open_library

SENTENCES = (
    "出口管制在十月扩大。",
    "稀土价格上涨了15%。",
    "芯片工厂雇用了三千人。",
    "The tariff rose to 25 percent.",
    "锂的产量翻了一番。",
    "出口管制没有变化。",
)
CONTENT = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map("\n\n".join)
NAME = st.sampled_from(["a.txt", "b.md", "c.txt", "sub/d.txt", "e.html", "f.txt"])
STEP = st.one_of(
    st.tuples(st.just("write"), NAME, CONTENT),
    st.tuples(st.just("delete"), NAME, st.just("")),
    st.tuples(st.just("remove"), NAME, st.just("")),
    st.tuples(st.just("index"), st.just(""), st.just("")),
)


def terms_of(question: str) -> list[WeightedTerm]:
    return [WeightedTerm("title", token, 1.5) for token in grams(question)]


def search_results(library: Library) -> list[object]:
    """What both arms give for some questions, scores included."""
    results: list[object] = []
    for question in ("出口管制", "tariff 25", "芯片 稀土 价格", "没有"):
        terms = [WeightedTerm("grams", token, 1.5) for token in grams(question)]
        results.append(library.search_lexical(terms, 5))
        vector = library.embedder.embed_query(question)
        results.append(library.search_dense(vector, 5))
        with patch("index.coarse.FLAT_CHUNKS", 0), patch("index.coarse._PER_FOUND", 1):
            results.append(library.search_dense(vector, 2))  # as in a large library
        results += [library.document_frequency("grams", token) for token in grams(question)]
    return results


def apply(step: tuple[str, str, str], docs: Path, library: Path, index: IndexSettings) -> None:
    action, name, content = step
    file = docs / name
    if action == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    elif action == "delete":
        file.unlink(missing_ok=True)
    elif action == "index":
        index_sources(library, [docs], index)
    else:
        with open_library(library) as opened:
            present = any(info.doc_id == name for info in opened.documents())
        if present:
            file.unlink(missing_ok=True)
            remove_documents(library, [name])
            # Named again, it may come back: the exclusion does not outlive the wish.


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, max_size=10))
def test_any_history_answers_like_a_fresh_build(
    tiny_settings: IndexSettings, steps: list[tuple[str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        docs, library, fresh = (Path(folder) / name for name in ("docs", "library", "fresh"))
        docs.mkdir()
        (docs / "always.txt").write_text("始终存在的一份文件。\n\n出口管制。", encoding="utf-8")
        index_sources(library, [docs], tiny_settings)
        for step in steps:
            apply(step, docs, library, tiny_settings)
        removed_for_good = {name for action, name, _ in steps if action == "remove"}
        for name in removed_for_good:  # written again later, it would stay excluded
            (docs / name).unlink(missing_ok=True)
        index_sources(library, [docs], tiny_settings)
        index_sources(fresh, [docs], tiny_settings)
        with open_library(library) as old, open_library(fresh) as new:
            assert old.documents() == new.documents()
            assert search_results(old) == search_results(new)
            assert old.hash == new.hash
            for info in new.documents():
                assert old.document(info.doc_id) == new.document(info.doc_id)
                assert old.sentences(info.doc_id) == new.sentences(info.doc_id)
        assert check_library(library) == []


def test_many_small_adds_are_merged_and_answer_the_same(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    library = tmp_path / "library"
    for i in range(14):
        (docs / f"{i}.txt").write_text(f"第{i}份。{SENTENCES[i % 6]}", encoding="utf-8")
        index_sources(library, [docs], tiny_settings)
    index_sources(tmp_path / "fresh", [docs], tiny_settings)
    with open_library(library) as old, open_library(tmp_path / "fresh") as new:
        assert len(old.manifest.segments) <= 9
        assert search_results(old) == search_results(new)
        assert old.hash == new.hash


def test_what_a_long_run_closed_early_is_put_together_and_answers_the_same(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for i in range(6):
        (docs / f"{i}.txt").write_text(f"第{i}份。{SENTENCES[i]}", encoding="utf-8")
    index_sources(tmp_path / "fresh", [docs], tiny_settings)
    written: list[str] = []
    close = index.segment.SegmentWriter.close
    monkeypatch.setattr(
        index.segment.SegmentWriter, "close", lambda self: (written.append(self.id), close(self))[1]
    )
    monkeypatch.setattr(index.building, "_FLUSH_S", 0.0)
    index_sources(tmp_path / "library", [docs], tiny_settings)
    assert len(written) == 7  # one for each document, then one of them all
    with open_library(tmp_path / "library") as old, open_library(tmp_path / "fresh") as new:
        assert [ref.id for ref in old.manifest.segments] == written[-1:]
        assert search_results(old) == search_results(new)
        assert old.hash == new.hash
    assert check_library(tmp_path / "library") == []


def test_segments_that_are_put_together_stay_below_their_size(
    tmp_path: Path, tiny_settings: IndexSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.building, "_FLUSH_CHUNKS", 5)
    docs = tmp_path / "docs"
    docs.mkdir()
    for i in range(13):
        (docs / f"{i:02}.txt").write_text(f"第{i}份。{SENTENCES[i % 6]}", encoding="utf-8")
        index_sources(tmp_path / "library", [docs], tiny_settings)
    index_sources(tmp_path / "fresh", [docs], tiny_settings)
    with open_library(tmp_path / "library") as old, open_library(tmp_path / "fresh") as new:
        sizes = [ref.n_chunks for ref in old.manifest.segments]
        assert sum(sizes) == 13
        assert max(sizes) <= 5
        assert len(sizes) < 9
        assert search_results(old) == search_results(new)
        assert old.hash == new.hash
    assert check_library(tmp_path / "library") == []


def test_removed_text_is_in_no_file_of_the_library(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    secret = "绝密代号雪豹四七"
    (docs / "secret.txt").write_text(f"行动的{secret}是这样的。", encoding="utf-8")
    (docs / "open.txt").write_text("公开的内容在这里。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    remove_documents(library, ["secret.txt"])
    content = b"".join(p.read_bytes() for p in library.rglob("*") if p.is_file())
    assert secret.encode() not in content
    assert "雪豹".encode() not in content
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["open.txt"]


def test_removed_document_stays_out_until_its_file_is_named(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a.txt", "b.txt"):
        (docs / name).write_text(f"{name} 的内容。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    remove_documents(library, ["a.txt"])
    (docs / "a.txt").write_text("a.txt 的新内容。", encoding="utf-8")
    index_sources(library, [docs], tiny_settings)
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["b.txt"]
    index_sources(library, [docs / "a.txt"], tiny_settings)
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["a.txt", "b.txt"]


def test_reader_goes_on_answering_while_everything_is_replaced(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("出口管制在十月扩大。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    with open_library(library) as reader:
        (docs / "a.txt").write_text("完全不同的内容。", encoding="utf-8")
        index_sources(library, [docs], tiny_settings, rebuild=True)
        assert not (library / "segments" / reader.manifest.segments[0].id).exists()
        assert reader.stale()
        found = reader.search_lexical([WeightedTerm("grams", "管制", 1.0)], 3)
        assert [c.chunk.doc_id for c in found] == ["a.txt"]
        vector = reader.embedder.embed_query("出口")
        assert reader.search_dense(vector, 3)[0].chunk.doc_id == "a.txt"
        assert reader.document("a.txt").text.startswith("出口管制")


@pytest.mark.parametrize("k", [1, 3, 40])
def test_ties_break_on_chunk_id_not_on_order_of_arrival(
    tmp_path: Path, tiny_settings: IndexSettings, k: int
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    # One title for all: it is part of the vector.
    names = [f"{i:03d}/公告.txt" for i in range(60)]
    for name in reversed(names):
        (docs / name).parent.mkdir()
        (docs / name).write_text("出口管制扩大。", encoding="utf-8")
        if name[:3] in ("040", "020"):
            index_sources(tmp_path / "library", [docs], tiny_settings)
    index_sources(tmp_path / "library", [docs], tiny_settings)
    with open_library(tmp_path / "library") as library:
        found = library.search_lexical([WeightedTerm("grams", "管制", 1.0)], k)
        assert [c.chunk.doc_id for c in found] == names[:k]
        nearest = library.search_dense(library.embedder.embed_query("出口管制扩大"), k)
        assert [c.chunk.doc_id for c in nearest] == names[:k]


def test_documents_of_two_roots_with_equal_names_are_kept_apart(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    for root in ("north", "south"):
        (tmp_path / root).mkdir()
        (tmp_path / root / "report.txt").write_text(f"{root} 的报告。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [tmp_path / "north"], tiny_settings)
    index_sources(library, [tmp_path / "south"], tiny_settings)
    with open_library(library) as opened:
        ids = [info.doc_id for info in opened.documents()]
    assert ids == ["report.txt", "south/report.txt"]


def test_indexing_the_parent_takes_the_child_in(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "sub" / "a.txt").write_text("甲的内容。", encoding="utf-8")
    (docs / "b.txt").write_text("乙的内容。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs / "sub"], tiny_settings)
    index_sources(library, [docs], tiny_settings)
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["b.txt", "sub/a.txt"]
        assert [root.path for root in opened.roots()] == [str(docs)]


def test_indexing_the_folder_of_a_known_file_keeps_its_name(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a.txt", "b.txt"):
        (docs / name).write_text(f"{name} 的内容。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs / "a.txt"], tiny_settings)
    index_sources(library, [docs], tiny_settings)
    with open_library(library) as opened:
        assert [info.doc_id for info in opened.documents()] == ["a.txt", "b.txt"]
        assert len(opened.roots()) == 1


def test_indexing_a_file_inside_a_known_folder_reads_only_that_file(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a.txt", "b.txt"):
        (docs / name).write_text(f"{name} 旧。", encoding="utf-8")
    library = tmp_path / "library"
    index_sources(library, [docs], tiny_settings)
    for name in ("a.txt", "b.txt"):
        (docs / name).write_text(f"{name} 新的。", encoding="utf-8")
    report = index_sources(library, [docs / "a.txt"], tiny_settings)
    assert (report.changed, report.unchanged, report.removed) == (1, 0, 0)
    with open_library(library) as opened:
        assert opened.document("b.txt").text.strip() == "b.txt 旧。"


def test_unchanged_run_makes_no_generation(tmp_path: Path, tiny_settings: IndexSettings) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("内容。", encoding="utf-8")
    first = index_sources(tmp_path / "library", [docs], tiny_settings)
    second = index_sources(tmp_path / "library", [], tiny_settings)
    assert (second.generation, second.unchanged, second.added) == (first.generation, 1, 0)
    shutil.rmtree(tmp_path / "library")


def test_documents_read_ahead_are_those_that_are_read_one_by_one(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    folder, path = tmp_path / "docs", tmp_path / "library"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.md").write_text(
            f"# 港口报告{number}\n\n{SENTENCES[number]}\n", "utf-8"
        )
        index_sources(path, [folder], tiny_settings)  # a segment each
    (folder / "1.md").write_text("# 港口报告1\n\n全都变了。\n", "utf-8")
    index_sources(path, [folder], tiny_settings)
    remove_documents(path, ["2.md"])
    with open_library(path) as library:
        found = {one.chunk.doc_id for one in library.search_lexical(terms_of("港口"), 9)}
        assert found == {"0.md", "1.md", "3.md"}
        library.read_ahead([*found, "2.md", "nowhere.md"])
        ahead = {name: (library.document(name), library.sentences(name)) for name in found}
    with open_library(path) as library:
        assert ahead == {name: (library.document(name), library.sentences(name)) for name in found}
        assert "全都变了" in library.document("1.md").text


def test_who_asks_often_is_given_the_same_documents(
    tmp_path: Path, tiny_settings: IndexSettings
) -> None:
    docs, library = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    for n in range(6):
        (docs / f"{n}.txt").write_text(f"第{n}号港口去年装卸{n}万吨。", encoding="utf-8")
    index_sources(library, [docs], tiny_settings)
    remove_documents(library, ["2.txt"])
    terms = [WeightedTerm("grams", "港口", 1.0)]
    with open_library(library) as opened:
        few = opened.search_lexical(terms, 6)
    with (
        patch("index.segment._FEW_ASKED", 0),
        patch("index.catalogue.Catalogue.doc_ids", side_effect=AssertionError("one by one")),
        open_library(library) as opened,
    ):
        assert opened.search_lexical(terms, 6) == few
    # Of too large a segment not all are kept, nor is anything of one look-up for the next.
    with (
        patch("index.segment._FEW_ASKED", 0),
        patch("index.segment._MOST_DOC_IDS", 0),
        patch("index.catalogue.Catalogue.all_doc_ids", side_effect=AssertionError("all")),
        open_library(library) as opened,
    ):
        assert opened.search_lexical(terms, 6) == few
        assert opened.search_lexical(terms, 6) == few
    assert [one.chunk.doc_id for one in few] == ["0.txt", "1.txt", "3.txt", "4.txt", "5.txt"]


@pytest.mark.parametrize("interrupted", [(), (Span(40, 44), Span(50, 58))])
def test_some_sentences_are_those_of_all(interrupted: tuple[Span, ...]) -> None:
    sentences = [Sentence((Span(10 * n, 10 * n + 7),), n // 2) for n in range(4)]
    if interrupted:  # by a page's number, say
        sentences.append(Sentence(interrupted, 2))
    document = Document("a", "a", "", (), "", "txt")
    stored = Stored(0, document, _pack_sentences(tuple(sentences)))
    some = [len(sentences) - 1, 0, 2]
    assert stored.sentences_at(some) == [sentences[place] for place in some]
    assert stored.sentences == tuple(sentences)
    assert stored.sentences_at(some) == [sentences[place] for place in some]
    assert stored.sentences_at([]) == []
