"""The manifest: which segments make up a library now. Its rename is the commit.

    LIBRARY/manifest.json             the current generation
    LIBRARY/sources-000012.json       what was indexed from where; only the writer reads it
    LIBRARY/segments/<id>/            immutable: catalogue.sqlite chunks.npy vectors.faiss lexical/
    LIBRARY/segments/<id>/segment.json  counts, fingerprint, sizes and hashes; written last
    LIBRARY/writer.lock

Generation n + 1 names segments of generation n, new ones, and tombstones. What no manifest names
is either left over from a killed run, which the next run takes up again, or rubbish.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from index.errors import LibraryBroken, LibraryNotFound, LibraryVersion
from index.files import write_whole
from index.places import named

FORMAT_VERSION = 2
_UPGRADABLE = (1,)
PARSER_VERSION = 5
VECTORS_VERSION = 1
MANIFEST = "manifest.json"
SEGMENTS = "segments"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a segment's content depends on besides the documents; equal or not usable together."""

    format: int
    parser: int  # of index/parsing: what it makes of a file
    dictionary: str
    model: str
    dim: int
    chunk: Mapping[str, int]
    aliases: int = 0  # of index/aliases: which pairs of names it finds; 0: none are stored
    vectors: int = 0  # of index/segment: which text of a chunk is embedded; 0: without the title

    def differences(self, other: Fingerprint) -> list[tuple[str, Any, Any]]:
        """(name, ours, theirs) of each field that differs."""
        mine, theirs = asdict(self), asdict(other)
        return [(name, mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]]


@dataclass(frozen=True, slots=True)
class SegmentRef:
    id: str
    n_documents: int
    n_chunks: int  # deleted ones included
    dead: tuple[int, ...] = ()  # ordinals of deleted documents, ascending


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that was indexed, or some files of it; its documents follow it at the next run."""

    name: str  # unique in the library
    path: str  # of a folder
    prefix: str = ""  # before the doc_ids; "" for one root of a library, so that none collide
    only: tuple[str, ...] | None = None  # the files that were named; None for the whole folder


@dataclass(frozen=True, slots=True)
class FileState:
    """What a file was like when it was last read."""

    size: int
    mtime_ns: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Sources:
    roots: tuple[Root, ...] = ()
    files: Mapping[str, Mapping[str, FileState]] = field(default_factory=dict)  # root → path →
    excluded: frozenset[str] = frozenset()  # doc_ids that were removed on request


@dataclass(frozen=True, slots=True)
class Manifest:
    generation: int
    fingerprint: Fingerprint
    embedding: Mapping[str, Any]  # the settings of the model that made the vectors
    segments: tuple[SegmentRef, ...] = ()
    library: str = ""  # hash of the logical content
    n_documents: int = 0  # live
    n_chunks: int = 0  # live
    created: str = ""
    wenju: str = ""

    @property
    def sources_name(self) -> str:
        return f"sources-{self.generation:06d}.json"


def read_manifest(folder: Path) -> Manifest:
    """The current generation of the library in `folder`.

    Raises LibraryNotFound, LibraryVersion (another format), LibraryBroken (not what was written).
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryNotFound(
            f"no library at {folder}. Make one: wenju index YOUR_FOLDER"
        ) from None
    except OSError as error:
        raise LibraryBroken(
            f"{path} cannot be read ({error.strerror}); check its permissions"
        ) from error
    found: object = FORMAT_VERSION
    try:
        record = json.loads(raw.decode("utf-8"))
        found = record.get("format", FORMAT_VERSION)
        if found == FORMAT_VERSION and record.pop("checksum") == _checksum(record):
            return _manifest(record)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # not what was written
    if found != FORMAT_VERSION:
        raise LibraryVersion(
            f"{folder} has library format {found}, this wenju reads format {FORMAT_VERSION}. "
            f"{_way_out(found, folder)}"
        )
    raise LibraryBroken(f"{path} is damaged; make it again with: {rebuild_command(folder)}")


def read_any_manifest(folder: Path) -> tuple[int, Manifest]:
    """(format, manifest), also of an older format that `index/upgrading.py` can take over.

    Raises as `read_manifest` does.
    """
    try:
        record = json.loads((folder / MANIFEST).read_bytes())
        found = record.get("format")
        if found in _UPGRADABLE and record.pop("checksum") == _checksum(record):
            return found, _manifest(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # said by the next line
    return FORMAT_VERSION, read_manifest(folder)


def write_manifest(folder: Path, manifest: Manifest, sources: Sources) -> None:
    """Commits a generation."""
    packed = {
        "roots": [asdict(root) for root in sources.roots],
        "files": {
            root: {path: [s.size, s.mtime_ns, s.content_hash] for path, s in sorted(states.items())}
            for root, states in sources.files.items()
        },
        "excluded": sorted(sources.excluded),
    }
    write_whole(folder / manifest.sources_name, _dump(packed))
    stamped = replace(
        manifest, created=datetime.now(UTC).isoformat(timespec="seconds"), wenju=version("wenju")
    )
    record = {"format": FORMAT_VERSION} | asdict(stamped)
    record["checksum"] = _checksum(record)
    write_whole(folder / MANIFEST, _dump(record))


def read_sources(folder: Path, manifest: Manifest) -> Sources:
    """What the generation was indexed from. Raises LibraryBroken."""
    return _read_sources(folder / manifest.sources_name)


def salvage_sources(folder: Path) -> Sources:
    """The newest sources that can still be read, for a library whose manifest cannot."""
    for path in sorted(folder.glob("sources-*.json"), reverse=True):
        with contextlib.suppress(LibraryBroken):
            return _read_sources(path)
    return Sources()


def _read_sources(path: Path) -> Sources:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Sources(
            tuple(_root(root) for root in raw["roots"]),
            {
                root: {name: FileState(*state) for name, state in states.items()}
                for root, states in raw["files"].items()
            },
            frozenset(raw["excluded"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LibraryBroken(
            f"{path} is missing or damaged; make it again with: {rebuild_command(path.parent)}"
        ) from error


def rebuild_command(folder: Path) -> str:
    """What mends a library, ready to be typed."""
    return f"wenju index --index {named(folder)} --rebuild"


def _way_out(found: object, folder: Path) -> str:
    if found in _UPGRADABLE:
        return f"Run: wenju upgrade --index {named(folder)}"
    if isinstance(found, int) and found > FORMAT_VERSION:
        return "Upgrade wenju"
    return f"Index the sources again with: {rebuild_command(folder)}"


def _root(record: dict[str, Any]) -> Root:
    only = record["only"]
    return Root(**{**record, "only": None if only is None else tuple(only)})


def _manifest(record: dict[str, Any]) -> Manifest:
    values = {name: value for name, value in record.items() if name != "format"}
    values["fingerprint"] = Fingerprint(**values["fingerprint"])
    values["segments"] = tuple(
        SegmentRef(**{**segment, "dead": tuple(segment["dead"])}) for segment in values["segments"]
    )
    return Manifest(**values)


def _dump(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _checksum(record: Mapping[str, Any]) -> str:
    canonical = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
