from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asking import DATE, LIST, MONEY, NUMBER, PERCENT, PERSON, REASON, Sign, asked_of, has_unit
from rag.normalising import language, normalise
from rag.spellings import chinese_number

AS_OF = date(2026, 1, 31)


@given(st.text(max_size=60))
def test_content_keeps_every_offset(text: str) -> None:
    question = normalise(text, AS_OF)
    assert len(question.key) == len(question.content) == len(text)
    assert all(c in (k, " ") for c, k in zip(question.content, question.key, strict=True))
    assert all(0 <= start < end <= len(text) for start, end, _ in question.spellings)


def test_question_words_and_politeness_are_removed() -> None:
    question = normalise("请问厂里到底招了多少个工人呢？", AS_OF)
    assert question.content.split() == ["厂里", "招了", "工人", "?"]


@pytest.mark.parametrize("text", ["什么？", "为什么呢", "请问一下", "how much?", "！？"])
def test_a_bare_question_word_asks_for_nothing(text: str) -> None:
    assert normalise(text, AS_OF).is_empty


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("去年的产量", ("2025年", "2025")),
        ("今年的产量", ("2026年", "2026")),
        ("sales last year", ("2025年", "2025")),
        ("23年的产量", ("2023年",)),
        ("8月9号的价格", ("8月9日",)),
        ("涨了三成", ("30%",)),
        ("涨了三成半", ("35%",)),
        ("花了两个亿", ("2亿",)),
        ("花了一万五", ("1.5万",)),
        ("产了三百二十万吨", ("320万",)),
        ("涨了百分之二十", ("20%",)),
        ("三分之二的人", ("2/3",)),
        ("一百来万人", ("100万",)),
        ("三十五家公司", ("35",)),
        ("花了50亿", ("5 billion",)),
        ("five billion dollars", ("50亿",)),
        ("1.5 trillion yuan", ("1.5万亿",)),
        ("two thirds of them", ("三分之二", "2/3")),
        ("a dozen firms", ("12", "十二", "十几")),
        ("half of the staff", ("一半", "50%", "半数")),
        ("上个月的产量", ("2025年12月", "12月")),
        ("昨天的价格", ("2026年1月30日", "1月30日")),
        ("两年前的产量", ("2024年", "2024")),
        ("in october 2025", ("2025年10月", "10月")),
        ("on May 5", ("5月5日",)),
        ("上半年的产量", ("first half", "1—6月", "1-6月", "1至6月")),
        ("Q3的产量", ("三季度", "3季度", "third quarter")),
        ("第三季度的产量", ("三季度", "3季度", "q3", "third quarter")),
        ("卖3块钱", ("3元",)),
        ("跑了100km", ("100公里", "100千米")),
        ("用了500度电", ("500千瓦时",)),
    ],
)
def test_years_and_number_words_get_the_spelling_of_documents(
    text: str, forms: tuple[str, ...]
) -> None:
    assert [found for _, _, found in normalise(text, AS_OF).spellings] == [forms]


@pytest.mark.parametrize(
    ("text", "number"),
    [("十", 10), ("十五", 15), ("三十五", 35), ("一百零二", 102), ("两千", 2000), ("一五", None)],
)  # fmt: skip
def test_number_words(text: str, number: int | None) -> None:
    assert chinese_number(text) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("工厂在哪", "zh"),
        ("hi", "en"),
        ("How many workers?", "en"),
        ("TikTok 被谁禁了", "zh"),
        ("", "zh"),
    ],
)
def test_language_of_a_question(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("涨了百分之多少", PERCENT),
        ("为啥停产", REASON),
        ("修桥花了多少钱", MONEY),
        ("什么时候开工", DATE),
        ("招了多少人", NUMBER),
        ("校长是谁", PERSON),
        ("有哪些条件", LIST),
        ("when did it open", DATE),
        ("who runs it", PERSON),
    ],
)
def test_kind_of_answer(question: str, kind: str) -> None:
    assert asked_of(question).kind == kind


def test_asked_unit_must_follow_a_number() -> None:
    assert asked_of("出口了多少吨").unit == "吨"
    assert asked_of("值多少钱").unit == "元"
    assert has_unit("吨", "出口250万吨小麦")
    assert not has_unit("吨", "吨位很大")


def test_a_number_that_the_question_gives_is_no_answer() -> None:
    sign = Sign(NUMBER, "2023年产量是多少")
    assert sign.found_in("2023年产量大增") == 0.0
    assert sign.found_in("2023年产量为40吨") == 1.0


@pytest.mark.parametrize(
    "text",
    ["哈萨克斯坦的铀矿", "任何国家", "几内亚的铝土矿", "多重压力", "很多高校", "何小鹏", "酒吧"],
)
def test_names_and_words_that_hold_a_question_word_stay_whole(text: str) -> None:
    assert normalise(text, AS_OF).content == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("这个多少钱哈", "这个 钱"),
        ("有何影响", "有 影响"),
        ("他们何时开工吧", "他们 开工"),
        ("WHO said what in May", "who said may"),
        ("may I ask who came", "i ask came"),
        ("What do the documents say about expenses?", "expenses?"),
        ("the documents that the port files", "documents port files"),
    ],
)
def test_question_words_are_told_from_names(text: str, left: str) -> None:
    assert normalise(text, AS_OF).content.split() == left.split()


@pytest.mark.parametrize(
    "text",
    [
        "目前年产能", "如今年轻人", "过去年均增长", "成本年均", "第一成员国", "之一成为",
        "四季如春", "they march on", "80度的水", "以前年轻", "基本月薪",
    ],
)  # fmt: skip
def test_a_year_or_a_share_is_not_cut_out_of_other_words(text: str) -> None:
    assert normalise(text, AS_OF).spellings == ()


@pytest.mark.parametrize(
    ("text", "year"), [("大前年的产量", "2023年"), ("前年的产量", "2024年"), ("大后年", "2029年")]
)
def test_years_further_off(text: str, year: str) -> None:
    assert [forms[0] for _, _, forms in normalise(text, AS_OF).spellings] == [year]


def test_half_a_surrogate_pair_keeps_every_offset() -> None:
    question = normalise("\ud83d产量", AS_OF)
    assert question.content == "\ufffd产量"
    assert question.text.encode()
