"""From bytes to the text layer: decoding, control characters, and the joining of broken lines.

Nothing else is ever done to a document's characters. What is taken out or replaced is recorded, so
that every character of the cleaned text leads back to the place where it stood.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass, field

from index.errors import UnsupportedFormat
from index.schema import RawRun

# C0 and C1 controls save tab and newline; zero-width space, word joiner, BOM, soft hyphen,
# direction marks; lone surrogates, the two non-characters. U+200D stays: it holds emoji together.
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
    "\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = frozenset("\x0b\x0c\x85\u2028\u2029\x1c\x1d\x1e")
_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HAN = re.compile(f"[{_HAN}]")
# Scripts and punctuation that are written without spaces between words.
_UNSPACED = re.compile(
    f"[{_HAN}\u3000-\u30ff\u31c0-\u31ff\u3200-\u33ff\ufe10-\ufe1f\ufe30-\ufe4f\uff01-\uffee—…]"
)
_URL_TAIL = re.compile(r"(?:https?://|www\.)\S*$|(?:^|\s)(?=\S{12})[\w.%-]*/[\w./%=?&#-]*$")
# An address that stops at one of its own strokes goes on.
_URL_OPEN = re.compile(r"(?:https?:|(?:https?://|www\.)\S*[/_=?&%#-])$")
_URL_HEAD = re.compile(
    r"[/_=?&%#-]|\S*[/_]\S*|[\w-]+(?:-[\w]+){2,}|[\w-]*\.(?:com|org|gov|net|cn|pdf|html?)\b"
)
_HYPHENATED = re.compile(r"([A-Za-z]{2,})[-\u2010]$")
_WORD_HEAD = re.compile(r"[a-z]{2,}")
# A hyphen after these is the word's own, whatever the line does.
_COMPOUNDS = frozenset({
    "self", "well", "long", "short", "high", "low", "non", "state", "full", "large", "small",
    "half", "cross", "mid", "so", "all", "ex", "anti", "pro", "multi", "two", "three", "four",
    "five", "six", "ten", "one", "first", "second", "third", "world", "year", "time", "user",
    "data", "case",
})  # fmt: skip
_TYPOGRAPHY = dict.fromkeys((*range(128, 880), *range(8208, 8256), 8364, 8482), "-")
_COMMON = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对"
    "可她里"
    "后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已"
    "老从动两长"
    "這來國個說們為時會過對裡後麼沒於還發當無開經頭從動兩長學與業產機電關實現體點問間題將應進種現"
    "与业产机电关实现体点问间题将应进种月分部新市政府法高第及其等工全市场美元企业资金。，、“”：；"
    "（）《》"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    encoding: str


def decode(data: bytes) -> Decoded:
    """Decode a text file: by its byte order mark, as strict UTF-8, GB18030 or Big5, by a guess.

    Bytes that are not text raise UnsupportedFormat. A file cut in the middle of a character keeps
    the rest.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _checked(Decoded(data.decode(encoding, errors="replace"), encoding))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _checked(_decode_legacy(data))
    if "\x00" in text[:4096]:
        return _checked(_decode_wide(data))
    return _checked(Decoded(text, "utf-8"))


def _decode_wide(data: bytes) -> Decoded:
    """UTF-16 without a mark has its zeros on one side; anything else with zeros is no text."""
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 8 * min(even, odd) and max(even, odd) > len(head) // 50:
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        text = data.decode(encoding, errors="replace")
        if CONTROL.sub("", text[:2000]) == text[:2000].replace("\r", "") and _plausible(text):
            return Decoded(text, encoding)
    return Decoded(data.decode("utf-8", errors="replace"), "binary")


def _decode_legacy(data: bytes) -> Decoded:
    if b"\x00" in data[:4096]:
        wide = _decode_wide(data)
        if wide.encoding != "binary":
            return wide
    almost = data.decode("utf-8", errors="replace")
    # Another encoding read as UTF-8 fails at every other character; a damaged file now and then.
    if almost.count("\ufffd") <= 3 + len(almost) // 50 and HAN.search(almost):
        return Decoded(almost, "utf-8")
    best: tuple[float, Decoded] | None = None
    for encoding in ("gb18030", "big5hkscs"):
        text = data.decode(encoding, errors="replace")
        if text.count("\ufffd") > len(text) // 2000 + (text.endswith("\ufffd")):
            continue
        score = _commonness(text)
        # The margin makes GB18030 win a tie: Big5 accepts much of what it cannot mean.
        if best is None or score > best[0] * 1.25:
            best = (score, Decoded(text, encoding))
    if best is not None and best[0] >= 0.15:
        return best[1]
    from charset_normalizer import from_bytes

    guess = from_bytes(data[:200_000]).best()
    if guess is not None:
        text = data.decode(guess.encoding, errors="replace")
        # Latin code pages differ in a letter or two, a guess among them is a toss: the commonest.
        if text.translate(_TYPOGRAPHY).isascii():
            western = data.decode("cp1252", errors="replace")
            if "\ufffd" not in western:
                return Decoded(western, "cp1252")
        return Decoded(text, guess.encoding)
    return best[1] if best is not None else Decoded(almost, "binary")


def _commonness(text: str) -> float:
    """Share of everyday Chinese characters among all that are not ASCII."""
    others = [c for c in text[:100_000] if c > "\x7f"]
    return sum(c in _COMMON for c in others) / len(others) if others else 0.0


