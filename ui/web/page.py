"""An answer as HTML. Every text that is not ours, question or document, is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rag.schema import Answer, Citation
from ui.messages import language_of, say
from ui.rendering import BARE, Context, place, printable, statement_lines

CSS = """
.wenju-page { max-width: 760px; margin: 0 auto; }
.wenju-answer { font-size: 1.06rem; line-height: 1.85; margin: 0 0 .35em; overflow-wrap: anywhere; }
.wenju-answer a { text-decoration: none; font-size: .8em; padding: 0 .12em; }
.wenju-faint { opacity: .72; }
.wenju-label { font-weight: 600; margin: 1.3em 0 .5em; }
.wenju-cite { border-left: 3px solid var(--border-color-primary); padding: .1em 0 .1em .9em;
  margin: .8em 0; scroll-margin-top: 1em; }
.wenju-cite:target { border-left-color: var(--color-accent); }
.wenju-where { font-size: .88rem; }
.wenju-quote { margin-top: .2em; line-height: 1.75; overflow-wrap: anywhere; }
.wenju-page mark { background: #fdf0b5; color: inherit; padding: 0 .05em; border-radius: 2px; }
.dark .wenju-page mark { background: #5b4d12; }
"""


def answer_html(answer: Answer, context: Context = BARE) -> str:
    """The answer, and beneath it each citation with its source, place and quote."""
    lang = language_of(answer.question)
    parts = []
    if answer.completed_question and answer.completed_question != answer.question:
        shown = say("understood_as", lang, question=answer.completed_question)
        parts.append(f'<p class="wenju-faint">{_text(shown)}</p>')
    if answer.status == "error":
        parts.append(notice_html(say("failed", lang, error=answer.error or "")))
    elif answer.status == "abstained":
        parts += _abstention(answer, lang, context)
    else:
        known = {citation.n for citation in answer.citations}
        parts += [
            f'<p class="wenju-answer">{_linked(line, known)}</p>'
            for line in statement_lines(answer)
        ]
        parts += _conflicts(answer, lang)
        parts += _citations(say("evidence", lang), answer.citations, lang, context)
    return f'<div class="wenju-page" aria-live="polite" lang="{lang}">{"".join(parts)}</div>'


def notice_html(line: str) -> str:
    """One line that is no answer."""
    return f'<p class="wenju-answer wenju-faint">{_text(line)}</p>'


def _abstention(answer: Answer, lang: str, context: Context) -> list[str]:
    abstention = answer.abstention
    reason = (abstention.reason if abstention else "") or say("no_answer", lang)
    parts = [f'<p class="wenju-answer">{_text(reason)}</p>']
    if abstention and abstention.missing:
        terms = ("、" if lang == "zh" else ", ").join(abstention.missing)
        parts.append(f'<p class="wenju-faint">{_text(say("missing", lang, terms=terms))}</p>')
    if abstention and abstention.nearest:
        parts += _citations(say("nearest", lang), abstention.nearest, lang, context)
    return parts


def _conflicts(answer: Answer, lang: str) -> list[str]:
    if not answer.conflicts:
        return []
    known = {citation.n for citation in answer.citations}
    parts = [f'<p class="wenju-label">{_text(say("conflicts", lang))}</p>']
    for conflict in answer.conflicts:
        sides = "".join(
            f"<li>{_text(side.value)}{_scope(side.scope, lang)}"
            f"{_linked(''.join(f'[{n}]' for n in side.citations), known)}</li>"
            for side in conflict.sides
        )
        parts.append(f"<p>{_text(conflict.about)}</p><ul>{sides}</ul>")
    return parts


def _scope(scope: str, lang: str) -> str:
    if not scope:
        return ""
    return _text(f"（{scope}）" if lang == "zh" else f" ({scope}) ")


def _citations(label: str, citations: Sequence[Citation], lang: str, context: Context) -> list[str]:
    if not citations:
        return []
    return [
        f'<p class="wenju-label">{_text(label)}</p>',
        *(_citation(citation, lang, context) for citation in citations),
    ]


def _citation(citation: Citation, lang: str, context: Context) -> str:
    where = place(citation, lang)
    where = f' <span class="wenju-faint">· {_text(where)}</span>' if where else ""
    header = context.header(citation)
    if header:
        shown = _text(say("table_header", lang, cells=header))
        header = f'<div class="wenju-where wenju-faint">{shown}</div>'
    return (
        f'<div class="wenju-cite" id="cite-{citation.n}"><div class="wenju-where">[{citation.n}] '
        f"<strong>{_text(citation.source)}</strong>{where}</div>"
        f"{header}"
        f'<div class="wenju-quote">{_marked(citation.quote, context.mark(citation.quote))}</div>'
        "</div>"
    )


def _marked(quote: str, spans: Sequence[tuple[int, int]]) -> str:
    out, at = [], 0
    for start, end in spans:
        out += [_text(quote[at:start]), "<mark>", _text(quote[start:end]), "</mark>"]
        at = end
    return "".join([*out, _text(quote[at:])])


def _linked(answer: str, known: set[int]) -> str:
    """Citation marks lead to their citation; brackets of the documents' own do not."""
    pieces = re.split(r"\[(\d{1,3})\]", answer)
    out = [_text(pieces[0])]
    for number, after in zip(pieces[1::2], pieces[2::2], strict=True):
        if int(number) in known:
            out.append(f'<a href="#cite-{int(number)}">[{int(number)}]</a>')
        else:
            out.append(f"[{number}]")
        out.append(_text(after))
    return "".join(out)


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
