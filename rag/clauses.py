"""Long sentences cut at the borders of clauses, never within a number or a name."""

from __future__ import annotations

import re
from collections.abc import Callable

# A sign between digits is part of a number or a time: 1,250,000, 10:30.
_CLAUSE = re.compile(r"(?:[^，,；;：:。!！?？、]|(?<=\d)[,:](?=\d))+[，,；;：:。!！?？、]*")
_UNDIVIDED = re.compile(r"[0-9A-Za-z.,:%]")


def best_part(
    text: str,
    keyed: str,
    limit: int,
    worth: Callable[[str], float],
    keep: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """[start, end) of the run of whole clauses, at most `limit` characters, that is worth most.

    `keyed` is the matching key of `text`. The run holds `keep`, where that fits at all. Of equal
    runs the first; None where the text has no clause.
    """
    cuts = [(m.start(), m.end()) for m in _CLAUSE.finditer(text)]
    best: tuple[bool, float, int, int] | None = None
    for first in range(len(cuts)):
        last = first
        while last + 1 < len(cuts) and cuts[last + 1][1] - cuts[first][0] <= limit:
            last += 1
        start, end = cuts[first][0], cuts[last][1]
        if end - start > limit:
            if keep is not None and not start <= keep[0] < keep[1] <= start + limit:
                start = max(start, min(keep[0], end - limit))
                start = _whole(text, 0, start) if start else start
            end = _whole(text, start, min(end, start + limit))
        holds = keep is None or (start <= keep[0] and keep[1] <= end)
        value = worth(keyed[start:end])
        if best is None or (holds, value) > best[:2]:
            best = (holds, value, start, end)
        if last + 1 == len(cuts):
            break
    if best is None:
        return None
    start, end = best[2], best[3]
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return start, start + len(text[start:end].rstrip())


def _whole(text: str, start: int, end: int) -> int:
    """`end`, or the place before the number or Latin word that it would cut."""
    at = end
    while (
        at > start
        and at < len(text)
        and _UNDIVIDED.match(text[at - 1])
        and _UNDIVIDED.match(text[at])
    ):
        at -= 1
    return at if at > start else end
