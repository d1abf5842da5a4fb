"""What is known of a job, in one file of its folder: it outlives the service and is all that a restart needs."""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from classifier.document import Tier
from service.batch.stores import AtomicFile

JobState = Literal["waiting", "running", "finished", "failed", "cancelled"]
OutputFormat = Literal["jsonl", "csv", "parquet"]

ENDED: frozenset[JobState] = frozenset({"finished", "failed", "cancelled"})
RECORD, PROGRESS, OUTCOME, INPUT = "job.json", "progress.json", "outcome.json", "input"
OUTPUT_STEM = "results"
RUN_FOLDER = f"{OUTPUT_STEM}.run"
# Uploads that are not whole yet have no other name.
UNFINISHED = ".upload-"


class JobError(Exception):
    """A job cannot be started, changed or shown.

    Attributes:
        code: One of the problem codes of `service.problems`.
        retry_seconds: After how long to try again, or None.
    """

    def __init__(self, code: str, detail: str, *, retry_seconds: int | None = None) -> None:
        """Keep the code beside the sentence for people."""
        super().__init__(detail)
        self.code, self.retry_seconds = code, retry_seconds


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job reads and what it writes; the options of `tellsign score` of the same names."""

    format: OutputFormat = "jsonl"
    tier: Tier | None = None
    language: str | None = None
    text_field: str = "text"
    id_field: str = "id"
    metadata_fields: tuple[str, ...] = ()
    dedupe: bool = True


@dataclass(slots=True)
class JobRecord:
    """One job.

    Attributes:
        id: Unguessable; also the name of its folder.
        owner: Who started it: a user, a key, or `local` where nobody is asked.
        source: `upload`, or `path` for files of this machine.
        name: The uploaded file's name, or the path as asked for.
        options: How it reads.
        state: How far it is.
        created: When it was started, UTC.
        began: When it ran first.
        ended: When it came to its end.
        starts: How often its process was started since somebody asked for it.
        reason: Why it failed; a sentence without document text.
        code: How its process ended: 0 all done, 1 with dead letters, 3 refused; None where it did not say.
        root: For a path, the allowed folder that holds it; links that lead out of it are not followed.
    """

    id: str
    owner: str
    source: Literal["upload", "path"]
    name: str
    options: JobOptions
    state: JobState = "waiting"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: datetime | None = None
    ended: datetime | None = None
    starts: int = 0
    reason: str | None = None
    code: int | None = None
    root: str | None = None

    @property
    def output(self) -> str:
        """The name of its output file."""
        return f"{OUTPUT_STEM}.{self.options.format}"

    @property
    def files(self) -> Mapping[str, str]:
        """What can be downloaded, by the name it is asked for: the path inside the job's folder."""
        return {
            "results": self.output,
            "dead-letters": f"{OUTPUT_STEM}.dead.jsonl",
            "clusters": f"{RUN_FOLDER}/clusters.jsonl",
            "report": f"{RUN_FOLDER}/report.html",
            "manifest": f"{RUN_FOLDER}/manifest.json",
        }


def new_id() -> str:
    """Return an id that nobody can guess: 120 random bits."""
    return secrets.token_hex(15)


def save_record(folder: Path, record: JobRecord) -> None:
    """Put the record in place, whole.

    Raises:
        OSError: It cannot be written.
    """
    file = AtomicFile(folder / RECORD)
    try:
        file.stream.write(orjson.dumps(asdict(record), option=orjson.OPT_INDENT_2))
        file.commit()
    finally:
        file.discard()


def read_record(folder: Path) -> JobRecord | None:
    """Return the record of a job's folder; None where there is none, or none that can be read."""
    try:
        fields: dict[str, Any] = orjson.loads((folder / RECORD).read_bytes())
        options = fields.pop("options")
        chosen = JobOptions(**options | {"metadata_fields": tuple(options["metadata_fields"])})
        moments = {name: _moment(fields.pop(name)) for name in ("created", "began", "ended")}
        record = JobRecord(**(fields | moments), options=chosen)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if record.id == folder.name else None


def read_records(folder: Path) -> Iterator[JobRecord]:
    """Yield the records of all jobs, oldest first, and remove what uploads that never ended left."""
    found = []
    for path in folder.iterdir():
        if path.name.startswith(UNFINISHED):
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir() and (record := read_record(path)) is not None:
            found.append(record)
    yield from sorted(found, key=lambda record: record.created)


def read_values(path: Path) -> dict[str, Any]:
    """Return a JSON object that the job's process writes; empty where it is not there."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def bytes_in(folder: Path) -> int:
    """Return the bytes that all files of a folder take."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            # It was a temporary file of a run that goes on.
            continue
    return total


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
