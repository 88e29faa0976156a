"""What can go wrong between a question and its answer.

AnsweringError
├── BadQuestion          empty, or longer than the limit
├── UnverifiedCitation   a quote is not the source's own characters: never shown, always a bug
├── FilterError          an unknown kind of document, a date that is none
├── BadCalibration       a library's calibration.json is broken, or made with another judge
├── SettingsError        an unknown key or an impossible value; names the nearest valid one
└── LlmUnavailable       the language model gives nothing: the extractive reader takes over
    ├── LlmBusy          a limit is reached, or it was left alone after failing often
    └── LlmRefused       the server does not take the request: a wrong key, an unknown model
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


class BadCalibration(AnsweringError):
    pass


class FilterError(AnsweringError):
    pass


class LlmUnavailable(AnsweringError):
    pass


class LlmBusy(LlmUnavailable):
    pass


class LlmRefused(LlmUnavailable):
    pass
