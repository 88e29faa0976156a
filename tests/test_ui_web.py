"""The chat page without a browser: what is served, and that its parts fit together."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import httpx
import pytest

from rag.settings import RagSettings
from ui.errors import UiError
from ui.server.running import serve as serve_until_ended
from ui.server.settings import ServeSettings
from ui.web.app import STATIC, head, version

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}


def words() -> dict[str, tuple[str, str]]:
    """Key → (Chinese, English), from the page's own table."""
    table = SCRIPTS["words.js"].split("const WORDS = {", 1)[1].split("\n};", 1)[0]
    found = re.findall(r'^  (\w+): \[("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")\],', table, re.M)
    return {key: (chinese, english) for key, chinese, english in found}


def test_every_word_that_the_page_says_is_there_in_both_languages() -> None:
    known = words()
    everything = "".join(text for name, text in SCRIPTS.items() if name != "words.js")
    said = set(re.findall(r'say\("(\w+)"', everything))
    assert said <= set(known), said - set(known)
    for key, (chinese, english) in known.items():
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), key
        assert not re.search("[\u4e00-\u9fff]", english), key
    # Whole or by its beginning, as in say(`kind_${…}`).
    for key in known:
        begins = key.split("_", 1)[0] + "_"
        assert f'"{key}"' in everything or f"`{begins}${{" in everything, f"nobody says {key}"


def test_nothing_of_the_page_is_parsed_as_html_or_comes_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        elsewhere = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text.replace("http://www.w3.org", ""))
        assert elsewhere == [], path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_every_module_that_is_imported_is_there() -> None:
    for name, text in SCRIPTS.items():
        for wanted in re.findall(r'from "\./([\w.]+)"', text):
            assert wanted in SCRIPTS, f"{name} imports {wanted}"
            names = re.search(rf'import \{{([^}}]*)\}} from "\./{wanted}"', text)
            assert names is not None
            for one in filter(None, map(str.strip, names[1].split(","))):
                assert re.search(
                    rf"export (?:async )?(?:function|const|class|let) {one}\b", SCRIPTS[wanted]
                ), f"{name}: {wanted} has no {one}"


def test_our_own_files_have_an_address_that_changes_with_them() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", version())
    assert head().count(version()) == 4


def test_a_taken_port_is_said_so(wenju_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UiError, match=str(port)):
            serve_until_ended(RagSettings(), ServeSettings(), host="127.0.0.1", port=port)


def test_page_is_served_with_a_policy_that_keeps_it_on_this_machine() -> None:
    from ui.web.app import make_app

    async def fetched() -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            places = ("/", f"/page/{version()}/page.js", f"/page/{version()}/..%2fapp.py")
            return [await client.get(place) for place in places]

    page, script, away = asyncio.run(fetched())
    assert page.status_code == script.status_code == 200
    assert head() in page.text.split("</head>")[0]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "immutable" in script.headers["cache-control"]
    assert "googleapis" not in page.text
    assert away.status_code == 404


def test_log_in_gives_a_cookie_that_scripts_cannot_read_and_a_wrong_key_gives_the_form(
    serve: object, wenju_home: Path
) -> None:
    from ui.state import FILE, State

    with State(wenju_home / FILE) as state:
        _, key = state.add_key("li")
    client = serve("--set", "serve.keys=true", page=True)  # type: ignore[operator]
    assert isinstance(client, httpx.Client)
    browser = {"Accept": "text/html"}
    form = client.get("/", headers=browser)
    assert form.status_code == 401
    assert 'name="key"' in form.text
    wrong = client.post("/login", data={"key": "wj_wrong<script>"})
    assert wrong.status_code == 401
    assert "wj_wrong" not in wrong.text
    assert client.get("/v1/libraries").status_code == 401
    right = client.post("/login", data={"key": key})
    assert right.status_code == 303
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/v1/libraries").status_code == 200
    client.post("/logout")
    assert client.get("/v1/libraries").status_code == 401
    assert key not in client.log.read_text()  # type: ignore[attr-defined]
