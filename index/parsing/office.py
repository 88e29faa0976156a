"""DOCX, PPTX, XLSX and EPUB are ZIP archives of XML, and may lie about their size."""

from __future__ import annotations

import io
import zipfile

from index.errors import EncryptedFile, ParseError, TooLarge
from index.parsing.settings import ParseSettings


def check_archive(data: bytes, settings: ParseSettings, *, pages: bool = False) -> None:
    """Refuse an archive that unpacks to too much, is locked, or declares entities.

    `pages`: it holds web pages, which declare a document type as a matter of course.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(m.file_size for m in members)
            if size > settings.max_unpacked_mb * 1_000_000 or len(members) > 20_000:
                raise TooLarge(
                    f"unpacks to {size / 1e6:.0f} MB, the limit is {settings.max_unpacked_mb}; "
                    "raise max_unpacked_mb if you trust it"
                )
            if any(m.flag_bits & 1 for m in members):
                raise EncryptedFile("is locked with a password; save a copy without one")
            for member in () if pages else members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as part:
                        if b"<!DOCTYPE" in part.read(2000):
                            raise ParseError(
                                "declares XML entities, which no Office program writes; not read"
                            )
    except zipfile.BadZipFile:
        raise ParseError("is cut off or damaged; fetch or save it again") from None
