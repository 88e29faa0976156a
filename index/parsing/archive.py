"""ZIP: every member is a document of its own, called `archive.zip!folder/member.txt`.

A member that cannot be read costs no other. What an archive may unpack to is limited, and nothing
of it is ever written to disk.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from index.cleaning import HAN
from index.errors import EmptyDocument, EncryptedFile, ParseError, TooLarge, UnsupportedFormat
from index.parsing import is_ignorable, unread_pages
from index.parsing.kinds import JSONL, check_kind, parse_data, refused, sniff
from index.parsing.settings import ParseSettings
from index.schema import Document, Skipped

_SMALL = 1_000_000  # bytes; below this a member may be packed as tightly as it likes
_UTF8 = 0x800
_ENCRYPTED = 0x1
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NOT_WORDS = re.compile(r"[\x00-\x7f]")


@dataclass(slots=True)
class _Budget:
    left: int  # bytes that may still be unpacked


def parse_archive(
    file: Path | BinaryIO, source: str, settings: ParseSettings
) -> Iterator[Document | Skipped]:
    """Documents and refusals in the archive's order. One without any document raises ParseError."""
    budget = _Budget(settings.max_unpacked_mb * 1_000_000)
    found = False
    for item in _members(file, source, settings, budget, nested=False):
        found = True
        yield replace(item, source=source) if isinstance(item, Document) else item
    if not found:
        raise EmptyDocument("holds no file that could be a document; nothing to index")


def member_bytes(file: Path | BinaryIO, place: str, wanted: str, settings: ParseSettings) -> bytes:
    """The bytes of the member that `parse_archive` calls `wanted` in the archive it calls `place`.

    Raises ParseError where there is none, or none that may be read.
    """
    with _opened(file) as archive:
        for member in archive.infolist():
            name = member_name(member)
            here = f"{place}!{_UNPRINTABLE.sub('?', name)}"
            if member.is_dir() or not (wanted == here or wanted.startswith(f"{here}!")):
                continue
            _check(member, name, settings, _Budget(settings.max_unpacked_mb * 1_000_000))
            data = archive.read(member)
            if wanted == here:
                return data
            return member_bytes(io.BytesIO(data), here, wanted, settings)
    raise ParseError("is no longer in its archive")


def _members(
    file: Path | BinaryIO, source: str, settings: ParseSettings, budget: _Budget, *, nested: bool
) -> Iterator[Document | Skipped]:
    with _opened(file) as archive:
        members = archive.infolist()
        if len(members) > settings.max_members:
            raise TooLarge(
                f"holds {len(members)} files, the limit is {settings.max_members}; raise "
                "max_members or unpack it"
            )
        seen: set[str] = set()
        for member in members:
            name = member_name(member)
            if member.is_dir() or any(map(is_ignorable, _parts(name))):
                continue
            place = f"{source}!{_UNPRINTABLE.sub('?', name)}"
            try:
                _check(member, name, settings, budget)
                if name in seen:
                    raise ParseError("occurs twice in the archive; the first is kept")
                seen.add(name)
                budget.left -= member.file_size
                yield from _read(archive, member, place, settings, budget, nested=nested)
            except ImportError:
                raise  # our own installation, not the file
            except NotImplementedError:
                error = UnsupportedFormat("is packed in a way that is not read; pack it anew")
                yield refused(place, error, ends_file=False)
            except Exception as error:  # whatever is wrong with a member, the others are read
                yield refused(place, error, ends_file=False)


def _opened(file: Path | BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise ParseError("is cut off or damaged; fetch or save it again") from None


def member_name(member: zipfile.ZipInfo) -> str:
    """The name as it was meant. Where an archive does not say that a name is UTF-8, it often is, or
    it is GBK from a Chinese Windows; the ZIP format itself knows only a code page of 1981."""
    name = member.filename
    if not member.flag_bits & _UTF8 and not name.isascii():
        try:
            data = name.encode("cp437")
        except UnicodeEncodeError:  # a name from an extra field, which is right as it is
            return name.replace("\\", "/")
        for encoding in ("utf-8", "gb18030"):
            try:
                decoded = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            others = _NOT_WORDS.sub("", decoded)
            if encoding == "utf-8" or len(HAN.findall(others)) >= 0.7 * len(others):
                name = decoded
                break
    return name.replace("\\", "/")


def _parts(name: str) -> list[Path]:
    return [Path(part) for part in name.split("/") if part not in ("", ".", "..", "__MACOSX")] + (
        [Path()] if "__MACOSX" in name.split("/") else []
    )


def _check(member: zipfile.ZipInfo, name: str, settings: ParseSettings, budget: _Budget) -> None:
    """Raises ParseError for a member that must not be read."""
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        raise ParseError("names a place outside the archive; pack it anew")
    if _UNPRINTABLE.search(name):
        raise ParseError("has control characters in its name; rename it")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ParseError("is a link, not a file; pack the file itself")
    if member.flag_bits & _ENCRYPTED:
        raise EncryptedFile("is locked with a password; pack it without one")
    ratio = member.file_size / max(1, member.compress_size)
    if member.file_size > _SMALL and ratio > settings.max_ratio:
        raise TooLarge(
            f"unpacks to {ratio:.0f} times its size, the limit is {settings.max_ratio}; raise "
            "max_ratio if you trust it"
        )
    if member.file_size > budget.left:
        raise TooLarge(
            f"would unpack to {member.file_size / 1e6:.0f} MB, {budget.left / 1e6:.0f} MB are left "
            f"of the {settings.max_unpacked_mb} MB that an archive may; raise max_unpacked_mb if "
            "you trust it"
        )


def _read(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    place: str,
    settings: ParseSettings,
    budget: _Budget,
    *,
    nested: bool,
) -> Iterator[Document | Skipped]:
    path = PurePosixPath(place.rpartition("!")[2])
    suffix = path.suffix.lower()
    if suffix in JSONL:
        from index.parsing.jsonl import parse_jsonl

        with archive.open(member) as file:
            yield from parse_jsonl(file, place, settings)
        return
    if suffix == ".zip" and nested:
        raise UnsupportedFormat("is an archive in an archive in an archive; unpack it")
    check_kind(suffix, member.file_size, settings)
    data = archive.read(member)
    kind = sniff(data, suffix)
    if kind == "zip":
        yield from _members(io.BytesIO(data), place, settings, budget, nested=True)
        return
    document = parse_data(data, kind, place, path.stem, settings)
    yield document
    yield from unread_pages(document)
