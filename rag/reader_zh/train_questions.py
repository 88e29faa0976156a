"""Questions made from sentences: an answer is taken out, what remains asks for it.

Everything is text of matching keys. `Maker` knows the words (jieba's dictionary with its tags) and
the thesaurus, and uses them to ask as people ask: in other words, in fewer, in another order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_UNITS = (
    "个百分点|百分点|%|‰|美元|欧元|日元|港元|卢布|人民币|公里|公顷|平方米|平方公里|千瓦时|千瓦|立方米|小时"
    "|分钟|周年|岁|[元人次个家项件年天吨米名条台辆架艘部届倍位所座场层套只亩股份户批起例点桶处种道秒克度]"
)
_NUMBER = re.compile(rf"\d[\d,]*(?:\.\d+)?[万亿千百]*(?:多|余)?(?:{_UNITS})?")
_DATE = re.compile(r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}[日号])?|\d{4}年(?:底|初|末)?")
_QUOTED = re.compile(r"[“《「『\"]([^”》」』“《\"]{2,20})[”》」』\"]")
_ORGANISATION = re.compile(
    r"(?:公司|集团|银行|大学|学院|医院|法院|协会|委员会|研究院|研究所|基金会|联盟|总局|部门|中心|组织"
    r"|证券|厅|局|委|部|署|社|队)$"
)
_REASON = re.compile(r"(?:因为|由于|因|缘于|源于)([^，。；,;]{4,40})")
_OBJECT = re.compile(
    r"(?:是|为|包括|成为|称|叫做|主要有|提出|推出|发布|指出|获得)([^，。；：,;:]{2,20})"
)
_CLAUSE_END = re.compile(r"[，,；;：:。！？!?、]")
_WORDS_IN_CONTENT = ("n", "v", "a", "m", "t", "l", "i", "j", "eng", "x")
_ASK = {
    "date": "什么时候 哪天 哪一天 何时 几月几号 啥时候 什么时间 哪个月 具体哪天",
    "year": "哪年 哪一年 什么时候 何时 几几年 啥时候",
    "person": "谁 哪位 什么人 哪个人 谁 谁",
    "place": "哪里 哪个地方 什么地方 哪儿 哪个国家 哪个城市 哪国 哪个省 啥地方",
    "organisation": "谁 哪家公司 哪个机构 哪家单位 什么机构 哪个部门 哪家 什么单位 哪个组织",
    "quoted": "什么 什么 啥 哪个 什么名字 哪部 哪一个",
    "what": "什么 哪些 啥 什么 哪些内容 哪个",
}
_ASK_BY_ENDING = (
    ("大学", "哪所大学"), ("医院", "哪家医院"), ("法院", "哪个法院"), ("公司", "哪家公司"),
    ("银行", "哪家银行"), ("局", "哪个部门"), ("部", "哪个部门"),
)  # fmt: skip
_TAIL = ("？", "？", "？", "", "", "呢？", "呢", "啊？", "来着？")
_OPENING = ("请问", "想问下", "那个", "我想知道", "听说", "问一下", "帮我查下")
_OPPOSITES = (
    "进口 出口,增长 下降,上升 下跌,上涨 下跌,最高 最低,最大 最小,最多 最少,"
    "上半年 下半年,一季度 三季度,同比 环比,城镇 农村,男 女,收入 支出,买入 卖出,"
    "第一 第三,首次 第二次,国内 国外,省级 市级,去年 前年,今年 明年,产量 销量,"
    "总额 净额,利润 亏损,入境 出境,东部 西部,南方 北方,北京 上海,美国 日本,"
    "中国 印度,俄罗斯 乌克兰,广东 江苏,浙江 山东,欧盟 东盟,小学 中学,本科 硕士,"
    "新能源 燃油,价格 数量,人口 面积,会长 秘书长,主席 副主席,总统 总理,部长 副部长,"
    "开始 结束,成立 解散,生产 销售,死亡 受伤,原告 被告,贷款 存款,铁路 公路,"
    "客运 货运,面积 高度"
)


@dataclass(frozen=True, slots=True)
class Words:
    """The thesaurus as plain maps of keys."""

    lay: dict[str, list[str]]  # formal → as it is said
    similar: dict[str, list[str]]
    english: dict[str, list[str]]  # Chinese → English
    names: list[list[str]]  # groups that mean the same; neighbours are of a kind


class Maker:
    def __init__(self, cut: Any, tags: dict[str, str], words: Words) -> None:
        self._cut = cut
        self._tags = tags
        self.words = words
        self._group = {t: i for i, g in enumerate(words.names) for t in g if len(t) > 1}
        self._opposite: dict[str, str] = {}
        for pair in _OPPOSITES.split(","):
            one, other = pair.split()
            self._opposite |= {one: other, other: one}

    def cut(self, text: str) -> list[str]:
        return list(self._cut(text))

    def tag(self, word: str) -> str:
        return self._tags.get(word, "n" if len(word) > 1 else "x")

    def answers(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, type) of what can be asked for in a sentence; spans do not overlap."""
        found: list[tuple[int, int, str]] = []
        free = [True] * len(text)

        def add(start: int, end: int, kind: str) -> None:
            if 0 < end - start <= 40 and all(free[start:end]):
                found.append((start, end, kind))
                free[start:end] = [False] * (end - start)

        for match in _QUOTED.finditer(text):
            add(match.start(1), match.end(1), "quoted")
        for match in _DATE.finditer(text):
            add(*match.span(), "date" if "月" in match.group() else "year")
        for match in _REASON.finditer(text):
            if all(free[slice(*match.span(1))]):
                found.append((*match.span(1), "why"))
        for match in _NUMBER.finditer(text):
            if len(match.group()) > 1:
                add(*match.span(), "number")
        at, run = 0, -1
        places: list[tuple[int, int]] = []
        for word in self.cut(text):
            tag = self.tag(word)
            end = at + len(word)
            if run < 0 and (tag[:2] in ("ns", "nt", "nz", "nr") or (tag == "n" and len(word) > 2)):
                run = at
            if run >= 0 and _ORGANISATION.search(word) and end - run > 3:
                add(run, end, "organisation")
                run = -1
            elif tag[:1] not in ("n", "v", "a", "b", "j", "x") or end - run > 16:
                run = -1
            if tag in ("nr", "nrt", "nrfg") and len(word) > 1:
                add(at, end, "person")
            elif tag == "ns" and len(word) > 1:
                places.append((at, end))
            at = end
        for start, end in places:
            add(start, end, "place")
        for match in _OBJECT.finditer(text):
            add(*match.span(1), "what")
        return found

    def ask(self, text: str, start: int, end: int, kind: str, rng: random.Random) -> str | None:
        """A question whose answer is `text[start:end]`; None where too little remains."""
        left = max((m.end() for m in _CLAUSE_END.finditer(text, 0, start)), default=0)
        match = _CLAUSE_END.search(text, end)
        right = match.start() if match else len(text)
        before, after = text[left:start], text[end:right]
        context = ""
        if left > 1 and (rng.random() < 0.5 or len(before) + len(after) < 8):
            previous = [m.end() for m in _CLAUSE_END.finditer(text, 0, left - 1)]
            context = text[max(previous, default=0) : left - 1][-22:]
        if kind == "why":
            rest = re.sub(_REASON, "", text)
            clauses = [c for c in re.split(r"[，。；：,;:]", rest) if len(c) > 4]
            if not clauses:
                return None
            rest = self._noisy(rng.choice(clauses[:3])[:28], rng, 0.15)
            forms = ("为什么{}", "{}为什么", "{}的原因是什么", "为啥{}", "{}是因为什么", "{}为何",
                     "{}怎么回事", "因为啥{}", "什么原因导致{}", "{}的主要原因")  # fmt: skip
            return self._ended(rng.choice(forms).format(rest), rng)
        ask = self._word(text[start:end], kind, rng)
        drop = rng.choice((0.05, 0.1, 0.2, 0.4))
        before, after = self._noisy(before, rng, drop), self._noisy(after, rng, drop)
        context = self._noisy(context, rng, drop)
        if len(context) + len(before) + len(after) < 5:
            return None
        form = rng.random()
        if form < 0.45:
            out = context + before + ask + after
        elif form < 0.65:
            stem = re.sub(r"(?:达到|达|为|是|有|约|近|超过|超|共|在|于|了)+$", "", before)
            link = rng.choice(("是", "", "有", "的是", "到底是", "大概", "达到"))
            out = f"{context}{after if rng.random() < 0.4 else ''}{stem}{link}{ask}"
        elif form < 0.8:
            out = f"{ask}{after}{before}" if rng.random() < 0.5 else f"{before}{after}是{ask}"
            out = context + out if rng.random() < 0.5 else out
        else:
            content = [w for w in self.cut(context + before + after) if self._weighs(w)]
            content = [w for w in content if rng.random() > 0.25] or content
            if rng.random() < 0.3:
                rng.shuffle(content)
            content.insert(rng.choice((0, len(content), len(content))), ask)
            out = "".join(content)
        out = re.sub(r"[“”\"《》「」『』（()）\s]", "", out) if rng.random() < 0.8 else out
        return self._ended(out[-44:], rng) if len(out) >= 6 else None

    def _word(self, answer: str, kind: str, rng: random.Random) -> str:
        if kind != "number":
            words = _ASK[kind].split()
            if kind == "organisation":
                for ending, ask in _ASK_BY_ENDING:
                    if answer.endswith(ending):
                        words = [*words[:1], *[ask] * 5]
            return rng.choice(words)
        unit = re.sub(r"^[\d,.]+[万亿千百]*(?:多|余)?", "", answer)
        if unit in ("%", "‰"):
            return rng.choice(("多少", "百分之多少", "百分之几", "多大比例", "几成", "几个点"))
        if "元" in unit or unit == "人民币":
            return rng.choice((f"多少{unit}", "多少钱", "多少", "多少资金"))
        return rng.choice((f"多少{unit}", f"多少{unit}", f"几{unit}", "多少", "几", "多大"))

    def _weighs(self, word: str) -> bool:
        return word[0].isalnum() and (len(word) > 1 or self.tag(word)[:1] in ("n", "m"))

    def _noisy(self, text: str, rng: random.Random, drop: float) -> str:
        kept = []
        for word in self.cut(text):
            weighs = self._weighs(word)
            if rng.random() < (drop * 0.7 if weighs else drop):
                continue
            kept.append(self._said(word, rng))
        if len(kept) > 3 and rng.random() < 0.15:
            i = rng.randrange(len(kept) - 1)
            kept[i], kept[i + 1] = kept[i + 1], kept[i]
        return "".join(kept)

    def _said(self, word: str, rng: random.Random) -> str:
        if rng.random() < 0.2 and (lay := self.words.lay.get(word)):
            return rng.choice(lay)
        if rng.random() < 0.12 and (other := self.words.similar.get(word)):
            return rng.choice(other)
        return word

    def _ended(self, text: str, rng: random.Random) -> str:
        opening = rng.choice(_OPENING) if rng.random() < 0.08 else ""
        return opening + text + rng.choice(_TAIL)

    def reworded(self, question: str, rng: random.Random) -> str:
        """A real question in other words, of the same meaning."""
        out = []
        for word in self.cut(question):
            out.append("" if word in "的了吗呢请问" and rng.random() < 0.3 else
                       self._said(word, rng))  # fmt: skip
        return "".join(out)

    def in_english(self, question: str, rng: random.Random) -> str | None:
        """Word by word; None where less than two thirds of the words are known."""
        asked = {"多少": "how much", "谁": "who", "哪里": "where", "什么": "what", "为什么": "why",
                 "什么时候": "when", "何时": "when", "哪": "which", "如何": "how", "怎么": "how",
                 "哪些": "which", "几": "how many"}  # fmt: skip
        out, known, total = [], 0, 0
        for word in self.cut(question):
            if not word[0].isalnum():
                continue
            if word.isascii():
                out.append(word)
                continue
            total += len(word) > 1
            if word in asked:
                out.insert(0, asked[word])
                known += len(word) > 1
            elif found := self.words.english.get(word):
                out.append(rng.choice(found))
                known += len(word) > 1
        if total < 2 or known < 0.66 * total:
            return None
        glue = "the of in to is was for on by did"
        spoken = []
        for word in out:
            if rng.random() < 0.35:
                spoken.append(rng.choice(glue.split()))
            spoken.append(word)
        return " ".join(spoken) + rng.choice(("?", ""))

    def swapped(
        self, question: str, held: str, others: Sequence[str], rng: random.Random
    ) -> str | None:
        """The question asked of something else: what `held` does not say. None: nothing to swap.

        `others`: words that may stand in.
        """
        words = self.cut(question)
        ways: list[tuple[float, int, str]] = []
        for i, word in enumerate(words):
            after = words[i + 1] if i + 1 < len(words) else ""
            if word.isdigit() and len(word) == 4 and word[:2] in ("19", "20"):
                new = str(int(word) + rng.choice((-3, -2, -1, 1, 2, 3)))
                ways.append((2, i, new))
            elif (
                re.fullmatch(r"\d{1,6}(?:\.\d+)?", word)
                and word.isascii()
                and (len(word) > 1 or after[:1] in "月日年号届个")
            ):
                value = max(1, int(float(word) + rng.choice((-3, -2, -1, 1, 2, 4, 7))))
                ways.append((1, i, str(value)))
            elif word in self._opposite:
                ways.append((2, i, self._opposite[word]))
            elif word in self._group:
                place = self._group[word] + rng.choice((-6, -4, -3, -2, -1, 1, 2, 3, 5, 8))
                near = self.words.names[place % len(self.words.names)]
                near = [t for t in near if not t.isascii() and len(t) < 9]
                if near and word not in near:
                    ways.append((3, i, near[0]))
            elif len(word) > 1 and self.tag(word)[:1] == "n" and not word.isascii():
                same = [o for o in others if o != word and self.tag(o)[:2] == self.tag(word)[:2]]
                if same:
                    weight = 2.0 if self.tag(word) in ("nr", "ns", "nt", "nz") else 0.7
                    ways.append((weight, i, rng.choice(same)))
        ways = [w for w in ways if w[2] not in held and words[w[1]] != w[2]]
        if not ways:
            return None
        _, i, new = rng.choices(ways, [w[0] for w in ways])[0]
        return "".join([*words[:i], new, *words[i + 1 :]])
