"""What structure is worth: the same questions, ranker and reader over the same words, with and
without the blocks that parsing finds.

    python benchmarks/parsing_effect.py --data FOLDER --work FOLDER
    wenju eval compare WORK/D/before.jsonl WORK/D/after.jsonl --format markdown

"Before" is every line a paragraph: no headings, no tables, no notes, no times, no furniture, and
broken lines stay broken. Asks the questions about tables, footnotes and recordings of the built-in
set, and of D where FOLDER has it. The last part of parsing.md is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

from parsing_layers import raw_text
from quality import benchmarks

from evals.asking import library_asker
from evals.case import Case
from evals.comparing import compare
from evals.reporting import comparison_tables, report, table
from evals.running import DEFAULT_AS_OF, run
from index.cleaning import Edits
from index.ingesting import index_sources
from index.parsing import ParseSettings
from index.parsing.building import Draft, Found, build, sha256
from index.schema import BlockKind, Document, Skipped
from rag.settings import RagSettings

OUT = Path(__file__).parent / "parsing.md"
EFFECT = "## What structure is worth"
TYPES = ("table", "footnote", "transcript")
SHOWN = ("truthfulness", "correct", "evidence_any", "evidence_all", "place")


def by_lines(
    path: Path, source: str, settings: ParseSettings | None = None
) -> Iterator[Document | Skipped]:
    """The document as a reader of plain text has it: a paragraph a line."""
    raw = raw_text(path)
    drafts = []
    at = 0
    for line in raw.splitlines(keepends=True):
        if line.strip():
            drafts.append(Draft(BlockKind.PARAGRAPH, [(at, at + len(line))]))
        at += len(line)
    yield build(
        raw, drafts, Edits(), Found("txt", title=path.stem), doc_id=source, source=source,
        content_hash=sha256(path.read_bytes()),
    )  # fmt: skip


@contextmanager
def without_structure() -> Iterator[None]:
    with (
        patch("index.ingesting.parse_file", by_lines),
        patch("index.parsing.pool.is_light", lambda path: True),
    ):
        yield


def asked(name: str, questions: Sequence[object], documents: Path, work: Path) -> list[Case]:
    library = work / f"{name}-library"
    index_sources(library, [documents])
    return run(
        questions,  # type: ignore[arg-type]
        lambda: library_asker(library, RagSettings(), date.fromisoformat(DEFAULT_AS_OF)),
        work / f"{name}.jsonl",
    )


def by_type(before: Sequence[Case], after: Sequence[Case]) -> str:
    sides = [report(cases, by=("type",)) for cases in (before, after)]
    rows = []
    for kind, size in sides[0].sizes["type"].items():
        means = [{c.metric: c.mean for c in side.groups["type"][kind]} for side in sides]
        cells = [
            f"{means[0][m]:.3f} → {means[1][m]:.3f}" if m in means[0] and m in means[1] else "-"
            for m in SHOWN
        ]
        rows.append([kind, str(size), *cells])
    return table(["type", "n", *SHOWN], rows, markdown=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with evals/D.jsonl and corpus/")
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks/parsing"))
    args = parser.parse_args()
    parts = [
        f"{EFFECT}\n\nCommand: `python benchmarks/parsing_effect.py"
        + (" --data FOLDER" if args.data else "")
        + "`, then `wenju eval compare before.jsonl after.jsonl --format markdown` on the runs it"
        " leaves.\n\nThe same words, ranker and reader twice. Before: every line a paragraph, no"
        " headings, tables, notes, times or furniture, broken lines left broken. After: as parsing"
        " makes them."
    ]
    for one in benchmarks(args.data):
        if one.name not in ("built-in", "D"):
            continue
        questions = [q for q in one.questions() if q.type in TYPES]
        work = args.work / one.name
        documents = one.documents(work)
        with without_structure():
            before = asked("before", questions, documents, work)
        after = asked("after", questions, documents, work)
        compared = comparison_tables(compare(before, after), True, 0)
        parts.append(f"### {one.name}\n\n{by_type(before, after)}\n\n{compared.strip()}")
    text = "\n\n".join(parts) + "\n"
    print(text)
    written = OUT.read_text(encoding="utf-8") if OUT.exists() else ""
    OUT.write_text(written.partition(EFFECT)[0].rstrip() + "\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
