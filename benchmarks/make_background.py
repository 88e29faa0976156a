"""Count how common Chinese terms are, so that a library of five documents has sane term weights.

    python benchmarks/make_background.py --data FOLDER

FOLDER holds `crud_rag`, `xwlb`, `gov_reports_2026` and `drcd` as NAME.passages.jsonl.gz, one
{"text": …} a line. Text is cut into windows of 300 characters; a term's count is the number of
windows that hold it as a substring, which is how a question's terms are looked for. Counted: single
characters, character pairs, longer words of jieba's dictionary and of the thesaurus, Latin words.
Writes rag/background.bin (format: rag/background.py); no text goes into it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from index.segmenting import key
from index.thesaurus import parse_line, source_files
from rag.background import PATH, write

WINDOW = 300
SHARES = {"crud_rag": 26_000, "xwlb": 9_000, "gov_reports_2026": 5_000, "drcd": 6_000}  # windows
MIN_COUNT = {1: 1, 2: 3}  # by length; longer words: 2
LONGEST = 6

_HAN_RUN = re.compile(r"[㐀-鿿]+")
_LATIN = re.compile(r"[a-z][a-z0-9]+")


def vocabulary() -> set[str]:
    import jieba

    known = set()
    with jieba.get_dict_file() as file:
        for raw in file:
            known.add(raw.decode("utf-8").split(" ", 1)[0])
    for path in source_files():
        for text in path.read_text(encoding="utf-8").splitlines():
            if line := parse_line(text, path.stem):
                known.update(line.terms + line.targets)
    return {w for w in known if 2 < len(w) <= LONGEST and _HAN_RUN.fullmatch(w)}


def windows(data: Path, rng: random.Random) -> list[str]:
    out = []
    for name, share in SHARES.items():
        cut = []
        with gzip.open(data / f"{name}.passages.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                text = json.loads(line)["text"]
                cut.extend(text[i : i + WINDOW] for i in range(0, len(text), WINDOW))
        rng.shuffle(cut)
        out.extend(cut[:share])
    return out


def count(texts: list[str], known: set[str]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for text in texts:
        keyed = key(text)
        terms = set(_LATIN.findall(keyed))
        for match in _HAN_RUN.finditer(keyed):
            run = match.group()
            terms.update(run)
            terms.update(map("".join, pairwise(run)))
            for n in range(3, LONGEST + 1):
                terms.update(w for i in range(len(run) - n + 1) if (w := run[i : i + n]) in known)
        totals.update(terms)
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the passage sets")
    texts = windows(parser.parse_args().data, random.Random(0))
    totals = count(texts, vocabulary())
    kept = {t: n for t, n in totals.items() if n >= MIN_COUNT.get(len(t), 2)}
    write(PATH, kept, len(texts))
    print(f"{len(texts)} windows, {len(kept)} terms, {PATH.stat().st_size} bytes")


if __name__ == "__main__":
    main()
