"""How the server bears 20 people at once while documents come in. Loopback only.

python benchmarks/serving.py                       the sample library, 20 people, 2,000 questions
python benchmarks/serving.py --set serve.processes=0    threads alone
python benchmarks/serving.py --people 5 --questions 500
python benchmarks/serving.py --library demo --home FOLDER   another library, read from there

Each person asks the next question as soon as the last is answered; one more puts a new file into
the library once a second. What is measured is what a person waits, from the first byte sent to the
last one read. Prints a table; exits with 1 where an answer failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
_HZ = os.sysconf("SC_CLK_TCK")
# A load generator is a weapon: it is held to this machine, and to so many at once.
MAX_PEOPLE, MAX_QUESTIONS = 50, 20_000


@dataclass
class Seen:
    seconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    added: int = 0
    cpu_seconds: float = 0.0  # of the server's process and of those that answer
    indexing_seconds: float = 0.0  # of those that took documents in
    generations: set[int] = field(default_factory=set)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--library", default="demo")
    parser.add_argument("--home", type=Path, help="a WENJU_HOME whose library is copied")
    parser.add_argument("--no-adding", action="store_true", help="leave the library alone")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    if not (1 <= args.people <= MAX_PEOPLE and 1 <= args.questions <= MAX_QUESTIONS):
        parser.error(f"at most {MAX_PEOPLE} people and {MAX_QUESTIONS:,} questions")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = {**os.environ, "WENJU_HOME": folder, "PYTHONPATH": str(ROOT), "WENJU_LANG": "en"}
        if args.home is None:
            subprocess.run([sys.executable, "-m", "ui.cli", "demo"], env=env, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        else:
            name = f"libraries/{args.library}"
            shutil.copytree(args.home / name, home / name)
        started = time.monotonic()
        command = [sys.executable, "-m", "ui.cli", "serve", "--port", "0"]
        for one in args.set:
            command += ["--set", one]
        with (home / "log").open("w") as log:
            process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log,
                                       text=True)  # fmt: skip
        try:
            assert process.stdout is not None
            url = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
            ready_s, page_s = asyncio.run(_until_ready(url, started))
            seen, seconds = asyncio.run(_measure(url, args, process.pid))
        finally:
            process.terminate()
            process.wait()
    _report(args, seen, seconds, ready_s, page_s)
    return 1 if seen.errors else 0


async def _until_ready(url: str, started: float) -> tuple[float, float]:
    """Seconds from the start of the process to /readyz, and to the page."""
    ready = 0.0
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        while True:
            answer = await client.get("/readyz")
            now = time.monotonic() - started
            ready = ready or (now if answer.status_code == 200 else 0.0)
            if ready and answer.json()["page"] in ("ready", "failed"):
                return ready, now
            await asyncio.sleep(0.05)


async def _measure(url: str, args: Any, pid: int) -> tuple[Seen, float]:
    questions = _questions()
    todo = iter(range(args.questions))
    seen = Seen()
    limits = httpx.Limits(max_connections=args.people + 2)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=60, limits=limits
    ) as client:
        bodies = [{"question": q, "library": args.library} for q in questions[:40]]
        for first in range(0, 40, 20):  # what is read once is read now, by every process
            asking = [client.post("/v1/answers", json=body) for body in bodies[first : first + 20]]
            await asyncio.gather(*asking)
        done = asyncio.Event()
        adding = None if args.no_adding else asyncio.create_task(_add(url, args, seen, done))
        started, before = time.monotonic(), _cpu_seconds(pid)

        async def person() -> None:
            for number in todo:
                body = {"question": questions[number % len(questions)], "library": args.library}
                asked = time.monotonic()
                try:
                    answer = await client.post("/v1/answers", json=body)
                    record = answer.json()
                except httpx.HTTPError as error:
                    seen.errors.append(type(error).__name__)
                    continue
                seen.seconds.append(time.monotonic() - asked)
                if answer.status_code != 200:
                    seen.errors.append(answer.text[:200])
                    continue
                seen.statuses[record["status"]] = seen.statuses.get(record["status"], 0) + 1
                if number % 100 == 0:
                    seen.rss_mb.append(sum(_rss_mb(one) for one in [pid, *_children(pid)]))

        await asyncio.gather(*(person() for _ in range(args.people)))
        seconds = time.monotonic() - started
        spent = _cpu_seconds(pid)
        seen.cpu_seconds, seen.indexing_seconds = (spent[i] - before[i] for i in range(2))
        done.set()
        if adding is not None:
            await adding
    return seen, seconds


async def _add(url: str, args: Any, seen: Seen, done: asyncio.Event) -> None:
    """A new file a second, until the others are done."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        number = 0
        while not done.is_set():
            number += 1
            text = (
                f"第{number}号泊位今天靠泊{number * 3 % 17 + 2}艘船，卸货{number * 410}吨。\n" * 5
            )
            job = await client.post(
                "/v1/documents",
                files=[("files", (f"泊位{number}.txt", text.encode()))],
                data={"library": args.library},
                params={"wait": 60},
            )
            result = job.json()
            if result.get("status") != "done":
                seen.errors.append(job.text[:200])
                return
            seen.added += 1
            seen.generations.add(result["result"]["generation"])
            await asyncio.sleep(1)


