"""Scores items as they come, for results that go to a pipe or a terminal: nothing is kept, nothing can be resumed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from service.batch.items import DeadLetter, Incoming, Item
from service.batch.scoring import Loading, Scorer, score_documents
from service.batch.shards import resolve
from service.batch.workers import WorkerPool

CHUNK = 64


@dataclass(frozen=True, slots=True)
class Scored:
    """The results of one chunk in the order of its items, and the bytes of input the chunk took up."""

    results: list[bytes | DeadLetter]
    size: int


def score_here(items: Iterable[Item], scorer: Scorer) -> Iterator[Scored]:
    """Yield the results of each chunk of items, in order, scored in this process."""
    for chunk in chunks(items):
        yield score_chunk(scorer, chunk)


def score_in_workers(items: Iterable[Item], loading: Loading, jobs: int) -> Iterator[Scored]:
    """Yield the results of each chunk of items, in order, scored by `jobs` processes.

    Raises:
        TellsignError: The model is refused, or has no such tier.
        WorkerError: A process ended without an answer.
    """
    with WorkerPool(loading, jobs) as pool:
        yield from pool.map(score_chunk, chunks(items))


def score_chunk(scorer: Scorer, chunk: list[Item]) -> Scored:
    """Return the results of a chunk."""
    outcomes = iter(score_documents(scorer, [item.document for item in chunk if isinstance(item, Incoming)]))
    results = [item if isinstance(item, DeadLetter) else resolve(item, next(outcomes)) for item in chunk]
    return Scored(results, sum(item.size for item in chunk))


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
