"""The engine of many machines: shards scored by the workers of a Dask cluster; needs the extra `cluster`."""

import threading
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from importlib import import_module
from itertools import islice
from types import TracebackType
from typing import Any, Self

from classifier.document import ModelInfo
from service.batch.items import ReadOptions
from service.batch.run_folder import Listed
from service.batch.scoring import Loading, Scorer
from service.batch.shards import ShardResult, ShardSpec, score_shard
from service.batch.slices import Partition, survey_file
from service.batch.stores import BatchRefusedError, Store, open_store
from service.batch.workers import WorkerError

# Shards under way for each thread of the cluster: enough that none waits for the next, few enough for the scheduler.
AHEAD = 4
# Seconds to wait for the scheduler.
PATIENCE = 30
# Files measured at a time, so that the scheduler never holds millions of tasks.
_SURVEYED = 1000


class OnCluster:
    """Scores on the workers of a cluster; use as a context manager.

    Workers have Tellsign installed, load the model once, and read and write the files themselves.
    """

    def __init__(self, scheduler: str, loading: Loading, *, patience: float = PATIENCE) -> None:
        """Connect to a scheduler.

        Args:
            scheduler: Its address, such as `tcp://10.0.0.5:8786`.
            loading: How each worker gets its analyzer.
            patience: Seconds to wait for an answer.

        Raises:
            BatchRefusedError: The extra `cluster` is not installed, or the scheduler does not answer.
        """
        try:
            self._distributed: Any = import_module("distributed")
        except ImportError as error:
            raise BatchRefusedError(
                "--engine dask needs the extra 'cluster': pip install 'tellsign[cluster]'"
            ) from error
        self._loading = loading
        try:
            self._client = self._distributed.Client(scheduler, timeout=patience, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BatchRefusedError(f"the scheduler {scheduler} does not answer: {error}") from error

    def identify(self) -> ModelInfo:
        """Load the model on a worker and return which one it is.

        Raises:
            TellsignError: The model is refused.
            WorkerError: There is no worker, or it ended.
        """
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise WorkerError(f"no worker joined the scheduler within {PATIENCE} seconds") from None
        info: ModelInfo = self._result(self._client.submit(_identify, self._loading, pure=False))
        return info

    def survey(self, files: Iterable[Partition], options: ReadOptions, shard_size: int) -> Iterator[Listed]:
        """Yield every file with size, hash and cuts, in order; workers read them."""
        task, remaining = partial(survey_file, options=options, shard_size=shard_size), iter(files)
        while batch := list(islice(remaining, _SURVEYED)):
            for future in self._client.map(task, batch, pure=False):
                yield self._result(future)

    def run(self, specs: Iterable[ShardSpec], store: Store) -> Generator[ShardResult]:
        """Yield the result of every shard as the scheduler reports it.

        A worker that is killed is replaced by its nanny or by the others; a shard done twice is the same shard.

        Raises:
            TellsignError: The model is refused, or a worker loaded another one.
            WorkerError: One shard ended several workers.
            OSError: A shard cannot be read or written.
        """
        task = partial(_score, loading=self._loading, url=store.url)
        remaining, open_tasks = iter(specs), 0
        finished = self._distributed.as_completed(loop=self._client.loop)
        while True:
            room = AHEAD * max(1, sum(self._client.nthreads().values())) - open_tasks
            # In batches: one message to the scheduler is for many shards.
            if room > open_tasks or not open_tasks:
                batch = list(islice(remaining, room))
                finished.update(self._client.map(task, batch, pure=False))
                open_tasks += len(batch)
            if not open_tasks:
                return
            result: ShardResult = self._result(next(finished))
            open_tasks -= 1
            yield result

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Leave the cluster; what still waits there is dropped."""
        self._client.close()

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except self._distributed.KilledWorker as error:
            raise WorkerError(f"a task ended {error.allowed_failures + 1} workers; give them more memory") from error


_lock = threading.Lock()
_loaded: dict[Loading, Scorer] = {}


def _identify(loading: Loading) -> ModelInfo:
    with _lock:
        return _scorer(loading).info


def _score(spec: ShardSpec, *, loading: Loading, url: str) -> ShardResult:
    # An analyzer is for one thread at a time; workers are scaled by processes.
    with _lock:
        return score_shard(spec, scorer=_scorer(loading), store=open_store(url))


def _scorer(loading: Loading) -> Scorer:
    if loading not in _loaded:
        _loaded.clear()
        _loaded[loading] = loading.scorer()
    return _loaded[loading]
