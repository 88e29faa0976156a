"""Make `lookup.bin` from the text files: `python -m index.thesaurus.compiling`."""

from __future__ import annotations

from index.thesaurus import LOOKUP, write_lookup

if __name__ == "__main__":
    print(f"{LOOKUP.name}: {write_lookup(LOOKUP)} rows")
