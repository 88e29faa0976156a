"""Second sources: is another value shown as a conflict, and only that?

    python -m benchmarks.conflicts [--only KIND]
    python -m benchmarks.conflicts --texts [PART] [--told]

Without `--texts`: templates of our own, each with a subject that no other has: a first source and a
question for it, and a second source that says the same attribute with another value (a conflict),
with the same value written otherwise, or of another scope (neither). One library a kind; choices
are fixed.

`--texts`: the small libraries of benchmarks/disagreeing, two to four short documents each, as
people write them. A question's `kind` there: "conflict" (both `sides` have to be shown, each cited
where it stands), "scope" (likewise, and what tells them apart is named: `scopes`), or "none" (they
only look so). `test` is not looked at while anything is made to fit. `--told` lists what goes
wrong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from index.ingesting import index_sources
from index.store import open_library
from rag.answering import Answerer
from rag.schema import Answer, Conflict

TEXTS = Path(__file__).parent / "disagreeing"
PARTS = ("development", "test")
RESULTS = ("found", "unnamed", "false", "silent")
DAY = date(2026, 1, 31)
STEMS = (
    "栖云", "岚峪", "泊渚", "砚川", "汀麓", "晴澜", "苇屿", "朔湾", "桐溪", "雁洲", "槐浦", "霁川",
)  # fmt: skip
LEADS = ("据当地年鉴记载，", "记者从主管部门获悉，", "另一份统计显示，")


@dataclass(frozen=True, slots=True)
class Template:
    """`text` holds {name}, {value}; `{when}` and `{thing}` are scope."""

    question: str
    text: str
    when: str = "2025年"
    thing: str = ""


FIGURES = (
    Template(
        "{name}市{when}海水养殖产量是多少？",
        "{when}，{name}市海水养殖产量为{value}吨，居全省第二。",
    ),
    Template(
        "{name}机场{when}旅客吞吐量是多少？",
        "{when}{name}机场旅客吞吐量达到{value}人次，创历史新高。",
    ),
    Template(
        "{name}集团{when}营业收入是多少？",
        "{when}，{name}集团实现营业收入{value}元，主业保持稳定。",
    ),
    Template(
        "{when}{name}水库的供水量有多少？",
        "{name}水库{when}供水量{value}立方米，满足了下游灌溉。",
    ),
)  # fmt: skip
SHARES = (
    Template(
        "{when}{name}市森林覆盖率是多少？",
        "{when}{name}市森林覆盖率为{value}，高于周边城市。",
    ),
    Template(
        "{when}{name}县职工参保比例是多少？",
        "{when}，{name}县职工参保比例达到{value}，覆盖面继续扩大。",
    ),
)  # fmt: skip
COUNTS = (
    Template(
        "{name}园区{when}引进了多少项技术？",
        "{when}{name}园区引进先进技术{value}项技术成果，多为首次落地。",
    ),
    Template(
        "{name}县{when}改造了多少个小区？",
        "{when}，{name}县改造老旧小区{value}个小区，惠及众多居民。",
    ),
)  # fmt: skip
DATES = (
    Template("{name}大桥什么时候通车的？", "{name}大桥于{value}建成通车，连接两岸新城。"),
    Template("{name}博物馆是什么时候开馆的？", "{value}，{name}博物馆正式开馆，首日免费参观。"),
    Template("{name}公司是哪一天成立的？", "{name}公司成立于{value}，总部设在本省。"),
)
PEOPLE = (
    Template("{name}市水务局局长是谁？", "{name}市水务局局长是{value}，他主持全局工作。"),
    Template("{name}大学的校长是谁？", "{name}大学校长{value}在开学典礼上致辞。"),
)
BUILDERS = (
    Template("{name}隧道由哪家公司承建？", "{name}隧道由{value}承建，工期三年。"),
    Template("{name}集团的总部在哪里？", "{name}集团的总部位于{value}，员工约两千人。"),
)
MODELS = (
    Template(
        "{name}公司的芯片功耗是多少？",
        "{name}公司的{thing}芯片功耗为{value}瓦，采用风冷。",
        thing="K20",
    ),
)

# kind → (templates, first value, second value, changes of scope)
Case = tuple[Sequence[Template], str, str, dict[str, str]]
CONFLICT: dict[str, Case] = {
    "figure": (FIGURES, "3.42亿", "2.97亿", {}),
    "share": (SHARES, "46.2%", "39.8%", {}),
    "date": (DATES, "2025年3月1日", "2025年4月", {}),
    "date, day": (DATES, "2025年3月1日", "2025年3月16日", {}),
    "person": (PEOPLE, "周明远", "陈立群", {}),
    "organisation, place": (BUILDERS, "", "", {}),
}
EQUAL: dict[str, Case] = {
    "3.42亿, 34,200万": (FIGURES, "3.42亿", "34,200万", {}),
    "3.42亿, 约3.4亿": (FIGURES, "3.42亿", "约3.4亿", {}),
    "15%, 百分之十五": (SHARES, "15%", "百分之十五", {}),
    "三成, 30%": (SHARES, "三成", "30%", {}),
    "90余, 90多": (COUNTS, "90余", "90多", {}),
    "2025年3月1日, 3月1日": (DATES, "2025年3月1日", "3月1日", {}),
    "2025年3月1日, 2025年3月": (DATES, "2025年3月1日", "2025年3月", {}),
    "周明远, 周明远先生": (PEOPLE, "周明远", "周明远先生", {}),
}
SCOPE: dict[str, Case] = {
    "year": (FIGURES, "3.42亿", "2.97亿", {"when": "2024年"}),
    "region": (FIGURES, "3.42亿", "2.97亿", {"name": "白沙"}),
    "thing of a date": (DATES, "2025年3月1日", "2025年4月", {"name": "白沙"}),
    "holder elsewhere": (PEOPLE, "周明远", "陈立群", {"name": "白沙"}),
    "model": (MODELS, "180", "250", {"thing": "K200"}),
}
BUILT = (
    ("青屿重工集团有限公司", "望海路桥建设公司"),
    ("临海市", "广宁市"),
)


def pairs(case: Case) -> Iterator[tuple[str, str, str, str]]:
    """(question, first text, second text, second value)."""
    templates, first, second, scope = case
    for n, stem in enumerate(STEMS):
        t = templates[n % len(templates)]
        one, two = (first, second) if first else BUILT[n % len(BUILT)]
        own = {"name": stem, "when": t.when, "thing": t.thing}
        other = own | scope
        text = LEADS[n % len(LEADS)] + t.text.format(value=two, **other)
        if not second.startswith("2025") and "3月1日" in second:
            text = f"2025年大事\n\n{text}"
        yield t.question.format(**own), t.text.format(value=one, **own), text, two


def measured(case: Case) -> tuple[int, int, int]:
    """(questions answered, plain conflicts, scoped ones): the latter name two scopes."""
    asked = list(pairs(case))
    answered = plain = scoped = 0
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        for n, (_, one, two, _) in enumerate(asked):
            (documents / f"{n:02}a.txt").write_text(f"{one}\n", encoding="utf-8")
            (documents / f"{n:02}b.txt").write_text(f"{two}\n", encoding="utf-8")
        index_sources(Path(folder) / "library", [documents])
        with open_library(Path(folder) / "library") as library:
            answerer = Answerer(library)
            for question, *_ in asked:
                answer = answerer.answer(question, as_of=DAY)
                answered += answer.status == "answered"
                named = [s.scope.startswith("K") for c in answer.conflicts for s in c.sides]
                plain += bool(named) and not all(named)
                scoped += bool(named) and all(named)
    return answered, plain, scoped


def shows(answer: Answer, sides: Sequence[str]) -> Conflict | None:
    """The conflict that has one gold value on each of two sides, both cited where they stand."""
    quotes = {c.n: c.quote for c in answer.citations}
    for conflict in answer.conflicts:
        held = [
            {s for s in sides if s in side.value and all(s in quotes[n] for n in side.citations)}
            for side in conflict.sides
        ]
        if any(a != b and a and b for i, a in enumerate(held) for b in held[i + 1 :]):
            return conflict
    return None


def outcome(question: dict[str, Any], answer: Answer) -> str:
    """found, unnamed (a scope is not told), false or silent; a scope without its name is false."""
    conflict = None if question["kind"] == "none" else shows(answer, question["sides"])
    if conflict is None:
        return "false" if answer.conflicts else "silent"
    if question["kind"] == "conflict":
        return "found"
    told = {s for s in question["scopes"] if any(s in side.scope for side in conflict.sides)}
    return "found" if len(told) == len(question["scopes"]) else "unnamed"


def texts_of(part: str) -> list[dict[str, Any]]:
    lines = (TEXTS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def asked_of(case: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Answer]]:
    """Each question of one small library with its answer."""
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        for name, text in case["documents"].items():
            (documents / name).write_text(text, encoding="utf-8")
        index_sources(Path(folder) / "library", [documents])
        with open_library(Path(folder) / "library") as library:
            answerer = Answerer(library)
            for question in case["questions"]:
                yield question, answerer.answer(question["question"], as_of=DAY)


def report_texts(parts: Sequence[str], *, told: bool) -> None:
    print("| part | kind | questions | answered | found | scopes not named | false | silent |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for part in parts:
        outcomes: dict[str, list[tuple[str, str]]] = {"conflict": [], "scope": [], "none": []}
        for case in texts_of(part):
            for question, answer in asked_of(case):
                result = outcome(question, answer)
                outcomes[question["kind"]].append((result, answer.status))
                expected = "silent" if question["kind"] == "none" else "found"
                if told and result != expected:
                    shown = [[(s.value, s.scope) for s in c.sides] for c in answer.conflicts]
                    print(f"{case['id']}: {question['question']} {result} {answer.status}", shown)
        for kind, results in outcomes.items():
            count = {r: sum(r == result for result, _ in results) for r in RESULTS}
            answered = sum(status == "answered" for _, status in results)
            row = " | ".join(str(count[r]) for r in RESULTS)
            print(f"| {part} | {kind} | {len(results)} | {answered} | {row} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--texts", nargs="?", const="all", choices=("all", *PARTS))
    parser.add_argument("--told", action="store_true", help="list what goes wrong in the texts")
    options = parser.parse_args(arguments)
    if options.texts:
        report_texts(PARTS if options.texts == "all" else (options.texts,), told=options.told)
        return
    print("| second source | kind | pairs | answered | shown as a conflict | as scopes |")
    print("|---|---|---:|---:|---:|---:|")
    groups = (("another value", CONFLICT), ("the same, otherwise", EQUAL), ("another scope", SCOPE))
    for group, cases in groups:
        for kind, case in cases.items():
            if options.only in kind:
                answered, plain, scoped = measured(case)
                print(
                    f"| {group} | {kind} | {len(STEMS)} | {answered} | {plain} | {scoped} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
