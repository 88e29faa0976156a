"""Measure a library of a million chunks: building, disk, memory, searching, and ways to search.

    python benchmarks/scale.py --data FOLDER [--chunks 1000000] [--work FOLDER] [--minutes 5]

The text is news articles cut into overlapping windows of sentences, each a chunk. With --minutes
the run stops after that time and goes on where it was when started again with the same --work: what
a stopped run has finished is taken up, as after any killed `wenju index`. Writes scale.md beside
itself once the library is whole.

Ways to find the nearest vectors are compared on the library's own codes, on one thread: what the
library does, one flat index, two steps (a bit for each dimension first, the best of those by their
codes), and IVF. Recall is against flat. Questions are the beginnings of articles.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.indexing import AS_OF, NEWS, folder_mb, machine, percentiles, terms, timed
from index.chunking import ChunkSettings, split_sentences
from index.schema import Block, BlockKind, Document, Span
from index.store import Library, open_library
from rag.normalising import normalise
from rag.retrieval import retrieve
from rag.settings import RetrievalSettings

HERE = Path(__file__).parent
WINDOW_CHARS = ChunkSettings().chunk_chars
_CLAUSE = re.compile("[，,；;](?=.)")
MORE_NEWS = Path("data") / "xwlb.passages.jsonl.gz"
N_DENSE = 200  # chunks that the dense arm brings
PER_FILE = 2_000  # articles
BY_HAND = "## Measured otherwise"


def windows(text: str) -> Iterator[str]:
    """Runs of sentences, the first from a clause on, each just long enough to be a chunk."""
    line = text.replace("\n", "")
    if not line:
        return
    block = Block(BlockKind.PARAGRAPH, (Span(0, len(line)),))
    document = Document("a", "a", line, (block,), "0" * 64, "txt")
    sentences = [document.joined(s.spans) for s in split_sentences(document)]
    for first, sentence in enumerate(sentences):
        # From the beginning of each clause, so that there are enough of them.
        for start in (0, *(m.end() for m in _CLAUSE.finditer(sentence))):
            taken = sentence[start:]
            for more in sentences[first + 1 :]:
                if len(taken) >= WINDOW_CHARS:
                    break
                taken += more
            if len(taken) >= WINDOW_CHARS:
                yield taken


def write_corpus(data: Path, folder: Path, n_chunks: int) -> None:
    """Files of a few thousand records; the same for the same arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    done = files = 0
    for record in records(data):
        cut = list(windows(record["text"]))[: n_chunks - done]
        done += len(cut)
        if cut:
            row = {"id": record["id"], "title": record.get("title", ""), "text": "\n".join(cut)}
            rows.append(json.dumps(row, ensure_ascii=False) + "\n")
        if rows and (len(rows) == PER_FILE or done == n_chunks):
            (folder / f"{files:04d}.jsonl").write_text("".join(rows), encoding="utf-8")
            rows, files = [], files + 1
        if done == n_chunks:
            return
    print(f"the articles give {done:,} chunks, not {n_chunks:,}", file=sys.stderr)
    (folder / f"{files:04d}.jsonl").write_text("".join(rows), encoding="utf-8")


