"""Whether a question asks which of several has more or less: 谁多, 哪个便宜, "which is longer"."""

from __future__ import annotations

import re

_WHICH = r"(?:谁|哪[一二两]?[个边家国座条款块种项所只台地样省市县区者篇份部组类年月]?)"
# 增长, 市长 and the like are not long.
_LONG = "(?<![增成生延校市部院会事局行店船站组班队县省区乡镇村家])长"
_UP, _DOWN = f"[多高大贵重]|{_LONG}|厉害|严重", "[少低小短轻]|便宜"
_NEITHER = "[快慢早晚强弱好差]"
_ENDS = r"(?:[些点一的了呢啊吗]|$|[?？,，。; ])"
_AMOUNT = re.compile("多少|大小|长短|高低|多[大高长重久]")  # asks for a figure
_BETWEEN = "[^,，。;；?？]{0,14}?"
_ASKS, _MORE, _LESS = (
    re.compile(rf"{_WHICH}{_BETWEEN}(?:{of}){_ENDS}|(?:{of})的是{_WHICH}")
    for of in (f"{_UP}|{_DOWN}|{_NEITHER}", _UP, _DOWN)
)
_CHOICE = re.compile(r"\b(?:which|who|whose)\b|\bor\b")
_MORE_ENGLISH = re.compile(
    r"\b(?:more|higher|larger|bigger|greater|longer|heavier|most|highest|largest|biggest|greatest|"
    r"longest)\b"
)
_LESS_ENGLISH = re.compile(
    r"\b(?:less|fewer|lower|smaller|shorter|lighter|cheaper|least|fewest|lowest|smallest|shortest|"
    r"cheapest)\b"
)
# What neither way tells, or what turns it round.
_UNTOLD = re.compile(
    rf"{_NEITHER}{_ENDS}|[不没亏跌降减损赔负]|\b(?:faster|slower|earlier|later|better|worse|stronger|"
    r"weaker|fastest|slowest|best|worst|first|not|loss|lost|lose|fell|fall|decline\w*|drop\w*)\b"
)


def direction_of(question_key: str) -> int | None:
    """1 for which has more, -1 for less, 0 where neither is told; None where it asks no such thing.

    Neither where something is lost («谁亏得多») or is not so («哪个不高»): figures may be negative.
    """
    asked = _AMOUNT.sub("", question_key)
    english = _CHOICE.search(asked) is not None
    more = bool(_MORE.search(asked) or (english and _MORE_ENGLISH.search(asked)))
    less = bool(_LESS.search(asked) or (english and _LESS_ENGLISH.search(asked)))
    untold = _UNTOLD.search(asked) is not None
    if not (more or less or _ASKS.search(asked) or (english and untold)):
        return None
    return 0 if untold else more - less
