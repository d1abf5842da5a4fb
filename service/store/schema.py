"""What the tables share: the metadata, the words that columns may hold, and columns that recur."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, MetaData, String

from service.store.columns import Number

ROLES = ("submitter", "analyst", "lead", "admin")
# What an item waits for: nothing, a first reader, a second reader, a lead; or it is done.
ITEM_STATES = ("unqueued", "waiting", "second", "adjudication", "done")
VERDICTS = ("escalate", "needs_second_look", "no_concern")
SPAN_DECISIONS = ("confirm", "reject", "change", "add", "insufficient")
DECISION_KINDS = (*SPAN_DECISIONS, "verdict", "undo")
ROUNDS = ("first", "second", "adjudication")
CLAIM_ENDINGS = ("decided", "released", "expired")
DELIVERY_STATES = ("pending", "delivered", "dead")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def number_column() -> Column[Any]:
    """The key inside the database."""
    return Column("number", Number, primary_key=True, autoincrement=True)


def id_column() -> Column[Any]:
    """The name that people and programs see."""
    return Column("id", String(40), nullable=False, unique=True)


def document_column(*, primary_key: bool = False) -> Column[Any]:
    """Which document the row is about."""
    return Column("document", Number, ForeignKey("documents.number"), nullable=False, primary_key=primary_key)


def user_column(name: str, *, nullable: bool = False) -> Column[Any]:
    """Which user the row is about."""
    return Column(name, String(40), ForeignKey("users.id"), nullable=nullable)


def one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    """A constraint that holds a column to words, or NULL."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in allowed)})", name=f"{column}_known")
