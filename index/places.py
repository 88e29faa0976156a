"""Where things are kept: one folder of the user's, moved by one environment variable.

`WENJU_HOME` (default: the user data folder of the system) holds `libraries/NAME` and `cache/`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_NAME = re.compile(r"[\w\-.\u4e00-\u9fff]{1,80}")


def home() -> Path:
    """The folder of this user; not made here."""
    chosen = os.environ.get("WENJU_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("wenju", appauthor=False)


def cache_folder() -> Path:
    """For what can be made again: losing it costs time, nothing else."""
    return home() / "cache"


def resolve_library(name_or_path: str | os.PathLike[str] = "default") -> Path:
    """A library's folder from its name or its path; it need not exist.

    A text that contains a separator, starts with "." or "~", or names an existing library folder
    is a path; anything else is a name below `WENJU_HOME/libraries`.
    """
    text = os.fspath(name_or_path)
    is_path = "/" in text or os.sep in text or text.startswith((".", "~"))
    if is_path or (Path(text) / "manifest.json").is_file():
        return Path(text).expanduser().absolute()
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"library name {text!r} has characters other than letters, digits, '-', '_' and '.'; "
            "choose a plain name or give a path with a '/'"
        )
    return home() / "libraries" / text


def named(folder: Path) -> str:
    """How a library is called on the command line: its name where it has one, else its path."""
    return folder.name if folder.parent == home() / "libraries" else str(folder)


def list_libraries() -> list[Path]:
    """Folders of the named libraries, sorted by name; [] when there is none."""
    folder = home() / "libraries"
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if (p / "manifest.json").is_file())
