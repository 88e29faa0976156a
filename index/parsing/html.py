"""Web pages: the visible text as the text layer, its structure from the tags.

Navigation, share buttons and the like are kept and marked as furniture; scripts and styles never
reach the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from index.cleaning import Decoded, Edits
from index.errors import EmptyDocument
from index.parsing.building import Draft, Found, Pair, build
from index.parsing.html_blocks import page_drafts
from index.parsing.html_text import PageReader
from index.parsing.metadata import date_in, read_facts
from index.parsing.notes import link
from index.schema import BlockKind, Document

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_WRAPPERS = re.compile(
    r"</?(?:div|span|font|section|article|center|blockquote|[bui]|em|strong|ul|ol|li|dl|dd|table|"
    r"tbody|tr|td)(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"\s*[_|–—\-·]+\s*[^_|–—\-·]{2,30}$")
_DATES = (
    "article:published_time",
    "pubdate",
    "publishdate",
    "publish-date",
    "date",
    "dc.date",
    "dcterms.created",
    "og:published_time",
    "firstpublishedtime",
)
_AUTHORS = ("author", "article:author", "dc.creator")
_PUBLISHERS = ("og:site_name", "contentsource", "source", "mediaid", "dc.publisher", "publisher")


def parse_html(
    data: bytes,
    decoded: Decoded,
    *,
    doc_id: str,
    source: str,
    content_hash: str,
    title: str,
) -> Document:
    """`title` is used where the page names none."""

    root = page_tree(_DECLARATION.sub("", _declared(data, decoded)).replace("\x00", ""))
    reader = PageReader()
    tags = _meta(root)
    dated = _time(root)
    whole = " ".join((root.findtext(".//title") or "").split())
    reader.read(root)
    raw = reader.text()
    drafts = page_drafts(reader)
    link_anchors(raw, drafts, reader.markers, reader.targets)
    linked = {id(d) for d in drafts if d.markers}
    kept = {id(d): d.markers for d in drafts if d.markers}
    link(raw, [d for d in drafts if id(d) not in linked])
    for draft in drafts:
        draft.markers = kept.get(id(draft), draft.markers)
    named = _title(tags.get("og:title") or whole, raw, drafts)
    facts = read_facts(raw, drafts, title=named)
    meta = dict(facts.meta)
    for key, names in (("author", _AUTHORS), ("publisher", _PUBLISHERS)):
        value = next((tags[n] for n in names if tags.get(n)), "")
        if value and key not in meta:
            meta[key] = value[:200]
    if url := tags.get("og:url"):
        meta["url"] = url[:500]
    stated = next((d for n in _DATES if (d := date_in(tags.get(n, "")))), None) or dated
    kind = facts.kind if facts.kind in ("statute", "paper", "report", "news") else "web_page"
    edits = Edits()
    edits.drop_controls(raw)
    found = Found("html", facts.title or title, kind, stated or facts.date, facts.language, meta)
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)


def page_tree(text: str) -> Any:
    """The page as a tree. One nested deeper than the parser goes is read without wrappers."""
    import lxml.html  # type: ignore[import-untyped]

    try:
        parser = lxml.html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
        root = lxml.html.document_fromstring(text, parser=parser)
        if any("depth" in entry.message for entry in parser.error_log):
            parser = lxml.html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
            root = lxml.html.document_fromstring(_WRAPPERS.sub("\n", text), parser=parser)
        return root
    except (lxml.etree.ParserError, ValueError):
        raise EmptyDocument("is a page without text; save it again from the browser") from None


def _declared(data: bytes, decoded: Decoded) -> str:
    """The charset that the page names, where the bytes agree and it was not plainly UTF-8."""
    match = _CHARSET.search(data[:4096])
    if match is None or decoded.encoding.startswith("utf"):
        return decoded.text
    name = match.group(1).decode("ascii").lower()
    try:
        return data.decode(
            {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(name, name)
        )
    except (LookupError, UnicodeDecodeError):
        return decoded.text


def _meta(root: Any) -> dict[str, str]:
    tags: dict[str, str] = {}
    for element in root.iter("meta"):
        name = (
            element.get("name") or element.get("property") or element.get("itemprop") or ""
        ).lower()
        if name and element.get("content"):
            tags.setdefault(name, " ".join(element.get("content").split()))
    return tags


def _title(whole: str, raw: str, drafts: list[Draft]) -> str:
    """The page's first h1, else its title without the site's name."""
    tops = [d for d in drafts if d.kind is BlockKind.HEADING and d.level == 1]
    h1 = " ".join(raw[tops[0].start : tops[0].end].split()) if tops else ""
    if h1 and (h1 in whole or not whole):
        return h1
    short = _SUFFIX.sub("", whole)
    return short if len(short) >= 4 else whole or h1


def _time(root: Any) -> str | None:
    for element in root.iter("time"):
        if found := date_in(element.get("datetime") or element.text_content()):
            return found
    return None


def link_anchors(
    raw: str, drafts: list[Draft], markers: list[tuple[Pair, str]], targets: dict[str, int]
) -> None:
    """A short link to an element of the page is a marker; the block it opens is the note."""
    ordered = sorted(drafts, key=lambda d: d.start)
    starts = [d.start for d in ordered]
    for place, name in markers:
        at = targets.get(name)
        if at is None or at <= place[0]:
            continue
        i = bisect_left(starts, at)
        if i and ordered[i - 1].end > at:
            i -= 1
        note = ordered[i] if i < len(ordered) else None
        if note is None or note.kind not in (
            BlockKind.LIST_ITEM,
            BlockKind.PARAGRAPH,
            BlockKind.FOOTNOTE,
            BlockKind.REFERENCE,
        ):
            continue
        if note.kind is not BlockKind.REFERENCE:
            note.kind = BlockKind.FOOTNOTE
        note.label = note.label or raw[place[0] : place[1]]
        note.markers.append(place)
