"""Items, claims, decisions, checks, exposure.

Frozen: later changes are migrations of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _items()
    _claims()
    _decisions()
    _decision_reasons()
    _checks()
    _check_results()
    _exposures()


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("disagreement", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("heavy", sa.Boolean(), nullable=False),
        sa.Column("is_check", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("first_reviewer", sa.String(length=40), nullable=True),
        sa.Column("second_reviewer", sa.String(length=40), nullable=True),
        sa.Column("adjudicator", sa.String(length=40), nullable=True),
        sa.Column("holder", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("queued", sa.BigInteger(), nullable=True),
        sa.Column("decided", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('unqueued', 'waiting', 'second', 'adjudication', 'done')", name=op.f("ck_items_state_known")
        ),
        sa.CheckConstraint(
            "verdict IN ('escalate', 'needs_second_look', 'no_concern')", name=op.f("ck_items_verdict_known")
        ),
        sa.ForeignKeyConstraint(["adjudicator"], ["users.id"], name=op.f("fk_items_adjudicator")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_items_document")),
        sa.ForeignKeyConstraint(["first_reviewer"], ["users.id"], name=op.f("fk_items_first_reviewer")),
        sa.ForeignKeyConstraint(["holder"], ["users.id"], name=op.f("fk_items_holder")),
        sa.ForeignKeyConstraint(["second_reviewer"], ["users.id"], name=op.f("fk_items_second_reviewer")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_items")),
    )
    op.create_index(
        "ix_items_checks",
        "items",
        ["document"],
        unique=False,
        sqlite_where=sa.text("is_check"),
        postgresql_where=sa.text("is_check"),
    )
    op.create_index(
        "ix_items_holder",
        "items",
        ["holder"],
        unique=False,
        sqlite_where=sa.text("holder IS NOT NULL"),
        postgresql_where=sa.text("holder IS NOT NULL"),
    )
    op.create_index("ix_items_next", "items", ["state", sa.literal_column("priority DESC"), "document"], unique=False)
    op.create_index(
        "ix_items_readable", "items", ["readable", sa.literal_column("priority DESC"), "document"], unique=False
    )
    op.create_index(op.f("ix_items_verdict_document"), "items", ["verdict", "document"], unique=False)


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("reviewer", sa.String(length=40), nullable=False),
        sa.Column("round", sa.String(length=20), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("ending", sa.String(length=20), nullable=True),
        sa.CheckConstraint("ending IN ('decided', 'released', 'expired')", name=op.f("ck_claims_ending_known")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_claims_document")),
        sa.ForeignKeyConstraint(["reviewer"], ["users.id"], name=op.f("fk_claims_reviewer")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_claims")),
        sa.UniqueConstraint("id", name=op.f("uq_claims_id")),
    )
    op.create_index(op.f("ix_claims_reviewer_ended"), "claims", ["reviewer", "ended"], unique=False)
    op.create_index(
        "uq_claims_open",
        "claims",
        ["document"],
        unique=True,
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("analysis", NUMBER, nullable=False),
        sa.Column("reviewer", sa.String(length=40), nullable=False),
        sa.Column("round", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("span", NUMBER, nullable=True),
        sa.Column("indicator", sa.String(length=60), nullable=True),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("assertion", sa.String(length=20), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("undoes", NUMBER, nullable=True),
        sa.Column("batch", sa.String(length=40), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirm', 'reject', 'change', 'add', 'insufficient', 'verdict', 'undo')",
            name=op.f("ck_decisions_kind_known"),
        ),
        sa.CheckConstraint("round IN ('first', 'second', 'adjudication')", name=op.f("ck_decisions_round_known")),
        sa.ForeignKeyConstraint(["analysis"], ["analyses.number"], name=op.f("fk_decisions_analysis")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_decisions_document")),
        sa.ForeignKeyConstraint(["reviewer"], ["users.id"], name=op.f("fk_decisions_reviewer")),
        sa.ForeignKeyConstraint(["span"], ["spans.number"], name=op.f("fk_decisions_span")),
        sa.ForeignKeyConstraint(["undoes"], ["decisions.number"], name=op.f("fk_decisions_undoes")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
        sa.UniqueConstraint("id", name=op.f("uq_decisions_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_decisions_undoes")),
    )
    op.create_index(op.f("ix_decisions_batch"), "decisions", ["batch"], unique=False)
    op.create_index(op.f("ix_decisions_document"), "decisions", ["document"], unique=False)
    op.create_index(op.f("ix_decisions_reviewer_number"), "decisions", ["reviewer", "number"], unique=False)


def _decision_reasons() -> None:
    op.create_table(
        "decision_reasons",
        sa.Column("decision", NUMBER, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["decision"], ["decisions.number"], name=op.f("fk_decision_reasons_decision")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_decision_reasons_document")),
        sa.PrimaryKeyConstraint("decision", name=op.f("pk_decision_reasons")),
    )
    op.create_index(op.f("ix_decision_reasons_document"), "decision_reasons", ["document"], unique=False)


def _checks() -> None:
    op.create_table(
        "checks",
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("indicators", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_checks_document")),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_checks_made_by")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_checks")),
    )


def _check_results() -> None:
    op.create_table(
        "check_results",
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("reviewer", sa.String(length=40), nullable=False),
        sa.Column("decision", NUMBER, nullable=False),
        sa.Column("verdict_right", sa.Boolean(), nullable=False),
        sa.Column("indicators_right", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decisions.number"], name=op.f("fk_check_results_decision")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_check_results_document")),
        sa.ForeignKeyConstraint(["reviewer"], ["users.id"], name=op.f("fk_check_results_reviewer")),
        sa.PrimaryKeyConstraint("document", "reviewer", name=op.f("pk_check_results")),
    )


def _exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("reviewer", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("heavy", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["reviewer"], ["users.id"], name=op.f("fk_exposures_reviewer")),
        sa.PrimaryKeyConstraint("reviewer", "day", name=op.f("pk_exposures")),
    )
