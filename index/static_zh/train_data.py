"""What the model learns from: texts, question–passage pairs and the thesaurus.

`root` holds `data/`, `tuning/` and `thesaurus/`. Only sets whose use in training is permitted are
read here; the development set of CMRC 2018 and every evaluation-only set stay out.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELD_OUT_FOLD = 0  # of N_FOLDS, by question number or passage: never trained on
N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Text:
    source: str
    id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the passage that answers it; `fold` is from 0 to N_FOLDS - 1."""

    source: str
    question: str
    passage_id: str
    passage: str
    fold: int


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """`groups`: terms that mean the same. `arrows`: (lay or English terms, formal or Chinese)."""

    groups: list[list[str]]
    lay: list[tuple[list[str], list[str]]]
    english: list[tuple[list[str], list[str]]]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file, gzipped or not."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    for line in content.splitlines():
        if line.strip():
            yield json.loads(line)


def read_texts(root: Path) -> list[Text]:
    """Unlabelled text, in file order. CMRC passages are not here: its dev questions ask on them."""
    out = []
    for source in ("crud_rag", "xwlb", "gov_reports_2026", "stard", "drcd"):
        for row in read_lines(root / "data" / f"{source}.passages.jsonl.gz"):
            out.append(Text(source, str(row["id"]), row.get("title") or "", row["text"]))
    for name in ("T1", "T2"):
        for row in read_lines(root / "tuning" / f"{name}.passages.jsonl"):
            out.append(Text("tuning", str(row["id"]), row.get("title") or "", row["text"]))
    return out


def _passages(path: Path) -> dict[str, str]:
    """Title and text of each passage by its id."""
    return {
        str(row["id"]): "\n".join(part for part in (row.get("title") or "", row["text"]) if part)
        for row in read_lines(path)
    }


def read_pairs(root: Path) -> list[Pair]:
    """Questions with their passages. A fold never splits the questions of one passage."""
    out = []
    for source, split in (("cmrc2018", "trial"), ("drcd", "dev"), ("stard", "train")):
        passages = _passages(root / "data" / f"{source}.passages.jsonl.gz")
        folds: dict[str, int] = {}
        for row in read_lines(root / "data" / f"{source}.queries.{split}.jsonl.gz"):
            relevant = [str(item) for item in row["relevant"] if str(item) in passages]
            if not relevant:
                continue
            # CMRC is trained on whole (it has a dev set of its own).
            fold = folds.setdefault(relevant[0], len(folds) % N_FOLDS)
            fold = N_FOLDS - 1 if source == "cmrc2018" else fold
            for passage in relevant:
                out.append(Pair(source, row["question"], passage, passages[passage], fold))
    for name in ("T1", "T2"):
        passages = _passages(root / "tuning" / f"{name}.passages.jsonl")
        folds = {}
        for row in read_lines(root / "tuning" / f"{name}.jsonl"):
            if not row["answerable"]:
                continue
            found = [item["doc"] for item in row["evidence"] if item["doc"] in passages]
            for passage in dict.fromkeys(found):
                fold = folds.setdefault(found[0], len(folds) % N_FOLDS)
                out.append(Pair(name, row["question"], passage, passages[passage], fold))
    return out


def read_thesaurus(root: Path) -> Thesaurus:
    groups: list[list[str]] = []
    lay: list[tuple[list[str], list[str]]] = []
    english: list[tuple[list[str], list[str]]] = []
    for path in sorted((root / "thesaurus").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            line = re.sub(r"\s+#ambiguous\s*$", "", line).strip()
            if not line or line.startswith("#"):
                continue
            left, arrow, right = line.partition("=>")
            one, other = _terms(left), _terms(right)
            if not arrow:
                groups.append(one)
            elif path.name.startswith("en_zh"):
                english.append((one, other))
            else:
                lay.append((one, other))
    return Thesaurus(groups, lay, english)


def _terms(text: str) -> list[str]:
    return [term.strip() for term in text.split(",") if term.strip()]
