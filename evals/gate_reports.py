"""What a gate found, for a terminal, a pull request, a machine and a CI server (JUnit)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree

from evals.gating import Gate, Row, Verdict
from evals.outcomes import PRIMARY, Outcome
from evals.reporting import table

# What a metric that fails points at first.
POINTS_AT = {
    PRIMARY: "answers: see the newly broken questions",
    "rejected": "the threshold of silence: answerability.min_confidence, its calibration",
    "false_abstention": "silence where there is an answer: the threshold, or nothing was found",
    "failed": "errors: see the newly broken questions",
    "evidence_any": "what is cited: ranking and reading",
    "cited": "statements without a citation",
    "verbatim": "quotes that are not in their documents: citing, or a stale library",
    "offsets": "spans that are not where the quote stands: offsets of parsing or citing",
    "place": "page, minute or section of a citation is not where its words stand",
    "gold_place": "page or minute differs from the one that the question set knows: parsing",
    "recall": "what is found: terms, character pairs, thesaurus, vectors",
    "ndcg@10": "the order of what is found: ranking, or terms and thesaurus",
}


def headline(found: Gate) -> str:
    """The verdict in one line."""
    if found.stale:
        return (
            f"REGRESSION: the library is stale, {len(found.stale)} documents have changed since "
            f"it was indexed ({', '.join(found.stale[:3])}): run wenju index"
        )
    if found.verdict is Verdict.REGRESSION:
        parts = [
            f"{r.name} {_number(r.before)} → {_number(r.after)} ({r.worse} questions worse, "
            f"{r.better} better{', strict' if r.strict else f', p {r.adjusted:.4f}'})"
            for r in found.reasons
        ]
        return "REGRESSION: " + "; ".join(parts)
    if found.verdict is Verdict.TOO_SMALL:
        more = f"{max(1, found.needed - found.n)} more" if found.needed else "more than a million"
        return (
            f"TOO SMALL: {found.n} questions show a drop of {_points(found.primary.detectable)}, "
            f"{_points(found.wanted)} is asked for: it takes {more} questions"
        )
    return (
        f"PASS: no significant regression on {found.n} questions; a true drop of "
        f"{_points(found.primary.detectable)} or more would have been seen four times in five"
    )


def gate_text(found: Gate, markdown: bool = False, listed: int = 20) -> str:
    """The whole verdict for reading; ends with a line break."""
    head = ["metric", "n", "before", "after", "change", "worse", "better", "p", "detectable", ""]
    rows = [
        [
            r.name,
            str(r.n),
            _number(r.before),
            _number(r.after),
            f"{r.change:+.3f}",
            str(r.worse),
            str(r.better),
            f"{r.adjusted:.4f}",
            "none" if r.detectable is None or r.detectable > 1 else f"{r.detectable:.3f}",
            "FAILS" if r.fires else "",
        ]
        for r in (found.primary, *found.guards)
    ]
    line = headline(found)
    parts = [f"### {line}" if markdown else line, table(head, rows, markdown)]
    parts.append(
        f"{found.n} questions on {found.n_documents} documents; {found.changed_answers} answers "
        f"differ, {len(found.broken)} newly broken, {len(found.fixed)} newly fixed; minimum effect "
        f"{_points(found.min_effect)}"
    )
    hints = [f"- {r.name}: {POINTS_AT[r.name]}" for r in found.reasons]
    if hints:
        parts.append("\n".join(["What failed points at", *hints]))
    if found.changed:
        lines = [f"- {name}: {old} → {new}" for name, old, new in found.changed]
        parts.append("\n".join(["Made with something else than the baseline", *lines]))
    for title, pairs in (("Newly broken", found.broken), ("Newly fixed", found.fixed)):
        if pairs:
            parts.append("\n".join(_listed(title, pairs, listed, markdown)))
    return "\n\n".join(parts) + "\n"


def _listed(
    title: str, pairs: Sequence[tuple[Outcome, Outcome]], most: int, markdown: bool
) -> list[str]:
    lines = [f"<details><summary>{title}: {len(pairs)}</summary>\n" if markdown else title]
    for before, after in pairs[:most]:
        gold = " | ".join(after.gold) or "(unanswerable)"
        block = [
            f"- {after.id} {after.question}",
            f"    gold:   {gold}",
            f"    before: {before.said}",
            f"    now:    {after.said}",
        ]
        lines += [_markdown(b) for b in block] if markdown else block
    if len(pairs) > most:
        lines.append(f"  … and {len(pairs) - most} more (a JSON report lists all)")
    return [*lines, "\n</details>"] if markdown else lines


def gate_json(found: Gate) -> dict[str, Any]:
    """Everything, plain."""

    def row(r: Row) -> dict[str, Any]:
        return {
            "metric": r.name,
            "n": r.n,
            "before": round(r.before, 6),
            "after": round(r.after, 6),
            "change": round(r.change, 6),
            "worse": r.worse,
            "better": r.better,
            "p": round(r.p, 6),
            "p_adjusted": round(r.adjusted, 6),
            "alpha": r.alpha,
            "detectable": None if r.detectable is None else round(r.detectable, 6),
            "test": r.test,
            "strict": r.strict,
            "fails": r.fires,
        }

    def pair(a: Outcome, b: Outcome) -> dict[str, Any]:
        return {
            "id": b.id,
            "question": b.question,
            "gold": list(b.gold),
            "before": a.said,
            "now": b.said,
        }

    return {
        "verdict": found.verdict.name.lower(),
        "exit_code": int(found.verdict),
        "headline": headline(found),
        "n": found.n,
        "documents": found.n_documents,
        "primary": row(found.primary),
        "guards": [row(r) for r in found.guards],
        "points_at": {r.name: POINTS_AT[r.name] for r in found.reasons},
        "minimum_effect": found.min_effect,
        "power_required": found.wanted,
        "questions_needed": found.needed,
        "changed_answers": found.changed_answers,
        "changed_setup": [
            {"name": name, "before": old, "now": new} for name, old, new in found.changed
        ],
        "stale_documents": list(found.stale),
        "newly_broken": [pair(a, b) for a, b in found.broken],
        "newly_fixed": [pair(a, b) for a, b in found.fixed],
    }


def gate_junit(found: Gate) -> str:
    """JUnit XML: a test case a metric; the newly broken questions stand in the failing one."""
    rows = (found.primary, *found.guards)
    suite = ElementTree.Element(
        "testsuite",
        name="wenju eval gate",
        tests=str(len(rows) + 1),
        failures=str(sum(r.fires for r in rows) + bool(found.stale)),
        errors="0",
        skipped=str(int(found.verdict is Verdict.TOO_SMALL)),
    )
    setup = ElementTree.SubElement(suite, "testcase", classname="wenju.gate", name="setup")
    if found.stale:
        ElementTree.SubElement(setup, "failure", message=_xml(headline(found)))
    elif found.verdict is Verdict.TOO_SMALL:
        ElementTree.SubElement(setup, "skipped", message=_xml(headline(found)))
    broken = "\n".join(_listed("Newly broken", found.broken, len(found.broken), markdown=False))
    for r in rows:
        case = ElementTree.SubElement(suite, "testcase", classname="wenju.gate", name=r.name)
        if r.fires:
            message = f"{_number(r.before)} → {_number(r.after)}, {POINTS_AT[r.name]}"
            failure = ElementTree.SubElement(case, "failure", message=_xml(message))
            failure.text = _xml(broken)
        ElementTree.SubElement(
            case, "system-out"
        ).text = f"before {r.before:.4f} after {r.after:.4f} p {r.adjusted:.4f}"
    ElementTree.indent(suite)
    body = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def error_junit(message: str) -> str:
    """JUnit XML of a gate that could not decide."""
    suite = ElementTree.Element(
        "testsuite", name="wenju eval gate", tests="1", failures="0", errors="1"
    )
    case = ElementTree.SubElement(suite, "testcase", classname="wenju.gate", name="setup")
    ElementTree.SubElement(case, "error", message=_xml(message))
    body = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _number(value: float) -> str:
    return f"{value:.3f}"


def _points(value: float | None) -> str:
    return "no size" if value is None else f"{100 * value:.1f} points"


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    """Without the characters that XML cannot hold, escaped or not."""
    return _NOT_XML.sub("\ufffd", text)


def _markdown(line: str) -> str:
    """Text of documents as text: no tags, links, pictures or mentions."""
    lead = re.match(r" *(?:- )?", line)
    cut = lead.end() if lead else 0
    escaped = re.sub(r"([\\`*_\[\]|#~!])", r"\\\1", escape(line[cut:], quote=False))
    return line[:cut] + escaped.replace("@", "@\u200b") + ("" if line.startswith("- ") else "  ")
