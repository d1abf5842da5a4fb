"""Makes the tables and brings them to the form this program knows; Alembic, without a configuration file."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from service.store.cipher import Sealed
from service.store.document_tables import secrets
from service.store.errors import StoreError
from service.store.store import Store, Transaction

SECRETS = ("text_hash", "search")
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x7465_6C6D


def upgrade_store(store: Store) -> list[str]:
    """Bring the tables to the newest form, all in one step, and make the store's own secrets.

    Returns:
        The revisions that were applied, oldest first; empty when there was nothing to do.

    Raises:
        StoreError: The database cannot be reached, or is of a newer program.
    """
    try:
        with store.write() as tx:
            if not store.is_sqlite:
                # Two servers that start at once: the second waits here and finds nothing left to do.
                tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            applied = _pending(tx)
            if applied:
                _upgrade(tx)
                tx.audit("system", "store.upgraded", "store", revisions=applied)
            reseal_secrets(tx)
            return applied
    except DBAPIError as error:
        raise StoreError(f"The database cannot be used: {_reason(error)}") from None


def check_store(store: Store) -> None:
    """Refuse a store whose tables are not of this program.

    Raises:
        StoreError: Says which revision there is and how to go on.
    """
    try:
        with store.read() as tx:
            pending = _pending(tx)
    except DBAPIError as error:
        raise StoreError(f"The database cannot be used: {_reason(error)}") from None
    if pending:
        raise StoreError(f"The tables lack {', '.join(pending)}; run: tellsign store upgrade")


def _pending(tx: Transaction) -> list[str]:
    script = ScriptDirectory.from_config(_config())
    known = [revision.revision for revision in reversed(list(script.walk_revisions()))]
    present = MigrationContext.configure(tx.connection).get_current_revision()
    if present is None:
        return known
    if present not in known:
        raise StoreError(f"The tables are of revision {present}, of a newer program; known here: {', '.join(known)}")
    return known[known.index(present) + 1 :]


def _upgrade(tx: Transaction) -> None:
    config = _config()
    config.attributes["connection"] = tx.connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    # Alembic reads the value as a format with percent signs.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def reseal_secrets(tx: Transaction) -> None:
    """Make the secrets that are missing, and seal those that the first key has not sealed yet.

    Raises:
        StoreError: A key that sealed one is not in the settings.
    """
    cipher = tx.store.cipher
    there = {row.name: Sealed(row.value, row.key_id) for row in tx.execute(select(secrets))}
    for name in SECRETS:
        place = f"secret:{name}"
        if name not in there:
            sealed = cipher.seal(os.urandom(32), place)
            tx.execute(insert(secrets).values(name=name, value=sealed.data, key_id=sealed.key_id))
        elif there[name].key_id != cipher.key_id:
            sealed = cipher.seal(cipher.open(there[name], place), place)
            values = {"value": sealed.data, "key_id": sealed.key_id}
            tx.execute(update(secrets).where(secrets.c.name == name).values(values))


def _reason(error: DBAPIError) -> str:
    """What the driver said, in one line and without the statement."""
    fields = error.orig.args[0] if error.orig is not None and error.orig.args else "unknown"
    return str(fields.get("M", "unknown") if isinstance(fields, dict) else fields).splitlines()[0]
