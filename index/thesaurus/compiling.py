"""Make the lookups from the text files: `python -m index.thesaurus.compiling`."""

from __future__ import annotations

from index.thesaurus import LOOKUP, source_files, translations, write_lookup

if __name__ == "__main__":
    print(f"{LOOKUP.name}: {write_lookup(LOOKUP, source_files())} rows")
    rows = write_lookup(translations.LOOKUP, translations.source_files(), translations.keys_of)
    print(f"{translations.LOOKUP.name}: {rows} rows")
