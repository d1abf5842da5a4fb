"""Documents through the queue for one request: outcomes counted, a client that leaves lets go of its place."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request

from classifier.document import Analysis, Document
from service.analysis_queue import Analyzer, NotReadyError, Outcome, QueueFullError
from service.parts import parts_of
from service.problems import ProblemError, retry_after


async def answer(request: Request, documents: Sequence[Document]) -> list[Outcome]:
    """One outcome a document, in order; counts are left on the request for its log line.

    Raises:
        ProblemError: `overloaded` or `not_ready`, with `Retry-After`.
        starlette.requests.ClientDisconnect: The client left; its waiting documents were dropped.
    """
    parts = parts_of(request)
    try:
        outcomes = await _while_connected(request, parts.queue.analyze(documents))
    except QueueFullError as error:
        detail = "Too many documents wait; nothing of this request was kept"
        raise retry_after("overloaded", detail, error.seconds) from None
    except NotReadyError as error:
        raise not_ready(error) from None
    parts.metrics.count_outcomes(outcomes)
    if parts.shadow is not None:
        parts.shadow.offer(documents, outcomes)
    analyses = [outcome for outcome in outcomes if isinstance(outcome, Analysis)]
    request.state.counts = {
        "documents": len(outcomes),
        "flagged": sum(analysis.review.flagged for analysis in analyses),
        "refused": len(outcomes) - len(analyses),
    }
    return outcomes


def loaded(request: Request) -> Analyzer:
    """The loaded analyzer, for its taxonomy and card.

    Raises:
        ProblemError: `not_ready`, with `Retry-After`.
    """
    try:
        return parts_of(request).queue.analyzer
    except NotReadyError as error:
        raise not_ready(error) from None


def not_ready(error: NotReadyError) -> ProblemError:
    """The problem of a service that is loading or stopping."""
    return retry_after("not_ready", str(error), 2)


async def _while_connected(request: Request, work: Coroutine[Any, Any, list[Outcome]]) -> list[Outcome]:
    """Wait for the work, or end it when the client goes away first."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return await task
    finally:
        task.cancel()
        gone.cancel()


async def _disconnect(request: Request) -> None:
    """End when the client has gone; the body was read before, so nothing else is left to receive."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
