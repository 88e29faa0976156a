"""The messages of a chat client → the question, and the turns before it for `rag.history`.

A client sends back what we said: the answer with its marks and the list of sources beneath, from
some with the annotations. «谁写的» needs the sources, «还有别的吗» the places that were cited.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from rag.absence import SILENCE
from rag.normalising import MAX_QUESTION_CHARS
from ui.server.errors import ApiError
from ui.server.linking import DOCUMENTS

if TYPE_CHECKING:
    from ui.server.models import ChatMessage

_SOURCE = re.compile(r"\[\d{1,4}\] (?P<title>\S.*)")
BETWEEN = " · "  # a source and its place


def question_of(messages: Sequence[ChatMessage]) -> str:
    """The last message of the user. Raises ApiError 400 where it is none, or too long."""
    for message in reversed(messages):
        if message.role != "user":
            continue
        content = _text_of(message)
        if content.strip() and len(content) <= MAX_QUESTION_CHARS:
            return content
        raise ApiError(
            400, f"the last message of the user has to hold 1 to {MAX_QUESTION_CHARS} characters",
            type="bad_question",
        )  # fmt: skip
    raise ApiError(400, "there is no message of the role user", type="bad_question")


def history_of(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Earlier questions with what was said to them, oldest first, without the last question."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "user":
            turns.append({"question": _text_of(message)})
        elif message.role == "assistant" and turns:
            turns[-1] |= _answered(message)
    return turns[:-1]


def _answered(message: ChatMessage) -> dict[str, Any]:
    """Of one of our replies; nothing of one that only said why there is no answer."""
    text = _text_of(message)
    if text.startswith(SILENCE):
        return {}
    said, gap, beneath = text.rpartition("\n\n")
    listed = [_SOURCE.fullmatch(line) for line in beneath.split("\n")]
    if not gap or not all(listed):
        said, listed = text, []
    titles = [found["title"] for found in listed if found is not None]
    cited = _annotated(message) or [{"source": title.split(BETWEEN)[0]} for title in titles]
    return {"answer": said, "citations": cited} if cited else {"answer": said}


def _annotated(message: ChatMessage) -> list[dict[str, Any]]:
    """Citations by the annotations that we gave; a stranger's are passed over."""
    given = getattr(message, "annotations", None)
    found = []
    for one in given if isinstance(given, list) else ():
        cited = one.get("url_citation") if isinstance(one, Mapping) else None
        citation = _cited(cited) if isinstance(cited, Mapping) else None
        if citation is not None:
            found.append(citation)
    return found


def _cited(annotation: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        address = urlsplit(str(annotation["url"]))
        query = parse_qs(address.query)
        span = {"start": int(query["start"][0]), "end": int(query["end"][0])}
    except (ValueError, KeyError):
        return None
    doc_id = unquote(address.path.partition(f"/{DOCUMENTS}")[2])
    source = str(annotation.get("title") or doc_id).split(BETWEEN)[0]
    return {"source": source, "doc_id": doc_id, "spans": [span]} if doc_id else None


def _text_of(message: ChatMessage) -> str:
    """Its words; of parts, those that are text."""
    content = message.content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if part.get("type") == "text"]
        content = "\n".join(text for text in texts if isinstance(text, str))
    return content or ""
