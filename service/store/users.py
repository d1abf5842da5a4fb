"""Users: who they are, what they may do, and how often signing in failed. Passwords come here hashed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from service.store.access_tables import sessions, users
from service.store.checked import check_label, check_word
from service.store.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from service.store.rows import as_record
from service.store.schema import ROLES
from service.store.store import Transaction

REVIEWERS = ("analyst", "lead", "admin")
LEADS = ("lead", "admin")


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user; `name` is what is typed to sign in, in lower case."""

    id: str
    name: str
    display_name: str
    role: str
    active: bool
    failed_sign_ins: int
    locked_until: datetime | None
    created: datetime
    signed_in: datetime | None

    def may(self, roles: tuple[str, ...]) -> bool:
        """Whether the user is active and has one of the roles."""
        return self.active and self.role in roles


def add_user(
    tx: Transaction,
    name: str,
    *,
    role: str,
    actor: str,
    display_name: str = "",
    password_hash: str | None = None,
    subject: str | None = None,
) -> UserRecord:
    """Add a user.

    Args:
        tx: The transaction.
        name: What is typed to sign in; case does not matter.
        role: submitter, analyst, lead or admin.
        actor: Who adds the user.
        display_name: As others see it; the name if empty.
        password_hash: argon2, or None for a user who signs in elsewhere.
        subject: Issuer and subject of an identity provider.

    Raises:
        RefusedError: An unknown role, or a name that is not allowed.
        ConflictError: The name or the subject is taken.
    """
    folded = fold_name(name)
    taken = users.c.name == folded
    if subject is not None:
        taken |= users.c.subject == subject
    if tx.execute(select(users.c.id).where(taken)).first() is not None:
        raise ConflictError(f"There is a user {folded!r} or one with this subject already")
    user_id = tx.store.ids("usr")
    values = {
        "id": user_id,
        "name": folded,
        "display_name": check_label("display_name", display_name or name.strip()),
        "password_hash": password_hash,
        "subject": check_label("subject", subject, limit=300),
        "role": check_word("role", role, ROLES),
        "active": True,
        "failed_sign_ins": 0,
        "created": tx.now,
    }
    tx.execute(insert(users).values(values))
    tx.audit(actor, "user.added", user_id, name=folded, role=role)
    return read_user(tx, user_id)


def fold_name(name: str) -> str:
    """A sign-in name as it is kept.

    Raises:
        RefusedError: Blank, too long, or with characters that are not allowed.
    """
    folded = name.strip().casefold()
    check_label("name", folded, limit=100)
    return folded


def read_user(tx: Transaction, user_id: str) -> UserRecord:
    """The user with this id.

    Raises:
        NotFoundError: There is none.
    """
    user = _find(tx, users.c.id == user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    return user


def find_user(tx: Transaction, name: str) -> UserRecord | None:
    """The user who signs in with this name, or None, also when no user could have it."""
    try:
        return _find(tx, users.c.name == fold_name(name))
    except RefusedError:
        return None


def find_subject(tx: Transaction, subject: str) -> UserRecord | None:
    """The user whom an identity provider calls so."""
    return _find(tx, users.c.subject == subject)


def list_users(tx: Transaction) -> list[UserRecord]:
    """All users by name."""
    return [as_record(UserRecord, row) for row in tx.execute(select(users).order_by(users.c.name))]


def count_users(tx: Transaction) -> int:
    """How many users there are, inactive ones too."""
    return int(tx.execute(select(func.count()).select_from(users)).scalar_one())


def password_hash_of(tx: Transaction, user_id: str) -> str | None:
    """The argon2 hash of a user's password, None for a user without one."""
    found: str | None = tx.execute(select(users.c.password_hash).where(users.c.id == user_id)).scalar_one_or_none()
    return found


def change_user(
    tx: Transaction,
    user_id: str,
    *,
    actor: str,
    role: str | None = None,
    active: bool | None = None,
    display_name: str | None = None,
    password_hash: str | None = None,
) -> UserRecord:
    """Change what is given; another role, a new password or being put out of use ends the user's sessions.

    Raises:
        NotFoundError: There is no such user.
        RefusedError: An unknown role.
        NotAllowedError: Nobody active would be admin any more.
    """
    before = read_user(tx, user_id)
    given = {"role": role, "active": active, "display_name": display_name, "password_hash": password_hash}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not values:
        return before
    check_word("role", values.get("role", before.role), ROLES)
    check_label("display_name", display_name)
    if before.may(("admin",)) and not (values.get("role", "admin") == "admin" and values.get("active", True)):
        _keep_an_admin(tx, user_id)
    tx.execute(update(users).where(users.c.id == user_id).values(values))
    if values.keys() & {"role", "active", "password_hash"}:
        tx.execute(sessions.delete().where(sessions.c.user == user_id))
    said = {name: value for name, value in values.items() if name != "password_hash"}
    tx.audit(actor, "user.changed", user_id, password="password_hash" in values, **said)
    return read_user(tx, user_id)


def record_failed_sign_in(tx: Transaction, user_id: str, *, limit: int, lock_for: timedelta) -> UserRecord:
    """Count a failure; every `limit`-th one in a row locks the user out for a while."""
    # One statement counts and reads, so that guesses sent at once are all counted.
    counted = update(users).where(users.c.id == user_id).values(failed_sign_ins=users.c.failed_sign_ins + 1)
    failures = tx.execute(counted.returning(users.c.failed_sign_ins)).scalar_one()
    locked = failures % limit == 0
    if locked:
        tx.execute(update(users).where(users.c.id == user_id).values(locked_until=tx.now + lock_for))
    tx.audit("system", "user.sign_in_failed", user_id, failures=failures, locked=locked)
    return read_user(tx, user_id)


def record_sign_in(tx: Transaction, user_id: str) -> None:
    """Forget the failures and say when the user came."""
    values = {"failed_sign_ins": 0, "locked_until": None, "signed_in": tx.now}
    tx.execute(update(users).where(users.c.id == user_id).values(values))
    tx.audit(user_id, "user.signed_in", user_id)


def clear_failures(tx: Transaction, user_id: str, *, actor: str) -> None:
    """Forget failures to sign in, and with them a lock."""
    before = read_user(tx, user_id)
    if before.failed_sign_ins or before.locked_until is not None:
        values = {"failed_sign_ins": 0, "locked_until": None}
        tx.execute(update(users).where(users.c.id == user_id).values(values))
        tx.audit(actor, "user.unlocked", user_id)


def _find(tx: Transaction, condition: ColumnElement[bool]) -> UserRecord | None:
    row = tx.execute(select(users).where(condition)).one_or_none()
    return None if row is None else as_record(UserRecord, row)


def _keep_an_admin(tx: Transaction, leaving: str) -> None:
    admins = select(users.c.id).where(users.c.role == "admin", users.c.active).with_for_update()
    if set(tx.execute(admins).scalars()) <= {leaving}:
        raise NotAllowedError("The last active admin stays one; make somebody else admin first")
