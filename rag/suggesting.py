"""Questions that a library answers, made from its own sentences, tables and headings.

Each is asked before it is offered, and offered only where the answer cites the very place that it
was made from. The same library gives the same questions; the work is bounded whatever its size.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from index.places import cache_folder
from index.schema import BlockKind, Document, Sentence
from rag.normalising import language as language_of
from rag.settings import RagSettings

if TYPE_CHECKING:
    from index.store import Library
    from rag.answering import Answerer

VERSION = 1  # of what is cached: another way to make questions, another number
_DOCUMENTS = 24  # that are read
_SENTENCES = 160  # of a document, from its beginning
_PER_DOCUMENT = 2  # questions of one document that are tried
_TRIES = 5  # questions asked for each that is wanted
_DAY = date(2000, 1, 1)  # no question made here speaks of this year

_FIGURE = r"(?:约|近|超过?)?\s*[\d０-９][\d.,，]*\s*(?:万|亿|千)?\s*(?:%|[㐀-鿿]{1,4})"
# 2024年，青屿港完成货物吞吐量1.86亿吨 → 2024年青屿港的货物吞吐量是多少？
_DONE = re.compile(
    rf"^(?P<year>\d{{4}}\s*年)，?(?P<who>[㐀-鿿]{{2,10}}?)(?:共|累计|全年)?(?:完成|实现)"
    rf"(?P<what>[㐀-鿿]{{3,12}}?)\s*(?:为|达到?|约)?{_FIGURE}"
)
# 集装箱吞吐量为512万标准箱 → 集装箱吞吐量是多少？
_IS = re.compile(
    rf"^(?P<what>(?:\d{{4}}\s*年(?:底|末)?，?)?[㐀-鿿A-Za-z0-9]{{2,22}}?)"
    rf"(?:分别为|合计|约为|为|达到|达|升至|降至|增至|增加到|共有|共)\s*{_FIGURE}"
)
# 2025年全社会用电量10.37万亿千瓦时
_COUNTED = re.compile(
    rf"^(?P<what>\d{{4}}\s*年(?:底|末)?，?[㐀-鿿A-Za-z]{{3,18}}(?:量|额|率|数|价|收入|规模|人数|"
    rf"产值))"
    rf"\s*{_FIGURE}"
)
_UNCLEAR = re.compile(
    r"[其该这那此本它他她]|以上|上述|同比|环比|去年|今年|上年|目前|分别|另|^[一-十]、"
)
_VAGUE = re.compile(
    "变化|增减|差异|数量|备注|合计|序号|编号|实际|有效|\\b(?:no|id|std|error|change|total|n)\\b",
    re.IGNORECASE,
)
_EN_IS = re.compile(
    r"^(?P<when>In (?:19|20)\d\d,? )?"
    r"(?P<what>(?:The |Total |Average |Global |Annual )?[A-Za-z][\w\s,'-]{12,70}?) "
    r"(?P<verb>was|were|is|stood at|reached|totalled|came to|rose to|fell to) (?:about |some )?"
    r"[A-Z$€£]*\s?[\d.,]+"
)
_EN_UNCLEAR = re.compile(
    r"\b(?:this|that|these|those|it|its|they|their|he|she|there|which|last)\b", re.IGNORECASE
)


def suggest(
    library: Library, n: int = 3, language: str = "zh", settings: RagSettings | None = None
) -> list[str]:
    """At most `n` questions in `language` ("zh" or "en"); fewer, or none, where few can be made.

    Kept in the cache folder by the library's hash; what is kept is never in the library.
    """
    settings = settings or RagSettings()
    path = _cached(library, n, language, settings)
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(held, list) and all(isinstance(q, str) for q in held):
            return held
    except (OSError, ValueError):
        pass
    made = _make(library, n, language, settings)
    _keep(path, made)
    return made


def _make(library: Library, n: int, language: str, settings: RagSettings) -> list[str]:
    from rag.answering import Answerer

    answerer = Answerer(library, settings)
    sampled = _sampled(library)
    pools: dict[str, list[tuple[str, str, Sentence]]] = {}
    found: list[str] = []
    tries = _TRIES * n
    # A question of every document first, then a second one.
    for turn in range(_PER_DOCUMENT):
        for place in sampled:
            if len(found) == n or not tries:
                return found
            if place not in pools:
                pools[place] = _candidates(library, place, language)
            pool = pools[place]
            if turn < len(pool):
                question, doc_id, sentence = pool[turn]
                tries -= 1
                if question not in found and _answers(answerer, question, doc_id, sentence):
                    found.append(question)
    return found


def _sampled(library: Library) -> list[str]:
    """Documents in an order that only the library's content decides."""
    ids = [doc_id for doc_id, _ in library.dates()]
    salt = library.hash
    return sorted(ids, key=lambda i: sha256(f"{salt} {i}".encode()).digest())[:_DOCUMENTS]


