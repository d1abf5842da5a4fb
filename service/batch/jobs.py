"""Jobs over HTTP: run one after another in processes of their own, and taken up again after a restart.

READ FIRST of the `jobs` files. Every method may be called from any thread.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from service.batch.jobs_inputs import Upload, allowed_path, safe_name
from service.batch.jobs_kept import KeptJobs
from service.batch.jobs_process import STARTS, JobProcess, Launch
from service.batch.jobs_records import ENDED, INPUT, UNFINISHED, JobError, JobOptions, JobRecord, new_id
from service.batch.jobs_settings import JobsSettings

# Seconds between two looks for jobs whose days are over.
_SWEEP = 600.0


class Jobs:
    """The jobs of one service; `start` and `stop` frame its life.

    Attributes:
        settings: Limits.
        kept: What is known of the jobs, and their files.
    """

    def __init__(self, settings: JobsSettings, folder: Path, launch: Launch) -> None:
        """Name the folder; nothing is read yet.

        Args:
            settings: Limits.
            folder: Where jobs are kept.
            launch: How a job's process is started.
        """
        self.settings, self.kept = settings, KeptJobs(folder)
        self._launch = launch
        self._lock = threading.RLock()
        self._running: dict[str, JobProcess] = {}
        # Bytes that were promised to uploads under way.
        self._uploads: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        """Read what is kept and go on with what was interrupted.

        Raises:
            SettingsError: The folder cannot be used, or another service uses it.
        """
        self._stopping.clear()
        with self._lock:
            self.kept.open()
            for record in self.kept.records.values():
                if record.state == "running":
                    self.kept.move(record, "waiting")
            self._fill()
        self._spawn(self._sweep_now_and_then)

    def stop(self) -> None:
        """End the processes; what they were at is taken up when the service starts again."""
        self._stopping.set()
        with self._lock:
            for process in self._running.values():
                process.end()
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self.kept.close()

    def add_path(self, owner: str, path: str, options: JobOptions) -> JobRecord:
        """Start a job over files of this machine.

        Raises:
            JobError: `not_allowed`, `not_found`, `overloaded` or `not_ready`.
        """
        resolved, root = allowed_path(path, self.settings.root_paths)
        with self._lock:
            self._check_room()
            record = JobRecord(new_id(), owner, "path", str(resolved), options, root=str(root))
            self.kept.place(record).mkdir(mode=0o700)
            self._add(record)
        return record

    @contextmanager
    def receive(self, owner: str, name: str, options: JobOptions) -> Iterator[Upload]:
        """Give what takes an upload; when the block ends well it is a job, as `Upload.record`, else nothing is left.

        Raises:
            JobError: `overloaded`, `not_ready`, `jobs_full`, or `body_too_large` while it is written.
        """
        record = JobRecord(new_id(), owner, "upload", safe_name(name), options)
        hidden = self.kept.folder / f"{UNFINISHED}{record.id}"
        with self._lock:
            self._check_room()
            room = self.kept.room(self.settings.kept_bytes, sum(self._uploads.values()))
            self._uploads[record.id] = min(room, self.settings.upload_bytes)
        try:
            with Upload(hidden / INPUT, record, most=self.settings.upload_bytes, room=room) as upload:
                yield upload
            with self._lock:
                hidden.rename(self.kept.place(record))
                self._add(record)
        finally:
            with self._lock:
                del self._uploads[record.id]
            shutil.rmtree(hidden, ignore_errors=True)

    def cancel(self, job_id: str, owner: str | None) -> JobRecord:
        """Stop a job; what is done is kept, and `resume` goes on with it.

        Raises:
            JobError: `not_found`, or `conflict`: it has ended.
        """
        with self._lock:
            record = self.kept.find(job_id, owner)
            if record.state in ENDED:
                raise JobError("conflict", f"The job is {record.state}; allowed: waiting or running")
            self.kept.move(record, "cancelled")
            process = self._running.get(job_id)
        if process is not None:
            process.end()
        return record

    def resume(self, job_id: str, owner: str | None) -> JobRecord:
        """Go on with a job that failed or was cancelled.

        Raises:
            JobError: `not_found`, `overloaded`, `not_ready`, or `conflict`: it is not such a job.
        """
        with self._lock:
            record = self.kept.find(job_id, owner)
            if record.state not in {"failed", "cancelled"}:
                raise JobError("conflict", f"The job is {record.state}; allowed: failed or cancelled")
            self._check_room()
            record.starts, record.reason, record.code = 0, None, None
            self.kept.move(record, "waiting")
            self._fill()
        return record

    def remove(self, job_id: str, owner: str | None) -> None:
        """Stop a job and remove it with all its files.

        Raises:
            JobError: `not_found`.
        """
        with self._lock:
            record = self.kept.find(job_id, owner)
            process = self._running.get(job_id)
            del self.kept.records[job_id]
        if process is not None:
            process.end()
            process.wait()
        self.kept.erase(record)

    def _add(self, record: JobRecord) -> None:
        self.kept.add(record)
        self._fill()

    def _check_room(self) -> None:
        if self._stopping.is_set():
            raise JobError("not_ready", "The service is stopping", retry_seconds=10)
        waiting = sum(record.state == "waiting" for record in self.kept.records.values()) + len(self._uploads)
        if waiting >= self.settings.waiting:
            detail = f"{waiting} jobs wait or are uploaded; allowed: {self.settings.waiting}"
            raise JobError("overloaded", detail, retry_seconds=60)

    def _fill(self) -> None:
        """Start what may run now, oldest first; the lock is held."""
        for record in reversed(self.kept.owned(None)):
            if self._stopping.is_set() or len(self._running) >= self.settings.running:
                return
            # One that was cancelled a moment ago may still be at its end.
            if record.state == "waiting" and record.id not in self._running:
                self._begin(record)

    def _begin(self, record: JobRecord) -> None:
        record.starts += 1
        record.began = record.began or datetime.now(UTC)
        self.kept.forget_outcome(record)
        self.kept.move(record, "running")
        try:
            process = self._running[record.id] = self._launch(self.kept.place(record), self.settings.workers)
        except OSError as error:
            record.reason = f"its process cannot be started: {error.strerror}"
            self.kept.move(record, "failed")
            return
        self._spawn(lambda: self._follow(record, process))

    def _follow(self, record: JobRecord, process: JobProcess) -> None:
        code = process.wait()
        with self._lock:
            del self._running[record.id]
            try:
                if record.id in self.kept.records and record.state == "running" and not self._stopping.is_set():
                    self._conclude(record, code)
                self._fill()
            except OSError as error:
                # A full disk: what is on it says that the job runs, and after a restart it is found to be done.
                structlog.get_logger("tellsign").error("job_not_noted", reason=error.strerror)

    def _conclude(self, record: JobRecord, code: int) -> None:
        outcome = self.kept.outcome(record)
        if outcome:
            record.code, record.reason = outcome["code"], outcome["reason"]
            self.kept.move(record, "finished" if record.code in {0, 1} else "failed")
        elif record.starts < STARTS:
            # As the system ends what takes too much memory; what is done is kept.
            self.kept.move(record, "waiting")
        else:
            record.reason = f"its process ended {record.starts} times without an answer, the last time with code {code}"
            self.kept.move(record, "failed")
        if record.state == "finished":
            self.kept.tidy(record)
        structlog.get_logger("tellsign").info("job", state=record.state, starts=record.starts)

    def _sweep_now_and_then(self) -> None:
        while not self._stopping.is_set():
            before = datetime.now(UTC) - timedelta(days=self.settings.kept_days)
            for record in self.kept.owned(None):
                if record.ended is not None and record.ended < before:
                    # Somebody may have removed it a moment ago.
                    with suppress(JobError):
                        self.remove(record.id, None)
            self._stopping.wait(_SWEEP)

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        with self._lock:
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            # With the lock held: one that is not started yet is not alive, and must not be dropped from the list.
            thread.start()


def open_jobs(settings: JobsSettings, launch: Launch) -> Jobs | None:
    """Return the jobs of the settings, None where they have no folder."""
    return None if settings.folder is None else Jobs(settings, settings.folder, launch)
