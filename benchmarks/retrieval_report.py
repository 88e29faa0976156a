"""Tables of what benchmarks/retrieval.py found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.retrieval_peers import PEERS
from evals.intervals import wilson
from evals.reporting import table

Row = Mapping[str, Any]
Rows = Mapping[str, Row]
Value = Callable[[Row], bool]

TITLES = {
    "D": "D: our own questions on five long documents",
    "cmrc": "CMRC 2018 dev: 1,104 passages",
    "cmrc + news": "CMRC 2018 dev among 68,120 news articles",
    "english": "English questions on CMRC's Chinese passages",
    "drcd": "DRCD dev, traditional Chinese: 2,000 passages",
    "drcd unseen": "DRCD dev, the fifth that the embedding model was not taught with",
    "drcd simplified": "DRCD dev, questions in simplified Chinese",
    "stard": "STARD: lay questions to 61,602 articles of law, the held-out fifth",
}
NOTES = {
    "T1": "The ranker is cross-validated: five folds over passages, each asked with weights "
    "fitted on the others. The embedding model was taught with four fifths of these questions, "
    "the thesaurus extended with all of them in sight; D is the set that nothing was fitted on.",
    "D": "Our own questions, never fitted on. Questions that have no answer are left out. Measured "
    "in three states of the code while it was written; nothing was chosen by it.",
    "stard": "Which fifth: the one that the embedding model was not taught with.",
    "drcd": "Questions evenly spaced over the set, the same for all. The embedding model was "
    "taught with four fifths of them.",
    "cmrc + news": "Questions evenly spaced over the set, the same for all.",
}


def write_report(
    path: Path,
    results: Mapping[str, Mapping[str, Rows]],
    command: str,
    machine: str,
    unfinished: Sequence[str],
) -> None:
    parts = [
        "# Search",
        f"`{command}`, wenju {version('wenju')}, default settings, offline. {machine}.",
        "What a reader is shown: passages in the order of `wenju search`. Engines that do not cut "
        "texts get wenju's own passages, each after its document's title; LangChain cuts for "
        "itself, 1,000 characters with 200 in common, as its tutorial does. *Within 1,000*: all "
        "gold quotes of a question stand in the first 1,000 characters shown. Intervals: Wilson, "
        "95 %. How fast libraries are made and searched stands in indexing.md.",
        "Peers: " + "; ".join(_named()) + ".",
    ]
    if unfinished:
        parts.append(f"Not measured yet: {'; '.join(unfinished)}.")
    moved = []
    for part, systems in results.items():
        kept = {name: rows for name, rows in systems.items() if rows}
        if any("same" in row for rows in kept.values() for row in rows.values()):
            moved += [[part, *_stays(rows)] for rows in kept.values()]
        elif kept:
            parts.append(_part(part, kept))
    if moved:
        parts.append("## What 1,000 unrelated documents change")
        head = ["", "questions", "same best sentence as without them"]
        parts.append(table(head, moved, markdown=True))
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _named() -> list[str]:
    import sqlite3

    out = []
    for peer in PEERS:
        if peer.missing:
            out.append(f"{peer.name} (left out: {peer.missing} is not installed)")
        else:
            out.append(f"{peer.name} ({peer.versions or f'SQLite {sqlite3.sqlite_version}'})")
    return out


def _part(part: str, systems: Mapping[str, Rows]) -> str:
    first = next(iter(next(iter(systems.values())).values()))
    if "rank" in first:
        columns: dict[str, Value] = {
            "R@1": lambda r: r["rank"] == 1,
            "R@5": lambda r: 0 < r["rank"] <= 5,
            "any in 10": lambda r: r["rank"] > 0,
        }
    else:
        columns = {
            "within 1,000": lambda r: r["within_1000"],
            "within 3,000": lambda r: r["within_3000"],
        }
    body = []
    for name, rows in systems.items():
        cells = [_share([value(r) for r in rows.values()]) for value in columns.values()]
        if "recall" in first:
            recalls = [r["recall"] for r in rows.values()]
            cells.append(f"{sum(recalls) / len(recalls):.3f}")
        body.append([name, str(len(rows)), *cells])
    head = ["", "questions", *columns, *(["recall@10"] if "recall" in first else [])]
    blocks = [f"## {TITLES.get(part, part)}", NOTES.get(part, ""), table(head, body, markdown=True)]
    if "top_1" in first:
        blocks.append(_sentences(next(iter(systems.values()))))
    return "\n\n".join(block for block in blocks if block)


def _stays(rows: Rows) -> list[str]:
    return [str(len(rows)), _share([r["same"] for r in rows.values()])]


def _sentences(rows: Rows) -> str:
    """A gold sentence among our first 1, 3 and 10."""
    groups = {
        "all": list(rows.values()),
        "English questions": [r for r in rows.values() if r["english"]],
        "unseen by the embedding model": [r for r in rows.values() if r["unseen"]],
    }
    body = [
        [name, str(len(some)), *(_share([r[f"top_{k}"] for r in some]) for k in (1, 3, 10))]
        for name, some in groups.items()
        if some
    ]
    return table(["wenju: a gold sentence among", "questions", "1", "3", "10"], body, markdown=True)


def _share(hits: Sequence[bool]) -> str:
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits) / len(hits):.3f} ({low:.3f}–{high:.3f})"
