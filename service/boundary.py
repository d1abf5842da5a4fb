"""The outermost layer around the application: headers on every answer, one log line a request, no error unanswered."""

import secrets
from collections.abc import Mapping
from time import perf_counter
from types import MappingProxyType

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import describe
from service.metrics import Metrics
from service.problems import ProblemError, problem_response

CLIENT_LEFT = 499
STATIC = "/static"
UNROUTED = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Boundary:
    """ASGI middleware.

    Args:
        app: What it surrounds.
        metrics: Where requests and problems are counted.
        most_bytes: Largest request body, bytes; whoever reads more of it gets `body_too_large`.
        uploads: Paths that take larger bodies, and how large; they write them to disk as they come.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, most_bytes: int, uploads: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._most_bytes, self._uploads = most_bytes, uploads
        self._log = structlog.get_logger("tellsign")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = secrets.token_hex(8)
        started = perf_counter()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope, request_id=state["request_id"])
            await send(message)

        try:
            most = max(self._most_bytes, self._uploads.get(scope["path"], 0))
            await self._app(scope, _limited(receive, most), send_on)
        except ClientDisconnect:
            status = CLIENT_LEFT
        except Exception as error:  # the one place that catches everything: no client sees a traceback
            self._log.error("internal_error", request_id=state["request_id"], **describe(error))
            if status:
                raise
            problem = ProblemError("internal", "The error was logged with the request id in X-Request-ID")
            await problem_response(Request(scope), problem)(scope, receive, send_on)
        finally:
            self._record(scope, status, perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log by route template: the path as sent could hold anything."""
        route = STATIC if _is_static(scope) else getattr(scope.get("route"), "path", UNROUTED)
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        state = scope["state"]
        self._metrics.count_request(method=method, route=route, status=status, seconds=seconds)
        extra = dict(state.get("counts", {}))
        if "problem" in state:
            self._metrics.count_problem(state["problem"])
            extra["problem"] = state["problem"]
        self._log.info(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            request_id=state["request_id"],
            **extra,
        )


def _limited(receive: Receive, most_bytes: int) -> Receive:
    """Count a body as it comes: forms are read by the framework, which takes any length."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most_bytes:
            raise ProblemError("body_too_large", f"Allowed: at most {most_bytes} bytes")
        return message

    return receive_some


def _add_headers(message: Message, scope: Scope, *, request_id: str) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    headers["X-Request-ID"] = request_id
    # Answers hold what people told in confidence: nothing but our own static files may be kept on the way.
    headers.setdefault("Cache-Control", "no-cache" if _is_static(scope) else "no-store")


def _is_static(scope: Scope) -> bool:
    return str(scope["path"]).startswith(f"{STATIC}/")
