"""Messages (.eml) and pages saved whole (.mhtml): one MIME file holds both."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser

from index.cleaning import Decoded
from index.errors import EmptyDocument
from index.parsing.settings import ParseSettings
from index.schema import Document

_SHOWN = (("From", "发件人"), ("To", "收件人"), ("Cc", "抄送"), ("Date", "时间"))


def parse_mail(
    data: bytes, source: str, content_hash: str, stem: str, settings: ParseSettings
) -> Document:
    """The subject as title, who wrote to whom and when, and the words; attachments are named.

    A page that was saved whole is read as a page. Raises EmptyDocument where no words are left.
    """
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    names = {"doc_id": source, "source": source, "content_hash": content_hash}
    body = message.get_body(("plain", "html"))
    words = _words(body) if body is not None else ""
    if not words.strip():
        raise EmptyDocument("is a message without words; nothing to index")
    title = _line(message, "Subject") or stem
    if body is not None and body.get_content_subtype() == "html":
        from index.parsing.html import parse_html

        # Said again in UTF-8, whatever the part was in: the parser must not believe its own head.
        page = words.encode("utf-8", "replace")
        return parse_html(
            b"\xef\xbb\xbf" + page, Decoded(page.decode(), "utf-8-sig"), title=title, **names
        )
    from index.parsing.txt import parse_text

    chinese = any("\u4e00" <= c <= "\u9fff" for c in words[:2000])
    head = [
        f"{zh if chinese else name}{'：' if chinese else ': '}{value}"
        for name, zh in _SHOWN
        if (value := _line(message, name))
    ]
    attached = [n for part in message.iter_attachments() if (n := part.get_filename())]
    if attached:
        head.append(("附件：" if chinese else "Attached: ") + ", ".join(map(str, attached)))
    raw = "\n".join([title, "", *head, "", words.replace("\r\n", "\n")])
    return parse_text(raw, title=title, meta={"author": _line(message, "From")}, **names)


def _words(part: MIMEPart) -> str:
    from index.cleaning import decode

    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset() or "ascii")
    except (LookupError, UnicodeDecodeError):  # an unknown or a wrong name
        return decode(data).text


def _line(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())
