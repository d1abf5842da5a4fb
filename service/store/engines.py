"""Makes the engine of a database and knows what the two kinds of database do differently about transactions."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from service.store.errors import StoreError

WRITES: dict[str, Any] = {"tellsign_writes": True}
# serialization_failure and deadlock_detected, PostgreSQL's own words for "once more".
_AGAIN = {"40001", "40P01"}


def build_engine(url: str, *, busy_seconds: float) -> Engine:
    """The engine of a SQLite file or a PostgreSQL database.

    Args:
        url: `sqlite:///PATH` or `postgresql://…`.
        busy_seconds: How long a writer waits for another one on SQLite, seconds.

    Raises:
        StoreError: No file is named, its folder is missing, or the driver is not installed.
    """
    target = make_url(url)
    return _build_sqlite(target, busy_seconds) if target.get_backend_name() == "sqlite" else _build_postgres(target)


def begin_reading(connection: Connection) -> None:
    """Make a transaction that has just begun see one state to its end; SQLite's do so by themselves."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def may_try_again(error: DBAPIError) -> bool:
    """Whether the database gave up a transaction for another one's sake."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    fields = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return isinstance(fields, dict) and fields.get("C") in _AGAIN


def _build_sqlite(target: URL, busy_seconds: float) -> Engine:
    if not target.database or target.database == ":memory:":
        raise StoreError("The embedded database needs a file; allowed: sqlite:///PATH")
    path = Path(target.database)
    try:
        # Made here and not by SQLite, whose new files anyone on the machine may read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"The database {path} cannot be opened: {error.strerror}") from None
    # Parameters in an error message would be document text.
    engine = create_engine(target, hide_parameters=True, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver's own idea of when a transaction begins would let a reader become a writer halfway.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        # Erased text is overwritten and not only forgotten.
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-32000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("tellsign_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _build_postgres(target: URL) -> Engine:
    try:
        return create_engine(
            target.set(drivername="postgresql+pg8000"), hide_parameters=True, pool_pre_ping=True, pool_size=10
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreError("A PostgreSQL store needs pg8000; install it with: pip install 'tellsign[postgres]'") from None
