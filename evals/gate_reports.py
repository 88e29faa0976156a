"""What a gate found, for a terminal, a pull request, a machine and a CI server (JUnit)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree

from evals.gate_words import headline, is_chinese, points_at, summary
from evals.gating import Gate, Row, Verdict
from evals.outcomes import Outcome
from evals.reporting import table


def gate_text(found: Gate, markdown: bool = False, listed: int = 20, lang: str = "en") -> str:
    """The whole verdict for reading; ends with a line break. Names of metrics stay English."""
    zh = is_chinese(lang)
    head = ["metric", "n", "before", "after", "change", "worse", "better", "p", "detectable", ""]
    if zh:
        head = ["指标", "n", "之前", "现在", "变化", "变差", "变好", "p", "看得出", ""]
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
            "–" if r.detectable is None or r.detectable > 1 else f"{r.detectable:.3f}",
            ("退步" if zh else "FAILS") if r.fires else "",
        ]
        for r in (found.primary, *found.guards)
    ]
    line = headline(found, lang)
    parts = [f"### {line}" if markdown else line, table(head, rows, markdown)]
    parts.append(summary(found, lang))
    hints = [f"- {r.name}: {points_at(r.name, lang)}" for r in found.reasons]
    if hints:
        parts.append("\n".join(["先看哪里" if zh else "What failed points at", *hints]))
    if found.changed:
        lines = [f"- {name}: {old} → {new}" for name, old, new in found.changed]
        title = "与基线不同的设置" if zh else "Made with something else than the baseline"
        parts.append("\n".join([title, *lines]))
    broken, fixed = ("新答错的题", "新答对的题") if zh else ("Newly broken", "Newly fixed")
    for title, pairs in ((broken, found.broken), (fixed, found.fixed)):
        if pairs:
            parts.append("\n".join(_listed(title, pairs, listed, markdown, zh)))
    return "\n\n".join(parts) + "\n"


def _listed(
    title: str,
    pairs: Sequence[tuple[Outcome, Outcome]],
    most: int,
    markdown: bool,
    zh: bool = False,
) -> list[str]:
    lines = [f"<details><summary>{title}: {len(pairs)}</summary>\n" if markdown else title]
    names = ("标准", "之前", "现在") if zh else ("gold:  ", "before:", "now:   ")
    mark = "：" if zh else " "
    for before, after in pairs[:most]:
        gold = " | ".join(after.gold) or ("（资料里没有）" if zh else "(unanswerable)")
        said = (gold, before.said, after.said)
        block = [f"- {after.id} {after.question}"]
        block += [f"    {n}{mark}{text}" for n, text in zip(names, said, strict=True)]
        lines += [_markdown(b) for b in block] if markdown else block
    if len(pairs) > most:
        more = len(pairs) - most
        lines.append(
            f"  …… 还有 {more} 题（JSON 报告里是全部）"
            if zh
            else f"  … and {more} more (a JSON report lists all)"
        )
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
        "points_at": {r.name: points_at(r.name) for r in found.reasons},
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
            message = f"{_number(r.before)} → {_number(r.after)}, {points_at(r.name)}"
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
