"""The results of a run in input order, out of its shards: repeated documents get the analysis they point to."""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from service.batch.carrying import carry_analysis
from service.batch.shards import ANALYSIS, DEAD, LINK, SEVERAL, Shard, read_shard, shard_name, split_row
from service.batch.stores import BatchRefusedError, Store

# Rows of which the place is remembered, to find earlier documents without reading their shards again.
_REMEMBERED = 2_000_000
_REPLACED = "repeats a document whose file was read again since, and may be another one now; score it in a new run"


@dataclass(frozen=True, slots=True)
class Result:
    """One outcome: an analysis as it stands in the output, or a dead letter, as JSON."""

    line: bytes = field(repr=False)
    dead: bool = False
    duplicate: bool = False


class Results:
    """Reads the shards of one run, one at a time."""

    def __init__(self, store: Store, folder: str, *, run: str, shards: int) -> None:
        """Name the shards; nothing is read yet.

        Args:
            store: Where the run is.
            folder: The run folder's name in it.
            run: Digest of the run's identity.
            shards: How many shards the run has.
        """
        self._store, self._folder, self._run, self._shards = store, folder, run, shards
        self._firsts: array[int] = array("Q")
        self._offsets: OrderedDict[int, array[int]] = OrderedDict()
        self._remembered = 0

    def __iter__(self) -> Iterator[Result]:
        """Yield every result.

        Raises:
            BatchRefusedError: A shard is not there or not intact.
        """
        for shard in self.shards():
            for row in shard.rows:
                for one in split_row(row):
                    yield self._resolve(one)

    def shards(self) -> Iterator[Shard]:
        """Yield every shard.

        Raises:
            BatchRefusedError: A shard is not there or not intact.
        """
        for number in range(self._shards):
            shard = self._read(number)
            if number == len(self._firsts):
                self._firsts.append(shard.record.first)
            # Most runs have no repeated documents.
            if self._offsets:
                self._remember(shard)
            yield shard

    def _read(self, number: int) -> Shard:
        shard = read_shard(self._store, self._folder, number, run=self._run)
        if shard is None:
            name = shard_name(self._folder, number)
            raise BatchRefusedError(f"the shard {name} is damaged or gone; repeat the command with --resume")
        return shard

    def _remember(self, shard: Shard) -> None:
        offsets = array("Q", [0])
        for row in shard.rows:
            offsets.append(offsets[-1] + len(row) + 1)
        self._offsets[shard.record.number] = offsets
        self._remembered += len(offsets)
        while self._remembered > _REMEMBERED and len(self._offsets) > 1:
            _, forgotten = self._offsets.popitem(last=False)
            self._remembered -= len(forgotten)

    def _resolve(self, row: bytes) -> Result:
        if row.startswith(ANALYSIS):
            return Result(row[len(ANALYSIS) : -1])
        if row.startswith(DEAD):
            return Result(row[len(DEAD) : -1], dead=True)
        link = orjson.loads(row)["link"]
        return _carry_over(link, self._earlier(link["number"]))

    def _earlier(self, number: int) -> Result:
        """Return the result of an earlier document by its number in the input."""
        row = self._row(number)
        if row.startswith(LINK):
            raise BatchRefusedError(f"document {number} is linked to, and repeats another one itself")
        if row.startswith(SEVERAL):
            return Result(orjson.dumps({"code": "repeats_replaced", "detail": _REPLACED}), dead=True)
        return self._resolve(row)

    def _row(self, number: int) -> bytes:
        shard = bisect_right(self._firsts, number) - 1
        if shard not in self._offsets:
            self._remember(self._read(shard))
        self._offsets.move_to_end(shard)
        offsets, place = self._offsets[shard], number - self._firsts[shard]
        name = shard_name(self._folder, shard)
        return self._store.read(name, offsets[place], offsets[place + 1] - 1)


def _carry_over(link: dict[str, Any], earlier: Result) -> Result:
    """Give a repeated document the analysis, or the reason for none, of the one it repeats."""
    if earlier.dead:
        reason = orjson.loads(earlier.line)
        letter = link["letter"] | {"code": reason["code"], "detail": reason["detail"]}
        return Result(orjson.dumps(letter), dead=True)
    analysis = carry_analysis(orjson.loads(earlier.line), link)
    return Result(orjson.dumps(analysis | {"id": link["letter"]["id"]} | link["more"]), duplicate=True)
