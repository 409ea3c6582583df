"""The body of a request: as many bytes as may be, and strict JSON."""

import asyncio
import json
import math

from starlette.requests import ClientDisconnect

from .errors import ApiError, shown

DEEPEST = 32  # brackets in brackets; a request has at most 4
READ_SECONDS = 20.0


async def read_json(request, max_bytes):
    """The body as Python values.

    Args:
        request: `starlette.requests.Request`.
        max_bytes: see `Settings`; counted while reading, so that more is never held.

    Raises:
        ApiError: 408, 413, 415, or 400 where it is not JSON.
    """
    check_type(request)
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await read_body(request, max_bytes)
    except TimeoutError:
        message = f"The body did not arrive within {READ_SECONDS:g} s."
        raise ApiError(408, "body_too_slow", message, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise ApiError(400, "body_cut_off", "The connection ended within the body.") from None
    return parse(body)


def check_type(request):
    """Refuses a body that is not declared as JSON in UTF-8, uncompressed."""
    given = request.headers.get("content-type", "")
    kind, _, options = given.partition(";")
    charset = options.partition("charset=")[2].strip().strip('"').lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
        raise ApiError(
            415,
            "not_json",
            "The body must be declared as JSON, in UTF-8: Content-Type: application/json. Given: "
            f"{shown(given) if given else 'none'}.",
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise ApiError(
            415,
            "compressed",
            f"The body must come uncompressed. Given: Content-Encoding: {encoding:.40}.",
        )


async def read_body(request, max_bytes):
    """The bytes of the body; stops reading where there are too many."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:19]) > max_bytes:
        raise _too_large(f"{declared[:19]} bytes", max_bytes)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large("more than that", max_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(given, max_bytes):
    return ApiError(
        413,
        "body_too_large",
        f"A body may have {max_bytes} bytes. Given: {given}. Send fewer texts at a time.",
        {"Connection": "close"},  # the rest of it is not read
    )


def parse(body):
    """JSON as RFC 8259 has it: no NaN, no numbers beyond float, no name twice in an object.

    Raises:
        ApiError: 400, with the place.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    if not text.strip():
        raise _bad('The body is empty. Send JSON, such as {"text": "A text."}.')
    try:
        value = json.loads(
            text, parse_constant=_no_constant, parse_float=_number, object_pairs_hook=_once_each
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _bad(f"The body is not JSON: {error.msg}, at {where}.") from None
    except ValueError as error:  # ours, or a whole number of thousands of digits
        raise _bad(f"The body is not JSON: {error}") from None
    if _depth(value) > DEEPEST:
        raise _too_deep()
    return value


def _bad(message):
    return ApiError(400, "malformed_json", message)


def _too_deep():
    return ApiError(400, "nested_too_deeply", f"The body is nested more than {DEEPEST} deep.")


def _no_constant(name):
    raise ValueError(f"{name} is not a number in JSON.")


def _number(text):
    """A float; 2.0 is a whole number, as JSON Schema has it."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large.")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _once_each(pairs):
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} stands twice in an object.")
    return row


def _depth(value):
    """How deep brackets are nested; without recursion."""
    depth, level = 0, [value]
    while level:
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        depth += 1
        if depth > DEEPEST:
            break
    return depth
