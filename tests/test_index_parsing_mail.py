"""Messages and pages saved whole, and the files that are refused with what to do about them."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.parsing import ParseSettings, parse_file
from index.schema import Document, Skipped

WORDS = "渡船改在每天七点半开，末班是下午五点。请各站转告乘客。"


def message(charset: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "渡船时刻调整"
    mail["From"] = "阿棠 <tang@ferry.example>"
    mail["To"] = "lao.xie@ferry.example"
    mail["Date"] = "Tue, 03 Mar 2026 09:30:00 +0800"
    mail.set_content(WORDS + "\n", charset=charset)
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="时刻表.pdf")
    return mail


def read(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    (document,) = parse_file(path, path.name, ParseSettings())
    assert isinstance(document, Document), document
    return document


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "big5"])
def test_a_message_says_who_wrote_when_and_what(charset: str, tmp_path: Path) -> None:
    words = WORDS if charset != "big5" else "渡船改在每天七點半開。"
    mail = message("utf-8" if charset == "big5" else charset)
    if charset == "big5":
        mail = EmailMessage()
        mail["Subject"] = "渡船時刻調整"
        mail.set_content(words, charset="big5")
    document = read(tmp_path / "a.eml", mail.as_bytes())
    assert words in document.text.replace("\n", "")
    if charset != "big5":
        assert document.title == "渡船时刻调整"
        assert "阿棠 <tang@ferry.example>" in document.text
        assert "附件：时刻表.pdf" in document.text


def test_a_message_in_html_alone_is_read_as_a_page(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "通知"
    mail.set_content(
        f"<html><head><meta charset=gb2312></head><body><p>{WORDS}</p></body></html>",
        subtype="html",
        charset="utf-8",
    )
    document = read(tmp_path / "a.eml", mail.as_bytes())
    assert WORDS in document.text
    assert "<p>" not in document.text


def test_a_page_saved_whole_is_read_as_a_page(tmp_path: Path) -> None:
    raw = (
        "From: <Saved by Blink>\r\nSubject: =?utf-8?B?5rih6Ii5?=\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "<html><body><p>Ferries leave at half past seven every day.</p></body></html>\r\n--b--\r\n"
    )
    document = read(tmp_path / "a.mhtml", raw.encode())
    assert "Ferries leave at half past seven every day." in document.text


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes_are_a_message_or_refused_in_one_line(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.eml"
    path.write_bytes(data)
    for found in parse_file(path, "any.eml", ParseSettings()):
        if isinstance(found, Skipped):
            assert "broken and cannot be read" not in found.reason


@pytest.mark.parametrize(
    ("suffix", "remedy"),
    [
        (".doc", "save it as .docx"), (".xls", "save it as .xlsx"), (".ppt", "save it as .pptx"),
        (".wps", "save it as .docx"), (".et", "save it as .xlsx"), (".rtf", "save it as .docx"),
        (".odt", "save it as .docx"), (".caj", "export it as PDF"), (".ofd", "export it as PDF"),
        (".mbox", "export its messages as .eml"), (".msg", "save the message as .eml"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_what_to_do(suffix: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"\xd0\xcf\x11\xe0 old")
    (found,) = parse_file(tmp_path / f"a{suffix}", f"a{suffix}", ParseSettings())
    assert isinstance(found, Skipped)
    assert found.reason.endswith(remedy)
