"""The OpenAPI document, as docs/openapi.json has it: python -m ui.server.openapi"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path


def document() -> str:
    from rag.settings import RagSettings
    from ui.server.app import create_app, create_services
    from ui.server.settings import ServeSettings
    from ui.state import State

    with tempfile.TemporaryDirectory() as folder, State(Path(folder) / "state.sqlite") as state:
        services = create_services(state, RagSettings(), ServeSettings())
        found = create_app(services).openapi()
        services.answering.close()
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
