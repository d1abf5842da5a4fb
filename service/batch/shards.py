"""The contract of every engine: `score_shard(spec)` puts one file in place, and doing it twice changes nothing.

A shard is a JSON Lines file. Each row is the outcome of one item of the input, in input order:
`{"analysis": …}`, `{"dead": …}`, `{"link": …}` for a repeated document, or `{"several": […]}` where reading again found
more than one document in place of a dead letter. The last line, `{"shard": …}`, is the record: counts, where the rows
come from, and the SHA-256 of all lines before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import orjson

from service.batch.extensions import Link
from service.batch.items import DeadLetter, Incoming, Item
from service.batch.provenance import add_provenance, provenance
from service.batch.scoring import Outcome, Rejection, Scorer, score_documents
from service.batch.stores import BatchRefusedError, Store

ANALYSIS, DEAD, LINK, SEVERAL = b'{"analysis":', b'{"dead":', b'{"link":', b'{"several":['
_RECORD = b'{"shard":'


@dataclass(frozen=True, slots=True)
class Linked:
    """A document that repeats an earlier one."""

    item: Incoming
    link: Link


# Several items take one row when they replace what was a dead letter; None keeps a row as it is.
Row = Item | Linked | tuple[Item, ...] | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that follow each other in one input file: its number in the listing, the first item, and how many."""

    file: int
    item: int
    count: int


class Rows(Protocol):
    """Where the rows of a shard come from; goes to other processes."""

    def read(self) -> Sequence[Row]:
        """Return them, in order."""


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that were read already."""

    rows: tuple[Row, ...]

    def read(self) -> Sequence[Row]:
        """Return them, in order."""
        return self.rows


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """Everything that scoring a shard needs, in any process on any machine.

    Attributes:
        number: Its place among the shards, from 0.
        first: The number of its first row in the whole input.
        rows: What to score.
        stretches: The places that the rows come from.
        run: Digest of the run's identity; a shard of another run is never taken for one of this.
        model: SHA-256 of the model that has to score it.
        folder: The run folder's name in the store.
        retry: Score dead letters again and keep the other rows of the shard that is there.
    """

    number: int
    first: int
    rows: Rows
    stretches: tuple[Stretch, ...]
    run: str
    model: str
    folder: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What the last line of a shard says of it.

    Attributes:
        number: Its place among the shards, from 0.
        first: The number of its first row in the whole input.
        rows: Number of rows.
        analysed: Documents with an analysis of their own.
        linked: Documents that repeat an earlier one.
        dead: Dead letters.
        dead_rows: The rows that hold dead letters, counted from 0.
        size: Bytes of input the rows took up.
        stretches: The places that the rows come from.
        run: Digest of the run's identity.
        sha256: Of all lines before the record.
    """

    number: int
    first: int
    rows: int
    analysed: int
    linked: int
    dead: int
    dead_rows: tuple[int, ...]
    size: int
    stretches: tuple[Stretch, ...]
    run: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What scoring a shard gives back: its record, and whether it was there and nothing had to be done."""

    record: ShardRecord
    reused: bool


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard that was read and found intact: its record and its rows."""

    record: ShardRecord
    rows: tuple[bytes, ...]


def shard_name(folder: str, number: int) -> str:
    """Return the name of a shard in the store; a thousand to a folder."""
    return f"{folder}/shards/{number // 1000:03}/{number:06}.jsonl"


def score_shard(spec: ShardSpec, *, scorer: Scorer, store: Store) -> ShardResult:
    """Score the rows of a shard and put its file in place, or find it there, intact, and do nothing.

    Raises:
        BatchRefusedError: The analyzer is not the one of the run.
        OSError: The shard cannot be written; no part of it is there then.
    """
    if scorer.info.sha256 != spec.model:
        detail = f"a worker loaded the model with sha256 {scorer.info.sha256}; the run is with {spec.model}"
        raise BatchRefusedError(detail)
    there = find_shard(store, spec)
    if there is not None and not (spec.retry and there.record.dead):
        return ShardResult(there.record, reused=True)
    content, record = _encode(spec, _score(spec.rows.read(), scorer, there.rows if there else None))
    store.write(shard_name(spec.folder, spec.number), content)
    return ShardResult(record, reused=False)


def find_shard(store: Store, spec: ShardSpec) -> Shard | None:
    """Return the shard of a spec when it is there, intact, of this run and of the same rows."""
    shard = read_shard(store, spec.folder, spec.number, run=spec.run)
    same = shard is not None and (shard.record.first, shard.record.stretches) == (spec.first, spec.stretches)
    return shard if same else None


