"""The service from start to end: `create_app` puts its parts together, `serve` runs it until it is stopped."""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import structlog
import uvicorn
from fastapi import FastAPI

import classifier
from classifier.errors import TellsignError
from service import web
from service.access import Access, RateLimiter
from service.analysis_queue import AnalysisQueue, Analyzer
from service.api import ROUTERS
from service.batch.jobs import Jobs, open_jobs
from service.batch.jobs_process import Launch
from service.batch.jobs_settings import load_jobs_settings
from service.boundary import STATIC, Boundary
from service.desk.desk import Desk, open_desk
from service.desk.refusals import install_refusals
from service.lifetime import build_lifespan
from service.logs import configure_logs
from service.metrics import Metrics
from service.openapi import DESCRIPTION, DescribedApi
from service.parts import Parts
from service.problems import install_problems
from service.security import KeyRing
from service.settings import Settings, SettingsError
from service.shadow import Shadow
from service.shadow_figures import ShadowCollector
from service.shadow_reader import ProcessReader


def create_app(
    settings: Settings,
    *,
    analyzer: Analyzer | None = None,
    shadow: Shadow | None = None,
    desk: Desk | None = None,
    jobs: Jobs | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> FastAPI:
    """The ASGI application; its lifespan loads the model, so a server that runs it listens once that is done.

    Args:
        settings: Limits, keys and the model folder.
        analyzer: Used instead of loading the model folder of the settings.
        shadow: Used instead of one for the shadow model of the settings.
        desk: Used instead of one from the environment; only where the settings have the desk on.
        jobs: Used instead of those of the environment.
        tell: Gets what the first start has to say to whoever started it.

    Raises:
        TellsignError: A setting of the desk is not allowed, or its store cannot be opened.
        service.security.KeysError: The keys file is not usable.
        classifier.errors.ArtifactError: The shadow model is refused.
    """
    queue = AnalysisQueue(capacity=settings.queue_documents)
    metrics = Metrics(lambda: queue.held)
    access = Access(
        KeyRing(settings.keys_file) if settings.keys_file else None,
        RateLimiter(settings.rate) if settings.rate else None,
    )
    shadow = shadow or _build_shadow(settings)
    if shadow is not None:
        metrics.include(ShadowCollector(shadow))
    opened = (desk or open_desk()) if settings.desk else None
    jobs = jobs or open_jobs(load_jobs_settings(), Launch(model=settings.model))
    parts = Parts(settings, queue, metrics, access, shadow, opened, jobs)
    app = DescribedApi(
        title="Tellsign",
        version=_version(),
        description=DESCRIPTION,
        lifespan=build_lifespan(parts, lambda: analyzer or _load(settings), tell=tell, close=desk is None),
        openapi_url="/openapi.json" if settings.docs else None,
        # The usual documentation pages load scripts from elsewhere, which our own policy forbids.
        docs_url=None,
        redoc_url=None,
        # Traces carry addresses and queries; the log line and the counters are what is kept of a request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.parts = parts
    uploads = {"/v1/jobs": jobs.settings.upload_bytes} if jobs is not None else {}
    app.add_middleware(Boundary, metrics=metrics, most_bytes=settings.max_body_bytes, uploads=uploads)
    install_problems(app)
    install_refusals(app)
    for router in (*ROUTERS, *web.ROUTERS):
        app.include_router(router)
    app.mount(STATIC, web.static_files(), name="static")
    return app


def serve(
    settings: Settings, *, analyzer: Analyzer | None = None, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Run the service until SIGINT or SIGTERM, then finish what was accepted and return.

    Args:
        settings: Where to listen, limits, keys and the model folder.
        analyzer: Used instead of loading the model folder of the settings.
        tell: Says a line to whoever started it, and to no log.

    Raises:
        SettingsError: The address cannot be listened on.
        service.security.KeysError: The keys file is not usable.
        service.store.errors.StoreError: The store cannot be used.
        classifier.errors.ArtifactError: The model is refused.
    """
    # The loop waits at most this long for the analysis thread to let go of the interpreter (default 5 ms).
    sys.setswitchinterval(0.001)
    configure_logs(settings.log_level)
    app = create_app(settings, analyzer=analyzer, tell=tell)
    server = AnnouncingServer(_server_config(app, settings))
    with _bind(settings) as listener, _signals_end_quietly():
        try:
            server.run(sockets=[listener])
        except SystemExit:
            # How the server says that starting failed; the reason is what the caller needs.
            refusal: TellsignError | None = getattr(app.state, "refusal", None)
            if refusal is None:
                raise
            raise refusal from None


class AnnouncingServer(uvicorn.Server):
    """A server that logs its address once it answers there: with port 0 the system chooses it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load, listen, then say where."""
        await super().startup(sockets)
        for listener in sockets if sockets and self.started else ():
            host, port = listener.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            structlog.get_logger("tellsign").info("serving", url=url)


def _load(settings: Settings) -> Analyzer:
    return classifier.load(settings.model, max_characters=settings.max_characters, tier=settings.tier)


def _build_shadow(settings: Settings) -> Shadow | None:
    if settings.shadow_model is None:
        return None
    reader = ProcessReader(settings.shadow_model, max_characters=settings.max_characters)
    return Shadow(reader, share=settings.shadow_share)


def _bind(settings: Settings) -> socket.socket:
    """A bound socket that does not listen yet, so that a taken port is said before the model is loaded."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}") from None
    return listener


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Make a stop that was asked for a normal return.

    The server handles both signals itself and, once stopped, raises them again for whoever had them before it:
    that would end the process as if it had been killed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        limit_concurrency=4_096,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def _version() -> str:
    try:
        return version("tellsign")
    except PackageNotFoundError:
        return "0+source"
