"""The store from outside: one engine, and transactions that carry the clock, the keys and the audit log."""

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table, insert, select
from sqlalchemy.exc import DBAPIError

from service.store import audit_log, engines
from service.store.audit_log import Entry
from service.store.cipher import Cipher, Sealed, read_keys
from service.store.columns import milliseconds, moment
from service.store.document_tables import secrets as secrets_table
from service.store.errors import StoreError
from service.store.settings import StoreSettings

Answer = TypeVar("Answer")
_TRIES = 4


class Ids(Protocol):
    """Makes the ids that people and programs see."""

    def __call__(self, kind: str) -> str:
        """Give a new id that begins with `kind`."""


def random_id(kind: str) -> str:
    """An id nobody can guess: `doc-` and 96 random bits."""
    return f"{kind}-{secrets.token_hex(12)}"


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def draw() -> float:
    """A number from 0 to below 1 that nobody can foretell: it decides who gets a check item."""
    return secrets.randbelow(1 << 53) / (1 << 53)


class Store:
    """Documents, analyses, decisions and people in one database; shared by the threads of a process.

    Args:
        engine: As `engines.build_engine` makes it.
        settings: Keys and search.
        clock: The present moment, aware.
        ids: Where new ids come from.
        chance: Where draws between 0 and 1 come from, for second reviews and check items.
    """

    def __init__(
        self,
        engine: Engine,
        settings: StoreSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Ids = random_id,
        chance: Callable[[], float] = draw,
    ) -> None:
        self.engine = engine
        self._writing = engine.execution_options(**engines.WRITES)
        self.cipher = Cipher(read_keys(settings.text_keys.get_secret_value()))
        self.audit_key = next(iter(read_keys(settings.audit_key.get_secret_value()).items()), None)
        self.searchable = settings.search == "words"
        self.clock, self.ids, self.chance = clock, ids, chance
        self._secrets: dict[str, bytes] = {}
        # SQLite has one writer; threads that queue here wake at once, where its own waiting is a growing sleep.
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator["Transaction"]:
        """One state of everything, read only."""
        with self.engine.connect() as connection, connection.begin():
            engines.begin_reading(connection)
            yield Transaction(connection, self, self.now(), writes=False)

    @contextmanager
    def write(self) -> Iterator["Transaction"]:
        """One step: commits at the end of the block, leaves nothing behind on an error."""
        with self._writer, self._writing.connect() as connection, connection.begin():
            transaction = Transaction(connection, self, self.now())
            yield transaction
            # Last, so that the log is locked after every row and for as short as can be.
            audit_log.append(connection, transaction.entries, self.audit_key, transaction.now)

    def run(self, work: Callable[["Transaction"], Answer]) -> Answer:
        """Do `work` in one writing transaction, again when the database had to choose between two.

        Raises:
            StoreError: The database stayed busy.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                with self.write() as transaction:
                    return work(transaction)
            except DBAPIError as error:
                if not engines.may_try_again(error):
                    raise
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - only spreads the writers
        raise StoreError(f"The database was busy in {_TRIES} tries; try again later")

    def now(self) -> datetime:
        """The present moment as it is kept: whole milliseconds."""
        return moment(milliseconds(self.clock()))

    def secret(self, connection: Connection, name: str) -> bytes:
        """A secret of this store, 32 bytes.

        Raises:
            StoreError: The tables were not made, or the key that sealed the secret is missing.
        """
        if name not in self._secrets:
            row = connection.execute(select(secrets_table).where(secrets_table.c.name == name)).one_or_none()
            if row is None:
                raise StoreError(f"The store has no secret {name!r}; run: tellsign store upgrade")
            self._secrets[name] = self.cipher.open(Sealed(row.value, row.key_id), f"secret:{name}")
        return self._secrets[name]

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@dataclass(slots=True)
class Transaction:
    """One step in the database.

    Attributes:
        connection: For statements.
        store: Keys, ids and draws.
        now: When it began; every moment written in it is this one.
        writes: Whether it may change anything.
        entries: What the audit log gets at commit.
    """

    connection: Connection
    store: Store
    now: datetime
    writes: bool = True
    entries: list[Entry] = field(default_factory=list)

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement."""
        return self.connection.execute(statement, parameters)

    def add(self, table: Table, values: Mapping[str, object]) -> int:
        """Insert one row into a numbered table and give its number."""
        return int(self.connection.execute(insert(table).values(values).returning(table.c.number)).scalar_one())

    def audit(self, actor: str, action: str, subject: str, **detail: object) -> None:
        """Say to the audit log who did what to what; `detail` never holds document text.

        Raises:
            StoreError: The transaction only reads, and the entry would be lost.
        """
        if not self.writes:
            raise StoreError(f"{action} has to be written to the audit log; allowed: within store.write()")
        self.entries.append(Entry(actor, action, subject, detail))


def open_store(
    settings: StoreSettings,
    *,
    clock: Callable[[], datetime] = utc_now,
    ids: Ids = random_id,
    chance: Callable[[], float] = draw,
) -> Store:
    """Open the store of the settings; the tables are `upgrade.upgrade_store`'s matter.

    Raises:
        StoreError: The database cannot be reached, or its driver is not installed.
    """
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        url = f"sqlite:///{settings.data_dir / 'tellsign.db'}"
    else:
        url = settings.database_url.get_secret_value()
    engine = engines.build_engine(url, busy_seconds=settings.busy_seconds)
    return Store(engine, settings, clock=clock, ids=ids, chance=chance)
