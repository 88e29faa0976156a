"""The chat page in a real browser: what a person sees, and that nothing leaves the machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from index.ingesting import IndexReport

pytestmark = pytest.mark.browser

StartChat = Callable[[str], str]
IndexFiles = Callable[[Mapping[str, str | bytes]], tuple[Path, IndexReport]]

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NASTY = "<img src=x onerror=\"document.title='pwned'\"> ${document.title='pwned'} {{7*7}}"


@pytest.fixture
def address(index_files: IndexFiles, chat: StartChat, monkeypatch: pytest.MonkeyPatch) -> str:
    """A page served on a free port of this machine; it always answers, right or wrong."""
    monkeypatch.setenv("WENJU_ANSWERABILITY_MIN_CONFIDENCE", "0")
    text = f"2025年全国碳酸锂产量为96万吨，{NASTY}，同比增长37%。\n"
    return chat(str(index_files({"锂 & <i>矿.txt": text})[0]))


def test_a_question_is_answered_with_its_source_and_nothing_leaves_the_machine(
    address: str,
) -> None:
    from playwright.sync_api import Error, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "no chromium: make test-browser installs it"
    requested: list[str] = []
    errors: list[Error] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("websocket", lambda websocket: requested.append(websocket.url))
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(address)
        box = page.locator("#wenju-question textarea")
        box.fill("2025年碳酸锂产量是多少？")
        box.press("Enter")
        cite = page.locator(".wenju-cite").first
        cite.wait_for(timeout=30_000)
        shown, where = page.locator("#wenju-answer").inner_text(), cite.inner_text()
        images = page.locator("#wenju-answer img").count()
        marked = page.locator("#wenju-answer mark").count()
        title = page.title()
        page.locator("#wenju-answer a").first.click()
        fragment = urlsplit(page.url).fragment
        browser.close()
    assert "96万吨" in shown
    assert "锂 & <i>矿.txt" in where
    assert (images, title) == (0, "文据")  # the document's markup is text
    assert marked > 0
    assert fragment == "cite-1"
    assert errors == []
    schemes = {urlsplit(url).scheme for url in requested}
    hosts = {urlsplit(url).netloc for url in requested if urlsplit(url).scheme != "data"}
    assert hosts == {urlsplit(address).netloc}
    assert schemes <= {"http", "ws", "data"}
