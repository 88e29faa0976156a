"""What can go wrong between a person and the answers.

UiError
├── UsageError     the command cannot mean anything: exit code 2
├── BadQuestions   a file of questions cannot be read
└── OutRefused     results cannot go where they were told to go; what is there is left alone
"""

from __future__ import annotations


class UiError(Exception):
    """Base of all errors of this package; `str(error)` is one line fit for a user."""


class UsageError(UiError):
    pass


class BadQuestions(UiError):
    pass


class OutRefused(UiError):
    pass
