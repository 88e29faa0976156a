"""What a caller did wrong, or what we could not do, as HTTP tells it.

Every body that is no success is `{"error": {"type", "message", "request_id"}}`.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

from starlette.exceptions import HTTPException

from index.errors import (
    DocumentNotFound,
    IndexingError,
    LibraryLocked,
    LibraryNotFound,
)
from rag.errors import AnsweringError

# The type of an error where nothing more is known than its status.
TYPES = {
    400: "bad_request", 401: "no_key", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "too_slow", 409: "conflict", 413: "too_large",
    415: "unsupported_type", 422: "invalid", 429: "too_many_requests",
    431: "too_long", 500: "internal", 503: "busy",
}  # fmt: skip


class ApiError(HTTPException):
    """`detail` is one line fit for a user."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, " ".join(message.split()), dict(headers or {}))
        self.type = type or TYPES.get(status, "error")


def as_api_error(error: Exception) -> ApiError:
    """Errors of ours by their kind; a stranger is our own mistake and says nothing of itself."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return ApiError(error.status_code, str(error.detail), headers=error.headers)
    if isinstance(error, LibraryNotFound):
        return ApiError(404, "no such library; GET /v1/libraries lists them", type="no_library")
    if isinstance(error, DocumentNotFound):
        return ApiError(
            404,
            "no such document in this library; GET /v1/documents lists them",
            type="no_document",
        )
    if isinstance(error, LibraryLocked):
        return ApiError(
            409, "another process is writing this library; try again in a moment",
            type="library_locked",
        )  # fmt: skip
    if isinstance(error, AnsweringError):
        return ApiError(400, str(error), type="bad_question")
    if isinstance(error, IndexingError):
        # What it says names places on the server's disk.
        return ApiError(
            503, "this library cannot be used now; on the server, wenju check says why",
            type="library_unusable",
        )  # fmt: skip
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return ApiError(503, f"the server's disk: {error.strerror}", type="disk")
    return ApiError(500, "internal error; the server's log has it under this request id")
