"""The tables of the audit log."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from service.store.columns import Moment, Number
from service.store.schema import metadata

# Append-only and hash-chained: triggers refuse UPDATE and DELETE.
audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("detail", Text, nullable=False),  # JSON with sorted names, never document text
    Column("key_id", String(40)),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "subject", "seq"),
    Index(None, "actor", "seq"),
)

# The newest entry of the audit log, sealed on its own: without it, cutting off the end would go unseen.
audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(40)),
    Column("seal", String(64), nullable=False),
)
