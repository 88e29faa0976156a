"""The tokenizer: words chosen by count, cut by unigram probability, over normalised text.

Normalisation is part of tokenizer.json (NFKC, lower case, traditional to simplified per
character), so that every library that loads the model sees the same tokens.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

Vocabulary = list[tuple[str, float]]  # words with their log probability; <unk> is not among them

UNK = "<unk>"
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"[0-9]+")
_SYLLABLE_COUNT = 10


def is_han(word: str) -> bool:
    return _HAN.fullmatch(word) is not None


def build_normalizer() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Precompiled(charsmap(traditional_to_simplified())),
        ]
    )


def traditional_to_simplified() -> dict[str, str]:
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    pairs = ((chr(code), convert(chr(code))) for code in range(0x3400, 0xA000))
    return {one: other for one, other in pairs if one != other and len(other) == 1}


def charsmap(replacements: dict[str, str]) -> bytes:
    """Character replacements in SentencePiece's precompiled form.

    Little-endian: size of the trie in bytes; the trie as a double array of 32-bit units (as in
    darts-clone); the replacements, each ended by a zero byte. A unit holds its label in bits 0-7,
    "a value follows" in bit 8 and the distance to its children in bits 10-30; a value's unit has
    bit 31 set.
    """
    values: dict[bytes, int] = {}
    blob = b""
    for key, value in sorted(replacements.items()):
        values[key.encode()] = len(blob)
        blob += value.encode() + b"\0"

    children: dict[bytes, set[int]] = {}
    for encoded in values:
        for i, byte in enumerate(encoded):
            children.setdefault(encoded[:i], set()).add(byte)
    for encoded in values:
        children.setdefault(encoded, set()).add(0)

    units: list[int] = [0] * 256
    used = {0}
    bases: set[int] = set()  # a unit is checked by its label alone, so no two nodes share a base
    first_free = 1
    queue = [(b"", 0)]
    while queue:
        prefix, position = queue.pop()
        labels = sorted(children[prefix])
        base = first_free
        while base in bases or any((base ^ label) in used for label in labels):
            base += 1
        bases.add(base)
        while first_free in used:
            first_free += 1
        top = max(base ^ label for label in labels)
        units.extend([0] * (top + 1 - len(units) + 256))
        units[position] |= (position ^ base) << 10
        if 0 in labels:
            units[position] |= 1 << 8
        for label in labels:
            slot = base ^ label
            used.add(slot)
            if label == 0:
                units[slot] = values[prefix] | (1 << 31)
            else:
                units[slot] = label
                queue.append((prefix + bytes([label]), slot))
    size = (max(used) | 255) + 1
    units = (units + [0] * size)[:size]
    trie = struct.pack(f"<{size}I", *units)
    return struct.pack("<I", len(trie)) + trie + blob


def spellings(word: str) -> list[str]:
    """How an English text may write a Chinese name: 苏锦梁 as "sujinliang" and "su jinliang"."""
    from pypinyin import lazy_pinyin

    found = [s.replace("ü", "v") for s in lazy_pinyin(word)]
    if len(found) == 1:
        return found
    return ["".join(found), found[0] + " " + "".join(found[1:])]


def syllables() -> list[str]:
    """All syllables of standard Chinese as pinyin without tones, sorted."""
    from pypinyin import lazy_pinyin

    found = {lazy_pinyin(chr(code))[0] for code in range(0x4E00, 0x9FA6)}
    return sorted(s for s in found if re.fullmatch("[a-z]+", s))


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Counts of jieba words (names it guesses among them), Latin words and digit runs."""
    import jieba

    jieba.setLogLevel("ERROR")
    counts: Counter[str] = Counter()
    for text in texts:
        for run in _HAN.findall(text):
            counts.update(jieba.cut(run))
        counts.update(_LATIN.findall(text))
        counts.update(_NUMBER.findall(text))
        if "%" in text:
            counts["%"] += text.count("%")
    return counts


def count_terms(groups: Sequence[Sequence[str]]) -> Counter[str]:
    """Counts for words of the thesaurus, as if each had been seen a few more times.

    Of forms of one English word (abandon, abandoned, abandoning) the common beginning counts
    most: with a few endings it spells them all.
    """
    counts: Counter[str] = Counter()
    for terms in groups:
        words = [word for term in terms for word in _LATIN.findall(term)]
        for word in words:
            counts[word] += 8
        for one, other in pairwise(words):
            stem = _common_beginning(one, other)
            if len(stem) >= 4 and len(stem) >= len(one) - 3:
                counts[stem] += 40
        for term in terms:
            for run in _HAN.findall(term):
                if len(run) > 1:
                    counts[run] += 40
    return counts


def _common_beginning(one: str, other: str) -> str:
    size = 0
    while size < min(len(one), len(other)) and one[size] == other[size]:
        size += 1
    return one[:size]


def choose_vocabulary(
    counts: Counter[str],
    extra: Counter[str],
    n_han: int,
    n_latin: int,
    n_pieces: int,
    syllables: Iterable[str] = (),
) -> Vocabulary:
    """`n_han` Chinese words, `n_latin` Latin words, `n_pieces` parts of Latin words, all frequent
    characters, numbers, and the syllables that Chinese names are spelt with; each with its log
    probability. Deterministic: ties break on the word.

    `extra` raises words that the text holds; Latin words also where it does not.
    """
    counts = Counter(counts)
    for word, count in extra.items():
        if counts[word] or _LATIN.fullmatch(word):
            counts[word] += count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    characters: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for word, count in ranked:
        if _HAN.fullmatch(word):
            for character in word:
                characters[character] += count
        elif _LATIN.fullmatch(word) and len(word) >= 4 and count >= 5:
            for size in (2, 3, 4, 5, 6):
                for start in range(len(word) - size + 1):
                    parts[word[start : start + size]] += math.isqrt(count)

    chosen: dict[str, float] = {}
    for character, count in sorted(characters.items()):
        if count >= 4:
            # A character of its own is a last resort: it must not beat the word it is part of.
            chosen[character] = max(counts[character], 1)
    han = [(w, c) for w, c in ranked if len(w) > 1 and _HAN.fullmatch(w)]
    latin = [(w, c) for w, c in ranked if len(w) > 1 and _LATIN.fullmatch(w)]
    numbers = [(w, c) for w, c in ranked if _NUMBER.fullmatch(w) and len(w) <= 4 and w[0] != "0"]
    chosen.update(han[:n_han])
    chosen.update(latin[:n_latin])
    chosen.update(numbers[:800])
    chosen["%"] = counts["%"] + 1
    for syllable in syllables:
        chosen.setdefault(syllable, 1)
        chosen[syllable] = max(chosen[syllable], _SYLLABLE_COUNT)
    for text in "abcdefghijklmnopqrstuvwxyz0123456789":
        chosen.setdefault(text, 1)
    by_gain = sorted(parts.items(), key=lambda item: (-item[1] * (len(item[0]) - 1), item[0]))
    for part, _ in [item for item in by_gain if item[0] not in chosen][:n_pieces]:
        chosen[part] = 1
    total = sum(chosen.values())
    return [(word, round(math.log(count / total), 2)) for word, count in sorted(chosen.items())]


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    lowest = min(score for _, score in vocabulary) - 10
    tokenizer = Tokenizer(models.Unigram([(UNK, lowest), *vocabulary], unk_id=0))
    tokenizer.normalizer = build_normalizer()
    # Punctuation says nothing to a mean of word vectors; "%" does: it answers "what share".
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(r"[^\p{L}\p{N}%]+"), behavior="removed", invert=False
    )
    return tokenizer
