"""Make index/sounds/syllables.txt: how characters are read, without tones.

    python benchmarks/make_syllables.py       (needs pypinyin, MIT; nothing else of ours does)

The characters of GB 2312 and those of the thesaurus, each with its first reading, and with a
second one where names use it.
"""

from __future__ import annotations

from collections import defaultdict

from index.segmenting import key
from index.sounds import SYLLABLES
from index.thesaurus import source_files

SECOND = {
    "重": "chong", "长": "zhang", "行": "hang", "乐": "yue", "单": "shan", "曾": "ceng",
    "都": "du", "厦": "xia", "朝": "zhao", "石": "dan", "会": "kuai", "藏": "zang", "解": "xie",
    "盛": "cheng", "参": "shen", "查": "zha", "传": "zhuan", "调": "diao", "率": "shuai",
    "给": "ji", "还": "hai", "血": "xie", "薄": "bao", "着": "zhuo", "折": "zhe", "种": "chong",
}  # fmt: skip
HEAD = """\
# How characters are read, without tones: a syllable and the characters so read.
# Made by benchmarks/make_syllables.py from pypinyin 0.55.0,
# (c) 2016 mozillazg, 闲耘, MIT licence: https://github.com/mozillazg/python-pinyin
"""


def main() -> None:
    from pypinyin import Style, pinyin

    characters = {
        bytes((a, b)).decode("gb2312", "ignore")
        for a in range(0xB0, 0xF8)
        for b in range(0xA1, 0xFF)
    }
    for path in source_files():
        characters |= {c for c in key(path.read_text(encoding="utf-8")) if "㐀" <= c <= "鿿"}
    readings = defaultdict(set)
    for char in sorted(filter(None, characters)):
        (first,) = pinyin(char, style=Style.NORMAL, v_to_u=False)
        readings[first[0]].add(char)
        if char in SECOND:
            readings[SECOND[char]].add(char)
    lines = [f"{syllable} {''.join(sorted(chars))}" for syllable, chars in sorted(readings.items())]
    lines = [line for line in lines if line.split()[0].isascii() and line.split()[0].isalpha()]
    SYLLABLES.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{SYLLABLES.name}: {len(lines)} syllables, {len(characters)} characters")


if __name__ == "__main__":
    main()
