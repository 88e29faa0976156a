"""Questions that ask whether sources disagree."""

from __future__ import annotations

import pytest

from rag.differing import asked_instead


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("这两份报告在新型储能装机上有什么不一样？", "新型储能装机是多少？"),
        ("两份报告对大桥通车时间的说法一致吗", "大桥通车时间是什么时候？"),
        ("2025年末全国气电装机是多少？两份报告说法一样吗？", "2025年末全国气电装机是多少"),
        ("资料里关于局长是谁有没有矛盾", "局长是谁"),
        ("How many ships called? Do the sources agree?", "How many ships called"),
        ("Where do the sources disagree on storage capacity?", "What is storage capacity?"),
        ("What was the price according to the different sources?", "What was the price?"),
    ],
)
def test_what_is_disagreed_about_is_asked_instead(question: str, first: str) -> None:
    assert asked_instead(question)[0] == first


@pytest.mark.parametrize(
    "question",
    [
        "哪里说法不一致？",
        "两份报告有什么不同",
        "H20和H200的费率有什么不同？",
        "储能装机到底是多少",
        "Who owns the port?",
        "",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert asked_instead(question) == ()
