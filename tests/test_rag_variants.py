"""Names that were misheard, mistyped or put together otherwise; ordinary words stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from index import sounds
from index.ingesting import IndexReport
from index.store import Library, open_library
from index.thesaurus import Expansion, expand, shipped
from rag import background
from rag.normalising import normalise
from rag.searching import search
from rag.terms import concepts_of
from rag.variants import Heard, Joined

IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]
DAY = date(2026, 1, 31)
FILES = {
    "云岭.md": "# 云岭樟木堂年报\n\n樟木堂今年卖出一千件家具。\n",
    "芯片.txt": "英伟达去年卖出很多芯片。\n\nDeepSeek和GPT-4o都用它训练。\n",
}
ORDINARY = (
    """
今年的最低工资涨了多少|外卖骑手受伤了谁来赔|锂价为什么跌得这么厉害|哪些国家限制了镓和锗的出口
去年全国用了多少电|光伏企业为什么抱团减产|退休年龄推迟到几岁|大豆主要从哪里进口
护士的平均工资是多少|台风过后银行放了多少贷款|孩子打疫苗要自己花钱吗|谁主持了审计委员会的会议
公司年报的口气跟招人有什么关系|港口费涨了以后船都去了哪里|稀土磁铁能不能寄到国外|晶圆厂什么时候投产
短视频平台被罚了多少|储能电站一度电能赚几毛|小微企业贷款利率降到多少|村里的路是谁出钱修的
大学生暑假去哪里支教了|新能源汽车下乡有没有补贴|医院急诊要等多久|房贷利率什么时候下调
他们说的那个扩散规则是啥|老邵在哪家厂修设备|工伤认定要交哪些材料|快递小哥一天跑多少单
为什么年轻人不愿意进厂|碳酸锂期货跌到了什么价
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.fixture
def library(index_files: IndexFiles) -> Path:
    return index_files(FILES)[0]


def variants(library: Library, text: str) -> list[Expansion]:
    question = normalise(text, DAY)
    heard = Heard(library, question, shipped(), background.shipped())
    layers = [shipped(), Joined(library, [shipped()]), heard]
    found = expand(question.content, layers)
    return [e for e in found if any(o in ("sound", "spelling") for _, _, o in e.targets)]


@pytest.mark.parametrize(
    ("text", "written", "meant"),
    [
        ("英伟答卖了多少芯片", "英伟答", "英伟达"),
        ("黄仁熏说了什么", "黄仁熏", "黄仁勋"),
        ("台级电在哪建厂", "台级电", "台积电"),
        ("碳酸离涨了吗", "碳酸离", "碳酸锂"),
        ("宁得时代的电池", "宁得时代", "宁德时代"),
        ("张木堂卖了什么", "张木堂", "樟木堂"),  # only the library knows it
        ("nvidai 的芯片", "nvidai", "nvidia"),
        ("deep seek 用什么训练", "deep seek", "deepseek"),
        ("Deep-Seek 用什么训练", "deep-seek", "deepseek"),
        ("gpt4o 用什么训练", "gpt4o", "gpt-4o"),
    ],
)
def test_a_name_is_known_by_its_sound_or_its_parts(
    library: Path, text: str, written: str, meant: str
) -> None:
    with open_library(library) as opened:
        found = {e.term: [t for t, _, _ in e.targets] for e in expand_all(opened, text)}
    assert meant in found[written]


def expand_all(library: Library, text: str) -> list[Expansion]:
    question = normalise(text, DAY)
    heard = Heard(library, question, shipped(), background.shipped())
    return expand(question.content, [shipped(), Joined(library, [shipped()]), heard])


@pytest.mark.parametrize("text", ORDINARY)
def test_nothing_is_corrected_in_an_ordinary_question(library: Path, text: str) -> None:
    with open_library(library) as opened:
        assert variants(opened, text) == []


def test_a_name_that_the_library_holds_is_not_taken_for_another(index_files: IndexFiles) -> None:
    path, _ = index_files({"a.txt": "英伟答是一家面馆。\n"})
    with open_library(path) as opened:
        assert variants(opened, "英伟答在哪") == []


def test_what_only_sounds_alike_weighs_less_than_what_is_written(library: Path) -> None:
    with open_library(library) as opened:
        (slip,) = variants(opened, "英伟答卖了多少")
        assert {t: w for t, w, _ in slip.targets}["英伟达"] == 0.5
        found = search(opened, "英伟答卖了多少芯片", as_of=DAY)
        assert found.passages[0].source == "芯片.txt"


@pytest.mark.parametrize(
    ("written", "name", "slip"),
    [
        ("英伟答", "英伟达", True),
        ("英伟达", "英伟达", False),
        ("英为答", "英伟达", False),  # two of three
        ("宁得时带", "宁德时代", True),  # two of four
        ("英国达", "英伟达", False),  # another sound
        ("身圳机场", "深圳机场", True),
        ("深证机场", "深圳机场", True),  # zheng, zhen
        ("深证达", "深圳达", False),  # of three, the same sound exactly
    ],
)
def test_a_slip_sounds_the_same_and_differs_little(written: str, name: str, slip: bool) -> None:
    assert sounds.is_slip(written, name) is slip


def test_the_shipped_sounds_fit_the_thesaurus() -> None:
    assert sounds.NAMES.read_bytes() == sounds.table_of(sounds.thesaurus_names())


def test_a_year_stands_apart_from_the_word_it_runs_into(library: Path) -> None:
    with open_library(library):
        question = normalise("台积电去年产能", DAY)
        concepts = concepts_of(question, [shipped()], background.shipped())
    terms = [c.term for c in concepts]
    assert {"去年", "产能"} <= set(terms)
    year = concepts[terms.index("去年")]
    assert [a.term for a in year.alternatives[1:3]] == ["2025年", "2025"]
