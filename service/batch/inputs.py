"""What a run reads: files and folders, in an order that stays, or a stream that comes once."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from service.batch.cutting import Job, Placed, Reuse, cut
from service.batch.items import DeadLetter, Item, ReadOptions
from service.batch.run_folder import Listed, RunFolder
from service.batch.shards import ShardSpec, find_shard, read_shard
from service.batch.sources import InputFile, find_files, read_files
from service.batch.stores import BatchRefusedError

Found = InputFile | DeadLetter
# Closed at the end of a run, which ends the process that reads.
Specs = Generator[ShardSpec, None, None]
ReadFiles = Callable[[Iterable[Found], ReadOptions], Iterator[Item]]


class Inputs(Protocol):
    """Where the documents of a run come from."""

    @property
    def why_once(self) -> str | None:
        """Why the input cannot be read again, so that a run over it cannot be resumed; None when it can."""

    def describe(self) -> dict[str, object]:
        """Return what the manifest says of the input, as JSON values without document text."""

    def listing(self, shard_size: int) -> Iterator[Listed]:
        """Yield every file with size and hash, in the order of reading."""

    def specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:
        """Yield every shard that is not there yet; call `reuse` with the record of each that is."""

    def retry_specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:
        """Yield the shards with dead letters, to be read and scored again; call `reuse` for the others.

        Raises:
            BatchRefusedError: A file changed that holds more than dead letters.
        """


@dataclass(frozen=True, slots=True)
class FileInputs:
    """Files and folders of this machine.

    Attributes:
        paths: As named by the caller.
        options: How to read them.
        skip: Resolved paths that are left out: what the run writes itself.
        read: Reads files, in order; every item carries the path of its file as `source`.
        within: A folder that links must not lead out of, or None for whoever chose the files by hand.
    """

    paths: Sequence[Path]
    options: ReadOptions
    skip: frozenset[Path] = frozenset()
    read: ReadFiles = read_files
    within: Path | None = None

    @property
    def why_once(self) -> str | None:
        """Files can be read again."""
        return None

    def describe(self) -> dict[str, object]:
        """Return the paths as named."""
        return {"arguments": [shown(path) for path in self.paths]}

    def files(self) -> Iterator[Found]:
        """Yield the files, and the folders that cannot be read, in the order of reading."""
        found = find_files(self.paths, skip=self.skip)
        return found if self.within is None else (_inside(file, self.within) for file in found)

    def listing(self, shard_size: int) -> Iterator[Listed]:  # noqa: ARG002 - files of this kind are not cut beforehand
        """Yield every file with size and hash; reads all of them once."""
        return map(list_file, self.files())

    def specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:
        """Yield every shard that is not there yet; call `reuse` with the record of each that is.

        What the shards from the beginning on hold is not read again.

        Raises:
            BatchRefusedError: A shard is damaged, and dead letters were scored again since it was written.
        """
        number, first, start = 0, 0, (0, 0)
        # Finding repeated documents needs to have seen all before.
        while job.deduplicator is None and (shard := read_shard(job.store, job.folder, number, run=job.run)):
            last = shard.record.stretches[-1]
            reuse(shard.record)
            number, first, start = number + 1, first + shard.record.rows, (last.file, last.item + last.count)
        shards = folder.manifest["counts"].get("shards")
        if number == shards:
            return
        if "mended" in folder.manifest:
            # Places no longer are what they were when the shards were cut.
            detail = f"shard {number} is damaged or gone, and dead letters were retried since"
            raise BatchRefusedError(f"cannot go on: {detail}; remove {folder.name} to start anew")
        for spec in cut(self.items(*start), job, number=number, first=first):
            there = find_shard(job.store, spec)
            if there is None:
                yield spec
            else:
                reuse(there.record)

    def retry_specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:
        """Yield the shards with dead letters, those read again; call `reuse` for the others."""
        from service.batch.retry import read_again  # noqa: PLC0415 - it builds on this module

        return read_again(self, job, folder, reuse)

    def items(self, file: int = 0, item: int = 0) -> Iterator[Placed]:
        """Yield every item from the given item of the given file on."""
        files = islice(enumerate(self.files()), file, None)
        return (placed for placed in self.placed(files) if (placed.file, placed.number) >= (file, item))

    def placed(self, files: Iterator[tuple[int, Found]]) -> Iterator[Placed]:
        """Yield the items of numbered files with their places.

        A file is known by its name on the items, for readers may run ahead.
        """
        opened: deque[tuple[int, str]] = deque()

        def opening() -> Iterator[Found]:
            for index, file in files:
                opened.append((index, file.source if isinstance(file, DeadLetter) else shown(file.path)))
                yield file

        current, number = -1, 0
        for item in self.read(opening(), self.options):
            while len(opened) > 1 and opened[0][1] != item.source:
                opened.popleft()
            if opened[0][0] != current:
                current, number = opened[0][0], 0
            yield Placed(item, current, number)
            number += 1


@dataclass(frozen=True, slots=True)
class OnceInputs:
    """Items that come once, such as those of standard input."""

    items: Iterable[Item]
    name: str

    @property
    def why_once(self) -> str | None:
        """Say what cannot be read again."""
        return f"{self.name} cannot be read a second time"

    def describe(self) -> dict[str, object]:
        """Return the name of the stream; a text given as an argument is never written down here."""
        return {"arguments": [self.name]}

    def listing(self, shard_size: int) -> Iterator[Listed]:  # noqa: ARG002 - the parameters are the protocol's
        """Yield the one name; size and hash are not known."""
        yield Listed(self.name, self.name, 0, None)

    def specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:  # noqa: ARG002 - as above
        """Yield every shard."""
        return cut((Placed(item, 0, number) for number, item in enumerate(self.items)), job)

    def retry_specs(self, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:  # noqa: ARG002 - as above
        """Yield nothing: the runner refuses before."""
        yield from ()


def list_file(file: Found) -> Listed:
    """Return a file with its size and hash."""
    if isinstance(file, DeadLetter):
        return Listed(file.source, file.source, 0, None)
    source = shown(file.path)
    try:
        # Reading from a pipe would wait for a writer.
        if not file.path.is_file():
            return Listed(file.label, source, 0, None)
        with file.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return Listed(file.label, source, stream.tell(), digest)
    except OSError:
        return Listed(file.label, source, 0, None)


def _inside(file: Found, folder: Path) -> Found:
    if isinstance(file, DeadLetter) or file.path.resolve().is_relative_to(folder):
        return file
    return DeadLetter(shown(file.path), None, file.label, "unreadable", "a link that leads out of the allowed folder")


def shown(path: Path) -> str:
    """Return a path as items carry it; a file name may hold bytes that are no UTF-8, and JSON cannot carry those."""
    return os.fsencode(path).decode("utf-8", "replace")
