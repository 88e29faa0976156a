"""A question → what is looked for: its matching key with question words and politeness blanked.

Blanked characters become spaces, so every offset stays an offset into the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from index.segmenting import key
from rag.hints import hints_of
from rag.spellings import spellings_of

MAX_QUESTION_CHARS = 2_000

_POLITE = (
    r"请问一下|请问|麻烦问一下|麻烦|劳驾|想问一下|想问问|问一下|问下|我想知道|想知道|我想了解|"
    r"帮我查一下|帮我查查|帮我看看|帮我|告诉我|说说看|说一下|说说|讲讲|谢谢|多谢|你好|您好|"
    r"到底|究竟|来着|好像|是不是|有没有|能不能|会不会|可不可以|据说|听说"
)
_ASKING = (
    r"为什么|为啥|为何|凭什么|凭啥|怎么回事|怎么样|怎么着|怎么|怎样|咋样|咋的|咋|如何|干嘛|干吗|"
    r"百分之多少|百分之几|百分之|多少个|多少|几个|几成|几号|几月|几点|几年|几家|第几|好几|几(?!内亚|何|乎|率)|"
    r"(?<![很许众诸])多[大高长久远快深宽](?![校企])|多重(?=[的了啊呢吗]|[^㐀-鿿]|$)|哪一年|哪年|哪一天|哪天|哪个月|哪一个|哪一家|哪个|哪家|哪些|哪几个|"
    r"哪几|哪位|哪里|哪儿|哪国|哪|什么时候|什么时间|啥时候|啥时|什么样|什么|啥子|啥|谁|"
    r"(?<!任)何[时种处人在以]|(?<=[有作缘因])何|(?<![任几])何(?![㐀-鿿])|"
    r"是否|吗|呢|(?<![酒网贴])吧|啊|呀|嘛|哈+(?![㐀-鿿])|哦|呗|没有|了没|没$|的话|分别|各自|各是|各有"
)
_ENGLISH = (
    r"\b(?:(?:the|these|my|our) (?:documents|sources|files) (?:say|mention|tell us)|"
    r"please|could you|can you|tell me|i want to know|do you know|what's|who's|how many|"
    r"how much|how long|how often|how far|how big|how high|how|what|when|where|which|who|whom|"
    r"whose|why|is|are|was|were|be|been|being|do|does|did|has|have|had|will|would|can|could|"
    r"shall|should|may|might|must|the|a|an|of|in|on|at|to|for|from|by|with|about|as|into|than|"
    r"per|its|it|their|they|them|his|her|he|she|this|that|these|those|there|and|or|not|if|so|"
    r"such|any|some|many|much|more|most|does|s|according|during|between|one|thing)\b"
)
_STOP = re.compile(f"{_POLITE}|{_ASKING}|{_ENGLISH}")
_POINTING = "那这该份篇个期段条张部本集则些"
_SURROGATE = re.compile("[\ud800-\udfff]")
_LATIN_WORD = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[㐀-鿿豈-﫿]")

# Characters that hold a sentence together and say nothing alone.
FUNCTION_WORDS = frozenset(
    """
    的 了 是 在 和 与 及 或 对 把 被 给 让 跟 同 为 从 到 于 以 而 且 也 都 就 才 又 还 再 很
    最 更 这 那 这个 那个 这些 那些 这种 那种 这次 那次 这样 那样 它 他 她 我 你 您 我们 你们
    他们 咱 咱们 自己 人家 大家 里 里面 上 下 中 外 内 前 后 边 那边 这边 个 些 种 家 点 一
    一个 一些 一下 有 没 不 要 会 能 可 可以 能够 该 应该 得 地 着 过 去 来 说 讲 叫 做 干 弄
    搞 用 拿 往 向 比 跑 看 想 之 其 所 等 等等 以及 因为 所以 但 但是 如果 虽然 只 只有 那帮
    一共 总共 大概 大约 左右 时候 东西 事 事儿 样 一样 现在 目前 已经 正在 关于 称 表示 认为
    觉得 打算 计划
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class NormalisedQuestion:
    """A question made ready for look-up. `content` and `key` are as long as `text`."""

    text: str  # as asked
    key: str  # its matching key
    content: str  # the key with question words and politeness blanked
    language: str  # "zh" or "en"
    # Stretches of the key and how documents may write them: (start, end, spellings).
    spellings: tuple[tuple[int, int, tuple[str, ...]], ...]

    @property
    def is_empty(self) -> bool:
        """Nothing is left to look for: a greeting, a bare question word."""
        return not any(c.isalnum() for c in self.content)


def normalise(text: str, as_of: date) -> NormalisedQuestion:
    """Offsets are kept; relative years are resolved against `as_of`."""
    text = _SURROGATE.sub("\ufffd", text)  # half a pair is no character and has no bytes
    keyed = key(text)
    mixed = text != text.upper()

    def blanked(match: re.Match[str]) -> str:
        word = text[match.start() : match.end()]
        # WHO and IT are names where the rest is not in capitals; so is May within a sentence.
        if word.isascii() and word.isalpha() and len(word) > 1 and mixed and word.isupper():
            return match.group()
        if word == "May" and match.start():
            return match.group()
        return " " * len(word)

    content = _STOP.sub(blanked, keyed)
    for start, end in hints_of(keyed).spans:
        # 那份报告里, 音频里: where it stands, not what is asked. 政府工作报告 is a name.
        if not start or not _HAN.match(keyed[start - 1]) or keyed[start - 1] in _POINTING:
            content = content[:start] + " " * (end - start) + content[end:]
    spellings = tuple(spellings_of(keyed, as_of))
    return NormalisedQuestion(text, keyed, content, language(text), spellings)


def language(text: str) -> str:
    """ "en" where Latin words outnumber Chinese characters by far, else "zh"."""
    han = len(_HAN.findall(text))
    latin = len(_LATIN_WORD.findall(text.lower()))
    return "en" if latin > 2 * han and (latin > 1 or not han) else "zh"
