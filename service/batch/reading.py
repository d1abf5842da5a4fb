"""The reading process: takes file names, gives documents, and may be ended at any moment without harm.

It is started as `python -P -m service.batch.reading` by `service.batch.reader_process`, with its orders on standard
input and its answers on standard output, both as JSON with the length in front.
"""

import mmap
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, BinaryIO

import orjson

from service.batch.extraction import extract_file
from service.batch.found import ReadOptions
from service.batch.limits import ReadLimits
from service.batch.readers import Format
from service.batch.readers.source import Watch
from service.batch.wire import KEEP, RETIRE, Record, encode, to_record

LENGTH_BYTES = 8
BEAT_BYTES = 24
# A message is sent when it holds this many records, or about this many characters.
_RECORDS, _CHARACTERS = 256, 1 << 19
_LOOK_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Read what standard input orders until it ends; return the exit code.

    Args:
        arguments: The number of the descriptor that shows progress, and the options as JSON.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = orjson.loads(arguments[1])
    limits = ReadLimits(**orders["limits"])
    options = ReadOptions(**orders["options"] | {"metadata_fields": tuple(orders["options"]["metadata_fields"])})
    module, _, name = orders["readers"].partition(":")
    readers: Mapping[str, Format] = getattr(import_module(module), name)
    beat = memoryview(mmap.mmap(int(arguments[0]), BEAT_BYTES)).cast("Q")
    watched = (beat, limits.stall_seconds, os.getppid())
    threading.Thread(target=_keep_alive, args=watched, daemon=True).start()
    _limit_resources(limits)
    # Nothing that a library prints may get between the answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    _Reading(answers, options, limits, readers, beat).run(sys.stdin.buffer)
    return 0


def frames(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of a stream until it ends."""
    while len(length := stream.read(LENGTH_BYTES)) == LENGTH_BYTES:
        yield stream.read(int.from_bytes(length, "big"))


def framed(payload: bytes) -> bytes:
    """Return a message with its length in front."""
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


class _Reading:
    def __init__(
        self, answers: Any, options: ReadOptions, limits: ReadLimits, readers: Mapping[str, Format], beat: "memoryview"
    ) -> None:
        self._answers, self._options, self._limits = answers, options, limits
        self._readers, self._beat = readers, beat
        self._held: list[Record] = []
        self._characters = 0

    def run(self, orders: BinaryIO) -> None:
        """Answer every order: a list of files to read, one after another."""
        self._send([])
        for order in frames(orders):
            for number, file in enumerate(orjson.loads(order)):
                self._beat[1], self._beat[2] = 0, number
                if self._read(file):
                    return
            self._flush()

    def _read(self, file: Mapping[str, Any]) -> bool:
        """Read one file, without what was delivered before; return whether this process has had its day."""
        broken = {int(key): tuple(why) for key, why in file["broken"].items()}
        watch = Watch(self._limits, self._beat, broken, last=file["last"])
        items = extract_file(
            os.fsdecode(bytes.fromhex(file["path"])), file["label"], options=self._options, watch=watch,
            readers=self._readers,
        )  # fmt: skip
        for number, (item, size) in enumerate(items):
            if number >= file["delivered"]:
                self._add(to_record(item, size))
                # Waiting for the parent to take a message is no time of the next document.
                watch.moved()
        worn = watch.exhausted or self._is_large()
        self._add(RETIRE if worn else KEEP)
        if worn:
            self._flush()
        return worn

    def _is_large(self) -> bool:
        # What a library has not given back by now, it will not give back.
        allowed = self._limits.memory_bytes
        return bool(allowed) and _memory(resident=True) > allowed // 2

    def _add(self, record: Record) -> None:
        self._held.append(record)
        self._characters += len(record[1]) if isinstance(record[1], str) else 0
        if len(self._held) >= _RECORDS or self._characters >= _CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._send(self._held)
        self._held, self._characters = [], 0

    def _send(self, records: list[Record]) -> None:
        view = memoryview(framed(encode(records)))
        while view:
            view = view[self._answers.write(view) :]


def _limit_resources(limits: ReadLimits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.spool_bytes + 2**20, limits.spool_bytes + 2**20))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # The allocator of pyarrow sets aside address space that counts as memory here.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    if limits.memory_bytes:
        allowed = _memory(resident=False) + limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def _memory(*, resident: bool) -> int:
    """Return the bytes of memory, or of address space, that this process takes; an estimate where Linux is not."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - a file of the system, not of the input
            return int(file.read().split()[resident]) * resource.getpagesize()
    except OSError:
        return 0 if resident else 256 * 2**20


def _keep_alive(beat: "memoryview", seconds: float, parent: int) -> None:
    """End this process when its parent is no more; else wind the timer up again for as long as there is progress.

    It is the kernel that ends the process, after so much processor time without progress: a library that hangs may
    never let a thread run again. The default of the timer's signal is to end the process.
    """
    seen = -1
    while os.getppid() == parent:
        if beat[0] != seen:
            seen = beat[0]
            signal.setitimer(signal.ITIMER_PROF, seconds)
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
