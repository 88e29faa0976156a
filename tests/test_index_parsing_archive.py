"""ZIP archives: each member a document of its own, each bad member a line of its own."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import docx
import pytest

from index.parsing import ParseSettings, parse_file
from index.schema import Document, Skipped

SENTENCE = "去年全国新增城镇就业一千二百四十四万人，高于年初的目标。"
SMALL = ParseSettings(max_unpacked_mb=4, max_members=50, max_ratio=50)


def zipped(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(
    path: Path, data: bytes, settings: ParseSettings = SMALL
) -> tuple[dict[str, Document], list[Skipped]]:
    path.write_bytes(data)
    items = list(parse_file(path, "资料/" + path.name, settings))
    documents = [i for i in items if isinstance(i, Document)]
    assert len({d.doc_id for d in documents}) == len(documents)
    assert all("\n" not in i.reason for i in items if isinstance(i, Skipped))
    return {d.doc_id: d for d in documents}, [i for i in items if isinstance(i, Skipped)]


def with_raw_name(data: bytes, name: bytes) -> bytes:
    """The archive with its only member called by these bytes, which it does not say are UTF-8."""
    stand_in = b"N" * len(name)
    assert data.count(stand_in) == 2
    return data.replace(stand_in, name)


def locked(data: bytes) -> bytes:
    """The archive with its first member marked as encrypted, in both its headers."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(mark) + at
        flags = struct.unpack_from("<H", data, place)[0]
        struct.pack_into("<H", changed, place, flags | 1)
    return bytes(changed)


def test_members_are_documents_under_the_archive(tmp_path: Path) -> None:
    report = docx.Document()
    report.add_paragraph(SENTENCE)
    out = io.BytesIO()
    report.save(out)
    records = [{"id": "a", "text": SENTENCE}, {"id": "b", "text": SENTENCE}]
    members: dict[str, bytes | str] = {
        "年报/2025.txt": SENTENCE,
        "年报/2025.docx": out.getvalue(),
        "page.html": f"<html><title>网页</title><p>{SENTENCE}</p></html>",
        "corpus.jsonl": "\n".join(map(json.dumps, records)),
        "__MACOSX/._page.html": b"\x00\x05",
        "图/cover.png": b"\x89PNG",
        ".git/config": "x",
    }
    documents, skipped = read(tmp_path / "包.zip", zipped(members))
    assert skipped == []
    place = "资料/包.zip!"
    assert list(documents) == [
        place + "年报/2025.txt", place + "年报/2025.docx", place + "page.html",
        place + "corpus.jsonl#a", place + "corpus.jsonl#b",
    ]  # fmt: skip
    assert {d.source for d in documents.values()} == {"资料/包.zip"}
    assert [d.format for d in documents.values()] == ["txt", "docx", "html", "jsonl", "jsonl"]
    assert documents[place + "年报/2025.txt"].title == "2025"
    assert all(SENTENCE in d.text for d in documents.values())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../out.txt", "outside the archive"),
        ("a/../../out.txt", "outside the archive"),
        ("/etc/out.txt", "outside the archive"),
        ("C:\\out.txt", "outside the archive"),
        ("a\nb.txt", "control characters"),
        ("old.rar", "unpack it"),
        ("empty.txt", "0 bytes"),
        ("broken.pdf", "is not one"),
    ],
)
def test_bad_member_is_one_line_and_costs_no_other(tmp_path: Path, name: str, says: str) -> None:
    data = b"" if name == "empty.txt" else SENTENCE.encode()
    documents, skipped = read(tmp_path / "a.zip", zipped({name: data, "good.txt": SENTENCE}))
    assert list(documents) == ["资料/a.zip!good.txt"]
    (bad,) = skipped
    assert says in bad.reason
    assert bad.reason.startswith("资料/a.zip!")
    assert bad.is_error
    assert not bad.ends_file


def test_locked_and_damaged_members_cost_no_other(tmp_path: Path) -> None:
    data = locked(zipped({"a.txt": SENTENCE, "good.txt": SENTENCE}))
    documents, skipped = read(tmp_path / "a.zip", data)
    assert list(documents) == ["资料/a.zip!good.txt"]
    assert "password" in skipped[0].reason
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.txt", "The words that will be changed after the sum was made.")
        archive.writestr("good.txt", SENTENCE)
    data = out.getvalue().replace(b"will be changed", b"have be changed")
    documents, skipped = read(tmp_path / "b.zip", data)
    assert list(documents) == ["资料/b.zip!good.txt"]
    assert "broken" in skipped[0].reason


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    documents, (skipped,) = read(tmp_path / "a.zip", out.getvalue())
    assert documents == {}
    assert "link" in skipped.reason


