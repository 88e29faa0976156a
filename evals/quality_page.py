"""A run, and what a gate found, as one HTML page: no script, no file beside it, nothing fetched.

`quality_html` gives the part that another page can take in, `quality_page` a whole one.
Whatever comes from documents, questions and answers is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log

from evals.case import Case
from evals.gate_words import headline, is_chinese, points_at, summary
from evals.gating import Gate, Row, Verdict
from evals.metrics import METRICS
from evals.metrics.calibration import reliability
from evals.metrics.risk_coverage import risk_coverage
from evals.metrics.truthfulness import is_right
from evals.outcomes import Outcome
from evals.plots import bars, plot, stacked
from evals.reporting import measure

_KS = (1, 5, 10, 50)
_LISTED = 200
# Types of questions, as people who read Chinese call them; another set's own stay as they are.
_TYPES = {
    "entity": "名称", "number": "数字", "date": "日期", "table": "表格", "footnote": "注释",
    "overview": "概述", "unanswerable": "资料里没有", "conflict": "说法不一", "multi": "多处",
    "nuggets": "要点", "followup": "追问", "transcript": "录音稿", "list": "列举", "time": "时间",
}  # fmt: skip

STYLE = """
.wenju-quality { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto;
  --main: #2563a8; --other: #a3a3a3; --bad: #b3362b; --good: #2e7d4f; --line: #8884; }
:root[data-look=dark] .wenju-quality { --main: #6ea3dd; --other: #8a8f98; --bad: #e8847a;
  --good: #6dbb8a; }
@media (prefers-color-scheme: dark) { :root:not([data-look=light]) .wenju-quality {
  --main: #6ea3dd; --other: #8a8f98; --bad: #e8847a; --good: #6dbb8a; } }
.wenju-quality h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
.wenju-quality .verdict { padding: .7rem 1rem; border-left: 5px solid var(--good);
  background: #8881; overflow-wrap: anywhere; }
.wenju-quality .verdict.bad { border-color: var(--bad); }
.wenju-quality .plots { display: grid; gap: 1rem; margin-top: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); }
.wenju-quality figure { margin: 0; border: 1px solid var(--line); border-radius: 6px;
  padding: .6rem; }
.wenju-quality figcaption { font-weight: 600; margin-bottom: .3rem; }
.wenju-quality svg { width: 100%; height: auto; }
.wenju-quality svg text { font-size: 11px; fill: currentColor; stroke: none; }
.wenju-quality svg .grid { stroke: var(--line); }
.wenju-quality svg .dashed { stroke-dasharray: 4; stroke: currentColor; opacity: .5; }
.wenju-quality svg polyline { fill: none; stroke-width: 2; }
.wenju-quality svg polyline.main { stroke: var(--main); }
.wenju-quality svg polyline.other { stroke: var(--other); }
.wenju-quality svg circle.main, .wenju-quality svg rect.main { fill: var(--main); }
.wenju-quality svg circle.other { fill: var(--other); }
.wenju-quality svg rect.back { fill: var(--line); }
.wenju-quality svg .mark { stroke: currentColor; stroke-width: 2; }
.wenju-quality svg .part0 { fill: var(--bad); } .wenju-quality svg .part1 { fill: var(--good); }
.wenju-quality svg .part2 { fill: var(--main); } .wenju-quality svg .part3 { fill: var(--other); }
.wenju-quality .scroll { overflow-x: auto; }
.wenju-quality table { border-collapse: collapse; font-size: .9rem; }
.wenju-quality td, .wenju-quality th { padding: .2rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
.wenju-quality td:first-child, .wenju-quality th:first-child { text-align: left; }
.wenju-quality tr.bad { color: var(--bad); font-weight: 600; }
.wenju-quality details { border-bottom: 1px solid var(--line); padding: .3rem 0;
  overflow-wrap: anywhere; }
.wenju-quality summary { cursor: pointer; }
.wenju-quality dt { font-weight: 600; font-size: .8rem; opacity: .7; }
.wenju-quality dd { margin: 0 0 .4rem; }
"""


def quality_page(
    cases: Sequence[Case], found: Gate | None = None, lang: str = "en", problem: str = ""
) -> str:
    """A page of its own."""
    title = "回答质量" if is_chinese(lang) else "Answer quality"
    return (
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>:root {{ color-scheme: light dark }}</style></head>\n"
        f"<body>{quality_html(cases, found, lang, problem)}</body></html>\n"
    )


def quality_html(
    cases: Sequence[Case], found: Gate | None = None, lang: str = "en", problem: str = ""
) -> str:
    """A `<section>` with its style: verdict, plots, the questions that turned, metrics.

    `lang`: "en" or "zh", of what we say; names of metrics stay. `problem`: why there is no verdict.
    """
    zh = is_chinese(lang)

    def say(chinese: str, english: str) -> str:
        return chinese if zh else english

    parts = [f'<section class="wenju-quality"><style>{STYLE}</style>']
    if problem:
        told = say("NOT COMPARABLE 无法比较：", "NOT COMPARABLE: ")
        parts.append(f'<p class="verdict bad">{told}{escape(problem)}</p>')
    if not cases:
        nothing = say("还没有运行过评测。", "Nothing has been measured yet.")
        parts.append("" if problem else f"<p>{nothing}</p>")
        return "".join(parts) + "</section>"
    if found:
        kind = "" if found.verdict is Verdict.PASS else " bad"
        parts.append(f'<p class="verdict{kind}">{escape(headline(found, lang))}</p>')
        parts.append(f"<p>{escape(summary(found, lang))}</p>")
        if found.reasons:
            hints = "".join(
                f"<li>{escape(f'{r.name}: {points_at(r.name, lang)}')}</li>" for r in found.reasons
            )
            parts.append(f"<ul>{hints}</ul>")
        if found.changed:
            lines = "".join(
                f"<li>{escape(name)}: {escape(old)} → {escape(new)}</li>"
                for name, old, new in found.changed
            )
            title = say("与基线不同的设置", "Made with something else than the baseline")
            parts.append(f"<h2>{title}</h2><ul>{lines}</ul>")
        for title, pairs in (
            (say("新答错的题", "Newly broken"), found.broken),
            (say("新答对的题", "Newly fixed"), found.fixed),
        ):
            if pairs:
                parts.append(f"<h2>{title}: {len(pairs)}</h2>")
                parts += [_turned(a, b, lang) for a, b in pairs[:_LISTED]]
    figures = [
        (say("按问题类型的正确率", "Right, by type of question"), _types(cases, found, zh)),
        (say("召回率@k", "Recall@k"), _recall(cases, zh)),
        (say("风险–覆盖率", "Risk–coverage"), _risk(cases, zh)),
        (say("校准：置信度与正确率", "Calibration: confidence and share right"), _bins(cases, zh)),
    ]
    if found:
        figures.append((say("变化的题", "What turned"), _churn(found, lang)))
    parts.append('<div class="plots">')
    parts += [
        f"<figure><figcaption>{escape(t)}</figcaption>{svg}</figure>" for t, svg in figures if svg
    ]
    parts.append("</div>")
    if found:
        parts.append(f"<h2>{say('与基线比较', 'Against the baseline')}</h2>")
        parts.append(_rows([found.primary, *found.guards], zh))
    title = say("所有指标", "All metrics")
    parts.append(f"<details><summary>{title}</summary>{_metrics(cases, zh)}</details>")
    return "".join(parts) + "</section>"


def _rows(rows: Sequence[Row], zh: bool) -> str:
    body = "".join(
        f"<tr{' class=bad' if r.fires else ''}><td>{escape(r.name)}</td><td>{r.n}</td>"
        f"<td>{r.before:.3f}</td><td>{r.after:.3f}</td><td>{r.change:+.3f}</td>"
        f"<td>{r.worse}</td><td>{r.better}</td><td>{r.adjusted:.4f}</td>"
        f"<td>{_size(r.detectable)}</td></tr>"
        for r in rows
    )
    names = ("metric", "n", "before", "after", "change", "worse", "better", "p", "detectable")
    if zh:
        names = ("指标", "题数", "之前", "现在", "变化", "变差", "变好", "p", "看得出")
    heads = "".join(f"<th>{escape(n)}</th>" for n in names)
    return f'<div class="scroll"><table><tr>{heads}</tr>{body}</table></div>'


def _size(detectable: float | None) -> str:
    return "–" if detectable is None or detectable > 1 else f"{detectable:.3f}"


def _metrics(cases: Sequence[Case], zh: bool) -> str:
    cells = [cell for m in METRICS if (cell := measure(m, cases))]
    body = "".join(
        f"<tr><td>{escape(c.metric)}</td><td>{c.n}</td><td>{c.mean:.{c.digits}f}</td>"
        f"<td>{c.low:.{c.digits}f} – {c.high:.{c.digits}f}</td></tr>"
        for c in cells
    )
    names = ("指标", "题数", "平均", "95 %") if zh else ("metric", "n", "mean", "95 %")
    heads = "".join(f"<th>{n}</th>" for n in names)
    return f'<div class="scroll"><table><tr>{heads}</tr>{body}</table></div>'


def _types(cases: Sequence[Case], found: Gate | None, zh: bool) -> str:
    held: dict[str, list[bool]] = {}
    for case in cases:
        held.setdefault(case.question.type, []).append(is_right(case))
    was: dict[str, float] = {}
    if found:
        lost: dict[str, int] = {}
        for pairs, sign in ((found.broken, 1), (found.fixed, -1)):
            for _, now in pairs:
                lost[now.type] = lost.get(now.type, 0) + sign
        was = {t: (sum(r) + lost.get(t, 0)) / len(r) for t, r in held.items()}
    names = _TYPES if zh else {}
    rows = [(names.get(t, t), len(r), sum(r) / len(r), was.get(t)) for t, r in sorted(held.items())]
    return bars("Right, by type", rows)


def _recall(cases: Sequence[Case], zh: bool) -> str:
    found = {m.name: m.mean(cases) for m in METRICS if m.name.startswith("recall@")}
    points = [
        (log(k) / log(_KS[-1]), value)
        for k in _KS
        if (value := found.get(f"recall@{k}")) is not None
    ]
    if not points:
        return ""
    ticks = [(log(k) / log(_KS[-1]), str(k)) for k in _KS]
    y_name = "召回率" if zh else "recall"
    return plot("Recall@k", "k", y_name, [("recall", points)], ticks=ticks, dots=True)


def _risk(cases: Sequence[Case], zh: bool) -> str:
    curve = [(coverage, risk) for _, coverage, risk in risk_coverage(cases)]
    if not curve:
        return ""
    x_name, y_name = ("作答的比例", "其中答错的") if zh else ("coverage", "risk")
    return plot("Risk–coverage", x_name, y_name, [("risk", curve)])


def _bins(cases: Sequence[Case], zh: bool) -> str:
    points = [(b.confidence, b.right) for b in reliability(cases)]
    if not points:
        return ""
    x_name, y_name = ("置信度", "答对的比例") if zh else ("confidence", "right")
    return plot("Calibration", x_name, y_name, [("right", points)], dots=True, diagonal=True)


def _churn(found: Gate, lang: str) -> str:
    right = round(found.primary.after * found.n) - len(found.fixed)
    wrong = found.n - right - len(found.fixed) - len(found.broken)
    zh = lang.startswith("zh")
    return stacked(
        "What turned",
        [
            ("新答错" if zh else "newly broken", len(found.broken)),
            ("新答对" if zh else "newly fixed", len(found.fixed)),
            ("一直对" if zh else "right in both", right),
            ("一直错" if zh else "wrong in both", wrong),
        ],
    )


def _turned(before: Outcome, now: Outcome, lang: str) -> str:
    zh = lang.startswith("zh")
    gold = " | ".join(now.gold) or ("（资料里没有）" if zh else "(unanswerable)")
    rows = (
        ("标准答案" if zh else "gold", gold),
        ("之前" if zh else "before", before.said),
        ("现在" if zh else "now", now.said),
    )
    body = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows)
    title = f"{now.id} · {now.question}"
    return f"<details><summary>{escape(title)}</summary><dl>{body}</dl></details>"
