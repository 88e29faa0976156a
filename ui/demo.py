"""The sample library and six questions that show what an answer looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store import Library

LIBRARY = "demo"
# What 去年 means in the questions: the samples were written then.
AS_OF = date(2026, 6, 30)


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    shows: tuple[str, str]  # what it shows, in Chinese and English
    question: str
    doc: str  # the document that it is about; of an unanswerable one, the nearest


QUESTIONS = (
    DemoQuestion(
        ("随口一问", "plain words"),
        "川普去年对芯片干了啥",
        "english/chip-controls-explained.html",
    ),
    DemoQuestion(
        ("英文问中文资料", "English over Chinese documents"),
        "How many working days does the filing of a generative AI service take on average?",
        "人工智能/生成式人工智能备案与标识：一年来的落实情况.html",
    ),
    DemoQuestion(
        ("出自表格", "from a table"),
        "2025年12月锂辉石精矿的到岸均价是多少？",
        "关键矿产/2025年锂市场年度报告.md",
    ),
    DemoQuestion(
        ("出自录音，附分秒", "from a recording, with its minute"),
        "新买的推理芯片里，国产的下半年占几成？",
        "人工智能/播客《慢半拍》第42期：大模型这一年.json",
    ),
    DemoQuestion(
        ("资料里没有", "not in the documents"),
        "玻利维亚2025年产了多少锂？",
        "关键矿产/2025年锂市场年度报告.md",
    ),
    DemoQuestion(
        ("来源说法不一", "sources disagree"),
        "截至2025年底，全国新型储能装机规模到底有多大？",
        "能源/2025年新型储能年度观察.pdf",
    ),
)


def sample_folder() -> Path:
    return Path(__file__).parents[1] / "evals" / "data" / "sample"


def questions_for(library: Library) -> list[str]:
    """Those of the demo's questions whose documents the library holds."""
    held = {info.doc_id for info in library.documents()}
    return [one.question for one in QUESTIONS if one.doc in held]
