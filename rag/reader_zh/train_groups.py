"""All groups that the reader learns from, as files.

    python -m rag.reader_zh.train_groups --root R --pack FOLDER --out ROWS [KIND …]

R holds `data/`, `tuning/` and `thesaurus/`; FOLDER is what `train_pack` wrote. Kinds (default:
every one): `made`, some three minutes of one core; `real` and `pairs`, one or two; `found`,
tens of minutes the first time, for wenju is asked 28,000 questions (what it finds is kept in
--work, as `benchmarks.fit_judge` keeps it). `found-own.npz` are the groups of T1 and T2,
`written.npz` those over documents of our own.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.reader_zh.train_made import made
from rag.reader_zh.train_pairs import pair_rows
from rag.reader_zh.train_questions import Maker, Words
from rag.reader_zh.train_real import real
from rag.reader_zh.train_rows import Rows
from rag.reader_zh.train_text import Library, open_library

if TYPE_CHECKING:
    from benchmarks.judge_cases import Judged

KINDS = ("made", "real", "pairs", "found")
PER_PASSAGE = 5.0  # made questions
MADE_SEED, REAL_SEED = 21, 1


def make_maker(words: Path) -> Maker:
    """A maker of jieba's dictionary and the thesaurus that `train_pack` wrote (words.json)."""
    import jieba

    tags = {}
    with (Path(jieba.__file__).parent / "dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, tag = line.split()
            tags[word.lower()] = tag
    # A tokenizer of its own: without the words that `index.segmenting` adds to the shared one.
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return Maker(tokenizer.cut, tags, Words(**json.loads(words.read_text(encoding="utf-8"))))


def write(rows: Rows, path: Path) -> None:
    arrays: dict[str, Any] = dict(rows.arrays())
    np.savez(path, **arrays)
    print(f"{path}: {len(rows)} groups", flush=True)


def write_found(root: Path, work: Path, library: Library, out: Path, few: int | None) -> None:
    from benchmarks.fit_judge import cases
    from index.segmenting import load_dictionary
    from rag.reader_zh.train_found import Reading, found_rows, is_own, is_written

    load_dictionary()
    every, reading = cases(root, work), Reading(library.tokenizer)
    kinds: dict[str, list[Judged]] = {"found-own": [], "written": [], "found": []}
    for case in every:
        kind = "found-own" if is_own(case) else "written" if is_written(case) else "found"
        kinds[kind].append(case)
    for name, kept in kinds.items():
        rows = Rows()
        found_rows(kept[:few], reading, rows)
        write(rows, out / f"{name}.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("data/benchmarks/judge"))
    parser.add_argument("--few", type=int, help="passages, questions of a set or cases, to try out")
    o = parser.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    library, maker = open_library(o.pack), make_maker(o.pack / "words.json")
    if "made" in o.kinds:
        drawn = np.random.default_rng(MADE_SEED).permutation(len(library.sources)).tolist()
        write(made(library, maker, drawn[: o.few], PER_PASSAGE, MADE_SEED), o.out / "made.npz")
    if "real" in o.kinds:
        asked = json.loads((o.pack / "questions.json").read_text(encoding="utf-8"))
        write(real(library, maker, asked[: o.few], REAL_SEED), o.out / "real.npz")
    if "pairs" in o.kinds:
        from benchmarks import twins

        rows = Rows()
        for name in twins.NAMES:
            pair_rows(name, o.root / "data", library.tokenizer, maker, rows, o.few)
        write(rows, o.out / "pairs.npz")
    if "found" in o.kinds:
        write_found(o.root, o.work, library, o.out, o.few)


if __name__ == "__main__":
    main()
