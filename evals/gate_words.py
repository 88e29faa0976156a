"""What a gate says, in Chinese and English: the verdict in a line, and what a metric points at.

The English word of the verdict stands in both: scripts and people search for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evals.gating import Verdict, count
from evals.outcomes import PRIMARY

if TYPE_CHECKING:
    from evals.gating import Gate, Row

# What a metric that fails points at first: Chinese, English.
_POINTS_AT: dict[str, tuple[str, str]] = {
    PRIMARY: ("答案：看新答错的题", "answers: see the newly broken questions"),
    "rejected": (
        "何时不作答的阈值：answerability.min_confidence 和它的校准",
        "the threshold of silence: answerability.min_confidence, its calibration",
    ),
    "false_abstention": (
        "有答案却不作答：阈值，或者什么也没找到",
        "silence where there is an answer: the threshold, or nothing was found",
    ),
    "failed": ("出错：看新答错的题", "errors: see the newly broken questions"),
    "evidence_any": ("引用了哪里：排序和阅读", "what is cited: ranking and reading"),
    "cited": ("没有引文的句子", "statements without a citation"),
    "verbatim": (
        "引文不在文档里：引用环节，或资料库过时",
        "quotes that are not in their documents: citing, or a stale library",
    ),
    "offsets": (
        "引文不在所标的位置：解析或引用的偏移",
        "spans that are not where the quote stands: offsets of parsing or citing",
    ),
    "place": (
        "引文的页码、时间或章节不是原文所在之处",
        "page, minute or section of a citation is not where its words stand",
    ),
    "gold_place": (
        "页码或时间与问题集所记的不同：解析",
        "page or minute differs from the one that the question set knows: parsing",
    ),
    "recall": (
        "找到了什么：词、字对、同义词表、向量",
        "what is found: terms, character pairs, thesaurus, vectors",
    ),
    "ndcg@10": (
        "找到的次序：排序，或词和同义词表",
        "the order of what is found: ranking, or terms and thesaurus",
    ),
}


def points_at(name: str, lang: str = "en") -> str:
    chinese, english = _POINTS_AT[name]
    return chinese if is_chinese(lang) else english


def is_chinese(lang: str) -> bool:
    return lang.startswith("zh")


def headline(found: Gate, lang: str = "en") -> str:
    """The verdict in one line."""
    zh = is_chinese(lang)
    if found.stale:
        names = ", ".join(found.stale[:3]) + (" …" if len(found.stale) > 3 else "")
        if zh:
            return (
                f"REGRESSION 退步：资料库过时了，{len(found.stale)} 份文档在建库之后改过"
                f"（{names}）：请运行 wenju index"
            )
        return (
            f"REGRESSION: the library is stale, {count(len(found.stale), 'document')} changed "
            f"since it was indexed ({names}): run wenju index"
        )
    if found.verdict is Verdict.REGRESSION:
        parts = "；".join if zh else "; ".join
        return ("REGRESSION 退步：" if zh else "REGRESSION: ") + parts(
            _reason(r, zh) for r in found.reasons
        )
    if found.verdict is Verdict.TOO_SMALL:
        return _too_small(found, zh)
    seen = found.primary.detectable
    if zh:
        line = f"PASS 通过：{found.n} 题没有显著变差；"
        if not _is_size(seen):
            return line + "题太少，多大的下降都不敢说看得出（--require-power 会说还差多少题）"
        return line + f"真下降 {points(seen, zh)}或更多，五次里能看出四次"
    line = f"PASS: no significant regression on {count(found.n, 'question')}; "
    if not _is_size(seen):
        return line + (
            "they are too few to see a drop of any size for sure (--require-power says how many "
            "are missing)"
        )
    return line + f"a true drop of {points(seen)} or more would have been seen four times in five"


def _reason(row: Row, zh: bool) -> str:
    change = f"{row.name} {row.before:.3f} → {row.after:.3f}"
    if zh:
        sure = "strict" if row.strict else f"p {row.adjusted:.4f}"
        return f"{change}（{row.worse} 题变差，{row.better} 题变好，{sure}）"
    sure = ", strict" if row.strict else f", p {row.adjusted:.4f}"
    return f"{change} ({count(row.worse, 'question')} worse, {row.better} better{sure})"


def _too_small(found: Gate, zh: bool) -> str:
    missing = max(1, found.needed - found.n) if found.needed else None
    seen, wanted = points(found.primary.detectable, zh), points(found.wanted, zh)
    if zh:
        more = f"{missing} 题" if missing else "一百万题以上"
        can = f"能看出 {seen}的下降" if _is_size(found.primary.detectable) else "多大的下降都说不准"
        return f"TOO SMALL 题太少：{found.n} 题{can}，要求 {wanted}：还差 {more}"
    more = f"{missing} more" if missing else "more than a million"
    shown = (
        f"show a drop of {seen}" if _is_size(found.primary.detectable) else "show no drop for sure"
    )
    return (
        f"TOO SMALL: {count(found.n, 'question')} {shown}, {wanted} is asked for: "
        f"it takes {more} questions"
    )


def summary(found: Gate, lang: str = "en") -> str:
    """How much was asked, and how much turned."""
    if is_chinese(lang):
        return (
            f"{found.n} 题，出自 {found.n_documents} 份文档；{found.changed_answers} 个答案有变化，"
            f"新答错 {len(found.broken)} 题，新答对 {len(found.fixed)} 题；"
            f"不足 {points(found.min_effect, True)}的下降不管"
        )
    differ = "differs" if found.changed_answers == 1 else "differ"
    return (
        f"{count(found.n, 'question')} on {count(found.n_documents, 'document')}; "
        f"{count(found.changed_answers, 'answer')} {differ}, {len(found.broken)} newly broken, "
        f"{len(found.fixed)} newly fixed; minimum effect {points(found.min_effect)}"
    )


def points(value: float | None, zh: bool = False) -> str:
    """For reading; "–" where there is no such size."""
    if value is None or not _is_size(value):
        return "–"
    return f"{100 * value:.1f} 个百分点" if zh else f"{100 * value:.1f} points"


def _is_size(value: float | None) -> bool:
    return value is not None and value <= 1
