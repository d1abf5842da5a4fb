"""The jobs that are kept: their records in memory and on disk, and the files of each; no process is started here."""

import fcntl
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from service.batch.jobs_records import (
    ENDED,
    INPUT,
    OUTCOME,
    PROGRESS,
    RUN_FOLDER,
    JobError,
    JobRecord,
    JobState,
    bytes_in,
    read_records,
    read_values,
    save_record,
)
from service.settings import SettingsError


class KeptJobs:
    """All jobs of one folder, which one service has for itself while it is open.

    Attributes:
        folder: Where they are; each has a folder of its own there.
        records: By id.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read yet."""
        self.folder = folder.absolute()
        self.records: dict[str, JobRecord] = {}
        self._lock: IO[bytes] | None = None

    def open(self) -> None:
        """Make the folder where it is missing, keep others out, and read what is there.

        Raises:
            SettingsError: The folder cannot be used, or another service uses it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise SettingsError("TELLSIGN_JOBS_FOLDER: another service uses this folder; give each its own") from None
        except OSError as error:
            raise SettingsError(f"TELLSIGN_JOBS_FOLDER: the folder cannot be used: {error.strerror}") from None
        self.records = {record.id: record for record in read_records(self.folder)}

    def close(self) -> None:
        """Let others use the folder."""
        if self._lock is not None:
            self._lock.close()

    def owned(self, owner: str | None) -> list[JobRecord]:
        """Return the jobs of an owner, or all with None, newest first."""
        found = [record for record in list(self.records.values()) if owner in {None, record.owner}]
        return sorted(found, key=lambda record: record.created, reverse=True)

    def find(self, job_id: str, owner: str | None) -> JobRecord:
        """Return a job.

        Raises:
            JobError: `not_found`: there is none, or it is somebody else's.
        """
        record = self.records.get(job_id)
        if record is None or owner not in {None, record.owner}:
            raise JobError("not_found", "There is no such job")
        return record

    def add(self, record: JobRecord) -> None:
        """Keep a job whose folder is there."""
        save_record(self.place(record), record)
        self.records[record.id] = record

    def move(self, record: JobRecord, state: JobState) -> None:
        """Note that a job has come to another state."""
        record.state = state
        record.ended = datetime.now(UTC) if state in ENDED else None
        save_record(self.place(record), record)

    def erase(self, record: JobRecord) -> None:
        """Remove the files of a job."""
        shutil.rmtree(self.place(record), ignore_errors=True)

    def tidy(self, record: JobRecord) -> None:
        """Remove the upload and the shards of a finished job: nothing is kept that nobody can ask for."""
        for path in (self.place(record) / INPUT, self.place(record) / RUN_FOLDER / "shards"):
            shutil.rmtree(path, ignore_errors=True)

    def place(self, record: JobRecord) -> Path:
        """Return the folder of a job."""
        return self.folder / record.id

    def file(self, record: JobRecord, name: str) -> Path:
        """Return the path of a file of a finished job.

        Raises:
            JobError: `not_found`, or `conflict`: the job is not finished.
        """
        if record.state != "finished":
            raise JobError("conflict", f"The job is {record.state}; files are there once it is finished")
        path = self.place(record) / record.files[name]
        if not path.is_file():
            raise JobError("not_found", f"The job has no {name}")
        return path

    def files(self, record: JobRecord) -> list[str]:
        """Return the names of the files that can be downloaded."""
        if record.state != "finished":
            return []
        return [name for name, path in record.files.items() if (self.place(record) / path).is_file()]

    def progress(self, record: JobRecord) -> dict[str, Any]:
        """Return what the job's process noted last; empty before it did."""
        return read_values(self.place(record) / PROGRESS)

    def counts(self, record: JobRecord) -> dict[str, int]:
        """Return what became of the documents; empty while the job is not finished."""
        manifest = read_values(self.place(record) / RUN_FOLDER / "manifest.json")
        return dict(manifest.get("counts", {})) if record.state == "finished" else {}

    def outcome(self, record: JobRecord) -> dict[str, Any]:
        """Return how the job's process said that it ended; empty when it did not."""
        return read_values(self.place(record) / OUTCOME)

    def forget_outcome(self, record: JobRecord) -> None:
        """Remove what an earlier process said, before another one starts."""
        (self.place(record) / OUTCOME).unlink(missing_ok=True)

    def room(self, most: int, promised: int) -> int:
        """Return how many bytes there is room for.

        Args:
            most: All files of all jobs together.
            promised: Bytes of uploads under way.
        """
        return min(most - bytes_in(self.folder) - promised, shutil.disk_usage(self.folder).free)
