"""The highest or lowest row of a table, where a question asks which it is.

A row tells its own figure alone, and nothing that is read beside it says that no other row tells
more: 哪个城市的空缺率最高 is answered by looking at the whole column. Where anything is in doubt (a
figure that cannot be read, two first places, a condition that the table does not tell) no row is
chosen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.schema import Span
from rag.asking import DATE, LIST, NAME, ORGANISATION, OTHER, PERSON, PLACE, YEAR
from rag.ranking import Scores, order
from rag.retrieval import Found, Retrieval
from rag.rows import NO_NAME, UNITS, Row, column_of, figure_of, rows_of

# What is said of a row: 空缺率最高的城市, 哪个月最少. 最高法院 and 最低工资 ask for none.
_SAID = r"(?=(?:了|过)?(?:[的在呢啊呀吗,，、?？!！。 ]|[是为](?!\s*\d)|哪|出现|$))"
_MOST = re.compile(
    rf"最(?:厉害|严重|猛|[高多大贵长重]){_SAID}|\b(?:highest|largest|biggest|greatest)\b"
)
_LEAST = re.compile(
    rf"最(?:便宜|惨淡?|冷清|[低少小短轻]){_SAID}|\b(?:lowest|smallest|fewest|cheapest)\b"
)
# What asks for another row than the first, for several, for a change, or sets a condition that a
# table is not asked for here.
_OTHERWISE = re.compile(
    r"除|以外|之外|不是|并非|不算|没有|未|第[二三四五六七八九十\d]|前[二三四五六七八九十\d]|倒数|"
    r"[两二三四五六七八九十\d]+个(?!月)|[两三四五]家|各|分别|"
    r"下降|上升|增长|减少|增加|变化|波动|差距|相差|差异|"
    r"超过|以上|以下|不到|低于|高于|大于|小于|少于|多于|至少|以来|以前|之前|之后|半年|季度|[至到]\d|"
    r"\b(?:except|other than|besides|not|second|third|fourth|two|three|four|five|top \d|above|"
    r"below|over|under|between|among|change|growth|increase|decrease)\b"
)
# Types that a label answers.
_LABELLED = frozenset((NAME, PLACE, ORGANISATION, PERSON, DATE, LIST, OTHER))
_TOTAL = re.compile(
    r".*(?:合\s*计|总\s*计|小\s*计|共\s*计|总数|平均|均值|中位数|总体|其[他它]|全部).*|"
    r"(?:全国|全省|全市|全球|世界|全行业)(?:合计|总计|[(（].*)?|"
    r".*\b(?:total|average|overall|mean|median|world|all|others?|sum)\b.*"
)
_NOTHING = re.compile(r"(?:[-—–－.…/ ]*|暂缺|缺|无|未披露|未公布|n/?a)")
_NEAR = 10  # among so many of the best sentences a row of the table is looked for
_FEWEST = 3  # rows with a figure: of two one sees it
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_TIMES = re.compile(r"[年月日季周]|时间|\b(?:year|month|date|day|week|quarter)\b")


def before_its_table(retrieval: Retrieval, scores: Scores) -> Scores:
    """Scores where the asked row changed places with the best of its table; else the same."""
    direction = _direction(retrieval)
    if not direction:
        return scores
    near = order(scores)[:_NEAR]
    best = next((i for i in near if retrieval.sentences[i].candidate.kind == "table_row"), None)
    if best is None:
        return scores
    found = retrieval.sentences[best]
    number = _extreme(found, retrieval, direction)
    for place, other in enumerate(retrieval.sentences):
        if other.sentence.block == number and other.document is found.document:
            if scores[place] < scores[best]:
                scores = scores.copy()
                scores[[best, place]] = scores[[place, best]]
            break
    return scores


def label(found: Found, retrieval: Retrieval) -> Span | None:
    """What a row is called, if it is the asked one of its table; None for any other."""
    direction = _direction(retrieval)
    if not direction or _extreme(found, retrieval, direction) != found.sentence.block:
        return None
    rows = rows_of(found.document, found.sentence.block)
    row = next(row for row in rows if row.number == found.sentence.block)
    name = _named_by(row, retrieval)
    return row.spans.get(name) if name is not None else None


def _direction(retrieval: Retrieval) -> int:
    """1: the highest is asked for, -1: the lowest, 0: neither, or not which."""
    asked = retrieval.question.key
    if retrieval.asked.type not in _LABELLED or _OTHERWISE.search(asked):
        return 0
    most, least = _MOST.search(asked) is not None, _LEAST.search(asked) is not None
    return most - least


def _extreme(found: Found, retrieval: Retrieval, direction: int) -> int | None:
    """The block of the row with the highest (1) or lowest (-1) figure in the asked column."""
    rows = rows_of(found.document, found.sentence.block)
    own = next((row for row in rows if row.number == found.sentence.block), None)
    if own is None or any(map(UNITS.search, own.cells)):
        return None
    name = _named_by(own, retrieval)
    column = _asked_column(own, retrieval)
    if name is None or column is None:
        return None
    compared = [
        row
        for row in _under_conditions(rows, name, column, retrieval)
        if not _NOTHING.fullmatch(row.cells.get(column, ""))
    ]
    if len({row.cells.get(name) for row in compared}) < len(compared):
        return None  # of a group that a name comes twice for, no row is all
    figures = [(figure_of(row.cells[column]), row.number) for row in compared]
    read = [(direction * told[0], number) for told, number in figures if told is not None]
    units = {told[1] for told, _ in figures if told is not None}
    read.sort(reverse=True)
    if len(read) < max(_FEWEST, len(figures)) or len(units) > 1 or read[0][0] == read[1][0]:
        return None
    return read[0][1]


def _named_by(row: Row, retrieval: Retrieval) -> str | None:
    """The column that says what a row is: the one that is asked for, else the first of names."""
    head = retrieval.asked.head
    names = [header for header in row.cells if not NO_NAME.search(header)]
    is_date = retrieval.asked.type == DATE
    asked = (
        header
        for header in names
        if (head and (head in header or header in head))
        or (is_date and _TIMES.search(_BRACKETS.sub("", header)[-2:]))
    )
    words = (header for header in names if figure_of(row.cells[header]) is None)
    return next(asked, next(words, None))


def _asked_column(own: Row, retrieval: Retrieval) -> str | None:
    """The column of figures that says most of the question."""
    question = retrieval.question.key
    return column_of(own, retrieval, [h for h in own.cells if _is_said(h, question)])


def _is_said(header: str, question: str) -> bool:
    """Whether what stands before 最高 is the column: of 护理员流失率最高 护理员（人） is not."""
    match = _MOST.search(question) or _LEAST.search(question)
    if match is None or match[0][0] != "最":
        return True
    meant = question[: match.start()].rstrip("的是 ")[-2:]
    return meant in header or _BRACKETS.sub("", header).strip() in question


def _under_conditions(
    rows: Sequence[Row], name: str, column: str, retrieval: Retrieval
) -> list[Row]:
    """The rows that the question is about; [] where it names a year that the table has not."""
    question, years = retrieval.question.key, retrieval.asked.years
    if years and YEAR.search(column) and not any(year in column for year in years):
        return []
    kept = [row for row in rows if not _TOTAL.fullmatch(row.cells.get(name, ""))]
    for header in dict.fromkeys(header for row in kept for header in row.cells):
        if header == column:
            continue
        told = [row.cells.get(header, "") for row in kept]
        if years and any(YEAR.search(cell) for cell in told):
            kept = [row for row, cell in zip(kept, told, strict=True)
                    if any(year in cell for year in years)]  # fmt: skip
        elif any(_is_named(cell, question) for cell in told):
            kept = [row for row, cell in zip(kept, told, strict=True) if _is_named(cell, question)]
    return kept


def _is_named(cell: str, question: str) -> bool:
    return len(cell) > 1 and figure_of(cell) is None and cell in question
