"""Where is looked: which files, which kinds of document, from when until when.

Raises FilterError for what no document could ever meet.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rag.errors import FilterError

if TYPE_CHECKING:
    from index.schema import DocumentInfo
    from index.store import Library

# As `Document.kind`; "document" is what could not be told.
KINDS = ("report", "paper", "transcript", "web_page", "statute", "news", "table", "document")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Filters:
    """All that are given must hold; none given lets everything through.

    `since` and `until` are days, months or years ("2025-10-05", "2025-10", "2025"), both included.
    A document that says only its year or month passes where some day of it would; one without a
    date passes neither.
    """

    sources: tuple[str, ...] | None = None  # patterns on the files' paths, such as "reports/*.pdf"
    kinds: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            close = difflib.get_close_matches(unknown[0], KINDS, n=1)
            near = f"; did you mean {close[0]}?" if close else ""
            raise FilterError(
                f"unknown kind of document {unknown[0]!r}{near}; there are: {', '.join(KINDS)}"
            )
        first, last = self._first, self._last
        if first and last and first > last:
            raise FilterError(
                f"since {self.since} lies after until {self.until}: exchange the two dates"
            )

    @property
    def _first(self) -> str | None:
        return None if self.since is None else _days(self.since)[0]

    @property
    def _last(self) -> str | None:
        return None if self.until is None else _days(self.until)[1]

    @property
    def is_empty(self) -> bool:
        return not self.kinds and self.sources is None and not self.since and not self.until

    def passes(self, info: DocumentInfo) -> bool:
        if self.sources is not None and not matches(info.source, self.sources):
            return False
        if self.kinds and info.kind not in self.kinds:
            return False
        first, last = self._first, self._last
        if first is None and last is None:
            return True
        if info.date is None or not _DATE.fullmatch(info.date):
            return False
        begins, ends = _days(info.date)
        return (first is None or ends >= first) and (last is None or begins <= last)

    def matching(self, library: Library) -> set[str] | None:
        """Ids of the documents that pass; None where nothing is filtered."""
        if self.is_empty:
            return None
        return {info.doc_id for info in library.documents() if self.passes(info)}


def filters_of(
    sources: Iterable[str] | str | None = None,
    kinds: Iterable[str] | str = (),
    since: str | None = None,
    until: str | None = None,
) -> Filters:
    """From what callers hand over: one pattern or kind, or several."""
    return Filters(
        None if sources is None else _several(sources),
        _several(kinds),
        since or None,
        until or None,
    )


def _several(values: Iterable[str] | str) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def matches(source: str, patterns: Sequence[str]) -> bool:
    # A file's own name first: as a pattern, "[1].pdf" is "1.pdf".
    return any(source == p or fnmatchcase(source, p) for p in patterns)


def _days(text: str) -> tuple[str, str]:
    """The first and the last day of a year, a month or a day, as ISO text."""
    match = _DATE.fullmatch(text.strip())
    month, day = (int(match[2] or 1), int(match[3] or 1)) if match else (0, 0)
    if match is None or not 1 <= month <= 12 or not 1 <= day <= 31:
        raise FilterError(f"{text!r} is no date: write 2025-10-05, 2025-10 or 2025")
    first = f"{match[1]}-{month:02}-{day:02}"
    if match[3]:
        return first, first
    return first, f"{match[1]}-{month:02}-31" if match[2] else f"{match[1]}-12-31"
