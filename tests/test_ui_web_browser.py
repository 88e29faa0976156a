"""The chat page in a real browser: what a person sees, and that nothing leaves the machine.

One server and one browser for all; each test opens a page of its own, as a new visitor.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from evals.questions import load
from ui.state import FILE, State

pytestmark = pytest.mark.browser

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NASTY = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
DOCUMENTS = {
    "锂.txt": "2025年全国碳酸锂产量为96万吨，同比增长37%。\n\n2024年全国碳酸锂产量为70万吨。\n",
    "表.csv": "城市,产能（万吨）,利用率\n宜春,30,81%\n遂宁,12,77%\n",
    "坏 & <i>.txt": f"西宁的钾肥产量为{NASTY}500万吨。\n",
    "访谈.json": '{"title": "访谈", "segments": ['
    '{"start": 0, "end": 9, "text": "大家好，欢迎收听。"},'
    '{"start": 75, "end": 90, "text": "盐湖提锂的回收率去年到了百分之八十二。"}]}',
}
ANSWER = ".wj-turn:last-child .wj-tools"


@dataclass
class Visit:
    """A page, everything it asked for, and what went wrong in it."""

    page: Any
    requested: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, question: str) -> Any:
        """The last turn, once it is answered."""
        n = self.page.locator(".wj-tools").count()
        self.page.fill("#wj-question", question)
        self.page.press("#wj-question", "Enter")
        self.page.wait_for_function("n => document.querySelectorAll('.wj-tools').length > n", arg=n)
        return self.page.locator(".wj-turn").last


@dataclass
class Site:
    address: str
    home: Path
    browser: Any
    opened: list[Visit] = field(default_factory=list)

    def visit(self, path: str = "/", **context: Any) -> Visit:
        one = self.browser.new_context(locale="zh-CN", **context)
        one.set_default_timeout(30_000)
        visit = Visit(one.new_page())
        visit.page.on("request", lambda request: visit.requested.append(request.url))
        visit.page.on("websocket", lambda socket: visit.requested.append(socket.url))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        self.opened.append(visit)
        visit.page.goto(self.address + path)
        visit.page.wait_for_selector("#wenju[data-ready]")
        return visit


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "no chromium: make test-browser installs it"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


def wait_for_page(browser: Any, address: str) -> None:
    """The frame is imported after the server answers."""
    page = browser.new_page()
    page.goto(address)
    page.wait_for_function(
        "async () => (await (await fetch('/healthz')).json()).page === 'ready'", timeout=90_000
    )
    page.close()


@pytest.fixture(scope="session")
def shared_site(
    browser: Any, begin_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    client = begin_server(home, DOCUMENTS)
    address = str(client.base_url).rstrip("/")
    wait_for_page(browser, address)
    yield Site(address, home, browser)
    client.end()


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """After each test: no error in the page, and nothing was asked of another machine."""
    yield shared_site
    for visit in shared_site.opened:
        visit.page.context.close()
    opened, shared_site.opened = shared_site.opened, []
    own = {urlsplit(shared_site.address).netloc}
    for visit in opened:
        assert visit.errors == []
        urls = [urlsplit(url) for url in visit.requested]
        assert {url.netloc for url in urls if url.scheme not in ("data", "blob")} <= own
        assert {url.scheme for url in urls} <= {"http", "data", "blob"}


def test_first_answer_has_citations_that_show_the_quote_and_open_the_source(site: Site) -> None:
    visit = site.visit()
    turn = visit.ask("2025年碳酸锂产量是多少？")
    assert "96万吨" in turn.inner_text()
    chip = turn.locator(".wj-chip").first
    chip.hover()
    card = visit.page.locator(".wj-card")
    card.wait_for()
    assert "96万吨" in card.inner_text()
    assert "锂.txt" in card.inner_text()
    chip.click()
    marked = visit.page.locator(".wj-panel mark")
    marked.first.wait_for()
    # The words that answer by themselves are a mark within the mark.
    assert "2025年全国碳酸锂产量为96万吨" in "".join(marked.all_inner_texts())
    assert "70万吨" in visit.page.locator(".wj-panel-body").inner_text()  # what stands around it
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_selector(".wj-panel", state="hidden")
    assert visit.page.evaluate("document.activeElement.className").startswith("wj-chip")


def test_keyboard_goes_to_the_next_citation_and_back(site: Site) -> None:
    visit = site.visit()
    visit.ask("碳酸锂产量分别是多少？").locator(".wj-chip").first.click()
    of = visit.page.locator(".wj-of")
    of.wait_for()
    first = of.inner_text()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_function("t => document.querySelector('.wj-of').innerText !== t", arg=first)
    assert of.inner_text().startswith("2 /")
    visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_function("t => document.querySelector('.wj-of').innerText === t", arg=first)


def test_a_table_is_a_table_with_the_cell_that_was_asked_for(site: Site) -> None:
    visit = site.visit()
    turn = visit.ask("宜春的利用率是多少？")
    visit.page.locator(".wj-row-table td.is-cell").first.wait_for()
    assert turn.locator(".wj-row-table td.is-cell").first.inner_text() == "81%"
    turn.locator(".wj-chip").first.click()
    cell = visit.page.locator(".wj-panel td.is-cell").first
    cell.wait_for()
    assert cell.inner_text() == "81%"
    assert "遂宁" in visit.page.locator(".wj-panel table").inner_text()


def test_a_recording_shows_its_minute(site: Site) -> None:
    visit = site.visit()
    turn = visit.ask("盐湖提锂的回收率是多少？")
    turn.locator(".wj-chip").first.click()
    visit.page.locator(".wj-panel mark").first.wait_for()
    assert "01:15" in visit.page.locator(".wj-panel").inner_text()


def test_a_document_full_of_markup_stays_text(site: Site) -> None:
    visit = site.visit()
    turn = visit.ask("西宁的钾肥产量是多少？")
    assert "<script>document.title='pwned'</script>" in turn.inner_text()
    turn.locator(".wj-chip").first.click()
    visit.page.locator(".wj-panel mark").first.wait_for()
    visit.page.click("#wj-tab-library")
    visit.page.locator(".wj-doc", has_text="坏 & <i>.txt").wait_for()
    assert visit.page.locator("#wenju img, #wenju script, #wenju i").count() == 0
    assert visit.page.title() == "文据"


def answered_with(visit: Visit, record: dict[str, Any]) -> None:
    """The page gets this record for its next question: what engines say is not tested here."""
    import json

    empty = {
        "schema": 1, "id": "q1", "completed_question": None, "as_of": "2026-06-30",
        "engine": "extractive", "answer": "", "statements": [], "citations": [], "conflicts": [],
        "abstention": None, "confidence": None, "usage": None, "error": None,
        "library": "sha256:0", "timings_ms": {},
    }  # fmt: skip
    body = f"event: done\ndata: {json.dumps(empty | record, ensure_ascii=False)}\n\n"
    visit.page.route(
        "**/v1/answers",
        lambda route: route.fulfill(body=body, content_type="text/event-stream"),
    )


def citation(n: int, quote: str) -> dict[str, Any]:
    spans = [{"start": 0, "end": 5, "page": None, "time_start": None, "time_end": None}]
    return {"n": n, "source": "锂.txt", "doc_id": "锂.txt", "quote": quote, "spans": spans,
            "section": None, "score": 1.0}  # fmt: skip


def test_no_answer_says_what_is_missing_and_marks_the_nearest_as_no_answer(site: Site) -> None:
    visit = site.visit()
    nearest = [citation(1, "2025年全国碳酸锂产量为96万吨")]
    missed = {"reason": "资料里没有2026年的产量。", "missing": ["2026年"], "nearest": nearest}
    answered_with(visit, {"question": "问", "status": "abstained", "abstention": missed})
    turn = visit.ask("2026年产量是多少？")
    assert "资料里没有2026年的产量。" in turn.inner_text()
    assert turn.locator(".wj-term").inner_text() == "2026年"
    assert "不是答案" in turn.locator(".wj-near").inner_text()
    assert turn.locator(".wj-statement").count() == 0


def test_sides_that_disagree_stand_beside_each_other_with_source_and_scope(site: Site) -> None:
    visit = site.visit(viewport={"width": 1280, "height": 800})
    sides = [
        {"value": "96万吨", "scope": "含回收", "citations": [1]},
        {"value": "90万吨", "scope": "不含回收", "citations": [2]},
    ]
    answered_with(
        visit,
        {
            "question": "问",
            "status": "answered",
            "statements": [{"text": "产量为96万吨。", "citations": [1]}],
            "citations": [citation(1, "产量为96万吨"), citation(2, "产量为90万吨")],
            "conflicts": [{"about": "2025年产量", "sides": sides}],
        },
    )
    turn = visit.ask("2025年产量是多少？")
    boxes = [turn.locator(".wj-side").nth(i).bounding_box() for i in (0, 1)]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2
    assert boxes[0]["x"] < boxes[1]["x"]
    for at, said in enumerate((("96万吨", "含回收"), ("90万吨", "不含回收"))):
        text = turn.locator(".wj-side").nth(at).inner_text()
        assert all(one in text for one in (*said, "锂.txt"))


def test_the_answer_in_short_is_large_and_marked_in_its_source(site: Site) -> None:
    visit = site.visit()
    answered_with(
        visit,
        {
            "question": "问",
            "status": "answered",
            "statements": [
                {"text": "96万吨", "citations": [1]},
                {"text": "2025年全国碳酸锂产量为96万吨，同比增长37%。", "citations": [1]},
            ],
            "citations": [
                citation(1, "2025年全国碳酸锂产量为96万吨，同比增长37%。")
                | {"spans": [{"start": 0, "end": 27, "page": None, "time_start": None,
                              "time_end": None}]}
            ],
        },
    )  # fmt: skip
    turn = visit.ask("产量？")
    assert turn.locator(".wj-short").inner_text().startswith("96万吨")
    turn.locator(".wj-short .wj-chip").click()
    focus = visit.page.locator(".wj-panel mark.wj-focus")
    focus.wait_for()
    assert focus.inner_text() == "96万吨"


def test_a_follow_up_shows_the_completed_question_and_asks_it_as_corrected(site: Site) -> None:
    visit = site.visit()
    visit.ask("2025年碳酸锂产量是多少？")
    turn = visit.ask("2024年的呢？")
    shown = turn.locator(".wj-understood")
    assert "2024年碳酸锂产量是多少？" in shown.inner_text()
    shown.get_by_role("button", name="修改").click()
    box = shown.locator("input")
    box.fill("宜春的利用率是多少？")
    n = visit.page.locator(".wj-tools").count()
    box.press("Enter")
    visit.page.wait_for_function("n => document.querySelectorAll('.wj-tools').length > n", arg=n)
    assert "宜春的利用率" in visit.page.locator(".wj-understood").last.inner_text()
    assert "81%" in visit.page.locator(".wj-turn").last.inner_text()


def test_uploaded_files_are_read_one_by_one_and_can_be_asked(site: Site, tmp_path: Path) -> None:
    visit = site.visit()
    good, broken = tmp_path / "港口.txt", tmp_path / "坏.pdf"
    good.write_text("青屿港2025年货物吞吐量为3.2亿吨。\n", encoding="utf-8")
    broken.write_bytes(b"%PDF-1.4 nothing")
    visit.page.set_input_files("#wj-panel-ask input[data-kind=files]", [str(good), str(broken)])
    visit.page.locator(".wj-upload-list .is-indexed", has_text="港口.txt").wait_for()
    skipped = visit.page.locator(".wj-upload-list .is-skipped")
    skipped.wait_for()
    assert "坏.pdf" in skipped.inner_text()
    assert "文件已损坏" in skipped.inner_text()
    visit.page.get_by_role("button", name="去提问").click()
    assert "3.2亿吨" in visit.ask("青屿港2025年的货物吞吐量是多少？").inner_text()
    visit.page.click("#wj-tab-library")
    visit.page.get_by_role("button", name="移除 港口.txt").click()
    visit.page.locator("dialog").get_by_role("button", name="移除").click()
    visit.page.locator(".wj-doc", has_text="港口.txt").wait_for(state="detached")


def test_asking_within_chosen_documents_says_so(site: Site) -> None:
    visit = site.visit()
    visit.page.click("#wj-tab-library")
    visit.page.get_by_role("checkbox", name="表.csv").check()
    visit.page.get_by_role("button", name="只在这些文档里问").click()
    turn = visit.ask("产能是多少？")
    assert "只在选定的 1 份文档里找" in turn.inner_text()
    sources = turn.locator(".wj-sources-name, .wj-near-place").all_text_contents()
    assert sources
    assert all("表.csv" in one for one in sources)


def test_a_table_of_questions_is_previewed_answered_and_downloaded(
    site: Site, tmp_path: Path
) -> None:
    visit = site.visit()
    table = tmp_path / "问题.csv"
    table.write_text(
        "编号,问题,部门\na,2025年碳酸锂产量是多少？,甲\nb,宜春的利用率是多少？,乙\n",
        encoding="utf-8",
    )
    visit.page.click("#wj-tab-bulk")
    visit.page.set_input_files("input[data-kind=questions]", str(table))
    visit.page.locator(".wj-preview").wait_for()
    assert "共 2 个问题" in visit.page.locator(".wj-preview").inner_text()
    visit.page.get_by_role("button", name="开始回答 2 个问题").click()
    done = visit.page.locator(".wj-job.is-done").first
    done.wait_for()
    with visit.page.expect_download() as download:
        done.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "96万吨" in text
    assert "部门" in text.splitlines()[0]
    assert "乙" in text


def test_feedback_is_kept_with_what_is_wrong(site: Site) -> None:
    visit = site.visit()
    turn = visit.ask("2025年碳酸锂产量是多少？")
    turn.get_by_role("button", name="有问题").click()
    turn.get_by_text("引用不对").click()
    turn.locator(".wj-feedback textarea").fill("第一句多余")
    turn.get_by_role("button", name="提交").click()
    visit.page.locator("#wj-toast.is-on").wait_for()
    with State(site.home / FILE) as state:
        kept = state.feedback("")[0]
    assert kept["faults"] == ["wrong_citation"]
    assert (kept["rating"], kept["comment"]) == ("bad", "第一句多余")


def staff_library(site: Site) -> None:
    """A library of its own, so that the others' has no question set afterwards."""
    text = "差旅费按实报销。报销单须在30天内提交。" + NASTY
    done = httpx.post(
        site.address + "/v1/documents", files=[("files", ("手册.txt", text.encode()))],
        data={"library": "staff"}, params={"wait": 60}, timeout=90,
    )  # fmt: skip
    assert done.json()["status"] == "done", done.text


