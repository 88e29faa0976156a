"""What is searched and asked: documents, their passages, questions, and what counts as found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.fit_ranker import read_lines
from benchmarks.indexing import articles
from benchmarks.reference_library import document_of
from benchmarks.retrieval_peers import Piece
from evals.loaders.passages import load_passages
from evals.matching import DocumentNames, Finder, compact
from index.chunking import split_chunks, split_sentences
from index.schema import Chunk, Document, Span
from index.store import Library

BUDGETS = (1_000, 3_000)  # characters that a reader is shown
NEWS = Path("data") / "crud_rag.passages.jsonl.gz"
CROSS_LINGUAL = Path(__file__).parent / "cross_lingual.jsonl"

T = TypeVar("T")
Quote = tuple[str, tuple[Span, ...], str]  # document, where, and its compact text


@dataclass(frozen=True, slots=True)
class Query:
    """Gold is either passages, any of which is right, or quotes, all of which are wanted."""

    id: str
    text: str
    lang: str = "zh"
    relevant: frozenset[str] = frozenset()
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    documents: Sequence[Piece]  # whole
    passages: Sequence[Piece]  # the same, cut
    queries: Sequence[Query]


def spread(items: Sequence[T], n: int) -> list[T]:
    """At most `n` of the items, evenly spaced; all of them when n is 0."""
    if not n or len(items) <= n:
        return list(items)
    return [items[int(i * len(items) / n)] for i in range(n)]


def passage_queries(data: Path, name: str, part: str) -> list[Query]:
    return [
        Query(q.id, q.question, q.lang, frozenset(e.doc for e in q.evidence))
        for q in load_passages(data / "data", name, part).questions
        if q.answerable
    ]


def english_queries() -> list[Query]:
    """Questions in English over Chinese passages; [] while there is no file of them."""
    if not CROSS_LINGUAL.is_file():
        return []
    return [
        Query(f"en-{n:03}", row["question"], "en", frozenset([row["passage"]]))
        for n, row in enumerate(read_lines(CROSS_LINGUAL))
    ]


def unseen_stard(data: Path) -> list[Query]:
    """The fifth of stard's questions that the embedding model was not taught with."""
    from index.static_zh.train_data import HELD_OUT_FOLD, read_pairs

    unseen = {
        p.question for p in read_pairs(data) if p.source == "stard" and p.fold == HELD_OUT_FOLD
    }
    return [q for q in passage_queries(data, "stard", "train") if q.text in unseen]


def unseen_questions(data: Path) -> set[str]:
    """Questions of T1 and T2 that the embedding model was not taught with."""
    from index.static_zh.train_data import HELD_OUT_FOLD, read_pairs

    return {
        p.question for p in read_pairs(data) if p.source in ("T1", "T2") and p.fold == HELD_OUT_FOLD
    }


def passage_pieces(data: Path, name: str, part: str) -> list[Piece]:
    """Each passage whole, its title before it."""
    out = []
    for record in load_passages(data / "data", name, part).documents():
        title, text = record.get("title", ""), record["text"]
        whole = f"{title}\n{text}" if title else text
        out.append(Piece(record["id"], 0, len(whole), whole))
    return out


def news_pieces(data: Path, limit: int) -> list[Piece]:
    rows = articles(data / NEWS, limit or 10**9)
    return [Piece(r["id"], 0, len(r["text"]), r["text"]) for r in rows]


def tuning_set(folder: Path, name: str, group: int) -> Collection:
    """As benchmarks/fit_ranker.py puts it together: `group` passages make a document."""
    passages = read_lines(folder / f"{name}.passages.jsonl")
    texts = {p["id"]: p["text"] for p in passages}
    places: dict[str, tuple[Document, int]] = {}
    documents, pieces = [], []
    for first in range(0, len(passages), group):
        members = passages[first : first + group]
        doc_id = members[0]["id"] if group == 1 else f"volume-{first // group}"
        document, starts = document_of(doc_id, [(m["title"], m["text"]) for m in members])
        documents.append(_whole(document))
        pieces += pieces_of(document, split_chunks(document, split_sentences(document)))
        places.update({m["id"]: (document, at) for m, at in zip(members, starts, strict=True)})
    queries = []
    for row in read_lines(folder / f"{name}.jsonl"):
        if not row["answerable"]:
            continue
        quotes: list[Quote] = []
        for one in row["evidence"]:
            document, at = places[one["doc"]]
            start = texts[one["doc"]].find(one["quote"])
            spans = (Span(at + start, at + start + len(one["quote"])),) if start >= 0 else ()
            quotes.append((document.doc_id, spans, compact(one["quote"])))
        queries.append(Query(row["id"], row["question"], row["lang"], quotes=tuple(quotes)))
    return Collection(documents, pieces, queries)


def library_set(library: Library, questions: Path) -> Collection:
    """A question set with quotes, on the documents as the library has read them."""
    infos = library.documents()
    names = DocumentNames(i.doc_id for i in infos)
    documents = {i.doc_id: library.document(i.doc_id) for i in infos}
    finders = {i: Finder(d) for i, d in documents.items()}
    queries = []
    for row in read_lines(questions):
        if not row["answerable"]:
            continue
        quotes: list[Quote] = []
        for one in row["evidence"]:
            doc_id = names.resolve(one["doc"]) or ""
            spans = finders[doc_id].find(one["quote"]) if doc_id else ()
            quotes.append((doc_id, spans, compact(one["quote"])))
        queries.append(Query(row["id"], row["question"], row["lang"], quotes=tuple(quotes)))
    pieces = [p for i, d in documents.items() for p in pieces_of(d, library.chunks(i))]
    return Collection([_whole(d) for d in documents.values()], pieces, queries)


def pieces_of(document: Document, chunks: Iterable[Chunk]) -> list[Piece]:
    return [
        Piece(
            document.doc_id,
            c.span.start,
            c.span.end,
            document.text[c.span.start : c.span.end],
            document.title,
        )
        for c in chunks
    ]


def _whole(document: Document) -> Piece:
    return Piece(document.doc_id, 0, len(document.text), document.text)


def all_within(shown: Iterable[Piece], quotes: Sequence[Quote], budget: int) -> bool:
    """Whether every quote stands in the first `budget` characters of what is shown, in order.

    A character counts each time it is shown. A quote counts where it stands, or in the same words
    elsewhere.
    """
    seen: dict[str, set[int]] = {}
    text = ""
    for piece in shown:
        room = budget - len(text)
        if room <= 0:
            break
        text += piece.text[:room]
        end = piece.start + min(room, piece.end - piece.start)
        seen.setdefault(piece.doc_id, set()).update(range(piece.start, end))
    flow = compact(text)
    return bool(quotes) and all(
        needle in flow or (bool(spans) and _is_covered(spans, seen.get(doc_id, set())))
        for doc_id, spans, needle in quotes
    )


def _is_covered(spans: Sequence[Span], seen: set[int]) -> bool:
    return all(seen.issuperset(range(span.start, span.end)) for span in spans)


def write_jsonl(path: Path, pieces: Iterable[Piece]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for p in pieces:
            row = {"id": p.doc_id, "title": p.title, "text": p.text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
