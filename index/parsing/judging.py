"""What a line of a text is, given the lines around it."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from index.parsing import marks
from index.parsing.lines import Layout, Line, goes_on
from index.parsing.notes import UNLABELLED
from index.schema import BlockKind

_TOP = 40  # lines in which front matter stands
_LETTER = re.compile(r"[\u3400-\u9fffA-Za-z]")
_BULLET = re.compile(r"[•●■◆▪‣○◦▶➤✓✔►❖]|[-*]\s+\S")
_ABSTRACT = re.compile(
    r"[【\[（(]?\s?(?:内容)?(?:摘\s*要|提\s*要)\s?[】\]）)]?(?:[:：\s]|(?<=[】\]）)]))"
    r"|(?:Abstract|ABSTRACT)\s?[:：.—–]"
)
_NO_TITLE = re.compile(r"https?://|@|[，。；]")


class Judge:
    """Knows the lines, how they are broken, and which are furniture.

    `top`: lines before this one may be title and front matter; `shown`: starts of the lines that
    the page sets as headings.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        layout: Layout,
        furniture: set[int],
        shown: Container[int] = (),
    ) -> None:
        self.lines, self.layout, self.furniture = lines, layout, furniture
        self.shown = shown
        ranks = {
            rank
            for i, line in enumerate(lines)
            if (rank := marks.heading_rank(line.text)) is not None
            and i not in furniture
            and self.may_head(i, rank)
        }
        # Ranks in use become levels 1, 2, 3 …
        self.levels = {rank: level for level, rank in enumerate(sorted(ranks), 1)}
        self.top = self._find_top()

    def _find_top(self) -> int:
        for i, line in enumerate(self.lines[:_TOP]):
            if i in self.furniture or marks.is_front(line.text, near_top=True):
                continue
            numbered = (marks.heading_rank(line.text) or 99) <= 6
            if line.width > 160 or numbered or line.text in ("正文", "前言"):
                return max(i, 3)
        return min(_TOP, len(self.lines))

    def kind(self, i: int, *, titles: Sequence[str], begun: bool, bibliography: bool) -> BlockKind:
        """The kind of a line that goes on from nothing.

        `titles`: headings so far; `begun`: a paragraph stands above.
        """
        text = self.lines[i].text
        near_top = i < self.top
        if len(text) > 60 and not marks.SPECIAL.match(text):
            return BlockKind.PARAGRAPH
        rank = marks.heading_rank(text)
        if rank is not None and self.may_head(i, rank):
            return BlockKind.HEADING
        if marks.is_furniture(text):
            return BlockKind.FURNITURE
        if marks.is_caption(text):
            return BlockKind.CAPTION
        byline = near_top and text.startswith(("来源", "Source"))
        if marks.SOURCE_NOTE.match(text) and not byline and len(text) <= 240:
            return BlockKind.CAPTION
        if marks.NAMED.fullmatch(text) or marks.BIBLIOGRAPHY.fullmatch(text):
            return BlockKind.HEADING
        if marks.is_front(text, near_top=near_top) or (near_top and titles and is_byline(text)):
            return BlockKind.FRONT_MATTER
        if bibliography or UNLABELLED.match(text):
            return BlockKind.REFERENCE
        if self.is_title(i, titles=titles, begun=begun):
            return BlockKind.HEADING
        return BlockKind.LIST_ITEM if marks.LIST_ITEM.match(text) else BlockKind.PARAGRAPH

    def level(self, i: int, *, begun: bool) -> tuple[int, bool]:
        """(level of a heading, whether what follows stands under it): titles at the top do not."""
        text = self.lines[i].text
        rank = marks.heading_rank(text)
        if rank is not None and self.may_head(i, rank):
            return self.levels.get(rank, 1), True
        if marks.NAMED.fullmatch(text) or marks.BIBLIOGRAPHY.fullmatch(text):
            return 1, True
        if marks.ANNEX.match(text):
            return 1, True
        if i < self.top and not begun:
            return 1, False
        return min(len(self.levels) + 1, 6), True

    def may_head(self, i: int, rank: int) -> bool:
        """A numbered line is no heading in the middle of a wrapped sentence or of a list."""
        line = self.lines[i]
        if line.start in self.shown:
            return True
        before = self.lines[i - 1] if i and i - 1 not in self.furniture else None
        if before is not None and self.layout.wrapped and goes_on(before, line, self.layout):
            return False
        ended = marks.is_terminal(line.text)
        if rank not in (marks.NUMBER_RANK, 9):
            return not (rank >= 5 and ended and not line.text.endswith(("？", "?")))
        after = self.lines[i + 1] if i + 1 < len(self.lines) else None
        if len(line.text) > 40 or ended or after is None:
            return False
        # A list follows with its next number; under a heading stands text or a lower heading.
        return (
            after.width > line.width
            and marks.heading_rank(after.text) != rank
            and (len(after.text) > 24 or after.text.endswith("。"))
        )

    def is_title(self, i: int, *, titles: Sequence[str], begun: bool) -> bool:
        """A short line without a full stop, between finished text and a paragraph."""
        line = self.lines[i]
        text = line.text
        most = 80 if line.latin else 40
        if (
            len(text) > most
            or line.width > 80
            or marks.is_terminal(text)
            or marks.is_sentence(text)
        ):
            return False
        if marks.LIST_ITEM.match(text) or not _LETTER.search(text) or _NO_TITLE.search(text):
            return False
        following = self.lines[i + 1] if i + 1 < len(self.lines) else None
        broken = self.layout.wrapped and line.width >= 0.85 * self.layout.full(line)
        if broken and following is not None and goes_on(line, following, self.layout):
            return False
        if i < self.top:
            return text in titles or (i <= 8 and not begun)
        below = range(i + 1, min(i + 6, len(self.lines)))
        after = next((self.lines[j] for j in below if j not in self.furniture), None)
        crowded = self.layout.wrapped and line.gap <= self.layout.gap and line.gap < 3
        return after is not None and not crowded and after.width >= 60 and len(text) <= 30

    def starts_block(self, i: int, last: Line) -> bool:
        """The line opens a block, though a paragraph (up to `last`) stands open above it."""
        text = self.lines[i].text
        if len(text) <= 16 and marks.NAMED.fullmatch(text):
            return True
        if i <= _TOP and _ABSTRACT.match(text):
            return True
        if not marks.SPECIAL.match(text):
            return False
        rank = marks.heading_rank(text)
        if rank is not None and self.may_head(i, rank):
            return True
        width = self.lines[i].width
        if self.layout.wrapped and width < 0.7 * self.layout.full(last) and marks.is_caption(text):
            return True
        if _BULLET.match(text):
            return True
        full = self.layout.wrapped and last.width >= 0.8 * self.layout.full(last)
        if full and not marks.is_terminal(last.text):
            return False
        if marks.CAPTION.match(text) and len(text) <= 60 and not marks.is_terminal(text):
            return True
        if marks.is_front(text, near_top=i < self.top):
            return True
        return marks.LIST_ITEM.match(text) is not None and not text[0].isalpha()


def is_byline(text: str) -> bool:
    """Names alone, or an institution's, as they stand beneath a title."""
    if len(text) <= 160 and marks.LATIN_NAMES.match(text):
        return True
    if len(text) > 60:
        return False
    apart = " " in text or "\u3000" in text or "、" in text or len(text) <= 3
    if apart and marks.NAMES.match(text):
        return True
    bodies = text.split()
    return marks.BODY_NAME.fullmatch(bodies[0]) is not None and all(
        marks.BODY_NAME.fullmatch(b) or marks.NAMES.match(b) or b.endswith(("室", "组", "部", "处"))
        for b in bodies[1:]
    )
