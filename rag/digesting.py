"""What a document says in a few of its own sentences: its summary, else its leads and centres.

A sentence is central where many others share its character pairs (degree centrality, counted over
the pairs of the whole document, so the cost grows with its length alone; of very long documents the
beginnings of sections are read). What is said in a conversation counts by how rare its pairs are as
well, for everything that is said often there is small talk; and its parts are its sections.
Source: Erkan & Radev, LexRank, JAIR 22 (2004), the degree variant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.schema import BlockKind, Document, Sentence, Span
from index.segmenting import grams, key
from rag import background

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
# Who says what it will be about, and who only says who is there.
_TOPIC = re.compile(
    r"今天.{0,12}[聊谈说讲]|[聊谈说讲](?:一?[聊谈说讲]|的是)|话题|主题|[这本]一?[期集回]|"
    r"\b(?:today|this (?:episode|week)|talk(?:ing)? about)\b"
)
_CAST = re.compile(
    r"(?:主持人?|嘉宾|主播|记者|整理|录音|host|guests?)[一二三四五\d]?\s*[:：][^。.!！?？,，;；…”]{1,80}"
)
_ASKS = re.compile(r"[?？]\s*$")
_OPENING = 12  # sentences of a conversation among which its topic is looked for
_OFTEN = 4  # a pair that comes more often says no more
_BRIEF = 24  # pairs of a remark that says half of what a long one of such pairs says
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
    is_spoken: bool
    asks: bool
    tells_topic: bool


def digest(document: Document, sentences: Sequence[Sentence]) -> list[tuple[Span, ...]]:
    """At most five passages of it in order of the text; one without sentences gives [].

    Where it has no summary of its own, a section's sentence stands after the section's heading.
    """
    lines = _lines(document, sentences)
    if not lines:
        return []
    counts = Counter(pair for line in lines for pair in line.pairs)
    spoken = sum(line.is_spoken for line in lines) > len(lines) / 2
    if spoken:
        central = _telling(lines, counts)
        lines = _in_parts(lines)
    else:
        central = {
            line.spans: sum(counts[p] - 1 for p in line.pairs) / (len(line.pairs) + 8)
            for line in lines
        }
    summary = [line for line in lines if line.is_summary]
    chosen: list[_Line] = []
    for line in summary[:_OF_SUMMARY] or [_opening(lines) if spoken else lines[0]]:
        _add(chosen, line)
    best: dict[str, _Line] = {}
    for line in lines:
        if line in chosen or line.is_summary:
            continue
        if line.section not in best or central[line.spans] > central[best[line.section].spans]:
            best[line.section] = line
    ranked = sorted(
        best.values(),
        key=lambda line: (
            not _CONCLUSION.search(line.section),
            -central[line.spans],
            line.spans[0].start,
        ),
    )
    if len(best) < MOST:  # few sections, or none: more than one sentence of each
        rest = sorted(lines, key=lambda line: (-central[line.spans], line.spans[0].start))
        ranked += [line for line in rest if line not in ranked]
    for line in ranked:
        if len(chosen) >= MOST:
            break
        _add(chosen, line)
    chosen.sort(key=lambda line: line.spans[0].start)
    return [line.spans if summary else line.heading + line.spans for line in chosen]


def _telling(lines: Sequence[_Line], counts: Counter[str]) -> dict[tuple[Span, ...], float]:
    """Of what is said in a conversation, how much of what it is about; questions half."""
    table = background.shipped()
    rarity = {pair: table.rarity(pair) for pair in counts}
    return {
        line.spans: sum(rarity[p] * min(counts[p], _OFTEN) for p in line.pairs)
        / (len(line.pairs) + _BRIEF)
        * (0.5 if line.asks else 1.0)
        for line in lines
    }


def _in_parts(lines: Sequence[_Line]) -> list[_Line]:
    """A conversation without headings in as many equal parts as sentences are shown."""
    if any(line.section for line in lines):
        return list(lines)
    return [
        replace(line, section=str(number * MOST // len(lines))) for number, line in enumerate(lines)
    ]


def _opening(lines: Sequence[_Line]) -> _Line:
    """Where it is said what the conversation will be about, else how it begins."""
    opening = lines[:_OPENING]
    told = (line for line in opening if line.tells_topic)
    return next(told, next((line for line in opening if not line.asks), lines[0]))


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
        if _CAST.fullmatch(key(text)):
            continue
        taken[section] += 1
        begins = document.text[block.span.start : block.span.start + 40]
        is_summary = bool(
            (block.section and _SUMMARY.match(key(block.section[-1])))
            or _SUMMARY.match(key(begins))
        )
        own = heading if block.section else ()
        pairs, is_spoken = frozenset(grams(text)), block.kind is BlockKind.SEGMENT
        lines.append(
            _Line(
                sentence.spans,
                pairs,
                section,
                own,
                is_summary,
                is_spoken,
                bool(_ASKS.search(text)),
                bool(_TOPIC.search(key(text))),
            )
        )
    return lines
