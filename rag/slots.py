"""What a short follow-up names («那日本呢», «2024年的呢»), and what it takes the place of.

Years take the place of years, places of places, people of people; other words of a word of the
same kind (设计业 → 制造业). Where nothing fits, nothing is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.segmenting import key, token_spans, word_class

Near = Callable[[str, str], float]  # how much two words mean the same: a cosine

_YEAR = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?:年(?!以来|[前后]))?|(?<!\d)[012]\d年|(?<!如)今年|(?<![过除])去年|大?前年|"
    r"明年|(?<![之以此今最])后年|[二两][〇零]?[一二三四五六七八九十]年|\b(?:this|last|next) year\b"
)
_PERIOD = re.compile(
    r"第?[一二三四1-4]季度|[上下]半年|(?<!\d)\d{1,2}月(?:份)?|十?[一二三四五六七八九十]月(?:份)?|"
    r"\bq[1-4]\b"
)
_MEASURED = re.compile(r"[a-z]+[-.]?\d[\w.-]*|\d[\d.]*[a-z]+\d*")  # H20, MI308, 4o
_LATIN = re.compile(r"[a-z][a-z0-9&.\-]+")
_BODIES = (
    "公司", "集团", "大学", "学院", "研究所", "研究院", "研究中心", "银行", "法院", "委员会",
    "协会",
)  # fmt: skip
_ENDINGS = (
    *_BODIES,
    "省", "市", "县", "区", "州", "国", "港", "业", "率", "价", "量", "额", "费", "税", "人员",
    "师", "员", "司机", "工", "党", "法", "条例", "产品", "行业", "芯片", "电池", "厂", "站", "矿",
    "油",
)  # fmt: skip
_LEAST_NEAR = 0.22  # cosine of two nouns of one kind: 锂 and 镍 .32, 进口 and 出口 .32
_NEARER = 0.05  # than the next
_NOUNS = ("n", "g", "ng", "vn", "j", "l", "nz", "")
_ASKING = re.compile("[多几谁哪]|什么|怎|如何")
# Places that the dictionary has for another word, or not at all.
_PLACES = re.compile(
    "石家庄|合肥|海口|拉萨|银川|大连|烟台|南通|嘉兴|唐山|包头|高雄|台中|阿根廷|乌克兰|沙特|马里|刚果|"
    "欧盟|大陆|东盟|柏林|首尔|哈萨克斯坦|爱尔兰|全国|全球|世界"
)
_WHOLE = ("全国", "全球", "世界")  # a place gives way to another one before these do
_SURNAME = re.compile(
    "[王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严裴纪卓]"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch [start, end) of a question and what kind of thing it names."""

    start: int
    end: int
    text: str  # its key
    kind: str  # "year", "period", "place", "person", "organisation", "model", "latin", "noun", ""


def replaced(question: str, named: str, near: Near | None = None) -> str | None:
    """`question` with what `named` takes the place of replaced; None where nothing fits.

    A year and a thing named together («去年的日本») are replaced each.
    """
    years = _YEAR.search(key(named))
    rest = named
    text = question
    if years is not None:
        year = named[years.start() : years.end()]
        if re.fullmatch(r"\d{4}", year) and _han(question):
            year += "年"
        text = with_year(text, year)
        rest = (named[: years.start()] + named[years.end() :]).strip(" 的,，")
    period = _PERIOD.search(key(rest))
    if period is not None:
        text = _with_period(text, rest[period.start() : period.end()])
        rest = (rest[: period.start()] + rest[period.end() :]).strip(" 的,，")
    if not rest:
        return text
    swapped = _swapped(text, rest, near)
    if swapped is None and years is None and period is None:
        return None
    return swapped


def with_year(question: str, year: str) -> str:
    """The question of another year; one that names none begins with it."""
    keyed = key(question)
    found = _YEAR.search(keyed)
    if found is not None:
        return question[: found.start()] + year + question[found.end() :]
    if _han(question):
        return year + question
    return f"{question.rstrip('?？. ')} in {year}?"


def _with_period(question: str, period: str) -> str:
    keyed = key(question)
    found = _PERIOD.search(keyed)
    if found is not None:
        return question[: found.start()] + period + question[found.end() :]
    year = _YEAR.search(keyed)
    at = year.end() if year is not None else 0
    return question[:at] + period + question[at:]