KEPT_LIBRARY = "localStorage.setItem('wenju.preferences', JSON.stringify({library: 'staff'}))"


def test_what_it_should_have_been_becomes_a_question_that_is_measured(site: Site) -> None:
    staff_library(site)
    visit = site.visit()
    page = visit.page
    page.evaluate(KEPT_LIBRARY)
    page.reload()
    page.wait_for_selector("#wenju[data-ready]")
    page.click("#wj-tab-quality")
    # Without a set it says how one is made, in a command that can be copied.
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.locator(".wj-command").first.get_by_role("button").click()
    page.wait_for_function("window.copied")
    suggest = "wenju eval suggest --index staff --out drafts.jsonl -n 60"
    assert page.evaluate("window.copied") == suggest
    page.click("#wj-tab-ask")
    turn = visit.ask("报销单几天内提交？")
    turn.get_by_role("button", name="有问题").click()
    turn.get_by_label("应该是").fill("三十天")
    turn.get_by_role("button", name="提交").click()
    page.locator("#wj-toast.is-on").wait_for()
    page.click("#wj-tab-quality")
    draft = page.locator(".wj-draft")
    draft.get_by_text("应该是：三十天").wait_for()
    draft.get_by_label("问题", exact=True).fill("报销单要在几天内提交？")
    draft.get_by_role("button", name="接受为测试题").click()
    draft.get_by_text("还没有依据的原文").wait_for()
    # A click takes what was cited; then the answer must be what the quote says.
    draft.locator(".wj-near", has_text="报销单须在30天内提交").click()
    draft.get_by_role("button", name="接受为测试题").click()
    draft.get_by_text("标准答案「三十天」不在原文里").wait_for()
    draft.get_by_label("标准答案").fill("30天")
    # What was typed outlives the page.
    draft.get_by_text("已保存").wait_for()
    page.reload()
    page.wait_for_selector("#wenju[data-ready]")
    page.click("#wj-tab-quality")
    page.get_by_label("标准答案").wait_for()
    assert page.get_by_label("标准答案").input_value() == "30天"
    page.get_by_role("button", name="接受为测试题").click()
    page.get_by_text("这个资料库有 1 道自己的问题。").wait_for()
    (question,) = load(site.home / "evals" / "staff" / "questions.jsonl")
    assert (question.question, question.answers) == ("报销单要在几天内提交？", ("30天",))
    assert [e.doc for e in question.evidence] == ["手册.txt"]
    assert "报销单须在30天内提交" in question.evidence[0].quote
    # Measured aside, accepted with a reason, measured again and compared.
    page.get_by_role("button", name="测一次").click()
    page.get_by_text("已测，还没有基线可比").wait_for()
    page.get_by_role("button", name="认可为基线").click()
    page.get_by_label("为什么认可").fill("第一份")
    page.get_by_label("为什么认可").press("Enter")
    page.get_by_text("理由：第一份").wait_for()
    page.get_by_role("button", name="再测一次").click()
    page.get_by_text("没有变差").wait_for()
    frame = page.frame_locator("iframe.wj-frame")
    frame.get_by_text("PASS 通过：1 题没有显著变差").wait_for()
    frame.get_by_text("按问题类型的正确率").wait_for()
    # The report is as tall as it is, runs nothing, and is dark where the page is.
    height = "document.querySelector('.wj-frame').contentDocument.documentElement.offsetHeight"
    page.wait_for_function(f"document.querySelector('.wj-frame').offsetHeight >= {height}")
    assert page.locator("iframe.wj-frame").get_attribute("sandbox") == "allow-same-origin"
    page.get_by_role("button", name="换成深色").click()
    look = "document.querySelector('.wj-frame').contentDocument.documentElement.dataset.look"
    assert page.evaluate(look) == "dark"
    assert page.title() == "文据"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TOO_WIDE) == []


