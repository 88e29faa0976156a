"""Make `names.bin` from the thesaurus: `python -m index.sounds`."""

from __future__ import annotations

from index.sounds import NAMES, table_of, thesaurus_names

if __name__ == "__main__":
    data = table_of(thesaurus_names())
    NAMES.write_bytes(data)
    print(f"{NAMES.name}: {len(data):,} bytes")
