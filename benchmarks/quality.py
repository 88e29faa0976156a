"""Measure answers on the sets of this repository and of a data folder; write quality.md.

    python benchmarks/quality.py                      the built-in set and unseen
    python benchmarks/quality.py --data FOLDER        all sets that FOLDER holds (see README.md)

Libraries and runs are kept below --work, so a second start goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path

from evals.asking import library_asker
from evals.case import Case
from evals.loaders.passages import load_passages, read_jsonl
from evals.questions import SAMPLE_FOLDER, builtin, load
from evals.reporting import Report, report, table
from evals.running import DEFAULT_AS_OF, run
from evals.schema import Question
from index.ingesting import index_sources
from index.store import open_library
from rag.settings import RagSettings

HERE = Path(__file__).parent
UNSEEN = HERE / "unseen"
# Questions of D whose gold strings are all required though their type says otherwise.
ALL_REQUIRED_IN_D = frozenset(("D017", "D050", "D067"))
COLUMNS = (
    "truthfulness", "correct", "nuggets", "evidence_any", "evidence_all", "citation_precision",
    "verbatim", "offsets", "place", "cited", "rejected", "false_abstention", "failed", "recall@1",
    "recall@10", "ndcg@10", "mrr", "length",
)  # fmt: skip
SET_COLUMNS = ("aurc", "auroc", "ece", "latency_p50_ms", "latency_p95_ms")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`documents` gives the folder to index, made below the folder it is handed if need be."""

    name: str
    questions: Callable[[], Sequence[Question]]
    documents: Callable[[Path], Path]
    by: tuple[str, ...] = ("type",)  # one table each


def benchmarks(data: Path | None) -> Iterator[Benchmark]:
    """The sets there are, in the order of the report."""
    yield Benchmark("built-in", builtin, lambda _: SAMPLE_FOLDER)
    yield Benchmark(
        "unseen",
        partial(load, UNSEEN / "questions.jsonl"),
        lambda _: UNSEEN / "documents",
        by=("folder", "type"),
    )
    if data is None:
        return
    d = data / "evals" / "D.jsonl"
    if d.is_file():
        yield Benchmark("D", lambda: _d(d), lambda _: data / "corpus")
    for name in ("T1", "T2"):
        path = data / "tuning" / f"{name}.jsonl"
        if path.is_file():
            yield Benchmark(
                name,
                partial(load, path),
                partial(_copied, path.with_suffix(".passages.jsonl")),
            )
    for name, lang in (("cmrc2018", "zh"), ("drcd", "zh-Hant")):
        folder = data / "data"
        if (folder / f"{name}.queries.dev.jsonl.gz").is_file():
            yield Benchmark(
                f"{name} dev",
                partial(_passage_questions, folder, name, lang),
                partial(_passage_corpus, folder, name),
            )


def _passage_questions(folder: Path, name: str, lang: str) -> Sequence[Question]:
    return load_passages(folder, name, "dev", lang).questions


def _passage_corpus(folder: Path, name: str, work: Path) -> Path:
    return load_passages(folder, name, "dev").write_corpus(work / "corpus").parent


def _d(path: Path) -> list[Question]:
    """D, with the two things its lines leave to its description: match, and where seconds go."""
    questions: list[Question] = []
    for record in read_jsonl(path):
        question = Question.from_record(record)
        if question.id in ALL_REQUIRED_IN_D:
            question = replace(question, match="all")
        if "timestamp" in record and len(question.evidence) == 1:
            timed = replace(question.evidence[0], time=record["timestamp"])
            question = replace(question, evidence=(timed,))
        questions.append(question)
    return questions


def _copied(corpus: Path, work: Path) -> Path:
    """A folder that holds the corpus alone."""
    folder = work / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(corpus, folder / corpus.name)
    return folder


