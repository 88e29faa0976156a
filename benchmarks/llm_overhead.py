"""What the reader with a language model adds to the model's own time.

    python benchmarks/llm_overhead.py --library LIBRARY --questions FILE.jsonl

The model here answers at once: it repeats the first sentence it is given, as a statement that
points at it. Measured from the end of retrieval to the first verified statement, prompt included.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from index.store import open_library
from rag.answering import checked
from rag.generation import LlmReader
from rag.llm_settings import LlmSettings
from rag.ranking import score
from rag.retrieval import retrieve
from rag.schema import Shown
from rag.settings import RetrievalSettings


def instant(messages: Any, *_: Any, **__: Any) -> Iterator[str]:
    first = re.search(r"^\[1\] (.*)$", messages[-1][1], re.MULTILINE)
    text = first[1] if first else ""
    yield json.dumps({"statements": [{"text": text, "sentences": [1]}]}, ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    args = parser.parse_args()
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][:60]
    took, worked = [], []
    with open_library(args.library) as library:
        settings = LlmSettings(base_url="http://127.0.0.1:9/v1", model="instant", cache=False)
        for question in questions:
            asked = checked(question, date(2026, 6, 30))
            retrieval = retrieve(library, asked, RetrievalSettings())
            scores = score(retrieval)
            reader = LlmReader(library, settings)
            reader.client.stream = instant  # type: ignore[method-assign]
            started, busy = time.perf_counter(), time.process_time()
            steps = reader.read(question, asked.language, retrieval, scores, reader.client.asking())
            if isinstance(next(steps), Shown):
                took.append((time.perf_counter() - started) * 1000)
                worked.append((time.process_time() - busy) * 1000)
    first, rest = took[0], sorted(took[1:])
    print(f"{len(took)} of {len(questions)} gave a statement; the first {first:.0f} ms, then")
    busy_ms = sorted(worked[1:])
    print(
        f"processor: median {statistics.median(busy_ms):.1f} ms, "
        f"p95 {busy_ms[int(0.95 * len(busy_ms))]:.1f} ms; on the clock:"
    )
    print(f"median {statistics.median(rest):.1f} ms, p95 {rest[int(0.95 * len(rest))]:.1f} ms")


if __name__ == "__main__":
    main()
