"""The service as tests reach it: in process for most, behind a real socket where a browser or a stream is needed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

import classifier
from service.analysis_queue import Analyzer
from service.app import create_app
from service.settings import Settings
from tests.fakes import FakeAnalyzer


def build_app(analyzer: Analyzer | None = None, **settings: Any) -> FastAPI:
    """The real application without the desk around a fake analyzer, or the one given."""
    return create_app(Settings(**{"desk": False, **settings}), analyzer=analyzer or FakeAnalyzer())


@contextmanager
def open_client(analyzer: Analyzer | None = None, **settings: Any) -> Iterator[TestClient]:
    """A client of the running application; an unexpected error fails the test instead of becoming a 500."""
    with TestClient(build_app(analyzer, **settings)) as client:
        yield client


@contextmanager
def run_server(app: FastAPI) -> Iterator[str]:
    """The application behind a socket on a free port; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def kept_logging() -> Iterator[None]:
    """Undoes what a test does to the logging of the process."""
    loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "asyncio")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    try:
        yield
    finally:
        structlog.reset_defaults()
        for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


def load_model(*, max_characters: int = 100_000) -> classifier.Analyzer:
    """The model that ships."""
    return classifier.load(max_characters=max_characters)
