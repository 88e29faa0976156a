"""Single words from Chinese into English and back."""

from __future__ import annotations

import re
import zlib

import numpy as np
import pytest

from index.thesaurus import build_lookup, parse_line
from index.thesaurus.translations import LOOKUP, Translations, keys_of, shipped, source_files

SMALL = Translations(
    [
        ("en_zh_words", "battery,batteries => 电池,蓄电池\nhow many => 多少,数量\n".encode()),
        ("zh_en", "岸桥 => crane,cranes\n吊车 => crane,cranes\n".encode()),
    ]
)


def test_an_english_line_is_read_from_right_to_left() -> None:
    assert SMALL.english("电池") == {"battery": 0.6, "batteries": 0.6}
    # What a line leads to second is less sure.
    assert max(SMALL.english("蓄电池").values()) < 0.6
    assert SMALL.english("数量") == {}  # "how many" stands in no document that answers it
    assert SMALL.english("没有的词") == {}


def test_a_chinese_line_leads_both_ways() -> None:
    assert set(SMALL.english("岸桥")) == {"crane", "cranes"}
    assert list(SMALL.chinese("cranes")) == ["岸桥", "吊车"]
    assert SMALL.chinese("battery") == {}  # the thesaurus knows it from left to right


@pytest.mark.parametrize(
    ("term", "word"),
    [("电池", "battery"), ("厂", "plant"), ("涨", "rose"), ("便宜", "cheap"), ("裁", "cut")],
)
def test_the_shipped_words_are_known(term: str, word: str) -> None:
    assert word in shipped().english(term)


def test_the_compiled_lookup_fits_the_text_files() -> None:
    data = b"".join(p.read_bytes() for p in source_files())
    hashes, offsets = build_lookup(data, keys_of)
    compiled = LOOKUP.read_bytes()
    assert int.from_bytes(compiled[6:10], "little") == zlib.crc32(data)
    table = np.frombuffer(compiled, dtype="<u4", offset=14)
    assert np.array_equal(table, np.concatenate([hashes, offsets]))


def test_every_line_of_the_shipped_words_leads_from_chinese_to_english() -> None:
    path = source_files()[-1]
    seen = set()
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = parse_line(raw, path.stem)
        assert line is not None, f"{path.name}:{number}: {raw}"
        assert len(line.terms) == 1, f"{path.name}:{number}: {raw}"
        assert re.fullmatch("[㐀-鿿]+", line.terms[0]), f"{path.name}:{number}: {raw}"
        assert all(t.isascii() for t in line.targets), f"{path.name}:{number}: {raw}"
        assert line.terms[0] not in seen, f"{path.name}:{number}: {raw} comes twice"
        seen.add(line.terms[0])