TOO_WIDE = """[...document.querySelectorAll('#wenju *')].filter(e =>
  e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest('.wj-scroll, .wj-menu, .wj-aside, .wj-command code') && e.checkVisibility())
  .map(e => e.className || e.tagName)"""


def test_a_link_to_an_answer_asks_it_again(site: Site) -> None:
    visit = site.visit()
    visit.page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    turn = visit.ask("2025年碳酸锂产量是多少？")
    turn.get_by_role("button", name="链接").click()
    link = urlsplit(visit.page.evaluate("window.copied"))
    other = site.visit(f"/#{link.fragment}")
    other.page.locator(".wj-tools").wait_for()
    assert other.page.locator(".wj-answer").inner_text() == turn.locator(".wj-answer").inner_text()
    turn.get_by_role("button", name="复制").click()
    turn.get_by_role("menuitem", name="附参考文献").click()
    visit.page.wait_for_function("window.copied.includes('[1] ')")
    assert "锂" in visit.page.evaluate("window.copied").splitlines()[-1]


def test_phone_width_and_dark_have_nothing_cut_off(site: Site) -> None:
    phone = {"width": 360, "height": 740}
    visit = site.visit(viewport=phone, color_scheme="dark", has_touch=True)
    visit.ask("2025年碳酸锂产量是多少？").locator(".wj-chip").first.tap()
    panel = visit.page.locator(".wj-panel")
    panel.locator("mark").first.wait_for()
    assert panel.bounding_box()["width"] == phone["width"]
    visit.page.get_by_role("button", name="关闭").click()
    for tab in ("ask", "library", "bulk", "quality", "settings"):
        visit.page.click(f"#wj-tab-{tab}")
        if tab == "quality":
            visit.page.locator(".wj-command").first.wait_for()
        wide = visit.page.evaluate(TOO_WIDE)
        assert wide == [], tab
    dark = visit.page.evaluate("getComputedStyle(document.getElementById('wenju')).backgroundColor")
    assert max(map(int, dark[4:-1].split(","))) < 60