def _candidates(library: Library, doc_id: str, language: str) -> list[tuple[str, str, Sentence]]:
    document = library.document(doc_id)
    said: list[tuple[str, str, Sentence]] = []
    rows: list[tuple[str, str, Sentence]] = []
    for sentence in library.sentences(doc_id)[:_SENTENCES]:
        question = _question(document, sentence, language)
        is_row = document.blocks[sentence.block].kind is BlockKind.TABLE_ROW
        found = rows if is_row else said
        if question is not None and all(question != q for q, _, _ in found):
            found.append((question, doc_id, sentence))
        if len(said) == _PER_DOCUMENT:
            break
    return (said + rows)[:_PER_DOCUMENT]  # sentences say by themselves what they are about


def _question(document: Document, sentence: Sentence, language: str) -> str | None:
    block = document.blocks[sentence.block]
    if block.kind is BlockKind.TABLE_ROW:
        return next(_of_row(document, sentence, language), None)
    if block.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
        return None
    text = " ".join(document.joined(sentence.spans).replace("**", "").split())
    if language == "en":
        match = _EN_IS.match(text)
        if match is None or _EN_UNCLEAR.search(match["what"]) or language_of(text) != "en":
            return None
        if "," in match["what"] or len(match["what"].split()) < 3:
            return None
        what = match["what"]
        first = what.split()[0]
        if first in ("The", "Total", "Average", "Global", "Annual"):
            what = what[0].lower() + what[1:]
        verb = match["verb"] if match["verb"] in ("was", "were", "is") else "was"
        when = f" in {match['when'].split()[1].strip(',')}" if match["when"] else ""
        return f"What {verb} {what}{when}?"
    if match := _DONE.match(text):
        asked = f"{match['year']}{match['who']}的{match['what']}"
    elif match := _COUNTED.match(text) or _IS.match(text):
        asked = match["what"].replace("，", "")
    else:
        return None
    asked = asked.replace(" ", "")
    if _UNCLEAR.search(asked) or len(re.findall(r"[㐀-鿿]", asked)) < 4:
        return None
    return f"{asked}是多少？"


def _of_row(document: Document, sentence: Sentence, language: str) -> Iterator[str]:
    """The first cell names the row, the header the column: 武汉的利用率是多少？"""
    block = document.blocks[sentence.block]
    if block.is_header or len(block.cells) != len(block.header) or len(block.cells) < 2:
        return
    cells = [document.text[c.start : c.end].strip() for c in block.cells]
    label = re.sub(r"[（(].*?[）)]", "", cells[0]).strip()
    han = language == "zh"
    if not re.search(r"[㐀-鿿]{2}" if han else r"[A-Za-z]{3}", label) or len(label) > 14:
        return
    if label in ("合计", "总计", "其他", "全国") or (not han and language_of(label) != "en"):
        return
    for name, cell in zip(block.header[1:], cells[1:], strict=True):
        name = re.sub(r"[（(].*?[）)]", "", name).strip()
        vague = _VAGUE.search(name)
        if vague or not re.fullmatch(r"[\d.,]+%?", cell) or not 2 <= len(name) <= 14:
            continue
        if han and re.search(r"[㐀-鿿]{2}", name):
            yield f"{label}的{name}是多少？"
        elif not han and re.search(r"[A-Za-z]{3}", name):
            yield f"What is {name} for {label}?"


def _answers(answerer: Answerer, question: str, doc_id: str, sentence: Sentence) -> bool:
    """Whether the reader answers it from the sentence it was made from."""
    answer = answerer.answer(question, as_of=_DAY)
    return any(
        c.doc_id == doc_id
        and any(a.start < b.end and b.start < a.end for a in c.spans for b in sentence.spans)
        for c in answer.citations
    )


def _cached(library: Library, n: int, language: str, settings: RagSettings) -> Path:
    name = sha256(f"{VERSION} {library.hash} {n} {language} {settings}".encode()).hexdigest()[:32]
    return cache_folder() / "suggestions" / f"{name}.json"


def _keep(path: Path, questions: Sequence[str]) -> None:
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(questions, ensure_ascii=False), encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)  # a cache: the next time is slower, nothing else
