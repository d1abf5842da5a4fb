"""Scores chunks of documents, in this process or in worker processes, to the same bytes in the same order."""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path

import orjson

from classifier.document import Analysis, Document, Tier
from classifier.errors import DocumentError, TellsignError
from service.commands.ports import Analyzer, LoadAnalyzer
from service.scoring_files import DeadLetter, Incoming, Item

CHUNK = 64


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a document has no analysis: a stable machine word and a sentence without document text."""

    code: str
    detail: str


Outcome = bytes | Rejection
Result = bytes | DeadLetter


@dataclass(frozen=True, slots=True)
class Scored:
    """The results of one chunk in the order of its items, and the bytes of input the chunk took up."""

    results: list[Result]
    size: int


class WorkerError(Exception):
    """A worker process ended without an answer."""


def score_here(items: Iterable[Item], analyzer: Analyzer) -> Iterator[Scored]:
    """Yield the results of each chunk of items, in order, scored in this process."""
    for chunk in chunks(items):
        yield _results(chunk, score_documents(analyzer, _documents(chunk)))


def score_in_workers(
    items: Iterable[Item], load: LoadAnalyzer, *, model: Path | None, tier: Tier | None, jobs: int
) -> Iterator[Scored]:
    """Yield the results of each chunk of items, in order, scored by `jobs` processes that load the model once.

    At most two chunks a process are under way, so memory does not grow with the input.

    Args:
        items: What was read.
        load: Loads the analyzer in each process; importable by name.
        model: The artefact folder, or None for the default one.
        tier: Which models read, or None for what suits the artefact.
        jobs: Number of processes.

    Raises:
        TellsignError: The model is refused, or has no such tier.
        WorkerError: A process ended without an answer.
    """
    # Fresh processes, not forks: numerical libraries read their thread settings when they load.
    pool = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(load, model, tier)
    )
    pending: deque[tuple[list[Item], Future[list[Outcome]]]] = deque()
    try:
        for chunk in chunks(items):
            pending.append((chunk, pool.submit(_score_in_worker, _documents(chunk))))
            if len(pending) >= 2 * jobs:
                yield _finish(*pending.popleft())
        while pending:
            yield _finish(*pending.popleft())
    except BrokenProcessPool as error:
        raise WorkerError("a worker process ended without an answer, perhaps out of memory; try fewer jobs") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def score_documents(analyzer: Analyzer, documents: Sequence[Document]) -> list[Outcome]:
    """Return the JSON of each analysis, or why there is none, in order."""
    return [_encode(result) for result in analyzer.analyze_many(documents)]


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _encode(result: Analysis | DocumentError) -> Outcome:
    if isinstance(result, DocumentError):
        return Rejection(result.code, str(result))
    try:
        return orjson.dumps(result)
    except orjson.JSONEncodeError:
        # A lone surrogate, which a command-line argument can hold and UTF-8 cannot.
        return Rejection("not_text", "the text holds characters that UTF-8 cannot carry")


def _documents(chunk: Sequence[Item]) -> list[Document]:
    return [item.document for item in chunk if isinstance(item, Incoming)]


def _results(chunk: Sequence[Item], outcomes: Sequence[Outcome]) -> Scored:
    scored = iter(outcomes)
    results = [item if isinstance(item, DeadLetter) else _result(item, next(scored)) for item in chunk]
    return Scored(results, sum(item.size for item in chunk))


def _result(item: Incoming, outcome: Outcome) -> Result:
    return item.reject(outcome.code, outcome.detail) if isinstance(outcome, Rejection) else outcome


def _finish(chunk: list[Item], future: Future[list[Outcome]]) -> Scored:
    return _results(chunk, future.result())


_loaded: list[Analyzer | TellsignError] = []


def _start_worker(load: LoadAnalyzer, model: Path | None, tier: Tier | None) -> None:
    # The parent answers Ctrl-C for all, and a worker whose parent was killed must not stay behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _loaded.append(load(model, tier))
    except TellsignError as error:
        # Raised again with the first chunk: an initializer that raises is reported as a traceback and a broken pool.
        _loaded.append(error)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _score_in_worker(documents: Sequence[Document]) -> list[Outcome]:
    analyzer = _loaded[0]
    if isinstance(analyzer, TellsignError):
        raise analyzer
    return score_documents(analyzer, documents)
