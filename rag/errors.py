"""What can go wrong between a question and its answer.

AnsweringError
├── BadQuestion          empty, or longer than the limit
├── UnverifiedCitation   a quote is not the source's own characters: never shown, always a bug
├── FilterError          an unknown kind of document, a date that is none
└── SettingsError        an unknown key or an impossible value; names the nearest valid one
"""

from __future__ import annotations


class AnsweringError(Exception):
    """Base of all errors of this package; `str(error)` is one line fit for a user."""


class BadQuestion(AnsweringError):
    pass


class UnverifiedCitation(AnsweringError):
    pass


class SettingsError(AnsweringError):
    pass


class FilterError(AnsweringError):
    pass
