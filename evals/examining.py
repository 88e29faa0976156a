"""Look an answer's citations and its question's gold up in the documents: record → Case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from evals.case import Case, Check, Gold, Ranked, Status
from evals.schema import Question
from evals.sources import Sources
from index.schema import Block, Span


def locate_gold(question: Question, sources: Sources) -> tuple[Gold, ...]:
    """Where the question's gold quotes stand. A document that is not there leaves spans ()."""
    golds: list[Gold] = []
    for evidence in question.evidence:
        doc_id = sources.names.resolve(evidence.doc) or evidence.doc
        finder = sources.finder(doc_id)
        spans = finder.find(evidence.quote) if finder else ()
        page, time, section = evidence.page, None, None
        if finder and spans and evidence.quote:
            document, start = finder.document, spans[0].start
            block = document.block_at(start)
            page = document.page_at(start) if page is None else page
            time = block.time if block else None
            section = " > ".join(block.section) if block and block.section else None
        if evidence.time is not None:
            time = (evidence.time, evidence.time)
        golds.append(Gold(doc_id, evidence.quote, spans, page, time, section))
    return tuple(golds)


def check_citation(citation: Mapping[str, Any], sources: Sources) -> Check:
    """Look one citation up. A document that is not in the library fails everything."""
    finder = sources.finder(str(citation.get("doc_id") or ""))
    if finder is None:
        doc_id = sources.names.resolve(str(citation.get("source") or ""))
        finder = sources.finder(doc_id) if doc_id else None
    if finder is None:
        return Check(False, False, False, False, False)
    document = finder.document
    quote = str(citation.get("quote") or "")
    spans = [s for s in citation.get("spans") or () if 0 <= s["start"] < s["end"]]
    inside = bool(spans) and all(s["end"] <= len(document.text) for s in spans)
    exact = inside and document.quote(tuple(Span(s["start"], s["end"]) for s in spans)) == quote
    blocks = [document.block_at(s["start"]) for s in spans]
    sections = {" > ".join(b.section) for b in blocks if b is not None}
    return Check(
        verbatim=finder.occurs(quote),
        offsets=exact,
        page=inside and all(s.get("page") == document.page_at(s["start"]) for s in spans),
        time=inside and all(_time_right(s, b) for s, b in zip(spans, blocks, strict=True)),
        section=inside and (citation.get("section") or "") in (sections or {""}),
    )


def _time_right(span: Mapping[str, Any], block: Block | None) -> bool:
    """The minute a span names lies within its segment: its times may be finer, never outside."""
    start, end = span.get("time_start"), span.get("time_end")
    if block is None or block.time is None:
        return start is None and end is None
    if start is None:
        return False
    inside = block.time[0] <= start <= block.time[1]
    return inside and (end is None or start <= end <= block.time[1])


def examine(
    question: Question,
    record: Mapping[str, Any] | None,
    sources: Sources,
    ranked: Sequence[Ranked] | None = None,
) -> Case:
    """Make the case of a question. No record is status "missing", an unknown status "error"."""
    status: Status = "missing"
    if record is not None:
        given = str(record.get("status"))
        status = cast(Status, given) if given in get_args(Status) else "error"
    record = record or {}
    return Case(
        question=question,
        status=status,
        record=record,
        gold=locate_gold(question, sources),
        checks=tuple(check_citation(c, sources) for c in record.get("citations") or ()),
        ranked=None if ranked is None else tuple(ranked),
        timings_ms=record.get("timings_ms") or {},
    )