def _questions() -> list[str]:
    """The project's own, over its sample library."""
    found = []
    for path in sorted((ROOT / "evals" / "data" / "questions").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found.append(json.loads(line)["question"])
    return found


def _rss_mb(pid: int) -> float:
    """Its own, and its share of what it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def _cpu_seconds(pid: int) -> tuple[float, float]:
    """Of the server and the processes that answer for it; of those that have ended, indexing."""
    own = 0.0
    for one in [pid, *_children(pid)]:
        try:
            own += sum(_ticks(one)[:2])
        except OSError:  # it has ended meanwhile
            continue
    return own / _HZ, sum(_ticks(pid)[2:]) / _HZ


def _ticks(pid: int) -> list[int]:
    """User, system; and of the children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]


def _children(pid: int) -> list[int]:
    """Those that answer: what takes documents in is of their kind no more when it has ended."""
    found = []
    for name in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if "spawn_main" in Path(f"/proc/{name}/cmdline").read_text():
                found.append(int(name))
        except OSError:
            continue
    return found


def _report(args: Any, seen: Seen, seconds: float, ready_s: float, page_s: float) -> None:
    times = sorted(seen.seconds)

    def at(share: float) -> float:
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    load = os.getloadavg()[0]
    print(f"command: python benchmarks/serving.py {' '.join(sys.argv[1:])}".rstrip())
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
          f"Python {platform.python_version()}")  # fmt: skip
    print(f"from the start to /readyz: {ready_s:.2f} s, to the page: {page_s:.2f} s")
    print(f"{args.people} people, {len(times)} questions in {seconds:.1f} s: "
          f"{len(times) / seconds:.1f} a second")  # fmt: skip
    print(f"waited: p50 {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, p99 {at(0.99):.0f} ms, "
          f"most {at(1):.0f} ms")  # fmt: skip
    each = 1000 * seen.cpu_seconds / max(1, len(times))
    print(f"processor time: {each:.1f} ms a question of all processes that answer, "
          f"{seen.indexing_seconds / max(1, seen.added):.2f} s a document")  # fmt: skip
    print(f"documents added meanwhile: {seen.added} ({len(seen.generations)} generations)")
    counts = ", ".join(f"{name} {n}" for name, n in sorted(seen.statuses.items()))
    print(f"{counts}; failed {len(seen.errors)}")
    rss = seen.rss_mb
    tenth = max(1, len(rss) // 10)
    print(f"memory of those processes: {sum(rss[:tenth]) / tenth:.0f} MB in the first tenth, "
          f"{sum(rss[-tenth:]) / tenth:.0f} MB in the last, most {max(rss):.0f} MB")  # fmt: skip
    for error in seen.errors[:3]:
        print(f"error: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
