"""Whether sentences carry a statement, decided without a language model.

Figures with their units, dates, names, denials and directions of the statement must be in the
sentences that it points at; the rest of its words must be there too, or near in meaning. What the
numbers of `support.json` are, benchmarks/support.py fits and measures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.segmenting import HAN, key, token_spans, word_class
from index.thesaurus import Layer, shipped
from rag import background
from rag.moments import moments, unsupported
from rag.normalising import FUNCTION_WORDS, language
from rag.polarity import aligned_with, clauses, points, turned
from rag.quantities import Quantity, quantities

PATH = Path(__file__).parent / "support.json"
Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_LATIN = re.compile(r"[a-z]")
_IS_HAN = re.compile(f"[{HAN}]")
_DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_COMMON_EN = frozenset(
    """the a an of in on at to for from by with and or but as is are was were be been being it its
    this that these those which who whom whose what when where while than then so such also there
    their they them he she his her we our you your not no nor if into over under about after before
    between during per each all any some more most less least very only just both has have had do
    does did will would can could shall should may might must up down out off again said says say
    according one two""".split()  # noqa: SIM905
)
_SHORT_NAMES = {
    "us": ("美国", "美方", "对美", "usa", "united states"), "uk": ("英国", "united kingdom"),
    "eu": ("欧盟", "european union"), "china": ("中国", "我国", "全国", "chinese", "对华"),
    "chinese": ("中国", "我国", "china"), "american": ("美国", "us"), "美国": ("us", "u.s", "美"),
    "中国": ("我国", "全国", "china", "chinese", "华"), "我国": ("中国", "全国"),
    "全国": ("中国", "我国"),
}  # fmt: skip
# Parts of speech (of the stock dictionary) that name things.
_NAME_CLASSES = ("nr", "ns", "nt", "nz")
_EMPTY_CLASSES = ("c", "d", "f", "h", "k", "m", "o", "p", "q", "r", "t", "u", "y", "z", "e")
_NAME_WEIGHT = 0.6  # a synonym trusted less than this does not stand for a name
_REPORTING = frozenset(
    """表示 认为 指出 显示 称 说明 提到 提出 报道 根据 依据 按照 其中 达到 达 约 大约 左右 共 共计
    合计 总计 分别 主要 相关 有关 方面 情况 问题 进行 成为 具有 属于 包括 包含 以及 目前 当时 期间
    文中 资料 材料 数据 数字 记录 记载 文件 原文 来源 部分 具体 整体 总体 水平 程度 左右 之间 需要
    就算 即便 哪怕 即使 可能 仍然 依旧 依然 大约 一共 从 起 可以 能够 要求
    规定 实行 采取 开展 存在 发生 出现 导致 造成 使得 说法 意思 全年
    一年 当年 同期 之后 之前 以后 以前 来自 出自 位于 处于 相比 比较 相当 意味着 也就是""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Limits:
    """`support`: least share of the statement's words that the sentences must carry.
    `gap`: most that a single word may be uncovered, weighted with its rarity.
    `cosine`: least similarity of statement and sentences. The `cross_` ones hold where the
    statement is in another language than the sentences.
    """

    support: float
    gap: float
    cosine: float
    cross_support: float
    cross_gap: float
    cross_cosine: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems`: what is not carried, ("number", "97%") and so on; () where all is."""

    problems: tuple[tuple[str, str], ...]
    support: float  # share of words carried, [0, 1]
    gap: float
    cosine: float

    @property
    def stands(self) -> bool:
        return not self.problems


@lru_cache(maxsize=1)
def limits() -> Limits:
    return Limits(**json.loads(PATH.read_text(encoding="utf-8"))["limits"])


LEARNT = 448  # see index/static_zh/README.md


@lru_cache(maxsize=1)
def shipped_embed() -> Embed:
    """The shipped model, whatever a library was embedded with: the limits are fitted to it.

    Only the dimensions that were learnt: the others keep words apart that mean the same.
    """
    from index.embedding import EmbeddingSettings, load_embedder

    return load_embedder(EmbeddingSettings(truncate_dim=LEARNT)).embed_documents


def check(
    statement: str,
    sentences: Sequence[str],
    *,
    context: str = "",
    embed: Embed | None = None,
    layers: Sequence[Layer] = (),
    within: Limits | None = None,
) -> Verdict:
    """Is all of `statement` in `sentences`?

    `context`: headings, titles and table headers of the sentences. They may lend a name, a year or
    a unit, never a figure. `layers`: what knows other names for a thing (aliases of a library).
    `embed`: unit vectors of texts; without it only words that are there count. No sentences, or a
    statement without a word or a figure, carries nothing.
    """
    bound = within or limits()
    said, heard, around = key(statement), [key(s) for s in sentences], key(context)
    joined = "\n".join(heard)
    if not joined.strip() or not any(c.isalnum() for c in said):
        return Verdict((("words", statement),), 0.0, 1.0, 0.0)
    same = language(statement) == language(joined)
    problems: list[tuple[str, str]] = []
    problems += [("number", text) for text in _figures(said, joined, around)]
    there = [*moments(joined)]
    problems += [
        ("date", said[m.start : m.end]) for m in unsupported(moments(said), there, moments(around))
    ]
    if same:
        problems += [("date", year) for year in _years_elsewhere(said, heard)]
    problems += [(one.kind, one.clause) for one in turned(said, heard, same_language=same)]
    tokens = _tokens(statement, said)
    covered = _coverage(tokens, joined, around, embed, layers)
    weights = np.array([t.weight for t in tokens])
    missing = weights * (1 - covered)
    support = float(1 - missing.sum() / weights.sum()) if weights.sum() else 1.0
    gap = float(missing.max(initial=0.0))
    problems += [
        ("name", token.text)
        for token, cover in zip(tokens, covered, strict=True)
        if token.is_name and cover < (0.5 if same else 0.35)
    ]
    cosine = _cosine(statement, sentences, embed)
    least = (bound.support, bound.gap, bound.cosine) if same else (
        bound.cross_support, bound.cross_gap, bound.cross_cosine
    )  # fmt: skip
    if support < least[0] or cosine < least[2]:
        problems.append(("words", f"{support:.2f}"))
    elif gap > least[1]:
        problems.append(("word", tokens[int(missing.argmax())].text))
    return Verdict(tuple(dict.fromkeys(problems)), support, gap, cosine)


def _years_elsewhere(said: str, heard: Sequence[str]) -> list[str]:
    """Years of a clause that the clauses saying the same do not name, though they name others."""
    found = []
    for clause in clauses(said):
        years = {m.year for m in moments(clause) if m.year}
        if not years:
            continue
        theirs = {m.year for c in aligned_with(clause, heard) for m in moments(c) if m.year}
        if theirs:
            found += [str(year) for year in sorted(years - theirs)]
    return found


# --- figures -------------------------------------------------------------------------------------


def _figures(said: str, joined: str, around: str) -> list[str]:
    """Figures of the statement that no figure of the sentences equals, as written."""
    own, theirs = quantities(said), quantities(joined)
    dates = [(m.start, m.end) for m in moments(said)]
    raw = {n.replace(",", "") for n in _DIGITS.findall(joined)}
    missing = []
    for one in own:
        written = said[one.start : one.end]
        if (
            _counts_one(written, one)
            or said[: one.start].endswith("每")
            or any(a <= one.start and one.end <= b for a, b in dates)
        ):
            continue
        if not any(_same(one, other, said, joined, around) for other in theirs):
            missing.append(written)
    taken = [*((q.start, q.end) for q in own), *dates]
    also = raw | {n.replace(",", "") for n in _DIGITS.findall(around)}
    for match in _DIGITS.finditer(said):
        # H20, 第3章, GB/T 7714: digits that count nothing.
        apart = not any(match.start() < b and a < match.end() for a, b in taken)
        if apart and match.group().replace(",", "") not in also:
            missing.append(match.group())
    return missing


def _counts_one(written: str, one: Quantity) -> bool:
    """一个, 一项, one of: hardly a figure."""
    return (
        one.low == one.high == 1
        and written[:1] in "一o"
        and not one.dimension.startswith(("share", "money", "times"))
    )


def _same(one: Quantity, other: Quantity, said: str, joined: str, around: str) -> bool:
    if not one.dimension:
        # A unit left out is no other unit: twenty-year of twenty years.
        written, theirs_ = said[one.start : one.end].strip(), joined[other.start : other.end]
        if one.low == other.low or re.match(rf"{re.escape(written)}(?![\d.,万亿千百十])", theirs_):
            return True
    if not _one_dimension(one, other):
        digits = _DIGITS.search(said, one.start, one.end)
        theirs = _DIGITS.search(joined, other.start, other.end)
        if not digits or not theirs or digits.group() != theirs.group():
            return False
        # A table's cell has its unit in the header.
        unit = said[digits.end() : one.end].strip()
        bare = joined[theirs.end() : other.end].strip()
        if one.dimension and not other.dimension:
            return bool(unit) and not bare and (unit in around or unit in joined)
        return not one.dimension and not unit
    size = max(abs(one.low), abs(one.high), abs(other.low), abs(other.high))
    exact = 1e-9 * size
    if abs(one.low - other.low) <= exact and abs(one.high - other.high) <= exact:
        return not (one.degree and other.degree and {one.degree, other.degree} == {">", "<"})
    if one.low != one.high or other.low != other.high:
        # One end of a range that is said alone is another claim, unless said as about.
        return one.degree == "~" and other.low <= one.low <= one.high <= other.high
    gap = abs(one.low - other.low)
    if other.degree in ("<", ">") and other.degree == one.degree:
        return False
    if one.degree == ">":
        return one.low <= other.low <= 1.1 * one.low
    if one.degree == "<":
        return one.low >= other.low >= 0.9 * one.low
    if one.step > other.step:  # said less exactly: rounded
        return gap <= one.step / 2 + exact and (one.degree == "~" or one.step < 0.1 * size)
    return False


def _one_dimension(one: Quantity, other: Quantity) -> bool:
    a, b = one.dimension, other.dimension
    if a == b:
        return True
    counts = ("count:", "")
    return (
        (a.startswith("count:") or not a)
        and (b.startswith("count:") or not b)
        and (bool(counts) and one.low == other.low)
    )


# --- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    text: str  # as in the key
    weight: float
    is_name: bool


def _tokens(statement: str, said: str) -> list[_Token]:
    """Words that say something; figures and dates are read elsewhere."""
    figures = [(q.start, q.end) for q in quantities(said)]
    figures += [(m.start, m.end) for m in moments(said)]
    rare = background.shipped().rarity
    english = language(statement) == "en"
    found: dict[str, _Token] = {}
    for text, start, end in token_spans(said):
        if text in FUNCTION_WORDS or text in _REPORTING or text[0].isdigit():
            continue
        if any(a <= start and end <= b for a, b in figures):
            continue
        if _LATIN.match(text):
            if text in _COMMON_EN or len(text) < 2:
                continue
            own = statement[start:end]
            named = (
                not english
                or (
                    not own.islower()
                    and (start > 0 and statement[:start].rstrip()[-1:] not in ".!?")
                )
                or any(c.isdigit() for c in own)
                or (own.isupper() and len(own) > 1)
            )
            # The table of rarities knows few English words: all seem rare to it.
            weight = max(0.2, rare(text)) if named else min(0.5, max(0.2, rare(text)))
            found.setdefault(text, _Token(text, weight, named))
            continue
        kind = word_class(text)
        if kind.startswith(_EMPTY_CLASSES) and not (kind == "z" and len(text) > 2):
            continue
        if len(text) == 1:
            continue
        named = kind.startswith(_NAME_CLASSES) and not points(text)
        found.setdefault(text, _Token(text, max(0.2, rare(text)), named))
    return list(found.values())


def names_in(text: str) -> list[str]:
    """Words of a text that name somebody, something or a place."""
    return [token.text for token in _tokens(text, key(text)) if token.is_name]


def _coverage(
    tokens: Sequence[_Token],
    joined: str,
    around: str,
    embed: Embed | None,
    layers: Sequence[Layer],
) -> npt.NDArray[np.float64]:
    """How far each word is carried, [0, 1]."""
    text = f"{joined}\n{around}"
    know = (shipped(), *layers)
    for layer in layers:
        layer.known([token.text for token in tokens])  # read in one look-up
    covered = np.array([_literal(token, text, know) for token in tokens], dtype=np.float64)
    open_ = [i for i, value in enumerate(covered) if value < 1]
    if embed is None or not open_:
        return covered
    theirs = list(
        dict.fromkeys(
            word for word, _, _ in token_spans(text)
            if len(word) > 1 and word not in FUNCTION_WORDS and word not in _COMMON_EN
        )
    )[:400]  # fmt: skip
    if theirs:
        similar = embed([tokens[i].text for i in open_]) @ embed(theirs).T
        for row, i in enumerate(open_):
            near = float(similar[row].max())
            if tokens[i].is_name:
                # A name is another name, however near: only its spelling or translation counts.
                near = near if _crosses(tokens[i].text, theirs[int(similar[row].argmax())]) else 0.0
            covered[i] = max(covered[i], min(1.0, max(0.0, (near - 0.25) / 0.5)))
    return covered


def _crosses(one: str, other: str) -> bool:
    return bool(_LATIN.match(one)) != bool(_LATIN.match(other))


def _literal(token: _Token, text: str, layers: Sequence[Layer]) -> float:
    word = token.text
    if _stands_in(word, text) or any(_stands_in(n, text) for n in _SHORT_NAMES.get(word, ())):
        return 1.0
    best = 0.0
    for layer in layers:
        for target, weight, _ in layer.targets(word):
            if (not token.is_name or weight >= _NAME_WEIGHT) and _stands_in(target, text):
                best = max(best, 1.0 if weight >= _NAME_WEIGHT else 0.5 + weight)
    if best or (token.is_name and len(word) < 4):
        return min(1.0, best)
    if not _IS_HAN.match(word):
        # reserves, reserved: a word that begins so is of one family.
        stemmed = word[: max(4, len(word) - 3)]
        return 0.9 if len(word) > 4 and re.search(rf"\b{re.escape(stemmed)}", text) else 0.0
    there = [c in text for c in word]
    pairs = [word[i : i + 2] in text for i in range(len(word) - 1)]
    if token.is_name:
        return float(all(pairs)) if pairs else 0.0
    # 老年人 of 老人: most of the characters, and a pair where there are several.
    return 0.8 * sum(there) / len(word) if len(word) > 2 and any(pairs) else 0.5 * all(there)


def _stands_in(word: str, text: str) -> bool:
    if _IS_HAN.match(word):
        return word in text
    whole = rf"(?<![a-z0-9]){re.escape(word)}(?:s|es|ed|d|ing|ly)?(?![a-z0-9])"
    return re.search(whole, text) is not None


def _cosine(statement: str, sentences: Sequence[str], embed: Embed | None) -> float:
    if embed is None:
        return 1.0
    parts = [part for sentence in sentences for part in clauses(sentence)][:40]
    vectors = embed([statement, " ".join(sentences), *sentences, *parts])
    return float((vectors[1:] @ vectors[0]).max())


def described(verdict: Verdict) -> Mapping[str, str]:
    """Kind → what, for the model that is to repair the statement."""
    return dict(verdict.problems)
