"""Where a cited source lies on this machine, as an address that a spreadsheet opens on a click."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store import Library
    from rag.schema import Citation

Link = Callable[["Citation"], str]


def no_link(_: Citation) -> str:
    return ""


def links_of(library: Library) -> Link:
    """A `file://` address, at its page where it has one; "" for a file that is not there now.

    A record of a corpus or a member of an archive leads to the file that holds it.
    """
    # Longest prefix first: that of another root may be the beginning of it.
    roots = sorted(library.roots(), key=lambda root: -len(root.prefix))
    known: dict[str, str] = {}

    def address(source: str) -> str:
        for root in roots:
            if not source.startswith(root.prefix):
                continue
            base = Path(root.path)
            path = base / source.removeprefix(root.prefix)
            while path != base and path != path.parent:
                if path.is_file():
                    return path.as_uri()
                path = path.parent
        return ""

    def link(citation: Citation) -> str:
        if citation.source not in known:
            known[citation.source] = address(citation.source)
        found, page = known[citation.source], citation.spans[0].page if citation.spans else None
        return f"{found}#page={page}" if found and page is not None else found

    return link
