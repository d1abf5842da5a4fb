"""Documents, analyses and spans.

Frozen: later changes are migrations of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _secrets()
    _documents()
    _likenesses()
    _likeness_bands()
    _analyses()
    _spans()
    _document_indicators()


def _secrets() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("metadata", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("indexed", sa.String(length=10), nullable=True),
        sa.Column("text_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("cluster", sa.String(length=40), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("submitted_by", sa.String(length=40), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("analysis", NUMBER, nullable=True),
        sa.Column("context", sa.String(length=40), nullable=True),
        sa.Column("review_probability", sa.Float(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_documents")),
        sa.UniqueConstraint("id", name=op.f("uq_documents_id")),
    )
    op.create_index(op.f("ix_documents_cluster_number"), "documents", ["cluster", "number"], unique=False)
    op.create_index(op.f("ix_documents_context_number"), "documents", ["context", "number"], unique=False)
    op.create_index(op.f("ix_documents_created_number"), "documents", ["created", "number"], unique=False)
    op.create_index(op.f("ix_documents_external_id"), "documents", ["external_id"], unique=False)
    op.create_index(op.f("ix_documents_language_number"), "documents", ["language", "number"], unique=False)
    op.create_index(
        op.f("ix_documents_review_probability_number"), "documents", ["review_probability", "number"], unique=False
    )
    op.create_index(op.f("ix_documents_source_number"), "documents", ["source", "number"], unique=False)
    op.create_index(op.f("ix_documents_text_hash"), "documents", ["text_hash"], unique=False)


def _likenesses() -> None:
    op.create_table(
        "likenesses",
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("signature", sa.LargeBinary(length=256), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_likenesses_document")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_likenesses")),
    )


def _likeness_bands() -> None:
    op.create_table(
        "likeness_bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_likeness_bands_document")),
        sa.PrimaryKeyConstraint("band", "document", name=op.f("pk_likeness_bands")),
    )
    op.create_index(op.f("ix_likeness_bands_document"), "likeness_bands", ["document"], unique=False)


def _analyses() -> None:
    op.create_table(
        "analyses",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("model_name", sa.String(length=100), nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=False),
        sa.Column("review_probability", sa.Float(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_analyses_document")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_analyses")),
        sa.UniqueConstraint("document", "model_sha256", "tier", name=op.f("uq_analyses_document_model_sha256_tier")),
    )


def _spans() -> None:
    op.create_table(
        "spans",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("analysis", NUMBER, nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("assertion", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("contribution", sa.Float(), nullable=False),
        sa.Column("sentence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["analysis"], ["analyses.number"], name=op.f("fk_spans_analysis")),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_spans_document")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_spans")),
    )
    op.create_index(op.f("ix_spans_analysis"), "spans", ["analysis"], unique=False)
    op.create_index(op.f("ix_spans_document"), "spans", ["document"], unique=False)


def _document_indicators() -> None:
    op.create_table(
        "document_indicators",
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("document", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], name=op.f("fk_document_indicators_document")),
        sa.PrimaryKeyConstraint("indicator", "document", name=op.f("pk_document_indicators")),
    )
    op.create_index(op.f("ix_document_indicators_document"), "document_indicators", ["document"], unique=False)
