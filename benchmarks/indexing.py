"""Measure indexing: a large library, one document added to it, opening it, a cold question.

    python benchmarks/indexing.py                     the sample library alone
    python benchmarks/indexing.py --data FOLDER       also the news articles that FOLDER holds

Writes indexing.md beside itself. The peers are indexed in the same run, on every so many-th article
and counted up to all of them: bm25s over jieba's words, and tantivy over pairs of characters
(`pip install "wenju[bench]"`). They get texts in memory; `wenju index` reads a file, keeps the
text, finds names and makes vectors too.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from evals.questions import SAMPLE_FOLDER
from index.ingesting import index_sources
from index.lexical import WeightedTerm
from index.segmenting import grams, load_dictionary, words
from index.store import open_library
from index.thesaurus import shipped
from rag import background
from rag.normalising import NormalisedQuestion, normalise
from rag.retrieval import retrieve
from rag.settings import RetrievalSettings
from rag.terms import concepts_of, content_grams, weighted_terms
from ui.workers import set_aside

HERE = Path(__file__).parent
ARTICLE_CHARS = 600
PEER_TEXTS = 4_000  # that the peers index
NEWS = Path("data") / "crud_rag.passages.jsonl.gz"
AS_OF = date(2026, 1, 31)
QUESTION = "去年出口管制扩大到了哪些产品？"


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def articles(path: Path, limit: int) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == limit:
                return
            record = json.loads(line)
            yield {**record, "text": record["text"][:ARTICLE_CHARS]}


def measure_news(source: Path, work: Path, limit: int) -> list[tuple[str, str]]:
    corpus, library = work / "news" / "news.jsonl", work / "news-library"
    corpus.parent.mkdir()
    texts = []
    with corpus.open("w", encoding="utf-8") as file:
        for record in articles(source, limit):
            texts.append(record["text"])
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    n_chars = sum(map(len, texts))
    build_s = timed(lambda: index_sources(library, [corpus.parent]))
    peak_mb = sum(
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peers = measure_peers(texts)  # after the peak was read: they share the process
    (work / "one").mkdir()
    added = []
    for i in range(5):
        (work / "one" / f"{i}.txt").write_text(f"第{i}份新文件。{texts[i]}", encoding="utf-8")
        added.append(timed(lambda: index_sources(library, [work / "one"])))
    unchanged_s = timed(lambda: index_sources(library, []))
    opened = [timed(lambda: open_library(library).close()) for _ in range(10)]
    with open_library(library) as reader:
        n_chunks = reader.n_chunks
        vectors = [reader.embedder.embed_query(text[:40]) for text in texts[:200]]
        dense = [timed(lambda v=v: reader.search_dense(v, 100)) for v in vectors]
        set_aside()  # as processes that answer do: else the peers' texts are looked through, too
        questions = [normalise(f"{text[:24]}是怎么回事？", AS_OF) for text in texts[:200]]
        found = [timed(lambda q=q: retrieve(reader, q, RetrievalSettings())) for q in questions]
        lexical = [timed(lambda t=t: reader.search_lexical(t, 100)) for t in map(terms, questions)]
    return [
        (
            "news articles",
            f"{len(texts):,} ({n_chars / 1e6:.1f} M characters, {n_chunks:,} chunks)",
        ),
        ("indexed in", f"{build_s:.0f} s ({n_chars / build_s / 1e6:.2f} M characters/s)"),
        *((what, f"{s:.0f} s (wenju against it: {build_s / s:.2f})") for what, s in peers),
        ("peak memory", f"{peak_mb:.0f} MB"),
        ("on disk", f"{folder_mb(library):.0f} MB"),
        ("one document added", f"{statistics.median(added):.2f} s (worst {max(added):.2f} s)"),
        ("nothing changed", f"{unchanged_s:.2f} s"),
        ("opened in", f"{statistics.median(opened) * 1000:.0f} ms"),
        ("passages and sentences for a question, p50 / p95", percentiles(found)),
        ("lexical search, 100 chunks, p50 / p95", percentiles(lexical)),
        ("dense search, 100 chunks, p50 / p95", percentiles(dense)),
    ]


def terms(question: NormalisedQuestion) -> list[WeightedTerm]:
    table = background.shipped()
    concepts = concepts_of(question, [shipped()], table)
    return weighted_terms(concepts, table, content_grams(question, table))


def measure_peers(texts: list[str]) -> list[tuple[str, float]]:
    """(peer, seconds for all the texts), counted up from a part of them."""
    import bm25s
    import tantivy

    sample = texts[:: max(1, len(texts) // PEER_TEXTS)]
    more = sum(map(len, texts)) / sum(map(len, sample))
    load_dictionary()
    cut: list[list[str]] = []
    jieba_s = timed(lambda: cut.extend(words(text) for text in sample))
    bm25s_s = timed(lambda: bm25s.BM25().index(cut, show_progress=False))

    def make_tantivy() -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="whitespace")
        writer = tantivy.Index(builder.build()).writer(heap_size=256_000_000, num_threads=2)
        for text in sample:
            writer.add_document(tantivy.Document(text=" ".join(grams(text))))
        writer.commit()
        writer.wait_merging_threads()

    tantivy_s = timed(make_tantivy)
    return [
        ("jieba alone", jieba_s * more),
        ("bm25s + jieba", (jieba_s + bm25s_s) * more),
        ("tantivy + pairs of characters", tantivy_s * more),
    ]


def measure_sample(work: Path) -> list[tuple[str, str]]:
    library = work / "sample-library"
    build_s = timed(lambda: index_sources(library, [SAMPLE_FOLDER]))
    with open_library(library) as reader:
        size = f"{reader.n_documents} documents, {reader.n_chunks} chunks"
    command = [sys.executable, "-m", "ui.cli", "ask", QUESTION, "--index", str(library)]
    subprocess.run(command, capture_output=True, check=False)  # files into the system's cache
    cold = [
        timed(lambda: subprocess.run(command, capture_output=True, check=False)) for _ in range(7)
    ]
    return [
        ("sample library", size),
        ("indexed in", f"{build_s:.1f} s"),
        (
            "`wenju ask`, a fresh process",
            f"{statistics.median(cold):.2f} s (worst {max(cold):.2f})",
        ),
    ]


def percentiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20)
    return f"{statistics.median(seconds) * 1000:.1f} / {cuts[-1] * 1000:.1f} ms"


def folder_mb(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="folder with the public sets, see README.md")
    parser.add_argument("--limit", type=int, default=100_000, help="articles at most")
    parser.add_argument("--out", type=Path, default=HERE / "indexing.md")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="wenju-indexing-"))
    try:
        rows = measure_sample(work)
        if args.data and (args.data / NEWS).is_file():
            rows += measure_news(args.data / NEWS, work, args.limit)
    finally:
        shutil.rmtree(work)
    lines = [
        "# Indexing", "",
        "Command: `python benchmarks/indexing.py" + (" --data FOLDER`" if args.data else "`"),
        f"Machine: {machine()}", "", "| what | measured |", "|---|---|",
        *(f"| {what} | {value} |" for what, value in rows), "",
    ]  # fmt: skip
    args.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
