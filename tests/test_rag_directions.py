from __future__ import annotations

import pytest

from rag.directions import direction_of


@pytest.mark.parametrize(
    ("question", "direction"),
    [
        ("短信和电话哪个按时还的人多", 1),
        ("甲和乙谁的票更便宜？", -1),
        ("年轻人多的是哪个区", 1),
        ("which cable is longer, lotus or coral", 1),
        ("is the bus or the train cheaper", -1),
        ("甲和乙哪个快", 0),
        ("哪个用电量增长慢", 0),
        ("哪家公司亏得少", 0),
        ("哪个没有那么高", 0),
        ("短信和电话哪个每人次成本是多少", None),
        ("谁是市长", None),
        ("哪个市的部长", None),
        ("what is the number of members in berlin and paris", None),
        ("who is the prime minister", None),
        ("why does paris have a higher cost than berlin", None),
        ("两地各有多少人", None),
    ],
)
def test_it_is_told_which_way_is_asked(question: str, direction: int | None) -> None:
    assert direction_of(question) == direction
