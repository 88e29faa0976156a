"""What `wenju eval calibrate` does: refit silence for a library, show what changes, write it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ui import evaluation
from ui.commands import common
from ui.errors import UsageError
from ui.messages import pick

if TYPE_CHECKING:
    from evals.calibrating import At, Calibrated, Gathered
    from rag.calibration import Calibration


def calibrate(args: argparse.Namespace) -> int:
    from evals.calibrating import calibrate as fit
    from evals.calibrating import gather
    from index.calibration import CALIBRATION
    from index.manifest import read_manifest
    from ui.progress import progress

    path = evaluation.library_of(args)
    read_manifest(path)  # that there is such a library
    own = path / CALIBRATION
    if args.remove:
        if args.questions is not None or args.out is not None:
            raise UsageError(
                pick(
                    "--remove 不与问题集或 --out 同用", "--remove takes neither QUESTIONS nor --out"
                )
            )
        return _remove(own, path.name)
    if args.questions is None:
        raise UsageError(pick("缺少问题集 QUESTIONS", "QUESTIONS is needed"))
    questions = evaluation.questions_of(args.questions)
    rag, as_of = common.settings(args, ["rag"]).stage("rag"), common.as_of(args)
    with progress() as show:
        gathered = gather(
            questions,
            path,
            rag,
            as_of=as_of,
            on_progress=lambda now: show(now.done, now.total, now.last),
        )
    found = fit(gathered)
    print("\n".join(_lines(found, gathered)))
    out = args.out or own
    _write(out, found.calibration.to_text())
    if args.out is None:
        print(
            pick(
                f"\n已写入 {out}，现已用于资料库 {path.name}；撤销：wenju eval calibrate --remove"
                f"{common.index_hint(args)}",
                f"\nwritten to {out}, used for library {path.name} from now on; "
                f"to undo: wenju eval calibrate --remove{common.index_hint(args)}",
            )
        )
    else:
        print(
            pick(
                f"\n已写入 {out}；要启用，复制为 {own}",
                f"\nwritten to {out}; to use it, copy it to {own}",
            )
        )
    return 0


def calibration_line(calibration: Calibration) -> str:
    n, silent = calibration.questions, calibration.unanswerable
    return pick(
        f"何时不作答：按自己的 {n} 题（{silent} 题无答案）校准过（calibration.json）",
        f"silence: calibrated on {n} questions of its own, {silent} of them unanswerable "
        "(calibration.json)",
    )


def _remove(own: Path, name: str) -> int:
    try:
        own.unlink()
    except FileNotFoundError:
        print(
            pick(f"资料库 {name} 没有自己的校准", f"library {name} has no calibration of its own")
        )
    else:
        print(
            pick(
                f"已删除 {own}；资料库 {name} 恢复自带的判断",
                f"{own} removed; library {name} is judged as shipped",
            )
        )
    return 0


def _write(out: Path, text: str) -> None:
    """Aside, then renamed: a question asked meanwhile reads the old file or the new one."""
    from index.files import disk_errors

    aside = out.with_name(f".{out.name}.tmp")
    with disk_errors(out):
        aside.write_text(text, encoding="utf-8")
        aside.replace(out)


def _lines(found: Calibrated, gathered: Gathered) -> Iterator[str]:
    made = found.calibration
    n, silent = made.questions, made.unanswerable
    yield pick(f"{n} 题，其中 {silent} 题无答案", f"{n} questions, {silent} of them unanswerable")
    if gathered.left_out:
        ids = ", ".join(gathered.left_out[:5])
        yield pick(
            f"另有 {len(gathered.left_out)} 题未用（没找到内容、问文档本身或出错）：{ids}",
            f"{len(gathered.left_out)} more are left out (nothing found, about the documents "
            f"themselves, or failed): {ids}",
        )
    yield pick(
        f"把握 = 1 / (1 + exp(-({made.scale:g} × 自带的 {made.offset:+g})))，"
        f"对数损失 {found.log_loss[0]:.3f} → {found.log_loss[1]:.3f}",
        f"probability = 1 / (1 + exp(-({made.scale:g} × the shipped logit {made.offset:+g}))), "
        f"log loss {found.log_loss[0]:.3f} → {found.log_loss[1]:.3f}",
    )
    yield pick(
        "之后各栏为交叉验证：每题都由其余各题的拟合来判断",
        "after: cross-validated, each question decided by a fit on the others",
    )
    yield ""
    yield pick(
        "max_risk        阈值  作答  其中答错（上界）  无答案而拒答  有答案而误拒",
        "max_risk         threshold  answered  wrongly  (bound)  rejected  false abstention",
    )
    for before, after in zip(found.before, found.after, strict=True):
        yield _row(before, pick("之前", "before"))
        yield _row(after, pick("之后", "after"))
    yield ""
    yield pick("答得越多，答错的比例：", "the more is answered, the more wrongly:")
    for share, old, new in found.coverage:
        yield f"  {share:4.0%}  {old:.3f} → {new:.3f}"
    yield ""
    for (risk, more), at in zip(found.more, found.after, strict=True):
        if more == 0:
            continue
        yield pick(
            f"max_risk {risk:.2f}：这些题太少，保证不了这么小的风险；暂按自带判断的阈值 "
            f"{at.threshold:.3f}。",
            f"max_risk {risk:.2f}: too few questions to bound so small a risk; the shipped judge's "
            f"threshold is taken, {at.threshold:.3f}. ",
        ) + (
            pick(f"再加约 {more} 题同类的就够", f"About {more} more of the same sort would do")
            if more
            else pick(
                "再多十倍也不够：这里答与不答难以分辨",
                "Ten times as many would not do: here the judge tells the two apart too badly",
            )
        )


def _row(at: At, name: str) -> str:
    from evals.calibrating import upper_bound

    return (
        f"{at.max_risk:8.2f}  {name:<6} {at.threshold:9.3f}  {at.answered:8d}  {at.wrong:7d}  "
        f"({upper_bound(at.wrong, at.answered):.3f})  {at.rejected:8.3f}  "
        f"{at.false_abstention:11.3f}"
    )