def _swapped(question: str, named: str, near: Near | None) -> str | None:
    pieces = [p for p in pieces_of(question) if p.text != key(named)]
    wanted = kind_of(named)
    if wanted in ("place", "person", "organisation", "model"):
        same = [p for p in pieces if p.kind == wanted]
        if not same and wanted == "model":
            same = [p for p in pieces if p.kind == "latin"]
        same.sort(key=lambda p: p.text in _WHOLE)
        if same:
            return _put(question, same[0], named)
    if wanted == "latin":
        same = [p for p in pieces if p.kind in ("latin", "model", "organisation")]
        if same:
            return _put(question, same[0], named)
    keyed = key(named)
    ending = next((e for e in _ENDINGS if keyed.endswith(e) and len(keyed) > len(e)), None)
    if ending is not None:
        same = [p for p in pieces if p.text.endswith(ending) and len(p.text) > len(ending)]
        if same:
            return _put(question, same[0], named)
    if near is None or wanted not in ("noun", ""):
        return None
    ranked = sorted(
        ((near(keyed, p.text), -p.start, p) for p in pieces if p.kind == "noun"),
        key=lambda r: r[:2],
        reverse=True,
    )
    if not ranked or ranked[0][0] < _LEAST_NEAR:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _NEARER:
        return None
    return _put(question, ranked[0][2], named)


def _put(question: str, piece: Piece, named: str) -> str:
    return question[: piece.start] + named + question[piece.end :]


def kind_of(text: str) -> str:
    """The kind of one thing that is named, by its last word."""
    pieces = list(pieces_of(text))
    return pieces[-1].kind if pieces else ""


def pieces_of(question: str) -> Iterator[Piece]:
    """The things a question names, in order: names of two words that stand together are one."""
    keyed = key(question)
    if not _han(question):
        yield from _english(question, keyed)
        return
    last: Piece | None = None
    for _, start, end in token_spans(question):
        text = keyed[start:end]
        if len(text) > 1 and text[-1] in "有是在的" and not word_class(text):
            text, end = text[:-1], end - 1  # 港有, where the segmenter knows no such word
        kind = _kind(text)
        piece = Piece(start, end, text, kind)
        if last is not None and last.end == start and _joins(last, piece):
            kind = "organisation" if _is_organisation(keyed[last.start : end]) else piece.kind
            last = Piece(last.start, end, keyed[last.start : end], kind)
            continue
        if last is not None and last.kind:
            yield last
        last = piece
    if last is not None and last.kind:
        yield last


def _kind(text: str) -> str:
    if _YEAR.fullmatch(text):
        return "year"
    if _PERIOD.fullmatch(text):
        return "period"
    if _MEASURED.fullmatch(text):
        return "model"
    if _LATIN.fullmatch(text):
        return "latin"
    if not _han(text) or _ASKING.search(text):
        return ""
    tag = word_class(text)
    if tag == "ns" or _PLACES.fullmatch(text):
        return "place"
    if tag.startswith("nr") or (not tag and len(text) in (2, 3) and _SURNAME.match(text)):
        return "person"
    if tag == "nt" or _is_organisation(text):
        return "organisation"
    return "noun" if tag in _NOUNS else ""


def _is_organisation(text: str) -> bool:
    return len(text) > 2 and text.endswith(_BODIES)


def _joins(first: Piece, second: Piece) -> bool:
    """岸桥 + 司机, 青屿 + 港, 星湖 + 大学: the second says what the first is."""
    if first.kind in ("noun", "place", "person", "latin") and _is_organisation(
        first.text + second.text
    ):
        return True
    return first.kind == "noun" and second.kind == "noun" and len(first.text + second.text) <= 6


_CAPITAL = re.compile(r"(?:[A-Z][\w&.\-]*)(?:\s+(?:of\s+|the\s+)?[A-Z][\w&.\-]*)*")
_NO_NAMES = re.compile(
    "what|which|who|when|where|why|how|did|does|do|is|are|was|were|in|on|at|the|a|an|by|of|for|"
    "and|i|can|could|has|have|had|will|would|should|whose"
)


def _english(question: str, keyed: str) -> Iterator[Piece]:
    for match in _CAPITAL.finditer(question):
        text = keyed[match.start() : match.end()]
        if _NO_NAMES.fullmatch(text.split()[0]) and " " not in text:
            continue
        start = match.start()
        if _NO_NAMES.fullmatch(text.split()[0]):
            start += len(text.split()[0]) + 1
        kind = "model" if _MEASURED.fullmatch(keyed[start : match.end()]) else "place"
        yield Piece(start, match.end(), keyed[start : match.end()], kind)


def _han(text: str) -> bool:
    return re.search(r"[㐀-鿿]", text) is not None
