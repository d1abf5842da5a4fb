"""Databases for tests: a SQLite file, or a PostgreSQL server of our own in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40")


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs, where Debian puts them or on the path."""
    found = shutil.which("initdb")
    folders = (
        [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def unprivileged() -> str | None:
    """The account to run PostgreSQL as, which refuses root; None for the one that runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


class Postgres:
    """A running server that only this machine's socket reaches.

    Args:
        folder: Of its socket.
    """

    def __init__(self, folder: Path) -> None:
        self._socket = folder / ".s.PGSQL.5432"
        self._count = 0

    def url(self, name: str) -> str:
        return f"postgresql://tellsign@/{name}?unix_sock={self._socket}"

    def create(self, *, template: str = "template1", name: str | None = None) -> str:
        """Make a database; returns its URL."""
        self._count += 1
        name = name or f"test{self._count}"
        engine = create_engine(
            self.url("postgres").replace("postgresql:", "postgresql+pg8000:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server, or skip the test with the reason why there is none."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    account = unprivileged()
    if os.geteuid() == 0 and account is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no account postgres or nobody")
    # Socket paths end at 107 bytes, which pytest's own temporary folders can exceed.
    folder = Path(tempfile.mkdtemp(prefix="tellsign-pg-", dir="/tmp"))
    try:
        if account is not None:
            shutil.chown(folder, user=account)
        options = ["-D", str(folder / "data")]
        _run(
            [str(programs / "initdb"), *options, "-U", "tellsign", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            account,
        )
        settings = " ".join(f"-c {setting}" for setting in _SPEED)
        start = ["-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses='' {settings}", "start"]
        _run([str(programs / "pg_ctl"), *options, *start], account)
        try:
            yield Postgres(folder)
        finally:
            _run([str(programs / "pg_ctl"), *options, "-w", "-m", "immediate", "stop"], account)
    finally:
        # Hundreds of databases of a thousand files each: nobody waits for the half minute that this takes.
        subprocess.run(["/bin/sh", "-c", 'rm -rf "$0" &', str(folder)], check=True, stdout=subprocess.DEVNULL)


def _run(command: list[str], account: str | None) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", user=account)
