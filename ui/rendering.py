"""Answers as people read them in a terminal.

Text of documents is not ours: control characters are taken out, so that no file can move the
cursor, change colours or turn the line around.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.schema import Answer, Citation
from ui.messages import language_of, say

# C0 and C1 controls, line and paragraph separators, and what turns the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def _no_marks(quote: str) -> Sequence[tuple[int, int]]:
    return ()


def _no_header(citation: Citation) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is shown of a citation beside what the record says."""

    mark: Callable[[str], Sequence[tuple[int, int]]] = _no_marks  # quote → words asked for
    header: Callable[[Citation], str] = _no_header  # of the table whose row is quoted


BARE = Context()


@dataclass(frozen=True, slots=True)
class Style:
    """How words stand out: ANSI codes on a terminal, ‹ › in a file or a pipe."""

    mark: tuple[str, str] = ("‹", "›")
    strong: tuple[str, str] = ("", "")
    faint: tuple[str, str] = ("", "")


PLAIN = Style()
COLOUR = Style(("\x1b[1;4m", "\x1b[22;24m"), ("\x1b[1m", "\x1b[22m"), ("\x1b[2m", "\x1b[22m"))


def printable(text: str) -> str:
    """One line without control characters."""
    return _UNPRINTABLE.sub(" ", text)


def clock(seconds: float) -> str:
    """Seconds as mm:ss, or h:mm:ss from an hour on."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes:02}:{second:02}"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def place(citation: Citation, lang: str | None = None) -> str:
    """Page or minute, and section: where a person would look it up; "" where none is known."""
    parts = []
    pages = sorted({span.page for span in citation.spans if span.page is not None})
    if len(pages) == 1:
        parts.append(say("page", lang, page=pages[0]))
    elif pages:
        parts.append(say("pages", lang, first=pages[0], last=pages[-1]))
    starts = [span.time_start for span in citation.spans if span.time_start is not None]
    if starts:
        ends = [span.time_end for span in citation.spans if span.time_end is not None]
        first, last = clock(min(starts)), clock(max(ends, default=min(starts)))
        parts.append(first if first == last else f"{first}–{last}")
    if citation.section:
        parts.append(printable(citation.section))
    return " · ".join(parts)


def render_answer(
    answer: Answer, *, style: Style = PLAIN, context: Context = BARE, width: int | None = None
) -> str:
    """The answer, what it rests on, and where its sources disagree; ends without a line end.

    Labels are in the question's language. `width` in terminal columns wraps; None does not.
    """
    lang = language_of(answer.question)
    lines: list[str] = []
    if answer.completed_question and answer.completed_question != answer.question:
        question = printable(answer.completed_question)
        lines += [_in(style.faint, say("understood_as", lang, question=question)), ""]
    if answer.status == "error":
        return "\n".join([*lines, say("failed", lang, error=printable(answer.error or ""))])
    if answer.status == "abstained":
        return "\n".join([*lines, *_abstention(answer, lang, style, context, width)])
    if answer.engine.endswith("(fallback)"):
        why = printable(str((answer.usage or {}).get("fault", "")))
        lines += [_in(style.faint, say("fallback", lang, why=why)), ""]
    for text in statement_lines(answer):
        lines += _wrap(printable(text), width)
    lines += _conflicts(answer, lang, style, width)
    if answer.citations:
        lines += ["", _in(style.strong, say("evidence", lang))]
        for citation in answer.citations:
            lines += _citation(citation, lang, style, context, width)
    return "\n".join(lines)


def statement_lines(answer: Answer) -> list[str]:
    """The answer, a statement a line with its citation marks: they come from different places."""
    if not answer.statements:
        return [answer.answer]
    return [one.text + "".join(f"[{n}]" for n in one.citations) for one in answer.statements]


def _abstention(
    answer: Answer, lang: str, style: Style, context: Context, width: int | None
) -> list[str]:
    abstention = answer.abstention
    reason = printable(abstention.reason if abstention else "")
    lines = _wrap(reason or say("no_answer", lang), width)
    if abstention and abstention.missing:
        terms = ("、" if lang == "zh" else ", ").join(map(printable, abstention.missing))
        lines += _wrap(say("missing", lang, terms=terms), width)
    if abstention and abstention.nearest:
        lines += ["", _in(style.strong, say("nearest", lang))]
        for citation in abstention.nearest:
            lines += _citation(citation, lang, style, context, width)
    return lines


def _conflicts(answer: Answer, lang: str, style: Style, width: int | None) -> list[str]:
    if not answer.conflicts:
        return []
    lines = ["", _in(style.strong, say("conflicts", lang))]
    for conflict in answer.conflicts:
        sides = [
            printable(side.value)
            + (f"（{scope}）" if (scope := printable(side.scope)) and lang == "zh" else "")
            + (f" ({scope})" if scope and lang == "en" else "")
            + "".join(f"[{n}]" for n in side.citations)
            for side in conflict.sides
        ]
        about = say("conflict_about", lang, about=printable(conflict.about))
        lines += _wrap(about + say("separator", lang).join(sides), width, indent="  ")
    return lines


def _citation(
    citation: Citation, lang: str, style: Style, context: Context, width: int | None
) -> list[str]:
    where = place(citation, lang)
    head = f"[{citation.n}] {_in(style.strong, printable(citation.source))}"
    lines = _wrap(f"{head} · {where}" if where else head, width)
    # One character for one, so that the spans of the marked words stay where they are.
    quote = "".join(" " if _UNPRINTABLE.fullmatch(c) else c for c in citation.quote)
    if header := context.header(citation):
        shown = say("table_header", lang, cells=printable(header))
        lines += [_in(style.faint, line) for line in _wrap(shown, width, indent="    ")]
    marked = _marked(quote, context.mark(citation.quote), style)
    return lines + _wrap(marked, width, indent="    ")


def _marked(text: str, spans: Sequence[tuple[int, int]], style: Style) -> str:
    out, at = [], 0
    for start, end in spans:
        out += [text[at:start], style.mark[0], text[start:end], style.mark[1]]
        at = end
    return "".join([*out, text[at:]])


def _in(pair: tuple[str, str], text: str) -> str:
    return f"{pair[0]}{text}{pair[1]}"


# --- wrapping ------------------------------------------------------------------------------------

# An ANSI code, a Latin word or number with its spaces, or one character.
_PIECE = re.compile(r"\x1b\[[0-9;]*m|[!-~]+ *| +|.", re.DOTALL)
# Closing punctuation never begins a line.
_CLOSING = frozenset("，。；：！？、）」』》】’”…％")


def columns(text: str) -> int:
    """Columns in a terminal: wide characters take two, ANSI codes and combining marks none."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    if width is None:
        return [indent + text]
    room = max(width - len(indent), 20)
    lines, line, used = [], "", 0
    for piece in _PIECE.findall(text):
        size = columns(piece.rstrip(" ")) if piece.strip() else columns(piece)
        if used + size > room and used and piece not in _CLOSING:
            lines.append(indent + line.rstrip(" "))
            line, used = "", 0
            piece = piece.lstrip(" ")
        line += piece
        used += columns(piece)
    return [*lines, indent + line] if line or not lines else lines
