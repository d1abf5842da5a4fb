"""The tables of review: where a document stands, who holds it, what was decided and why."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from service.store.columns import Moment, Number
from service.store.schema import (
    CLAIM_ENDINGS,
    DECISION_KINDS,
    ITEM_STATES,
    ROUNDS,
    VERDICTS,
    document_column,
    id_column,
    metadata,
    number_column,
    one_of,
    user_column,
)

# Where a document stands in review: one row a document, the row that claims and decisions lock.
items = Table(
    "items",
    metadata,
    document_column(primary_key=True),
    Column("state", String(20), nullable=False),
    Column("readable", Boolean, nullable=False),  # waits for a first or a second reader: one list, one index
    Column("priority", Float, nullable=False),
    Column("disagreement", Float, nullable=False, server_default=text("0")),
    Column("heavy", Boolean, nullable=False),
    Column("is_check", Boolean, nullable=False),
    Column("verdict", String(20)),
    user_column("first_reviewer", nullable=True),
    user_column("second_reviewer", nullable=True),
    user_column("adjudicator", nullable=True),
    user_column("holder", nullable=True),
    Column("lease_until", Moment),
    Column("queued", Moment),
    Column("decided", Moment),
    one_of("state", ITEM_STATES),
    one_of("verdict", VERDICTS),
    Index("ix_items_next", "state", text("priority DESC"), "document"),
    Index(None, "verdict", "document"),
    Index("ix_items_readable", "readable", text("priority DESC"), "document"),
    Index("ix_items_checks", "document", sqlite_where=text("is_check"), postgresql_where=text("is_check")),
    Index(
        "ix_items_holder",
        "holder",
        sqlite_where=text("holder IS NOT NULL"),
        postgresql_where=text("holder IS NOT NULL"),
    ),
)

# Who held what and when; at most one open row a document.
claims = Table(
    "claims",
    metadata,
    number_column(),
    id_column(),
    document_column(),
    user_column("reviewer"),
    Column("round", String(20), nullable=False),
    Column("granted", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("ended", Moment),
    Column("ending", String(20)),
    one_of("ending", CLAIM_ENDINGS),
    Index(
        "uq_claims_open",
        "document",
        unique=True,
        sqlite_where=text("ended IS NULL"),
        postgresql_where=text("ended IS NULL"),
    ),
    Index(None, "reviewer", "ended"),
)

# Append-only: triggers refuse UPDATE and DELETE. An undo is a row of its own.
decisions = Table(
    "decisions",
    metadata,
    number_column(),
    id_column(),
    document_column(),
    Column("analysis", Number, ForeignKey("analyses.number"), nullable=False),
    user_column("reviewer"),
    Column("round", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("span", Number, ForeignKey("spans.number")),
    Column("indicator", String(60)),
    Column("start", Integer),
    Column("end", Integer),
    Column("assertion", String(20)),
    Column("verdict", String(20)),
    Column("undoes", Number, ForeignKey("decisions.number"), unique=True),
    Column("batch", String(40)),
    Column("at", Moment, nullable=False),
    one_of("kind", DECISION_KINDS),
    one_of("round", ROUNDS),
    Index(None, "document"),
    Index(None, "reviewer", "number"),
    Index(None, "batch"),
)

# Why, in the reviewer's words; apart from the decision because it is erased with the text.
decision_reasons = Table(
    "decision_reasons",
    metadata,
    Column("decision", Number, ForeignKey("decisions.number"), primary_key=True),
    document_column(),
    Column("reason", LargeBinary, nullable=False),
    Column("key_id", String(40)),
    Index(None, "document"),
)

checks = Table(
    "checks",
    metadata,
    document_column(primary_key=True),
    Column("verdict", String(20), nullable=False),
    Column("indicators", Text, nullable=False),  # JSON list of ids that a careful reader would confirm
    user_column("made_by"),
    Column("created", Moment, nullable=False),
    Column("retired", Moment),
)

check_results = Table(
    "check_results",
    metadata,
    document_column(primary_key=True),
    Column("reviewer", String(40), ForeignKey("users.id"), primary_key=True),
    Column("decision", Number, ForeignKey("decisions.number"), nullable=False),
    Column("verdict_right", Boolean, nullable=False),
    Column("indicators_right", Float, nullable=False),  # Jaccard of confirmed and expected indicators, 0..1
    Column("at", Moment, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("reviewer", String(40), ForeignKey("users.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("items", Integer, nullable=False),
    Column("heavy", Integer, nullable=False),
)
