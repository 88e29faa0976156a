"""Names that sentences give for what can have one alone: an office, a builder, a seat.

Names are hard to tell from the words around them, so they are those that the reading model sees as
the answer, in sentences that it holds to answer. Many questions have several right names
(«谁参加了»): only those are looked at that ask for an office or for what is done once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from index.segmenting import key, token_spans
from rag.asking import NAME, ORGANISATION, OTHER, PERSON, PLACE, SURNAMES
from rag.figures import STATES_NOTHING, Figure, figure_at
from rag.normalising import FUNCTION_WORDS
from rag.reading_model import Judgement, Judgements
from rag.rereading import judgements_of
from rag.retrieval import Retrieval
from rag.stated import Named
from rag.surroundings import around
from rag.tables import asked_cell
from rag.things import Things

_READ_MORE = 4  # sentences, beside those that were read for the order
_LOOKED_AT = 16  # sentences, best first
_RELEVANT = 0.0  # logit
_SPAN = -1.0  # log-probability
_OFFICE = (
    r"局长|厅长|部长|主任|院长|校长|总裁|董事长|理事长|总经理|经理|首席\w{1,4}|主席|会长|书记|[市省县区镇乡村州]长|总统|总理|首相|行长|"
    r"[所站馆队组处科社台]长|主编|导演|编剧|负责人|创始人|发言人|牵头人|总设计师|总工程师|主教练|冠军|得主|"
    r"ceo|cfo|chair(?:man|woman)?|president|director|minister|mayor|head|founder|governor"
)
_ONCE = (
    r"发明|设计|创办|创立|创建|执导|主持|牵头|主导|主演|担任|当选|接任|夺冠|获胜|发现|命名|承建|承办|主办|运营|中标|收购|出版|建造|建设|开发|"
    r"invented|designed|founded|directed|built|operates|acquired|won"
)
_SEAT = r"总部|注册地|位于|坐落|座落|设在|建在|落户|举办地|举行|在哪|headquarter|located|held|based"
_UNIQUE = re.compile(f"{_OFFICE}|{_ONCE}|{_SEAT}")
_HELD = re.compile(
    r"(?<![副前原])(?:局长|厅长|部长|主任|院长|校长|总裁|董事长|总经理|主席|会长|理事长|书记|[市省县区镇乡村州]长|"
    r"行长|馆长|站长|队长|所长|主编|负责人|发言人)"
)
_DEEDS = (
    ("牵头", "主导", "领衔", "负责", "组织实施"),
    ("承建", "施工", "建设", "建造", "修建"),
    ("承办", "主办", "举办"),
    ("运营", "经营", "管理"),
    ("设计",),
    ("开发", "研发", "研制"),
    ("执导", "导演"),
    ("主演", "领衔主演"),
    ("收购",),
)
_DONE_BY = re.compile("|".join(deed for same in _DEEDS for deed in same))
# Two or three characters, of which the first is a surname, or which end a clause.
_NO_GIVEN = "说主表在率带到出强介接来向对和与等就于同曾被将为及的是要称指讲致办会室团助联"
_PERSON_NAME = (
    rf"(?:(?:{SURNAMES})[㐀-鿿](?:(?![{_NO_GIVEN}])[㐀-鿿])?|"
    rf"(?:(?![{_NO_GIVEN}])[㐀-鿿]){{2,3}}(?=说|[,。;、!?]|$))"
)
_ANY_NAME = r"[^,，;；。!！?？:：、由是的\d]{2,16}?"
_SEVERAL = re.compile(r"哪些|哪几|分别|各|都有|有谁|几[个位家]|\b(?:which .*s|list)\b")
_JOINED = re.compile(r"[、和与及跟]|以及|\band\b")
_EDGE = re.compile(r"[,，;；。.!！?？:：、）)]|$")
_NAME = re.compile(r"[^,，;；。!！?？:：、\d]{2,24}")


def asks_for_one(asked_type: str, question_key: str) -> bool:
    """Whether a question asks for a name of which there is one at a time."""
    named = asked_type in (PERSON, ORGANISATION, PLACE, NAME, OTHER)
    return bool(named and _UNIQUE.search(question_key) and not _SEVERAL.search(question_key))


def names_of(
    retrieval: Retrieval, places: Sequence[int], judgements: Judgements, things: Things
) -> Mapping[int, list[Figure]]:
    """Place → the name it gives, as a list of one; places without one are left out.

    Other documents than the best sentence's are read further than the order needed.
    """
    read = dict(judgements)
    formed = {i: name for i in places if (name := _by_form(retrieval, i)) is not None}
    first = next((i for i in places if i in formed or _name(retrieval, i, read.get(i))), None)
    if first is None:
        return {}
    lead = retrieval.sentences[first]
    more = [
        i
        for i in places[:_LOOKED_AT]
        if i not in read
        and retrieval.sentences[i].document is not lead.document
        and things.tells(i) == things.tells(first)
    ]
    read |= judgements_of(retrieval, more[:_READ_MORE])
    found = {i: _name(retrieval, i, judged) for i, judged in read.items()} | formed
    return {i: [name] for i, name in found.items() if name is not None}


def _name(retrieval: Retrieval, place: int, judged: Judgement | None) -> Figure | None:
    said = _by_form(retrieval, place)
    if said is not None:
        return said
    if judged is None or judged.relevance < _RELEVANT or judged.span_score < _SPAN:
        return None
    found = retrieval.sentences[place]
    if found.candidate.kind in STATES_NOTHING | {"table_row"}:
        return None
    keyed = found.candidate.key
    start, end = _whole(keyed, *judged.span)
    name = keyed[start:end]
    if not _NAME.fullmatch(name) or name in retrieval.question.key:
        return None
    if _JOINED.search(keyed[max(0, start - 1) : start]) or _JOINED.match(keyed[end:].lstrip()):
        return None
    value = Named(start, end, name, found.candidate.kind == "segment")
    return figure_at(retrieval, place, value, around(keyed, start, end))


def _by_form(retrieval: Retrieval, place: int) -> Figure | None:
    """The name that stands where one of its kind does: 校长沈知行, 由海事局牵头, a table's cell."""
    found, question = retrieval.sentences[place], retrieval.question.key
    keyed = found.candidate.key
    if found.candidate.kind == "table_row":
        return _in_cell(retrieval, place)
    if found.candidate.kind in STATES_NOTHING:
        return None
    form = None
    if office := _HELD.search(question):
        form = re.compile(
            rf"(?<![副前原]){office.group()}(?:是|为|由|:)?\s?(?P<name>{_PERSON_NAME})"
        )
    elif deed := _DONE_BY.search(question):
        deeds = next(same for same in _DEEDS if deed.group() in same)
        done = f"(?:{'|'.join(deeds)})"
        form = re.compile(
            rf"(?:由|是)(?P<name>{_ANY_NAME})(?:负责|承担)?(?:方案)?{done}(?![^,。;的]{{3}})|"
            rf"{done}(?:单位|方|公司|者|人)(?:是|为|:)(?P<other>{_ANY_NAME})(?=[,。;]|$)"
        )
    match = form.search(keyed) if form is not None else None
    if match is None:
        return None
    start, end = match.span(match.lastgroup or 0)
    name = keyed[start:end]
    if name in question or _JOINED.search(name):
        return None
    value = Named(start, end, name, found.candidate.kind == "segment", True)
    return figure_at(retrieval, place, value, around(keyed, start, end))


def _in_cell(retrieval: Retrieval, place: int) -> Figure | None:
    found = retrieval.sentences[place]
    cell = asked_cell(found, retrieval)
    office = _HELD.search(retrieval.question.key)
    if cell is None or office is None or not key(cell.header).endswith(office.group()):
        return None
    text = key(found.document.text[cell.span.start : cell.span.end]).strip()
    if not re.fullmatch(_PERSON_NAME, text):
        return None
    at = max(0, found.candidate.key.find(text))
    value = Named(at, at + len(text), text, False, True)
    about = f"{key(cell.header)}，{key(cell.label)}"
    return replace(figure_at(retrieval, place, value, about), spans=(cell.span,))


def _whole(keyed: str, start: int, end: int) -> tuple[int, int]:
    """The span up to the borders of words, and of a name that a dictionary cuts (周明|远)."""
    after = [(word, a, b) for word, a, b in token_spans(keyed) if b > start]
    if after:
        start = min(start, after[0][1])
    for word, a, b in after:
        if a < end < b:
            end = b
        elif a == end and b == end + 1 and _EDGE.match(keyed, b) and word not in FUNCTION_WORDS:
            return start, b
    return start, end
