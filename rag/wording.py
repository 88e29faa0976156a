"""What is said of a draft: the source's own words, cuts marked, Markdown's signs left out."""

from __future__ import annotations

import re

from rag.reading import Draft

CUT = "…"
# **bold**, __bold__, [^2], which points at a note, and "[^2]: ", which begins it.
_SIGNS = re.compile(
    r"\*\*|(?<![\w_])__|__(?![\w_])|^\s*\[\^[^\]\s]{1,12}\]:\s*|\[\^[^\]\s]{1,12}\]"
)


def said(draft: Draft) -> list[str]:
    """The short answers, where there are any, and the sentence itself."""
    document = draft.document
    text = plain(document.quote(draft.spans), document.format)
    before, after = draft.cut
    whole = f"{CUT} {text}" if before else text
    whole = f"{whole} {CUT}" if after else whole
    if not draft.short:
        return [whole]
    shorts = [plain(document.quote(s), document.format).strip() for s in (draft.short, *draft.more)]
    return [*dict.fromkeys(s for s in shorts if s and s != whole), whole]


def plain(text: str, format: str) -> str:
    """The text without Markdown's signs, for documents that are written in it."""
    return _SIGNS.sub("", text) if format in ("md", "txt", "jsonl") else text