def _plausible(text: str) -> bool:
    head = text[:2000]
    plain = sum(c.isascii() for c in head)
    return plain > 0.8 * len(head) or _commonness(head) >= 0.15


def _checked(decoded: Decoded) -> Decoded:
    head = decoded.text[:65536]
    noise = sum(c < " " and c not in "\t\n\r\f\x1b" for c in head) + head.count("\ufffd")
    if decoded.encoding == "binary" or noise > max(8, len(head) // 20):
        raise UnsupportedFormat("holds binary data, not text; convert it or give it its own suffix")
    return decoded


@dataclass(slots=True)
class Edits:
    """What cleaning takes out of the raw text, or puts in place of a single character."""

    items: list[tuple[int, int, str]] = field(default_factory=list)

    def delete(self, start: int, end: int) -> None:
        if start < end:
            self.items.append((start, end, ""))

    def replace(self, start: int, end: int, character: str) -> None:
        """Put one character for [start, end); it maps to `start`."""
        self.items.append((start, end, character))

    def drop_controls(self, raw: str) -> None:
        """Control characters go; those that end a line become a newline."""
        for match in CONTROL.finditer(raw):
            i, c = match.start(), match.group()
            if c in _LINE_ENDS or (c == "\r" and raw[i + 1 : i + 2] != "\n"):
                self.items.append((i, i + 1, "\n"))
            elif "\ud800" <= c <= "\udfff":
                self.items.append((i, i + 1, "\ufffd"))
            else:
                self.items.append((i, i + 1, ""))


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`text`, and the way back: runs are ascending in both texts."""

    text: str
    runs: tuple[RawRun, ...]  # () where nothing was changed

    def offset(self, raw_offset: int) -> int:
        """Where the first kept character at or after `raw_offset` stands in `text`."""
        if not self.runs:
            return min(raw_offset, len(self.text))
        i = bisect_right(self.runs, raw_offset, key=lambda r: r.raw_start) - 1
        if i >= 0:
            run = self.runs[i]
            if raw_offset < run.raw_start + run.length:
                return run.start + raw_offset - run.raw_start
        return self.runs[i + 1].start if i + 1 < len(self.runs) else len(self.text)


def apply(raw: str, edits: Edits) -> Cleaned:
    """The text with all edits made. An edit that an earlier, longer one covers is skipped."""
    if not edits.items:
        return Cleaned(raw, ())
    parts: list[str] = []
    runs: list[RawRun] = []
    length = 0

    def keep(piece: str, raw_start: int) -> None:
        nonlocal length
        if not piece:
            return
        if runs and runs[-1].raw_start + runs[-1].length == raw_start:
            last = runs.pop()
            runs.append(RawRun(last.start, last.raw_start, last.length + len(piece)))
        else:
            runs.append(RawRun(length, raw_start, len(piece)))
        parts.append(piece)
        length += len(piece)

    done = 0
    for start, end, character in sorted(edits.items, key=lambda e: (e[0], -e[1])):
        if start < done:
            done = max(done, end)
            continue
        keep(raw[done:start], done)
        keep(character, start)
        done = end
    keep(raw[done:], done)
    if runs == [RawRun(0, 0, len(raw))]:
        return Cleaned("".join(parts), ())
    return Cleaned("".join(parts), tuple(runs))


def join_lines(
    raw: str, left_end: int, right_start: int, edits: Edits, *, vocabulary: str = ""
) -> None:
    """Join the line that ends at `left_end` with the one that begins at `right_start`.

    `vocabulary` is lower-case text in which a hyphenated word may stand whole.
    """
    dropped, between = joint(raw, left_end, right_start, vocabulary=vocabulary)
    if between:
        edits.replace(left_end, right_start, between)
    else:
        edits.delete(left_end - dropped, right_start)


def joint(raw: str, left_end: int, right_start: int, *, vocabulary: str = "") -> tuple[int, str]:
    """(characters that the left line loses at its end, what is put between the two lines).

    Chinese joins without a space, Latin words with one, halves of a hyphenated word and of an
    address with none.
    """
    left, right = raw[max(0, left_end - 200) : left_end], raw[right_start : right_start + 60]
    hyphenated = _HYPHENATED.search(left)
    if _URL_OPEN.search(left) or (_URL_TAIL.search(left) and _URL_HEAD.match(right)):
        return 0, ""
    if hyphenated and (head := _WORD_HEAD.match(right)):
        first, second = hyphenated.group(1).lower(), head.group()
        own = first in _COMPOUNDS and first + second not in vocabulary
        return (0 if own or f"{first}-{second}" in vocabulary else 1), ""
    unspaced = left and right and (_UNSPACED.match(left[-1]) or _UNSPACED.match(right[0]))
    return 0, "" if unspaced or left.endswith(("-", "\u2010", "–", "/")) else " "


_SPREAD = re.compile(f"(?<![{_HAN}])[{_HAN}](?: [{_HAN}]){{2,}}(?![{_HAN}])")


def close_spread_characters(raw: str, edits: Edits) -> None:
    """Characters set apart for looks (结 束 语) become one word again. Two alone may be a name."""
    for match in _SPREAD.finditer(raw):
        for i in range(match.start() + 1, match.end(), 2):
            edits.delete(i, i + 1)