def records(data: Path) -> Iterator[dict[str, str]]:
    for name in (NEWS, MORE_NEWS):
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def build(work: Path, minutes: float) -> bool:
    """Index for so long; whether it is done. A fresh process, so that its memory is its own."""
    spent = work / "spent.json"
    before = json.loads(spent.read_text()) if spent.exists() else {}
    command = [sys.executable, "-m", "ui.cli", "index", str(work / "corpus")]
    command += ["--index", str(work / "library")]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            code = process.wait(timeout=minutes * 60 if minutes else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # it ends its own processes then
            code = -1
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = {
        "seconds": before.get("seconds", 0.0) + time.perf_counter() - started,
        "processor_s": before.get("processor_s", 0.0) + used.ru_utime + used.ru_stime,
        "peak_mb": max(before.get("peak_mb", 0.0), used.ru_maxrss / 1024),
        "starts": before.get("starts", 0) + 1,
    }
    spent.write_text(json.dumps(total))
    return code == 0


def codes_of(library: Library) -> np.ndarray:
    return np.concatenate([s.dense.codes(0, s.ref.n_chunks) for s in library._segments])


def ways(library: Library, texts: list[str]) -> Iterator[list[str]]:
    """Rows of the comparison: way, processor time p50 / p95, recall@10 and @200, time to make."""
    import faiss

    from index.embedding import quantise

    faiss.omp_set_num_threads(1)
    codes = codes_of(library)
    n, dim = codes.shape
    vectors = [library.embedder.embed_query(text) for text in texts]
    queries = [quantise(v[None, :]) for v in vectors]
    flat = faiss.IndexScalarQuantizer(
        dim, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    for first in range(0, n, 10_000):
        flat.add(codes[first : first + 10_000].astype(np.float32))

    def flat_search(query: np.ndarray) -> np.ndarray:
        found: np.ndarray = flat.search(query.astype(np.float32), N_DENSE)[1][0]
        return found

    best = [flat_search(q) for q in queries]

    def row(
        way: str, search: Callable[[Any], np.ndarray], made_s: float, asked: Sequence[Any] = queries
    ) -> list[str]:
        times, found = [], []
        for query in asked:
            started = time.thread_time()
            found.append(search(query))
            times.append(time.thread_time() - started)
        recalls = [
            statistics.mean(
                len(set(a[:k].tolist()) & set(b[:k].tolist())) / min(k, n)
                for a, b in zip(found, best, strict=True)
            )
            for k in (10, N_DENSE)
        ]
        return [way, percentiles(times), *(f"{r:.3f}" for r in recalls), f"{made_s:.0f} s"]

    begins = np.cumsum([0, *(s.ref.n_chunks for s in library._segments)])

    def ours(vector: np.ndarray) -> np.ndarray:
        keys = library.rank_dense(vector, N_DENSE).keys
        return np.array([begins[number] + ordinal for number, ordinal in keys])

    yield row("the library", ours, 0.0, vectors)
    yield row("flat over 8-bit codes, one index", flat_search, 0.0)
    bits = faiss.IndexBinaryFlat(-(-dim // 8) * 8)
    made = timed(lambda: bits.add(np.packbits(codes > 0, axis=1)))
    for kept in (1_000, 4_000):

        def two_steps(query: np.ndarray, kept: int = kept) -> np.ndarray:
            near = bits.search(np.packbits(query > 0, axis=1), min(kept, n))[1][0]
            scores = codes[near].astype(np.float32) @ query[0].astype(np.float32)
            found: np.ndarray = near[np.argsort(-scores, kind="stable")[:N_DENSE]]
            return found

        yield row(f"bits first, then the codes of {kept:,}", two_steps, made)
    lists = int(2 ** round(np.log2(4 * np.sqrt(n))))
    coarse = faiss.IndexFlatIP(dim)
    ivf = faiss.IndexIVFScalarQuantizer(
        coarse, dim, lists, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    ivf.by_residual = False
    started = time.thread_time()
    sample = np.random.default_rng(0).choice(n, size=min(n, 40 * lists), replace=False)
    ivf.train(codes[np.sort(sample)].astype(np.float32))
    for first in range(0, n, 10_000):
        ivf.add(codes[first : first + 10_000].astype(np.float32))
    made = time.thread_time() - started
    for probes in (16, 64):

        def ivf_search(query: np.ndarray, probes: int = probes) -> np.ndarray:
            ivf.nprobe = probes
            found: np.ndarray = ivf.search(query.astype(np.float32), N_DENSE)[1][0]
            return found

        yield row(f"IVF, {lists:,} lists, {probes} probed", ivf_search, made)


def measure(work: Path, n_questions: int) -> list[str]:
    spent = json.loads((work / "spent.json").read_text())
    library = work / "library"
    opened = [timed(lambda: open_library(library).close()) for _ in range(10)]
    with open_library(library) as reader:
        texts = _texts(reader, n_questions)
        questions = [normalise(f"{text[:24]}是怎么回事？", AS_OF) for text in texts]
        vectors = [reader.embedder.embed_query(q.text) for q in questions]
        retrieve(reader, questions[0], RetrievalSettings())
        searches: list[tuple[str, list[Callable[[], object]]]] = [
            (
                "lexical search, 100 chunks",
                [lambda t=t: reader.search_lexical(t, 100) for t in map(terms, questions)],
            ),
            (
                f"dense search, {N_DENSE} chunks",
                [lambda v=v: reader.search_dense(v, N_DENSE) for v in vectors],
            ),
            (
                "passages and sentences for a question",
                [lambda q=q: retrieve(reader, q, RetrievalSettings()) for q in questions],
            ),
        ]
        rows = [
            (
                "library",
                f"{reader.n_documents:,} documents, {reader.n_chunks:,} chunks, "
                f"{len(reader.manifest.segments)} segments",
            ),
            (
                "built in",
                f"{spent['seconds'] / 60:.1f} min, {spent['starts']} starts; "
                f"{spent['processor_s'] / 60:.1f} min of processor time",
            ),
            ("peak memory of a process", f"{spent['peak_mb']:.0f} MB"),
            ("on disk", f"{folder_mb(library):,.0f} MB"),
            ("opened in", f"{statistics.median(opened) * 1000:.0f} ms"),
        ]
        _tell(*rows)
        for what, actions in searches:
            taken = [_clocked(action) for action in actions]
            rows.append((f"{what}, p50 / p95", percentiles([wall for wall, _ in taken])))
            rows.append(("… of it processor time", percentiles([used for _, used in taken])))
            _tell(*rows[-2:])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(("memory after these searches", f"{peak:,.0f} MB"))
        lines = ["| what | measured |", "|---|---|"]
        lines += [f"| {what} | {value} |" for what, value in rows]
        lines += [
            "",
            f"| nearest vectors | processor time, p50 / p95 | recall@10 | @{N_DENSE} | made in |",
            "|---|---|---|---|---|",
        ]
        for row in ways(reader, [q.text for q in questions]):
            _tell(row)
            lines.append(f"| {' | '.join(row)} |")
    return lines


def _tell(*rows: Sequence[str]) -> None:
    """What is measured so far: a run of hours may be stopped."""
    for row in rows:
        print(*row, sep="  ", file=sys.stderr, flush=True)


def _clocked(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    used = time.process_time()
    wall = timed(action)
    return wall, time.process_time() - used


def _texts(library: Library, n: int) -> list[str]:
    """Beginnings of documents, evenly spaced."""
    infos = library.documents()
    step = max(1, len(infos) // n)
    return [library.document(info.doc_id).text for info in infos[::step][:n]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path("data/scale"), help="kept between runs")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop building after; 0: never")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE / "scale.md")
    args = parser.parse_args()
    work = args.work / str(args.chunks)
    if not (work / "corpus").exists():
        aside = work / "corpus.tmp"
        write_corpus(args.data, aside, args.chunks)
        aside.rename(work / "corpus")
    if not (work / "library" / "manifest.json").exists() and not build(work, args.minutes):
        print("not whole yet: run the same command again")
        raise SystemExit(3)
    lines = [
        "# A large library", "",
        f"Command: `python benchmarks/scale.py --data FOLDER --chunks {args.chunks}`",
        f"Machine: {machine()}", "",
        *measure(work, args.questions), "",
    ]  # fmt: skip
    if args.out.exists():  # what was written by hand stays
        _, *kept = args.out.read_text(encoding="utf-8").partition(BY_HAND)
        lines.append("".join(kept))
    args.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
