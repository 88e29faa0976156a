"""Questions that a library could be tested with, made from its figures, tables, notes and headings.

They are proposals, each with its gold quote: a person accepts, rewords or drops them. Nothing is
asked of the system that is tested, so what it cannot answer is proposed as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from evals.drafting import DRAFT
from evals.schema import Evidence, Question
from index.schema import Block, BlockKind, Document, Sentence, Span

if TYPE_CHECKING:
    from index.store import Library

KINDS = ("figure", "table", "note", "heading")
_SENTENCES = 400  # of a document that are looked at
_HAN = re.compile(r"[㐀-鿿]")
_UNIT = r"(?:万亿|亿|万|千)?(?:%|％|[㐀-鿿A-Za-z]{0,3})"
# A number in words needs a unit that only numbers have: 三个月, 十五天.
_ZH_COUNT = (
    "[一二三四五六七八九十百两]+个?(?:工作日|小时|分钟|月|天|日|周|年|人|次|倍|成|元|级|万元)"
)
# 2024年港口完成货物吞吐量 1.86 亿吨 → what stands before the figure, and the figure.
_ZH_FIGURE = re.compile(
    rf"^(?P<what>[^，。；：:,;]{{4,30}}?)"
    rf"(?P<verb>共有|共计|合计|达到|达|约为|改为|定为|不超过|不少于|为|约|是|共)\s*"
    rf"(?:每[㐀-鿿]{{1,2}}){{0,2}}(?P<figure>[\d][\d.,]*\s*{_UNIT}|{_ZH_COUNT})(?=[，。；、,;（(]|$)"
)
_EN_FIGURE = re.compile(
    r"^(?P<what>[A-Z][\w\s'’-]{6,70}?) (?P<verb>was|were|is|stood at|reached|totalled) "
    r"(?:about |around |some )?"
    r"(?P<figure>(?:US\$|[$€£¥])?\d[\d.,]*(?:\s?%| per cent| million| billion)?"
    r"(?: (?:minutes?|hours?|days?|weeks?|months?|years?|tonnes?|people|km|kilometres|MW|GW)\b)?)"
)
_POINTING = re.compile(
    r"^(?:其|该|这|那|此|本|它|同比|环比|而|但|并|另|以上)|"
    r"^(?:this|that|these|those|it|they|there|he|she)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[-+−]?[\d][\d.,]*\s*[%％]?$")
_TOTAL = re.compile(r"合计|总计|小计|total\b", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:第?[一二三四五六七八九十百\d]+[章节条]?[、.．)）\s]+|[（(][一二三四五六七八九十\d]+[）)])+\s*"
)


def propose(library: Library, n: int = 50) -> list[Question]:
    """At most `n` drafts, kinds and documents in turn; the same library gives the same ones."""
    ids = [doc_id for doc_id, _ in library.dates()]
    salt = library.hash
    ids.sort(key=lambda i: sha256(f"{salt} {i}".encode()).digest())
    # Documents are read as they are needed: a question of each first, then a second one.
    streams = [_of_document(library, doc_id) for doc_id in ids[: 4 * n]]
    turns = chain.from_iterable(zip_longest(*streams))
    seen: set[str] = set()
    found: list[Question] = []
    for one in turns:
        if one is not None and one.question not in seen:
            seen.add(one.question)
            found.append(one)
            if len(found) == n:
                break
    return found


def _of_document(library: Library, doc_id: str) -> Iterator[Question]:
    """Kinds in turn, begun with another one for each document."""
    document = library.document(doc_id)
    sentences = library.sentences(doc_id)[:_SENTENCES]
    kinds: list[Callable[[], Iterator[Question]]] = [
        lambda: _figures(document, sentences),
        lambda: _tables(document),
        lambda: _notes(document, sentences),
        lambda: _headings(document, sentences),
    ]
    first = sha256(doc_id.encode()).digest()[0] % len(kinds)
    streams = [kind() for kind in kinds[first:] + kinds[:first]]
    for turn in zip_longest(*streams):
        yield from (q for q in turn if q is not None)


def _figures(document: Document, sentences: tuple[Sentence, ...]) -> Iterator[Question]:
    for sentence in sentences:
        block = document.blocks[sentence.block]
        if block.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            continue
        text = document.joined(sentence.spans)
        han = _HAN.search(text) is not None
        match = (_ZH_FIGURE if han else _EN_FIGURE).match(" ".join(text.split()))
        if match is None or _POINTING.search(match["what"]) or "[^" in match[0]:
            continue
        what = match["what"].strip()
        if han:
            asked = f"{what}{'共有' if match['verb'].startswith('共') else '是'}多少？"
        else:
            verb = match["verb"]
            if verb not in ("was", "were", "is"):
                verb = "were" if _is_plural(what) else "was"
            asked = f"What {verb} {what[0].lower()}{what[1:]}?"
        answer = match["figure"].strip().rstrip(".,")
        yield _draft(document, "figure", asked, answer, sentence.spans)


def _tables(document: Document) -> Iterator[Question]:
    taken: set[int | None] = set()
    for block in document.blocks:
        is_row = block.kind is BlockKind.TABLE_ROW and not block.is_header
        if not is_row or block.table in taken or len(block.cells) != len(block.header):
            continue
        cells = [document.text[c.start : c.end].strip() for c in block.cells]
        label = cells[0]
        if not 2 <= len(label) <= 24 or _NUMBER.match(label) or _TOTAL.match(label):
            continue
        for name, cell in zip(block.header[1:], cells[1:], strict=True):
            if 2 <= len(name.strip()) <= 24 and _NUMBER.match(cell):
                han = _HAN.search(label + name) is not None
                of = name.strip()
                if han:
                    asked = f"{label}的{of}是多少？"
                elif _is_plural(of):
                    asked = f"How many {_in_a_sentence(of)} does {label} have?"
                else:
                    asked = f"What is the {_in_a_sentence(of)} of {label}?"
                taken.add(block.table)  # one of each table: rows are much alike
                yield _draft(document, "table", asked, cell, block.spans)
                break


def _notes(document: Document, sentences: tuple[Sentence, ...]) -> Iterator[Question]:
    for block in document.blocks:
        if block.kind is not BlockKind.FOOTNOTE or not block.markers:
            continue
        at = block.markers[0].start
        noted = next((s for s in sentences if s.span.start <= at <= s.span.end), None)
        text = _without_label(document, block)
        if noted is None or len(text) < 6:
            continue
        words = " ".join(document.text[noted.span.start : at].split())
        if len(words) > 40:  # from the beginning of a clause on
            later = [
                m.end() for m in re.finditer("[，；：,;:] ?", words) if len(words) - m.end() > 8
            ]
            words = words[next((i for i in later if len(words) - i <= 40), len(words) - 40) :]
        if len(words) < 6 or "**" in words:
            continue
        if _HAN.search(words):
            asked = f"“{words}”这句话的注释说了什么？"
        else:
            asked = f"What does the note to “{words}” say?"
        yield _draft(document, "note", asked, text[:60], block.spans)


def _headings(document: Document, sentences: tuple[Sentence, ...]) -> Iterator[Question]:
    for block in document.blocks:
        if block.kind is not BlockKind.HEADING or (block.level or 1) == 1:
            continue
        title = _LEAD.sub("", document.joined(block.spans).strip().lstrip("# ")).strip()
        below = next(
            (
                s
                for s in sentences
                if s.span.start >= block.span.end
                and document.blocks[s.block].kind is BlockKind.PARAGRAPH
            ),
            None,
        )
        if below is None or not 4 <= len(title) <= 40:
            continue
        if _HAN.search(title):
            asked = f"关于“{title}”，资料里怎么说？"
        else:
            asked = f"What do the documents say about {_in_a_sentence(title)}?"
        answer = document.joined(below.spans).strip()[:60]
        if "**" in answer:
            continue
        yield _draft(document, "heading", asked, answer, below.spans)


def _draft(
    document: Document, kind: str, asked: str, answer: str, spans: tuple[Span, ...]
) -> Question:
    quote = document.text[spans[0].start : spans[0].end].strip()
    name = sha256(f"{document.doc_id} {asked}".encode()).hexdigest()[:8]
    types = {"figure": "number", "table": "table", "note": "footnote", "heading": "overview"}
    return Question(
        id=f"{kind}-{name}",
        question=asked,
        lang="zh" if _HAN.search(asked) else "en",
        type=types[kind],
        answers=(answer,),
        evidence=(Evidence(document.doc_id, quote, document.page_at(spans[0].start)),),
        extra={"status": DRAFT, "from": kind},
    )


def _in_a_sentence(name: str) -> str:
    """With a small first letter, unless the second is large too: GDP stays GDP."""
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def _is_plural(name: str) -> bool:
    return re.search(r"(?<![sui])s$", name) is not None


def _without_label(document: Document, block: Block) -> str:
    text = document.joined(block.spans).strip()
    if block.label and text.startswith(block.label):
        text = text[len(block.label) :]
    return text.lstrip(":：. \t")
