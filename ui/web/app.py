"""The chat page: asks a library, shows the answer and what it rests on. This machine only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ui.errors import UiError, UsageError
from ui.messages import say
from ui.web.page import CSS, notice_html
from ui.web.shelf import Shelf

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks

    from rag.settings import RagSettings

HOST = "127.0.0.1"
_SYSTEM_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_MONO_FONTS = ("ui-monospace", "Consolas", "monospace")


def build_page(shelf: Shelf) -> Blocks:
    import gradio as gr

    names = shelf.names()
    first = _first(names)
    examples = shelf.examples(first) if first else []

    def opened() -> tuple[Any, str]:
        """Libraries made since the page was started are there after a reload."""
        now = shelf.names()
        picker = gr.Dropdown(choices=now, value=_first(now), visible=len(now) > 1)
        return picker, "" if now else notice_html(say("chat_none"))

    with gr.Blocks(title=say("chat_title"), analytics_enabled=False) as page:
        with gr.Column(elem_classes="wenju-page"):
            gr.Markdown(f"# {say('chat_title')}\n{say('chat_lead')}")
            library = gr.Dropdown(
                choices=names,
                value=first,
                label=say("chat_library"),
                visible=len(names) > 1,
                elem_id="wenju-library",
            )
            question = gr.Textbox(
                label=say("chat_question"),
                placeholder=say("chat_placeholder"),
                lines=1,
                max_lines=4,
                autofocus=True,
                submit_btn=say("chat_ask"),
                elem_id="wenju-question",
            )
            if examples:
                gr.Examples([[q] for q in examples], [question], label=say("chat_examples"))
            answer = gr.HTML(elem_id="wenju-answer")
        page.load(opened, None, [library, answer], api_name=False)
        turns = gr.State([])
        question.submit(
            shelf.ask_after,
            [library, question, turns],
            [answer, turns],
            api_name="ask",
            concurrency_limit=4,
        )
    return page  # type: ignore[no-any-return]


def _first(names: list[str]) -> str | None:
    """The library that a page opens with."""
    for preferred in ("default", "demo"):
        if preferred in names:
            return preferred
    return names[0] if names else None


def make_app(shelf: Shelf, *, guarded: bool = False) -> FastAPI:
    """The page as an ASGI application that answers to this machine's own names only.

    `guarded`: whoever mounts it sees to that.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    if not guarded:
        # A foreign page cannot reach us by giving its own name our address.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    theme = gr.themes.Base(primary_hue="slate", font=_SYSTEM_FONTS, font_mono=_MONO_FONTS)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(shelf),
        path="/",
        server_name=HOST,
        theme=theme,
        css=CSS,
        footer_links=[],
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
    )
    return mounted


def serve(
    settings: RagSettings,
    *,
    library: str | None = None,
    port: int = 7860,
    open_browser: bool = False,
) -> None:
    """Serve the page until Ctrl-C. Raises UiError where the port is taken."""
    if library is not None:
        _require(library)
    listening = _listen(port)
    import uvicorn

    url = f"http://{HOST}:{listening.getsockname()[1]}"
    with Shelf(settings, library) as shelf:
        config = uvicorn.Config(make_app(shelf), log_level="warning")
        print(say("chat_at", url=url), flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(url)
        uvicorn.Server(config).run(sockets=[listening])


def _require(library: str) -> None:
    from index.store import open_library

    try:
        open_library(library).close()
    except ValueError as error:
        raise UsageError(str(error)) from error


def _listen(port: int) -> Any:
    import socket

    if not 0 <= port <= 65535:
        raise UsageError(say("bad_port", port=port))
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        other = port + 1 if port < 65535 else 7861
        raise UiError(say("port_taken", port=port, other=other)) from error
    return listening
