"""Lets in whom an identity provider vouches for: the account that belongs to them, or a new one."""

from service.desk.desk import Desk
from service.desk.oidc import Identity
from service.desk.sign_in import open_for
from service.problems import ProblemError
from service.store.errors import ConflictError, RefusedError
from service.store.store import Transaction
from service.store.users import UserRecord, add_user, find_subject


async def admit(desk: Desk, identity: Identity) -> str:
    """Open a session for who a provider says it is; returns its token.

    Whoever is not known yet is added with the role of the settings, where there is one. Nobody is taken for a user
    with a password who happens to have the same name.

    Raises:
        ProblemError: `not_admitted`: unknown, put out of use, or the name is somebody else's.
    """

    def work(tx: Transaction) -> str:
        user = find_subject(tx, identity.subject) or _add(tx, desk, identity)
        if not user.active:
            raise ProblemError("not_admitted", "This account is closed")
        return open_for(tx, desk, user.id)

    return await desk.write(work)


def _add(tx: Transaction, desk: Desk, identity: Identity) -> UserRecord:
    role = desk.settings.oidc_role
    if role is None:
        raise ProblemError("not_admitted", "There is no account here for you yet; ask an admin")
    try:
        return add_user(
            tx,
            identity.name[:100],
            role=role,
            actor="oidc",
            display_name=identity.display_name[:200],
            subject=identity.subject,
        )
    except ConflictError:
        raise ProblemError("not_admitted", "Your name is taken here by another account; ask an admin") from None
    except RefusedError as error:
        raise ProblemError("not_admitted", f"The identity provider sent a {error.field} that is not allowed") from None
