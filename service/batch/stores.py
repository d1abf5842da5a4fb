"""Where a run keeps its files: a folder of this machine, or of a filesystem that fsspec opens; whole files or none."""

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol, cast

from classifier.errors import TellsignError


class BatchRefusedError(TellsignError):
    """A batch run is refused: its folder, inputs, options or model are not those it needs; the message says which."""


class AtomicFile:
    """A file that is written under a hidden temporary name and takes its own name when all went well.

    What was written is on the disk, not in its cache, before the file has its name.
    """

    def __init__(self, path: Path, *, temporary: Path | None = None) -> None:
        """Open the temporary file, by default one beside `path`.

        Raises:
            OSError: The folder is missing or not writable.
        """
        self.path = path
        self._temporary = temporary or path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self.stream: BinaryIO = self._temporary.open("wb")

    def commit(self) -> None:
        """Put the file in place, replacing an older one."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._temporary.replace(self.path)
        _sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove what was written; without effect after `commit`."""
        try:
            self.stream.close()
        finally:
            self._temporary.unlink(missing_ok=True)


class Store(Protocol):
    """A folder. Names are relative, with `/`; every file appears whole, under its name, or not at all."""

    @property
    def url(self) -> str:
        """How `open_store` finds the folder again, also from another process."""

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a file, or its bytes from `start` up to `end`.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, replacing an older one."""

    def create(self, name: str, temporary: str) -> AbstractContextManager[BinaryIO]:
        """Give a stream for a file too large to hold; it takes its name when the block ends well."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all in it; without effect where there is none."""

    def tidy(self, name: str) -> None:
        """Remove the unfinished files that killed processes left in a folder."""

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Keep other runs out for as long as the block lasts, where the filesystem can.

        Raises:
            BatchRefusedError: Another run is at work.
        """


class LocalStore:
    """A folder of this machine; what is written is on the disk, not in its cache, before it has its name."""

    def __init__(self, root: Path) -> None:
        """Name the folder, which must exist."""
        self._root = root

    @property
    def url(self) -> str:
        """The path of the folder."""
        return str(self._root.absolute())

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a file, or its bytes from `start` up to `end`."""
        with (self._root / name).open("rb") as stream:
            stream.seek(start)
            return stream.read(-1 if end is None else end - start)

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, replacing an older one."""
        path = PurePosixPath(name)
        # Two processes may write the same shard at once: each under a name of its own.
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        with self.create(name, str(temporary)) as stream:
            stream.write(content)

    @contextmanager
    def create(self, name: str, temporary: str) -> Iterator[BinaryIO]:
        """Give a stream for a file too large to hold; it takes its name when the block ends well."""
        path, hidden = self._root / name, self._root / temporary
        hidden.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = AtomicFile(path, temporary=hidden)
        try:
            yield file.stream
            file.commit()
        finally:
            file.discard()

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        return (self._root / name).exists()

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all in it; without effect where there is none."""
        path = self._root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def tidy(self, name: str) -> None:
        """Remove the unfinished files that killed processes left in a folder."""
        for path in (self._root / name).rglob(".*.tmp"):
            path.unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Keep other runs out for as long as the block lasts; the system lets go when the process is killed."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BatchRefusedError(f"another run is at work in {path.parent}; wait for it, or end it") from None
            yield


class RemoteStore:
    """A folder of a filesystem that fsspec opens, such as `s3://bucket/runs`; needs the extra `cluster`."""

    def __init__(self, url: str) -> None:
        """Open the filesystem.

        Raises:
            BatchRefusedError: fsspec, or what it needs for such an address, is not installed.
        """
        self._url = url
        self._files, self._root = open_filesystem(url)

    @property
    def url(self) -> str:
        """The address of the folder."""
        return self._url

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a file, or its bytes from `start` up to `end`."""
        return cast(bytes, self._files.cat_file(self._path(name), start=start or None, end=end))

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, replacing an older one."""
        path = PurePosixPath(name)
        with self.create(name, str(path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp"))) as stream:
            stream.write(content)

    @contextmanager
    def create(self, name: str, temporary: str) -> Iterator[BinaryIO]:
        """Give a stream for a file too large to hold; it takes its name when the block ends well."""
        path, hidden = self._path(name), self._path(temporary)
        self._files.makedirs(self._files._parent(path), exist_ok=True)  # noqa: SLF001 - fsspec's own split of a path
        self._files.makedirs(self._files._parent(hidden), exist_ok=True)  # noqa: SLF001 - the same
        try:
            with self._files.open(hidden, "wb") as stream:
                yield stream
            # Not every filesystem renames over a file. A reader finds the old file, none, or the new one.
            if self._files.exists(path):
                self._files.rm_file(path)
            self._files.mv(hidden, path)
        except BaseException:
            if self._files.exists(hidden):
                self._files.rm_file(hidden)
            raise

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        return bool(self._files.exists(self._path(name)))

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all in it; without effect where there is none."""
        if self._files.exists(self._path(name)):
            self._files.rm(self._path(name), recursive=True)

    def tidy(self, name: str) -> None:
        """Remove the unfinished files that killed processes left in a folder."""
        for path in self._files.find(self._path(name)):
            file = PurePosixPath(path).name
            if file.startswith(".") and file.endswith(".tmp"):
                self._files.rm_file(path)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:  # noqa: ARG002 - the parameters are the protocol's
        """Lock nothing: remote filesystems have no lock that all of them keep."""
        yield

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


def is_remote(place: str) -> bool:
    """Whether a file is named by an address such as `s3://…` and not by a path."""
    return "://" in place and not place.startswith("file://")


def open_store(url: str) -> Store:
    """Open the folder at a path or an address.

    Raises:
        BatchRefusedError: An address needs the extra `cluster`, or a package for its kind of filesystem.
    """
    return RemoteStore(url) if is_remote(url) else LocalStore(Path(url.removeprefix("file://")))


def open_filesystem(url: str) -> tuple[Any, str]:
    """Return fsspec's filesystem for an address and the path in it.

    Raises:
        BatchRefusedError: fsspec, or what it needs for such an address, is not installed, or no such kind is known.
    """
    try:
        files, path = import_module("fsspec").url_to_fs(url)
    except ImportError as error:
        raise BatchRefusedError(
            f"'{url}' needs the package '{error.name or 'of its filesystem'}': pip install 'tellsign[cluster]' "
            "and the fsspec package of that filesystem, such as s3fs"
        ) from error
    except ValueError as error:
        raise BatchRefusedError(f"'{url}': {error}") from error
    return files, path


def _sync_folder(folder: Path) -> None:
    """Make the new name of a file last through a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
