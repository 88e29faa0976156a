"""How heavy and how quick the chat page is, on the sample library: a line of JSON.

    python benchmarks/page.py

Needs chromium. Start is from the command to a page that can be typed into; a first statement from
pressing Enter to its words on the screen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))
WATCH = """() => {
  window.asked = 0; window.seen = [];
  document.addEventListener('keydown', (e) => { if (e.key === 'Enter') window.asked = performance.now(); }, true);
  new MutationObserver(() => {
    const last = document.querySelector('.wj-turn:last-child :is(.wj-statement, .wj-short, .wj-reason)');
    if (last && window.asked) { window.seen.push(performance.now() - window.asked); window.asked = 0; }
  }).observe(document.body, { childList: true, subtree: true });
}"""  # noqa: E501


def main() -> None:
    from playwright.sync_api import sync_playwright
    from screenshots import wait_for_page

    questions = [
        json.loads(line)["question"]
        for line in (ROOT / "evals/data/questions/b.jsonl").read_text("utf-8").splitlines()[:30]
    ]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        env = os.environ | {"WENJU_HOME": home, "WENJU_LANG": "zh", "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-m", "ui.cli"]
        subprocess.run([*run, "demo"], env=env, check=True, stdout=subprocess.DEVNULL)
        started = time.perf_counter()
        server = subprocess.Popen([*run, "chat", "--port", "0"], env=env, text=True,
                                  stdout=subprocess.PIPE)  # fmt: skip
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            assert server.stdout is not None
            address = re.findall(r"http://[\d.:]+", server.stdout.readline())[0]
            listening = time.perf_counter() - started
            wait_for_page(address)
            ready = time.perf_counter() - started
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.wait_for_selector("#wenju[data-ready]")
            usable = time.perf_counter() - started
            page.wait_for_selector(".wj-example")
            weight = page.evaluate(
                "performance.getEntriesByType('resource').reduce((n, r) => n + r.transferSize, 0)"
            )
            n_requests = page.evaluate("performance.getEntriesByType('resource').length") + 1
            own = sum(path.stat().st_size for path in (ROOT / "ui/web/static").iterdir())
            page.evaluate(WATCH)
            for n, question in enumerate(questions, 1):
                page.fill("#wj-question", question)
                page.press("#wj-question", "Enter")
                page.locator(".wj-tools").nth(n - 1).wait_for()
            times = sorted(page.evaluate("window.seen"))
        finally:
            browser.close()
            server.terminate()
            server.wait()
    print(
        json.dumps(
            {
                "listening_s": round(listening, 1), "page_ready_s": round(ready, 1),
                "usable_s": round(usable, 1), "load_average": os.getloadavg()[0],
                "requests": n_requests, "transferred_kb": round(weight / 1000),
                "own_files_kb": round(own / 1000), "questions": len(times),
                "first_statement_ms_p50": round(statistics.median(times)),
                "first_statement_ms_p95": round(times[int(len(times) * 0.95)]),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
