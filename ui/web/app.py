"""The chat page: gradio is the frame, what stands in it is ours (`static/`) and asks `/v1`."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ui.messages import say, system_language

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).with_name("static")
PLACE = "/page"  # where our own files are found
_SYSTEM_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_MONO_FONTS = ("ui-monospace", "Consolas", "monospace")
# A browser that keeps to this loads nothing from elsewhere, whatever a document says.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:;"
    " style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'self'"
)


def build_page(keys: bool) -> Blocks:
    import gradio as gr

    with gr.Blocks(title=say("chat_title"), analytics_enabled=False, fill_width=True) as page:
        gr.HTML(
            f'<div id="wenju" data-language="{system_language()}" data-keys="{str(keys).lower()}">'
            f'<p class="wj-opening" role="status">{say("page_loading")}</p></div>',
            apply_default_css=False,
            js_on_load=None,
            padding=False,
            elem_id="wenju-frame",
        )
    return page  # type: ignore[no-any-return]


def make_app(*, keys: bool = False) -> FastAPI:
    """The page as an ASGI application; whoever mounts it sees to hosts, origins and keys.

    `keys`: people log in with one, so the page offers to log out.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from starlette.staticfiles import StaticFiles

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount(f"{PLACE}/{version()}", StaticFiles(directory=STATIC))
    app.add_middleware(_Policy)
    theme = gr.themes.Base(primary_hue="slate", font=_SYSTEM_FONTS, font_mono=_MONO_FONTS)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(keys),
        path="/",
        server_name="127.0.0.1",
        theme=theme,
        footer_links=[],
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        favicon_path=str(STATIC / "icon.svg"),
    )
    return mounted


def head() -> str:
    """Our own style and script, under an address that changes when they do."""
    at = f"{PLACE}/{version()}"
    return (
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="stylesheet" href="{at}/page.css">'
        f'<link rel="stylesheet" href="{at}/source.css">'
        f'<link rel="stylesheet" href="{at}/quality.css">'
        f'<script type="module" src="{at}/page.js"></script>'
    )


def version() -> str:
    """Of our own files."""
    digest = sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class _Policy:
    """The policy on every answer, long keeping for what never changes, and our own style and
    script in the page as it is sent (gradio would add them once it has loaded itself). Plain ASGI.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.datastructures import MutableHeaders

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_page = scope["path"] == "/" and scope["method"] == "GET"
        begun: Message = {}
        held = bytearray()

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                if scope["path"].startswith(PLACE + "/"):
                    headers["Cache-Control"] = "private, max-age=31536000, immutable"
                if is_page:
                    begun = message
                    return
            elif is_page and message["type"] == "http.response.body":
                held.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                body = bytes(held).replace(b"</head>", head().encode() + b"</head>", 1)
                headers = MutableHeaders(scope=begun)
                headers["Content-Length"] = str(len(body))
                headers["Cache-Control"] = "no-cache"
                await send(begun)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self._app(scope, receive, answer)
