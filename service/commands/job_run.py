"""The process of a job over HTTP: `tellsign score` over its input; progress and end are files in the job's folder.

It is started as `python -P -m service.commands.job_run FOLDER ORDERS` by `service.batch.jobs_process`. It ends with its
standard input, so that it never outlives the service that started it.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import orjson

from classifier.errors import TellsignError
from service.batch.items import ReadOptions
from service.batch.jobs_records import INPUT, OUTCOME, PROGRESS, JobRecord, read_record
from service.commands.exits import REFUSED, Refused, UsageProblem
from service.commands.ports import Ports
from service.commands.progress import Silence
from service.commands.score_request import Request
from service.commands.score_run import run

# Seconds between two notes of progress.
_INTERVAL = 0.5


class NotedProgress(Silence):
    """Notes the count of documents, their bytes, and the speed, in a file that the service reads."""

    def __init__(self, path: Path, total: int | None) -> None:
        """Note that nothing is done yet."""
        super().__init__(total)
        self._path, self._total = path, total
        self._start = self._last = time.monotonic()
        self._documents = self._size = self._reused = 0
        self._note()
        # The first shard is always noted: whoever waits sees that something happens.
        self._last -= _INTERVAL

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        """Count finished documents and the bytes of input they took up."""
        self._documents, self._size = self._documents + documents, self._size + size
        self._reused += documents if reused else 0
        if time.monotonic() - self._last >= _INTERVAL:
            self._note()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Note the last count."""
        self._note()

    def _note(self) -> None:
        self._last = time.monotonic()
        elapsed = self._last - self._start
        speed = (self._documents - self._reused) / elapsed if elapsed else 0.0
        values = {"documents": self._documents, "bytes": self._size, "total_bytes": self._total, "speed": speed}
        _put(self._path, values)


def main(arguments: Sequence[str], ports: Ports | None = None) -> int:
    """Run the job and return the exit code of `tellsign score`.

    Args:
        arguments: The job's folder, and as JSON the `model` folder (or null), `workers` and `niceness`.
        ports: The doors out of the command line; by default the real ones.
    """
    threading.Thread(target=_end_with_input, daemon=True).start()
    folder, orders = Path(arguments[0]).absolute(), orjson.loads(arguments[1])
    os.nice(orders["niceness"])
    record = read_record(folder)
    if record is None:
        return REFUSED
    if record.source == "upload":
        # Its documents are called by the name of the file, and nothing names a folder of the service.
        os.chdir(folder / INPUT)
    model = None if orders["model"] is None else Path(orders["model"])
    noted = replace(ports or Ports(), progress=lambda total: NotedProgress(folder / PROGRESS, total))
    code, reason = _score(_request(folder, record, model, orders["workers"]), noted)
    _put(folder / OUTCOME, {"code": code, "reason": reason})
    return code


def _score(request: Request, ports: Ports) -> tuple[int, str | None]:
    try:
        return run(request, ports), None
    except (Refused, UsageProblem) as error:
        return REFUSED, error.format_message()
    except TellsignError as error:
        return REFUSED, str(error)
    except OSError as error:
        return REFUSED, error.strerror or type(error).__name__


def _request(folder: Path, record: JobRecord, model: Path | None, workers: int) -> Request:
    options = record.options
    return Request(
        inputs=(record.name,),
        options=ReadOptions(
            options.text_field, options.id_field, options.language, metadata_fields=options.metadata_fields
        ),
        output=str(folder / record.output),
        # It begins where nothing was begun.
        mode="resume",
        quiet=True,
        model=model,
        tier=options.tier,
        jobs=workers,
        dedupe=options.dedupe,
        within=None if record.root is None else Path(record.root),
    )


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _put(path: Path, values: Mapping[str, object]) -> None:
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_bytes(orjson.dumps(values))
    draft.replace(path)


if __name__ == "__main__":
    # All is on the disk; to take the interpreter apart takes longer than a small job does.
    os._exit(main(sys.argv[1:]))
