"""Reads again what became dead letters, and nothing else, so that it takes their places in the shards."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise, zip_longest

from service.batch.cutting import MAX_SHARD_CHARACTERS, Job, Placed, Reuse
from service.batch.inputs import FileInputs, Found, Specs, list_file, shown
from service.batch.items import DeadLetter, Item
from service.batch.run_folder import Listed, RunFolder
from service.batch.shards import Held, Row, Shard, ShardRecord, ShardSpec
from service.batch.stores import BatchRefusedError


@dataclass(frozen=True, slots=True)
class _Tally:
    """How many rows a file has, and how many of them are dead letters."""

    file: int
    rows: int
    dead: int


def read_again(inputs: FileInputs, job: Job, folder: RunFolder, reuse: Reuse) -> Specs:
    """Yield the shards with dead letters, those read again; call `reuse` with the record of every other shard.

    A file that gave nothing but dead letters may have been mended since; the listing is written anew with it.

    Raises:
        BatchRefusedError: Another file changed, came or went.
    """
    tallies = {tally.file: tally for tally in _tallies(folder.results().shards()) if tally.dead}
    # Kept from earlier retries: the whole of a mended file stands in the place of its first dead letter, for good.
    mended: set[int] = set(folder.manifest.get("mended", ()))
    inputs_now = folder.write_listing(_relist(inputs, folder, tallies, mended))
    folder.save(inputs=folder.manifest["inputs"] | inputs_now, mended=sorted(mended))
    return _specs(folder.results().shards(), _Rereader(inputs, tallies, mended), job, reuse)


def _specs(shards: Iterable[Shard], reader: "_Rereader", job: Job, reuse: Reuse) -> Specs:
    for record, following in pairwise(chain((shard.record for shard in shards), [None])):
        if record is not None and record.dead:
            yield _again(record, _rows(record, following, reader), job)
        elif record is not None:
            reuse(record)


def _again(record: ShardRecord, rows: Sequence[Row], job: Job) -> ShardSpec:
    return ShardSpec(
        number=record.number,
        first=record.first,
        rows=Held(tuple(rows)),
        stretches=record.stretches,
        run=job.run,
        model=job.model,
        folder=job.folder,
        retry=True,
    )


def _rows(shard: ShardRecord, following: ShardRecord | None, reader: "_Rereader") -> list[Row]:
    rows: list[Row] = [None] * shard.rows
    places = [(stretch.file, stretch.item + i) for stretch in shard.stretches for i in range(stretch.count)]
    after = (following.stretches[0].file, 0) if following else (-1, 0)
    for row in shard.dead_rows:
        file, item = places[row]
        ends = (places[row + 1] if row + 1 < len(places) else after)[0] != file
        rows[row] = reader.read(file, item, ends=ends)
    return rows


class _Rereader:
    """Reads again the files that have dead letters, once and in order; the places asked for only rise."""

    def __init__(self, inputs: FileInputs, dead: Collection[int], mended: Collection[int]) -> None:
        self._mended = mended
        files = ((number, file) for number, file in enumerate(inputs.files()) if number in dead)
        self._items = inputs.placed(files)
        self._next: Placed | None = next(self._items, None)

    def read(self, file: int, item: int, *, ends: bool) -> Row:
        """Return what stands at a place now; None when there is nothing.

        Where a file `ends` with a dead letter its reader may have stopped early: then all that comes after belongs
        here. A mended file is new altogether, and takes the place of its first dead letter.
        """
        if file in self._mended and item:
            return ()
        while self._next is not None and (self._next.file, self._next.number) < (file, item):
            self._next = next(self._items, None)
        if self._next is None or (self._next.file, self._next.number) != (file, item):
            return None
        if file in self._mended:
            # Several even when it is one: what repeats the old document must not be given the analysis of the new one.
            return tuple(self._rest(file))
        found = self._rest(file) if ends else [self._next.item]
        return tuple(found) if len(found) > 1 else found[0]

    def _rest(self, file: int) -> list[Item]:
        items: list[Item] = []
        characters = 0
        while self._next is not None and self._next.file == file:
            items.append(self._next.item)
            characters += 0 if isinstance(items[-1], DeadLetter) else len(items[-1].document.text)
            if characters > MAX_SHARD_CHARACTERS:
                detail = "read again, the file holds more than one shard can take; score it in a run of its own"
                return [DeadLetter(items[0].source, None, None, "too_much_to_retry", detail)]
            self._next = next(self._items, None)
        return items


def _relist(inputs: FileInputs, folder: RunFolder, tallies: Mapping[int, _Tally], mended: set[int]) -> Iterator[Listed]:
    for number, (listed, file) in enumerate(zip_longest(folder.listing(), inputs.files())):
        if listed is None or file is None or listed.source != _source(file):
            name = listed.source if listed is not None else _source(file)
            raise BatchRefusedError(f"cannot retry: files came or went since the run, from {name} on; run anew")
        tally = tallies.get(number)
        now = list_file(file) if tally is not None else listed
        if tally is not None and now != listed:
            if tally.dead < tally.rows:
                detail = f"{listed.source} changed since the run, and not all of it is dead letters"
                raise BatchRefusedError(f"cannot retry: {detail}; run anew")
            mended.add(number)
        yield now


def _source(file: Found | None) -> str:
    if file is None:
        return "the end"
    return file.source if isinstance(file, DeadLetter) else shown(file.path)


def _tallies(shards: Iterable[Shard]) -> Iterator[_Tally]:
    def rows() -> Iterator[tuple[int, bool]]:
        for shard in shards:
            dead, row = set(shard.record.dead_rows), 0
            for stretch in shard.record.stretches:
                for _ in range(stretch.count):
                    yield stretch.file, row in dead
                    row += 1

    for file, group in groupby(rows(), key=lambda row: row[0]):
        total = dead_rows = 0
        for _, is_dead in group:
            total, dead_rows = total + 1, dead_rows + is_dead
        yield _Tally(file, total, dead_rows)
