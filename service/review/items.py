"""The one row of a document in review that every change locks first, and who may take it."""

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, true, update

from service.review.views import not_yet_checked
from service.store.document_tables import documents
from service.store.errors import NotAllowedError, NotFoundError
from service.store.review_tables import items
from service.store.store import Transaction
from service.store.users import LEADS, REVIEWERS, UserRecord

# The round that a decision belongs to, by the state of the item.
ROUND_OF = {"unqueued": "first", "waiting": "first", "second": "second", "adjudication": "adjudication"}


def lock_item(tx: Transaction, document_id: str) -> Row[Any]:
    """The item of a document with what is needed of the document; nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: There is no such document.
    """
    wanted = (
        select(
            items,
            documents.c.id,
            documents.c.analysis,
            documents.c.flagged,
            documents.c.characters,
            documents.c.cluster,
            documents.c.erased_at,
        )
        .join(documents, documents.c.number == items.c.document)
        .where(documents.c.id == document_id)
        .with_for_update(of=items)
    )
    row = tx.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError("document", document_id)
    return row


def change_item(tx: Transaction, number: int, **values: object) -> None:
    """Change columns of an item that is locked."""
    if "state" in values:
        values["readable"] = is_readable(str(values["state"]))
    tx.execute(update(items).where(items.c.document == number).values(values))


def is_readable(state: str) -> bool:
    """Whether an item of this state is in the one list that first and second readers take from."""
    return state in {"waiting", "second"}


def is_free(tx: Transaction) -> ColumnElement[bool]:
    """The condition that nobody holds an item."""
    return or_(items.c.holder.is_(None), items.c.lease_until <= tx.now)


def held_by_another(tx: Transaction, row: Row[Any], user: UserRecord) -> bool:
    """Whether somebody else holds an item now."""
    return row.holder is not None and row.holder != user.id and row.lease_until > tx.now


def may_take(viewer: UserRecord, state: str) -> ColumnElement[bool]:
    """The condition that an item of a state is one for this person: never one that they have read before."""
    if state == "second":
        return items.c.first_reviewer != viewer.id
    if state == "adjudication":
        return and_(items.c.first_reviewer != viewer.id, items.c.second_reviewer != viewer.id)
    return not_yet_checked(viewer) if state == "waiting" else true()


def require_reviewer(user: UserRecord) -> None:
    """Refuse who may not review.

    Raises:
        NotAllowedError: The role is submitter, or the user is not active.
    """
    if not user.may(REVIEWERS):
        raise NotAllowedError(f"User {user.id} has role {user.role}; allowed: {', '.join(REVIEWERS)}")


def require_lead(user: UserRecord) -> None:
    """Refuse who may not lead.

    Raises:
        NotAllowedError: The role is another, or the user is not active.
    """
    if not user.may(LEADS):
        raise NotAllowedError(f"User {user.id} has role {user.role}; allowed: {', '.join(LEADS)}")


def require_round(row: Row[Any], user: UserRecord) -> None:
    """Refuse who has read the item before, and who may not adjudicate.

    Raises:
        NotAllowedError: Says which of the two.
    """
    if row.state == "adjudication":
        require_lead(user)
    if (row.state in {"second", "adjudication"} and row.first_reviewer == user.id) or (
        row.state == "adjudication" and row.second_reviewer == user.id
    ):
        raise NotAllowedError(f"Document {row.id} waits for somebody else: user {user.id} has read it before")
