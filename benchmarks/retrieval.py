"""Measure search beside other people's, in one run; write retrieval.md.

    python benchmarks/retrieval.py --data FOLDER                    everything (hours)
    python benchmarks/retrieval.py --data FOLDER --parts D,cmrc     some parts
    python benchmarks/retrieval.py --data FOLDER --limit 50         fifty questions a part
    python benchmarks/retrieval.py --data FOLDER --minutes 5        then goes on where it stopped

Peers come with `pip install -e ".[peers]"`; one that is not installed is named in the report. What
each question found is kept below --work, under a hash of the code that found it, so parts can be
run one after another. Parts: {parts}.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.indexing import machine
from benchmarks.retrieval_peers import PEERS, Peer, Piece, open_peer
from benchmarks.retrieval_report import write_report
from benchmarks.retrieval_run import OutOfTime, Row, Run, code_hash, library_of
from benchmarks.retrieval_sets import (
    BUDGETS,
    Collection,
    Query,
    all_within,
    english_queries,
    library_set,
    news_pieces,
    passage_pieces,
    passage_queries,
    spread,
    tuning_set,
    unseen_questions,
    unseen_stard,
    write_jsonl,
)
from evals.running import DEFAULT_AS_OF
from index.store import Library

HERE = Path(__file__).parent
ROOT = HERE.parent
AS_OF = date.fromisoformat(DEFAULT_AS_OF)
OURS = "wenju"
DENSE = "wenju, dense arm alone"
NEWS_QUESTIONS = 400  # of CMRC's, evenly spaced, among the news
DRCD_QUESTIONS = 1_200  # likewise; twice, in traditional and in simplified characters
UNRELATED = 1_000  # documents added
UNRELATED_QUESTIONS = 150  # of each set, evenly spaced
DEPTH = 10  # passages that are compared
GROUP = 64  # passages of a volume
# rank_bm25 scores every text in Python; transformers embed every text.
TOO_SLOW = dict.fromkeys(("cmrc + news", "stard", "drcd", "drcd simplified"), ("embeds",))

Results = dict[str, dict[str, dict[str, Row]]]  # part → system → question → what was found


def our_key() -> str:
    return code_hash("index", "rag", "benchmarks/retrieval_sets.py", "benchmarks/fit_ranker.py")


def peer_key(peer: Peer) -> str:
    sources = code_hash("benchmarks/retrieval_peers.py", "benchmarks/retrieval_sets.py")
    return hashlib.sha256(f"{sources} {peer.versions}".encode()).hexdigest()[:10]


def passages_found(found: Sequence[str], query: Query) -> Row:
    """Ranks from 1 of the best relevant passage; 0 when none is among the first."""
    ids = list(dict.fromkeys(found))[:DEPTH]
    best = next((n for n, i in enumerate(ids, start=1) if i in query.relevant), 0)
    hits = sum(i in query.relevant for i in ids)
    return {"rank": best, "recall": hits / len(query.relevant)}


def quotes_found(shown: Sequence[Piece], query: Query) -> Row:
    return {f"within_{b}": all_within(shown, query.quotes, b) for b in BUDGETS}


def ours_shown(library: Library, query: Query) -> list[Piece]:
    """What `wenju search` shows, in its order."""
    from rag.searching import search

    found = search(library, query.text, as_of=AS_OF, limit=4 * DEPTH)
    return [
        Piece(p.chunk.doc_id, p.chunk.span.start, p.chunk.span.end, p.text) for p in found.passages
    ]


def record_id(doc_id: str) -> str:
    return doc_id.partition("#")[2] or doc_id


def dense_shown(library: Library, query: Query) -> list[str]:
    vector = library.embedder.embed_query(query.text)
    return [record_id(s.chunk.doc_id) for s in library.search_dense(vector, 20 * DEPTH)]


def peers_rows(
    run: Run,
    part: str,
    collection: Callable[[], Collection],
    queries: Sequence[Query],
    judge: Callable[[Sequence[Piece], Query], Row],
) -> dict[str, dict[str, Row]]:
    kinds = TOO_SLOW.get(part, ())
    out = {}
    for peer in PEERS:
        if peer.missing or any(getattr(peer, kind) for kind in kinds):
            continue

        def engine(peer: Peer = peer) -> Callable[[Query], Row]:
            on = collection()
            find = open_peer(peer, on.documents, on.passages)
            return lambda query: judge(find(query.text, 4 * DEPTH), query)

        out[peer.name] = run.rows(part, peer.name, peer_key(peer), queries, engine)
    return out


def passage_part(
    run: Run,
    part: str,
    queries: Sequence[Query],
    pieces: Callable[[], list[Piece]],
    library: Callable[[], Library],
    *,
    dense: bool = False,
) -> dict[str, dict[str, Row]]:
    """Ours, its dense arm where that is asked for, and the peers, on whole passages."""

    def ours() -> Callable[[Query], Row]:
        opened = library()

        def ask(query: Query) -> Row:
            found = [record_id(p.doc_id) for p in ours_shown(opened, query)]
            return passages_found(found, query)

        return ask

    def dense_arm() -> Callable[[Query], Row]:
        opened = library()
        return lambda query: passages_found(dense_shown(opened, query), query)

    out = {OURS: run.rows(part, OURS, our_key(), queries, ours)}
    if dense:
        out[DENSE] = run.rows(part, DENSE, our_key(), queries, dense_arm)
    made: list[Piece] = []

    def collection() -> Collection:
        if not made:
            made.extend(pieces())
        return Collection(made, made, queries)

    def judge(found: Sequence[Piece], query: Query) -> Row:
        return passages_found([p.doc_id for p in found], query)

    return out | peers_rows(run, part, collection, queries, judge)


def cmrc(run: Run) -> Results:
    queries = run.asked(passage_queries(run.data, "cmrc2018", "dev"))
    return {"cmrc": _on_passages(run, "cmrc", "cmrc2018", queries, dense=True)}


def english(run: Run) -> Results:
    queries = run.asked(english_queries())
    return {"english": _on_passages(run, "english", "cmrc2018", queries, dense=True)}


def _drcd_queries(run: Run) -> list[Query]:
    most = min(run.limit or 10**9, DRCD_QUESTIONS)
    return spread(passage_queries(run.data, "drcd", "dev"), most)


def drcd(run: Run) -> Results:
    """And apart, the questions that the embedding model was not taught with."""
    from index.static_zh.train_data import HELD_OUT_FOLD, read_pairs

    queries = _drcd_queries(run)
    systems = _on_passages(run, "drcd", "drcd", queries)
    taught = {
        p.question for p in read_pairs(run.data) if p.source == "drcd" and p.fold != HELD_OUT_FOLD
    }
    unseen = {q.id for q in queries if q.text not in taught}
    apart = {name: {i: r for i, r in rows.items() if i in unseen} for name, rows in systems.items()}
    return {"drcd": systems, "drcd unseen": apart}


def drcd_simplified(run: Run) -> Results:
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    queries = [Query(q.id, convert(q.text), q.lang, q.relevant) for q in _drcd_queries(run)]
    return {"drcd simplified": _on_passages(run, "drcd simplified", "drcd", queries)}


def stard(run: Run) -> Results:
    queries = run.asked(unseen_stard(run.data))
    return {"stard": _on_passages(run, "stard", "stard", queries)}


def _on_passages(
    run: Run, part: str, name: str, queries: Sequence[Query], *, dense: bool = False
) -> dict[str, dict[str, Row]]:
    split = "train" if name == "stard" else "dev"

    def sources(folder: Path) -> list[Path]:
        from evals.loaders.passages import load_passages

        return [load_passages(run.data / "data", name, split).write_corpus(folder)]

    return passage_part(
        run,
        part,
        queries,
        lambda: passage_pieces(run.data, name, split),
        lambda: library_of(run, name, sources),
        dense=dense,
    )


def cmrc_news(run: Run) -> Results:
    queries = spread(
        passage_queries(run.data, "cmrc2018", "dev"), min(run.limit or 10**9, NEWS_QUESTIONS)
    )

    def sources(folder: Path) -> list[Path]:
        from evals.loaders.passages import load_passages

        write_jsonl(folder / "news.jsonl", news_pieces(run.data, 0))
        load_passages(run.data / "data", "cmrc2018", "dev").write_corpus(folder)
        return [folder]

    def pieces() -> list[Piece]:
        return passage_pieces(run.data, "cmrc2018", "dev") + news_pieces(run.data, 0)

    rows = passage_part(
        run, "cmrc + news", queries, pieces, lambda: library_of(run, "cmrc-news", sources)
    )
    return {"cmrc + news": rows}


def record(run: Run) -> Results:
    """D: for the record."""

    def library() -> Library:
        return library_of(run, "D", lambda _: [run.data / "corpus"])

    def collection() -> Collection:
        with library() as opened:
            return library_set(opened, run.data / "evals" / "D.jsonl")

    def ours() -> Callable[[Query], Row]:
        opened = library()
        return lambda query: quotes_found(ours_shown(opened, query), query)

    on = collection()
    queries = run.asked(on.queries)
    rows = {OURS: run.rows("D", OURS, our_key(), queries, ours)}
    return {"D": rows | peers_rows(run, "D", lambda: on, queries, quotes_found)}


def tuning(run: Run) -> Results:
    """T1 and T2, our ranker by five-fold cross-validation over passages."""
    folder = run.data / "tuning"
    out: Results = {}
    held_out: dict[tuple[str, str], Row] = {}
    for name, group in ((n, g) for g in (1, GROUP) for n in ("T1", "T2")):
        part = name if group == 1 else f"{name} in volumes"
        on = tuning_set(folder, name, group)
        queries = run.asked(on.queries)

        def ours(part: str = part) -> Callable[[Query], Row]:
            if not held_out:
                held_out.update(_held_out(run))
            return lambda query: held_out[part, query.id]

        rows = {OURS: run.rows(part, OURS, our_key(), queries, ours)}
        out[part] = rows | peers_rows(run, part, lambda on=on: on, queries, quotes_found)
    return out


def _held_out(run: Run) -> Iterator[tuple[tuple[str, str], Row]]:
    import numpy as np

    from benchmarks.fit_ranker import cases_of, held_out_scores
    from index.segmenting import load_dictionary
    from rag.ranking import best_passages

    load_dictionary()
    folder = run.data / "tuning"
    cases = [c for g in (1, GROUP) for n in ("T1", "T2") for c in cases_of(folder, n, g)]
    sets = {
        part: {q.id: q for q in tuning_set(folder, part[:2], group).queries}
        for part, group in (
            ("T1", 1), ("T2", 1), ("T1 in volumes", GROUP), ("T2 in volumes", GROUP),
        )
    }  # fmt: skip
    unseen = unseen_questions(run.data)
    for case, scores in zip(cases, held_out_scores(cases), strict=True):
        query = sets[case.set_name].get(case.question["id"])
        if query is None:
            continue
        shown = [
            Piece(p.chunk.doc_id, p.chunk.span.start, p.chunk.span.end, p.text)
            for p in best_passages(case.retrieval, scores, 4 * DEPTH)
        ]
        order = np.argsort(-scores, kind="stable")
        top = {f"top_{k}": bool(case.gold[order[:k]].any()) for k in (1, 3, 10)}
        more = {"english": query.lang == "en", "unseen": query.text in unseen}
        yield (case.set_name, query.id), quotes_found(shown, query) | top | more


def unrelated(run: Run) -> Results:
    """Whether the best sentence stays the same when unrelated documents are added."""
    from rag.searching import search

    tuned = {f"{n}.passages.jsonl" for n in ("T1", "T2")}
    known: set[str] = set()
    for name in tuned:
        for line in (run.data / "tuning" / name).read_text(encoding="utf-8").splitlines():
            known.add(json.loads(line)["id"])
    out: Results = {}
    for name in ("D", "T1", "T2"):

        def sources(folder: Path, name: str = name) -> list[Path]:
            if name == "D":
                return [run.data / "corpus"]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(
                run.data / "tuning" / f"{name}.passages.jsonl", folder / "passages.jsonl"
            )
            return [folder / "passages.jsonl"]

        def with_news(folder: Path, name: str = name) -> list[Path]:
            news = [p for p in news_pieces(run.data, 0) if p.doc_id not in known]
            write_jsonl(folder / "unrelated.jsonl", spread(news, UNRELATED))
            return [*sources(folder.parent / name, name), folder / "unrelated.jsonl"]

        path = run.data / ("evals" if name == "D" else "tuning") / f"{name}.jsonl"
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        records = spread(records, min(run.limit or 10**9, UNRELATED_QUESTIONS))
        queries = [Query(r["id"], r["question"], r["lang"]) for r in records]

        def engine(
            name: str = name,
            sources: Callable[[Path], list[Path]] = sources,
            with_news: Callable[[Path], list[Path]] = with_news,
        ) -> Callable[[Query], Row]:
            alone = library_of(run, name, sources)
            among = library_of(run, f"{name}+{UNRELATED}", with_news)

            def best(library: Library, query: Query) -> str:
                found = search(library, query.text, as_of=AS_OF, limit=1).sentences
                return found[0].text if found else ""

            return lambda query: {"same": best(alone, query) == best(among, query)}

        part = f"{name} among {UNRELATED:,} others"
        rows = run.rows(part, OURS, our_key(), queries, engine)
        for one in ("answerable", "unanswerable"):
            kept = {r["id"] for r in records if r["answerable"] == (one == "answerable")}
            out[f"{name}, {one}"] = {OURS: {i: row for i, row in rows.items() if i in kept}}
    return out


PARTS: Mapping[str, Callable[[Run], Results]] = {
    "tuning": tuning,
    "D": record,
    "cmrc": cmrc,
    "english": english,
    "drcd": drcd,
    "drcd-simplified": drcd_simplified,
    "stard": stard,
    "unrelated": unrelated,
    "cmrc-news": cmrc_news,
}


def main() -> None:
    description = (__doc__ or "").replace("{parts}", ", ".join(PARTS))
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder, see README.md")
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks/retrieval"))
    parser.add_argument("--out", type=Path, default=HERE / "retrieval.md")
    parser.add_argument("--parts", default="", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--systems", default="", help='such as "wenju;bm25s, bigrams", by ";"')
    parser.add_argument("--limit", type=int, default=0, help="questions a part, evenly spaced")
    parser.add_argument("--minutes", type=float, default=0, help="stop after; 0: never")
    args = parser.parse_args()
    wanted = [name.strip() for name in args.parts.split(",") if name.strip()] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        parser.error(f"no part is called {', '.join(unknown)}; parts: {', '.join(PARTS)}")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    ends_at = time.monotonic() + args.minutes * 60 if args.minutes else float("inf")
    systems = frozenset(s.strip() for s in args.systems.split(";") if s.strip())
    run = Run(args.data, args.work, args.limit, ends_at, systems)
    results: Results = {}
    for name in wanted:
        try:
            results |= PARTS[name](run)
        except OutOfTime:
            run.unfinished.append((name, "not begun"))
    options = "".join(
        f" --{name} {value}" for name, value in (("parts", args.parts), ("limit", args.limit))
        if value
    )  # fmt: skip
    write_report(args.out, results, f"python benchmarks/retrieval.py --data FOLDER{options}",
                 f"{machine()}; code {our_key()}", run.not_measured())  # fmt: skip
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
