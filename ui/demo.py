"""The sample library and six questions that show what an answer looks like."""

from __future__ import annotations

import shutil
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
        "贸易/2025年美国对华关税与出口管制综述.html",
    ),
    DemoQuestion(
        ("英文问中文资料", "English over Chinese documents"),
        "How big a stake did Washington take in Intel in August 2025?",
        "芯片/各国芯片补贴比较（2026年版）.docx",
    ),
    DemoQuestion(
        ("出自表格", "from a table"),
        "2025年12月锂辉石精矿的到岸均价是多少？",
        "关键矿产/2025年锂市场年度报告.md",
    ),
    DemoQuestion(
        ("出自录音，附分秒", "from a recording, with its minute"),
        "邵工说国产光刻机样机一小时跑多少片？",
        "芯片/《车间里的人》第19期：设备工程师老邵.json",
    ),
    DemoQuestion(
        ("资料里没有", "not in the documents"),
        "抖音海外版在英国有多少人用？",
        "贸易/电台《下班路上聊经济》：短视频与大豆.json",
    ),
    DemoQuestion(
        ("来源说法不一", "sources disagree"),
        "截至2025年末，大陆12英寸晶圆月产能是多少？",
        "芯片/12英寸晶圆厂产能盘点.html",
    ),
)


def sample_folder() -> Path:
    return Path(__file__).parents[1] / "evals" / "data" / "sample"


def forget_other_samples(library: Path) -> None:
    """Remove a sample library that another checkout made: it would hold every sample twice.

    One that holds documents of the user's beside, and none at all, are left as they are.
    """
    from index.errors import IndexingError
    from index.manifest import read_manifest, read_sources

    try:
        roots = [Path(r.path) for r in read_sources(library, read_manifest(library)).roots]
    except IndexingError:
        return
    ours = sample_folder()
    like = all(root.parts[-3:] == ours.parts[-3:] for root in roots)
    if roots and like and ours.resolve() not in [root.resolve() for root in roots]:
        shutil.rmtree(library)


def questions_for(library: Library) -> list[str]:
    """Those of the demo's questions whose documents the library holds."""
    held = {info.doc_id for info in library.documents()}
    return [one.question for one in QUESTIONS if one.doc in held]


def examples_for(library: Library, language: str, n: int) -> list[dict[str, str | None]]:
    """Questions to begin with: of the samples one of each kind, else made from the documents.

    Each with what it shows, "" where nothing is special, and the day that its 去年 is counted from.
    """
    from rag.suggesting import suggest

    held = {info.doc_id for info in library.documents()}
    known = [one for one in QUESTIONS if one.doc in held]
    if len(known) > 1:
        at = 1 if language == "en" else 0
        day = AS_OF.isoformat()
        return [{"question": q.question, "shows": q.shows[at], "as_of": day} for q in known[:n]]
    made = suggest(library, n, language) or suggest(library, n, "en" if language == "zh" else "zh")
    return [{"question": question, "shows": "", "as_of": None} for question in made]
