"""`wenju mcp`: an MCP server on standard input and output, for assistants that call tools."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from index.errors import IndexingError
from index.places import list_libraries, resolve_library
from rag.errors import AnsweringError
from ui.errors import UiError
from ui.messages import say
from ui.shelf import Shelf

if TYPE_CHECKING:
    from index.store import Library
    from rag.settings import RagSettings

Question = Annotated[str, Field(description="in plain words, Chinese or English")]
Name = Annotated[str | None, Field(description="a library's name; see libraries")]
Patterns = Annotated[
    list[str] | None, Field(description="look only in sources like these: reports/*.pdf")
]

INSTRUCTIONS = (
    "Answers come from the user's own documents and nothing else. Every statement carries the"
    " source's own words; status 'abstained' means that the documents do not say it: say so, and"
    " do not fill the gap. Cite the source and quote as they are given."
)


def make_server(shelf: Shelf, rag: RagSettings, only: str | None = None) -> Any:
    """The server with its tools. `only` (name or path) is the one library it reads.

    Raises UiError where the extra is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as error:
        raise UiError(say("mcp_missing")) from error
    from importlib.metadata import version

    server = MCPServer(
        "wenju", instructions=INSTRUCTIONS, version=version("wenju"), log_level="CRITICAL"
    )

    def path_of(name: str | None) -> Path:
        """Of a named library: a tool's caller reaches no other place on the disk."""
        known = {path.name: path for path in list_libraries()}
        if only is not None:
            known = {(path := resolve_library(only)).name: path}
        if name is None:
            name = next((n for n in ("default", "demo", *known) if n in known), None)
        if name not in known:
            there = ", ".join(known) or "none"
            raise ToolError(f"no library {name!r}; there is: {there}")
        return known[name]

    def reading(name: str | None, work: Any) -> Any:
        try:
            with shelf.reading(path_of(name)) as opened:
                return work(opened)
        except (IndexingError, AnsweringError) as error:
            raise ToolError(str(error)) from error

    @server.tool(description="The libraries that can be asked, with how much they hold.")
    def libraries() -> dict[str, Any]:
        rows = []
        for path in [resolve_library(only)] if only is not None else list_libraries():
            row = reading(path.name, lambda opened: {"documents": opened.n_documents})
            rows.append({"name": path.name} | row)
        return {"libraries": rows}

    @server.tool(
        description="Passages of the documents for a question, best first, with their places."
    )
    def search(
        question: Question,
        library: Name = None,
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
        sources: Patterns = None,
    ) -> dict[str, Any]:
        from rag.filters import filters_of
        from rag.hits import find

        def work(opened: Library) -> dict[str, Any]:
            found = find(
                opened, question, limit=limit, settings=rag.retrieval, where=filters_of(sources)
            )
            return {"passages": [asdict(hit) for hit in found]}

        found: dict[str, Any] = reading(library, work)
        return found

    @server.tool(
        description="An answer from the documents, each statement with the words it rests on;"
        " or why they do not say it."
    )
    def ask(
        question: Question,
        library: Name = None,
        as_of: Annotated[date | None, Field(description="what “this year” means")] = None,
        sources: Patterns = None,
        earlier: Annotated[
            list[str] | None, Field(description="questions before this one, oldest first")
        ] = None,
    ) -> dict[str, Any]:
        from rag.answering import Answerer
        from rag.filters import filters_of

        def work(opened: Library) -> dict[str, Any]:
            answerer = Answerer(opened, rag)
            answer = answerer.answer(
                question, as_of=as_of, where=filters_of(sources), history=earlier or ()
            )
            return answer.to_record()

        found: dict[str, Any] = reading(library, work)
        return found

    @server.tool(description="A document's own words at a span that search or ask has named.")
    def read(
        doc_id: str,
        start: Annotated[int, Field(ge=0)] = 0,
        end: Annotated[int | None, Field(ge=0)] = None,
        around: Annotated[int, Field(ge=0, le=20_000)] = 500,
        library: Name = None,
    ) -> dict[str, Any]:
        from rag.hits import read_span

        last = None if end is None else min(end, start + 100_000)
        found: dict[str, Any] = reading(
            library, lambda opened: asdict(read_span(opened, doc_id, start, last, around=around))
        )
        return found

    return server


def run_stdio(rag: RagSettings, library: str | None = None) -> None:
    """Until the other side closes our input."""
    with Shelf() as shelf:
        make_server(shelf, rag, library).run("stdio")
