"""The search index, and triggers that keep decisions and the audit log append-only.

Frozen: later changes are migrations of their own.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

APPEND_ONLY = ("audit", "decisions")


def upgrade() -> None:
    """Make what each kind of database has its own words for."""
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_search()
        _sqlite_guards()
    else:
        _postgres_search()
        _postgres_guards()


def _sqlite_search() -> None:
    # Without content of its own: the index holds what each word is in, and no second copy of any text.
    op.execute(
        "CREATE VIRTUAL TABLE document_search USING fts5(words, content='', tokenize='unicode61 remove_diacritics 0')"
    )


def _postgres_search() -> None:
    op.execute(
        "CREATE TABLE document_search (document BIGINT NOT NULL CONSTRAINT pk_document_search PRIMARY KEY"
        " CONSTRAINT fk_document_search_document REFERENCES documents (number), words TSVECTOR NOT NULL)"
    )
    # The planner takes the index for rare words only when the pending list cannot make it slow at random.
    op.execute("CREATE INDEX ix_document_search_words ON document_search USING gin (words) WITH (fastupdate = off)")


def _sqlite_guards() -> None:
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head "
        "BEGIN SELECT RAISE(ABORT, 'audit_head is never deleted'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq "
        "BEGIN SELECT RAISE(ABORT, 'audit_head only goes forward'); END"
    )


def _postgres_guards() -> None:
    op.execute(
        "CREATE FUNCTION tellsign_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION tellsign_forward() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.seq <= OLD.seq THEN RAISE EXCEPTION 'audit_head only goes forward'; END IF; "
        "RETURN NEW; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tellsign_append_only()"
        )
    op.execute(
        "CREATE TRIGGER audit_head_kept BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION tellsign_append_only()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION tellsign_forward()"
    )
