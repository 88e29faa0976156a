"""`wenju serve`: the socket, the warnings, and uvicorn until Ctrl-C."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

from index.places import home
from ui.errors import UiError, UsageError
from ui.messages import say
from ui.server.settings import LOOPBACK, ServeSettings

if TYPE_CHECKING:
    from rag.settings import RagSettings

_KEEP_ALIVE_S = 15
_MAX_HEAD = 32_768


def serve(
    rag: RagSettings,
    settings: ServeSettings,
    *,
    host: str,
    port: int,
    library: str | None = None,
    page: bool = True,
    open_browser: bool = False,
    job_settings: dict[str, Any] | None = None,
    log_requests: bool = True,
) -> None:
    """Serve until Ctrl-C. Raises UiError where the address cannot be used, UsageError."""
    if library is not None:
        _require(library)
    listening = _listen(host, port)
    import uvicorn

    from ui.server import tracing
    from ui.server.app import create_app, create_services
    from ui.server.guarding import log_to_stderr
    from ui.server.patience import patient
    from ui.state import FILE, State

    tracing.configure()
    if log_requests:
        log_to_stderr()
    # Its complaints about broken requests would hold pieces of them.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    with State(home() / FILE) as state:
        services = create_services(
            state, rag, settings, host=host, library=library, job_settings=job_settings
        )
        app = create_app(services, host=host, page=chat_page if page else None)
        shown = listening.getsockname()
        name = f"[{shown[0]}]" if ":" in shown[0] else shown[0]
        url = f"http://{name}:{shown[1]}"
        print(say("serve_at", url=url), flush=True)
        for line in warnings(host, services.access.needs_key, state):
            print(line, flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(url)
        config = uvicorn.Config(
            app,
            http=patient(settings.head_seconds),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=10,
            h11_max_incomplete_event_size=_MAX_HEAD,
            limit_concurrency=2000,
        )
        uvicorn.Server(config).run(sockets=[listening])


def warnings(host: str, needs_key: bool, state: Any) -> list[str]:
    """What whoever starts the server should know."""
    lines = []
    if host not in LOOPBACK:
        lines.append(say("serve_open", host=host))
    if needs_key and not any(key.revoked is None for key in state.list_keys()):
        lines.append(say("serve_no_key"))
    return lines


def chat_page(services: Any) -> Any:
    """The page's application; imports gradio."""
    from ui.web.app import make_app

    return make_app(keys=services.access.needs_key)


def _require(library: str) -> None:
    from index.store import open_library

    try:
        open_library(library).close()
    except ValueError as error:
        raise UsageError(str(error)) from error


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(say("bad_port", port=port))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)  # readiness is when it answers; who comes before that waits
    except (OSError, UnicodeError) as error:
        listening.close()
        other = port + 1 if port < 65535 else 7861
        if isinstance(error, OSError) and error.errno in (13, 48, 98, 10048):
            raise UiError(say("port_taken", port=port, other=other)) from error
        raise UiError(say("bad_host", host=host, error=error)) from error
    return listening