def measure(one: Benchmark, work: Path, settings: RagSettings, limit: int, workers: int) -> str:
    """Index, ask, and give the set's part of the report."""
    own = work / one.name.replace(" ", "-")
    questions = list(one.questions())
    if limit and len(questions) > limit:
        step = len(questions) / limit
        questions = [questions[int(i * step)] for i in range(limit)]
    started = time.monotonic()
    indexed = index_sources(own / "library", [one.documents(own)])
    index_s = time.monotonic() - started

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{one.name}: {done}/{total}", end="", file=sys.stderr, flush=True)

    started = time.monotonic()
    cases = run(
        questions,
        lambda: library_asker(own / "library", settings, date.fromisoformat(DEFAULT_AS_OF)),
        own / "run.jsonl",
        workers=workers,
        on_progress=lambda now: show(now.done, now.total),
    )
    print(f"\r{one.name}: {len(cases)} questions", file=sys.stderr)
    with open_library(own / "library") as library:
        content = f"{library.n_documents} documents, {library.n_chunks} chunks"
        found = library.hash
    seconds = time.monotonic() - started
    head = f"## {one.name}\n\n{len(cases)} questions, {content}; library `{found[:19]}…`; indexed "
    head += f"in {index_s:.1f} s ({len(indexed.skipped)} skipped), asked in {seconds:.1f} s"
    return f"{head}\n\n{_tables(cases, one.by)}\n"


def _tables(cases: Sequence[Case], by: Sequence[str]) -> str:
    found: Report = report(cases, by=by)
    cells = {c.metric: c for c in found.cells}
    rows = [
        [name, str(c.n), f"{c.mean:.{c.digits}f}", f"{c.low:.{c.digits}f}–{c.high:.{c.digits}f}"]
        for name in COLUMNS
        if (c := cells.get(name))
    ]
    rows += [
        [name, "", f"{value:.{digits}f}", ""]
        for name, value, digits in found.of_the_set
        if value is not None and name in SET_COLUMNS
    ]
    parts = [table(["metric", "n", "mean", "95 %"], rows, markdown=True)]
    shown = ("truthfulness", "correct", "evidence_any", "rejected", "false_abstention")
    for by_what, groups in found.groups.items():
        if len(groups) < 2:
            continue
        body = []
        for name, row in groups.items():
            means = {c.metric: f"{c.mean:.3f}" for c in row}
            size = str(found.sizes[by_what][name])
            body.append([name, size, *(means.get(s, "-") for s in shown)])
        parts.append(table([by_what, "n", *shown], body, markdown=True))
    return "\n\n".join(parts)


def machine() -> str:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [n for n in info.read_text().splitlines() if n.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with evals/, corpus/, tuning/ and data/")
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks"))
    parser.add_argument("--out", type=Path, default=HERE / "quality.md")
    parser.add_argument("--sets", default="", help='names such as "built-in,D"; default: all')
    parser.add_argument("--limit", type=int, default=0, help="questions a set, evenly spaced")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    wanted = {name.strip() for name in args.sets.split(",") if name.strip()}
    settings = RagSettings()
    parts = []
    for one in benchmarks(args.data):
        if not wanted or one.name in wanted:
            parts.append(measure(one, args.work, settings, args.limit, args.workers))
    options = " ".join(
        f"--{name} {value}"
        for name, value in (("sets", args.sets), ("limit", args.limit), ("workers", args.workers))
        if value not in ("", 0, 1)
    )
    data = " --data FOLDER" if args.data else ""
    head = [
        "# Answer quality",
        f"`python benchmarks/quality.py{data}{' ' + options if options else ''}`, wenju "
        f"{version('wenju')}, default settings, extractive engine, offline. {machine()}.",
        "Metrics are defined in docs/evals.md; where the sets come from stands in README.md. "
        "Intervals: Wilson for shares, bootstrap for the rest. On cmrc2018 and drcd the gold is a "
        "whole passage, and recall@1 is passage retrieval. The ranker and the judge are fitted on "
        "T1 and T2: their numbers here are in-sample; nothing is fitted on unseen, a hard "
        "set of near misses (unseen/README.md).",
    ]
    args.out.write_text("\n\n".join([*head, *parts]), encoding="utf-8")
    print(json.dumps({"written": str(args.out)}))


if __name__ == "__main__":
    main()
