"""A library's own calibration of silence: LIBRARY/calibration.json, made by `wenju eval calibrate`.

Here it is bytes that belong to the library; rag/calibration.py reads them.
"""

from __future__ import annotations

from pathlib import Path

CALIBRATION = "calibration.json"


def read_calibration(library: Path) -> bytes:
    """b"" where there is no file. Raises OSError for one that cannot be read."""
    try:
        return (library / CALIBRATION).read_bytes()
    except FileNotFoundError:
        return b""
