"""JSON lines on stderr; lines name routes, counts and times, never texts, ids, addresses or query strings."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Send our own lines and the server's as JSON lines to `stream` (stderr when None).

    Args:
        level: Least severe level to write: debug, info, warning or error.
        stream: Where lines go.
    """
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter())
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        server = logging.getLogger(name)
        server.handlers = [handler]
        server.propagate = False
        server.setLevel(level.upper())


class JsonFormatter(logging.Formatter):
    """A standard-library record as one JSON line; an exception by its type and frames only."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line feed."""
        message = record.getMessage()
        line: dict[str, Any] = {
            # A lifespan that fails is reported as a whole traceback in one message: its last line is the reason.
            "event": message.strip().rpartition("\n")[2] if message.startswith("Traceback") else message,
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line.update(describe(record.exc_info[1]))
        return _dump(line)


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as log fields: its type and where it came from; its message may hold document text."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "frames": [f"{frame.name}:{frame.lineno}" for frame in frames[-8:]]}


def _dump(value: object, **_options: object) -> str:
    return orjson.dumps(value, default=str).decode()
