"""What a document says in a few of its own sentences: its summary, else its leads and centres.

A sentence is central where many others share its character pairs (degree centrality, counted over
the pairs of the whole document, so the cost grows with its length alone; of very long documents the
beginnings of sections are read).
Source: Erkan & Radev, LexRank, JAIR 22 (2004), the degree variant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.schema import BlockKind, Document, Sentence, Span
from index.segmenting import grams, key

MOST = 5  # statements
_SUMMARY = re.compile(
    r"\W*(?:\d+\.?\s*)?(?:[一二三四五]、)?(?:内容)?(?:摘要|提要|概要|概述|要点|导读|核心观点|"
    r"主要观点|主要结论|"
    r"本[期文报号][^,，。:：]{0,6}(?:要点|摘要|要目)|一句话结论|"
    r"(?:executive )?summary|abstract|key (?:messages|points|findings|takeaways)|highlights)"
)
_CONCLUSION = re.compile(
    r"结论|结语|小结|总结|展望|建议|写在最后|conclusion|outlook|recommend|what (?:to do|next)"
)
_READ = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.SEGMENT)
# A whole sentence: ends as one, and begins neither in the middle nor as a greeting does.
_WHOLE = re.compile(r"(?s)\s*(?![a-z,，。;；、)）]).*[。.!！?？;；…”』」）)\d]\s*(?:\[\w+\])?\s*")
_GREETING = re.compile(
    r"大家好|各位|欢迎|你好|我是|welcome|hello|good (?:morning|evening)|谢谢|再见"
)
_SHORTEST, _LONGEST = 14, 240  # characters of a sentence worth showing
_MOST_SENTENCES = 600
_SAME = 0.5  # share of common pairs from which two sentences say much the same
_OF_SUMMARY = 3  # sentences; the rest come from the sections


@dataclass(frozen=True, slots=True)
class _Line:
    spans: tuple[Span, ...]
    pairs: frozenset[str]
    section: str
    heading: tuple[Span, ...]  # of its section, () at the beginning of a document
    is_summary: bool


def digest(document: Document, sentences: Sequence[Sentence]) -> list[tuple[Span, ...]]:
    """At most five passages of it in order of the text; one without sentences gives [].

    Where it has no summary of its own, a section's sentence stands after the section's heading.
    """
    lines = _lines(document, sentences)
    if not lines:
        return []
    counts = Counter(pair for line in lines for pair in line.pairs)
    central = {
        id(line): sum(counts[p] - 1 for p in line.pairs) / (len(line.pairs) + 8) for line in lines
    }
    summary = [line for line in lines if line.is_summary]
    chosen: list[_Line] = []
    for line in summary[:_OF_SUMMARY] or lines[:1]:
        _add(chosen, line)
    best: dict[str, _Line] = {}
    for line in lines:
        if line in chosen or line.is_summary:
            continue
        if line.section not in best or central[id(line)] > central[id(best[line.section])]:
            best[line.section] = line
    ranked = sorted(
        best.values(),
        key=lambda line: (
            not _CONCLUSION.search(line.section),
            -central[id(line)],
            line.spans[0].start,
        ),
    )
    if len(best) < MOST:  # few sections, or none: more than one sentence of each
        rest = sorted(lines, key=lambda line: (-central[id(line)], line.spans[0].start))
        ranked += [line for line in rest if line not in ranked]
    for line in ranked:
        if len(chosen) >= MOST:
            break
        _add(chosen, line)
    chosen.sort(key=lambda line: line.spans[0].start)
    return [line.spans if summary else line.heading + line.spans for line in chosen]


def _add(chosen: list[_Line], line: _Line) -> None:
    if all(len(line.pairs & o.pairs) < _SAME * len(line.pairs) for o in chosen):
        chosen.append(line)


def _lines(document: Document, sentences: Sequence[Sentence]) -> list[_Line]:
    """Sentences that may be shown, in order; of very long documents each section's first ones."""
    per_section = _MOST_SENTENCES if len(sentences) <= _MOST_SENTENCES else 3
    taken: Counter[str] = Counter()
    heading: tuple[Span, ...] = ()
    seen_title = False
    lines: list[_Line] = []
    for sentence in sentences:
        block = document.blocks[sentence.block]
        if block.kind is BlockKind.HEADING:
            heading = sentence.spans if seen_title else ()
            seen_title = True
            continue
        section = " > ".join(block.section)
        if block.kind not in _READ or taken[section] >= per_section:
            continue
        text = document.joined(sentence.spans)
        if not _SHORTEST <= len(text.strip()) <= _LONGEST or len(lines) >= _MOST_SENTENCES:
            continue
        if not _WHOLE.fullmatch(text):
            continue
        if block.kind is BlockKind.SEGMENT and _GREETING.search(key(text)):
            continue
        taken[section] += 1
        begins = document.text[block.span.start : block.span.start + 40]
        is_summary = bool(
            (block.section and _SUMMARY.match(key(block.section[-1])))
            or _SUMMARY.match(key(begins))
        )
        own = heading if block.section else ()
        lines.append(_Line(sentence.spans, frozenset(grams(text)), section, own, is_summary))
    return lines
