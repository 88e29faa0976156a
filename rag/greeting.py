"""What people type before they ask: a greeting, thanks, a question mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.normalising import NormalisedQuestion

if TYPE_CHECKING:
    from index.store import Library
    from rag.settings import RagSettings

_GREETING = re.compile(
    r"(?:你好|您好|大家好|哈喽|哈啰|嗨|喂|早上好|早安|下午好|晚上好|在吗|在么|"
    r"谢谢|多谢|感谢|再见|拜拜|"
    r"hi|hello|hey|thanks?|thank you|good (?:morning|afternoon|evening)|bye|help|帮助|"
    r"你是谁|你能做什么|你会什么|怎么用|who are you|what can you do|there|你|您|啊|呀|吗|了|"
    r"[\s\W_])+"
)
_SHOWN_TITLES = 3
_QUESTIONS = 3


def is_greeting(question: NormalisedQuestion) -> bool:
    """Whether it says hello, or asks for nothing at all."""
    return _GREETING.fullmatch(question.key) is not None or question.is_empty


def invitation(library: Library, language: str, settings: RagSettings | None = None) -> str:
    """One plain sentence on what can be asked here: three questions, and a few of its documents."""
    from rag.suggesting import suggest  # its patterns cost 12 ms of a start, and few need them

    documents = library.dates()
    shown = [library.info(doc_id) for doc_id, _ in documents[:_SHOWN_TITLES]]
    named = [d.title or d.source for d in shown]
    asked = suggest(library, _QUESTIONS, language, settings)
    if language == "zh" or not documents:
        if not documents:
            return "资料库里还没有文档；请先用 wenju index 加入资料，再提问。"
        titles = "、".join(f"《{t}》" for t in named)
        example = "".join(f"“{q}”" for q in asked) or "某个数字、时间、原因或人物"
        return f"请就资料里的内容提问，例如{example}；这里有{len(documents)}份文档，如{titles}。"
    titles = ", ".join(f"“{t}”" for t in named)
    example = ", ".join(f"“{q}”" for q in asked) or "a figure, a date, a reason, a person"
    return (
        f"Ask about what the documents say: {example}. "
        f"There are {len(documents)} here, such as {titles}."
    )
