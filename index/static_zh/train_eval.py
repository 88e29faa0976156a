"""What the model is worth: recall of the right passage, measured on questions it never saw.

Passages are cut into windows of WINDOW characters (half overlapping); a passage scores as its best
window does. `embed` gives `(n, dim)` L2-normalised rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.static_zh.train_data import HELD_OUT_FOLD, Pair, read_lines, read_pairs

# Our own English renderings of questions of CMRC's development set, with the passage of each.
ENGLISH = Path(__file__).parents[2] / "benchmarks" / "cross_lingual.jsonl"

Embed = Callable[[Sequence[str]], np.ndarray]
WINDOW = 200

# English question and the Chinese sentence that answers it; ours, used for nothing else.
CROSS_LINGUAL = (
    (
        "Which country produces the most gallium?",
        "全球镓产量的绝大部分来自中国，其他国家只有少量产出。",
    ),
    ("When will the new export controls take effect?", "新的出口管制措施将于下月一日起施行。"),
    (
        "How many workers lost their jobs at the steel plant?",
        "这家钢铁厂停产后，约两千名职工失业。",
    ),
    ("What is the unemployment rate among young people?", "青年失业率上个季度升到百分之十六。"),
    (
        "Why did the central bank cut interest rates?",
        "央行降息，是因为物价持续走低、信贷需求不足。",
    ),
    ("Who is the minister of health?", "卫生部长在记者会上介绍了疫情情况。"),
    ("How much will the railway cost?", "这条铁路总投资预计为三百亿元。"),
    (
        "What share of electricity comes from wind and solar?",
        "风电和光伏发电量占全社会用电量的五分之一。",
    ),
    ("Tariffs on imported electric vehicles", "对进口电动汽车加征关税的决定引起争议。"),
    ("semiconductor equipment ban", "禁止出口半导体设备的规定影响了多家芯片厂。"),
    (
        "Where was the earthquake and how many people were injured?",
        "地震发生在山区县城，造成数十人受伤。",
    ),
    (
        "rules for artificial intelligence services",
        "生成式人工智能服务管理办法要求提供者标识内容。",
    ),
    ("drought reduces wheat harvest", "持续干旱使小麦收成减少三成。"),
    ("Is the vaccine free for elderly people?", "六十岁以上老年人可以免费接种疫苗。"),
    ("house prices in big cities", "一线城市房价连续三个月下跌。"),
    ("the company's profit fell last year", "该公司去年净利润同比下降。"),
    ("minimum wage increase", "最低工资标准从今年起上调。"),
    ("oil exports through the strait", "经过该海峡的石油出口量大幅下降。"),
    ("university entrance examination date", "高考将于六月七日开始。"),
    ("penalty for tax evasion", "偷税的，由税务机关追缴税款并处以罚款。"),
    ("rare earth mining licences", "稀土开采实行许可证制度。"),
    ("battery factory in Hungary", "这家电池企业在匈牙利建厂。"),
    ("nuclear power plant construction approved", "国务院核准新建核电机组。"),
    ("How long is maternity leave?", "女职工产假为九十八天，各地另有延长。"),
)


def windows(text: str) -> list[str]:
    step = WINDOW // 2
    return [text[i : i + WINDOW] for i in range(0, max(len(text) - step, 1), step)]


def recall(
    embed: Embed, questions: Sequence[str], relevant: Sequence[set[str]], passages: dict[str, str]
) -> dict[str, float]:
    """Recall@1, @5 and @10 of any relevant passage among all `passages`."""
    ids = list(passages)
    pieces = [windows(passages[i]) for i in ids]
    starts = np.cumsum([0] + [len(piece) for piece in pieces[:-1]])
    vectors = embed([window for piece in pieces for window in piece])
    at = dict.fromkeys((1, 5, 10), 0)
    for begin in range(0, len(questions), 256):
        scores = embed(questions[begin : begin + 256]) @ vectors.T
        best = np.maximum.reduceat(scores, starts, axis=1)
        top = np.argsort(-best, axis=1, kind="stable")[:, :10]
        for row, wanted in zip(top, relevant[begin : begin + 256], strict=True):
            found = [ids[i] in wanted for i in row]
            for k in at:
                at[k] += any(found[:k])
    return {f"R@{k}": n / len(questions) for k, n in at.items()}


def evaluate(root: Path, embed: Embed) -> dict[str, dict[str, float]]:
    """CMRC dev (never trained on) and the held-out fold of the sets that are trained on."""
    out = {}
    data = root / "data"
    passages = {
        str(row["id"]): row["text"] for row in read_lines(data / "cmrc2018.passages.jsonl.gz")
    }
    rows = list(read_lines(data / "cmrc2018.queries.dev.jsonl.gz"))
    out["cmrc2018 dev"] = recall(
        embed, [r["question"] for r in rows], [set(r["relevant"]) for r in rows], passages
    )
    rows = list(read_lines(ENGLISH))
    out["cmrc2018 dev in English"] = recall(
        embed, [r["question"] for r in rows], [{r["passage"]} for r in rows], passages
    )
    held_out: dict[str, list[Pair]] = {}
    for pair in read_pairs(root):
        if pair.fold == HELD_OUT_FOLD:
            held_out.setdefault(pair.source, []).append(pair)
    for source in ("drcd", "stard"):
        passages = {
            str(row["id"]): row["text"] for row in read_lines(data / f"{source}.passages.jsonl.gz")
        }
        out[f"{source} held out"] = _pairs_recall(embed, held_out[source], passages)
    tuning = {
        str(row["id"]): row["text"]
        for name in ("T1", "T2")
        for row in read_lines(root / "tuning" / f"{name}.passages.jsonl")
    }
    for lang in ("zh", "en"):
        pairs = [
            p for p in held_out["T1"] + held_out["T2"] if p.question.isascii() == (lang == "en")
        ]
        out[f"tuning held out, {lang}"] = _pairs_recall(embed, pairs, tuning)
    distractors = {
        f"{i}-{k}": window for i, text in tuning.items() for k, window in enumerate(windows(text))
    }
    sentences = {f"own-{i}": sentence for i, (_, sentence) in enumerate(CROSS_LINGUAL)}
    out["english to chinese, own"] = recall(
        embed,
        [question for question, _ in CROSS_LINGUAL],
        [{f"own-{i}"} for i in range(len(CROSS_LINGUAL))],
        {**distractors, **sentences},
    )
    return out


def _pairs_recall(
    embed: Embed, pairs: Sequence[Pair], passages: dict[str, str]
) -> dict[str, float]:
    relevant: dict[str, set[str]] = {}
    for pair in pairs:
        relevant.setdefault(pair.question, set()).add(pair.passage_id)
    return recall(embed, list(relevant), list(relevant.values()), passages)
