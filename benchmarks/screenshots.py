"""Pictures of the chat page on the sample library, for the documents: make screenshots

    python benchmarks/screenshots.py [--out docs/images] [--only NAME …]

Starts a server over a home of its own, opens the page in Debian's chromium, writes a PNG a state.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
QUESTIONS = {
    "answer": "邵工说国产光刻机样机一小时跑多少片？",
    "table": "2025年12月锂辉石精矿的到岸均价是多少？",
    "pdf": "2025年底，稀土出口许可的平均等待时间缩短到多少天？",
    "footnote": "宜春那八个要换证的矿，加起来占全国云母提锂的多大比重？",
    "none": "抖音海外版在英国有多少人用？",
    "conflict": "截至2025年末，大陆12英寸晶圆月产能是多少？",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", nargs="*", default=[])
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        env = os.environ | {"WENJU_HOME": home, "WENJU_LANG": "zh", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "ui.cli", "demo"], env=env, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        server = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "chat", "--port", "0"],
            env=env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        try:
            assert server.stdout is not None
            address = re.findall(r"http://[\d.:]+", server.stdout.readline())[0]
            wait_for_page(address)
            Camera(browser, address, args.out, args.only).take_all()
        finally:
            browser.close()
            server.terminate()
            server.wait()


def wait_for_page(address: str) -> None:
    while True:
        with urllib.request.urlopen(address + "/healthz") as answer:
            if json.load(answer)["page"] == "ready":
                return
        time.sleep(0.2)


class Camera:
    def __init__(self, browser: Any, address: str, out: Path, only: list[str]) -> None:
        self._browser, self._address, self._out, self._only = browser, address, out, only

    def take_all(self) -> None:
        self._shoot("chat-first", None)
        for name in ("table", "pdf", "footnote"):
            self._shoot(f"chat-{name}", QUESTIONS[name], source=True)
        self._shoot("chat-transcript", QUESTIONS["answer"], source=True)
        self._shoot("chat-none", QUESTIONS["none"])
        self._shoot("chat-conflict", QUESTIONS["conflict"])
        self._shoot("chat-followup", "2025年全球锂供应，哪个国家增加得最多？", then="那马里呢？")
        self._shoot("chat-dark", QUESTIONS["pdf"], source=True, color_scheme="dark")
        for tab in ("library", "bulk", "settings"):
            self._shoot(f"chat-{tab}", None, tab=tab)
        phone = {"width": 390, "height": 844}
        self._shoot("chat-phone", QUESTIONS["conflict"], viewport=phone)
        self._shoot("chat-phone-first", None, viewport=phone)

    def _shoot(
        self, name: str, question: str | None, *, source: bool = False, then: str = "",
        tab: str = "", **context: Any,
    ) -> None:  # fmt: skip
        if self._only and name not in self._only:
            return
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"} | context
        one = self._browser.new_context(reduced_motion="reduce", **options)
        page = one.new_page()
        page.goto(self._address)
        page.wait_for_selector("#wenju[data-ready]")
        page.wait_for_selector(".wj-example")
        for n, asked in enumerate(filter(None, (question, then)), 1):
            page.fill("#wj-question", asked)
            page.press("#wj-question", "Enter")
            page.wait_for_function(
                "n => document.querySelectorAll('.wj-tools').length === n", arg=n
            )
        if source:
            page.locator(".wj-turn").last.locator(".wj-chip").first.click()
            page.wait_for_selector(".wj-panel :is(mark, .wj-box, .is-cited)")
        if tab:
            page.click(f"#wj-tab-{tab}")
        if tab == "settings":
            page.locator(".wj-curve").scroll_into_view_if_needed()
        page.evaluate("document.fonts.ready")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=self._out / f"{name}.png")
        one.close()
        print(self._out / f"{name}.png")


if __name__ == "__main__":
    main()
