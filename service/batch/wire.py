"""Items as plain lists, the way they come out of the reading process: nothing that it sends is ever unpickled."""

from collections.abc import Sequence
from typing import Any

import orjson

from service.batch.found import DeadLetter, Found
from service.batch.readers.source import clean

DOCUMENT, LETTER, END = 0, 1, 2
Record = Sequence[Any]
# What ends a file: whether the process should make room for a fresh one.
KEEP, RETIRE = (END, False), (END, True)


def to_record(item: Found, size: int) -> Record:
    """Return the item as a list of what JSON can carry."""
    if isinstance(item, DeadLetter):
        return LETTER, item.line, item.id, item.code, item.detail, size, item.member
    parts = [(part.name, part.start) for part in item.parts]
    place = (item.line, size, item.member, item.sheet, parts, item.charset)
    return DOCUMENT, item.text, item.id, item.language, item.metadata, *place


def is_end(record: Record) -> bool:
    """Whether the record ends a file."""
    return bool(record[0] == END)


def retires(record: Record) -> bool:
    """Whether the process that sent this end of a file makes room for a fresh one."""
    return bool(record[1])


def encode(records: Sequence[Record]) -> bytes:
    """Return the records as JSON, what UTF-8 cannot carry replaced."""
    try:
        return orjson.dumps(records)
    except TypeError:
        return orjson.dumps([_cleaned(record) for record in records])


def decode(payload: bytes) -> list[Record]:
    """Return the records of `encode`."""
    records: list[Record] = orjson.loads(payload)
    return records


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): _cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    # Integers beyond 64 bits.
    return value if value is None or isinstance(value, bool | float) else _number(value)


def _number(value: Any) -> Any:
    return value if isinstance(value, int) and -(2**63) <= value < 2**64 else str(value)
