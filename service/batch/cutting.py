"""Cuts items into shards by their order and size alone, so that any engine, at any time, cuts them alike."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field

from service.batch.extensions import Deduplicator
from service.batch.items import DeadLetter, Item
from service.batch.shards import Held, Linked, Row, ShardRecord, ShardSpec, Stretch
from service.batch.stores import Store

SHARD_SIZE = 256
# A shard is held in memory; long documents fill it before its number of documents is reached. Code points.
MAX_SHARD_CHARACTERS = 8_000_000

Reuse = Callable[[ShardRecord], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What all shards of one run share.

    Attributes:
        store: The folder that holds output and run folder.
        folder: The run folder's name in it.
        run: Digest of the run's identity.
        model: SHA-256 of the model.
        shard_size: Most documents of a shard.
        deduplicator: Finds repeated documents, or None.
    """

    store: Store
    folder: str
    run: str
    model: str
    shard_size: int = SHARD_SIZE
    deduplicator: Deduplicator | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An item and its place: the number of its file in the listing, and its number in the file, both from 0."""

    item: Item
    file: int
    number: int


@dataclass(slots=True)
class _Open:
    """A shard that is being filled."""

    rows: list[Row] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    characters: int = 0

    def add(self, row: Row, placed: Placed) -> None:
        self.rows.append(row)
        self.characters += 0 if isinstance(placed.item, DeadLetter) else len(placed.item.document.text)
        last = self.stretches[-1] if self.stretches else None
        if last is not None and (last.file, last.item + last.count) == (placed.file, placed.number):
            self.stretches[-1] = Stretch(last.file, last.item, last.count + 1)
        else:
            self.stretches.append(Stretch(placed.file, placed.number, 1))


def cut(items: Iterable[Placed], job: Job, *, number: int = 0, first: int = 0) -> Generator[ShardSpec, None, None]:
    """Yield the shards of the items; one holds `job.shard_size` rows, or fewer where their texts are long.

    Args:
        items: What was read, from the first row of shard `number` on.
        job: What the shards share.
        number: The first shard's number.
        first: The number of its first row in the whole input.
    """
    shard = _Open()
    for placed in items:
        shard.add(_row(placed.item, first + len(shard.rows), job.deduplicator), placed)
        if len(shard.rows) >= job.shard_size or shard.characters >= MAX_SHARD_CHARACTERS:
            yield _close(shard, job, number, first)
            number, first, shard = number + 1, first + len(shard.rows), _Open()
    if shard.rows:
        yield _close(shard, job, number, first)


def _row(item: Item, number: int, deduplicator: Deduplicator | None) -> Row:
    if deduplicator is None or isinstance(item, DeadLetter):
        return item
    link = deduplicator.assign(item.document, number)
    return item if link is None else Linked(item, link)


def _close(shard: _Open, job: Job, number: int, first: int) -> ShardSpec:
    return ShardSpec(
        number=number,
        first=first,
        rows=Held(tuple(shard.rows)),
        stretches=tuple(shard.stretches),
        run=job.run,
        model=job.model,
        folder=job.folder,
    )
