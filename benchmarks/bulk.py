"""Many questions in bulk: how many a second, how much memory, and what ten kills cost.

python benchmarks/bulk.py                              the sample library, 2,000 questions, 10 kills
python benchmarks/bulk.py --index NAME --questions FILE.jsonl --n 10000 --workers 2

First one run from beginning to end; then another that is killed (kill -9, at random moments) and
started again until it is done. Both files must be equal but for their timings. Prints a table;
exits with 1 where they are not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
AS_OF = "2026-06-30"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--index", help="a library by name or path (default: the samples)")
    parser.add_argument("--questions", type=Path, help="JSON Lines with the field question")
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "PYTHONPATH": str(ROOT), "WENJU_LANG": "en"}
        library = args.index
        if library is None:
            env["WENJU_HOME"], library = name, "demo"
            subprocess.run([sys.executable, "-m", "ui.cli", "demo"], env=env, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        asked = folder / "questions.jsonl"
        n = write_questions(asked, args.questions, args.n)

        def command(out: Path) -> list[str]:
            return [
                sys.executable, "-m", "ui.cli", "batch", str(asked), "--out", str(out),
                "--index", library, "--as-of", AS_OF, "--workers", str(args.workers),
            ]  # fmt: skip

        whole, killed = folder / "whole.jsonl", folder / "killed.jsonl"
        seconds, memory = watched(command(whole), env, whole, n)
        kills, extra = killed_run(command(killed), env, killed, args.kills, seconds)
        one, two = timeless(whole), timeless(killed)
        same = len(one) == n and one == two
        report(args.workers, n, seconds, one, memory)
        print(f"killed {kills} times and resumed: {extra:.1f} s in all")
        print(f"equal but for timings: {'yes' if same else 'NO'}")
    return 0 if same else 1


def report(
    workers: int, n: int, seconds: float, records: list[dict[str, object]], memory: list[float]
) -> None:
    load = os.getloadavg()[0]
    print(f"command: python benchmarks/bulk.py {' '.join(sys.argv[1:])}".rstrip())
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{n} questions, {workers} processes: {seconds:.1f} s, {n / seconds:.1f} a second")
    counts = Counter(str(record["status"]) for record in records)
    print(", ".join(f"{status} {count}" for status, count in sorted(counts.items())))
    tenth = max(1, len(memory) // 10)
    early, late = memory[tenth : 2 * tenth] or memory, memory[-tenth:]
    print("memory of all processes, MB:")
    print(f"  {sum(early) / len(early):.0f} in the second tenth of the time")
    print(f"  {sum(late) / len(late):.0f} in the last, most {max(memory):.0f}")


def write_questions(out: Path, given: Path | None, n: int) -> int:
    """Distinct questions, so that none is answered with another one like it."""
    paths = [given] if given else sorted((ROOT / "evals" / "data" / "questions").glob("*.jsonl"))
    texts = [
        json.loads(line)["question"]
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    texts = list(dict.fromkeys(texts))
    with out.open("w", encoding="utf-8") as file:
        for i in range(n):
            again = i // len(texts)
            text = texts[i % len(texts)] + ("" if not again else "？" * again)
            file.write(json.dumps({"id": f"q{i}", "question": text}, ensure_ascii=False) + "\n")
    return n


def watched(
    command: list[str], env: dict[str, str], out: Path, n: int
) -> tuple[float, list[float]]:
    """Seconds of a whole run, and its memory every half second."""
    started, memory = time.monotonic(), [0.0]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    while process.poll() is None:
        memory.append(memory_mb(process.pid))
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return time.monotonic() - started, memory[1:] or memory


def killed_run(
    command: list[str], env: dict[str, str], out: Path, kills: int, seconds: float
) -> tuple[int, float]:
    """How often it was killed before it was done, and the seconds it took in all."""
    chance, done, spent = random.Random(20260630), 0, 0.0
    while True:
        started = time.monotonic()
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        at = chance.uniform(0.02, 2.0 / max(1, kills)) * seconds if done < kills else None
        try:
            process.wait(at)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
        spent += time.monotonic() - started
        if process.returncode == 0:
            return done, spent


def timeless(out: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [row | {"timings_ms": {}} for row in rows]


def memory_mb(pid: int) -> float:
    """Of a process and its children: what is their own, and their share of what is shared."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
        except OSError:
            continue
    return total


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
