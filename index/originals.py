"""The file that a document was read from, as long as it is still the same."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import OriginalUnavailable, ParseError
from index.parsing import ParseSettings

if TYPE_CHECKING:
    from index.store import Library


def read_original(library: Library, doc_id: str, settings: ParseSettings | None = None) -> bytes:
    """The bytes that the document `doc_id` was made of: its file, or its member of an archive.

    Raises OriginalUnavailable where the file has moved, cannot be read, or holds something else
    now: then the library's own text is all there is. Raises DocumentNotFound.
    """
    info = library.info(doc_id)
    root = next((root for root in library.roots() if root.name == info.root), None)
    if root is None:
        raise OriginalUnavailable(
            f"{doc_id}: it is not known where {library.name} has it from; index its folder again"
        )
    path = Path(root.path) / info.source.removeprefix(root.prefix)
    limits = settings or ParseSettings()
    try:
        if doc_id == info.source:
            size, most = path.stat().st_size, limits.max_file_mb * 1_000_000
            data = path.read_bytes() if size <= most else b""
        else:
            from index.parsing.archive import member_bytes

            data = member_bytes(path, info.source, doc_id, limits)
    except OSError as error:
        raise OriginalUnavailable(
            f"{path} cannot be read ({error.strerror}); put it back, or index where it is now"
        ) from None
    except (ParseError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
        raise OriginalUnavailable(f"{doc_id}: {error}; index its folder again") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != info.content_hash:
        raise OriginalUnavailable(
            f"{path} is another than the one that was indexed ({digest[:12]}, was "
            f"{info.content_hash[:12]}); index it again"
        )
    return data
