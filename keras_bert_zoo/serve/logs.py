"""The log: a line of JSON for each request, and never a text that a client sent."""

import datetime
import json
import logging
import sys

LOG = logging.getLogger("keras_bert_zoo.serve")


class JsonLines(logging.Formatter):
    """A record as a line of JSON; a dictionary given as `extra={"fields": ...}` is part of it."""

    def format(self, record):
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        row = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def write_logs(stream=None, level="info"):
    """Writes our log and that of uvicorn to a stream; standard output if not given.

    Args:
        stream: a text file.
        level: `"info"` has a line for each request, `"warning"` only what went wrong.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines())
    for name, least in (("keras_bert_zoo.serve", level.upper()), ("uvicorn.error", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(least)


def log_request(level, **fields):
    """Writes the line of a request."""
    if LOG.isEnabledFor(level):
        LOG.log(level, "request", extra={"fields": fields})
