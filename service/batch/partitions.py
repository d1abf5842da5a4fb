"""The files that a cluster reads: found at paths and addresses, measured by the workers, and cut into shards."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from service.batch.cutting import Job, Reuse
from service.batch.inputs import Specs, shown
from service.batch.items import DeadLetter, ReadOptions
from service.batch.run_folder import Listed, RunFolder
from service.batch.shards import ShardSpec, Stretch
from service.batch.slices import Partition, slices
from service.batch.sources import find_files
from service.batch.stores import BatchRefusedError, is_remote, open_filesystem

SUFFIXES = (".jsonl", ".parquet")

Survey = Callable[[Iterable[Partition], ReadOptions, int], Iterator[Listed]]


@dataclass(frozen=True, slots=True)
class ClusterInputs:
    """Files, folders and addresses that all workers of a cluster can read.

    Attributes:
        arguments: As named by the caller: paths, or addresses such as `s3://bucket/folder`.
        options: How to read.
        survey: Measures files, hashes them and finds where to cut, in the order given; on the cluster.
        skip: Resolved paths that are left out: what the run writes itself.
    """

    arguments: Sequence[str]
    options: ReadOptions
    survey: Survey
    skip: frozenset[Path] = frozenset()

    @property
    def why_once(self) -> str | None:
        """Files can be read again."""
        return None

    def describe(self) -> dict[str, object]:
        """Return the arguments as named."""
        return {"arguments": list(self.arguments)}

    def listing(self, shard_size: int) -> Iterator[Listed]:
        """Yield every file with size, hash and cuts.

        Raises:
            BatchRefusedError: A file has another format, or cannot be read.
        """
        return self.survey(find_partitions(self.arguments, self.skip), self.options, shard_size)

    def specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:  # noqa: ARG002 - workers find what is there
        """Yield every shard; workers look whether it is there, for that takes its time on a remote filesystem."""
        if job.deduplicator is not None:
            raise BatchRefusedError("repeated documents are found in input order, by one process: use --engine local")
        yield from self._all(job, folder)

    def retry_specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:  # noqa: ARG002 - workers find what is there
        """Yield every shard, to be read and scored again where it has dead letters.

        Raises:
            BatchRefusedError: A file changed.
        """
        folder.check_listing(self.listing(job.shard_size))
        for spec in self._all(job, folder):
            yield replace(spec, retry=True)

    def _all(self, job: Job, folder: RunFolder) -> Iterator[ShardSpec]:
        number = first = 0
        for index, listed in enumerate(folder.listing()):
            for rows in slices(listed, self.options):
                count = max(rows.items, 1)
                stretches = (Stretch(index, rows.skip, count),)
                yield ShardSpec(number, first, rows, stretches, job.run, job.model, job.folder)
                number, first = number + 1, first + count


def find_partitions(arguments: Iterable[str], skip: frozenset[Path] = frozenset()) -> Iterator[Partition]:
    """Yield the files that the arguments name: those at paths, as a local run finds and calls them, then addresses.

    Raises:
        BatchRefusedError: A file has another format, a folder cannot be read, or there is nothing under an address.
    """
    names = list(arguments)
    remote = [name for name in names if is_remote(name)]
    local = [Path(name.removeprefix("file://")) for name in names if not is_remote(name)]
    addressed = (found for url in remote for found in _find_remote(url, several=len(names) > 1))
    for found in chain(_find_local(local, skip), addressed):
        if PurePosixPath(found.source).suffix not in SUFFIXES:
            allowed = " and ".join(SUFFIXES)
            raise BatchRefusedError(f"{found.source}: a cluster reads {allowed} files; use --engine local")
        yield found


def _find_local(paths: Sequence[Path], skip: frozenset[Path]) -> Iterator[Partition]:
    for file in find_files(paths, skip=skip):
        if isinstance(file, DeadLetter):
            raise BatchRefusedError(f"{file.source} cannot be read: {file.detail}")
        yield Partition(shown(file.path), file.label)


def _find_remote(url: str, *, several: bool) -> Iterator[Partition]:
    files, path = open_filesystem(url)
    scheme = url.partition("://")[0]
    found = sorted(files.find(path)) if files.isdir(path) else [path] if files.exists(path) else []
    if not found:
        raise BatchRefusedError(f"there is nothing at {url}")
    prefix = f"{PurePosixPath(path).name}/" if several else ""
    for file in found:
        inside = file.removeprefix(path).lstrip("/")
        if not any(part.startswith(".") for part in PurePosixPath(inside).parts):
            yield Partition(
                f"{scheme}://{file.lstrip('/')}", f"{prefix}{inside}" if inside else PurePosixPath(file).name
            )
