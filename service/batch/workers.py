"""Worker processes that load the model once, take tasks in order and give plain values back in the same order."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, Self, TypeVar

from classifier.errors import TellsignError
from service.batch.scoring import Loading, Scorer

# Tasks under way for each process: one at work and one waiting, so that no process ever waits for the reader.
AHEAD = 2
# A process may be ended from outside, by the system short of memory or by a person; its tasks are given again so often.
MAX_RESTARTS = 2

Work = TypeVar("Work")
Answer = TypeVar("Answer")
Task = Callable[[Scorer, Work], Answer]


class WorkerError(Exception):
    """A worker process ended without an answer, again and again."""


class WorkerPool:
    """`jobs` processes with an analyzer each; use as a context manager."""

    def __init__(self, loading: Loading, jobs: int) -> None:
        """Start nothing yet: processes come with the first task."""
        self._loading, self._jobs = loading, jobs
        self._pool = self._build()

    def map(self, task: Task[Work, Answer], works: Iterable[Work]) -> Generator[Answer]:
        """Yield `task(scorer, work)` for each work, in order, with at most two tasks a process under way.

        The works are read no faster than they are done, so memory does not grow with their number. When a process ends
        without an answer, all are started anew and the open tasks given again: a task must bear being done twice. When
        this ends before its last answer, closed or by an error, the processes have ended too.

        Raises:
            TellsignError: The model is refused.
            WorkerError: Processes ended without an answer, and no task was finished in between.
        """
        done = False
        try:
            yield from self._map(task, iter(works))
            done = True
        finally:
            if not done:
                self.stop()

    def stop(self) -> None:
        """End the processes in the middle of their tasks; when it returns none of them writes any more."""
        for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 - public from Python 3.14 on
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _map(self, task: Task[Work, Answer], works: Iterator[Work]) -> Generator[Answer]:
        pending: deque[tuple[Work, Future[Answer]]] = deque()
        restarts = 0
        while True:
            try:
                self._fill(pending, task, works)
                if not pending:
                    return
                answer = pending[0][1].result()
            except BrokenProcessPool as error:
                restarts += 1
                if restarts > MAX_RESTARTS:
                    detail = "a worker process ended without an answer, perhaps out of memory; try fewer jobs"
                    raise WorkerError(detail) from error
                self._restart(pending, task)
                continue
            pending.popleft()
            restarts = 0
            yield answer

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Drop what waits and end the processes; after an error at once, in the middle of their tasks."""
        if kind is not None:
            self.stop()
        else:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _fill(
        self, pending: deque[tuple[Work, Future[Answer]]], task: Task[Work, Answer], works: Iterator[Work]
    ) -> None:
        while len(pending) < AHEAD * self._jobs:
            work = next(works, _END)
            if work is _END:
                return
            pending.append((work, self._submit(task, work)))

    def _restart(self, pending: deque[tuple[Work, Future[Answer]]], task: Task[Work, Answer]) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._build()
        for position, (work, future) in enumerate(pending):
            if not (future.done() and not future.cancelled() and future.exception() is None):
                pending[position] = (work, self._submit(task, work))

    def _submit(self, task: Task[Work, Answer], work: Work) -> Future[Answer]:
        # A process may start with the task. Ctrl-C reaches it too, and before it could say that this process answers.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(_do, task, work)
        except BrokenProcessPool as error:
            # Kept like any other, or the work would be lost with the pool that refused it.
            broken: Future[Answer] = Future()
            broken.set_exception(error)
            return broken
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _build(self) -> ProcessPoolExecutor:
        # Fresh processes, not forks: numerical libraries read their thread settings when they load.
        context = get_context("spawn")
        return ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_start, initargs=(self._loading,))


_END: Any = object()
_loaded: list[Scorer | TellsignError] = []


def _start(loading: Loading) -> None:
    # The parent answers Ctrl-C for all, and a worker whose parent was killed must not stay behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        _loaded.append(loading.scorer())
    except TellsignError as error:
        # Raised again with the first task: an initializer that raises is reported as a traceback and a broken pool.
        _loaded.append(error)


def end_with_parent() -> None:
    """Wait for the parent process to end, and end this one; for a thread of its own."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Task[Work, Answer], work: Work) -> Answer:
    scorer = _loaded[0]
    if isinstance(scorer, TellsignError):
        raise scorer
    return task(scorer, work)
