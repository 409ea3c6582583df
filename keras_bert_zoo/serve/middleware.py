"""What every request has: a name, headers that keep the page safe, a line in the log."""

import logging
import re
import time
import uuid

from .errors import ApiError, error_response
from .logs import LOG, log_request

REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}
ENCODED = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Watched:
    """Wraps an ASGI application.

    Args:
        app: the application.
        metrics: `Metrics`.
        routes: paths that are counted by name; others are one.
    """

    def __init__(self, app, metrics, routes):
        self.app, self.metrics, self.routes = app, metrics, routes

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, given = time.perf_counter(), dict(scope["headers"]).get(b"x-request-id", b"")
        known = REQUEST_ID.fullmatch(given.decode("latin-1"))
        name = known.group() if known else uuid.uuid4().hex
        note = scope.setdefault("state", {})["note"] = {}
        status = None

        async def send_named(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), (b"x-request-id", name.encode())]
                message = {**message, "headers": [*headers, *ENCODED]}
            await send(message)

        self.metrics.begin()
        try:
            await self.app(scope, receive, send_named)
        except Exception:
            LOG.exception("error", extra={"fields": {"id": name}})
            if status is None:
                await error_response(mistake(name))(scope, receive, send_named)
        finally:
            self._end(scope, status or 499, time.perf_counter() - began, name, note)

    def _end(self, scope, status, seconds, name, note):
        path = scope["path"]
        route = path if path in self.routes else "other"
        self.metrics.end(route, status, seconds)
        level = logging.INFO if status < 500 else logging.WARNING
        row = {"id": name, "method": scope["method"][:10], "route": route, "code": status}
        log_request(level, **row, ms=round(seconds * 1000, 2), **note)


def mistake(name):
    """The answer to what should not have happened: nothing of it is told, but where to look."""
    message = f"The server made a mistake. Its log has more, under the id {name}."
    return ApiError(500, "mistake", message)
