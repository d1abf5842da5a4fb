"""What a server does before it listens: tables, a first admin, the examples."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from service.analysis_queue import AnalysisQueue
from service.desk.accounts import add_account
from service.desk.desk import Desk
from service.desk.examples import add_examples, remove_examples
from service.store.errors import ConflictError
from service.store.upgrade import upgrade_store
from service.store.users import count_users
from service.visible import visible_line

FIRST_NAME = "admin"


async def make_ready(desk: Desk, queue: AnalysisQueue, *, tell: Callable[[str], None]) -> None:
    """Make or update the tables; a store without users gets an admin and, unless they are off, the examples.

    Args:
        desk: The desk.
        queue: Whose model reads the examples; open.
        tell: Gets the password of the first admin, as soon as there is one.

    Raises:
        StoreError: The database cannot be used.
    """
    await desk.hash(lambda: upgrade_store(desk.store))
    password = None
    if await desk.read(count_users) == 0:
        password = await desk.hash(lambda: _add_admin(desk))
    if password is not None:
        tell(greeting(password))
    if not desk.settings.examples:
        await remove_examples(desk)
    elif password is not None:
        await add_examples(desk, queue)


def greeting(password: str) -> str:
    """What the first start says to whoever started it."""
    return visible_line(
        f"first start: open the address below and sign in as {FIRST_NAME} with the password {password} "
        f"and choose your own; it is shown this once (for another: tellsign users password {FIRST_NAME})"
    )


def _add_admin(desk: Desk) -> str | None:
    try:
        return add_account(desk, FIRST_NAME, role="admin", actor="system", display_name="Admin")[1]
    except (ConflictError, IntegrityError):
        # Another server started at the same time and was first.
        return None