@pytest.mark.parametrize("look", ["light", "dark"])
def test_text_has_the_contrast_of_aa(site: Site, look: Any) -> None:
    visit = site.visit(color_scheme=look)
    visit.ask("2025年碳酸锂产量是多少？")
    for tab in ("ask", "library", "bulk", "quality", "settings"):
        visit.page.click(f"#wj-tab-{tab}")
        assert visit.page.evaluate(CONTRAST) == [], tab


CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const light = (c) => c.map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (e) => {
    const stack = [];
    for (let one = e; one; one = one.parentElement) stack.push(parse(getComputedStyle(one).backgroundColor));
    return stack.reverse().reduce((under, c) => over(c, under), [255, 255, 255]);
  };
  const poor = [];
  for (const e of document.querySelectorAll('#wenju *')) {
    const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || !e.checkVisibility() || e.closest('.is-off, .wj-aside, #wj-toast, :disabled')) continue;
    const ground = behind(e);
    const [a, b] = [light(over(parse(getComputedStyle(e).color), ground)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push(`${e.className || e.tagName}: ${e.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""  # noqa: E501


def test_every_control_has_a_name_and_the_question_comes_early(site: Site) -> None:
    visit = site.visit()
    visit.ask("2025年碳酸锂产量是多少？")
    nameless = visit.page.evaluate(
        "[...document.querySelectorAll('#wenju button, #wenju input, #wenju textarea')]"
        ".filter(e => e.checkVisibility() && !e.ariaLabel && !e.innerText?.trim() && !e.title"
        " && !e.labels?.length).map(e => e.outerHTML)"
    )
    assert nameless == []
    visit.page.keyboard.press("Escape")
    visit.page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "wj-skip"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "wj-question"


def test_the_language_of_the_page_can_be_changed(site: Site) -> None:
    visit = site.visit()
    visit.page.click("#wj-tab-settings")
    visit.page.get_by_text("English").click()
    visit.page.wait_for_selector("#wenju[data-ready]")
    visit.page.get_by_role("heading", name="Ask your documents").wait_for()
    tabs = visit.page.locator(".wj-nav").inner_text()
    assert tabs.split() == ["Ask", "Documents", "Bulk", "Quality", "Settings"]


def test_who_has_no_key_logs_in_first(
    browser: Any, begin_server: Callable[..., Any], tmp_path: Path, make_visit: Callable[..., Any]
) -> None:
    home = tmp_path / "guarded"
    client = begin_server(home, DOCUMENTS, "--set", "serve.keys=true")
    with State(home / FILE) as state:
        _, key = state.add_key("li")
    page = make_visit(browser)
    page.goto(str(client.base_url))
    page.get_by_label("钥匙").fill("wj_wrong")
    page.get_by_role("button", name="进入").click()
    assert "不对" in page.get_by_role("alert").inner_text()
    page.get_by_label("钥匙").fill(key)
    page.get_by_role("button", name="进入").click()
    page.wait_for_selector("#wenju[data-ready]", timeout=90_000)
    page.get_by_role("button", name="退出登录").click()
    page.get_by_label("钥匙").wait_for()
    client.end()


@pytest.fixture
def make_visit() -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(browser: Any) -> Any:
        context = browser.new_context(locale="zh-CN")
        context.set_default_timeout(30_000)
        made.append(context)
        return context.new_page()

    yield make
    for context in made:
        context.close()
