"""Measure parsing: against the gold labels, against the bare libraries, and its peak memory.

    python benchmarks/parsing.py                     the labelled samples
    python benchmarks/parsing.py --data FOLDER       also the five documents in FOLDER/corpus
    python benchmarks/parsing.py --errors            also says what was missed or wrong, and where

Writes parsing.md beside itself; the part that parsing_effect.py wrote stays. The labels
(parsing_gold.jsonl) are offsets without text; they were set by reading the raw files, before the
parser's output was looked at.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parsing_effect import EFFECT
from parsing_layers import read_gold
from parsing_scores import KINDS, Score, Tally, score
from parsing_speed import Speed, measure, peak_of_long_pdf

from evals.questions import SAMPLE_FOLDER

HERE = Path(__file__).parent
GOLD = HERE / "parsing_gold.jsonl"
_NAMES = {
    "heading": "headings",
    "cell": "table cells, in their row",
    "header": "header name of a cell",
    "note": "marker ↔ note",
    "join": "broken lines joined",
    "sentence": "… and one sentence of the index",
    "furniture": "furniture",
    "segment": "transcript segments with their time",
}


def scores(data: Path | None) -> list[Score]:
    folders = {"sample": SAMPLE_FOLDER}
    if data:
        folders["corpus"] = data / "corpus"
    found = []
    for gold in read_gold(GOLD):
        place, _, name = gold["doc"].partition("/")
        if place in folders and (folders[place] / name).is_file():
            found.append(score(gold, folders[place] / name))
    return found


def per_kind(found: Sequence[Score]) -> list[str]:
    lines = ["| kind | labelled | precision | recall |", "|---|---|---|---|"]
    for kind in KINDS:
        total = Tally()
        for one in found:
            total.add(one.tallies[kind])
        values = f"{_share(total.precision)} | {_share(total.recall)}"
        lines.append(f"| {_NAMES[kind]} | {total.labelled} | {values} |")
    for name, pairs in (
        ("neighbouring headings in the right order of rank", [s.levels for s in found]),
        ("joins with the right character between", [s.glue for s in found]),
    ):
        right, judged = (sum(p[i] for p in pairs) for i in (0, 1))
        lines.append(f"| {name} | {judged} | – | {_share(right / judged if judged else None)} |")
    return lines


def per_document(found: Sequence[Score]) -> list[str]:
    head = ["document", "in blocks", "maps back", "shared", *(f"{k} P / R" for k in KINDS)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for one in found:
        cells = [
            one.doc.rpartition("/")[2],
            f"{one.coverage:.2%}",
            f"{one.returned:.2%}",
            str(one.overlaps),
            *(_both(one.tallies[kind]) for kind in KINDS),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def throughput(rows: Sequence[Speed]) -> list[str]:
    head = "| format | file | MB/s | characters/s | bare library | its MB/s | times its time |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for row in rows:
        ours, theirs = row.megabytes / row.seconds, row.megabytes / row.bare_seconds
        ratio = row.seconds / row.bare_seconds
        lines.append(
            f"| {row.format} | {row.megabytes:.2f} MB | {ours:.2f}"
            f" | {row.characters / row.seconds / 1e6:.2f} M | {row.bare} | {theirs:.2f}"
            f" | {ratio:.1f} |"
        )
    return lines


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _both(tally: Tally) -> str:
    if not tally.labelled and not tally.predicted:
        return ""
    return f"{_share(tally.precision)} / {_share(tally.recall)}"


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="folder whose corpus/ holds the five documents")
    parser.add_argument("--errors", action="store_true", help="print each error with its offsets")
    parser.add_argument("--no-speed", action="store_true", help="score only, write nothing")
    parser.add_argument("--out", type=Path, default=HERE / "parsing.md")
    args = parser.parse_args()
    found = scores(args.data)
    if args.errors:
        for one in found:
            for kind, tally in one.tallies.items():
                for error in tally.errors:
                    print(f"{one.doc}: {kind}: {error}")
            for error in one.uncovered:
                print(f"{one.doc}: in no block: {error}")
    lines = [
        "# Parsing", "",
        "Command: `python benchmarks/parsing.py" + (" --data FOLDER`" if args.data else "`"),
        f"Machine: {machine()}", "",
        "## Against the labels", "",
        f"{len(found)} documents. The labels are offsets into the raw text, set by reading it and"
        " before the parser's output was seen; precision counts inside the labelled regions.", "",
        *per_kind(found), "",
        "Per document: the share of non-space characters that belong to a block (Markdown's and"
        " CSV's own marks not counted), the share of the text that maps back to the same raw"
        " character (PDF, pages and Office files: that is found in their own words, read apart),"
        " and characters in more than one block.", "",
        *per_document(found), "",
    ]  # fmt: skip
    if args.no_speed:
        print("\n".join(lines))
        return
    work = Path(tempfile.mkdtemp(prefix="wenju-parsing-"))
    try:
        rows = measure(work)
        pages, characters, seconds, peak_mb = peak_of_long_pdf(work)
    finally:
        shutil.rmtree(work)
    lines += [
        "## Throughput and memory", "",
        "Files made from the sample library's words; processor time, the fastest of three"
        " runs, the bare library on the same file in turns.", "",
        *throughput(rows), "",
        f"A PDF of {pages:,} pages ({characters:,} characters) in a fresh process: {seconds:.1f} s,"
        f" peak memory {peak_mb:.0f} MB.", "",
    ]  # fmt: skip
    print("\n".join(lines))
    before = args.out.read_text(encoding="utf-8") if args.out.exists() else ""
    kept = before[before.find(EFFECT) :] if EFFECT in before else ""
    args.out.write_text("\n".join(lines) + ("\n" + kept if kept else ""), encoding="utf-8")


if __name__ == "__main__":
    main()
