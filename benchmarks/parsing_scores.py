"""Parsed documents against the gold labels of parsing_gold.jsonl: what is found, what is right.

The first line of the gold file says how its offsets count. Everything is compared as sets of raw
offsets of non-space characters, so that white space at an edge decides nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from parsing_layers import align, raw_text, runs

from index.chunking import split_sentences
from index.parsing import parse_file
from index.schema import Block, BlockKind, Document, Skipped, Span

KINDS = ("heading", "cell", "header", "note", "join", "sentence", "furniture", "segment")
_ALIKE = 0.9  # share of characters that a found span and its label have in common
_NOTE_SLACK = 8  # a note may start behind its own marker
_MARKUP = frozenset("*_`|#>")
_RULE = re.compile(r"(?m)^[|:\- \t]+$")
_LINK = re.compile(r"\[\^\d+\]:?")
Places = frozenset[int]


@dataclass(slots=True)
class Tally:
    """Counts of one kind; an empty denominator scores None."""

    labelled: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        return self.right / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        return self.found / self.labelled if self.labelled else None

    def add(self, other: Tally) -> None:
        self.labelled += other.labelled
        self.found += other.found
        self.predicted += other.predicted
        self.right += other.right


@dataclass(slots=True)
class Score:
    doc: str
    tallies: dict[str, Tally]
    coverage: float  # share of the raw text's non-space characters that belong to a block
    returned: float  # share of the blocks' characters that map back to the same raw character
    overlaps: int  # pairs of blocks that share a character
    levels: tuple[int, int] = (0, 0)  # neighbouring headings in the right order of rank, of all
    glue: tuple[int, int] = (0, 0)  # found joins with the right character between, of all
    uncovered: list[str] = field(default_factory=list)


def score(gold: dict[str, Any], path: Path) -> Score:
    """A file that is another than the labelled one raises ValueError."""
    raw = raw_text(path)
    digest = hashlib.sha256(raw.encode()).hexdigest()
    if digest != gold["sha256"]:
        raise ValueError(f"{path} holds {digest[:12]}, the labels are for {gold['sha256'][:12]}")
    document = next(parse_file(path, path.name))
    if isinstance(document, Skipped):
        raise ValueError(document.reason)
    return _Comparison(gold, raw, document).score()


def coverage_of(document: Document, raw: str) -> tuple[float, float, int]:
    """Of any document: `coverage`, `returned` and `overlaps` of `Score`."""
    found = _Comparison({"doc": document.doc_id, "regions": {}}, raw, document).score()
    return found.coverage, found.returned, found.overlaps


class _Comparison:
    def __init__(self, gold: dict[str, Any], raw: str, document: Document) -> None:
        self.gold, self.raw, self.document = gold, raw, document
        self.places, self.returned = align(document, raw)
        self.tallies = {kind: Tally() for kind in KINDS}

    def score(self) -> Score:
        covered: Counter[int] = Counter()
        for block in self.document.blocks:
            covered.update(self._of_block(block))
        text = self.raw
        if self.document.format == "md":  # marks of the format are no words of the text
            blank = {i for r in (_RULE, _LINK) for m in r.finditer(text) for i in range(*m.span())}
            marks = _MARKUP | frozenset("-")
        elif self.document.format == "csv":
            blank, marks = set(), frozenset('",')
        else:
            blank, marks = set(), frozenset()
        solid = [
            i for i, c in enumerate(text) if not c.isspace() and c not in marks and i not in blank
        ]
        missing = [i for i in solid if i not in covered]
        levels = self._headings()
        self._cells()
        self._notes()
        glue = self._joins()
        self._furniture()
        self._segments()
        return Score(
            self.gold["doc"],
            self.tallies,
            1 - len(missing) / max(1, len(solid)),
            self.returned,
            sum(n > 1 for n in covered.values()),
            levels,
            glue,
            [f"[{a}, {b + 1}) {text[a : b + 1][:40]!r}" for a, b in runs(missing)],
        )

    def _of_span(self, span: Span) -> Places:
        return frozenset(p for p in self.places[span.start : span.end] if p is not None)

    def _of_block(self, block: Block) -> Places:
        return frozenset().union(*map(self._of_span, block.spans))

    def _solid(self, start: int, end: int) -> Places:
        return frozenset(i for i in range(start, end) if not self.raw[i].isspace())

    def _bare(self, places: Iterable[int]) -> Places:
        """Without white space and the marks of Markdown at either end."""
        inner = sorted(places)
        while inner and self.raw[inner[0]] in _MARKUP:
            inner.pop(0)
        while inner and self.raw[inner[-1]] in _MARKUP:
            inner.pop()
        return frozenset(inner)

    def _labelled(self, kind: str, place: int) -> bool:
        regions = self.gold["regions"].get(kind, [])
        return any(start <= place < end for start, end in regions)

    def _optional(self, kind: str) -> list[Places]:
        spans = self.gold.get("optional", {}).get(kind, [])
        return [self._solid(a, b) for a, b in spans]

    def _say(self, places: Places | None) -> str:
        if not places:
            return "nothing"
        a, b = min(places), max(places) + 1
        return f"[{a}, {b}) {self.raw[a:b][:30]!r}"

    def _match(self, kind: str, labels: list[Places], found: list[Places]) -> dict[int, int]:
        """Label → prediction, both counted; what is optional counts nowhere."""
        tally = self.tallies[kind]
        optional = self._optional(kind)
        taken: dict[int, int] = {}
        for i, label in enumerate(labels):
            for j, places in enumerate(found):
                if j not in taken.values() and _alike(label, places):
                    taken[i] = j
                    break
            else:
                nearest = max(found, key=lambda p: len(p & label), default=None)
                if nearest is not None and not nearest & label:
                    nearest = None
                missed = f"missed {self._say(label)}, has {self._say(nearest)}"
                tally.errors.append(missed)
        tally.labelled += len(labels)
        tally.found += len(taken)
        for j, places in enumerate(found):
            if not places or not self._labelled(kind, min(places)):
                continue
            if j in taken.values():
                tally.right += 1
            elif any(len(places & o) > 0.5 * len(places) for o in optional):
                continue
            else:
                tally.errors.append(f"wrong {self._say(places)}")
            tally.predicted += 1
        return taken

    def _headings(self) -> tuple[int, int]:
        labels = self.gold.get("heading", [])
        blocks = [b for b in self.document.blocks if b.kind is BlockKind.HEADING]
        found = [self._bare(self._of_block(b)) for b in blocks]
        taken = self._match("heading", [self._bare(self._solid(a, b)) for a, b, _ in labels], found)
        ranks = [(labels[i], blocks[j].level or 1) for i, j in sorted(taken.items())]
        same = 0
        for (one, first), (other, second) in pairwise(ranks):
            step, given = other[2] - one[2], second - first
            if (step > 0) - (step < 0) == (given > 0) - (given < 0):
                same += 1
            else:
                self.tallies["heading"].errors.append(
                    f"level {one[:2]} to {other[:2]}: {one[2]} to {other[2]}, has {first} to"
                    f" {second}"
                )
        return same, max(0, len(ranks) - 1)

    def _cells(self) -> None:
        """A cell is right where its characters and its row are; its header is scored apart."""
        labels = self.gold.get("cell", [])
        wanted = [self._bare(self._solid(a, b)) for a, b, *_ in labels]
        names = {(t, c): w for (_, _, t, _, c, h), w in zip(labels, wanted, strict=True) if h}
        found: list[Places] = []
        headers: list[str] = []
        rows: list[int] = []
        for number, block in enumerate(self.document.blocks):
            if block.kind is not BlockKind.TABLE_ROW:
                continue
            header = block.header or ("",) * len(block.cells)
            for cell, name in zip(block.cells, header, strict=True):
                found.append(self._bare(self._of_span(cell)))
                headers.append("" if block.is_header else name)
                rows.append(number)
        taken = self._match("cell", wanted, found)
        usual: dict[int, Counter[tuple[int, int]]] = {}
        for i, j in taken.items():
            usual.setdefault(rows[j], Counter())[(labels[i][2], labels[i][3])] += 1
        tally, header_tally = self.tallies["cell"], self.tallies["header"]
        for i, j in taken.items():
            if usual[rows[j]].most_common(1)[0][0] != (labels[i][2], labels[i][3]):
                tally.found -= 1
                tally.right -= 1
                tally.errors.append(f"in another row {self._say(wanted[i])}")
        for i, (_, _, table, _, column, is_header) in enumerate(labels):
            if is_header or (table, column) not in names:
                continue
            header_tally.labelled += 1
            name = _plain("".join(self.raw[p] for p in sorted(names[table, column])))
            given = _plain(headers[taken[i]]) if i in taken else ""
            header_tally.predicted += bool(given)
            if given == name:
                header_tally.found += 1
                header_tally.right += 1
            else:
                header_tally.errors.append(f"{self._say(wanted[i])} has {given!r}, not {name!r}")

    def _notes(self) -> None:
        tally = self.tallies["note"]
        labels = self.gold.get("note", [])
        found: list[tuple[Places, int]] = []
        for block in self.document.blocks:
            own = self._of_block(block)
            found += [(m, min(own)) for s in block.markers if own and (m := self._of_span(s))]
        taken: set[int] = set()
        for start, end, note in labels:
            marker = self._solid(start, end)
            for j, (places, at) in enumerate(found):
                if j not in taken and places & marker and note <= at <= note + _NOTE_SLACK:
                    taken.add(j)
                    break
            else:
                tally.errors.append(f"missed {self._say(marker)} → {note}")
        tally.labelled, tally.found = len(labels), len(taken)
        for j, (places, at) in enumerate(found):
            if not self._labelled("note", min(places)) or not self._labelled("note", at):
                continue
            tally.predicted += 1
            tally.right += j in taken
            if j not in taken:
                tally.errors.append(f"wrong {self._say(places)} → {at} {self.raw[at : at + 12]!r}")

    def _joins(self) -> tuple[int, int]:
        """Pairs of neighbours in a block that the raw text keeps on different lines or pages."""
        tally = self.tallies["join"]
        wanted: dict[tuple[int, int], str | None] = {}
        for a, b, glue in self.gold.get("join", []):
            wanted[(a - 1 if glue == "drop" else a, b)] = glue
        ignored = {(a, b) for a, b in self.gold.get("neutral", [])}
        ignored |= {(a, b) for a, b in self.gold.get("optional", {}).get("join", [])}
        found: dict[tuple[int, int], str | None] = {}
        for block in self.document.blocks:
            if block.kind is BlockKind.TABLE_ROW:
                continue
            before: tuple[int, int, Span] | None = None
            for span in block.spans:
                for at in range(span.start, span.end):
                    place = self.places[at]
                    if place is None:
                        continue
                    if before is not None and re.search("[\n\f]", self.raw[before[1] : place]):
                        same = before[2] is span
                        between = self.document.text[before[0] + 1 : at] if same else None
                        if "\n" not in (between or ""):  # one block, and lines of their own
                            found[before[1], place] = between
                    before = (at, place, span)
        tally.labelled = len(wanted)
        tally.found = len(wanted.keys() & found.keys())
        missed = sorted(wanted.keys() - found.keys())
        tally.errors += [f"missed {self._pair(pair)}" for pair in missed]
        for pair in sorted(found):
            if pair in ignored or not all(self._labelled("join", p) for p in pair):
                continue
            tally.predicted += 1
            tally.right += pair in wanted
            if pair not in wanted:
                tally.errors.append(f"wrong {self._pair(pair)}")
        self._sentences(wanted)
        judged = same = 0
        for pair in wanted.keys() & found.keys():
            glue, between = wanted[pair], found[pair]
            if glue is None or between is None:
                continue
            judged += 1
            if between == (" " if glue == " " else ""):
                same += 1
            else:
                tally.errors.append(f"glue {self._pair(pair)} has {between!r}, not {glue!r}")
        return same, judged

    def _sentences(self, wanted: Iterable[tuple[int, int]]) -> None:
        """What was joined is also one sentence of the index; recall only."""
        tally = self.tallies["sentence"]
        whose: dict[int, int] = {}
        for number, sentence in enumerate(split_sentences(self.document)):
            for span in sentence.spans:
                whose.update(dict.fromkeys(self._of_span(span), number))
        for pair in sorted(wanted):
            tally.labelled += 1
            if pair[0] in whose and whose[pair[0]] == whose.get(pair[1]):
                tally.found += 1
            else:
                tally.errors.append(f"cut {self._pair(pair)}")

    def _pair(self, pair: tuple[int, int]) -> str:
        a, b = pair
        return f"{a} {self.raw[max(0, a - 7) : a + 1]!r} | {b} {self.raw[b : b + 8]!r}"

    def _furniture(self) -> None:
        tally = self.tallies["furniture"]
        blocks = [b for b in self.document.blocks if b.kind is BlockKind.FURNITURE]
        found = [p for b in blocks if (p := self._of_block(b))]
        everything = frozenset().union(*found)
        wanted = [self._solid(a, b) for a, b in self.gold.get("furniture", [])]
        asked = frozenset().union(*wanted)
        allowed = asked.union(*self._optional("furniture"))
        tally.labelled = len(wanted)
        for label in wanted:
            if len(label & everything) >= _ALIKE * len(label):
                tally.found += 1
            else:
                tally.errors.append(f"missed {self._say(label)}")
        for places in found:
            if not self._labelled("furniture", min(places)):
                continue
            if len(places & asked) >= _ALIKE * len(places):
                tally.right += 1
            elif len(places & allowed) >= _ALIKE * len(places):
                continue
            else:
                tally.errors.append(f"wrong {self._say(places)}")
            tally.predicted += 1

    def _segments(self) -> None:
        if not (labels := self.gold.get("segment")):
            return
        tally = self.tallies["segment"]
        wanted = {(self._solid(a, b), round(t, 2)) for a, b, t in labels}
        found = {(self._of_block(b), round(b.time[0], 2)) for b in self.document.blocks if b.time}
        tally.labelled, tally.predicted = len(wanted), len(found)
        tally.found = tally.right = len(wanted & found)
        tally.errors += [f"missed {self._say(p)} at {t} s" for p, t in wanted - found]


def _alike(one: Places, other: Places) -> bool:
    return bool(one) and len(one & other) >= _ALIKE * len(one | other)


def _plain(text: str) -> str:
    return "".join(c for c in text if not c.isspace() and c not in _MARKUP)
