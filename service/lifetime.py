"""What happens between start and stop: the model is loaded, the desk made ready, and both are let go of at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI

from classifier.errors import TellsignError
from service.analysis_queue import Analyzer
from service.desk.desk import Desk
from service.desk.first_start import make_ready
from service.desk.upkeep import keep_up, running, send_webhooks
from service.parts import Parts

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_lifespan(
    parts: Parts, load: Callable[[], Analyzer], *, tell: Callable[[str], None], close: bool = True
) -> Lifespan:
    """The lifespan of an application; a server that runs it listens once all of it is ready.

    Args:
        parts: Of the application.
        load: Gives the analyzer.
        tell: Gets what the first start has to say.
        close: Whether the store is closed at the end.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:
            try:
                await parts.queue.open(load)
                ending.push_async_callback(parts.queue.close)
                if parts.desk is not None:
                    if close:
                        ending.callback(parts.desk.store.close)
                    await _start_desk(parts, parts.desk, ending, tell)
                if parts.jobs is not None:
                    await anyio.to_thread.run_sync(parts.jobs.start)
                    ending.push_async_callback(anyio.to_thread.run_sync, parts.jobs.stop)
            except TellsignError as error:
                # The server only reports that starting failed; `serve` raises the reason to the command line.
                app.state.refusal = error
                raise
            if parts.shadow is not None:
                parts.shadow.start()
                ending.callback(parts.shadow.stop)
            yield

    return lifespan


async def _start_desk(parts: Parts, desk: Desk, ending: AsyncExitStack, tell: Callable[[str], None]) -> None:
    await make_ready(desk, parts.queue, tell=tell)
    await ending.enter_async_context(running(desk, (keep_up, send_webhooks)))
