"""The HTML page of a run: whole, offline, with text of documents as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from evals.baseline import Baseline, Setup
from evals.case import Case, Gold, Ranked
from evals.gating import gate
from evals.outcomes import outcomes
from evals.quality_page import quality_html, quality_page
from evals.schema import Evidence, Question
from index.schema import Span

EVIL = "<script>alert(1)</script><img src=//x onerror=y>&\"'"


def case(i: int, right: bool = True) -> Case:
    kind = ("number", "table", EVIL)[i % 3]
    question = Question(
        f"q{i}", f"{EVIL} {i}", type=kind, answers=("45天",), evidence=(Evidence("d.md", "45天"),)
    )
    record = {
        "id": f"q{i}",
        "status": "answered",
        "answer": ("45天" if right else "60天") + EVIL,
        "citations": [],
        "confidence": (i % 10) / 10,
    }
    span = Span(i, i + 3)
    ranked = tuple(Ranked("d.md", (Span(i + j, i + j + 3),), 1.0) for j in (9, 0))
    return Case(question, "answered", record, (Gold("d.md", "45天", (span,)),), (), ranked)


class Tags(HTMLParser):
    """Checks that tags close in order; collects names and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_has_every_plot_and_loads_nothing() -> None:
    before = [case(i) for i in range(40)]
    after = [case(i, right=i >= 12) for i in range(40)]
    setup = Setup("q", {}, "l", {EVIL: 1})
    found = gate(Baseline(setup, outcomes(before)), Setup("q", {}, "l", {EVIL: 2}), outcomes(after))
    page = quality_page(after, found)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("svg") == 5
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "Right, by type of question",
        "Recall@k",
        "Risk–coverage",
        "Calibration: confidence and share right",
        "What turned",
    ]
    assert "newly broken: 12 (30%)" in page
    # No script, nothing fetched, and whatever documents say is text.
    assert {"script", "img", "link", "iframe"} & set(tags.seen) == set()
    assert [n for n, _ in tags.attributes if n in ("src", "href") or n.startswith("on")] == []
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page


def test_a_part_for_another_page_speaks_its_language_and_nothing_measured_is_said() -> None:
    assert "还没有运行过评测" in quality_html([], lang="zh")
    part = quality_html([case(i) for i in range(12)], lang="zh")
    assert part.startswith('<section class="wenju-quality">')
    assert part.endswith("</section>")
    assert "校准：置信度与正确率" in part
    assert "新答错" not in part  # without a gate nothing is compared


def test_why_there_is_no_verdict_stands_on_the_page_as_text() -> None:
    page = quality_page((), lang="zh", problem=f"缺了 {EVIL}")
    assert "NOT COMPARABLE 无法比较：缺了 &lt;script&gt;" in page
    assert "还没有运行过评测" not in page
    assert "<svg" in quality_page(
        [case(i) for i in range(12)], problem="missing"
    )  # plots all the same
