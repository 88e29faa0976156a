"""What can go wrong while answers are measured.

    EvaluationError
    ├── BadQuestionSet       a line is not a question, or ids are not unique
    ├── BadRun               a run file is broken, or belongs to other questions or another library
    ├── CannotCompare        two runs share no question, or were not asked the same ones
    ├── BadBaseline          a baseline is missing, broken or of another version
    ├── NotComparable        a run and a baseline were made of different questions or documents
    ├── TooFewQuestions      not enough to fit on, or all with or without an answer
    ├── UnknownSet           no set of that name; the message names those there are
    └── CannotPerturb        a perturbation has nothing to change

Every message says in one line what happened, both values where two disagree, and the next step.
"""

from __future__ import annotations


class EvaluationError(Exception):
    """Base of all errors of this package; `str(error)` is one line fit for a user."""


class BadQuestionSet(EvaluationError):
    pass


class BadRun(EvaluationError):
    pass


class CannotCompare(EvaluationError):
    pass


class BadBaseline(EvaluationError):
    pass


class NotComparable(EvaluationError):
    """`told` says it in either language: the page shows it too."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.told = {"en": english, "zh": chinese}


class TooFewQuestions(EvaluationError):
    pass


class UnknownSet(EvaluationError):
    pass


class CannotPerturb(EvaluationError):
    pass
