"""Where a citation can be read: our own address of the document's words at its span."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from rag.schema import Citation

DOCUMENTS = "v1/documents/"


class Links:
    """Of the citations of one library; `base`: the server's address with a slash at its end."""

    def __init__(self, base: str, library: str) -> None:
        self._base = f"{base}{DOCUMENTS}"
        self._library = library

    def url(self, citation: Citation) -> str:
        if not citation.spans:
            return ""
        start, end = citation.spans[0].start, citation.spans[-1].end
        return (
            f"{self._base}{quote(citation.doc_id)}?library={quote(self._library)}"
            f"&start={start}&end={end}"
        )
