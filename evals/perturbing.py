"""Questions changed on purpose, so that what a system should do is known without new gold.

    year, country, entity, unit   asked about one that no document mentions: it should keep silent
    script                        simplified ↔ traditional: it should answer the same
    number                        a figure changed in the document: it should answer the new one
    shuffle                       documents renamed and reordered: it should answer the same
    distract                      1,000 unrelated documents added: it should answer the same

The same questions and documents give the same result: choices hang on the question's id alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from evals.errors import CannotPerturb
from evals.matching import compact
from evals.schema import Question
from evals.sources import Sources

COUNTRIES = {
    "美国": "United States", "日本": "Japan", "韩国": "South Korea", "德国": "Germany",
    "法国": "France", "英国": "United Kingdom", "印度": "India", "俄罗斯": "Russia",
    "巴西": "Brazil", "南非": "South Africa", "智利": "Chile", "荷兰": "Netherlands",
    "澳大利亚": "Australia", "加拿大": "Canada", "墨西哥": "Mexico", "越南": "Vietnam",
    "印度尼西亚": "Indonesia", "马来西亚": "Malaysia", "新加坡": "Singapore", "泰国": "Thailand",
    "蒙古": "Mongolia", "哈萨克斯坦": "Kazakhstan", "阿根廷": "Argentina", "秘鲁": "Peru",
    "挪威": "Norway", "瑞典": "Sweden", "芬兰": "Finland", "丹麦": "Denmark", "意大利": "Italy",
    "西班牙": "Spain", "土耳其": "Türkiye", "乌克兰": "Ukraine", "赞比亚": "Zambia",
    "冰岛": "Iceland", "乌拉圭": "Uruguay", "不丹": "Bhutan", "卢旺达": "Rwanda",
    "拉脱维亚": "Latvia", "马耳他": "Malta", "斐济": "Fiji", "牙买加": "Jamaica",
}  # fmt: skip
UNITS = (
    ("美元", "欧元", "英镑", "日元", "韩元", "卢布", "瑞士法郎", "克朗", "比索", "里亚尔"),
    ("dollars", "euros", "pounds", "yen", "roubles", "Swiss francs", "kronor", "pesos"),
    ("吨", "公斤", "桶", "盎司", "蒲式耳", "担"),
    ("tonnes", "kilograms", "barrels", "ounces", "bushels"),
    ("千瓦时", "英热单位", "焦耳", "马力"),
    ("公里", "英里", "海里"),
    ("公顷", "亩", "英亩"),
)
COMPANIES = (
    "英伟达", "台积电", "华为", "宁德时代", "比亚迪", "特斯拉", "苹果", "三星", "英特尔", "高通",
    "微软", "谷歌", "亚马逊", "阿里巴巴", "腾讯", "百度", "字节跳动", "中芯国际", "阿斯麦", "美光",
)  # fmt: skip
SUFFIXES = (
    "有限公司|公司|集团|大学|学院|研究院|研究所|医院|银行|协会|"
    "市(?![场值民面售])|省(?![钱电力])|县|港(?![元币股])"
)
# Words before such a suffix that name nobody: 哪个省, 上市公司.
NO_NAMES = re.compile(
    r"[哪几多每各这那该本全]|上市|[中外跨]国|国有|民营|科技|能源|电力|保险|中央|商业"
)
STEMS = ("栖云", "岚峪", "泊渚", "砚川", "汀麓", "晴澜", "苇屿", "朔湾")
LATIN_NAMES = ("Velmora", "Kestrin", "Ondalux", "Brightfen", "Tarvonix", "Quellis")

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# Four letters at least: AI or GDP is a thing, not a name.
_LATIN_NAME = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z]{3,}(?: [A-Z][A-Za-z]+)*")
_COMMON = re.compile(
    r"January|February|March|April|May|June|July|August|September|October|November|December|"
    r"China|Chinese|European|American"
)
_ASKED_ZH = r"(?:多少|几|幾)[十百千万亿萬億]*|[每一]"
_ASKED_EN = r"[Hh]ow (?:many|much)(?: \w+){0,2} "

Change = Callable[[Question, "Corpus"], str | None]


class Corpus:
    """Whether something is mentioned anywhere in the documents, width, case and script aside."""

    def __init__(self, sources: Sources) -> None:
        texts: list[str] = []
        for doc_id in sources.ids():
            finder = sources.finder(doc_id)
            if finder is not None:
                texts.append(finder.document.text)
        self._text = compact("\n".join(texts))

    def mentions(self, *names: str) -> bool:
        return any(compact(n) in self._text or compact(to_traditional(n)) in self._text
                   for n in names)  # fmt: skip


def pick(candidates: Sequence[str], key: str) -> str | None:
    """One of the candidates, hanging on `key` alone; None for none."""
    if not candidates:
        return None
    return candidates[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(candidates)]


def change_year(question: Question, corpus: Corpus) -> str | None:
    """The first year of the question becomes one that no document mentions."""
    found = _YEAR.search(question.question)
    if not found:
        return None
    absent = [str(y) for y in range(1951, 2080) if not corpus.mentions(str(y))]
    year = pick(absent, question.id)
    return year and question.question[: found.start()] + year + question.question[found.end() :]


def change_country(question: Question, corpus: Corpus) -> str | None:
    """The first country of the question becomes one that no document mentions."""
    absent = {zh: en for zh, en in COUNTRIES.items() if not corpus.mentions(zh, en)}
    text = question.question
    if question.lang == "en":
        return _swap(text, COUNTRIES.values(), pick(sorted(absent.values()), question.id))
    new = pick(sorted(absent), question.id)
    if question.lang == "zh-Hant":
        return _swap(text, map(to_traditional, COUNTRIES), new and to_traditional(new))
    return _swap(text, COUNTRIES, new)


def change_unit(question: Question, corpus: Corpus) -> str | None:
    """The unit asked for becomes one of its kind that no document uses."""
    traditional = question.lang == "zh-Hant"
    for kind in UNITS:
        absent = pick([u for u in kind if not corpus.mentions(u)], question.id)
        names = [to_traditional(u) for u in kind] if traditional else list(kind)
        new = to_traditional(absent) if absent and traditional else absent
        asked = _ASKED_EN if question.lang == "en" else _ASKED_ZH
        unit = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        found = re.search(rf"(?:{asked})({unit})", question.question)
        if new and found and found.group(1) != new:
            return question.question[: found.start(1)] + new + question.question[found.end(1) :]
    return None


def change_entity(question: Question, corpus: Corpus) -> str | None:
    """A company, an institution, a place or a Latin name becomes one that does not exist."""
    text = question.question
    stem = pick([s for s in STEMS if not corpus.mentions(s)], question.id)
    if stem and (changed := _swap(text, COMPANIES, f"{stem}公司")):
        return changed
    named = _named(text) if stem else None
    if stem and named:
        return text[: named[0]] + stem + text[named[1] :]
    # From the second character on: the first word is capitalised in any case.
    names = (m for m in _LATIN_NAME.finditer(text, 1) if not _COMMON.match(m.group()))
    found = next(names, None)
    if found and corpus.mentions(found.group()):
        new = pick([n for n in LATIN_NAMES if not corpus.mentions(n)], question.id)
        return new and text[: found.start()] + new + text[found.end() :]
    return None


def _named(text: str) -> tuple[int, int] | None:
    """Where the word before a suffix such as 公司 or 市 stands; None without one."""
    from index.segmenting import words

    offset = 0
    for word in words(text):
        start = text.lower().find(word, offset)
        if start < 0:  # keys differ from the text in script
            return None
        offset = start + len(word)
        suffix = re.match(rf"(?:{SUFFIXES})", text[offset:])
        if NO_NAMES.search(word):
            continue
        if suffix and len(word) >= 2 and re.fullmatch(r"[㐀-鿿]+", word):
            return start, offset
        inner = re.fullmatch(rf"([㐀-鿿]{{2,}}?)(?:{SUFFIXES})", text[start:offset])
        if inner:
            return start, start + len(inner.group(1))
    return None


def _swap(text: str, names: Iterable[str], new: str | None) -> str | None:
    """The first name that stands in the text replaced, longer names before shorter ones."""
    if new is None:
        return None
    for name in sorted(names, key=lambda n: (-len(n), n)):
        if name in text and name != new:
            return text.replace(name, new)
    return None


ABSENT: dict[str, Change] = {
    "year": change_year,
    "country": change_country,
    "entity": change_entity,
    "unit": change_unit,
}
QUESTION_KINDS = (*ABSENT, "script")


def perturb_questions(kind: str, questions: Sequence[Question], sources: Sources) -> list[Question]:
    """The questions that the perturbation can change, changed; ids end in "~kind".

    Raises CannotPerturb where it can change none.
    """
    if kind == "script":
        changed = [c for q in questions if (c := _other_script(q)) is not None]
    else:
        corpus, change = Corpus(sources), ABSENT[kind]
        changed = [
            _unanswerable(q, text, kind)
            for q in questions
            # Of a question in several parts, the others could still be answered.
            if q.answerable and q.match == "any" and not q.history and (text := change(q, corpus))
        ]
    if not changed:
        raise CannotPerturb(f"none of {len(questions)} questions has a {kind} that can be changed")
    return changed


def tagged(question: Question, kind: str) -> Question:
    """A perturbed question's new id and tags."""
    return replace(question, id=f"{question.id}~{kind}", tags=(*question.tags, f"perturbed:{kind}"))


def _unanswerable(question: Question, text: str, kind: str) -> Question:
    return replace(
        tagged(question, kind),
        question=text,
        type="unanswerable",
        answerable=False,
        answers=(),
        match="none",
        evidence=(),
        near=question.document or None,
        note=f"asked as: {question.question}",
    )


def _other_script(question: Question) -> Question | None:
    if question.lang not in ("zh", "zh-Hant"):
        return None
    convert = to_traditional if question.lang == "zh" else to_simplified
    text = convert(question.question)
    if text == question.question:
        return None
    lang = "zh-Hant" if question.lang == "zh" else "zh"
    return replace(tagged(question, "script"), question=text, lang=lang)


def to_traditional(text: str) -> str:
    return _convert("s2t", text)


def to_simplified(text: str) -> str:
    return _convert("t2s", text)


_converters: dict[str, Callable[[str], str]] = {}


def _convert(config: str, text: str) -> str:
    if text.isascii():
        return text
    if config not in _converters:
        from opencc import OpenCC

        _converters[config] = OpenCC(config).convert
    return str(_converters[config](text))
