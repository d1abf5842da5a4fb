"""One worker thread that analyses, and the bounded, fair queue in front of it.

The analyzer is not for several threads at once, so all of its work happens on one. The event loop hands it
short turns: while one runs, new requests gather and share the next, and when the worker is idle a request
starts at once. A long list gives its place back after every turn, so a single text never waits for all of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import structlog

from classifier.document import Analysis, Document, ModelInfo
from classifier.errors import DocumentError, TellsignError
from classifier.taxonomy import Taxonomy
from service.logs import describe

# About 60 ms of work a turn at 4 ms a document: what a single text waits at most behind a list.
TURN_DOCUMENTS = 16
TURN_CHARACTERS = 32_000


class Analyzer(Protocol):
    """What the service needs of `classifier.Analyzer`; a fake in the tests has the same shape."""

    @property
    def taxonomy(self) -> Taxonomy:
        """What the indicators mean."""

    @property
    def card(self) -> Mapping[str, Any]:
        """The public part of the model's manifest."""

    @property
    def info(self) -> ModelInfo:
        """Which artefact it is."""

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        """Yield an analysis or the reason for none, one a document, in order."""


class QueueFullError(TellsignError):
    """More documents wait than the queue holds; `seconds` says when there should be room."""

    def __init__(self, seconds: float) -> None:
        """Seconds until the documents that wait now are done."""
        super().__init__("The analysis queue is full")
        self.seconds = seconds


class NotReadyError(TellsignError):
    """The model is not loaded yet, or the service is stopping."""


class AnalysisFailedError(TellsignError):
    """The analyzer broke on one document; the cause is in the log by its type, never by its words."""


Outcome = Analysis | DocumentError | AnalysisFailedError


@dataclass(slots=True, eq=False)
class _Job:
    """The documents of one request and the outcomes they have so far, position by position."""

    documents: Sequence[Document]
    done: asyncio.Future[None]
    outcomes: list[Outcome | None] = field(init=False)
    taken: int = 0
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.outcomes = [None] * len(self.documents)
        self.missing = len(self.documents)

    def deliver(self, position: int, outcome: Outcome) -> None:
        """Keep an outcome; the last one ends the wait. A job whose client left is left alone."""
        if self.done.done():
            return
        self.outcomes[position] = outcome
        self.missing -= 1
        if self.missing == 0:
            self.done.set_result(None)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One document of a turn and where its outcome belongs."""

    job: _Job
    position: int


class AnalysisQueue:
    """Bounded queue of documents in front of one worker thread.

    Args:
        capacity: Most documents that wait or run at once.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._jobs: deque[_Job] = deque()
        self._held = 0
        self._seconds_each = 0.01
        self._analyzer: Analyzer | None = None
        self._closing = False
        self._wake = asyncio.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="analysis")
        self._driver: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("tellsign")

    @property
    def held(self) -> int:
        """Documents that wait or run now."""
        return self._held

    @property
    def ready(self) -> bool:
        """Whether documents are accepted."""
        return self._analyzer is not None and not self._closing

    @property
    def analyzer(self) -> Analyzer:
        """The loaded analyzer, for its taxonomy and card only: analyses go through `analyze`.

        Raises:
            NotReadyError: Nothing is loaded yet.
        """
        if self._analyzer is None:
            raise NotReadyError("The model is still loading")
        return self._analyzer

    async def open(self, load: Callable[[], Analyzer]) -> None:
        """Load the analyzer on the worker thread and begin to take turns; what `load` raises goes up."""
        loop = asyncio.get_running_loop()
        self._analyzer = await loop.run_in_executor(self._worker, load)
        self._driver = loop.create_task(self._take_turns())

    async def close(self) -> None:
        """Refuse new documents, finish those that wait, then end the worker thread."""
        self._closing = True
        self._wake.set()
        if self._driver is not None:
            await self._driver
        self._worker.shutdown(wait=True)

    async def analyze(self, documents: Sequence[Document]) -> list[Outcome]:
        """One outcome a document, in order.

        Cancelling the caller drops its documents that have not started; others are not touched.

        Raises:
            NotReadyError: The model is not loaded, or the service is stopping.
            QueueFullError: There is no room for that many documents now.
        """
        if not self.ready:
            raise NotReadyError("The service is stopping" if self._closing else "The model is still loading")
        if not documents:
            return []
        if self._held + len(documents) > self._capacity:
            raise QueueFullError(self._held * self._seconds_each)
        job = _Job(documents, asyncio.get_running_loop().create_future())
        self._held += len(documents)
        self._jobs.append(job)
        self._wake.set()
        try:
            await job.done
        finally:
            self._held -= len(documents)
        return [outcome for outcome in job.outcomes if outcome is not None]

    async def _take_turns(self) -> None:
        """Run turn after turn while there are jobs; sleep without a timer when there are none."""
        while True:
            turn = choose_turn(self._jobs)
            if turn:
                await self._run(turn)
            elif self._closing:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _run(self, turn: Sequence[_Slot]) -> None:
        """Analyse a turn on the worker; if the analyzer breaks, find the document that broke it."""
        started = perf_counter()
        error = await self._attempt(turn)
        self._seconds_each += 0.1 * ((perf_counter() - started) / len(turn) - self._seconds_each)
        if error is None:
            return
        # One broken document must not cost its neighbours their answers: each is tried alone.
        for slot in turn:
            if slot.job.done.done() or slot.job.outcomes[slot.position] is not None:
                continue
            failure = await self._attempt([slot])
            if failure is not None:
                self._log.error("analysis_failed", **describe(failure))
                slot.job.deliver(slot.position, AnalysisFailedError("The analysis of this document failed"))

    async def _attempt(self, slots: Sequence[_Slot]) -> BaseException | None:
        """Run slots on the worker thread and return what it raised, if anything."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._worker, self._analyze_slots, slots, loop)
        await asyncio.wait([work])
        return work.exception()

    def _analyze_slots(self, slots: Sequence[_Slot], loop: asyncio.AbstractEventLoop) -> None:
        """On the worker thread: each outcome goes back as soon as it is there."""
        outcomes = self.analyzer.analyze_many([slot.job.documents[slot.position] for slot in slots])
        for slot, outcome in zip(slots, outcomes, strict=True):
            loop.call_soon_threadsafe(slot.job.deliver, slot.position, outcome)


def choose_turn(jobs: deque[_Job]) -> list[_Slot]:
    """Take the documents of the next turn from the waiting jobs, in rotation.

    Every job gives one document a round until the turn is full, so that short jobs end in one turn beside a long
    one. Jobs that are used up or abandoned leave the deque; the others move behind those that were not reached.
    The slots of the jobs with the fewest come first: they can be answered before the turn is over.
    """
    taken: dict[_Job, list[_Slot]] = {}
    count = characters = 0
    while jobs and count < TURN_DOCUMENTS and characters < TURN_CHARACTERS:
        job = jobs.popleft()
        if job.done.done():
            continue
        taken.setdefault(job, []).append(_Slot(job, job.taken))
        characters += len(job.documents[job.taken].text)
        count += 1
        job.taken += 1
        if job.taken < len(job.documents):
            jobs.append(job)
    return [slot for slots in sorted(taken.values(), key=len) for slot in slots]
