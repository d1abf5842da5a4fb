"""What a job reads: an upload that is written as it comes, or a path inside a folder that is allowed."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from service.batch.jobs_records import JobError, JobRecord

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ODD = re.compile(r"[^\w.()+ -]")
# Code points: four bytes each are less than any filesystem allows.
_MOST_NAME, _MOST_SUFFIX = 60, 12


class Upload:
    """Takes the bytes of an upload; a context manager whose file is whole when the block ends well.

    Attributes:
        record: The job that it becomes.
    """

    def __init__(self, folder: Path, record: JobRecord, *, most: int, room: int) -> None:
        """Make the folder and the file.

        Args:
            folder: Where the file goes; it must not be there yet.
            record: The job that it becomes.
            most: Most bytes of any upload.
            room: Bytes that there is room for now.

        Raises:
            JobError: `jobs_full`.
        """
        self.record = record
        self._most, self._room, self._written = most, room, 0
        self.check(1)
        try:
            folder.mkdir(mode=0o700, parents=True)
            self._stream = (folder / record.name).open("xb")
        except OSError as error:
            raise _full(error) from error

    def check(self, size: int) -> None:
        """Refuse what will not fit.

        Args:
            size: Bytes of the whole upload as far as known.

        Raises:
            JobError: `body_too_large` or `jobs_full`.
        """
        if size > self._most:
            raise JobError("body_too_large", f"Allowed: at most {self._most} bytes")
        if size > self._room:
            raise JobError("jobs_full", "There is no room for this upload; remove jobs that are not needed any more")

    def write(self, piece: bytes) -> None:
        """Add bytes.

        Raises:
            JobError: `body_too_large` or `jobs_full`.
        """
        self._written += len(piece)
        self.check(self._written)
        try:
            self._stream.write(piece)
        except OSError as error:
            raise _full(error) from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Put the file on the disk.

        Raises:
            JobError: `jobs_full`, or `invalid_request` for an upload without a byte.
        """
        try:
            self._stream.close()
        except OSError as fault:
            raise _full(fault) from fault
        if kind is None and not self._written:
            raise JobError("invalid_request", "The upload is empty; allowed: the bytes of one file")


def safe_name(name: str) -> str:
    """Return a file name that is one wherever it came from: no folder, nothing hidden, nothing odd, not too long."""
    last = _ODD.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .-")
    if len(last) > _MOST_NAME:
        path = PurePosixPath(last)
        last = path.stem[: _MOST_NAME - _MOST_SUFFIX] + path.suffix[:_MOST_SUFFIX]
    return last or "upload"


def allowed_path(path: str, roots: Sequence[Path]) -> tuple[Path, Path]:
    """Return a path with links resolved, and the allowed folder that it is in.

    Raises:
        JobError: `not_allowed`: it is in none of the folders; what is outside of them is never looked at.
            `not_found`: there is nothing there.
    """
    asked = Path(path)
    outside = JobError("not_allowed", "This path is in no folder that jobs may read (TELLSIGN_JOBS_ROOTS)")
    if "\0" in path or not asked.is_absolute() or ".." in asked.parts:
        raise outside
    resolved = asked.resolve()
    root = next((root for root in roots if resolved.is_relative_to(root)), None)
    if root is None:
        raise outside
    if not resolved.exists():
        raise JobError("not_found", "There is nothing at this path")
    return resolved, root


def _full(error: OSError) -> JobError:
    if error.errno in _FULL:
        return JobError("jobs_full", "The disk is full")
    return JobError("internal", f"The upload cannot be written: {error.strerror}")
