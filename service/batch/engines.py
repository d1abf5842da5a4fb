"""Engines of one machine: this process, or worker processes; `service.batch.cluster` has the one of many machines."""

from collections.abc import Generator, Iterable
from functools import lru_cache
from typing import Protocol

from classifier.document import ModelInfo
from service.batch.scoring import Scorer, identify
from service.batch.shards import ShardResult, ShardSpec, score_shard
from service.batch.stores import Store, open_store
from service.batch.workers import WorkerPool


class Engine(Protocol):
    """Has shards scored; all engines put the same bytes in place."""

    def identify(self) -> ModelInfo:
        """Load the model and return which one it is.

        Raises:
            TellsignError: The model is refused.
        """

    def run(self, specs: Iterable[ShardSpec], store: Store) -> Generator[ShardResult]:
        """Yield the result of every shard once its file is in place, in any order.

        The specs are read no faster than shards are done.

        Raises:
            TellsignError: The model is refused, or another one was loaded.
            OSError: A shard cannot be written.
        """


class InProcess:
    """Scores in this process."""

    def __init__(self, scorer: Scorer) -> None:
        """Use a loaded analyzer."""
        self._scorer = scorer

    def identify(self) -> ModelInfo:
        """Return which model it is."""
        return self._scorer.info

    def run(self, specs: Iterable[ShardSpec], store: Store) -> Generator[ShardResult]:
        """Yield the result of every shard, in order."""
        for spec in specs:
            yield score_shard(spec, scorer=self._scorer, store=store)


class InWorkers:
    """Scores in worker processes, which write the shards themselves."""

    def __init__(self, pool: WorkerPool) -> None:
        """Use a pool that is open for as long as the engine is used."""
        self._pool = pool

    def identify(self) -> ModelInfo:
        """Return which model the workers loaded."""
        (info,) = self._pool.map(identify, [None])
        return info

    def run(self, specs: Iterable[ShardSpec], store: Store) -> Generator[ShardResult]:
        """Yield the result of every shard, in order."""
        url = store.url
        yield from self._pool.map(_score_at, ((url, spec) for spec in specs))


def _score_at(scorer: Scorer, work: tuple[str, ShardSpec]) -> ShardResult:
    url, spec = work
    return score_shard(spec, scorer=scorer, store=_opened(url))


@lru_cache(maxsize=1)
def _opened(url: str) -> Store:
    return open_store(url)
