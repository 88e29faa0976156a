"""Where keys are asked for: a page to type one in, and a cookie that only this server reads."""

from __future__ import annotations

from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ui.messages import say

if TYPE_CHECKING:
    from ui.state import State

COOKIE = "wenju_key"
PATH = "/login"
_DAYS = 30
_MOST = 4_000  # bytes of the form

_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --paper: #faf9f6; --card: #fff; --ink: #23262b; --faint: #5c636d;
  --line: #dcd9d1; --accent: #1f5d55; --bad: #a3302a; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #16181b; --card: #1e2125; --ink: #e7e5e0;
  --faint: #a3a9b2; --line: #363a40; --accent: #7fc8bb; --bad: #f0918b; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper);
  color: var(--ink); font: 16px/1.7 system-ui, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; }}
form {{ width: min(24rem, calc(100vw - 3rem)); box-sizing: border-box; background: var(--card);
  border: 1px solid var(--line); border-radius: 16px; padding: 2rem; }}
h1 {{ margin: 0 0 .25rem; font-size: 1.5rem; letter-spacing: .1em; }}
p {{ margin: 0 0 1.25rem; color: var(--faint); font-size: .95rem; }}
p.bad {{ color: var(--bad); margin: .75rem 0 0; }}
label {{ display: block; font-weight: 600; margin-bottom: .35rem; }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; border-radius: 10px;
  padding: .6rem .8rem; border: 1px solid var(--line); background: var(--paper); color: inherit; }}
button {{ margin-top: 1rem; background: var(--accent); border-color: var(--accent);
  color: var(--card); font-weight: 600; cursor: pointer; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
</style></head><body>
<form method="post" action="/login"><h1>{name}</h1><p>{lead}</p>
<label for="key">{label}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button type="submit">{enter}</button>{problem}</form></body></html>
"""


def key_in(cookies: str) -> str:
    """The key of a Cookie header; "" where it holds none."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def login_page(problem: str = "", lang: str | None = None) -> HTMLResponse:
    told = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    html = _PAGE.format(
        lang=lang or "zh",
        title=escape(say("login_title", lang)),
        name=escape(say("chat_title", lang)),
        lead=escape(say("login_lead", lang)),
        label=escape(say("login_key", lang)),
        enter=escape(say("login_enter", lang)),
        problem=told,
    )
    return HTMLResponse(html, 401, {"Cache-Control": "no-store"})


async def log_in(request: Request, state: State) -> Response:
    """The form's answer: on to the page with the cookie, or the form again. Never says the key."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            break
    key = parse_qs(body[:_MOST].decode("utf-8", "replace")).get("key", [""])[0].strip()
    if state.key_of(key) is None:
        return login_page(say("login_wrong"))
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, key, max_age=_DAYS * 86_400, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


def log_out() -> Response:
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
