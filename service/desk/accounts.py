"""What an admin does with people: add them, give them a new password, close and open their accounts.

All of it waits for the database and some for slow hashes: from routes, call it with `await desk.hash(lambda: …)`.
"""

from service.desk.desk import Desk
from service.desk.passwords import make_password
from service.store.errors import NotFoundError
from service.store.store import Transaction
from service.store.users import UserRecord, add_user, change_user, clear_failures, find_user


def add_account(
    desk: Desk, name: str, *, role: str, actor: str, display_name: str = "", subject: str | None = None
) -> tuple[UserRecord, str | None]:
    """Add a user with a random password that has to be changed when it is first used.

    Args:
        desk: The desk.
        name: What is typed to sign in.
        role: submitter, analyst, lead or admin.
        actor: Who adds the user.
        display_name: As others see it; the name if empty.
        subject: `ISSUER|SUBJECT` of an identity provider; such a user has no password.

    Returns:
        The user and the password, which is shown this once; None for a user who signs in elsewhere.

    Raises:
        RefusedError: An unknown role, or a name that is not allowed.
        ConflictError: The name or the subject is taken.
    """
    password = make_password() if subject is None else None
    password_hash = desk.passwords.hash(password, once=True) if password is not None else None

    def add(tx: Transaction) -> UserRecord:
        return add_user(
            tx,
            name,
            role=role,
            actor=actor,
            display_name=display_name,
            password_hash=password_hash,
            subject=subject,
        )

    return desk.store.run(add), password


def reset_password(desk: Desk, name: str, *, actor: str) -> str:
    """Give a user a random password that has to be changed when it is first used; ends their sessions and a lock.

    Raises:
        NotFoundError: Nobody has this name.
    """
    password = make_password()
    password_hash = desk.passwords.hash(password, once=True)

    def reset(tx: Transaction) -> None:
        user = account_named(tx, name)
        change_user(tx, user.id, actor=actor, password_hash=password_hash)
        clear_failures(tx, user.id, actor=actor)

    desk.store.run(reset)
    return password


def close_account(tx: Transaction, name: str, *, actor: str) -> UserRecord:
    """Put a user out of use: sessions end, and their keys open nothing.

    Raises:
        NotFoundError: Nobody has this name.
        NotAllowedError: Nobody active would be admin any more.
    """
    return change_user(tx, account_named(tx, name).id, actor=actor, active=False)


def open_account(tx: Transaction, name: str, *, actor: str) -> UserRecord:
    """Put a user in use again, and forget failures to sign in.

    Raises:
        NotFoundError: Nobody has this name.
    """
    user = account_named(tx, name)
    clear_failures(tx, user.id, actor=actor)
    return change_user(tx, user.id, actor=actor, active=True)


def account_named(tx: Transaction, name: str) -> UserRecord:
    """The user with this name.

    Raises:
        NotFoundError: There is none.
    """
    user = find_user(tx, name)
    if user is None:
        raise NotFoundError("user", name)
    return user