def test_bombs_are_refused_by_ratio_and_by_total(tmp_path: Path) -> None:
    documents, skipped = read(
        tmp_path / "a.zip", zipped({"bomb.txt": b"a" * 2_000_000, "good.txt": SENTENCE})
    )
    assert list(documents) == ["资料/a.zip!good.txt"]
    assert "max_ratio" in skipped[0].reason
    page = "".join(f"{SENTENCE}{i * 7919 % 100_003}\n" for i in range(2_600))
    members: dict[str, bytes | str] = {f"{i}.txt": page for i in range(5)}
    wide = ParseSettings(max_unpacked_mb=1, max_ratio=1000)
    documents, skipped = read(tmp_path / "b.zip", zipped(members), wide)
    assert len(documents) == 1_000_000 // len(page.encode())
    assert len(documents) + len(skipped) == 5
    assert all("max_unpacked_mb" in s.reason for s in skipped)
    many: dict[str, bytes | str] = {f"{i}.txt": SENTENCE for i in range(51)}
    documents, skipped = read(tmp_path / "c.zip", zipped(many))
    assert documents == {}
    assert "max_members" in skipped[0].reason
    assert skipped[0].ends_file


def test_archives_are_opened_one_level_deep(tmp_path: Path) -> None:
    deepest = zipped({"c.txt": SENTENCE})
    middle = zipped({"b.txt": SENTENCE, "deepest.zip": deepest})
    documents, skipped = read(tmp_path / "a.zip", zipped({"middle.zip": middle, "a.txt": SENTENCE}))
    assert list(documents) == ["资料/a.zip!middle.zip!b.txt", "资料/a.zip!a.txt"]
    (bad,) = skipped
    assert bad.source == "资料/a.zip!middle.zip!deepest.zip"
    assert "unpack it" in bad.reason
    bomb = zipped({f"{i}.txt": SENTENCE * 4000 for i in range(20)})
    documents, skipped = read(
        tmp_path / "b.zip",
        zipped({"1.zip": bomb, "2.zip": bomb}),
        ParseSettings(max_unpacked_mb=3, max_ratio=10_000),
    )
    assert sum(len(d.text.encode()) for d in documents.values()) <= 3_000_000
    assert len(documents) + len(skipped) == 40  # one budget for all that is inside


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("年度报告.txt".encode("gb18030"), "年度报告.txt"),
        ("年度报告.txt".encode(), "年度报告.txt"),
        ("caf\u00e9.txt".encode("cp437"), "caf\u00e9.txt"),
        ("资料\\报告.txt".encode("gb18030"), "资料/报告.txt"),
    ],
)
def test_names_are_read_as_they_were_meant(tmp_path: Path, raw: bytes, name: str) -> None:
    data = with_raw_name(zipped({"N" * len(raw): SENTENCE}), raw)
    documents, skipped = read(tmp_path / "a.zip", data)
    assert skipped == []
    assert list(documents) == ["资料/a.zip!" + name]


def test_archives_that_are_something_else(tmp_path: Path) -> None:
    report = docx.Document()
    report.add_paragraph(SENTENCE)
    out = io.BytesIO()
    report.save(out)
    documents, _ = read(tmp_path / "really-a-report.zip", out.getvalue())
    assert [d.format for d in documents.values()] == ["docx"]
    documents, (skipped,) = read(tmp_path / "a.docx", zipped({"a.txt": SENTENCE}))
    assert documents == {}
    assert "call it .zip" in skipped.reason
    documents, (skipped,) = read(tmp_path / "b.zip", zipped({"a.png": b"\x89PNG"}))
    assert documents == {}
    assert "nothing to index" in skipped.reason
    documents, (skipped,) = read(tmp_path / "c.zip", zipped({"a.txt": SENTENCE})[:40])
    assert "damaged" in skipped.reason


def test_a_name_that_occurs_twice_is_read_once(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", SENTENCE)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "另外一句话，说的是别的事情。")
    documents, (skipped,) = read(tmp_path / "a.zip", out.getvalue())
    assert documents["资料/a.zip!a.txt"].text == SENTENCE
    assert "twice" in skipped.reason
