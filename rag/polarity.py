"""Which way a sentence points: what it denies, and whether things rise, exceed, precede.

A statement is read clause by clause; each of its clauses is held against the clause of the sources
that says most of the same. All texts here are matching keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.segmenting import grams

_CLAUSE = re.compile(
    r"[,，;；。!！?？:：\n]|(?<!\d)\.(?!\d)| but | while | whereas |而是|但是?|却|然而"
)
# Words that hold a sign of denial and deny nothing, or whose sense is a direction.
_NO_DENIAL = re.compile(
    r"不仅|不但|不只|不光|不断|不同|不过|不少|不管|不论|不得不|不可避免|"
    r"差不多|了不起|对不起|不久|不时|不止|不约而同|"
    r"不等于?|不一(?=[的,，。]|$)|不到|不足|不低于|不少于|不高于|不超过|"
    r"不大于|不小于|不晚于|不早于|"
    r"无论|无数|无不|无非|无人(?=机|驾|区|车)|无线|无锡|无烟|未来|未免|"
    r"未尝不|非常|除非|非洲|非法|非银|非农|非遗|非金属|非正式|"
    r"莫过于|没收|别的|别人|特别|分别|区别|性别|级别|类别|个别|差别|识别|"
    r"别墅|告别|鉴别|否则|能否|是否|与否|会不会|是不是|有没有|能不能|"
    r"并非不|not only|no more than|no less than|no longer than|no later than|not more than|"
    r"not less than|notwithstanding|nothing but|no doubt|nonetheless"
)
_DENIAL = re.compile(
    r"从未|并未|尚未|未曾|未能|没有|并没|并非|并不|不再|不得|不能|不会|不可|"
    r"不用|不必|不需|不是|毫无|绝不|决不|"
    r"不|没|未|无(?!锡)|非(?=[^洲常])|勿|莫|"
    r"\bnot\b|n't\b|\bcannot\b|\bnever\b|\bwithout\b|\bneither\b|\bnor\b|\bnone\b|\bno\b"
)
# Denies in its own sense; answers a denial of the other side, and asks for none itself.
_SOFT = re.compile(
    r"禁止|拒绝|否认|缺乏|缺少|免除|免[征收缴交费]|暂停|停止|取消|反对|避免|"
    r"例外|除外|失败|难以|不到|不足|不等|不一|"
    r"不含|不包括|不计|以外|之外|空白|为零|零|从缺|保留|照旧|非法|仅|只|维持|保持|持平|原样|缺|"
    r"\bfail|\brefus|\bden[iy]|\black|\bprohibit|\bforbid|\bban\b|\bbanned|\bstop|\bunable|\bun\w+|"
    r"\bexclud|\bexcept|\bavoid|\bhardly|\bbarely|\bsuspend|\babsen|"
    r"\bonly\b|\bzero\b|\bremain|\binstead\b|\brather\b"
)
_WORD_AFTER = re.compile(
    r"\s*(?:(?:an?|the|to|be|been|yet|any|so|as|in|of|for) )*(?:[a-z]+|[㐀-鿿]{2}|[㐀-鿿])"
)
_NEAR, _NEAR_LATIN = 6, 20  # characters between a denial and what it denies

# class: (one way, the other way)
_WAYS: dict[str, tuple[str, str]] = {
    "rise": (
        r"增长|增加|升到|涨到|增到|回升|上升|上涨|提高|提升|攀升|走高|回升|上调|上行|扩大|扩张|增至|"
        r"升至|涨至|增幅|涨幅|升高|增多|走强|抬升|翻番|多了|涨了|"
        r"同比增|环比增|增速|飙升|高出|\bincreas|\bris(?:e|es|en|ing)\b|"
        r"\brose\b|\bgr[eo]w|\bhigher\b|\bclimb|\bgain|\bexpand|\bup\b|"
        r"\bsurg|\braised?\b|\bmore\b",
        r"下降|减少|降到|跌到|减到|[少低](?=了?\s?\d)|下跌|降低|下滑|回落|走低|下调|下行|缩小|收窄|萎缩|降至|跌至|"
        r"减至|降幅|跌幅|缩减|走弱|腰斩|少了|跌了|降了|削减|压缩|"
        r"同比降|环比降|骤降|低了|\bdecreas|\bfall(?:s|en|ing)?\b|\bfell\b|"
        r"\bdeclin|\bdrop|\blower|\bshr[iau]nk|\bcuts?\b|"
        r"\bcontract(?:ed|ing)\b|\bdown\b|\breduc|\bless\b|\bfewer\b|\bplung",
    ),
    "more": (
        r"(?<!不)高于|(?<!不)超过|(?<!不)多于|(?<!不)大于|以上|逾|不低于|不少于|"
        r"不小于|突破|超出|至少|起码|"
        r"\bmore than\b|(?<!no )(?<!not )\bexceed|\babove\b|\bover\b|"
        r"\bat least\b|\bno less than\b|\bnot less than\b",
        r"(?<!不)低于|(?<!不)少于|(?<!不)小于|不足|不到|以下|不高于|不超过|"
        r"不多于|不大于|至多|最多|以内|"
        r"\bless than\b|\bbelow\b|\bunder\b|\bfewer than\b|\bat most\b|\bno more than\b|\bup to\b",
    ),
    "length": (r"延长|\blengthen|\bextend", r"缩短|\bshorten"),
    "trade": (r"出口|外销|\bexport", r"进口|\bimport"),
    "balance": (r"顺差|盈余|\bsurplus", r"逆差|赤字|\bdeficit"),
    "profit": (r"盈利|获利|净利润|\bprofit", r"亏损|\bloss(?:es)?\b"),
    "high": (
        r"最高|最大|最多|最快|最强|最贵|最长|最好|\bhighest\b|\blargest\b|"
        r"\bmost\b|\bmaximum\b|\bfastest\b|上限",
        r"最低|最小|最少|最慢|最弱|最便宜|最短|最差|\blowest\b|\bsmallest\b|"
        r"\bleast\b|\bminimum\b|\bslowest\b|下限",
    ),
    "allow": (
        r"允许|准许|批准|获准|可以|\ballow|\bpermit|\bapprov",
        r"禁止|不准|不得|严禁|不允许|否决|\bban\b|\bbann|\bforbid|\bprohibit",
    ),
    "order": (
        r"之前|以前|早于|先于|提前|\bbefore\b|\bearlier than\b|\bprior to\b",
        r"之后|以后|晚于|迟于|推迟|延后|\bafter\b|\blater than\b|\bpostpon|"
        r"\bdelay",
    ),
    "support": (
        r"支持|赞成|同意|\bsupport|\bfavou?r|\bagree",
        r"反对|抵制|\boppos|\bagainst\b|\bdisagree",
    ),
    "pace": (r"加快|加速|提速|\baccelerat|\bfaster\b", r"放缓|减速|放慢|\bslow"),
    "strength": (r"加强|增强|强化|\bstrengthen", r"削弱|减弱|弱化|\bweaken"),
    "grip": (r"收紧|从严|\btighten", r"放宽|放松|松绑|\brelax|\bloosen|\beased?\b"),
    "trading": (r"买入|购入|增持|买进|\bbought\b|\bbuy", r"卖出|售出|减持|抛售|\bsold\b|\bsell"),
    "money": (r"收入|\brevenue|\bincome", r"支出|\bexpen[sd]"),
    "rank": (
        r"领先|优于|强于|好于|\bahead\b|\bbetter than\b|\boutperform",
        r"落后|劣于|弱于|差于|\bbehind\b|\bworse than\b|\blag",
    ),
    "opening": (
        r"开始|启动|开放|恢复|\bbegan\b|\bbegin|\bstart|\bresum",
        r"停止|结束|关闭|终止|暂停|\bended\b|\bstop|\bclos|\bsuspend",
    ),
}
_COMPILED = {name: (re.compile(a), re.compile(b)) for name, (a, b) in _WAYS.items()}
_EVERY_WAY = re.compile("|".join(part for pair in _WAYS.values() for part in pair))
# Either side of such a word may not change places: A exceeds B.
_COMPARES = re.compile(
    r"高于|低于|超过|多于|少于|大于|小于|早于|晚于|优于|领先|落后于|强于|"
    r"弱于|比(?![例重如较方率上增去])|\bthan\b|\bexceed\w*|\boutperform\w*"
)


@dataclass(frozen=True, slots=True)
class Turned:
    """A clause that says the contrary of its sources, and how it was noticed."""

    kind: str  # "negation" or "direction"
    clause: str


def turned(statement: str, sources: Sequence[str], *, same_language: bool = True) -> list[Turned]:
    """Clauses of the statement that deny what the sources affirm, or point the other way."""
    theirs = [clause for source in sources for clause in clauses(source)]
    whole = "\n".join(sources)
    found: list[Turned] = []
    for clause in clauses(statement):
        aligned = _aligned(clause, theirs) if same_language else [whole]
        if _denies_otherwise(clause, aligned, whole, same_language):
            found.append(Turned("negation", clause))
        if _points_otherwise(clause, aligned, whole) or (
            same_language and _changed_places(clause, aligned)
        ):
            found.append(Turned("direction", clause))
    return found


def points(text: str) -> bool:
    """Whether a text holds a word of direction."""
    return _EVERY_WAY.search(text) is not None


def aligned_with(clause: str, sources: Sequence[str]) -> list[str]:
    """Clauses of the sources that say most of what `clause` says."""
    return _aligned(clause, [c for source in sources for c in clauses(source)])


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, _CLAUSE.split(text)) if part)


@lru_cache(maxsize=4096)
def _content(clause: str) -> frozenset[str]:
    return frozenset(grams(_EVERY_WAY.sub(" ", _DENIAL.sub(" ", clause))))


def _aligned(clause: str, theirs: Sequence[str]) -> list[str]:
    """The clauses of the sources that say most of the same; several where they are as near."""
    own = _content(clause)
    scored = [(len(own & _content(other)), other) for other in theirs]
    best = max((score for score, _ in scored), default=0)
    if not best:
        return list(theirs)
    return [other for score, other in scored if score >= max(1, 0.9 * best)]


# --- denial --------------------------------------------------------------------------------------


def _denials(clause: str) -> Iterator[tuple[int, int]]:
    """Spans of what denies; words that only look like it are blanked first."""
    blanked = _NO_DENIAL.sub(lambda m: "_" * len(m.group()), clause)
    for match in _DENIAL.finditer(blanked):
        yield match.span()


def _near(text: str) -> int:
    return _NEAR_LATIN if text.isascii() else _NEAR


def _denied(clause: str) -> list[str]:
    """For each denial the word right after it: what is denied."""
    found = []
    for _, end in _denials(clause):
        match = _WORD_AFTER.match(clause, end)
        found.append(match.group().strip() if match else "")
    return found


def _is_denied(clause: str, word: str) -> bool:
    """Whether some denial stands right before `word`."""
    ends = [end for _, end in _denials(clause)]
    at = clause.find(word)
    while at >= 0:
        if any(0 <= at - end <= _near(clause) for end in ends):
            return True
        at = clause.find(word, at + 1)
    return False


def _denies_otherwise(clause: str, aligned: Sequence[str], whole: str, same: bool) -> bool:
    ours = _denied(clause)
    if not same:
        theirs = any(True for _ in _denials(whole)) or _SOFT.search(whole) is not None
        return bool(ours) and not theirs
    joined = "\n".join(aligned)
    for word in ours:
        if word and word in whole:
            if not _is_denied(whole, word) and not _softened(whole, word):
                return True
        elif not any(True for _ in _denials(joined)) and not _SOFT.search(joined):
            return True
    # What the sources only deny, and the statement only affirms.
    for word in _denied(whole):
        affirmed = word in clause and not _is_denied(clause, word) and not _softened(clause, word)
        if word and affirmed and _is_always_denied(whole, word):
            return True
    if ours or _SOFT.search(clause):
        return False
    # Every clause that is as near denies: what one of them affirms may be what is said.
    return bool(aligned) and all(
        any(word and word in clause and not _is_denied(clause, word) for word in _denied(other))
        for other in aligned
    )


def _softened(text: str, word: str) -> bool:
    """Whether what denies in its own sense stands right before `word`."""
    at = text.find(word)
    while at >= 0:
        if _SOFT.search(text[max(0, at - _near(text)) : at]):
            return True
        at = text.find(word, at + 1)
    return False


def _is_always_denied(text: str, word: str) -> bool:
    ends = [end for _, end in _denials(text)]
    at = text.find(word)
    while at >= 0:
        if not any(0 <= at - end <= _near(text) for end in ends):
            return False
        at = text.find(word, at + 1)
    return True


# --- direction -----------------------------------------------------------------------------------


def _points_otherwise(clause: str, aligned: Sequence[str], whole: str) -> bool:
    joined = "\n".join(aligned)
    for ways in _COMPILED.values():
        for way, other in (ways, ways[::-1]):
            if not way.search(clause) or other.search(clause):
                continue
            for text in (joined, whole):
                there, opposite = way.search(text), other.search(text)
                if there:
                    break
                if opposite:
                    return True
    return False


def _changed_places(clause: str, aligned: Sequence[str]) -> bool:
    """A exceeds B, and the sources say that B exceeds A."""
    match = _COMPARES.search(clause)
    if match is None:
        return False
    before, after = _sides(clause, match)
    before, after = before - after, after - before
    if not before or not after:
        return False
    for other in aligned:
        theirs = re.search(re.escape(match.group()), other)
        if theirs is None:
            continue
        left, right = _sides(other, theirs)
        left, right = left - right, right - left
        if before & right and after & left and not (before & left or after & right):
            return True
    return False


def _sides(clause: str, match: re.Match[str]) -> tuple[set[str], set[str]]:
    return set(grams(clause[: match.start()])), set(grams(clause[match.end() :]))
