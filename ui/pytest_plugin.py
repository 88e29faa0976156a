"""`pytest --wenju questions.jsonl`: a question set as tests.

Without a baseline each question is a test, which passes where it is answered right. With
`--wenju-baseline FILE` the gate is: a test a metric, which fails on a significant regression only.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evals.case import Case
    from evals.gating import Gate, Row


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wenju", "questions with gold answers")
    group.addoption("--wenju", metavar="QUESTIONS", help="ask the questions of this set")
    group.addoption("--wenju-index", metavar="LIBRARY", help="of this library (default: default)")
    group.addoption("--wenju-baseline", metavar="FILE", help="compare with it: wenju eval accept")
    group.addoption("--wenju-strict", metavar="METRIC", action="append", default=[])


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    name = config.getoption("--wenju")
    if name:
        path = Path(name)
        node = WenjuSet.from_parent(session, path=path.absolute(), name=path.name)
        node.given = name
        items += node.collect()


class WenjuSet(pytest.File):
    """A question set; nothing is asked before its first test runs."""

    given: str = ""
    _cases: dict[str, Case] | None = None
    _gate: Gate | None = None

    def collect(self) -> Iterator[pytest.Item]:
        from evals.outcomes import GUARDS, PRIMARY
        from ui.evaluation import questions_of

        if self.config.getoption("--wenju-baseline"):
            for name in (PRIMARY, *GUARDS):
                yield GateItem.from_parent(self, name=f"gate[{name}]", metric=name)
            return
        for question in questions_of(self.given):
            yield QuestionItem.from_parent(self, name=question.id)

    def _arguments(self) -> Namespace:
        from ui.evaluation import BUILTIN

        option = self.config.getoption
        baseline = option("--wenju-baseline")
        return Namespace(
            questions=self.given,
            index=option("--wenju-index"),
            documents=None,
            baseline=Path(baseline) if baseline else Path(BUILTIN),
            run_file=None,
            out=None,
            workers=1,
            as_of=None,
            set=[],
            min_effect=0.01,
            require_power=None,
            strict=option("--wenju-strict"),
        )

    def cases(self) -> dict[str, Case]:
        if self._cases is None:
            from ui.gating import asked

            run = asked(self._arguments(), restart=True)
            self._cases = {c.question.id: c for c in run.cases}
        return self._cases

    def gate(self) -> Gate:
        if self._gate is None:
            from ui.gating import decide

            self._gate, _ = decide(self._arguments())
        return self._gate


class _Item(pytest.Item):
    parent: WenjuSet

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """One's own words for what is wrong; a traceback of ours helps nobody."""
        return str(excinfo.value)


class Wrong(Exception):
    """A question that is not answered right, or a gate that fails."""


class QuestionItem(_Item):
    def runtest(self) -> None:
        from evals.metrics.truthfulness import is_right
        from evals.reporting import said

        case = self.parent.cases()[self.name]
        if not is_right(case):
            gold = " | ".join(case.question.answers) or "(unanswerable)"
            raise Wrong(f"{case.question.question}\n  gold: {gold}\n  said: {said(case)}")


class GateItem(_Item):
    def __init__(self, *, metric: str, **given: Any) -> None:
        super().__init__(**given)
        self.metric = metric

    def runtest(self) -> None:
        from evals.gate_reports import gate_text
        from evals.gate_words import headline
        from evals.outcomes import PRIMARY

        found = self.parent.gate()
        row: Row | None = next(
            (r for r in (found.primary, *found.guards) if r.name == self.metric), None
        )
        if self.metric == PRIMARY and found.stale:
            raise Wrong(headline(found))
        if row is None:
            pytest.skip(f"{self.metric} applies to no question of the set")
        if row.fires:
            raise Wrong(gate_text(found))
