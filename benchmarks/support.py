"""How well unsupported statements are told from supported ones: fits and measures rag/support.py.

    python benchmarks/support.py --library LIBRARY [--more FILE.jsonl.gz]… [--fit] [--out FILE.md]

True statements: sentences of the sample library as they stand, and 110 paraphrases written by hand
(support_paraphrases.jsonl). False ones: the same with one thing changed: a number, a unit, a date,
a name, a denial put in or taken out, a direction turned; and statements of another sentence.
`--more`: queries with `evidence` (measured apart, never fitted on). `--fit` writes the limits into
rag/support.json: the strictest at which no true statement of one half fails by its words.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.segmenting import key, token_spans, word_class
from index.store import open_library
from rag import support
from rag.moments import moments
from rag.polarity import _denials
from rag.quantities import quantities

HERE = Path(__file__).parent
OPEN = support.Limits(0.0, 9.0, -1.0, 0.0, 9.0, -1.0)


@dataclass(frozen=True, slots=True)
class Pair:
    statement: str
    sentence: str
    context: str
    kind: str


# --- one thing changed ---------------------------------------------------------------------------


def changed_number(text: str, r: random.Random) -> str | None:
    found = [q for q in quantities(key(text)) if re.search(r"\d", text[q.start : q.end])]
    if not found:
        return None
    one = r.choice(found)
    match = re.search(r"\d+(?:\.\d+)?", text[one.start : one.end])
    assert match is not None
    old = match.group()
    places = len(old.partition(".")[2])
    value = float(old)
    step = 10**-places
    if r.random() < 0.5:
        new = value + r.choice([-1, 1]) * step * r.randint(1, 9)
    else:
        new = value * r.choice([1.5, 2, 0.5, 10])
    if new <= 0 or f"{new:.{places}f}" == old:
        new = value + step
    at = one.start + match.start()
    return text[:at] + f"{new:.{places}f}" + text[at + len(old) :]


_UNITS = [
    ("万亿", "亿"),
    ("亿", "万"),
    ("万", "亿"),
    ("美元", "元"),
    ("日元", "美元"),
    ("欧元", "美元"),
    ("元", "美元"),
    ("个百分点", "%"),
    ("%", "个百分点"),
    ("万吨", "吨"),
    ("吨", "公斤"),
    ("公斤", "吨"),
    ("千瓦时", "兆瓦时"),
    ("吉瓦", "兆瓦"),
    ("兆瓦", "吉瓦"),
    ("立方米", "吨"),
    ("天", "个月"),
    ("个月", "年"),
    ("小时", "分钟"),
    ("分钟", "小时"),
    ("billion", "million"),
    ("million", "billion"),
    ("gigawatts", "megawatts"),
    ("euros", "dollars"),
    ("US$", "€"),
    ("tonnes", "kg"),
    ("hours", "days"),
    ("months", "years"),
    ("days", "months"),
    ("公里", "米"),
    ("平方米", "亩"),
    ("倍", "%"),
    ("岁", "个月"),
    ("km", "miles"),
]


def changed_unit(text: str, r: random.Random) -> str | None:
    options = []
    for one in quantities(key(text)):
        written = text[one.start : one.end]
        for old, new in _UNITS:
            if old in written:
                options.append((one, written.replace(old, new, 1)))
                break
    if not options:
        return None
    one, written = r.choice(options)
    return text[: one.start] + written + text[one.end :]


def changed_date(text: str, r: random.Random) -> str | None:
    found = [m for m in moments(key(text)) if re.search(r"\d", text[m.start : m.end])]
    if not found:
        return None
    one = r.choice(found)
    numbers = list(re.finditer(r"\d+", text[one.start : one.end]))
    match = r.choice(numbers)
    old = int(match.group())
    if old > 1900:
        new = old + r.choice([-3, -2, -1, 1, 2])
    else:
        most = 12 if text[one.start + match.end() : one.start + match.end() + 1] == "月" else 28
        new = old % most + r.randint(1, 2) if old % most + 2 <= most else max(1, old - 2)
    if new == old:
        return None
    at = one.start + match.start()
    return text[:at] + str(new) + text[at + len(match.group()) :]


def names(text: str) -> list[str]:
    return [
        text[a:b]
        for _, a, b in token_spans(text)
        if word_class(key(text[a:b])).startswith(("nr", "ns", "nt", "nz"))
        or (re.fullmatch(r"[A-Z][A-Za-z]{2,}|[A-Z]+\d+", text[a:b]) and a > 0)
    ]


def changed_name(text: str, r: random.Random, pool: Sequence[str]) -> str | None:
    own = [n for n in dict.fromkeys(names(text)) if len(n) > 1 and not re.match(r"The|This|It", n)]
    if not own:
        return None
    old = r.choice(own)
    others = [
        n
        for n in pool
        if n != old and n not in text and old not in n and n.isascii() == old.isascii()
    ]
    return text.replace(old, r.choice(others)) if others else None


_AFFIRMED = re.compile(
    r"增长|增加|下降|减少|提高|允许|要求|包含|包括|公开|达到|超过|低于|高于|覆盖|延长|支持|宣布|来自|表示|需要|属于|完成|签|拿到|实施|获|是|有(?!效|关|限|的)"
)
_EN_VERB = re.compile(r"\b(is|are|was|were|has|have|can|will|should)\b")


def changed_denial(text: str, r: random.Random) -> str | None:
    keyed = key(text)
    denials = [
        (a, b)
        for a, b in _denials(keyed)
        if keyed[a:b] in ("没有", "不", "未", "尚未", "不再", "并未", "没", "不会", "不能", "not")
    ]
    if denials:
        a, b = r.choice(denials)
        return (
            text[:a]
            + ("能" if keyed[a:b] == "不能" else "会" if keyed[a:b] == "不会" else "")
            + text[b:].lstrip()
        )
    verb = _EN_VERB.search(text) if keyed.isascii() else _AFFIRMED.search(keyed)
    if verb is None:
        return None
    if keyed.isascii():
        return text[: verb.end()] + " not" + text[verb.end() :]
    word = verb.group()
    put = {"是": "不", "有": "没"}.get(word, r.choice(["没有", "不", "并未", "未"]))
    return text[: verb.start()] + put + text[verb.start() :]


_TURNED = {
    "增长": "下降",
    "下降": "增长",
    "提高": "降低",
    "降低": "提高",
    "增加": "减少",
    "减少": "增加",
    "上升": "下滑",
    "高于": "低于",
    "低于": "高于",
    "超过": "不足",
    "扩大": "收窄",
    "收窄": "扩大",
    "进口": "出口",
    "出口": "进口",
    "最高": "最低",
    "最低": "最高",
    "最大": "最小",
    "升到": "降到",
    "降到": "升到",
    "降至": "升至",
    "延长": "缩短",
    "加快": "放缓",
    "跌到": "涨到",
    "上涨": "下跌",
    "亏损": "盈利",
    "盈利": "亏损",
    "rose": "fell",
    "fell": "rose",
    "above": "below",
    "below": "above",
    "largest": "smallest",
    "increase": "decrease",
    "higher": "lower",
    "lower": "higher",
    "up": "down",
    "down": "up",
    "more than": "less than",
    "下跌": "上涨",
    "回落": "回升",
}


def changed_direction(text: str, r: random.Random) -> str | None:
    there = [w for w in _TURNED if re.search(rf"\b{w}\b" if w.isascii() else w, text)]
    if not there:
        return None
    old = r.choice(there)
    return re.sub(rf"\b{old}\b" if old.isascii() else old, _TURNED[old], text, count=1)


# --- pairs ---------------------------------------------------------------------------------------


def sample_pairs(path: Path) -> Iterator[Pair]:
    library = open_library(path)
    for info in library.documents():
        document = library.document(info.doc_id)
        for sentence in library.sentences(info.doc_id):
            block = document.blocks[sentence.block]
            text = " ".join(document.joined(sentence.spans).split())
            if block.table is None and 14 <= len(text) <= 240 and any(map(str.isalnum, text)):
                around = "\n".join([document.title, *block.section])
                yield Pair(text, text, around, "verbatim")


def paraphrases(path: Path) -> Iterator[Pair]:
    library = open_library(path)
    titles = {info.doc_id: library.document(info.doc_id).title for info in library.documents()}
    for line in (HERE / "support_paraphrases.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kind = "paraphrase" if row["kind"] == "same" else "translation"
        yield Pair(row["paraphrase"], row["sentence"], titles.get(row["doc_id"], ""), kind)


def evidence(path: Path) -> Iterator[Pair]:
    seen = set()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            for text in json.loads(line).get("evidence") or ():
                if text not in seen and 14 <= len(text) <= 240:
                    seen.add(text)
                    yield Pair(text, text, "", "verbatim")


def perturbed(pairs: Sequence[Pair], r: random.Random) -> list[Pair]:
    pool = sorted({n for p in pairs for n in names(p.sentence) if len(n) > 1})
    changes: dict[str, Callable[[str], str | None]] = {
        "number": lambda t: changed_number(t, r),
        "unit": lambda t: changed_unit(t, r),
        "date": lambda t: changed_date(t, r),
        "name": lambda t: changed_name(t, r, pool),
        "negation": lambda t: changed_denial(t, r),
        "direction": lambda t: changed_direction(t, r),
    }
    made = []
    for pair in pairs:
        for kind, change in changes.items():
            text = change(pair.statement)
            if text is not None and text != pair.statement:
                made.append(replace(pair, statement=text, kind=kind))
    shuffled = list(pairs)
    r.shuffle(shuffled)
    made += [
        replace(a, sentence=b.sentence, context=b.context, kind="other sentence")
        for a, b in zip(pairs, shuffled, strict=True)
        if a.sentence != b.sentence
    ]
    return made


# --- measuring -----------------------------------------------------------------------------------


def verdicts(pairs: Sequence[Pair], embed: Any, within: support.Limits) -> list[support.Verdict]:
    return [
        support.check(p.statement, [p.sentence], context=p.context, embed=embed, within=within)
        for p in pairs
    ]


def fitted(pairs: Sequence[Pair], embed: Any) -> support.Limits:
    """The strictest limits that fail few of the true statements, over and above the hard checks."""
    measured = [v for v in verdicts(pairs, embed, OPEN) if v.stands]
    return replace(
        support.limits(),
        support=round(min(v.support for v in measured) - 0.02, 2),
        gap=round(max(v.gap for v in measured) + 0.02, 2),
        cosine=round(min(v.cosine for v in measured) - 0.15, 2),
    )


def table(title: str, true: Sequence[Pair], false: Sequence[Pair], embed: Any, show: int) -> str:
    lines = [f"\n## {title}\n", "| statements | n | dropped |", "|---|---:|---:|"]
    for pairs, wanted in ((true, False), (false, True)):
        total: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for pair, verdict in zip(pairs, verdicts(pairs, embed, support.limits()), strict=True):
            total[pair.kind] += 1
            dropped[pair.kind] += not verdict.stands
            if show and verdict.stands == wanted and dropped[f"shown {pair.kind}"] < show:
                dropped[f"shown {pair.kind}"] += 1
                print(pair.kind, "|", verdict.problems, "|", pair.statement, "|", pair.sentence)
        said = "changed: " if wanted else "true: "
        for kind, n in total.items():
            lines.append(f"| {said}{kind} | {n} | {dropped[kind] / n:.3f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--more", type=Path, action="append", default=[])
    parser.add_argument("--most", type=int, default=1500)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", type=int, default=0)
    args = parser.parse_args()
    r = random.Random(7)
    embed = support.shipped_embed()
    told = list(paraphrases(args.library))
    own = list(sample_pairs(args.library))
    r.shuffle(own)
    own = own[: args.most]
    if args.fit:
        same = [p for p in told if p.kind == "paraphrase"]
        found = fitted([*same[::2], *own[: len(own) // 4]], embed)
        support.PATH.write_text(
            json.dumps({"limits": {n: getattr(found, n) for n in found.__slots__}}, indent=1)
            + "\n",
            encoding="utf-8",
        )
        support.limits.cache_clear()
        print(found)
    parts = [table("Sample library", own, perturbed(own, r), embed, args.show)]
    parts.append(table("Paraphrases by hand", told, perturbed(told, r), embed, args.show))
    for path in args.more:
        more = list(evidence(path))
        r.shuffle(more)
        more = more[: args.most]
        parts.append(table(path.name.split(".")[0], more, perturbed(more, r), embed, args.show))
    text = "\n".join(parts)
    print(text)
    if args.out:
        args.out.write_text(f"# Support check, measured\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
