"""The tables of who may come in and of what goes out: users, sessions, keys, webhooks, idempotency keys."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from service.store.columns import Moment
from service.store.schema import DELIVERY_STATES, ROLES, metadata, one_of

users = Table(
    "users",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),  # what is typed to sign in, folded to lower case
    Column("display_name", String(200), nullable=False),
    Column("password_hash", String(300)),  # argon2; NULL for a user who signs in elsewhere
    Column("subject", String(300), unique=True),  # issuer and subject of an identity provider
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("failed_sign_ins", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("created", Moment, nullable=False),
    Column("signed_in", Moment),
    one_of("role", ROLES),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 of 256 random bits
    Column("user", String(40), ForeignKey("users.id"), nullable=False),
    Column("created", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Index(None, "user"),
    Index(None, "expires"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("scopes", String(400), nullable=False),  # blank between words
    Column("owner", String(40), ForeignKey("users.id")),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Column("replaced_by", String(40)),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("url", String(2_000), nullable=False),
    Column("events", String(400), nullable=False),  # blank between words
    Column("secret", LargeBinary, nullable=False),  # sealed when there is a key: signing needs it back
    Column("key_id", String(40)),
    Column("active", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
)

# The outbox: written in the transaction of what happened, sent afterwards.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook", String(40), ForeignKey("webhooks.id"), nullable=False),
    Column("event", String(60), nullable=False),
    Column("payload", Text, nullable=False),  # JSON, never document text
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Moment, nullable=False),
    Column("created", Moment, nullable=False),
    Column("ended", Moment),
    Column("last_status", Integer),
    Column("last_error", String(200)),
    one_of("state", DELIVERY_STATES),
    Index("ix_deliveries_due", "state", "due"),
    Index("ix_deliveries_webhook", "webhook", text("created DESC")),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key_hash", String(64), primary_key=True),  # SHA-256 of owner, route and key
    Column("request_hash", String(64), nullable=False),
    Column("answer", Text),  # JSON of ids and status, never document text; NULL while the first request runs
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Index(None, "expires"),
)
