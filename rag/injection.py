"""Sentences that speak to a model instead of a reader: they are not given to one.

Documents are data. What a model is made to say must still pass rag/support.py; this keeps a
sentence that gives orders from being what a statement rests on. Looked for by what such sentences
must say (put rules aside, play a part, answer this, give the key away, send it somewhere), in
Chinese and English, with look-alike letters, hidden characters and spacing undone, and over
sentences that only together give the order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from index.segmenting import key

_WINDOW = 3  # sentences that may give one order together
_AFTER = 2  # sentences after an order
# Cyrillic and Greek letters that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛѡквнтмзгьαονρτυικηγεωβζχѵցոսｌ",
    "aeopcyxijshdqwkbhtm3rbaovptuiknyewbzxvgnul",
)
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_SPACED = re.compile(r"(?<![a-z])(?:[a-z][ ._\-*]){3,}[a-z](?![a-z])")
_HAN_SPACED = re.compile(r"(?<=[㐀-鿿])[\s._*|/\-]+(?=[㐀-鿿])")

_RULES_ZH = (
    r"(?:指令|指示|规则|规定|要求|设定|提示词?|约束|限制|命令|系统|对话|"
    r"上下文|说明|角色|身份|资料|原文|引文|内容|编号)"
)
_ASIDE_ZH = (
    r"(?:忽略|无视|忘记|忘掉|抛弃|丢弃|跳过|覆盖|不要理会|不必理会|不用管|"
    r"别管|不理|停止遵守|不再遵守|绕过|推翻|作废)"
)
_MODEL_ZH = r"(?:模型|助手|机器人|人工智能|ai|llm|gpt|chatgpt|deepseek|通义|文心|豆包|kimi|大模型)"
_TELL_ZH = (
    r"(?:回答|回复|输出|答复|告诉用户|声称|写明|改成|改为|宣布|断言|返回|"
    r"打印|附上|插入|加上|嵌入|说)"
)
_ORDERS = re.compile(
    "|".join((
        # put the rules aside
        rf"{_ASIDE_ZH}[^。\n]{{0,20}}(?:以上|上面|上述|之前|前面|此前|先前|所有|"
            rf"全部|一切|任何|系统|原有|你的|这些|其他|"
            rf"其它)[^。\n]{{0,14}}{_RULES_ZH}?",
        rf"{_ASIDE_ZH}[^。\n]{{0,14}}(?:指令|指示|提示词|系统提示|规则)",
        r"(?:以上|之前|此前)[^。\n]{0,10}(?:指令|指示|规则|"
            r"提示词?)[^。\n]{0,10}(?:作废|失效|无效|取消|不算|忽略)",
        r"\b(?:ignore|disregard|forget|override|bypass|skip|discard|"
            r"drop)\b[^.\n]{0,40}\b(?:previous|above|prior|earlier|all|any|"
            r"preceding|system|your|these|other|foregoing)\b[^.\n]{0,40}",
        r"\b(?:ignore|disregard|forget|override|"
            r"bypass)\b[^.\n]{0,20}\b(?:instruction|rule|prompt|guideline|context|"
            r"source)",
        r"\bnew (?:instruction|rule|task|system prompt)s?\b|\bfollow (?:these|"
            r"my|the following) (?:instruction|rule|order)",
        r"新的?(?:指令|任务|规则|系统提示)\s*[:：是]|(?:执行|遵循|遵守|服从|"
            r"按照)(?:以下|下面|下列|新|我)的?(?:新)?(?:指令|命令|指示|步骤)",
        # play a part, fake roles
        r"(?:你现在是|从现在起你|从现在开始,?你|你将扮演|请扮演|假装你|你不再是|"
            r"你的新身份|进入[^。\n]{0,8}模式)",
        r"\byou are (?:now|no longer)\b|\bact as\b|\bpretend (?:to be|you|"
            r"that)\b|\bdeveloper mode\b|\bjailbr|\bdan mode\b|\broleplay\b|"
            r"\bfrom now on,? you\b",
        r"<\|?/?(?:im_start|im_end|system|assistant|user|endoftext|inst|"
            r"sys)[^>]{0,20}\|?>|\[/?(?:inst|system|sys)\]|<<sys>>|"
        r"(?:^|\n|\s)#{0,3}\s?(?:system|assistant|user|系统|助手|"
            r"用户)\s?(?:prompt|message|消息|提示)?\s?[:：]",
        r"</?(?:documents?|sources?|context|data|instructions?|tool[^>]{0,12}|"
            r"function[^>]{0,12}|资料|指令)>|\bend of (?:documents?|sources?|"
            r"context|data)\b|资料(?:到此)?结束",
        # to a model, what to say
        rf"(?:致|给|对|请|所有|任何|"
            rf"各位)[^。\n]{{0,12}}{_MODEL_ZH}[^。\n]{{0,24}}(?:请|必须|务必|应当|"
            rf"应该|须|需要|不得|要|只|都)?[^。\n]{{0,10}}{_TELL_ZH}",
        rf"{_MODEL_ZH}(?:们)?[^。\n]{{0,10}}(?:请|必须|务必|须|应当|应|只能|一律|"
            rf"都要)[^。\n]{{0,16}}{_TELL_ZH}",
        rf"(?:你|您)(?:必须|务必|只能|应当|应该|须|需要|一律|要|得)[^。\n]{{0,12}}{_TELL_ZH}",
        rf"(?:如果|若|当|凡是?|无论|不管|只要)[^。\n]{{0,24}}(?:问|提问|询问|"
            rf"被问)[^。\n]{{0,24}}{_TELL_ZH}",
        r"(?:请|务必|一律|直接|只需|只要|必须|就)(?:改)?(?:回答|回复|输出|答复|"
            r"返回|打印|复述)(?:[:：\"“「']|[^。\n]{0,12}[:：\"“「'])",
        r"(?:答案|回答|结论)(?:一律|统一|必须|应该|应当|务必)(?:写|是|为|改|写成|改成|改为)",
        r"\b(?:ai|language model|assistant|llm|chatbot|gpt|bot|"
            r"model)s?\b[^.\n]{0,40}\b(?:must|should|shall|please|need to|have to|"
            r"are to|is to|will|do not)\b[^.\n]{0,40}\b(?:answer|say|reply|respond|"
            r"output|print|write|state|report|tell|claim|cite|include|append)",
        r"\b(?:if|when|whenever)\b[^.\n]{0,30}\b(?:asked|ask|question|"
            r"queried)\b[^.\n]{0,50}\b(?:answer|say|reply|respond|output|state|tell|"
            r"claim)",
        r"\byou (?:must|should|shall|will|have to|need to|"
            r"are to)\b[^.\n]{0,30}\b(?:answer|say|reply|respond|output|print|write|"
            r"state|tell|claim|cite|ignore|reveal|repeat|append|include)\b",
        r"(?:^|[.!?:;\n]\s*|please )(?:answer|reply|respond|output|print|say|"
            r"repeat|append|insert)\b[^.\n]{0,20}(?::|\"|“|with\b|only\b|that\b|"
            r"exactly\b)",
        r"\b(?:the (?:only )?correct answer is)\b|正确答案(?:只有|一定|必须|其实)?(?:是|为)",
        # give secrets away
        r"(?:泄露|透露|公开|说出|给出|输出|打印|显示|复述|告诉我?|展示|交出|"
            r"列出|发送|提供)[^。\n]{0,14}(?:密钥|api[ _-]?key|口令|密码|令牌|token|"
            r"系统提示|提示词|system prompt|初始指令|环境变量)",
        r"\b(?:reveal|print|show|leak|output|repeat|give|send|tell|display|"
            r"expose|disclose)\b[^.\n]{0,30}\b(?:api[ _-]?keys?|passwords?|secrets?|"
            r"system prompt|hidden prompt|credentials?|tokens?|"
            r"environment variables?|your (?:instructions|prompt))\b",
        # send things somewhere
        r"!\[[^\]]{0,80}\]\([^)]{0,200}\)|<img\b|<script\b|<iframe\b|javascript:|data:text/html",
        r"(?:点击|访问|打开|加载|请求|嵌入|插入|附上|加上)[^。\n]{0,16}(?:链接|"
            r"网址|图片|图像|https?:|www\.)[^。\n]{0,60}(?:答案|回答|问题|对话|内容|"
            r"数据|$)?",
        r"\b(?:click|visit|load|fetch|embed|include|append|insert|send|post|"
            r"render|add)\b[^.\n]{0,40}(?:https?:|www\.|\blink\b|\bimage\b|\burl\b|"
            r"markdown)",
        # forged marks
        r"(?:标注|引用|注明|标明|编号|引文)[^。\n]{0,14}(?:为|成|"
            r"写作?)?\s?\[\s?\d+\s?\][^。\n]{0,20}(?:即可|就行|不必|无需|"
            r"不用)?(?:核对|检查|核实|验证)?",
        r"(?:不必|无需|不用|不要|跳过)(?:再)?(?:核对|核实|检查|验证|标注|引用|"
            r"给出)[^。\n]{0,8}(?:引文|出处|来源|原文|引用)?",
        r"\b(?:cite|citing|mark|label|tag)\b[^.\n]{0,30}\[\s?\d+\s?\]|"
            r"\bwithout (?:citing|citation|checking|verif)|\bno (?:citation|"
            r"verification)s? (?:is |are )?(?:needed|required)\b",
        r"\b(?:base64|rot13|decode (?:this|the following)|解码(?:后|以下|下面))",
    )),
    re.IGNORECASE,
)  # fmt: skip
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[\u0370-\u03ff\u0400-\u052f])\w+\b", re.IGNORECASE)


def folded(text: str) -> str:
    """What a reader would see: hidden characters out, look-alikes and spacing undone, a key."""
    text = "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)
    text = _HIDDEN.sub("", unicodedata.normalize("NFKC", text)).lower().translate(_LOOKALIKES)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    text = key(unicodedata.normalize("NFC", text))
    text = _SPACED.sub(lambda m: re.sub(r"[ ._\-*]", "", m.group()), text)
    return _HAN_SPACED.sub("", text)


@lru_cache(maxsize=16_384)  # the same sentences are read in many windows, for many questions
def gives_orders(text: str) -> bool:
    return _ORDERS.search(folded(text)) is not None or disguised(text)


def disguised(text: str) -> bool:
    """Letters of two scripts in one word, or text in characters that nobody sees."""
    if any(0xE0020 <= ord(c) <= 0xE007E for c in text):
        return True
    return _MIXED.search(unicodedata.normalize("NFKC", text)) is not None


def orders_among(sentences: Sequence[str]) -> set[int]:
    """Places of the sentences that give orders, alone or with those beside them.

    `sentences`: of one document, in their order. Of a run that only together gives an order all
    are meant; and the two that follow one, too.
    """
    found = {i for i, text in enumerate(sentences) if gives_orders(text)}
    for size in range(2, _WINDOW + 1):
        for i in range(len(sentences) - size + 1):
            window = range(i, i + size)
            if found.isdisjoint(window) and gives_orders("".join(sentences[j] for j in window)):
                found.update(window)
    # What comes right after an order is mostly what it orders to say.
    return {i for i in range(len(sentences)) if found & set(range(max(0, i - _AFTER), i + 1))}


def is_order_at(sentences: Sequence[str], position: int) -> bool:
    """Whether the sentence at `position` is among them, read with those around it."""
    first = max(0, position - _AFTER - _WINDOW + 1)
    return position - first in orders_among(sentences[first : position + _WINDOW])