def read_shard(store: Store, folder: str, number: int, *, run: str) -> Shard | None:
    """Return a shard when it is there, intact and of this run."""
    try:
        content = store.read(shard_name(folder, number))
    except FileNotFoundError:
        return None
    end = content.rfind(b"\n", 0, -1) + 1
    record = _read_record(content[end:])
    if record is None or (record.run, record.number) != (run, number):
        return None
    if sha256(memoryview(content)[:end]).hexdigest() != record.sha256:
        return None
    return Shard(record, tuple(content[:end].splitlines()))


def split_row(row: bytes) -> Iterator[bytes]:
    """Yield the rows inside a `several` row, or the row itself."""
    if row.startswith(SEVERAL):
        for one in orjson.loads(row)["several"]:
            yield orjson.dumps(one)
    else:
        yield row


def _read_record(line: bytes) -> ShardRecord | None:
    try:
        fields: dict[str, Any] = orjson.loads(line)["shard"]
        stretches = tuple(Stretch(*stretch) for stretch in fields.pop("stretches"))
        dead_rows = tuple(fields.pop("dead_rows"))
        return ShardRecord(**fields, stretches=stretches, dead_rows=dead_rows)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class _Done:
    """One encoded row, the input it took up, and what it holds."""

    line: bytes = field(repr=False)
    size: int
    analysed: int = 0
    linked: int = 0
    dead: int = 0


def _score(rows: Sequence[Row], scorer: Scorer, before: Sequence[bytes] | None) -> list[_Done]:
    kept: list[bytes | None] = [None] * len(rows)
    if before is not None:
        kept = [line if row is None or not _has_dead(line) else None for row, line in zip(rows, before, strict=True)]
    to_score = [item for row, line in zip(rows, kept, strict=True) if line is None for item in _incoming(row)]
    outcomes = iter(score_documents(scorer, [item.document for item in to_score]))
    return [_keep(line) if line is not None else _finish(row, outcomes) for row, line in zip(rows, kept, strict=True)]


def _incoming(row: Row) -> Iterator[Incoming]:
    for one in row if isinstance(row, tuple) else (row,):
        if isinstance(one, Incoming):
            yield one


def _has_dead(line: bytes) -> bool:
    return any(row.startswith(DEAD) for row in split_row(line))


def _keep(line: bytes) -> _Done:
    rows = list(split_row(line))
    analysed, dead = (sum(row.startswith(kind) for row in rows) for kind in (ANALYSIS, DEAD))
    return _Done(line, 0, analysed=analysed, linked=int(line.startswith(LINK)), dead=dead)


def _finish(row: Row, outcomes: Iterator[Outcome]) -> _Done:
    if row is None:
        raise ValueError("a row to keep is not there")
    if isinstance(row, tuple):
        parts = [_finish(one, outcomes) for one in row]
        line = SEVERAL + b",".join(part.line for part in parts) + b"]}"
        return _Done(line, sum(p.size for p in parts), sum(p.analysed for p in parts), 0, sum(p.dead for p in parts))
    if isinstance(row, Linked):
        return _Done(LINK + _link(row) + b"}", row.item.size, linked=1)
    result = row if isinstance(row, DeadLetter) else resolve(row, next(outcomes))
    if isinstance(result, DeadLetter):
        return _Done(DEAD + result.to_json() + b"}", row.size, dead=1)
    return _Done(ANALYSIS + result + b"}", row.size, analysed=1)


def resolve(item: Incoming, outcome: Outcome) -> bytes | DeadLetter:
    """Return the analysis of an item with where it came from, or its dead letter."""
    if isinstance(outcome, Rejection):
        return item.reject(outcome.code, outcome.detail)
    return add_provenance(item, outcome)


def _link(row: Linked) -> bytes:
    letter = orjson.loads(row.item.reject("", "").to_json())
    link = row.link
    fields: dict[str, Any] = {"number": link.number, "to": link.id, "similarity": link.similarity}
    if link.blocks is not None:
        fields |= {"characters": link.characters, "blocks": link.blocks}
    if row.item.parts:
        fields["parts"] = [(part.name, part.start) for part in row.item.parts]
    return orjson.dumps(fields | {"letter": letter, "more": provenance(row.item)})


def _encode(spec: ShardSpec, done: Sequence[_Done]) -> tuple[bytes, ShardRecord]:
    body = b"".join(row.line + b"\n" for row in done)
    record = ShardRecord(
        number=spec.number,
        first=spec.first,
        rows=len(done),
        analysed=sum(row.analysed for row in done),
        linked=sum(row.linked for row in done),
        dead=sum(row.dead for row in done),
        dead_rows=tuple(number for number, row in enumerate(done) if row.dead),
        size=sum(row.size for row in done),
        stretches=spec.stretches,
        run=spec.run,
        sha256=sha256(body).hexdigest(),
    )
    fields = asdict(record) | {"stretches": [(s.file, s.item, s.count) for s in record.stretches]}
    return body + _RECORD + orjson.dumps(fields) + b"}\n", record
