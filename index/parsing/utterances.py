"""Speech put together: pieces of a sentence become one, short lines without marks longer ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from index.cleaning import HAN, Edits, join_lines
from index.parsing.building import Draft
from index.parsing.marks import is_terminal
from index.schema import BlockKind

TAG = re.compile(
    r"</?(?:[cibuv]|ruby|rt|lang|font)\b[^<>\n]*>|<\d[\d:.]*>|\{\\[^}\n]*\}", re.IGNORECASE
)
_STOP = re.compile(r"[。！？!?…]|[a-z0-9]\.(?=\s|$)")
_CHARS_PER_STOP = 120  # with fewer stops than that, speech was written down without marks
_PAUSE_S = 3.0  # a silence that ends any sentence
_LONGEST_S = 60.0
# Characters of a line that is put together by pauses: enough to answer, few enough to quote.
_SHORT, _LONG = 24, 60
_LATIN = 2.5  # letters that take the room of one Chinese character
# «阿棠：…», «- …»: somebody begins to speak.
_NAMED = re.compile(r"[^\s\d，。！？、,.!?:：<>]{1,12}[:：](?!//|\d)|[-–—]\s?\S")
# Words that a sentence of speech opens with.
_OPENER = re.compile(
    r"(?:好|那|但|所以|然后|接着|接下来|首先|其次|最后|另外|还有|再有|第[一二三四五六七八九十\d]"
    r"|因为|如果|比如|比方|其实|而且|同时|后来|当时|现在|今天|大家|有人|有一|我们|你看|对吧|嗯|哎"
    r"|请问|想问|刚才|先说|再说|and\b|but\b|so\b|then\b|now\b|well\b|first\b|next\b|okay\b|yes\b)",
    re.IGNORECASE,
)


def whole_sentences(
    raw: str, drafts: list[Draft], edits: Edits, gaps: dict[int, int], turns: Collection[int] = ()
) -> list[Draft]:
    """Segments put together with the next where a sentence runs on: by its marks, where speech was
    written down with marks, else by pauses and the words that sentences open with.

    `gaps`: from the end of a segment to the next one; those that joining fills are taken out.
    `turns`: where (Draft.start) somebody else begins to speak; nothing is joined across it.
    """
    is_marked = _is_marked(raw, drafts)
    joined: list[Draft] = []
    for group in _runs(raw, drafts, turns):
        if group[0].kind is not BlockKind.SEGMENT or group[0].time is None or len(group) == 1:
            joined += group
        elif is_marked:
            joined += _by_marks(raw, group, edits, gaps)
        else:
            joined += _by_pauses(raw, group, edits, gaps)
    return joined


def _runs(raw: str, drafts: list[Draft], turns: Collection[int]) -> Iterator[list[Draft]]:
    """Segments that one person speaks with no long silence between; anything else by itself."""
    run: list[Draft] = []
    for draft in drafts:
        last = run[-1] if run else None
        if last is not None and not (
            last.kind is draft.kind is BlockKind.SEGMENT
            and last.time is not None
            and draft.time is not None
            and draft.start not in turns
            and _NAMED.match(raw, draft.start, draft.end) is None
            and draft.time[0] - last.time[1] <= _PAUSE_S
        ):
            yield run
            run = []
        run.append(draft)
    if run:
        yield run


def _words(raw: str, draft: Draft) -> str:
    return TAG.sub("", raw[draft.start : draft.end])


def _is_marked(raw: str, drafts: list[Draft]) -> bool:
    speech = [_words(raw, d) for d in drafts if d.kind is BlockKind.SEGMENT]
    ended = sum(map(is_terminal, speech))
    stops = sum(len(_STOP.findall(words)) for words in speech)
    return ended >= 0.2 * len(speech) or stops * _CHARS_PER_STOP >= sum(map(len, speech))


def _by_marks(raw: str, run: list[Draft], edits: Edits, gaps: dict[int, int]) -> Iterator[Draft]:
    last = run[0]
    for draft in run[1:]:
        (begun, _), (_, ended) = _time(last), _time(draft)
        if is_terminal(_words(raw, last)) or ended - begun > _LONGEST_S:
            yield last
            last = draft
            continue
        gaps.pop(last.end, None)
        join_lines(raw, last.end, draft.start, edits)
        last.parts = [(last.start, draft.end)]
        last.time = (begun, ended)
    yield last


def _by_pauses(raw: str, run: list[Draft], edits: Edits, gaps: dict[int, int]) -> Iterator[Draft]:
    """Each line as long as may be, ended at the best place: where the next segment opens as a
    sentence does, else at the longest pause. A space stays where segments met, as speakers pause.
    """
    texts = [_words(raw, draft).strip() for draft in run]
    lengths = [len(t) if HAN.search(t) else len(t) / _LATIN for t in texts]
    first = 0
    while first < len(run):
        end, length = first + 1, lengths[first]
        best = (False, -1.0, 0)
        cut = len(run)
        while end < len(run):
            if length >= _SHORT:
                found = (_OPENER.match(texts[end]) is not None, _silence(run, end), end)
                if found > best:
                    best, cut = found, end
            if length + lengths[end] > _LONG:
                cut = min(cut, end) if best[2] else end
                break
            length += lengths[end]
            end += 1
        else:
            cut = len(run)
        yield _merged(run[first:cut], edits, gaps)
        first = cut


def _silence(run: list[Draft], at: int) -> float:
    return round(_time(run[at])[0] - _time(run[at - 1])[1], 1)


def _time(draft: Draft) -> tuple[float, float]:
    return draft.time or (0.0, 0.0)


def _merged(group: list[Draft], edits: Edits, gaps: dict[int, int]) -> Draft:
    first, last = group[0], group[-1]
    for before, after in pairwise(group):
        gaps.pop(before.end, None)
        edits.replace(before.end, after.start, " ")
    first.time = (_time(first)[0], max(_time(d)[1] for d in group))
    first.parts = [(first.start, last.end)]
    return first
