"""Question sets in the shapes that documents have: transcripts, notes, headings, tables.

The sets themselves are plain passages. What is learnt from them alone knows no table row, no
footnote and no heading, so the same passages are put into those shapes here, and tables are made
from the figures of reports. All of it serves fitting only; nothing of it is shipped.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from index.schema import Block, BlockKind, Document, Span

_CLAUSE = re.compile(r"[^，,；;。！？!?\n]+[，,；;。！？!?\n]*")
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_FIGURE = re.compile(
    r"(?:^|[，,；;。、\n])([㐀-鿿]{4,14}?)(增长|下降|达到|突破|降至|升至|达)"
    r"(\d[\d.,]*(?:%|万亿元|亿元|万元|元|万吨|亿吨|万人|万套|万辆|公里|亿千瓦时|万千瓦))"
)
_ASKED = ("{place}{name}{verb}多少", "{name}{verb}了多少（{place}）", "{place}的{name}是多少",
          "{place}{name}{verb}到什么水平", "{name}，{place}有多少")  # fmt: skip
_PASSAGES_A_DOCUMENT = 8
_SEGMENT_SECONDS = 3.0

Question = Mapping[str, Any]
# A document, and where each passage's characters stand in it: (from, to, offset in the document).
Moved = Sequence[tuple[int, int, int]]


class _Draft:
    """A document put together block by block."""

    def __init__(self) -> None:
        self.text = ""
        self.blocks: list[Block] = []

    def add(self, text: str, kind: BlockKind, **others: Any) -> int:
        """The offset that the text stands at."""
        start = len(self.text)
        self.blocks.append(Block(kind, (Span(start, start + len(text)),), **others))
        self.text += text + "\n"
        return start

    def document(self, doc_id: str, title: str, kind: str) -> Document:
        return Document(doc_id, doc_id, self.text, tuple(self.blocks), "0" * 64, "txt", title, kind)


def as_transcripts(passages: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Document, Moved]]:
    """Each passage as a recording of its own: short segments with times."""
    for passage in passages:
        draft, moved, at = _Draft(), [], 0.0
        for match in _CLAUSE.finditer(passage["text"]):
            text = match.group().rstrip("\n")
            if text.strip():
                start = draft.add(text, BlockKind.SEGMENT, time=(at, at + _SEGMENT_SECONDS))
                moved.append((match.start(), match.start() + len(text), start))
                at += _SEGMENT_SECONDS
        if moved:
            yield (
                passage["id"],
                draft.document(passage["id"], passage["title"], "transcript"),
                moved,
            )


def as_papers(passages: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, Document, Moved]]:
    """Several passages a document, with headings taken from their first words, and notes.

    A sentence in six stands in a note at the document's end, whatever is asked.
    """
    for first in range(0, len(passages), _PASSAGES_A_DOCUMENT):
        members = passages[first : first + _PASSAGES_A_DOCUMENT]
        draft, notes = _Draft(), []
        places: dict[str, list[tuple[int, int, int]]] = {m["id"]: [] for m in members}
        for member in members:
            opening = _CLAUSE.match(member["text"])
            heading = (opening.group() if opening else member["text"][:12]).strip("，,；;。 \n")[
                :24
            ]
            section = (heading,)
            draft.add(heading or "一", BlockKind.HEADING, level=1)
            for match in _SENTENCE.finditer(member["text"]):
                text = match.group()
                if not text.strip():
                    continue
                if zlib.crc32(text.encode()) % 6 == 0:
                    notes.append((member["id"], match.start(), text, section))
                else:
                    start = draft.add(text, BlockKind.PARAGRAPH, section=section)
                    places[member["id"]].append((match.start(), match.end(), start))
        for passage_id, at, text, section in notes:
            start = draft.add(text, BlockKind.FOOTNOTE, section=section)
            places[passage_id].append((at, at + len(text), start))
        document = draft.document(f"paper-{first}", "", "paper")
        for member in members:
            yield member["id"], document, places[member["id"]]


def tables_of(
    reports: Iterable[Mapping[str, str]], most: int
) -> Iterator[tuple[Document, list[tuple[str, Span]]]]:
    """Reports whose figures stand in a table after the text, and questions with their rows.

    The sentence that a figure was taken from is left out of the text. `most`: how many tables.
    """
    made = 0
    for report in reports:
        text = report["text"][:3000]
        figures = {m[1]: (m[2], m[3]) for m in _FIGURE.finditer(text)}
        if len(figures) < 4:
            continue
        chance = random.Random(zlib.crc32(report["id"].encode()))
        place = re.sub(r"\d{4}年|人民政府|政府|工作报告", "", report["title"])
        draft = _Draft()
        for match in _SENTENCE.finditer(text):
            sentence = match.group().strip()
            if sentence and not any(name in sentence for name in figures):
                draft.add(sentence, BlockKind.PARAGRAPH)
        draft.add(f"表1 {place}主要指标", BlockKind.CAPTION)
        header = ("指标", "变化", "数值")
        draft.add(" | ".join(header), BlockKind.TABLE_ROW, table=0, header=header, is_header=True)
        rows = {}
        for name, (verb, value) in figures.items():
            start = draft.add(f"{name} | {verb} | {value}", BlockKind.TABLE_ROW, table=0,
                              header=header)  # fmt: skip
            rows[name] = Span(start, len(draft.text) - 1)
        asked = []
        for name in chance.sample(sorted(rows), min(3, len(rows))):
            pattern = chance.choice(_ASKED)
            verb = figures[name][0]
            asked.append((pattern.format(place=place, name=name, verb=verb), rows[name]))
        yield draft.document(f"table-{report['id']}", report["title"], "report"), asked
        made += 1
        if made == most:
            return
