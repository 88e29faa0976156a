"""What `wenju eval draft`, `suggest`, `join` and `judge` do: each gives the exit code."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path

from ui.commands import common
from ui.errors import UiError, UsageError
from ui.messages import pick
from ui.quality import quality_of


def draft(args: argparse.Namespace) -> int:
    """Feedback that is not in the file yet becomes drafts at its end."""
    from evals.drafting import DRAFT
    from evals.questions import load, save
    from index.places import home
    from ui.reviewing import draft_of, status_of
    from ui.state import FILE, State

    path = home() / FILE
    if not path.is_file():
        raise UiError(pick("还没有任何反馈", "there is no feedback yet"))
    with State(path) as state:
        rows = state.feedback_records(args.user)
    held = load(args.out) if args.out.exists() else []
    known = {q.id for q in held}
    found = [
        draft_of(r)  # as it was edited in the page; what was decided there is not asked again
        for r in rows
        if args.rating in ("all", r["rating"])
        and args.index in (None, r["library"])
        and status_of(r) == DRAFT
    ]
    new = [q for q in found if q.id not in known]
    save([*held, *new], args.out)
    print(
        pick(
            f"{args.out}：新增 {len(new)} 道草稿，共 {len(held) + len(new)} 道。逐条核对后把 "
            "status 改为 accepted，再用 wenju eval join 并入问题集。",
            f"{args.out}: {len(new)} new drafts, {len(held) + len(new)} in all. Correct each, "
            "write status accepted, then wenju eval join.",
        )
    )
    return 0


def suggest(args: argparse.Namespace) -> int:
    from evals.proposing import propose
    from evals.questions import load, save
    from index.store import open_library

    if args.number < 1:
        raise UsageError(f"-n {args.number}: {pick('至少为 1', 'it must be 1 or more')}")
    if args.index is None:
        args.index = common.DEFAULT_LIBRARY
    held = load(args.out) if args.out.exists() else []
    known = {q.id for q in held}
    with open_library(common.library_path(args)) as library:
        found = [q for q in propose(library, args.number) if q.id not in known]
    save([*held, *found], args.out)
    print(
        pick(
            f"{args.out}：新增 {len(found)} 道建议的问题（附原文）。接受的把 status 改为 "
            "accepted，再用 wenju eval join 并入问题集。",
            f"{args.out}: {len(found)} new proposals with their quotes. Write status accepted "
            "where you accept one, then wenju eval join.",
        )
    )
    return 0


def join(args: argparse.Namespace) -> int:
    """Exit code 1 where an accepted draft is not sound; the sound ones join all the same."""
    from evals.drafting import join as take
    from evals.questions import load, save
    from evals.sources import LibrarySources, Sources, folder_sources
    from index.store import open_library

    if args.index is None and (args.documents is None or args.into is None):
        args.index = common.DEFAULT_LIBRARY
    quality = quality_of(common.library_path(args)) if args.index is not None else None
    if args.into is None:
        assert quality is not None
        args.into = quality.questions
    drafts = load(args.drafts)
    with ExitStack() as stack:
        sources: Sources
        if args.documents is not None:
            sources = folder_sources(args.documents)[0]
        else:
            library = stack.enter_context(open_library(common.library_path(args)))
            sources = LibrarySources(library)
        if quality:
            stack.enter_context(quality.locked())
        held = load(args.into) if args.into.exists() else []
        found = take(drafts, held, sources)
        for problem in found.problems:
            print(problem)
        # The set first: what is written twice is seen by its id, what is lost is not.
        save([*held, *found.added], args.into)
        save(found.left, args.drafts)
        if quality:
            quality.remember(questions=args.into)
    print(
        pick(
            f"{len(found.added)} 题并入 {args.into}（现有 {len(held) + len(found.added)} 题），"
            f"{len(found.left)} 题仍是草稿",
            f"{len(found.added)} questions joined {args.into} "
            f"(now {len(held) + len(found.added)}), {len(found.left)} are drafts still",
        )
    )
    return 1 if found.problems else 0


def judge(args: argparse.Namespace) -> int:
    """Exit code 1 only where nothing could be graded: a judge blocks nothing."""
    from evals.judging import ServedModel, judgement_json, read_labels
    from evals.judging import judge as grade
    from evals.runfile import read_run
    from ui.progress import progress

    settings = common.settings(args, ["llm"]).stage("llm")
    if not settings.is_used:
        raise UiError(
            pick(
                "没有设置模型：--set llm.base_url=http://127.0.0.1:11434/v1 --set llm.model=NAME",
                "no model is set: --set llm.base_url=http://127.0.0.1:11434/v1 "
                "--set llm.model=NAME",
            )
        )
    labels = read_labels(args.labels) if args.labels else None
    cases = read_run(args.results)
    with progress() as show:
        found = grade(cases, ServedModel(settings), labels, lambda n, of, last: show(n, of, last))
    record = judgement_json(found)
    if args.out:
        text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        Path(args.out).write_text(text, encoding="utf-8")
    if args.format == "json":
        print(json.dumps(record, ensure_ascii=False))
    else:
        for key, value in record.items():
            if isinstance(value, dict):
                kappa = "–" if value["kappa"] is None else f"{value['kappa']:.2f}"
                print(f"{key:18} κ {kappa}, {value['same']:.0%} of {value['n']} alike")
            elif isinstance(value, int | float):
                print(f"{key:18} {value:.3f}" if isinstance(value, float) else f"{key:18} {value}")
        for name in record["disagreements"][: args.listed]:
            print(f"  {pick('与标准答案不一致', 'differs from the gold')}: {name}")
    failed = [g for g in found.grades if g.error]
    if failed:
        common.note(f"{failed[0].id}: {failed[0].error}")
    return 1 if found.grades and found.n_failed == len(found.grades) else 0
