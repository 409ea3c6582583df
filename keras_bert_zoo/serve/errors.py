"""Errors as clients get them: `{"error": {"code": ..., "message": ...}}`."""

import json

from fastapi import Response
from pydantic import BaseModel, Field


class ErrorContent(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: a name that does not change.")
    message: str = Field(description="For people: what was given, what is accepted, how to fix it.")


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorContent


# Status of `/predict` -> when.
STATUSES = {
    400: "The body is not JSON in UTF-8, or is nested too deeply.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes.",
    415: "The body is not declared as application/json.",
    422: "The JSON is not a request: a field is missing, unknown, of another type or too long.",
    500: "A mistake of the server.",
    503: "The queue is full, or the server is starting or stopping; see Retry-After.",
    504: "The answer was not there in time.",
}


class ApiError(Exception):
    """Becomes an answer.

    Args:
        status: of HTTP.
        code: a short name for programs.
        message: for people.
        headers: more headers.
    """

    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}


def error_response(error):
    """The answer to an `ApiError`."""
    content = {"error": {"code": error.code, "message": str(error)}}
    return json_response(content, error.status, error.headers)


def json_response(content, status=200, headers=None):
    """JSON in UTF-8. Half a character, which a client may send, goes back as JSON escapes it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, status, headers, "application/json")


def shown(value, most=60):
    """A value as it stands in a message: JSON, cut."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
